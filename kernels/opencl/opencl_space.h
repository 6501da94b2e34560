/* The OpenCL backend's space. Its parameters:
 *
 *   family how a work-group computes its part of C: tile, in registers alone (gemm_tile.cl), or local, with
 *          blocks of A and B in local memory (gemm_local.cl)
 *   vec    floats of a vector
 *   nv, mr vectors and rows of a work-item's tile
 *   lx, ly work-items of a group along N and M
 *   tm     tiles below each other that a work-item does in turn (tile)
 *   ku     groups of k in a step of the loop (tile)
 *   ks     parts of K that are summed apart and added up by a second kernel
 *   bk     groups of k in local memory at a time (local; else 0)
 *   stages blocks in local memory that take turns (local; else 1)
 *   pad    elements between the rows of a block in local memory (local; else 0)
 *   wtype  weights as they are packed: f32, f16, bf16, s8, or s8x4, four k together for the device's
 *          instruction for four 8-bit products
 *   pack   1: weights are packed, plain ones in every call; 0: plain ones are read where they lie
 *   copy   1: A is copied first, to panels of tiles; 0: it is read in place
 *   inner  the dimension of C along which groups follow each other: m or n
 *   epi    where the epilogue meets the sums: reg, in registers, or buf, in the work-item's memory
 *   form   how a smooth activation is computed (activations.def)
 */
#ifndef HONE_OPENCL_SPACE_H
#define HONE_OPENCL_SPACE_H

#include "../backend.h"
#include "opencl_device.h"

/* What packed weights hold; one is a row of a table in opencl_space.c. */
typedef struct hone_opencl_weights {
    const char *name; /* of wtype */
    const char *type; /* TYPE_* in the kernels */
    hone_dtype dtype; /* HONE_DTYPE_COUNT: of any problem */
    int group, bytes; /* consecutive k of an element; its size */
} hone_opencl_weights;

/* Parsed form of a legal config. */
typedef struct hone_opencl_config {
    int local; /* family */
    int vec, nv, mr, lx, ly, tm, ku, ks, bk, stages, pad;
    int pack, copy_a, inner_n, buffered;
    const hone_opencl_weights *weights;
    char form[HONE_CONFIG_VALUE];
} hone_opencl_config;

hone_status hone_opencl_space(hone_space **out, const hone_device *device, const hone_problem *problem,
                              int threads);
/* HONE_E_USAGE when a key is missing or unknown. */
hone_status hone_opencl_config_read(hone_opencl_config *out, const hone_config *config);

/* The forms worth trying for a problem, the first being the usual one: what is not smooth is the same in all.
 */
const char *hone_opencl_forms(const hone_problem *problem);

/* Columns of a panel of packed weights; rows of a panel of copied A; groups of k. */
int hone_opencl_panel(const hone_opencl_config *config);
int hone_opencl_panel_rows(const hone_opencl_config *config);
int64_t hone_opencl_depth(const hone_opencl_config *config, int64_t k);

/* Pieces of at most `most` that make up `extent`. */
static inline int64_t hone_opencl_pieces(int64_t extent, int64_t most) { return (extent + most - 1) / most; }

#endif

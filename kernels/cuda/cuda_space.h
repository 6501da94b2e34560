/* The CUDA backend's space. Its parameters:
 *
 *   family  how a block computes its part of C: simt, by multiply-adds (gemm_simt.cu);
 *           mma, by tensor cores (gemm_mma.cu); wgmma, by those of sm_90a (gemm_wgmma.cu);
 *           gemv, few rows, without shared memory (gemm_gemv.cu)
 *   bm, bn  rows and columns of C that a block computes
 *   bk      words (4 bytes) along k that it has in shared memory at a time; gemv: 0
 *   tm, tn  the part that a thread (simt), a warp (mma, gemv) or a warpgroup (wgmma) has of it
 *   stages  blocks of k in shared memory; gemv: 1
 *   raster  blocks along M that follow each other before the next ones along N
 *   ks      parts of K that are summed apart and added up by a second kernel
 *   wk      warps that share K in a block (gemv; else 1)
 *   ku      steps of k in flight (gemv; else 1)
 *   turns   1: consumers take tiles in turn; 0: they share each (wgmma; else 0)
 *   cluster blocks below each other that share what they read of B (wgmma; else 1)
 *   form    how a smooth activation is computed (activations.def)
 */
#ifndef HONE_CUDA_SPACE_H
#define HONE_CUDA_SPACE_H

#include "../backend.h"

typedef struct hone_cuda_config hone_cuda_config;

/* One family is a row of a table in cuda_space.c and its file. */
typedef struct hone_cuda_family {
    const char *name, *source;
    int columns;    /* packed weights are columns of words, [n][across]; else rows, [k word][across] */
    int dealt;      /* they are dealt: hone_cuda_hand */
    int persistent; /* a multiprocessor has one block, which takes tile after tile */
    int by_tma;     /* operands come through tensor maps */
    int in_parts;   /* packed weights of f32 are in two parts: kernels/cuda/parts.cuh */
    int (*threads)(const hone_cuda_config *config);
    int64_t (*shared_bytes)(const hone_cuda_config *config, int weight_parts);
} hone_cuda_family;

/* Parsed form of a legal config. */
struct hone_cuda_config {
    const hone_cuda_family *family;
    int bm, bn, bk, tm, tn, stages, raster, ks, wk, ku, turns, cluster;
    char form[HONE_CONFIG_VALUE];
};

hone_status hone_cuda_space(hone_space **out, const hone_device *device, const hone_problem *problem,
                            int threads);
/* HONE_E_USAGE when a key is missing or unknown. */
hone_status hone_cuda_config_read(hone_cuda_config *out, const hone_config *config);

/* Columns of packed weights that are dealt to the threads of a quad (HONE_DEALT); 0: they lie in order. */
int hone_cuda_hand(const hone_cuda_config *config);
/* 2: packed weights are in two parts. */
int hone_cuda_weight_parts(const hone_cuda_config *config, const hone_problem *problem);
/* The forms worth trying for a problem, the usual one first. */
const char *hone_cuda_forms(const hone_problem *problem);
/* hone_backend.code_paths: the families that a device can run. */
const char *const *hone_cuda_paths(const hone_device *device);

static inline int64_t hone_cuda_pieces(int64_t extent, int64_t most) { return (extent + most - 1) / most; }

#endif

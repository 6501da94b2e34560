/* Kernel text for a problem and a config, and its compilation by NVRTC, kept in the program cache. Compiling
 * needs no device. */
#ifndef HONE_CUDA_PROGRAM_H
#define HONE_CUDA_PROGRAM_H

#include "../embedded.h"
#include "cuda_space.h"

typedef struct hone_cuda_source {
    const hone_problem *problem;
    const hone_cuda_config *config;
} hone_cuda_source;

/* Of a hone_cuda_source; of nothing, for it is the same for all problems. */
hone_source_write hone_cuda_write_gemm, hone_cuda_write_prepare;

/* What every program needs to know of its operands' type. */
void hone_cuda_define_type(FILE *out, hone_dtype type);

/* Code for one architecture, and what the assembler said of its kernels. */
typedef struct hone_cuda_code {
    void *image; /* to be freed */
    size_t bytes;
    int registers, spilled_bytes; /* of a thread, the largest of all kernels */
    int serialised;               /* the assembler waits after every wgmma, or leaves setmaxnreg out */
} hone_cuda_code;

/* HONE_E_UNAVAILABLE: no NVRTC, or it refuses the text, with its words. HONE_E_NOMEM. Any thread. */
hone_status hone_cuda_compile(hone_cuda_code *out, int arch, hone_source_write *write, const void *what);

/* hone_backend.emit */
hone_status hone_cuda_emit(FILE *out, const hone_device *device, const hone_problem *problem,
                           const hone_config *config);

#endif

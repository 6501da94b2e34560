/* What a device's multiprocessors can do, by the fastest products that the kernels use:
 * hone_backend.peak_run. f32 counts three products of tf32 as the one that they make. */
#ifndef HONE_CUDA_PEAK_H
#define HONE_CUDA_PEAK_H

#include "cuda_program.h"

/* Its program's text; of a hone_cuda_peak_source. */
typedef struct hone_cuda_peak_source {
    int arch;
    hone_dtype dtype;
} hone_cuda_peak_source;
hone_source_write hone_cuda_write_peak;

double hone_cuda_peak_run(const hone_device *device, hone_dtype dtype, hone_pool *pool, int64_t rounds);

#endif

/* The separate pass C = act(X + bias) on the device, in place or not: for baselines that cannot fuse it. */
#ifndef HONE_CUDA_PASS_H
#define HONE_CUDA_PASS_H

#include "cuda_call.h"
#include "cuda_device.h"
#include "cuda_program.h"

/* What a pass is made for: of a problem bias, activation and quantisation count. X is f32 or of C's type; of
 * an s8 problem it is the s32 sums, and x_type is ignored. */
typedef struct hone_cuda_pass_source {
    const hone_problem *problem;
    hone_dtype x_type;
} hone_cuda_pass_source;

hone_source_write hone_cuda_write_pass; /* of a hone_cuda_pass_source */

typedef struct hone_cuda_pass hone_cuda_pass;

/* HONE_E_UNAVAILABLE, HONE_E_NOMEM. */
hone_status hone_cuda_pass_create(hone_cuda_pass **out, const hone_device *device,
                                  const hone_problem *problem, hone_dtype x_type);
void hone_cuda_pass_destroy(hone_cuda_pass *pass);

/* Enqueues it; the device is the thread's current one. `call` says where X (source, source_row), C (c, ldc,
 * c_aligned) and the vectors of columns and rows are on the device; extents and parameters of the activation
 * are the problem's. */
hone_status hone_cuda_pass_enqueue(const hone_cuda_pass *pass, hone_cu_stream stream,
                                   const hone_cuda_call *call);

#endif

/* A plan of the CUDA backend: what one call enqueues, in order
 *
 *   the host's operands           copied
 *   weights=plain                 gather, and sum_rows of 8-bit weights
 *   rows of A not 16-byte aligned gather
 *                                 gemm
 *   ks>1                          reduce
 *   C in the host's memory        copied back
 *
 * The matrices of a call may be in the host's or in the device's memory, each for itself; bias, slopes,
 * scales and zero points are the host's. */
#ifndef HONE_CUDA_PLAN_H
#define HONE_CUDA_PLAN_H

#include "../backend.h"
#include "cuda_api.h"
#include "cuda_call.h"

hone_status hone_cuda_plan_create(hone_backend_plan **out, const hone_device *device,
                                  const hone_problem *problem, const hone_config *config, hone_pool *pool);
void hone_cuda_plan_destroy(hone_backend_plan *plan);
size_t hone_cuda_packed_size(const hone_backend_plan *plan);
size_t hone_cuda_plan_workspace(const hone_backend_plan *plan);
hone_status hone_cuda_pack(void *packed, const hone_backend_plan *plan, const void *b, int64_t ldb);
hone_status hone_cuda_execute(hone_backend_plan *plan, const hone_args *args);
double hone_cuda_device_us(const hone_backend_plan *plan);

/* A call whose operands are on the device, or on the way there. */
typedef struct hone_cuda_bound {
    const hone_backend_plan *plan;
    hone_cuda_call call;
    hone_cu_address a, b;
    int64_t lda, ldb; /* elements */
} hone_cuda_bound;

/* Finds them; those of the host begin their way on the plan's stream. */
hone_status hone_cuda_plan_bind(hone_cuda_bound *out, hone_backend_plan *plan, const hone_args *args);
/* Puts the kernels of a hone_cuda_bound into a stream that what they read has reached. */
hone_status hone_cuda_plan_enqueue(const void *bound, hone_cu_stream stream);
/* Waits until the plan's stream has done all that it was given. */
hone_status hone_cuda_plan_wait(const hone_backend_plan *plan);
/* Whether the call's matrices are all the device's. */
int hone_cuda_plan_is_device(const hone_backend_plan *plan, const hone_args *args);
const hone_device *hone_cuda_plan_device(const hone_backend_plan *plan);

#endif

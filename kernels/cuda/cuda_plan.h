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

hone_status hone_cuda_plan_create(hone_backend_plan **out, const hone_device *device,
                                  const hone_problem *problem, const hone_config *config, hone_pool *pool);
void hone_cuda_plan_destroy(hone_backend_plan *plan);
size_t hone_cuda_packed_size(const hone_backend_plan *plan);
size_t hone_cuda_plan_workspace(const hone_backend_plan *plan);
hone_status hone_cuda_pack(void *packed, const hone_backend_plan *plan, const void *b, int64_t ldb);
hone_status hone_cuda_execute(hone_backend_plan *plan, const hone_args *args);
double hone_cuda_device_us(const hone_backend_plan *plan);

#endif

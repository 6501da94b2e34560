/* A plan of the OpenCL backend: what one call enqueues, in order
 *
 *   weights=plain   pack_rows or pack_columns, and sum_columns of 8-bit weights
 *   copy=1          copy_a
 *                   gemm
 *   ks>1            reduce
 */
#ifndef HONE_OPENCL_PLAN_H
#define HONE_OPENCL_PLAN_H

#include "../backend.h"

hone_status hone_opencl_plan_create(hone_backend_plan **out, const hone_device *device,
                                    const hone_problem *problem, const hone_config *config, hone_pool *pool);
void hone_opencl_plan_destroy(hone_backend_plan *plan);
size_t hone_opencl_packed_size(const hone_backend_plan *plan);
size_t hone_opencl_plan_workspace(const hone_backend_plan *plan);
hone_status hone_opencl_pack(void *packed, const hone_backend_plan *plan, const void *b, int64_t ldb);
hone_status hone_opencl_execute(hone_backend_plan *plan, const hone_args *args);
double hone_opencl_device_us(const hone_backend_plan *plan);

#endif

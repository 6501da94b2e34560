/* Running a config on the CPU: the loops around the register tile. */
#ifndef HONE_CPU_PLAN_H
#define HONE_CPU_PLAN_H

#include "backend.h"

hone_status hone_cpu_plan_create(hone_backend_plan **out, const hone_device *device,
                                 const hone_problem *problem, const hone_config *config, hone_pool *pool);
void hone_cpu_plan_destroy(hone_backend_plan *plan);
size_t hone_cpu_packed_size(const hone_backend_plan *plan);
hone_status hone_cpu_pack(void *packed, const hone_backend_plan *plan, const void *b, int64_t ldb);
void hone_cpu_execute(hone_backend_plan *plan, const hone_args *args);

#endif

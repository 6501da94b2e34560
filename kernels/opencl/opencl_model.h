/* Which config to take when nothing was measured. */
#ifndef HONE_OPENCL_MODEL_H
#define HONE_OPENCL_MODEL_H

#include "opencl_space.h"

/* Work-items that keep a device busy. */
int64_t hone_opencl_busy(const hone_opencl_device *device);

/* hone_backend.default_config and cost. */
hone_status hone_opencl_default_config(hone_config *out, const hone_device *device,
                                       const hone_problem *problem, int threads, const char *code_path);
double hone_opencl_cost(const hone_device *device, const hone_problem *problem, const hone_config *config,
                        int threads);

#endif

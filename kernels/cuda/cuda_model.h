/* What a model of the device thinks that a config costs, and the config it prefers; measurement decides. */
#ifndef HONE_CUDA_MODEL_H
#define HONE_CUDA_MODEL_H

#include "../backend.h"

/* hone_backend.lower_bound */
double hone_cuda_lower_bound(const hone_device *device, const hone_problem *problem,
                             const hone_config *config, int threads);
/* hone_backend.cost, in nanoseconds as far as it knows, and hone_backend.default_config */
double hone_cuda_cost(const hone_device *device, const hone_problem *problem, const hone_config *config,
                      int threads);
hone_status hone_cuda_default_config(hone_config *out, const hone_device *device, const hone_problem *problem,
                                     int threads, const char *code_path);

#endif

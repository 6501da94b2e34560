/* A model of what a config costs, from the caches and the shape alone: good
 * enough to choose a config that was never measured. */
#ifndef HONE_CPU_MODEL_H
#define HONE_CPU_MODEL_H

#include "cpu_space.h"

/* The config that the model likes best. HONE_E_UNAVAILABLE: no kernel for the data type. */
hone_status hone_cpu_default_config(hone_config *out, const hone_device *device, const hone_problem *problem,
                                    int threads, const char *code_path);

/* Whether the lines of C are asked for, a tile's at a time: C exceeds the second level, and that pays here.
 */
int hone_cpu_fetches_c(const hone_cpu_config *config, const hone_problem *problem);
/* Whether one call computes several register tiles: none has to be told anything between them. */
int hone_cpu_in_runs(const hone_cpu_config *config, const hone_problem *problem);

/* Cycles of one call on the busiest thread. kc, mc and nc of 0: all of K, M and N. */
double hone_cpu_model_cycles(const hone_cpu_config *config, const hone_problem *problem);

/* hone_backend.cost. */
double hone_cpu_cost(const hone_device *device, const hone_problem *problem, const hone_config *config,
                     int threads);

#endif

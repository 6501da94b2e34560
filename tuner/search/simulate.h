/* Replaying a cache: a search whose clock is charged what the evaluations once cost. */
#ifndef HONE_TUNER_SIMULATE_H
#define HONE_TUNER_SIMULATE_H

#include "cache.h"

typedef struct hone_simulation_options {
    const hone_strategy *strategy;
    uint64_t seed;
    double budget_seconds;    /* of the simulated clock; what is not done by then does not count; 0: none */
    int64_t max_evaluations;  /* 0: any number */
    const volatile int *stop; /* not 0: finish with what is there; may be NULL */
} hone_simulation_options;

typedef struct hone_simulation {
    int64_t best;      /* point; -1: every evaluation failed, or there was none */
    double best_value; /* INFINITY without a best */
    int64_t evaluations, failures;
    double seconds; /* of the simulated clock */
    double *trace;  /* best value after each evaluation; INFINITY before the first success */
    double *times;  /* the clock after each */
} hone_simulation;

/* HONE_E_NOMEM. Clear `out` after HONE_OK. */
hone_status hone_simulate(hone_simulation *out, const hone_cache *cache,
                          const hone_simulation_options *options);
void hone_simulation_clear(hone_simulation *simulation);

#endif

/* Tuning one problem on one device: search, verify, screen, re-measure the
 * best few interleaved, store everything. docs/tuning.md explains it. */
#ifndef HONE_TUNER_TUNE_H
#define HONE_TUNER_TUNE_H

#include "../../harness/provider.h"
#include "../db/db_winner.h"
#include "search.h"

typedef enum hone_objective {
    HONE_OBJECTIVE_P50,
    HONE_OBJECTIVE_P95,
    HONE_OBJECTIVE_THROUGHPUT
} hone_objective;

const char *hone_objective_name(hone_objective objective);
hone_status hone_objective_parse(hone_objective *out, const char *name);
/* The objective's value of some statistics, lower is better, microseconds a call
 * (throughput: the mean). NaN when the statistics lack it. */
double hone_objective_value(hone_objective objective, const hone_stats *stats);
/* The same of samples; NaN also of none, and without memory to sort them. */
double hone_objective_of(hone_objective objective, const hone_samples *samples);

typedef struct hone_tune_progress {
    const char *problem; /* canonical text */
    const char *stage;   /* "search", "simplify" or "final" */
    int64_t evaluations, space_size;
    double best_us; /* screening value; NaN before the first success */
    double seconds, budget_seconds;
} hone_tune_progress;

typedef struct hone_tune_options {
    const hone_strategy *strategy;
    const hone_provider *provider; /* what runs the configs; NULL: hone. A stand-in for tests */
    double budget_seconds;         /* of this problem, everything included; 0: none */
    int64_t max_evaluations;       /* new ones; 0: any number */
    hone_objective objective;
    double max_error; /* largest err_rel_fro a winner may have; 0: any correct one */
    uint64_t seed;
    int threads;
    int cold;
    int no_transfer;   /* 1: start from the default config alone */
    int shard, shards; /* only points whose index % shards == shard; shards 0: all */
    void (*progress)(const hone_tune_progress *progress, void *context); /* may be NULL */
    void *progress_context;
    const volatile int *stop; /* not 0: finish with what is there; may be NULL */
} hone_tune_options;

/* What a search got from other shapes, other devices of the family, and other builds. */
typedef struct hone_transfer {
    int configs;       /* evaluated first because of them, the default not among them; 0: nothing is known */
    hone_match source; /* of the best of these: its kind, matched_problem, device, build */
    double best_us;    /* its screening value here */
    double default_us; /* that of the default config */
    int64_t own;       /* proposals of the search itself until one is within 2% of it; 0: the default is */
    int caught_up;     /* 0: none was, nor the default */
} hone_transfer;

typedef struct hone_tune_result {
    char problem[HONE_PROBLEM_TEXT];
    char config[HONE_CONFIG_TEXT];
    int is_final;        /* 1: the winner comes from a final; 0: from screening, for want of time */
    double best_us;      /* the objective's value of the winner; NaN: no winner */
    int64_t evaluations; /* new ones in this call */
    int64_t known;       /* taken from the database */
    int64_t pruned;      /* never run: their lower bound is above the best */
    int64_t failures, space_size;
    double seconds;
    double *trace; /* best screening value so far after each evaluation, known ones included;
                      INFINITY before the first success; p50 when the objective is p95 */
    int64_t trace_count;
    hone_stats stats; /* of the winner's measurement, as stored */
    hone_numerics numerics;
    double unfused_us; /* p50 of the unfused provider in the winner's final; NaN: unknown */
    double peak_gops;  /* measured in the winner's final; NaN: unknown */
    hone_transfer transfer;
    double model_rank; /* Spearman's correlation of the backend's cost model with the screening values of this
                          call's configs; NaN: no model, or too few configs */
} hone_tune_result;

/* Whether the database has a winner of this build's kernels from a whole final
 * (one with a p95): then *known is 1 and `out` says what is stored, without any
 * evaluation. HONE_E_USAGE, HONE_E_UNAVAILABLE, HONE_E_DATA, HONE_E_NOMEM. */
hone_status hone_tune_known(int *known, hone_tune_result *out, hone_db *db, const hone_device *device,
                            const hone_problem *problem, const hone_tune_options *options);

/* Tunes, also where a winner is known already. Every evaluation is stored as soon as it is made. `out` is
 * filled, as far as things went, with HONE_OK and HONE_E_INTERRUPTED; clear it after these. Otherwise
 * `evaluations` alone is. HONE_E_WRONG: no config is correct (or within max_error). HONE_E_INCONCLUSIVE: the
 * shard is empty, or the budget too small for a p95. HONE_E_INTERRUPTED after `stop`. HONE_E_USAGE,
 * HONE_E_UNAVAILABLE: the device cannot run the problem. HONE_E_DATA, HONE_E_NOMEM. */
hone_status hone_tune_problem(hone_tune_result *out, hone_db *db, int64_t run, hone_context *context,
                              const hone_device *device, const hone_problem *problem,
                              const hone_tune_options *options);
void hone_tune_result_clear(hone_tune_result *result);

#endif

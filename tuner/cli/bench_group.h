/* One problem measured by several providers at once: the unit that `hone bench`
 * runs, beside the limits of the machine. Each provider is one Google Benchmark case of the group; the case
 * that first finds no sample waiting runs one round of the sampler for all of them, so that they are
 * interleaved although the library runs case after case. */
#ifndef HONE_TUNER_BENCH_GROUP_H
#define HONE_TUNER_BENCH_GROUP_H

#include "../../harness/gbench.h"
#include "../../harness/peak.h"
#include "../search/contender.h"

enum { BENCH_MAX_PROVIDERS = 8 };

/* What all groups of one command share. */
typedef struct bench_setup {
    hone_context *context;
    const hone_device *device;
    int threads, cold;
    uint64_t seed;
    hone_peak peaks[HONE_DTYPE_COUNT];
    struct bench_group *open;         /* operands of one group are in memory at a time */
    int measured, wrong, unavailable; /* cases so far */
    int above_peak;                   /* of them, those faster than the peak */
    hone_status failed;               /* the first failure that is neither wrong nor unavailable */
    const volatile int *stop;         /* set by a signal: nothing more is measured */
} bench_setup;

typedef struct bench_case {
    struct bench_group *group;
    const hone_provider *provider;
    char name[HONE_PROBLEM_TEXT + 96];
    char label[HONE_PROBLEM_TEXT + 2 * HONE_CONFIG_TEXT];
    char error[512]; /* why it cannot be measured; "" when it can */
    hone_contender contender;
    hone_numerics numerics;
    hone_sampler *sampler; /* its own or the group's */
    int runner;            /* its place in the sampler */
    int64_t reported;      /* samples of earlier repetitions */
    int64_t taken;         /* samples given to the library */
} bench_case;

typedef struct bench_group {
    bench_setup *setup;
    hone_problem problem;
    char config[HONE_CONFIG_TEXT]; /* of hone and unfused */
    int count;
    bench_case cases[BENCH_MAX_PROVIDERS];
    hone_operand_set operands;
    hone_sampler *samplers[BENCH_MAX_PROVIDERS + 1]; /* one for all, or one each and one for the roof */
    int sampler_count;
    hone_roof *roof;            /* measured beside the cases */
    hone_sampler *roof_sampler; /* one of them */
    int roof_runner;            /* the first of its runners there */
    int64_t rounds;
} bench_group;

/* Adds a case; its name is made from the group's problem. */
hone_status bench_group_add(bench_group *group, const hone_provider *provider);

/* The case as the Google Benchmark layer wants it. The group stays where it is. */
hone_gbench_case bench_group_case(bench_group *group, int index);

/* Frees operands, plans and samples; done by itself when another group opens. */
void bench_group_close(bench_group *group);

#endif

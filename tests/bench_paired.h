/* What the bench programs share: configs of one problem measured in turn. */
#ifndef HONE_TESTS_BENCH_PAIRED_H
#define HONE_TESTS_BENCH_PAIRED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../kernels/status.h"
#include "../tuner/search/contender.h"

enum { BENCH_MOST = 32 };

static void check(hone_status status, const char *what) {
    if (status == HONE_OK)
        return;
    fprintf(stderr, "bench: %s: %s\n", what, hone_error_detail());
    exit(status == HONE_E_USAGE ? 2 : 4);
}

/* Medians in microseconds of at most BENCH_MOST configs; equal ones are measured once. */
static void measure_paired(double *us, const char *const *configs, int config_count, hone_context *context,
                           const hone_device *device, const hone_problem *problem, int threads, int samples) {
    hone_operand_set operands;
    hone_contender contenders[BENCH_MOST];
    hone_runner runners[BENCH_MOST];
    int place[BENCH_MOST], count = 0;
    check(hone_operand_set_create(&operands, device, problem, 1, 0), "operands");
    for (int i = 0; i < config_count; i++) {
        place[i] = count;
        for (int j = 0; j < i; j++)
            if (strcmp(configs[i], configs[j]) == 0)
                place[i] = place[j];
        if (place[i] < count)
            continue;
        check(hone_contender_create(&contenders[count], hone_provider_find("hone"), context, device,
                                    &operands, configs[i], threads),
              configs[i]);
        count++;
    }
    for (int i = 0; i < count; i++)
        runners[i] = hone_contender_runner(&contenders[i]);
    hone_sampler *sampler;
    hone_sampler_options options = {.min_samples = samples, .max_samples = samples, .warm_calls = 4};
    check(hone_sampler_create(&sampler, runners, count, &options), "sampler");
    do /* a run ends early when it takes very long */
        check(hone_sampler_run(sampler), "measuring");
    while (hone_sampler_samples(sampler, 0)->count < samples);
    for (int i = 0; i < config_count; i++) {
        hone_stats stats;
        check(hone_samples_stats(&stats, hone_sampler_samples(sampler, place[i])), "statistics");
        us[i] = stats.p50;
    }
    hone_sampler_destroy(sampler);
    for (int i = 0; i < count; i++)
        hone_contender_clear(&contenders[i]);
    hone_operand_set_clear(&operands);
}

#endif

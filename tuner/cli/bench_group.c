#include "bench_group.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../harness/stats.h"
#include "../../kernels/status.h"

enum {
    LEAST_SAMPLES = HONE_P95_MIN_SAMPLES,
    MANY_SAMPLES = 300,
    MOST_SAMPLES = 10000,
    BLOCK = 10,
    ROOF_BLOCK = 4, /* samples of the roof in its turn, which is as often as the providers': clocks move */
    WAKING_CALLS = 3
};
static const double default_seconds = 0.5, many_samples_seconds = 2, least_sample_seconds = 2e-6,
                    least_batch_seconds = 4e-4; /* of calls that a device gets at once */

/* ------------------------------------------------------------------ opening */

/* A case that is not measured, and why. One that cannot run here fails nobody. */
static void fail_case(bench_case *self, hone_status status) {
    bench_setup *setup = self->group->setup;
    int unavailable = status == HONE_E_UNAVAILABLE;
    snprintf(self->error, sizeof self->error, "%s%s", unavailable ? "unavailable: " : "",
             hone_error_detail());
    setup->unavailable += unavailable;
    if (unavailable)
        fprintf(stderr, "hone bench: %s is skipped: %s\n", self->name, hone_error_detail());
    else if (status == HONE_E_WRONG)
        setup->wrong++;
    else if (!setup->failed)
        setup->failed = status;
}

/* The status of a case's runs. That one fails, when they could be prepared, is about the device, and more
 * than a case that is skipped. */
static hone_status check_runs(const bench_case *self, hone_status status) {
    bench_setup *setup = self->group->setup;
    if (!status)
        status = hone_contender_failure(&self->contender);
    if (status && !setup->failed)
        setup->failed = status;
    return status;
}

/* Prepares one provider and verifies it: what is wrong is not timed. */
static hone_status prepare_case(bench_case *self, const hone_reference *reference) {
    bench_group *group = self->group;
    const bench_setup *setup = group->setup;
    hone_status status =
        hone_contender_create(&self->contender, self->provider, setup->context, setup->device,
                              &group->operands, group->config, setup->threads);
    if (status)
        return status;
    status = hone_contender_verify(&self->numerics, &self->contender, &group->operands, reference);
    if (status || self->numerics.correct)
        return check_runs(self, status);
    char reason[200];
    hone_numerics_reason(reason, sizeof reason, &self->numerics);
    return hone_fail(HONE_E_WRONG, "%s is wrong: %s", self->provider->name, reason);
}

/* Spinning threads of one provider would slow the next one: with several
 * threads the providers take turns in blocks, each after a rest, and so need a
 * sampler of their own. */
static int takes_turns(const bench_group *group) { return group->setup->threads > 1 && group->count > 1; }

static hone_status add_sampler(bench_group *group, const hone_runner *runners, int count) {
    hone_sampler *sampler;
    hone_status status = hone_sampler_create(&sampler, runners, count, NULL);
    if (!status)
        group->samplers[group->sampler_count++] = sampler;
    return status;
}

static hone_sampler *last_sampler(const bench_group *group) {
    return group->samplers[group->sampler_count - 1];
}

/* The first that knows where its weights are, else the first. */
static const hone_contender *tells_weights(bench_case *const *runs, int count) {
    for (int i = 0; i < count; i++)
        if (runs[i]->provider->weights)
            return &runs[i]->contender;
    return &runs[0]->contender;
}

/* The roof comes last, among the others' runners or by itself. */
static hone_status create_samplers(bench_group *group) {
    hone_runner runners[BENCH_MAX_PROVIDERS + HONE_ROOF_RUNNERS];
    bench_case *runs[BENCH_MAX_PROVIDERS];
    int count = 0;
    for (int i = 0; i < group->count; i++) {
        if (group->cases[i].error[0])
            continue;
        runs[count] = &group->cases[i];
        runners[count++] = hone_contender_runner(&group->cases[i].contender);
    }
    if (count == 0)
        return HONE_OK;
    if (takes_turns(group)) /* threads that still spin would slow the loop that the roof sizes by its time */
        hone_provider_rest();
    hone_status status = hone_contender_roof(&group->roof, tells_weights(runs, count), &group->operands);
    if (status)
        return status;
    int roofs = hone_roof_runners(&runners[count], group->roof);
    int each = takes_turns(group) ? 1 : count;
    for (int first = 0; first < count && !status; first += each) {
        status = add_sampler(group, &runners[first], takes_turns(group) ? 1 : count + roofs);
        for (int i = first; i < first + each && !status; i++) {
            runs[i]->sampler = last_sampler(group);
            runs[i]->runner = i - first;
        }
    }
    if (takes_turns(group) && roofs && !status)
        status = add_sampler(group, &runners[count], roofs);
    if (roofs && !status) {
        group->roof_sampler = last_sampler(group);
        group->roof_runner = takes_turns(group) ? 0 : count;
    }
    return status;
}

static hone_status open_group(bench_group *group) {
    bench_setup *setup = group->setup;
    hone_reference *reference = NULL;
    if (setup->open)
        bench_group_close(setup->open);
    setup->open = group;
    hone_status status =
        hone_operand_set_create(&group->operands, setup->device, &group->problem, setup->seed, setup->cold);
    if (!status)
        status = hone_reference_create(&reference, group->operands.copies[0], 0);
    for (int i = 0; !status && i < group->count; i++) {
        bench_case *self = &group->cases[i];
        hone_status one = self->error[0] ? HONE_OK : prepare_case(self, reference);
        if (one)
            fail_case(self, one);
    }
    hone_reference_destroy(reference);
    if (!status)
        status = create_samplers(group);
    if (status)
        bench_group_close(group);
    return status;
}

void bench_group_close(bench_group *group) {
    for (int i = 0; i < group->sampler_count; i++)
        hone_sampler_destroy(group->samplers[i]);
    for (int i = 0; i < group->count; i++) {
        bench_case *self = &group->cases[i];
        hone_contender_clear(&self->contender);
        self->sampler = NULL;
        self->reported = self->taken = 0;
    }
    hone_operand_set_clear(&group->operands);
    hone_roof_destroy(group->roof);
    group->roof = NULL;
    group->roof_sampler = NULL;
    group->sampler_count = 0;
    group->rounds = 0;
    if (group->setup->open == group)
        group->setup->open = NULL;
}

/* ----------------------------------------------------------------- sampling */

/* A provider's turn: when the threads of the one before sleep, its own are woken
 * by calls that are not timed. */
static hone_status take_turn(bench_case *self) {
    hone_status status = HONE_OK;
    hone_provider_rest();
    for (int n = 0; n < WAKING_CALLS; n++)
        hone_contender_run(&self->contender);
    for (int n = 0; n < BLOCK && !status; n++)
        status = hone_sampler_round(self->sampler);
    return status;
}

static hone_status take_roof_turn(bench_group *group) {
    hone_status status = HONE_OK;
    hone_provider_rest();
    for (int n = 0; n < ROOF_BLOCK && !status; n++)
        status = hone_sampler_round(group->roof_sampler);
    return status;
}

/* One round of all providers, in an order that alternates. */
static hone_status sample_group(bench_group *group) {
    hone_status status = HONE_OK;
    if (!takes_turns(group))
        return hone_sampler_round(group->samplers[0]);
    int backwards = group->rounds % 2 != 0;
    if (group->roof_sampler)
        status = take_roof_turn(group);
    group->rounds++;
    for (int i = 0; i < group->count && !status; i++) {
        bench_case *self = &group->cases[backwards ? group->count - 1 - i : i];
        if (self->sampler)
            status = take_turn(self);
    }
    return status;
}

static double iterate(void *context) {
    bench_case *self = context;
    hone_status status = HONE_OK;
    if (!self->error[0] && *self->group->setup->stop)
        status = hone_fail(HONE_E_INTERRUPTED, "stopped by a signal");
    if (!status && !self->error[0] && self->group->setup->open != self->group)
        status = open_group(self->group);
    if (!status && !self->error[0] && self->taken == hone_sampler_samples(self->sampler, self->runner)->count)
        status = sample_group(self->group);
    if (!status && !self->error[0])
        status = check_runs(self, status);
    if (status)
        fail_case(self, status);
    if (self->error[0])
        return -1;
    return 1e-6 * hone_sampler_samples(self->sampler, self->runner)->us[self->taken++];
}

static const char *case_error(void *context) { return ((bench_case *)context)->error; }

/* ---------------------------------------------------------------- reporting */

static int settled(const hone_stats *stats) {
    return stats->p50_high - stats->p50 <= 0.02 * stats->p50 &&
           stats->p50 - stats->p50_low <= 0.02 * stats->p50;
}

/* Of the samples given to the library since the last report. */
static int disturbed(const bench_case *self, const hone_samples *samples) {
    int count = 0;
    for (int64_t i = self->reported; i < self->taken; i++)
        count += samples->marks[i];
    return count;
}

/* Of those, by one clock or the other. */
static void compute_stats(hone_stats *stats, const bench_case *self, const double *us) {
    int64_t count = self->taken - self->reported;
    double *sorted = malloc((size_t)count * sizeof *sorted + 1);
    if (sorted)
        memcpy(sorted, us + self->reported, (size_t)count * sizeof *sorted);
    hone_stats_compute(stats, sorted, sorted ? (size_t)count : 0);
    free(sorted);
}

static const char *finish(void *context, hone_gbench_counter *counters, int *count) {
    bench_case *self = context;
    const bench_group *group = self->group;
    const hone_samples *samples = hone_sampler_samples(self->sampler, self->runner);
    hone_stats stats, call, wall;
    compute_stats(&stats, self, samples->us);
    compute_stats(&call, self, samples->call_us);
    compute_stats(&wall, self, samples->wall_us);
    hone_limits limits = hone_roof_limits(group->roof, group->roof_sampler, group->roof_runner);
    double gflops =
        2e-3 * (double)group->problem.m * (double)group->problem.n * (double)group->problem.k / stats.p50;
    const int by_device = hone_contender_times_device(&self->contender),
              joined = by_device && samples->batch > 1;
    const hone_device_state unknown = {NAN, NAN, NAN, 0};
    const hone_device_state *state = self->contender.has_state ? &self->contender.state : &unknown;
    const hone_gbench_counter values[] = {
        {"min_us", stats.min},
        {"p50_us", stats.p50},
        {"p50_low_us", stats.p50_low},
        {"p50_high_us", stats.p50_high},
        {"p95_us", stats.p95},
        {"p95_low_us", stats.p95_low},
        {"p95_high_us", stats.p95_high},
        {"p99_us", stats.p99},
        {"call_p50_us", joined ? call.p50 : NAN},
        {"call_p95_us", joined ? call.p95 : NAN},
        {"wall_p50_us", by_device ? wall.p50 : NAN},
        {"device_p50_us", hone_contender_device_us(&self->contender)},
        {"gflops", gflops},
        {"pct_peak", 100 * gflops / limits.gops},
        {"pct_roof", 100 * limits.us / stats.p50},
        {"peak_gops", limits.gops},
        {"read_gbps", limits.read_gbps},
        {"samples", (double)stats.count},
        {"cv", stats.cv},
        {"err_max_abs", self->numerics.err_max_abs},
        {"err_rel_fro", self->numerics.err_rel_fro},
        {"err_bound_ratio", self->numerics.err_bound_ratio},
        {"quant_sqnr_db", self->numerics.quant_sqnr_db},
        {"batch", samples->batch},
        {"disturbed", disturbed(self, samples)},
        {"settled", settled(&stats)},
        {"device_clock_mhz", state->clock_mhz},
        {"device_power_w", state->power_w},
        {"device_celsius", state->celsius},
        {"cold_copies", group->setup->cold ? self->contender.count : NAN},
    };
    int have = (int)(sizeof values / sizeof *values);
    if (have < *count)
        *count = have;
    memcpy(counters, values, (size_t)*count * sizeof *values);
    char text[HONE_PROBLEM_TEXT], plain[HONE_PROBLEM_TEXT];
    const hone_problem *p = &group->problem;
    hone_problem_format(text, sizeof text, p);
    snprintf(plain, sizeof plain, "gemm/%s/%s/%lldx%lldx%lld", hone_dtype_name(p->dtype),
             hone_activation_name(p->act), (long long)p->m, (long long)p->n, (long long)p->k);
    snprintf(self->label, sizeof self->label, "%s%s%s", hone_contender_label(&self->contender),
             strcmp(text, plain) ? " problem=" : "", strcmp(text, plain) ? text : "");
    if (!self->reported)
        group->setup->measured++;
    if (!self->reported && gflops > limits.gops)
        group->setup->above_peak++;
    self->reported = self->taken;
    return self->label;
}

/* ------------------------------------------------------------------- making */

/* Before anything has run: from the peaks, at half of which a case is taken to run. */
static double expected_seconds(const bench_group *group) {
    const hone_problem *p = &group->problem;
    const hone_peak *peak = &group->setup->peaks[p->dtype];
    double m = (double)p->m, n = (double)p->n, k = (double)p->k;
    double seconds = fmax(least_sample_seconds, 2 * 2e-9 * m * n * k / peak->gops);
    seconds = fmax(seconds, 1e-9 * hone_problem_bytes(p) / peak->read_gbps);
    /* Short calls of a device come in batches, which have each copy of the operands in them. */
    const hone_device *device = group->setup->device;
    return device->backend->batch_run && seconds < least_batch_seconds
               ? fmax(least_batch_seconds, seconds * hone_operand_copies(device, p, group->setup->cold))
               : seconds;
}

static int64_t iterations(void *context, double min_seconds) {
    const bench_case *self = context;
    if (min_seconds <= 0 && isnan(self->group->setup->peaks[self->group->problem.dtype].gops))
        return MANY_SAMPLES; /* there is nothing to expect a time from */
    double each = expected_seconds(self->group);
    double wanted = (min_seconds > 0 ? min_seconds : default_seconds) / each;
    double least =
        min_seconds <= 0 && each * MANY_SAMPLES < many_samples_seconds ? MANY_SAMPLES : LEAST_SAMPLES;
    return (int64_t)fmin(fmax(wanted, least), MOST_SAMPLES);
}

hone_status bench_group_add(bench_group *group, const hone_provider *provider) {
    if (group->count == BENCH_MAX_PROVIDERS)
        return hone_fail(HONE_E_USAGE, "more than %d providers; name fewer", BENCH_MAX_PROVIDERS);
    const hone_problem *p = &group->problem;
    bench_case *self = &group->cases[group->count++];
    self->group = group;
    self->provider = provider;
    snprintf(self->name, sizeof self->name, "gemm/%s/%s/%s/%lldx%lldx%lld/%s/threads:%d",
             group->setup->device->backend->name, hone_dtype_name(p->dtype), hone_activation_name(p->act),
             (long long)p->m, (long long)p->n, (long long)p->k, provider->name, group->setup->threads);
    return HONE_OK;
}

hone_gbench_case bench_group_case(bench_group *group, int index) {
    bench_case *self = &group->cases[index];
    return (hone_gbench_case){.name = self->name,
                              .context = self,
                              .iterate = iterate,
                              .finish = finish,
                              .error = case_error,
                              .iterations = iterations};
}

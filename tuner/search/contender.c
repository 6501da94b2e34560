#include "contender.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "../../harness/stats.h"
#include "../../kernels/status.h"

/* A copy is out of the cache when twice the cache's size went by; a device of
 * unknown cache is taken for a large one. */
static const double CACHE_ROUNDS = 2, UNKNOWN_CACHE = 64 << 20;
enum { MAX_COPIES = 1024 };

/* Rows that do not begin at multiples of a vector; on a device with memory of its own, where that selects
 * other code, rows as aligned as those that are timed. */
static int verify_padding(const hone_device *device) { return device->backend->memory ? 16 : 3; }

int hone_operand_copies(const hone_device *device, const hone_problem *problem, int cold) {
    if (!cold)
        return 1;
    double cache = device->cache_bytes > 0 ? (double)device->cache_bytes : UNKNOWN_CACHE;
    double copies = CACHE_ROUNDS * cache / hone_problem_bytes(problem) + 2;
    return copies < MAX_COPIES ? (int)copies : MAX_COPIES;
}

static hone_status create_placed(hone_operands **out, const hone_device *device, const hone_problem *problem,
                                 uint64_t seed, int padding) {
    hone_status status = hone_operands_create(out, problem, seed, padding);
    if (status || !(status = hone_operands_place(*out, device)))
        return status;
    hone_operands_destroy(*out);
    *out = NULL;
    return status;
}

hone_status hone_operand_set_create(hone_operand_set *set, const hone_device *device,
                                    const hone_problem *problem, uint64_t seed, int cold) {
    int count = hone_operand_copies(device, problem, cold);
    *set = (hone_operand_set){.copies = calloc((size_t)count, sizeof *set->copies)};
    if (!set->copies)
        return hone_fail(HONE_E_NOMEM, "no memory for %d copies of operands", count);
    hone_status status = create_placed(&set->padded, device, problem, seed, verify_padding(device));
    for (; !status && set->count < count; set->count += !status)
        status = create_placed(&set->copies[set->count], device, problem, seed + (uint64_t)set->count, 0);
    if (status)
        hone_operand_set_clear(set);
    return status;
}

void hone_operand_set_clear(hone_operand_set *set) {
    for (int i = 0; i < set->count; i++)
        hone_operands_destroy(set->copies[i]);
    hone_operands_destroy(set->padded);
    free(set->copies);
    *set = (hone_operand_set){0};
}

hone_status hone_contender_create(hone_contender *contender, const hone_provider *provider,
                                  hone_context *context, const hone_device *device,
                                  const hone_operand_set *set, const char *config, int threads) {
    *contender = (hone_contender){.provider = provider,
                                  .context = context,
                                  .device = device,
                                  .threads = threads,
                                  .has_config = config != NULL};
    snprintf(contender->config, sizeof contender->config, "%s", config ? config : "");
    hone_status status = hone_provider_check(provider, device, &set->copies[0]->problem);
    if (status)
        return status;
    contender->cases = calloc((size_t)set->count, sizeof *contender->cases);
    if (!contender->cases)
        return hone_fail(HONE_E_NOMEM, "no memory for %d cases", set->count);
    for (; contender->count < set->count; contender->count++) {
        status = provider->prepare(&contender->cases[contender->count], context, device,
                                   set->copies[contender->count], config, threads);
        if (status) {
            hone_contender_clear(contender);
            return status;
        }
    }
    return HONE_OK;
}

void hone_contender_clear(hone_contender *contender) {
    if (contender->batch)
        contender->device->backend->batch_destroy(contender->batch);
    for (int i = 0; i < contender->count; i++)
        contender->provider->destroy(contender->cases[i]);
    free(contender->cases);
    *contender = (hone_contender){0};
}

typedef struct single_run {
    const hone_provider *provider;
    hone_provider_case *prepared;
} single_run;

static void run_once(void *context) {
    single_run *single = context;
    single->provider->run(single->prepared);
}

hone_status hone_contender_verify(hone_numerics *out, const hone_contender *contender,
                                  const hone_operand_set *set, const hone_reference *reference) {
    single_run single = {.provider = contender->provider};
    hone_status status =
        contender->provider->prepare(&single.prepared, contender->context, contender->device, set->padded,
                                     contender->has_config ? contender->config : NULL, contender->threads);
    if (status)
        return status;
    status = hone_verify_run(out, set->padded, reference, run_once, &single);
    if (!status && single.provider->failure)
        status = single.provider->failure(single.prepared);
    contender->provider->destroy(single.prepared);
    return status;
}

hone_status hone_contender_roof(hone_roof **out, const hone_contender *contender,
                                const hone_operand_set *set) {
    const hone_provider *provider = contender->provider;
    hone_span *spans = calloc((size_t)set->count * HONE_ROOF_SPANS, sizeof *spans);
    if (!spans)
        return hone_fail(HONE_E_NOMEM, "no memory for the limits of %d copies of operands", set->count);
    for (int i = 0; i < set->count; i++) {
        hone_span *copy = &spans[i * HONE_ROOF_SPANS];
        copy[0] = hone_operands_input(set->copies[i]);
        copy[1] = provider->weights ? provider->weights(contender->cases[i])
                                    : hone_operands_weights(set->copies[i]);
        copy[2] = hone_operands_output(set->copies[i]);
    }
    hone_status status = hone_roof_create(out, contender->context, contender->device,
                                          &set->copies[0]->problem, contender->threads, spans, set->count);
    free(spans);
    return status;
}

void hone_contender_run(hone_contender *contender) {
    contender->latest = contender->cases[contender->calls++ % contender->count];
    contender->provider->run(contender->latest);
}

static void run_next(void *context, int64_t sequence) {
    (void)sequence; /* calls that are not the sampler's advance the copies too */
    hone_contender_run(context);
}

static double latest_us(void *context) {
    const hone_contender *contender = context;
    return contender->latest ? contender->provider->device_us(contender->latest) : contender->batch_us;
}

int hone_contender_times_device(const hone_contender *contender) {
    return contender->device->backend->memory && contender->provider->device_us;
}

/* All copies in turn, as often as it takes. */
static int join_calls(void *context, int calls) {
    hone_contender *contender = context;
    const int rounds = (calls + contender->count - 1) / contender->count;
    if (contender->batch)
        contender->device->backend->batch_destroy(contender->batch);
    contender->batch = NULL;
    contender->batch_failure = (hone_run_failure){0};
    contender->batch_calls = rounds * contender->count;
    if (calls < 2 ||
        contender->provider->batch(&contender->batch, contender->cases, contender->count, rounds))
        return 0;
    return contender->batch_calls;
}

static void run_joined(void *context) {
    hone_contender *contender = context;
    double us = NAN;
    const hone_status status = contender->device->backend->batch_run(&us, contender->batch);
    hone_run_failure_note(&contender->batch_failure, status);
    contender->batch_us = status ? NAN : us / contender->batch_calls;
    contender->latest = NULL;
}

static int slowed(void *context) {
    hone_contender *contender = context;
    const hone_device *device = contender->device;
    contender->has_state = device->backend->state(&contender->state, device);
    return contender->has_state && contender->state.slowed;
}

hone_runner hone_contender_runner(hone_contender *contender) {
    const int joins = hone_contender_times_device(contender) && contender->provider->batch;
    return (hone_runner){.run = run_next,
                         .context = contender,
                         .device_us = hone_contender_times_device(contender) ? latest_us : NULL,
                         .join = joins ? join_calls : NULL,
                         .run_joined = run_joined,
                         .slowed = contender->device->backend->state ? slowed : NULL};
}

hone_status hone_contender_failure(const hone_contender *contender) {
    hone_status status = hone_run_failure_status(&contender->batch_failure);
    for (int i = 0; i < contender->count && contender->provider->failure && !status; i++)
        status = contender->provider->failure(contender->cases[i]);
    return status;
}

double hone_contender_device_us(const hone_contender *contender) {
    enum { CALLS = 21 };
    double us[CALLS];
    const hone_provider *provider = contender->provider;
    if (!provider->device_us || hone_contender_times_device(contender) ||
        isnan(provider->device_us(contender->cases[0])))
        return NAN;
    for (int i = 0; i < CALLS; i++) {
        hone_provider_case *prepared = contender->cases[i % contender->count];
        provider->run(prepared);
        us[i] = provider->device_us(prepared);
    }
    hone_stats stats;
    hone_stats_compute(&stats, us, CALLS);
    return stats.p50;
}

int64_t hone_contender_workspace(const hone_contender *contender) {
    const hone_provider *provider = contender->provider;
    return provider->workspace ? (int64_t)provider->workspace(contender->cases[0]) : -1;
}

const char *hone_contender_label(const hone_contender *contender) {
    return contender->provider->label(contender->cases[0]);
}

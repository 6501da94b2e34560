/* Taking samples: per-call times of one or several runners, interleaved.
 *
 * A round calls each runner once, in an order that alternates between rounds
 * (first to last, last to first), so that drift and neighbours meet all alike.
 * Calls shorter than the clock resolves are timed in batches; the batch size is
 * part of the result. A device's clock resolves a call when what starts it is a
 * small part of it; where one of the runners' calls is too short, all are joined.
 *
 * Runners may stand beside the measured ones, to tell what the machine gave
 * meanwhile. They take part now and then, for about an eighth of the time. */
#ifndef HONE_HARNESS_SAMPLER_H
#define HONE_HARNESS_SAMPLER_H

#include "hone/hone.h"
#include "stats.h"

/* Something that can be timed. `run` is called with an increasing sequence
 * number so that a cold runner can rotate its operands. */
typedef struct hone_runner {
    void (*run)(void *context, int64_t sequence);
    void *context;
    /* Microseconds of the latest run by a device's own clock, or of one of the joined calls: the samples.
     * NULL: the host's clock is what counts. */
    double (*device_us)(void *context);
    /* Makes ready to give the device `calls` calls at once, or some more, and says how many; 0: it takes them
     * one by one. 1: it is to do so, and what it made ready and what joined calls failed with is forgotten.
     * NULL: it always does. */
    int (*join)(void *context, int calls);
    void (*run_joined)(void *context);
    /* 1: the device has slowed down to protect itself. Asked after a sample, at most every 10 ms; what it
     * says is of the samples since it was asked before, and until it is asked again. NULL: nobody knows. */
    int (*slowed)(void *context);
    int beside; /* 1: called at the start of some rounds, once a sample; nobody waits for it to settle */
} hone_runner;

/* Growing samples of one runner, in microseconds a call. */
typedef struct hone_samples {
    double *us;
    double *call_us;      /* of a device: one call by itself, before those joined; else us */
    double *wall_us;      /* calls by the host's clock: the same, or one before those joined; us without
                             hone_runner.device_us */
    unsigned char *marks; /* 1: the thread was preempted during that sample, or the device slowed (kept) */
    int64_t count, capacity;
    int batch;     /* calls timed together; 1 where the clock resolves one, or the device takes one */
    int disturbed; /* marked samples */
    int settled;   /* 1 when p50's interval was within the target at the latest review:
                      at the end of a run, and from min_samples on in steps of an eighth */
} hone_samples;

typedef struct hone_sampler_options {
    int min_samples;          /* 0: 60 */
    int max_samples;          /* 0: 10000 */
    double max_seconds;       /* stop after this, once min_samples are there, and after four times
                                 this without them; 0: 1 */
    double target;            /* settled when p50's interval is within p50 times 1 -/+ this; 0: 0.02 */
    int warm_calls;           /* untimed calls before each timed one when several runners share
                                 the caches; 0: none */
    const volatile int *stop; /* not 0: return early with what there is; may be NULL */
} hone_sampler_options;

typedef struct hone_sampler hone_sampler;

/* Warms each runner up but those beside (for at most about 50 ms, one call at least, unless it is stopped)
 * and picks its batch size. `runners` is copied; `options` may be NULL. HONE_E_NOMEM; HONE_E_USAGE for count
 * < 1 or options that contradict. */
hone_status hone_sampler_create(hone_sampler **out, const hone_runner *runners, int count,
                                const hone_sampler_options *options);
void hone_sampler_destroy(hone_sampler *sampler);

/* One round: appends one sample to each runner's samples; to those of the ones beside now and then: in
 * every round where there are no others. HONE_E_NOMEM. HONE_E_UNAVAILABLE: a device told no time, for the
 * call failed. */
hone_status hone_sampler_round(hone_sampler *sampler);

/* Rounds until every runner settled or the limits are reached. Fails as a round does. */
hone_status hone_sampler_run(hone_sampler *sampler);

/* Takes no more samples of a runner that is not beside; those it has stay. The last one cannot be retired. */
void hone_sampler_retire(hone_sampler *sampler, int runner);

/* The samples of one runner, in the order they were taken; owned by the sampler.
 * NULL when there is no such runner. */
const hone_samples *hone_sampler_samples(const hone_sampler *sampler, int runner);

/* Their statistics. HONE_E_NOMEM. */
hone_status hone_samples_stats(hone_stats *out, const hone_samples *samples);

#endif

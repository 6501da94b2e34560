#include "sampler.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "../kernels/status.h"
#include "clock.h"

enum {
    DEFAULT_MIN_SAMPLES = 60,
    DEFAULT_MAX_SAMPLES = 10000,
    BATCH_MIN_RESOLUTIONS = 50, /* a timed batch takes at least this many clock steps, */
    BATCH_MIN_NS = 2000,        /* and this long, */
    BATCH_MAX = 1 << 20,        /* unless the call does nothing at all */
    WARM_STABLE_CALLS = 3,      /* warm when so many batches brought nothing faster, */
    WARM_MIN_NS = 1000000,      /* but not before the core had time to change its clock, */
    WARM_MAX_NS = 50000000,     /* and in any case after this */
    OVERTIME = 4,               /* times max_seconds at which min_samples is given up */
    STATE_NS = 10000000,        /* from one question of a device's state to the next */
    BESIDE_PART = 8             /* runners beside have this part of the measured ones' time */
};
/* Of a device's short calls a part is what starts them, some microseconds: where one takes less than
 * JOIN_BELOW_US, as many are joined as take JOINED_US together, unless those were too many. */
enum { JOIN_BELOW_US = 200, JOINED_US = 400, JOINED_MAX = 256 };
static const double DEFAULT_MAX_SECONDS = 1, DEFAULT_TARGET = 0.02;
static const double WARM_IMPROVEMENT = 0.98; /* of the fastest so far counts as faster */

typedef struct timed_runner {
    hone_runner runner;
    hone_samples samples;
    int64_t sequence;
    int retired;
    double shortest_us;  /* of a call of a device in the warm-up; INFINITY: not known */
    int joined;          /* samples are of joined calls */
    int slow;            /* what was last said of the device's state, */
    int64_t asked, told; /* when, and samples at that time */
} timed_runner;

struct hone_sampler {
    hone_sampler_options options; /* without zeros */
    int count;
    timed_runner *runners;
    int measured;                  /* runners that are not beside */
    double measured_us, beside_us; /* in samples so far */
    int64_t rounds;
    int64_t reviewed;    /* rounds at the latest review of `settled` */
    int64_t next_review; /* reviews sort all samples, so they come at growing intervals */
    double *scratch;     /* one runner's samples, sorted; as large as samples.us */
};

static int stopped(const hone_sampler *self) {
    return self->options.stop != NULL && *self->options.stop != 0;
}

static int64_t involuntary_switches(void) {
    struct rusage usage;
    return getrusage(RUSAGE_THREAD, &usage) == 0 ? usage.ru_nivcsw : 0;
}

static void call(timed_runner *self, int times) {
    for (int i = 0; i < times; ++i)
        self->runner.run(self->runner.context, self->sequence++);
}

static int64_t time_calls(timed_runner *self, int times) {
    const int64_t start = hone_clock_now();
    call(self, times);
    return hone_clock_now() - start;
}

static int64_t time_joined(timed_runner *self) {
    const int64_t start = hone_clock_now();
    self->runner.run_joined(self->runner.context);
    return hone_clock_now() - start;
}

/* ------------------------------------------------------------------ warm-up */

/* Calls until the time of a batch no longer falls, growing the batch on the way
 * until the clock resolves it. A preempted batch looks longer than it is, so
 * the batch is chosen by the fastest one seen. */
static void warm_up(timed_runner *self) {
    const int64_t resolved = BATCH_MIN_RESOLUTIONS * hone_clock_resolution();
    const int64_t wanted = resolved > BATCH_MIN_NS ? resolved : BATCH_MIN_NS;
    const int64_t start = hone_clock_now();
    int64_t fastest = INT64_MAX, elapsed = 0;
    int batch = 1, stable = 0;
    while (elapsed < WARM_MAX_NS && (stable < WARM_STABLE_CALLS || elapsed < WARM_MIN_NS)) {
        const int64_t ns = time_calls(self, batch);
        elapsed = hone_clock_now() - start;
        if (self->runner.device_us)
            self->shortest_us = fmin(self->shortest_us, self->runner.device_us(self->runner.context));
        if ((double)ns < WARM_IMPROVEMENT * (double)fastest)
            stable = 0;
        else
            ++stable;
        if (ns < fastest)
            fastest = ns;
        if (fastest < wanted && !self->runner.device_us && batch < BATCH_MAX) {
            batch *= 2;
            fastest = INT64_MAX;
            stable = 0;
        }
    }
    self->samples.batch = batch;
}

/* ------------------------------------------------------------------ joining */

/* Makes a sample as many of a device's calls as take long enough; 0: it takes them one by one. One by itself
 * has its start in it, and the first of those joined their way to the device. */
static int join(timed_runner *self) {
    const hone_runner *runner = &self->runner;
    double us = self->shortest_us;
    for (int i = 0; i < 2; i++) {
        const int calls = (int)fmin(ceil(JOINED_US / us), JOINED_MAX);
        if (calls < 2 || (self->joined && calls <= self->samples.batch))
            return 1; /* long ones need no others; and those are enough */
        if (!runner->join || (self->samples.batch = runner->join(runner->context, calls)) < 1)
            return 0;
        self->joined = 1;
        for (int warm = 0; warm < 2; warm++)
            runner->run_joined(runner->context);
        us = runner->device_us(runner->context);
        if (!(us > 0))
            return 0;
    }
    return 1;
}

/* All runners' calls or none's, so that what starts a call is not in the samples of some. */
static void join_short(hone_sampler *self) {
    double shortest_us = INFINITY;
    int all = 1;
    for (int i = 0; i < self->count; ++i)
        shortest_us = fmin(shortest_us, self->runners[i].shortest_us);
    if (!(shortest_us < JOIN_BELOW_US))
        return;
    for (int i = 0; i < self->count && all; ++i)
        if (isfinite(self->runners[i].shortest_us))
            all = join(&self->runners[i]);
    for (int i = 0; i < self->count && !all; ++i)
        if (isfinite(self->runners[i].shortest_us)) {
            if (self->runners[i].joined)
                self->runners[i].runner.join(self->runners[i].runner.context, 1);
            self->runners[i].joined = 0;
            self->runners[i].samples.batch = 1;
        }
}

/* ----------------------------------------------------------------- creation */

static hone_status resolve_options(hone_sampler_options *out, const hone_sampler_options *given) {
    hone_sampler_options options = given != NULL ? *given : (hone_sampler_options){0};
    if (options.min_samples < 0 || options.max_samples < 0 || options.warm_calls < 0 ||
        !(options.max_seconds >= 0) || !(options.target >= 0))
        return hone_fail(
            HONE_E_USAGE,
            "sampling limits must not be negative: min %d, max %d, %g s, target %g, warm calls %d; "
            "use 0 for a default",
            options.min_samples, options.max_samples, options.max_seconds, options.target,
            options.warm_calls);
    if (options.max_samples == 0)
        options.max_samples =
            options.min_samples > DEFAULT_MAX_SAMPLES ? options.min_samples : DEFAULT_MAX_SAMPLES;
    if (options.min_samples == 0)
        options.min_samples =
            options.max_samples < DEFAULT_MIN_SAMPLES ? options.max_samples : DEFAULT_MIN_SAMPLES;
    if (options.min_samples > options.max_samples)
        return hone_fail(HONE_E_USAGE, "at least %d samples and at most %d cannot both be; lower min_samples",
                         options.min_samples, options.max_samples);
    if (options.max_seconds == 0)
        options.max_seconds = DEFAULT_MAX_SECONDS;
    if (options.target == 0)
        options.target = DEFAULT_TARGET;
    *out = options;
    return HONE_OK;
}

hone_status hone_sampler_create(hone_sampler **out, const hone_runner *runners, int count,
                                const hone_sampler_options *options) {
    hone_sampler_options resolved = {0};
    if (count < 1)
        return hone_fail(HONE_E_USAGE, "a sampler of %d runners; give at least one", count);
    const hone_status status = resolve_options(&resolved, options);
    if (status != HONE_OK)
        return status;

    hone_sampler *self = calloc(1, sizeof *self);
    if (self != NULL)
        self->runners = calloc((size_t)count, sizeof *self->runners);
    if (self == NULL || self->runners == NULL) {
        free(self);
        return hone_fail(HONE_E_NOMEM, "no memory for a sampler of %d runners", count);
    }
    self->options = resolved;
    self->count = count;
    self->next_review = resolved.min_samples;
    for (int i = 0; i < count; ++i) {
        self->runners[i].runner = runners[i];
        self->runners[i].samples.batch = 1;
        self->runners[i].shortest_us = INFINITY;
        self->measured += !runners[i].beside;
        if (!runners[i].beside && !stopped(self))
            warm_up(&self->runners[i]);
    }
    if (!stopped(self))
        join_short(self);
    *out = self;
    return HONE_OK;
}

void hone_sampler_destroy(hone_sampler *sampler) {
    if (sampler == NULL)
        return;
    for (int i = 0; i < sampler->count; ++i) {
        free(sampler->runners[i].samples.us);
        free(sampler->runners[i].samples.call_us);
        free(sampler->runners[i].samples.wall_us);
        free(sampler->runners[i].samples.marks);
    }
    free(sampler->runners);
    free(sampler->scratch);
    free(sampler);
}

/* ------------------------------------------------------------------ rounds */

static int grow(double **values, int64_t count) {
    double *grown = realloc(*values, (size_t)count * sizeof **values);
    *values = grown ? grown : *values;
    return grown != NULL;
}

/* Room for one more sample of each runner, made before anything is timed. */
static hone_status reserve(hone_sampler *self) {
    const int64_t have = self->runners[self->count - 1].samples.capacity;
    if (self->rounds < have)
        return HONE_OK;
    const int64_t want = have > 0 ? 2 * have : 256;
    double *scratch = realloc(self->scratch, (size_t)want * sizeof *scratch);
    if (scratch == NULL)
        return hone_fail(HONE_E_NOMEM, "no memory for %lld samples", (long long)want);
    self->scratch = scratch;
    for (int i = 0; i < self->count; ++i) {
        hone_samples *samples = &self->runners[i].samples;
        if (!grow(&samples->us, want) || !grow(&samples->call_us, want) || !grow(&samples->wall_us, want))
            return hone_fail(HONE_E_NOMEM, "no memory for %lld samples", (long long)want);
        unsigned char *marks = realloc(samples->marks, (size_t)want);
        if (marks == NULL)
            return hone_fail(HONE_E_NOMEM, "no memory for %lld samples", (long long)want);
        samples->marks = marks;
        samples->capacity = want;
    }
    return HONE_OK;
}

/* Asks for the device's state now and then, and marks the samples since the last question, and those until
 * the next one, where it has slowed. */
static void mark_slowed(timed_runner *self) {
    hone_samples *samples = &self->samples;
    int64_t from = samples->count - 1;
    if (!self->runner.slowed)
        return;
    const int64_t now = hone_clock_now();
    if (from == 0 || now - self->asked >= STATE_NS) {
        self->slow = self->runner.slowed(self->runner.context);
        self->asked = now;
        from = self->told;
        self->told = samples->count;
    }
    for (; self->slow && from < samples->count; from++) {
        samples->disturbed += !samples->marks[from];
        samples->marks[from] = 1;
    }
}

static double latest_us(timed_runner *self, double wall_us) {
    return self->runner.device_us ? self->runner.device_us(self->runner.context) : wall_us;
}

/* Microseconds of all its calls by the host's clock. */
static double take_sample(timed_runner *self, int warm_calls) {
    hone_samples *samples = &self->samples;
    call(self, warm_calls);
    /* Asking costs a fraction of a microsecond: outside the timed region. */
    const int64_t switches = involuntary_switches();
    const int calls = self->joined ? 1 : samples->batch;
    int64_t ns = time_calls(self, calls);
    const double wall_us = (double)ns / 1e3 / calls;
    /* What a device takes by its own clock does not grow while the host waits. */
    samples->marks[samples->count] = !self->runner.device_us && involuntary_switches() > switches;
    samples->disturbed += samples->marks[samples->count];
    samples->wall_us[samples->count] = wall_us;
    samples->call_us[samples->count] = samples->us[samples->count] = latest_us(self, wall_us);
    if (self->joined) {
        ns += time_joined(self);
        samples->us[samples->count] = latest_us(self, wall_us);
    }
    samples->count++;
    mark_slowed(self);
    return (double)ns / 1e3;
}

static hone_status check_latest(const hone_samples *samples) {
    if (samples->us[samples->count - 1] >= 0 && samples->call_us[samples->count - 1] >= 0)
        return HONE_OK;
    return hone_fail_context(HONE_E_UNAVAILABLE, "a call failed on the device while it was measured");
}

/* By time, and in any case in rounds 0, 1, 2, 4, 8, ..., so that short runs have some. */
static int is_accompanied(const hone_sampler *self) {
    return self->measured == 0 || (self->rounds & (self->rounds - 1)) == 0 ||
           BESIDE_PART * self->beside_us <= self->measured_us;
}

/* Samples of the runners beside; how many. */
static int accompany(hone_sampler *self) {
    int taken = 0;
    if (!is_accompanied(self))
        return 0;
    for (int i = 0; i < self->count; ++i)
        if (self->runners[i].runner.beside) {
            self->beside_us += take_sample(&self->runners[i], 0);
            ++taken;
        }
    return taken;
}

static int is_settled(const hone_samples *samples, double target, double *scratch) {
    hone_stats stats;
    memcpy(scratch, samples->us, (size_t)samples->count * sizeof *scratch);
    hone_stats_compute(&stats, scratch, (size_t)samples->count);
    /* False for an interval that is NaN. */
    return stats.p50_high - stats.p50 <= target * stats.p50 &&
           stats.p50 - stats.p50_low <= target * stats.p50;
}

static void review(hone_sampler *self) {
    for (int i = 0; i < self->count; ++i) {
        hone_samples *samples = &self->runners[i].samples;
        if (!self->runners[i].retired)
            samples->settled = is_settled(samples, self->options.target, self->scratch);
    }
    self->reviewed = self->rounds;
    self->next_review = self->rounds + self->rounds / 8 + 1;
}

hone_status hone_sampler_round(hone_sampler *sampler) {
    hone_status status = reserve(sampler);
    if (status != HONE_OK)
        return status;
    const int backwards = sampler->rounds % 2 != 0;
    /* After those beside the caches are brought back by a call that is not timed. */
    int warm_calls = sampler->options.warm_calls;
    int first_warm_calls = accompany(sampler) && warm_calls == 0 ? 1 : warm_calls;
    for (int i = 0; i < sampler->count; ++i) {
        timed_runner *runner = &sampler->runners[backwards ? sampler->count - 1 - i : i];
        if (runner->runner.beside || runner->retired)
            continue;
        sampler->measured_us += take_sample(runner, first_warm_calls);
        first_warm_calls = warm_calls;
        if (!status)
            status = check_latest(&runner->samples);
    }
    ++sampler->rounds;
    if (sampler->rounds >= sampler->next_review)
        review(sampler);
    return status;
}

static int all_settled(const hone_sampler *self) {
    for (int i = 0; i < self->count; ++i)
        if (!self->runners[i].runner.beside && !self->runners[i].retired && !self->runners[i].samples.settled)
            return 0;
    return 1;
}

static int enough(const hone_sampler *self, double seconds) {
    const hone_sampler_options *options = &self->options;
    if (self->rounds >= options->max_samples)
        return 1;
    if (self->rounds >= options->min_samples)
        return all_settled(self) || seconds >= options->max_seconds;
    return seconds >= OVERTIME * options->max_seconds;
}

hone_status hone_sampler_run(hone_sampler *sampler) {
    const int64_t start = hone_clock_now();
    hone_status status = HONE_OK;
    while (!stopped(sampler)) {
        status = hone_sampler_round(sampler);
        if (status != HONE_OK || enough(sampler, (double)(hone_clock_now() - start) / 1e9))
            break;
    }
    if (sampler->reviewed != sampler->rounds)
        review(sampler);
    return status;
}

void hone_sampler_retire(hone_sampler *sampler, int runner) {
    timed_runner *self = &sampler->runners[runner];
    if (self->runner.beside || self->retired || sampler->measured == 1)
        return;
    self->retired = 1;
    sampler->measured--;
}

const hone_samples *hone_sampler_samples(const hone_sampler *sampler, int runner) {
    return runner >= 0 && runner < sampler->count ? &sampler->runners[runner].samples : NULL;
}

hone_status hone_samples_stats(hone_stats *out, const hone_samples *samples) {
    const size_t size = (size_t)samples->count * sizeof(double);
    double *sorted = malloc(size + 1);
    if (sorted == NULL)
        return hone_fail(HONE_E_NOMEM, "no memory for %lld samples", (long long)samples->count);
    memcpy(sorted, samples->us, size);
    hone_stats_compute(out, sorted, (size_t)samples->count);
    free(sorted);
    return HONE_OK;
}

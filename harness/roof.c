#include "roof.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../kernels/status.h"
#include "clock.h"
#include "operands.h"

/* Of a sample: waking threads is a small part of the shortest. */
static const double LEAST_NS = 50e3, LEAST_THREADS_NS = 500e3, MOST_NS = 2e6;
static const int64_t FIRST_ROUNDS = 1000, MOST_ROUNDS = (int64_t)1 << 40;
enum { RATE_RUNS = 3 };

struct hone_roof {
    const hone_device *device;
    hone_pool *pool;
    hone_dtype dtype; /* of the arithmetic */
    int64_t rounds;   /* of the peak loop in a sample; 0: no such runner */
    double operations;
    int64_t passes; /* over the operands in a sample; 0: no such runner */
    double read;    /* bytes in a sample */
    double problem_operations, problem_bytes;
    int copies;
    hone_span spans[]; /* HONE_ROOF_SPANS for each copy */
};

static void multiply(void *context, int64_t sequence) {
    hone_roof *self = context;
    (void)sequence;
    self->operations = self->device->backend->peak_run(self->device, self->dtype, self->pool, self->rounds);
}

static void read_copy(void *context, int64_t sequence) {
    hone_roof *self = context;
    const hone_span *spans = self->spans + HONE_ROOF_SPANS * (sequence % self->copies);
    self->read = self->device->backend->read_run(self->device, self->pool, spans, HONE_ROOF_SPANS,
                                                 self->passes, sequence / self->copies);
}

/* A device with a clock of its own is woken as threads are. */
static double least_ns(const hone_device *device, int threads) {
    return threads > 1 || device->backend->device_us ? LEAST_THREADS_NS : LEAST_NS;
}

/* The fastest of a few; what is compiled, is compiled before. */
static double time_run(hone_roof *self, void (*run)(void *context, int64_t sequence)) {
    double best = INFINITY;
    double ns = 0;
    run(self, 0);
    for (int i = 0; i < RATE_RUNS && ns < MOST_NS; i++) {
        int64_t start = hone_clock_now();
        run(self, i);
        ns = (double)(hone_clock_now() - start);
        best = fmin(best, ns);
    }
    return best;
}

/* As many rounds as do the problem's operations, within the limits of time. */
static void choose_rounds(hone_roof *self, int threads) {
    double ns = 0, least = least_ns(self->device, threads);
    self->rounds = FIRST_ROUNDS;
    while ((ns = time_run(self, multiply)) < least && self->operations > 0 && self->rounds < MOST_ROUNDS)
        self->rounds *= 2;
    if (!(self->operations > 0)) {
        self->rounds = 0;
        return;
    }
    double a_round = ns / (double)self->rounds;
    double wanted = self->problem_operations / self->operations * ns;
    self->rounds = (int64_t)ceil(fmin(fmax(wanted, least), MOST_NS) / a_round);
}

/* 16-bit types without arithmetic of their own are bounded by that of f32. */
static void prepare_peak(hone_roof *self, int threads) {
    if (!self->device->backend->peak_run)
        return;
    choose_rounds(self, threads);
    if (self->rounds == 0 && (self->dtype == HONE_F16 || self->dtype == HONE_BF16)) {
        self->dtype = HONE_F32;
        choose_rounds(self, threads);
    }
}

static void prepare_reading(hone_roof *self, int threads) {
    const hone_device *device = self->device;
    if (!device->backend->read_run ||
        (self->copies == 1 && self->problem_bytes <= (double)device->core_bytes))
        return;
    self->passes = 1;
    double ns = time_run(self, read_copy), least = least_ns(device, threads);
    if (!(self->read > 0)) {
        self->passes = 0;
        return;
    }
    if (ns < least && self->copies == 1)
        self->passes = (int64_t)ceil(least / ns);
}

hone_status hone_roof_create(hone_roof **out, hone_context *context, const hone_device *device,
                             const hone_problem *problem, int threads, const hone_span *spans, int copies) {
    hone_pool *pool = NULL;
    hone_status status = hone_context_pool(&pool, context, threads);
    if (status)
        return status;
    size_t list = (size_t)copies * HONE_ROOF_SPANS * sizeof *spans;
    hone_roof *self = malloc(sizeof *self + list);
    if (!self)
        return hone_fail(HONE_E_NOMEM, "no memory for the limits of a problem");
    *self = (hone_roof){
        .device = device,
        .pool = pool,
        .dtype = problem->dtype,
        .problem_operations = 2 * (double)problem->m * (double)problem->n * (double)problem->k,
        .problem_bytes = hone_problem_bytes(problem),
        .copies = copies,
    };
    memcpy(self->spans, spans, list);
    prepare_peak(self, threads);
    prepare_reading(self, threads);
    *out = self;
    return HONE_OK;
}

void hone_roof_destroy(hone_roof *roof) { free(roof); }

int hone_roof_runners(hone_runner *runners, hone_roof *roof) {
    int count = 0;
    if (roof->rounds)
        runners[count++] = (hone_runner){.run = multiply, .context = roof, .beside = 1};
    if (roof->passes)
        runners[count++] = (hone_runner){.run = read_copy, .context = roof, .beside = 1};
    return count;
}

/* What disturbs a limit only makes it slower. */
static double fastest_us(const hone_samples *samples) {
    double fastest = NAN;
    for (int64_t i = 0; samples && i < samples->count; i++)
        fastest = fmin(fastest, samples->us[i]); /* passes over a NaN */
    return fastest;
}

hone_limits hone_roof_limits(const hone_roof *roof, const hone_sampler *sampler, int first) {
    hone_limits limits = {NAN, NAN, NAN};
    if (!roof || !sampler)
        return limits;
    if (roof->rounds)
        limits.gops = 1e-3 * roof->operations / fastest_us(hone_sampler_samples(sampler, first++));
    if (roof->passes)
        limits.read_gbps = 1e-3 * roof->read / fastest_us(hone_sampler_samples(sampler, first));
    /* fmax passes over a NaN. */
    limits.us =
        fmax(1e-3 * roof->problem_operations / limits.gops, 1e-3 * roof->problem_bytes / limits.read_gbps);
    return limits;
}

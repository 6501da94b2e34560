/* The sampler's order, counts and limits. Runners spin until the clock has
 * moved, so that how long a call takes at least is known, not measured. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "../../harness/clock.h"
#include "../../harness/sampler.h"
#include "../../harness/stats.h"

enum { LOG_SIZE = 64 };

/* Which fakes were called since the log was cleared. */
static int call_log[LOG_SIZE], call_log_count;

typedef struct fake {
    int id;
    int64_t spin_ns, odd_spin_ns; /* for even and odd sequence numbers */
    int64_t calls;
    int out_of_sequence;
    int64_t stop_at; /* call that sets `stop`; 0: none */
    volatile int stop;
} fake;

static void fake_run(void *context, int64_t sequence) {
    fake *self = context;
    self->out_of_sequence |= sequence != self->calls;
    ++self->calls;
    if (call_log_count < LOG_SIZE)
        call_log[call_log_count++] = self->id;
    if (self->stop_at > 0 && self->calls >= self->stop_at)
        self->stop = 1;
    const int64_t spin = sequence % 2 ? self->odd_spin_ns : self->spin_ns;
    const int64_t start = hone_clock_now();
    while (hone_clock_now() - start < spin)
        ;
}

/* A time that the clock resolves without batches: 10 us on most machines. */
static int64_t resolved(void) {
    const int64_t steps = 100 * hone_clock_resolution();
    return steps > 10000 ? steps : 10000;
}

/* Every other call takes ten times as long: p50's interval spans both. */
static fake unsteady(void) { return (fake){.spin_ns = resolved(), .odd_spin_ns = 10 * resolved()}; }

static fake steady(int id, int64_t spin_ns) {
    return (fake){.id = id, .spin_ns = spin_ns, .odd_spin_ns = spin_ns};
}

static hone_sampler *sample(fake *fakes, int count, const hone_sampler_options *options) {
    hone_runner runners[4];
    hone_sampler *sampler = NULL;
    assert_true(count <= 4);
    for (int i = 0; i < count; ++i)
        runners[i] = (hone_runner){.run = fake_run, .context = &fakes[i]};
    assert_int_equal(hone_sampler_create(&sampler, runners, count, options), HONE_OK);
    return sampler;
}

static void order_alternates(void **state) {
    (void)state;
    fake fakes[3];
    for (int i = 0; i < 3; ++i)
        fakes[i] = steady(i, resolved());
    hone_sampler *sampler = sample(fakes, 3, NULL);
    static const int expected[2][3] = {{0, 1, 2}, {2, 1, 0}};
    for (int round = 0; round < 6; ++round) {
        call_log_count = 0;
        assert_int_equal(hone_sampler_round(sampler), HONE_OK);
        assert_int_equal(call_log_count, 3);
        assert_memory_equal(call_log, expected[round % 2], sizeof expected[0]);
    }
    for (int i = 0; i < 3; ++i) {
        const hone_samples *samples = hone_sampler_samples(sampler, i);
        assert_int_equal(samples->count, 6);
        assert_int_equal(samples->batch, 1);
        assert_in_range(samples->disturbed, 0, 6);
        assert_false(fakes[i].out_of_sequence);
        for (int j = 0; j < 6; ++j)
            assert_true(samples->us[j] >= 10);
    }
    assert_null(hone_sampler_samples(sampler, 3));
    assert_null(hone_sampler_samples(sampler, -1));
    hone_sampler_destroy(sampler);
}

/* A device that is slow at first; its own clock does not see that the host waits. */
static int device_is_slow;
static int tell_slowed(void *context) { return (void)context, device_is_slow; }
static double tell_us(void *context) { return (void)context, 7; }

static void samples_of_a_slowed_device_are_marked_and_kept(void **state) {
    (void)state;
    enum { PAUSE_NS = 12000000 }; /* longer than the device's state is taken to last */
    fake one = steady(0, resolved());
    const hone_runner runner = {
        .run = fake_run, .context = &one, .device_us = tell_us, .slowed = tell_slowed};
    hone_sampler *sampler;
    device_is_slow = 1;
    assert_int_equal(HONE_OK, hone_sampler_create(&sampler, &runner, 1, NULL));
    const hone_samples *samples = hone_sampler_samples(sampler, 0);
    for (int round = 0; round < 3; round++)
        assert_int_equal(HONE_OK, hone_sampler_round(sampler));
    assert_int_equal(3, samples->disturbed);
    device_is_slow = 0;
    const struct timespec pause = {.tv_nsec = PAUSE_NS};
    nanosleep(&pause, NULL);
    for (int round = 0; round < 4; round++)
        assert_int_equal(HONE_OK, hone_sampler_round(sampler));
    assert_int_equal(7, samples->count);
    for (int i = 3; i < 7; i++)
        assert_int_equal(0, samples->marks[i]);
    assert_in_range(samples->disturbed, 1, 3); /* what was asked before */
    assert_true(samples->us[0] == 7 && samples->us[6] == 7);
    hone_sampler_destroy(sampler);
}

static void short_calls_are_batched(void **state) {
    (void)state;
    fake fakes[2] = {steady(0, 0), steady(1, resolved())};
    hone_sampler *sampler = sample(fakes, 2, NULL);
    const int batch = hone_sampler_samples(sampler, 0)->batch;
    assert_true(batch > 1);
    assert_int_equal(hone_sampler_samples(sampler, 1)->batch, 1);
    const int64_t before = fakes[0].calls;
    assert_int_equal(hone_sampler_round(sampler), HONE_OK);
    assert_int_equal(fakes[0].calls - before, batch);
    assert_true(hone_sampler_samples(sampler, 0)->us[0] > 0);
    hone_sampler_destroy(sampler);
}

static void warm_calls_are_not_timed(void **state) {
    (void)state;
    fake one = steady(0, resolved());
    hone_sampler *sampler = sample(&one, 1, &(hone_sampler_options){.warm_calls = 3});
    const int64_t before = one.calls;
    assert_int_equal(hone_sampler_round(sampler), HONE_OK);
    assert_int_equal(one.calls - before, 4);
    assert_int_equal(hone_sampler_samples(sampler, 0)->count, 1);
    assert_false(one.out_of_sequence);
    hone_sampler_destroy(sampler);
}

static void the_retired_are_not_called_again(void **state) {
    (void)state;
    fake fakes[3] = {unsteady(), steady(1, resolved()), steady(2, resolved())};
    hone_sampler *sampler = sample(fakes, 3, &(hone_sampler_options){.min_samples = 4, .max_samples = 6});
    assert_int_equal(hone_sampler_round(sampler), HONE_OK);
    hone_sampler_retire(sampler, 0);
    hone_sampler_retire(sampler, 0);
    const int64_t calls = fakes[0].calls;
    assert_int_equal(hone_sampler_run(sampler), HONE_OK);
    assert_int_equal(fakes[0].calls, calls);
    assert_int_equal(hone_sampler_samples(sampler, 0)->count, 1);
    assert_in_range(hone_sampler_samples(sampler, 1)->count, 4, 6);
    hone_sampler_retire(sampler, 1);
    hone_sampler_retire(sampler, 2); /* the last one goes on */
    const int64_t before = hone_sampler_samples(sampler, 2)->count;
    assert_int_equal(hone_sampler_round(sampler), HONE_OK);
    assert_int_equal(hone_sampler_samples(sampler, 2)->count, before + 1);
    hone_sampler_destroy(sampler);
}

static double device_time;
static double fake_device_us(void *context) {
    (void)context;
    return device_time;
}

/* The device's clock counts, call by call; the host's is kept beside it. */
static void device_times_are_the_samples(void **state) {
    (void)state;
    fake one = steady(0, 0);
    const hone_runner runner = {.run = fake_run, .context = &one, .device_us = fake_device_us};
    hone_sampler *sampler = NULL;
    device_time = 1e-3;
    assert_int_equal(hone_sampler_create(&sampler, &runner, 1, NULL), HONE_OK);
    assert_int_equal(hone_sampler_round(sampler), HONE_OK);
    const hone_samples *samples = hone_sampler_samples(sampler, 0);
    assert_int_equal(samples->batch, 1);
    assert_true(samples->us[0] == device_time && samples->wall_us[0] >= 0);
    device_time = NAN; /* the call failed */
    assert_int_equal(hone_sampler_round(sampler), HONE_E_UNAVAILABLE);
    assert_int_equal(hone_sampler_run(sampler), HONE_E_UNAVAILABLE);
    hone_sampler_destroy(sampler);
}

/* A device that takes 3 us to start and `us` for a call; `most`: what it takes at once. */
typedef struct fake_device {
    fake calls;
    double us;
    int asked, joined, most, batches, latest_joined, fails;
} fake_device;

static void fake_device_run(void *context, int64_t sequence) {
    ((fake_device *)context)->latest_joined = 0;
    fake_run(context, sequence);
}
static int fake_join(void *context, int calls) {
    fake_device *self = context;
    self->asked = calls;
    return self->joined = calls < self->most ? calls : self->most;
}
static void fake_run_joined(void *context) {
    fake_device *self = context;
    self->latest_joined = 1;
    self->batches++;
}
static double fake_latest_us(void *context) {
    const fake_device *self = context;
    const int calls = self->latest_joined ? self->joined : 1;
    return self->latest_joined && self->fails ? NAN : 3.0 / calls + self->us;
}

static hone_sampler *sample_devices(fake_device *devices, int count) {
    hone_runner runners[4];
    hone_sampler *sampler;
    for (int i = 0; i < count; i++)
        runners[i] = (hone_runner){.run = fake_device_run,
                                   .context = &devices[i],
                                   .device_us = fake_latest_us,
                                   .join = fake_join,
                                   .run_joined = fake_run_joined};
    assert_int_equal(hone_sampler_create(&sampler, runners, count, NULL), HONE_OK);
    return sampler;
}

/* A sample is one call by itself, by both clocks, and then those joined, by the device's. */
static void short_calls_of_a_device_are_joined(void **state) {
    (void)state;
    fake_device device = {.us = 5, .most = 1000};
    hone_sampler *sampler = sample_devices(&device, 1);
    assert_int_equal(device.asked, 80); /* 400 us, of what one takes among 50 that were tried */
    assert_int_equal(hone_sampler_round(sampler), HONE_OK);
    const hone_samples *samples = hone_sampler_samples(sampler, 0);
    assert_int_equal(samples->batch, 80);
    assert_true(samples->us[0] == 3.0 / 80 + 5 && samples->call_us[0] == 8 && samples->wall_us[0] >= 0);
    const int64_t calls = device.calls.calls;
    const int batches = device.batches;
    assert_int_equal(hone_sampler_round(sampler), HONE_OK);
    assert_int_equal(device.calls.calls, calls + 1);
    assert_int_equal(device.batches, batches + 1);
    device.fails = 1;
    assert_int_equal(hone_sampler_round(sampler), HONE_E_UNAVAILABLE);
    hone_sampler_destroy(sampler);
}

/* Among others one that is no longer short is joined, too, if what starts it counts; and where one cannot be,
 * none is. */
static void runners_of_a_device_are_joined_alike(void **state) {
    (void)state;
    static const struct {
        double us[3];
        int most[3], fails[3], batch[3];
    } rows[] = {{{5, 210, 1000}, {1000, 1000, 1000}, {0}, {80, 2, 1}},
                {{5, 210, 1000}, {1000, 0, 1000}, {0}, {1, 1, 1}},
                {{5, 210, 1000}, {1000, 1000, 1000}, {0, 1, 0}, {1, 1, 1}},
                {{198, 210, 1000}, {1000, 1000, 1000}, {0}, {1, 1, 1}}};
    for (size_t row = 0; row < sizeof rows / sizeof *rows; row++) {
        fake_device devices[3] = {0};
        for (int i = 0; i < 3; i++)
            devices[i] =
                (fake_device){.us = rows[row].us[i], .most = rows[row].most[i], .fails = rows[row].fails[i]};
        hone_sampler *sampler = sample_devices(devices, 3);
        assert_int_equal(hone_sampler_round(sampler), HONE_OK);
        for (int i = 0; i < 3; i++) {
            const hone_samples *samples = hone_sampler_samples(sampler, i);
            assert_int_equal(samples->batch, rows[row].batch[i]);
            assert_true(samples->us[0] == 3.0 / samples->batch + rows[row].us[i]);
        }
        hone_sampler_destroy(sampler);
    }
}

/* Those beside take part in rounds 0, 1, 2, 4, ... where their time is up, once and before the others, of
 * whom the first has an untimed call; nobody waits for them. */
static void test_runners_beside(void **state) {
    (void)state;
    fake measured = steady(0, resolved()), beside = unsteady();
    beside.id = 1;
    beside.spin_ns *= 100;
    const hone_runner runners[] = {{.run = fake_run, .context = &measured},
                                   {.run = fake_run, .context = &beside, .beside = 1}};
    const hone_sampler_options options = {.min_samples = 60, .max_seconds = 60, .target = 1e6};
    hone_sampler *sampler = NULL;
    assert_int_equal(hone_sampler_create(&sampler, runners, 2, &options), HONE_OK);
    assert_int_equal(beside.calls, 0);
    call_log_count = 0;
    assert_int_equal(hone_sampler_round(sampler), HONE_OK);
    const int first[] = {1, 0, 0};
    assert_int_equal(call_log_count, 3);
    assert_memory_equal(call_log, first, sizeof first);
    assert_int_equal(hone_sampler_run(sampler), HONE_OK);
    const hone_samples *samples = hone_sampler_samples(sampler, 1);
    assert_int_equal(hone_sampler_samples(sampler, 0)->count, 60);
    assert_in_range(samples->count, 7, 30);
    assert_int_equal(samples->batch, 1);
    hone_sampler_destroy(sampler);

    /* By themselves they take part in every round. */
    assert_int_equal(hone_sampler_create(&sampler, &runners[1], 1, NULL), HONE_OK);
    for (int round = 0; round < 4; ++round)
        assert_int_equal(hone_sampler_round(sampler), HONE_OK);
    assert_int_equal(hone_sampler_samples(sampler, 0)->count, 4);
    hone_sampler_destroy(sampler);
}

static void settled_runs_stop_early(void **state) {
    (void)state;
    fake one = steady(0, resolved());
    hone_sampler *sampler = sample(&one, 1, &(hone_sampler_options){.target = 1e6, .max_seconds = 60});
    assert_int_equal(hone_sampler_run(sampler), HONE_OK);
    const hone_samples *samples = hone_sampler_samples(sampler, 0);
    assert_int_equal(samples->count, 60);
    assert_int_equal(samples->settled, 1);
    hone_sampler_destroy(sampler);
}

static void unsettled_runs_say_so(void **state) {
    (void)state;
    fake one = unsteady();
    hone_sampler *sampler = sample(&one, 1, &(hone_sampler_options){.max_samples = 300, .max_seconds = 60});
    assert_int_equal(hone_sampler_run(sampler), HONE_OK);
    const hone_samples *samples = hone_sampler_samples(sampler, 0);
    assert_int_equal(samples->count, 300);
    assert_int_equal(samples->settled, 0);
    assert_false(one.out_of_sequence);
    hone_sampler_destroy(sampler);
}

static void sample_limits_are_kept(void **state) {
    (void)state;
    fake one = unsteady();
    hone_sampler *sampler = sample(&one, 1, &(hone_sampler_options){.max_samples = 3});
    assert_int_equal(hone_sampler_run(sampler), HONE_OK);
    assert_int_equal(hone_sampler_samples(sampler, 0)->count, 3);
    assert_int_equal(hone_sampler_samples(sampler, 0)->settled, 0); /* too few to tell */
    hone_sampler_destroy(sampler);
}

static void long_calls_give_up_on_samples(void **state) {
    (void)state;
    fake one = steady(0, 2000000);
    hone_sampler *sampler = sample(&one, 1, &(hone_sampler_options){.min_samples = 100, .max_seconds = 5e-3});
    assert_int_equal(hone_sampler_run(sampler), HONE_OK);
    const hone_samples *samples = hone_sampler_samples(sampler, 0);
    assert_in_range(samples->count, 1, 10); /* 4 x 5 ms of calls of 2 ms and more */
    double copy[10];
    hone_stats stats;
    memcpy(copy, samples->us, (size_t)samples->count * sizeof *copy);
    hone_stats_compute(&stats, copy, (size_t)samples->count);
    assert_true(isnan(stats.p95));
    hone_sampler_destroy(sampler);
}

static void stop_ends_a_run(void **state) {
    (void)state;
    fake one = steady(0, resolved());
    const hone_sampler_options options = {.max_seconds = 60, .target = 1e-9, .stop = &one.stop};
    hone_sampler *sampler = sample(&one, 1, &options);
    one.stop_at = one.calls + 7;
    assert_int_equal(hone_sampler_run(sampler), HONE_OK);
    assert_int_equal(hone_sampler_samples(sampler, 0)->count, 7);
    assert_int_equal(hone_sampler_run(sampler), HONE_OK); /* still set: nothing more */
    assert_int_equal(hone_sampler_samples(sampler, 0)->count, 7);
    hone_sampler_destroy(sampler);

    sampler = sample(&one, 1, &options); /* before any sample */
    assert_int_equal(hone_sampler_run(sampler), HONE_OK);
    assert_int_equal(hone_sampler_samples(sampler, 0)->count, 0);
    assert_int_equal(hone_sampler_samples(sampler, 0)->settled, 0);
    hone_sampler_destroy(sampler);
}

static void samples_grow(void **state) {
    (void)state;
    fake one = steady(0, resolved());
    hone_sampler *sampler = sample(&one, 1, &(hone_sampler_options){.min_samples = 1000, .max_seconds = 60});
    assert_int_equal(hone_sampler_run(sampler), HONE_OK);
    assert_true(hone_sampler_samples(sampler, 0)->count >= 1000);
    hone_sampler_destroy(sampler);
}

static void bad_options_are_refused(void **state) {
    (void)state;
    static const hone_sampler_options bad[] = {
        {.min_samples = -1},
        {.max_samples = -1},
        {.max_seconds = -1},
        {.max_seconds = NAN},
        {.target = -0.1},
        {.warm_calls = -1},
        {.min_samples = 9, .max_samples = 8},
    };
    fake one = steady(0, resolved());
    const hone_runner runner = {.run = fake_run, .context = &one};
    hone_sampler *sampler = NULL;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; ++i)
        assert_int_equal(hone_sampler_create(&sampler, &runner, 1, &bad[i]), HONE_E_USAGE);
    assert_int_equal(hone_sampler_create(&sampler, &runner, 0, NULL), HONE_E_USAGE);
    assert_null(sampler);
    assert_int_equal(one.calls, 0);
    hone_sampler_destroy(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(device_times_are_the_samples),
        cmocka_unit_test(short_calls_of_a_device_are_joined),
        cmocka_unit_test(runners_of_a_device_are_joined_alike),
        cmocka_unit_test(test_runners_beside),
        cmocka_unit_test(order_alternates),
        cmocka_unit_test(samples_of_a_slowed_device_are_marked_and_kept),
        cmocka_unit_test(short_calls_are_batched),
        cmocka_unit_test(warm_calls_are_not_timed),
        cmocka_unit_test(the_retired_are_not_called_again),
        cmocka_unit_test(settled_runs_stop_early),
        cmocka_unit_test(unsettled_runs_say_so),
        cmocka_unit_test(sample_limits_are_kept),
        cmocka_unit_test(long_calls_give_up_on_samples),
        cmocka_unit_test(stop_ends_a_run),
        cmocka_unit_test(samples_grow),
        cmocka_unit_test(bad_options_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The thread pool: who runs what, many threads and many callers, and falling
 * asleep at every moment. */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "../../harness/clock.h"
#include "../../kernels/cpu/cpu_pool.h"

enum { MOST = 1000 };

static hone_pool *pool_of(int threads) {
    hone_pool *pool = NULL;
    assert_int_equal(HONE_OK, hone_pool_create(&pool, threads, 0));
    assert_int_equal(threads, hone_pool_threads(pool));
    return pool;
}

static void pause_us(long us) {
    const struct timespec time = {.tv_nsec = us * 1000};
    nanosleep(&time, NULL);
}

/* Not atomic: a run that returns too early, or a part that runs twice, is a race
 * that a sanitizer sees, and a wrong sum. */
typedef struct tally {
    int times[MOST];
    pthread_t by[MOST];
} tally;

static void count_task(void *context, size_t index) {
    tally *t = context;
    t->times[index]++;
    t->by[index] = pthread_self();
}

static int each_counted(const tally *t, size_t count, int times) {
    for (size_t i = 0; i < MOST; i++)
        if (t->times[i] != (i < count ? times : 0))
            return 0;
    return 1;
}

static void each_index_runs_once_on_its_thread(void **state) {
    (void)state;
    for (int threads = 2; threads <= 7; threads++) {
        hone_pool *pool = pool_of(threads);
        for (size_t count = 0; count < 40; count++) {
            tally t = {0};
            hone_pool_run(pool, count_task, &t, count);
            assert_true(each_counted(&t, count, 1));
            for (size_t i = 0; i < count; i++) {
                assert_true(pthread_equal(t.by[i], t.by[i % (size_t)threads]));
                assert_int_equal(i % (size_t)threads == 0 || count == 1,
                                 pthread_equal(t.by[i], pthread_self()) != 0);
            }
        }
        hone_pool_destroy(pool);
    }
}

static void without_a_pool_the_caller_runs_all(void **state) {
    (void)state;
    tally t = {0};
    assert_int_equal(1, hone_pool_threads(NULL));
    hone_pool_run(NULL, count_task, &t, 5);
    assert_true(each_counted(&t, 5, 1));
    hone_pool_destroy(NULL);
}

static void threads_may_outnumber_cores(void **state) {
    (void)state;
    for (int threads = 64; threads <= 256; threads *= 2) {
        hone_pool *pool = pool_of(threads);
        tally t = {0};
        enum { RUNS = 100 };
        for (int run = 0; run < RUNS; run++)
            hone_pool_run(pool, count_task, &t, (size_t)threads + 9);
        assert_true(each_counted(&t, (size_t)threads + 9, RUNS));
        hone_pool_destroy(pool);
    }
}

/* ---- several callers */

enum { CALLERS = 8, CALLS = 500 };

typedef struct caller {
    pthread_t thread;
    hone_pool *pool; /* NULL: one of its own */
    int good;
} caller;

static void *call_often(void *context) {
    caller *self = context;
    hone_pool *pool = self->pool;
    tally *t = calloc(1, sizeof *t);
    if (t && (pool || !hone_pool_create(&pool, 3, 0))) {
        for (int run = 0; run < CALLS; run++)
            hone_pool_run(pool, count_task, t, 5);
        self->good = each_counted(t, 5, CALLS);
        if (!self->pool)
            hone_pool_destroy(pool);
    }
    free(t);
    return NULL;
}

static void call_from_many(hone_pool *pool) {
    caller callers[CALLERS];
    for (int i = 0; i < CALLERS; i++) {
        callers[i] = (caller){.pool = pool};
        assert_int_equal(0, pthread_create(&callers[i].thread, NULL, call_often, &callers[i]));
    }
    for (int i = 0; i < CALLERS; i++) {
        pthread_join(callers[i].thread, NULL);
        assert_true(callers[i].good);
    }
}

static void callers_share_a_pool(void **state) {
    (void)state;
    hone_pool *pool = pool_of(3);
    call_from_many(pool);
    hone_pool_destroy(pool);
}

static void pools_run_beside_each_other(void **state) {
    (void)state;
    call_from_many(NULL);
}

/* ---- sleep */

/* Gaps around the time for which workers spin, so that calls meet them spinning,
 * falling asleep and asleep. */
static void calls_meet_workers_at_every_moment(void **state) {
    (void)state;
    hone_pool *pool = pool_of(2);
    tally t = {0};
    enum { RUNS = 5000 };
    for (int run = 0; run < RUNS; run++) {
        int64_t end = hone_clock_now() + run % 97 * 1000;
        while (hone_clock_now() < end)
            ;
        hone_pool_run(pool, count_task, &t, 2);
    }
    assert_true(each_counted(&t, 2, RUNS));
    hone_pool_destroy(pool);
}

typedef struct slow_job {
    size_t slow; /* the index that takes long */
    tally done;
} slow_job;

static void slow_task(void *context, size_t index) {
    slow_job *job = context;
    if (index == job->slow)
        pause_us(3000);
    count_task(&job->done, index);
}

static void whoever_is_slow_is_waited_for(void **state) {
    (void)state;
    hone_pool *pool = pool_of(4);
    for (size_t slow = 0; slow < 4; slow++)
        for (int run = 1; run <= 3; run++) {
            slow_job job = {.slow = slow};
            hone_pool_run(pool, slow_task, &job, 4);
            assert_true(each_counted(&job.done, 4, 1));
        }
    hone_pool_destroy(pool);
}

static void destroying_meets_workers_at_every_moment(void **state) {
    (void)state;
    const long pauses[] = {0, 20, 50, 100, 5000};
    for (size_t i = 0; i < 5 * sizeof pauses / sizeof *pauses; i++)
        for (int runs = 0; runs < 3; runs++) {
            hone_pool *pool = pool_of(2 + (int)i % 5);
            tally t = {0};
            for (int run = 0; run < runs; run++)
                hone_pool_run(pool, count_task, &t, 6);
            if (pauses[i / 5])
                pause_us(pauses[i / 5]);
            hone_pool_destroy(pool);
            assert_true(each_counted(&t, 6, runs));
        }
}

/* ---- binding */

static void binding_task(void *context, size_t index) {
    atomic_int *wrong = context;
    cpu_set_t bound;
    if (sched_getaffinity(0, sizeof bound, &bound) || CPU_COUNT(&bound) != 1 ||
        !CPU_ISSET((size_t)hone_pool_place((int)index), &bound))
        atomic_fetch_add(wrong, 1);
}

static void threads_are_bound_to_their_places(void **state) {
    (void)state;
    cpu_set_t before;
    atomic_int wrong = 0;
    hone_pool *pool = NULL;
    if (!hone_pool_places() || sched_getaffinity(0, sizeof before, &before))
        skip();
    assert_int_equal(HONE_OK, hone_pool_create(&pool, 5, 1));
    hone_pool_run(pool, binding_task, &wrong, 5);
    hone_pool_destroy(pool);
    assert_int_equal(0, sched_setaffinity(0, sizeof before, &before));
    assert_int_equal(0, wrong);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_index_runs_once_on_its_thread),
        cmocka_unit_test(without_a_pool_the_caller_runs_all),
        cmocka_unit_test(threads_may_outnumber_cores),
        cmocka_unit_test(callers_share_a_pool),
        cmocka_unit_test(pools_run_beside_each_other),
        cmocka_unit_test(calls_meet_workers_at_every_moment),
        cmocka_unit_test(whoever_is_slow_is_waited_for),
        cmocka_unit_test(destroying_meets_workers_at_every_moment),
        cmocka_unit_test(threads_are_bound_to_their_places),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Compiling ahead: what is asked for is compiled once, the latest first; who claims a point finds it compiled
 * or has it to himself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "../../tuner/search/ahead.h"

enum { POINTS = 6 };

/* A backend whose compiler waits for `open`, and notes what it was given. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int open, count;
    char order[POINTS + 1];
} compiler = {PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0, ""};

static hone_status compile(const hone_device *device, const hone_problem *problem,
                           const hone_config *config) {
    (void)device, (void)problem;
    pthread_mutex_lock(&compiler.lock);
    compiler.order[compiler.count++] = hone_config_get(config, "p")[0];
    pthread_cond_broadcast(&compiler.changed);
    while (!compiler.open)
        pthread_cond_wait(&compiler.changed, &compiler.lock);
    pthread_mutex_unlock(&compiler.lock);
    return HONE_OK;
}

static const hone_backend with = {.name = "with", .compile = compile}, without = {.name = "without"};
static hone_space *space;
static hone_points *points;

static int prepare(void **state) {
    (void)state;
    return hone_space_create(&space) || hone_space_param(space, "p", "a b c d e f") ||
           hone_points_create(&points, space);
}
static int clean(void **state) {
    (void)state;
    hone_points_destroy(points);
    hone_space_destroy(space);
    return 0;
}
static int begin(void **state) {
    (void)state;
    compiler.open = compiler.count = 0;
    memset(compiler.order, 0, sizeof compiler.order);
    return 0;
}

static hone_ahead *create(const hone_backend *backend) {
    static hone_problem problem;
    static hone_device device;
    hone_ahead *ahead;
    device.backend = backend;
    assert_int_equal(HONE_OK, hone_ahead_create(&ahead, &device, &problem, points));
    return ahead;
}
static void await(int count) {
    pthread_mutex_lock(&compiler.lock);
    while (compiler.count < count)
        pthread_cond_wait(&compiler.changed, &compiler.lock);
    pthread_mutex_unlock(&compiler.lock);
}
static void open_up(void) {
    pthread_mutex_lock(&compiler.lock);
    compiler.open = 1;
    pthread_cond_broadcast(&compiler.changed);
    pthread_mutex_unlock(&compiler.lock);
}

static void nothing_to_compile_is_nothing_to_do(void **state) {
    (void)state;
    hone_ahead *ahead = create(&without);
    assert_null(ahead);
    hone_ahead_ask(ahead, 0);
    hone_ahead_claim(ahead, 0);
    hone_ahead_destroy(ahead);
}

static void each_is_compiled_once_and_claimed_when_done(void **state) {
    (void)state;
    hone_ahead *ahead = create(&with);
    if (!ahead)
        skip(); /* one core */
    open_up();
    for (int64_t twice = 0; twice < 2; twice++)
        for (int64_t point = 0; point < POINTS; point++)
            hone_ahead_ask(ahead, point);
    await(POINTS);
    for (int64_t point = 0; point < POINTS; point++)
        hone_ahead_claim(ahead, point);
    hone_ahead_destroy(ahead);
    assert_int_equal(POINTS, compiler.count);
    for (const char *p = "abcdef"; *p; p++)
        assert_non_null(strchr(compiler.order, *p));
}

/* The compilers of all threads are held up by points that were asked for first. */
static void the_latest_comes_first_and_what_is_claimed_is_left_out(void **state) {
    (void)state;
    hone_ahead *ahead = create(&with);
    if (!ahead)
        skip();
    hone_ahead_ask(ahead, 0);
    await(1);
    if (sysconf(_SC_NPROCESSORS_ONLN) >= 8) { /* more than one thread: there is no order to check */
        open_up();
        hone_ahead_destroy(ahead);
        return;
    }
    hone_ahead_ask(ahead, 1);
    hone_ahead_ask(ahead, 2);
    hone_ahead_ask(ahead, 3);
    hone_ahead_claim(ahead, 2); /* nobody has begun with it: the caller's */
    open_up();
    await(3);
    hone_ahead_destroy(ahead);
    assert_string_equal("adb", compiler.order);
}

/* A claim waits while another thread compiles: it returns after that has been let through. */
static int64_t claimed_after;
static void *claim(void *ahead) {
    hone_ahead_claim(ahead, 0);
    pthread_mutex_lock(&compiler.lock);
    claimed_after = compiler.open;
    pthread_mutex_unlock(&compiler.lock);
    return NULL;
}
static void a_claim_waits_for_who_compiles(void **state) {
    pthread_t claimer;
    (void)state;
    hone_ahead *ahead = create(&with);
    if (!ahead)
        skip();
    hone_ahead_ask(ahead, 0);
    await(1);
    claimed_after = 0;
    assert_int_equal(0, pthread_create(&claimer, NULL, claim, ahead));
    open_up();
    pthread_join(claimer, NULL);
    assert_int_equal(1, claimed_after);
    hone_ahead_destroy(ahead);
    assert_int_equal(1, compiler.count);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(nothing_to_compile_is_nothing_to_do, begin),
        cmocka_unit_test_setup(each_is_compiled_once_and_claimed_when_done, begin),
        cmocka_unit_test_setup(the_latest_comes_first_and_what_is_claimed_is_left_out, begin),
        cmocka_unit_test_setup(a_claim_waits_for_who_compiles, begin),
    };
    return cmocka_run_group_tests(tests, prepare, clean);
}

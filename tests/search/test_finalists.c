/* Who takes part in the final, from made-up screening values. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "../../harness/clock.h"
#include "../../tuner/search/tune_final.h"

enum { MOST = 64 };

typedef struct fixture {
    hone_scored_point points[MOST];
    hone_problem problem;
    hone_tune_options options;
    hone_tune_result result;
    hone_tune_session session;
} fixture;

/* `count` candidates, the slowest first, each `step` microseconds slower than the one before it in rank; all
 * with the same error. Point 0 is the fastest. */
static void make(fixture *f, int count, double step) {
    assert_true(count <= MOST);
    *f = (fixture){.options = {.budget_seconds = 0}};
    assert_int_equal(hone_problem_parse(&f->problem, "gemm/f32/gelu_tanh/64x64x64"), HONE_OK);
    for (int i = 0; i < count; i++)
        f->points[count - 1 - i] =
            (hone_scored_point){.point = i, .value = 1000 + step * i, .error = 1e-7, .cost = NAN};
    f->session = (hone_tune_session){.problem = &f->problem,
                                     .options = &f->options,
                                     .result = &f->result,
                                     .started = hone_clock_now(),
                                     .candidates = f->points,
                                     .candidate_count = count,
                                     .default_point = -1,
                                     .simple_point = -1,
                                     .known_point = -1,
                                     .best = 1000};
}

static int rank_of(const fixture *f, int64_t point) {
    for (int i = 0; i < f->session.candidate_count; i++)
        if (f->points[i].point == point)
            return i;
    fail_msg("point %d was lost", (int)point);
    return -1;
}

static void the_fastest_enter_in_order(void **state) {
    fixture f;
    (void)state;
    make(&f, 40, 1);
    assert_int_equal(hone_final_choose(&f.session), HONE_ENTRANTS);
    for (int i = 0; i < 40; i++) {
        assert_int_equal(f.points[i].point, i);
        assert_false(f.points[i].kept);
    }
    assert_int_equal(hone_final_samples(&f.session), HONE_FINAL_LEAST);
}

/* Beyond the finalists only what screening cannot tell from the best. */
static void the_slow_stay_out(void **state) {
    fixture f;
    (void)state;
    make(&f, 40, 50);
    assert_int_equal(hone_final_choose(&f.session), HONE_FINALISTS);
    make(&f, 40, 400);
    assert_int_equal(hone_final_choose(&f.session), 3); /* 1000, 1400, 1800 */
    make(&f, 1, 1);
    assert_int_equal(hone_final_choose(&f.session), 1);
}

static void the_default_takes_part(void **state) {
    fixture f;
    (void)state;
    make(&f, 40, 1);
    f.session.default_point = 37;
    assert_int_equal(hone_final_choose(&f.session), HONE_ENTRANTS);
    assert_int_equal(rank_of(&f, 37), HONE_ENTRANTS - 1);
    assert_true(f.points[HONE_ENTRANTS - 1].kept);
    for (int i = 0; i < HONE_ENTRANTS - 1; i++)
        assert_int_equal(f.points[i].point, i);
}

static void the_simple_one_takes_part(void **state) {
    fixture f;
    (void)state;
    make(&f, 40, 1);
    f.session.default_point = 30;
    f.session.simple_point = 20;
    assert_int_equal(hone_final_choose(&f.session), HONE_ENTRANTS);
    for (int64_t point = 0; point < HONE_ENTRANTS - 2; point++)
        assert_int_equal(rank_of(&f, point), point);
    assert_in_range(rank_of(&f, 20), HONE_ENTRANTS - 2, HONE_ENTRANTS - 1);
    assert_in_range(rank_of(&f, 30), HONE_ENTRANTS - 2, HONE_ENTRANTS - 1);
    assert_true(f.points[HONE_ENTRANTS - 2].kept && f.points[HONE_ENTRANTS - 1].kept);

    make(&f, 40, 1); /* one of them is an entrant anyway */
    f.session.default_point = HONE_ENTRANTS - 1;
    f.session.simple_point = 39;
    assert_int_equal(hone_final_choose(&f.session), HONE_ENTRANTS);
    assert_int_equal(rank_of(&f, HONE_ENTRANTS - 1), HONE_ENTRANTS - 1);
    assert_int_equal(rank_of(&f, 39), HONE_ENTRANTS - 2);
}

/* Where there are fewer places than claims to them, the best keeps its own. */
static void the_best_is_not_displaced(void **state) {
    fixture f;
    (void)state;
    make(&f, 40, 1);
    for (int i = 0; i < 40; i++)
        f.points[i].value *= 1000;
    f.session.best = 1e6;
    f.session.default_point = 30;
    f.session.simple_point = 20;
    f.session.known_point = 10;
    f.options.budget_seconds = 550;
    const int64_t count = hone_final_choose(&f.session);
    assert_in_range(count, 2, 3);
    assert_int_equal(f.points[0].point, 0);
    for (int64_t i = 1; i < count; i++)
        assert_true(f.points[i].kept);
}

static void the_more_accurate_take_part(void **state) {
    fixture f;
    (void)state;
    make(&f, 40, 1);
    f.session.default_point = 39;
    f.points[39 - 4].error = 0.5e-7;   /* among the entrants anyway */
    f.points[39 - 20].error = 0.48e-7; /* not worth telling */
    f.points[39 - 21].error = 0.3e-7;
    f.points[39 - 22].error = 0.3e-7;
    f.points[39 - 30].error = 0.2e-7;
    f.points[39 - 31].error = 0.1e-7; /* one too many */
    assert_int_equal(hone_final_choose(&f.session), HONE_ENTRANTS + HONE_ACCURATE);
    assert_true(f.points[rank_of(&f, 4)].kept);
    assert_int_equal(rank_of(&f, 39), HONE_ENTRANTS - 1);
    assert_int_equal(rank_of(&f, 21), HONE_ENTRANTS);
    assert_int_equal(rank_of(&f, 30), HONE_ENTRANTS + 1);
    for (int i = 0; i < 40; i++)
        assert_int_equal(f.points[i].kept, f.points[i].point == 4 || f.points[i].point == 21 ||
                                               f.points[i].point == 30 || f.points[i].point == 31 ||
                                               f.points[i].point == 39);
}

static void far_behind_is_no_trade(void **state) {
    fixture f;
    (void)state;
    make(&f, 40, 100);
    f.points[39 - 11].error = 0.1e-7;
    assert_int_equal(hone_final_choose(&f.session), HONE_FINALISTS);
    assert_int_equal(rank_of(&f, 11), 11);
}

/* 12 entrants of 1 s a call and 60 samples of two calls take minutes. */
static void a_budget_leaves_fewer(void **state) {
    fixture f;
    (void)state;
    make(&f, 40, 1);
    for (int i = 0; i < 40; i++)
        f.points[i].value *= 1000;
    f.points[39 - 20].error = 0.1e-7;
    f.session.best = 1e6;
    f.options.budget_seconds = 700;
    int64_t count = hone_final_choose(&f.session);
    assert_in_range(count, 2, HONE_FINALISTS - 1);
    assert_int_equal(rank_of(&f, 20), count); /* next, had there been time */
    f.options.budget_seconds = 1;
    assert_int_equal(hone_final_choose(&f.session), 1);
    assert_int_equal(hone_final_samples(&f.session), 0);
}

/* Copies of large weights, and of everything when cold, are for the finalists only. */
static void memory_leaves_fewer(void **state) {
    fixture f;
    (void)state;
    make(&f, 40, 1);
    f.options.cold = 1;
    assert_int_equal(hone_final_choose(&f.session), HONE_FINALISTS);
    make(&f, 40, 1);
    f.problem.n = f.problem.k = 16384;
    assert_int_equal(hone_final_choose(&f.session), HONE_FINALISTS);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_fastest_enter_in_order), cmocka_unit_test(the_slow_stay_out),
        cmocka_unit_test(the_default_takes_part),     cmocka_unit_test(the_simple_one_takes_part),
        cmocka_unit_test(the_best_is_not_displaced),  cmocka_unit_test(the_more_accurate_take_part),
        cmocka_unit_test(far_behind_is_no_trade),     cmocka_unit_test(a_budget_leaves_fewer),
        cmocka_unit_test(memory_leaves_fewer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

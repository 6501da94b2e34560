/* The gate on synthetic samples: calibration, power, and the rules. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../../kernels/status.h"
#include "../../tuner/gate/gate.h"

static uint64_t state;

static double uniform(void) {
    uint64_t z = state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return ((double)((z ^ (z >> 31)) >> 11) + 0.5) / 9007199254740992.0;
}

/* Times look like this: a floor, and a tail to the right. */
static double sample(double median, double noise) { return median * (1 - noise * log(uniform())); }

static hone_gate *new_gate(const char *metric, double threshold, double alpha) {
    hone_gate *gate = NULL;
    hone_gate_options options = {hone_gate_metric_find(metric), threshold, alpha};
    assert_non_null(options.metric);
    assert_int_equal(hone_gate_create(&gate, &options), HONE_OK);
    return gate;
}

static void fill(hone_gate *gate, hone_gate_side_name side, const char *name, int rounds, double value,
                 double noise) {
    for (int i = 0; i < rounds; i++)
        assert_int_equal(hone_gate_add(gate, side, name, sample(value, noise), NAN, NAN), HONE_OK);
}

typedef struct expectation {
    const char *what;
    double change, noise;
    int rounds;
    hone_gate_verdict verdict;
    hone_status status;
} expectation;

static const expectation expectations[] = {
    {"same", 1.00, 0.005, 10, HONE_GATE_SAME, HONE_OK},
    {"within the threshold", 1.02, 0.005, 10, HONE_GATE_SAME, HONE_OK},
    {"10% slower", 1.10, 0.01, 10, HONE_GATE_SLOW, HONE_E_WRONG},
    {"twice as slow", 2.00, 0.05, 10, HONE_GATE_SLOW, HONE_E_WRONG},
    {"10% faster", 0.90, 0.01, 10, HONE_GATE_FAST, HONE_OK},
    {"noise", 1.00, 1.00, 10, HONE_GATE_UNSURE, HONE_E_INCONCLUSIVE},
    {"10% slower within noise", 1.10, 1.00, 10, HONE_GATE_UNSURE, HONE_E_INCONCLUSIVE},
    {"too few rounds for alpha", 2.00, 0.01, 4, HONE_GATE_UNSURE, HONE_E_INCONCLUSIVE},
};

static void test_verdicts(void **unused) {
    (void)unused;
    for (size_t i = 0; i < sizeof expectations / sizeof expectations[0]; i++) {
        const expectation *e = &expectations[i];
        hone_gate *gate = new_gate("p50_us", 0.05, 0.01);
        state = 1000 + i;
        fill(gate, HONE_GATE_BASELINE, "case", e->rounds, 50, e->noise);
        fill(gate, HONE_GATE_CANDIDATE, "case", e->rounds, 50 * e->change, e->noise);
        assert_int_equal(hone_gate_decide(gate), HONE_OK);
        if (gate->cases[0].verdict != e->verdict)
            fail_msg("%s: %s, ratio %g in %g .. %g, p %g", e->what,
                     hone_gate_verdict_name(gate->cases[0].verdict), gate->cases[0].ratio, gate->cases[0].low,
                     gate->cases[0].high, gate->cases[0].p_value);
        assert_int_equal(gate->verdict, e->verdict);
        assert_int_equal(hone_gate_status(gate), e->status);
        assert_int_equal(gate->cases[0].reason[0] == '\0', e->verdict != HONE_GATE_UNSURE);
        hone_gate_destroy(gate);
    }
}

/* Two runs of one build, 200 times with 20 cases each and no threshold to hide
 * behind: a false SLOW in alpha of them is expected, 10 in 200; more than 20 has
 * a chance below 1 in 1000. */
static void test_no_false_alarms(void **unused) {
    (void)unused;
    int slow = 0, fast = 0;
    for (uint64_t seed = 0; seed < 200; seed++) {
        hone_gate *gate = new_gate("p50_us", 0, 0.05);
        state = seed * 7919;
        for (int i = 0; i < 20; i++) {
            char name[32];
            snprintf(name, sizeof name, "case %d", i);
            fill(gate, HONE_GATE_BASELINE, name, 10, 10 + i, 0.05);
            fill(gate, HONE_GATE_CANDIDATE, name, 10, 10 + i, 0.05);
        }
        assert_int_equal(hone_gate_decide(gate), HONE_OK);
        slow += gate->counts[HONE_GATE_SLOW] > 0;
        fast += gate->counts[HONE_GATE_FAST] > 0;
        hone_gate_destroy(gate);
    }
    assert_in_range(slow, 0, 20);
    assert_in_range(fast, 0, 20);
}

/* With the default threshold there is next to none. */
static void test_no_false_alarms_by_default(void **unused) {
    (void)unused;
    for (uint64_t seed = 0; seed < 200; seed++) {
        hone_gate *gate = new_gate("p50_us", 0.05, 0.01);
        state = seed * 104729;
        fill(gate, HONE_GATE_BASELINE, "case", 10, 42, 0.05);
        fill(gate, HONE_GATE_CANDIDATE, "case", 10, 42, 0.05);
        assert_int_equal(hone_gate_decide(gate), HONE_OK);
        assert_int_equal(gate->counts[HONE_GATE_SLOW], 0);
        hone_gate_destroy(gate);
    }
}

/* Complete separation of 6 and 6 values has p = 2/924: enough alone, not among 20
 * cases; and a corrected value is never below that of a smaller one. */
static void test_holm(void **unused) {
    (void)unused;
    for (int cases = 1; cases <= 20; cases += 19) {
        hone_gate *gate = new_gate("p50_us", 0.05, 0.01);
        for (int i = 0; i < cases; i++) {
            char name[32];
            snprintf(name, sizeof name, "case %d", i);
            for (int round = 0; round < 6; round++) {
                double value = 10 + 0.01 * round;
                assert_int_equal(hone_gate_add(gate, HONE_GATE_BASELINE, name, value, NAN, NAN), HONE_OK);
                assert_int_equal(
                    hone_gate_add(gate, HONE_GATE_CANDIDATE, name, i ? value + 0.001 : 20 + value, NAN, NAN),
                    HONE_OK);
            }
        }
        assert_int_equal(hone_gate_decide(gate), HONE_OK);
        assert_int_equal(gate->cases[0].verdict, cases == 1 ? HONE_GATE_SLOW : HONE_GATE_UNSURE);
        assert_true(fabs(gate->cases[0].p_value - cases * 2.0 / 924) < 1e-6);
        for (int i = 1; i < cases; i++) {
            assert_int_equal(gate->cases[i].verdict, HONE_GATE_SAME);
            assert_true(gate->cases[i].p_value >= gate->cases[0].p_value && gate->cases[i].p_value <= 1);
        }
        hone_gate_destroy(gate);
    }
}

/* One value a side: the stored intervals decide. */
/* Too many cases for so few rounds: nothing is SLOW, but it must not pass either. */
static void test_suspect_does_not_pass(void **unused) {
    (void)unused;
    hone_gate *gate = new_gate("p50_us", 0.05, 0.01);
    state = 11;
    for (int i = 0; i < 100; i++) {
        char name[16];
        snprintf(name, sizeof name, "%d", i);
        fill(gate, HONE_GATE_BASELINE, name, 5, 50, 0.001);
        fill(gate, HONE_GATE_CANDIDATE, name, 5, i ? 50 : 100, 0.001);
    }
    assert_int_equal(hone_gate_decide(gate), HONE_OK);
    assert_int_equal(gate->counts[HONE_GATE_SAME], 99);
    assert_int_equal(gate->cases[0].verdict, HONE_GATE_UNSURE);
    assert_int_equal(hone_gate_status(gate), HONE_E_INCONCLUSIVE);
    hone_gate_destroy(gate);
}

/* Few values on one side, many on the other: the ratio is that of the medians of all. */
static void test_uneven_sides(void **unused) {
    (void)unused;
    static const double values[] = {90, 90, 90, 90, 50, 50, 50, 50, 50};
    hone_gate *gate = new_gate("p50_us", 0.05, 0.01);
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
        assert_int_equal(hone_gate_add(gate, HONE_GATE_BASELINE, "case", values[i], NAN, NAN), HONE_OK);
    assert_int_equal(hone_gate_add(gate, HONE_GATE_CANDIDATE, "case", 50, NAN, NAN), HONE_OK);
    assert_int_equal(hone_gate_decide(gate), HONE_OK);
    assert_true(gate->cases[0].ratio == 1);
    hone_gate_destroy(gate);
}

static void test_stored_intervals(void **unused) {
    (void)unused;
    static const struct {
        double base[3], cand[3];
        hone_gate_verdict verdict;
    } rows[] = {
        {{100, 99, 101}, {100, 99, 101}, HONE_GATE_SAME},
        {{100, 99, 101}, {120, 119, 121}, HONE_GATE_SLOW},
        {{120, 119, 121}, {100, 99, 101}, HONE_GATE_FAST},
        {{100, 90, 110}, {110, 100, 120}, HONE_GATE_UNSURE},
        {{100, NAN, NAN}, {300, NAN, NAN}, HONE_GATE_UNSURE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        hone_gate *gate = new_gate("p50_us", 0.05, 0.01);
        hone_gate_add(gate, HONE_GATE_BASELINE, "x", rows[i].base[0], rows[i].base[1], rows[i].base[2]);
        hone_gate_add(gate, HONE_GATE_CANDIDATE, "x", rows[i].cand[0], rows[i].cand[1], rows[i].cand[2]);
        assert_int_equal(hone_gate_decide(gate), HONE_OK);
        assert_int_equal(gate->cases[0].verdict, rows[i].verdict);
        assert_true(fabs(gate->cases[0].ratio - rows[i].cand[0] / rows[i].base[0]) < 1e-12);
        hone_gate_destroy(gate);
    }
}

/* A higher rate is faster: the ratio is that of times. */
static void test_rate(void **unused) {
    (void)unused;
    hone_gate *gate = new_gate("gflops", 0.05, 0.01);
    state = 5;
    fill(gate, HONE_GATE_BASELINE, "x", 10, 200, 0.001);
    fill(gate, HONE_GATE_CANDIDATE, "x", 10, 100, 0.001);
    assert_int_equal(hone_gate_decide(gate), HONE_OK);
    assert_int_equal(gate->cases[0].verdict, HONE_GATE_SLOW);
    assert_true(gate->cases[0].ratio > 1.9 && gate->cases[0].ratio < 2.1);
    hone_gate_destroy(gate);
}

static void test_wrong_and_missing(void **unused) {
    (void)unused;
    hone_gate *gate = new_gate("p50_us", 0.05, 0.01);
    state = 6;
    assert_int_equal(hone_gate_decide(gate), HONE_OK);
    assert_int_equal(hone_gate_status(gate), HONE_E_INCONCLUSIVE);
    fill(gate, HONE_GATE_BASELINE, "gone", 10, 1, 0.01);
    fill(gate, HONE_GATE_CANDIDATE, "new", 10, 1, 0.01);
    hone_gate_add_error(gate, HONE_GATE_BASELINE, "mended", "was wrong");
    fill(gate, HONE_GATE_CANDIDATE, "mended", 10, 1, 0.01);
    hone_gate_add(gate, HONE_GATE_BASELINE, "no metric", NAN, NAN, NAN);
    fill(gate, HONE_GATE_CANDIDATE, "no metric", 10, 1, 0.01);
    assert_int_equal(hone_gate_decide(gate), HONE_OK);
    assert_int_equal(gate->counts[HONE_GATE_MISSING], 4);
    assert_int_equal(hone_gate_status(gate), HONE_E_INCONCLUSIVE);

    fill(gate, HONE_GATE_BASELINE, "good", 10, 1, 0.001);
    fill(gate, HONE_GATE_CANDIDATE, "good", 10, 1, 0.001);
    assert_int_equal(hone_gate_decide(gate), HONE_OK);
    assert_int_equal(hone_gate_status(gate), HONE_E_INCONCLUSIVE); /* "gone" was lost */
    fill(gate, HONE_GATE_CANDIDATE, "gone", 10, 1, 0.01);
    assert_int_equal(hone_gate_decide(gate), HONE_OK);
    assert_int_equal(hone_gate_status(gate), HONE_OK);

    fill(gate, HONE_GATE_BASELINE, "bad", 10, 1, 0.001);
    hone_gate_add_error(gate, HONE_GATE_CANDIDATE, "bad", "ratio 3.2 over the bound");
    assert_int_equal(hone_gate_decide(gate), HONE_OK);
    assert_int_equal(gate->verdict, HONE_GATE_WRONG);
    assert_int_equal(hone_gate_status(gate), HONE_E_WRONG);
    hone_gate_destroy(gate);
}

static void test_bad_options(void **unused) {
    (void)unused;
    static const double bad[][2] = {{-0.1, 0.01}, {NAN, 0.01}, {100, 0.01},
                                    {0.05, 0},    {0.05, 1},   {0.05, NAN}};
    hone_gate *gate = NULL;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        hone_gate_options options = {hone_gate_metric_find("p50_us"), bad[i][0], bad[i][1]};
        assert_int_equal(hone_gate_create(&gate, &options), HONE_E_USAGE);
        assert_null(gate);
    }
    assert_null(hone_gate_metric_find("p51_us"));
    gate = new_gate("p50_us", 0.05, 0.01);
    assert_int_equal(hone_gate_add(gate, HONE_GATE_BASELINE, "x", 0, NAN, NAN), HONE_E_DATA);
    assert_int_equal(hone_gate_add(gate, HONE_GATE_BASELINE, "x", -1, NAN, NAN), HONE_E_DATA);
    assert_int_equal(hone_gate_add(gate, HONE_GATE_BASELINE, "x", INFINITY, NAN, NAN), HONE_E_DATA);
    hone_gate_destroy(gate);
}

/* Results files: good, and damaged in each way. */
static void test_text(void **unused) {
    (void)unused;
    static const struct {
        const char *text;
        hone_status status;
        size_t cases;
    } rows[] = {
        {"", HONE_E_DATA, 0},
        {"not JSON", HONE_E_DATA, 0},
        {"{}", HONE_E_DATA, 0},
        {"[1]", HONE_E_DATA, 0},
        {"{\"context\":{},\"benchmarks\":{}}", HONE_E_DATA, 0},
        {"{\"context\":{},\"benchmarks\":[{\"name\":\"a\",\"p50_us\":3", HONE_E_DATA, 0},
        {"{\"context\":{},\"benchmarks\":[{\"p50_us\":3}]}", HONE_E_DATA, 0},
        {"{\"context\":{},\"benchmarks\":[{\"name\":\"a\",\"real_time\":3}]}", HONE_E_DATA, 1},
        {"{\"context\":{},\"benchmarks\":[{\"name\":\"a\",\"p50_us\":-3}]}", HONE_E_DATA, 0},
        {"{\"context\":{},\"benchmarks\":[]}", HONE_OK, 0},
        {"{\"context\":{},\"benchmarks\":[{\"name\":\"a\",\"p50_us\":3},{\"name\":\"a\",\"p50_us\":4}]}",
         HONE_OK, 1},
        {"{\"context\":{},\"benchmarks\":[{\"name\":\"a "
         "NaN\",\"p50_us\":3,\"cv\":NaN,\"x\":-NaN,\"y\":-Infinity}]}",
         HONE_OK, 1},
        {"{\"context\":{},\"benchmarks\":[{\"name\":\"a\",\"p50_us\":3},"
         "{\"name\":\"a_mean\",\"run_type\":\"aggregate\",\"p50_us\":3}]}",
         HONE_OK, 1},
        {"{\"context\":{},\"benchmarks\":[{\"name\":\"a\",\"error_occurred\":true,\"error_message\":\"bad\"}]"
         "}",
         HONE_OK, 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        hone_gate *gate = new_gate("p50_us", 0.05, 0.01);
        char text[256];
        snprintf(text, sizeof text, "%s", rows[i].text);
        assert_int_equal(hone_gate_add_text(gate, HONE_GATE_CANDIDATE, text, strlen(text), "a file"),
                         rows[i].status);
        if (rows[i].status == HONE_OK)
            assert_int_equal(gate->count, rows[i].cases);
        else
            assert_non_null(strstr(hone_error_detail(), "a file"));
        hone_gate_destroy(gate);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_verdicts),
        cmocka_unit_test(test_no_false_alarms),
        cmocka_unit_test(test_no_false_alarms_by_default),
        cmocka_unit_test(test_holm),
        cmocka_unit_test(test_suspect_does_not_pass),
        cmocka_unit_test(test_uneven_sides),
        cmocka_unit_test(test_stored_intervals),
        cmocka_unit_test(test_rate),
        cmocka_unit_test(test_wrong_and_missing),
        cmocka_unit_test(test_bad_options),
        cmocka_unit_test(test_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What is not an ordinary number passes through the registers' epilogue as through
 * the buffer's: NaN stays, infinities give the limit, zeros keep their sign. What only
 * resembles a clamp stays out of the registers. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hone/hone.h"

/* Whole panels of every width, and a row for each value. */
enum { COLUMNS = 384 };
static const float values[] = {NAN, INFINITY, -INFINITY, 0.0f, -0.0f, 1e-42f, -1e-42f, 5.5f, 6.5f, -6.5f};
enum { ROWS = sizeof values / sizeof values[0] };

/* The default config with the epilogue where `epi` says. */
static void config_with(char *out, size_t size, hone_context *context, const hone_problem *problem,
                        const char *epi) {
    hone_plan *plan;
    assert_int_equal(HONE_OK, hone_plan_create(&plan, context, "cpu", problem, NULL, 1));
    const char *text = hone_plan_config(plan), *at = strstr(text, "epi=");
    assert_non_null(at);
    snprintf(out, size, "%.*s%s%s", (int)(at - text) + 4, text, epi, at + 4 + strcspn(at + 4, ","));
    hone_plan_destroy(plan);
}

/* C = act(x) for every value x: K is 1 and B is ones. */
static void run(float *c, hone_context *context, const char *act, const char *epi) {
    hone_problem problem;
    hone_activation index;
    hone_plan *plan;
    char config[256];
    float b[COLUMNS];
    for (int j = 0; j < COLUMNS; j++)
        b[j] = 1;
    assert_int_equal(HONE_OK, hone_activation_parse(&index, act));
    hone_problem_init(&problem, HONE_F32, index, ROWS, COLUMNS, 1);
    problem.bias = 0;
    config_with(config, sizeof config, context, &problem, epi);
    assert_int_equal(HONE_OK, hone_plan_create(&plan, context, "cpu", &problem, config, 1));
    void *packed = aligned_alloc(HONE_PACK_ALIGN, hone_plan_packed_size(plan));
    assert_non_null(packed);
    assert_int_equal(HONE_OK, hone_plan_pack(packed, plan, b, COLUMNS));
    hone_args args = {.a = values, .lda = 1, .b = packed, .c = c, .ldc = COLUMNS};
    assert_int_equal(HONE_OK, hone_plan_execute(plan, &args));
    free(packed);
    hone_plan_destroy(plan);
}

static void both_epilogues_agree(void **state) {
    (void)state;
    static const char *const acts[] = {"identity", "relu", "relu6", "clip"};
    static float direct[ROWS * COLUMNS], buffered[ROWS * COLUMNS];
    hone_context *context;
    assert_int_equal(HONE_OK, hone_context_create(&context));
    for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++) {
        hone_activation act;
        assert_int_equal(HONE_OK, hone_activation_parse(&act, acts[i]));
        run(direct, context, acts[i], "reg");
        run(buffered, context, acts[i], "l1");
        for (int n = 0; n < ROWS * COLUMNS; n++) {
            float x = values[n / COLUMNS], want = (float)hone_activation_reference(act, x, NULL);
            if (isnan(x) ? !isnan(direct[n]) || !isnan(buffered[n])
                         : direct[n] != want || memcmp(&direct[n], &buffered[n], sizeof direct[n]) != 0)
                fail_msg("%s(%g) in column %d: %g from registers, %g through the buffer, not %g", acts[i],
                         (double)x, n % COLUMNS, (double)direct[n], (double)buffered[n], (double)want);
        }
    }
    hone_context_destroy(context);
}

/* prelu's slopes are arguments, whatever the problem's parameter; a jump stays one, however small. */
static void what_resembles_a_clamp_is_none(void **state) {
    (void)state;
    static const struct {
        const char *act;
        double parameter;
    } cases[] = {{"prelu", 0}, {"prelu", 1}, {"thresholded_relu", 1e-7}};
    hone_context *context;
    assert_int_equal(HONE_OK, hone_context_create(&context));
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        hone_problem problem;
        hone_activation act;
        hone_plan *plan;
        assert_int_equal(HONE_OK, hone_activation_parse(&act, cases[i].act));
        hone_problem_init(&problem, HONE_F32, act, ROWS, COLUMNS, 1);
        problem.act_params[0] = cases[i].parameter;
        assert_int_equal(HONE_OK, hone_plan_create(&plan, context, "cpu", &problem, NULL, 1));
        if (!strstr(hone_plan_config(plan), "epi=l1"))
            fail_msg("%s of %g: %s", cases[i].act, cases[i].parameter, hone_plan_config(plan));
        hone_plan_destroy(plan);
    }
    hone_context_destroy(context);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(both_epilogues_agree),
                                       cmocka_unit_test(what_resembles_a_clamp_is_none)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

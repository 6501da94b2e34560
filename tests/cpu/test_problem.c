#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hone/hone.h"

static void canonical_text_survives_a_round_trip(void **state) {
    (void)state;
    static const char *const texts[][2] = {
        {"gemm/f32/gelu_tanh/128x3072x768", NULL},
        {"gemm/fp16/swish/1x4096x4096", "gemm/f16/silu/1x4096x4096"},
        {"gemm/int8/relu/2x3x4/out=f32/a=u8/rowscale", "gemm/s8/relu/2x3x4/a=u8/out=f32/rowscale"},
        {"gemm/f32/leaky_relu/2x3x4/alpha=0.2", NULL},
        {"gemm/f32/leaky_relu/2x3x4/alpha=0.01", "gemm/f32/leaky_relu/2x3x4"},
        {"gemm/f32/clip/2x3x4/max=6/min=-1", "gemm/f32/clip/2x3x4/min=-1/max=6"},
        {"gemm/bf16/mish/2x3x4/nobias/plain/tb", "gemm/bf16/mish/2x3x4/tb/plain/nobias"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        hone_problem problem;
        char text[HONE_PROBLEM_TEXT];
        assert_int_equal(HONE_OK, hone_problem_parse(&problem, texts[i][0]));
        assert_int_equal(HONE_OK, hone_problem_format(text, sizeof text, &problem));
        assert_string_equal(texts[i][1] ? texts[i][1] : texts[i][0], text);
    }
}

static void bad_text_is_refused_with_a_reason(void **state) {
    (void)state;
    static const char *const texts[][2] = {
        {"", "is not a problem"},
        {"gemm/f32/relu", "is not a problem"},
        {"conv/f32/relu/1x1x1", "is not a problem"},
        {"gemm/f64/relu/1x1x1", "f64"},
        {"gemm/u8/relu/1x1x1", "data type"},
        {"gemm/f32/rleu/1x1x1", "rleu"},
        {"gemm/f32/relu/1x1", "1x1"},
        {"gemm/f32/relu/1x1x1x1", "1x1x1x1"},
        {"gemm/f32/relu/0x1x1", "M is 0"},
        {"gemm/f32/relu/1x-5x1", "N is -5"},
        {"gemm/f32/relu/1x1x1000000000000", "K is 1000000000000"},
        {"gemm/f32/relu/99999999999999999999x1x1", "99999999999999999999"},
        {"gemm/f32/relu/16777216x16777216x1", "elements"},
        {"gemm/s8/relu/1x1x65537", "65537"},
        {"gemm/f32/relu/1x1x1/fast", "fast"},
        {"gemm/f32/relu/1x1x1/alpha=1", "alpha"},
        {"gemm/f32/prelu/1x1x1/alpha=0.3", "alpha"}, /* prelu's slopes are arguments */
        {"gemm/f32/elu/1x1x1/alpha=x", "not a number"},
        {"gemm/f32/elu/1x1x1/alpha=nan", "nan"},
        {"gemm/f32/celu/1x1x1/alpha=0", "alpha of celu"},
        {"gemm/f32/relu/1x1x1/out=f16", "s8"},
        {"gemm/s8/relu/1x1x1/out=bf16", "C of an s8"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        hone_problem problem = {.m = 42};
        assert_int_equal(HONE_E_USAGE, hone_problem_parse(&problem, texts[i][0]));
        if (!strstr(hone_error_detail(), texts[i][1]))
            fail_msg("'%s': '%s' does not say '%s'", texts[i][0], hone_error_detail(), texts[i][1]);
        assert_int_equal(42, problem.m);
    }
}

static void a_small_buffer_is_refused(void **state) {
    (void)state;
    hone_problem problem;
    char text[8];
    hone_problem_init(&problem, HONE_F32, 0, 1, 1, 1);
    assert_int_equal(HONE_E_USAGE, hone_problem_format(text, sizeof text, &problem));
}

static void names(void **state) {
    (void)state;
    hone_dtype dtype;
    hone_activation act;
    assert_int_equal(20, hone_activation_count());
    for (int i = 0; i < hone_activation_count(); i++) {
        assert_int_equal(HONE_OK, hone_activation_parse(&act, hone_activation_name(i)));
        assert_int_equal(i, act);
    }
    for (int i = 0; i < HONE_DTYPE_COUNT; i++) {
        assert_int_equal(HONE_OK, hone_dtype_parse(&dtype, hone_dtype_name((hone_dtype)i)));
        assert_int_equal(i, dtype);
        assert_true(hone_dtype_size(dtype) >= 1);
    }
    assert_null(hone_activation_name(-1));
    assert_null(hone_activation_name(hone_activation_count()));
    assert_null(hone_dtype_name(HONE_DTYPE_COUNT));
    assert_int_equal(0, hone_dtype_size((hone_dtype)-1));
    for (int s = HONE_OK; s <= HONE_E_INTERRUPTED; s++)
        assert_true(strlen(hone_status_text((hone_status)s)) > 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(canonical_text_survives_a_round_trip),
        cmocka_unit_test(bad_text_is_refused_with_a_reason),
        cmocka_unit_test(a_small_buffer_is_refused),
        cmocka_unit_test(names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* 16-bit conversions: the scalar code against itself over all values and against
 * the vector code of every instruction set. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../kernels/activation.h"
#include "../../kernels/cpu/cpu_variants.h"
#include "../../kernels/half.h"

enum { ALL = 65536 };

static void every_half_survives_a_round_trip(void **state) {
    (void)state;
    for (uint32_t h = 0; h < ALL; h++) {
        float f16 = hone_f16_to_f32((uint16_t)h), bf16 = hone_bf16_to_f32((uint16_t)h);
        if (isnan(f16))
            assert_true(isnan(hone_f16_to_f32(hone_f16_from_f32(f16))));
        else
            assert_int_equal(h, hone_f16_from_f32(f16));
        if (isnan(bf16))
            assert_true(isnan(hone_bf16_to_f32(hone_bf16_from_f32(bf16))));
        else
            assert_int_equal(h, hone_bf16_from_f32(bf16));
    }
}

static void rounding_is_to_nearest_even(void **state) {
    (void)state;
    /* IEEE 754: 1 + 2^-11 is halfway between 1 and the next f16. */
    assert_int_equal(0x3c00, hone_f16_from_f32(1.0f + 0x1p-11f));
    assert_int_equal(0x3c02, hone_f16_from_f32(1.0f + 0x3p-11f));
    assert_int_equal(0x3c01, hone_f16_from_f64(1.0 + 0x1p-11 + 0x1p-40));
    assert_int_equal(0x7bff, hone_f16_from_f32(65519.0f));
    assert_int_equal(0x7c00, hone_f16_from_f32(65520.0f));
    assert_int_equal(0x0001, hone_f16_from_f32(0x1.8p-25f));
    assert_int_equal(0x0000, hone_f16_from_f32(0x1p-25f));
    assert_int_equal(0x8000, hone_f16_from_f32(-0x1p-26f));
    assert_int_equal(0x3f80, hone_bf16_from_f32(1.0f + 0x1p-8f));
    assert_int_equal(0x3f82, hone_bf16_from_f32(1.0f + 0x3p-8f));
    assert_int_equal(0x7f80, hone_bf16_from_f32(3.4028235e38f));
    assert_int_equal(0x0001, hone_bf16_from_f64(0x1p-133));
}

/* Values around every half, its neighbours' midpoints included. */
static void vector_code_rounds_the_same(void **state) {
    (void)state;
    enum { N = 3 * ALL };
    float *x = malloc(N * sizeof *x);
    uint16_t *y = malloc(N * sizeof *y);
    assert_non_null(x);
    assert_non_null(y);
    for (int type = HONE_C_F16; type <= HONE_C_BF16; type++) {
        for (uint32_t h = 0; h < ALL; h++) {
            float value = type == HONE_C_F16 ? hone_f16_to_f32((uint16_t)h) : hone_bf16_to_f32((uint16_t)h);
            float next =
                type == HONE_C_F16 ? hone_f16_to_f32((uint16_t)(h + 1)) : hone_bf16_to_f32((uint16_t)(h + 1));
            x[3 * h] = value;
            x[3 * h + 1] = value / 2 + next / 2;
            x[3 * h + 2] = value + (next - value) * 0.75f;
        }
        for (const hone_cpu_isa *isa = hone_cpu_isas; isa->name; isa++) {
            if (!hone_cpu_isa_runs(isa))
                continue;
            hone_epilogue_args args = {.acc = x, .acc_ld = N, .columns = N, .c = y, .ldc = N, .c_type = type};
            isa->code->epilogues[HONE_FORM_BRIEF][0](&args, 0,
                                                     1); /* the first row of the table is identity */
            for (int i = 0; i < N; i++) {
                uint16_t want = type == HONE_C_F16 ? hone_f16_from_f32(x[i]) : hone_bf16_from_f32(x[i]);
                int both_nan =
                    isnan(x[i]) && isnan(type == HONE_C_F16 ? hone_f16_to_f32(y[i]) : hone_bf16_to_f32(y[i]));
                if (!both_nan && y[i] != want)
                    fail_msg("%s: %a becomes %04x, not %04x", isa->name, (double)x[i], y[i], want);
            }
        }
    }
    free(x);
    free(y);
}

static void vector_code_widens_the_same(void **state) {
    (void)state;
    static uint16_t halves[ALL];
    static float wide[ALL];
    for (uint32_t h = 0; h < ALL; h++)
        halves[h] = (uint16_t)h;
    for (const hone_cpu_isa *isa = hone_cpu_isas; isa->name; isa++) {
        if (!hone_cpu_isa_runs(isa))
            continue;
        for (int bf16 = 0; bf16 < 2; bf16++) {
            (bf16 ? isa->code->widen_bf16 : isa->code->widen_f16)((char *)wide, 0, (const char *)halves, 0, 1,
                                                                  ALL, ALL);
            for (uint32_t h = 0; h < ALL; h++) {
                float want = bf16 ? hone_bf16_to_f32((uint16_t)h) : hone_f16_to_f32((uint16_t)h);
                assert_true(isnan(want) ? isnan(wide[h]) : memcmp(&want, &wide[h], sizeof want) == 0);
            }
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_half_survives_a_round_trip),
        cmocka_unit_test(rounding_is_to_nearest_even),
        cmocka_unit_test(vector_code_rounds_the_same),
        cmocka_unit_test(vector_code_widens_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

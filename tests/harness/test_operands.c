#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "../../harness/operand_values.h"

static hone_problem problem_of(const char *text) {
    hone_problem problem;
    assert_int_equal(hone_problem_parse(&problem, text), HONE_OK);
    return problem;
}

static hone_operands *operands_of(const char *text, uint64_t seed, int padding) {
    hone_problem problem = problem_of(text);
    hone_operands *operands;
    assert_int_equal(hone_operands_create(&operands, &problem, seed, padding), HONE_OK);
    return operands;
}

static void test_same_seed_gives_same_data(void **state) {
    (void)state;
    hone_operands *a = operands_of("gemm/f32/relu/5x7x9", 1, 0);
    hone_operands *b = operands_of("gemm/f32/relu/5x7x9/tb", 1, 3);
    hone_operands *c = operands_of("gemm/f32/relu/5x7x9", 2, 0);
    int differs = 0;
    for (int64_t i = 0; i < 5; i++)
        for (int64_t k = 0; k < 9; k++) {
            assert_true(hone_operands_a(a, i, k) == hone_operands_a(b, i, k));
            differs |= hone_operands_a(a, i, k) != hone_operands_a(c, i, k);
        }
    for (int64_t k = 0; k < 9; k++)
        for (int64_t j = 0; j < 7; j++)
            assert_true(hone_operands_b(a, k, j) == hone_operands_b(b, k, j));
    assert_memory_equal(a->bias, b->bias, 7 * sizeof(float));
    assert_true(differs);
    hone_operands_destroy(a);
    hone_operands_destroy(b);
    hone_operands_destroy(c);
}

static void test_values_fill_their_range(void **state) {
    (void)state;
    static const char *const texts[] = {"gemm/f32/identity/40x40x40", "gemm/f16/identity/40x40x40",
                                        "gemm/bf16/identity/40x40x40", "gemm/s8/identity/40x40x40",
                                        "gemm/s8/identity/40x40x40/a=u8/rowscale"};
    for (size_t t = 0; t < sizeof texts / sizeof *texts; t++) {
        hone_operands *operands = operands_of(texts[t], 7, 1);
        double low = 0, high = 0, sum = 0;
        for (int64_t i = 0; i < 40; i++)
            for (int64_t k = 0; k < 40; k++) {
                double v = hone_operands_a(operands, i, k);
                low = fmin(low, v);
                high = fmax(high, v);
                sum += v;
            }
        assert_true(low >= -1.1 && low < -0.9);
        assert_true(high <= 1.1 && high > 0.9);
        assert_true(fabs(sum / 1600) < 0.1);
        hone_operands_destroy(operands);
    }
}

static void test_quantised_values_are_near_the_real_ones(void **state) {
    (void)state;
    hone_operands *operands = operands_of("gemm/s8/identity/9x11x13/rowscale", 3, 2);
    double real[13];
    for (int64_t i = 0; i < 9; i++) {
        hone_operands_real_a_row(real, operands, i);
        assert_true(operands->a_zero[i] != 0);
        for (int64_t k = 0; k < 13; k++)
            assert_true(fabs(real[k] - hone_operands_a(operands, i, k)) <= operands->a_scale[i] * 0.500001);
    }
    for (int64_t k = 0; k < 13; k++) {
        hone_operands_real_b_span(real, operands, k, 0, 11);
        for (int64_t j = 0; j < 11; j++)
            assert_true(fabs(real[j] - hone_operands_b(operands, k, j)) <= operands->b_scale[j] * 0.500001);
    }
    assert_true(operands->c_zero != 0);
    hone_operands_destroy(operands);
}

static void test_touched_counts_guards_and_gaps(void **state) {
    (void)state;
    hone_operands *operands = operands_of("gemm/f32/identity/3x5x2", 3, 2);
    float *c = operands->c;
    unsigned char *bytes = operands->c;
    for (int pattern = 0; pattern < 2; pattern++) {
        hone_operands_fill(operands, pattern);
        assert_int_equal(hone_operands_touched(operands, pattern), 0);
        for (int64_t i = 0; i < 3; i++)
            for (int64_t j = 0; j < 5; j++) {
                assert_true(hone_operands_unwritten(operands, i, j, pattern));
                c[i * operands->ldc + j] = 1;
                assert_false(hone_operands_unwritten(operands, i, j, pattern));
            }
        assert_int_equal(hone_operands_touched(operands, pattern), 0);
        bytes[-1] ^= 1;
        assert_int_equal(hone_operands_touched(operands, pattern), 1);
        bytes[5 * sizeof(float)] ^= 1;
        assert_int_equal(hone_operands_touched(operands, pattern), 2);
        operands->c_block[operands->c_block_size - 1] ^= 1;
        assert_int_equal(hone_operands_touched(operands, pattern), 3);
    }
    assert_true((const unsigned char *)operands->c - operands->c_block >= 64);
    hone_operands_destroy(operands);
}

static void test_matrices_are_aligned(void **state) {
    (void)state;
    hone_operands *operands = operands_of("gemm/bf16/identity/3x5x2", 3, 1);
    assert_int_equal((uintptr_t)operands->a % 64, 0);
    assert_int_equal((uintptr_t)operands->b % 64, 0);
    assert_int_equal((uintptr_t)operands->c % 64, 0);
    hone_operands_destroy(operands);
}

static void test_refuses_what_cannot_be(void **state) {
    (void)state;
    hone_operands *operands = NULL;
    hone_problem problem = problem_of("gemm/f32/identity/3x5x2");
    assert_int_equal(hone_operands_create(&operands, &problem, 1, -1), HONE_E_USAGE);
    problem.m = 0;
    assert_int_equal(hone_operands_create(&operands, &problem, 1, 0), HONE_E_USAGE);
    /* The largest problem allowed: 192 GB. */
    problem.m = problem.n = problem.k = (int64_t)1 << 17;
    hone_status status = hone_operands_create(&operands, &problem, 1, 0);
    assert_true(status == HONE_E_NOMEM);
    assert_non_null(strstr(hone_error_detail(), "131072x131072x131072"));
    assert_null(operands);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same_seed_gives_same_data),
        cmocka_unit_test(test_values_fill_their_range),
        cmocka_unit_test(test_quantised_values_are_near_the_real_ones),
        cmocka_unit_test(test_touched_counts_guards_and_gaps),
        cmocka_unit_test(test_matrices_are_aligned),
        cmocka_unit_test(test_refuses_what_cannot_be),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "../../harness/reference.h"
#include "naive_kernel.h"

/* What to break in an otherwise correct kernel. */
typedef enum fault {
    NO_FAULT,
    OFF_BY_SLIGHTLY_LESS_THAN_BOUND,
    OFF_BY_MORE_THAN_BOUND,
    SKIPS_ELEMENT,
    WRITES_GAP,
    WRITES_BEFORE,
    WRITES_AFTER,
    SWALLOWS_NAN,
    ADDS_TO_C
} fault;

typedef struct faulty_kernel {
    hone_operands *operands;
    const hone_reference *reference;
    fault broken;
    int64_t calls;
} faulty_kernel;

static void run_kernel(void *context) {
    faulty_kernel *self = context;
    const hone_problem *problem = &self->operands->problem;
    hone_args args = hone_operands_args(self->operands);
    int64_t i = problem->m - 1, j = problem->n - 1, n = i * args.ldc + j, in_reference;
    unsigned char before[8],
        *element = (unsigned char *)args.c + (size_t)n * hone_dtype_size(problem->c_type);
    memcpy(before, element, hone_dtype_size(problem->c_type));
    float old = naive_load(args.c, problem->c_type, 0);
    naive_execute(problem, &args);
    self->calls++;
    switch (self->broken) {
    case NO_FAULT:
        break;
    case OFF_BY_SLIGHTLY_LESS_THAN_BOUND:
    case OFF_BY_MORE_THAN_BOUND:
        in_reference = (self->reference->count - 1) * problem->n + j;
        ((float *)args.c)[n] = (float)(self->reference->result[in_reference] +
                                       (self->broken == OFF_BY_MORE_THAN_BOUND ? 1.4 : 0.6) *
                                           self->reference->bound[in_reference]);
        break;
    case SKIPS_ELEMENT:
        memcpy(element, before, hone_dtype_size(problem->c_type));
        break;
    case WRITES_GAP:
        naive_store(&args, problem->c_type, problem->n, 0.0f);
        break;
    case WRITES_BEFORE:
        naive_store(&args, problem->c_type, -1, 0.0f);
        break;
    case WRITES_AFTER:
        naive_store(&args, problem->c_type, problem->m * args.ldc, 0.0f);
        break;
    case SWALLOWS_NAN:
        for (int64_t c = 0; c < problem->n; c++)
            naive_store(&args, problem->c_type, c, 0.0f);
        break;
    case ADDS_TO_C:
        naive_store(&args, problem->c_type, 0, naive_load(args.c, problem->c_type, 0) + old);
        break;
    }
}

static hone_problem problem_of(const char *text) {
    hone_problem problem;
    assert_int_equal(hone_problem_parse(&problem, text), HONE_OK);
    return problem;
}

static hone_numerics verify(hone_operands *operands, const hone_reference *reference, fault broken) {
    faulty_kernel kernel = {operands, reference, broken, 0};
    hone_numerics numerics;
    assert_int_equal(hone_verify_run(&numerics, operands, reference, run_kernel, &kernel), HONE_OK);
    assert_int_equal(kernel.calls, 2);
    return numerics;
}

static hone_numerics verify_text(const char *text, int padding, fault broken) {
    hone_problem problem = problem_of(text);
    hone_operands *operands;
    hone_reference *reference;
    assert_int_equal(hone_operands_create(&operands, &problem, 42, padding), HONE_OK);
    assert_int_equal(hone_reference_create(&reference, operands, 0), HONE_OK);
    hone_numerics numerics = verify(operands, reference, broken);
    hone_reference_destroy(reference);
    hone_operands_destroy(operands);
    return numerics;
}

static const char *const kinds[] = {
    "gemm/f32/identity/7x13x17",         "gemm/f32/identity/3x5x1/nobias",
    "gemm/f32/identity/65x3x257/tb",     "gemm/f16/identity/7x13x17/tb",
    "gemm/f16/identity/63x17x1",         "gemm/bf16/identity/7x13x64",
    "gemm/bf16/identity/17x63x1/nobias", "gemm/s8/identity/7x13x17",
    "gemm/s8/identity/7x13x65/out=f32",  "gemm/s8/identity/7x13x17/out=f16",
    "gemm/s8/identity/9x13x17/out=u8",   "gemm/s8/identity/7x13x1/a=u8",
    "gemm/s8/identity/7x13x63/rowscale", "gemm/s8/identity/7x63x257/a=u8/tb",
};

/* One set of operands and one reference serve every activation. */
static void test_correct_kernel_passes_everywhere(void **state) {
    (void)state;
    for (size_t t = 0; t < sizeof kinds / sizeof *kinds; t++) {
        hone_problem problem = problem_of(kinds[t]);
        hone_operands *operands;
        hone_reference *reference;
        assert_int_equal(hone_operands_create(&operands, &problem, 5 + t, (int)(t % 3)), HONE_OK);
        assert_int_equal(hone_reference_create(&reference, operands, 0), HONE_OK);
        for (hone_activation act = 0; act < hone_activation_count(); act++) {
            hone_problem_init(&problem, problem.dtype, act, problem.m, problem.n, problem.k);
            operands->problem.act = act;
            memcpy(operands->problem.act_params, problem.act_params, sizeof problem.act_params);
            assert_int_equal(hone_reference_activate(reference, &operands->problem), HONE_OK);
            hone_numerics numerics = verify(operands, reference, NO_FAULT);
            if (!numerics.correct) {
                char reason[200];
                hone_numerics_reason(reason, sizeof reason, &numerics);
                fail_msg("%s with %s: %s", kinds[t], hone_activation_name(act), reason);
            }
            assert_int_equal(numerics.checked, problem.m * problem.n);
            assert_int_equal(numerics.health.nan_count, 0);
            if (problem.dtype == HONE_S8)
                assert_true(numerics.quant_sqnr_db > 5);
            else
                assert_true(isnan(numerics.quant_sqnr_db));
        }
        hone_reference_destroy(reference);
        hone_operands_destroy(operands);
    }
}

static void test_bound_is_sharp(void **state) {
    (void)state;
    hone_numerics inside = verify_text("gemm/f32/gelu_tanh/7x13x17", 0, OFF_BY_SLIGHTLY_LESS_THAN_BOUND);
    assert_true(inside.correct);
    assert_true(inside.err_bound_ratio > 0.5);
    hone_numerics outside = verify_text("gemm/f32/gelu_tanh/7x13x17", 0, OFF_BY_MORE_THAN_BOUND);
    assert_false(outside.correct);
    assert_true(outside.err_bound_ratio > 1 && outside.err_bound_ratio < 2);
    assert_int_equal(outside.worst_row, 6);
    assert_int_equal(outside.worst_column, 12);
    char reason[200];
    hone_numerics_reason(reason, sizeof reason, &outside);
    assert_non_null(strstr(reason, "seed 42"));
}

static void test_faults_are_found(void **state) {
    (void)state;
    static const char *const texts[] = {"gemm/f32/relu/7x13x17", "gemm/f16/relu/7x13x17",
                                        "gemm/bf16/relu/7x13x17", "gemm/s8/relu/7x13x17",
                                        "gemm/s8/relu/7x13x17/out=u8"};
    for (size_t t = 0; t < sizeof texts / sizeof *texts; t++) {
        hone_numerics skipped = verify_text(texts[t], 3, SKIPS_ELEMENT);
        assert_int_equal(skipped.unwritten, 1);
        assert_false(skipped.correct);
        static const fault touching[] = {WRITES_GAP, WRITES_BEFORE, WRITES_AFTER};
        for (size_t f = 0; f < 3; f++) {
            hone_numerics touched = verify_text(texts[t], 3, touching[f]);
            assert_true(touched.touched >= 1);
            assert_int_equal(touched.unwritten, 0);
            assert_true(touched.err_bound_ratio <= 1);
            assert_false(touched.correct);
        }
        assert_false(verify_text(texts[t], 0, ADDS_TO_C).correct);
    }
}

static void test_nan_must_come_out(void **state) {
    (void)state;
    hone_problem problem = problem_of("gemm/f32/relu/4x5x6");
    hone_operands *operands;
    hone_reference *reference;
    assert_int_equal(hone_operands_create(&operands, &problem, 42, 0), HONE_OK);
    ((float *)operands->a)[2] = NAN;
    ((float *)operands->a)[operands->lda] = INFINITY;
    assert_int_equal(hone_reference_create(&reference, operands, 0), HONE_OK);
    hone_numerics kept = verify(operands, reference, NO_FAULT);
    assert_true(kept.correct);
    assert_int_equal(kept.health.nan_count, 5);
    assert_true(kept.health.inf_count > 0);
    hone_numerics swallowed = verify(operands, reference, SWALLOWS_NAN);
    assert_false(swallowed.correct);
    assert_true(isinf(swallowed.err_bound_ratio));
    assert_int_equal(swallowed.worst_row, 0);
    hone_reference_destroy(reference);
    hone_operands_destroy(operands);
}

static void test_rows_are_a_seeded_choice(void **state) {
    (void)state;
    hone_problem problem = problem_of("gemm/f32/identity/1000x4x4");
    hone_operands *operands;
    hone_reference *a, *b, *two;
    assert_int_equal(hone_operands_create(&operands, &problem, 42, 0), HONE_OK);
    assert_int_equal(hone_reference_create(&a, operands, 16 * 100), HONE_OK);
    assert_int_equal(hone_reference_create(&b, operands, 16 * 100), HONE_OK);
    assert_int_equal(hone_reference_create(&two, operands, 1), HONE_OK);
    assert_int_equal(a->count, 100);
    assert_memory_equal(a->rows, b->rows, 100 * sizeof *a->rows);
    assert_int_equal(a->rows[0], 0);
    assert_int_equal(a->rows[99], 999);
    for (int r = 1; r < 100; r++)
        assert_true(a->rows[r] > a->rows[r - 1]);
    assert_int_equal(two->count, 2);
    assert_int_equal(two->rows[1], 999);
    hone_numerics numerics = verify(operands, a, NO_FAULT);
    assert_true(numerics.correct);
    assert_int_equal(numerics.checked, 400);
    hone_reference_destroy(a);
    hone_reference_destroy(b);
    hone_reference_destroy(two);
    hone_operands_destroy(operands);
}

static void test_health(void **state) {
    (void)state;
    hone_problem problem = problem_of("gemm/f32/relu6/20x30x40");
    hone_operands *operands;
    hone_reference *reference;
    assert_int_equal(hone_operands_create(&operands, &problem, 42, 0), HONE_OK);
    operands->bias[3] = -100;
    operands->bias[4] = 100;
    assert_int_equal(hone_reference_create(&reference, operands, 0), HONE_OK);
    hone_health health = verify(operands, reference, NO_FAULT).health;
    assert_int_equal(health.dead_columns, 1);
    assert_true(health.zero_fraction > 0.3 && health.zero_fraction < 0.7);
    int at_end = 0;
    for (int64_t i = 0; i < 20; i++)
        for (int64_t j = 0; j < 30; j++)
            at_end += hone_operands_c(operands, i, j) == 0 || hone_operands_c(operands, i, j) == 6;
    assert_true(fabs(health.saturated_fraction - at_end / 600.0) < 1e-12);
    assert_true(health.saturated_fraction >= health.zero_fraction + 1.0 / 30);
    assert_true(health.negative_fraction == 0);
    assert_true(health.entropy_bits > 1 && health.entropy_bits < 6);
    hone_reference_destroy(reference);
    hone_operands_destroy(operands);
}

static void test_reference_refuses_other_operands(void **state) {
    (void)state;
    hone_problem problem = problem_of("gemm/f32/relu/4x5x6"), other = problem_of("gemm/f32/relu/4x5x7");
    hone_operands *operands, *others;
    hone_reference *reference;
    assert_int_equal(hone_operands_create(&operands, &problem, 42, 0), HONE_OK);
    assert_int_equal(hone_operands_create(&others, &other, 42, 0), HONE_OK);
    assert_int_equal(hone_reference_create(&reference, operands, 0), HONE_OK);
    assert_int_equal(hone_reference_activate(reference, &other), HONE_E_USAGE);
    faulty_kernel kernel = {others, reference, NO_FAULT, 0};
    hone_numerics numerics;
    assert_int_equal(hone_verify_run(&numerics, others, reference, run_kernel, &kernel), HONE_E_USAGE);
    hone_reference_destroy(reference);
    hone_operands_destroy(operands);
    hone_operands_destroy(others);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_correct_kernel_passes_everywhere),
        cmocka_unit_test(test_bound_is_sharp),
        cmocka_unit_test(test_faults_are_found),
        cmocka_unit_test(test_nan_must_come_out),
        cmocka_unit_test(test_rows_are_a_seeded_choice),
        cmocka_unit_test(test_health),
        cmocka_unit_test(test_reference_refuses_other_operands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

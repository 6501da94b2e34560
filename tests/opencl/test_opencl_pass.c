/* The separate pass on every activation, to f32 in place and to f16, against the fp64 reference. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../kernels/backend.h"

#ifdef HONE_HAVE_OPENCL

#include "../../kernels/activation.h"
#include "../../kernels/half.h"
#include "../../kernels/opencl/opencl_pass.h"

enum { ROWS = 5, COLUMNS = 1061, LD = COLUMNS + 3, GAP = 7 };

static const hone_device *device;

/* Numbers of [-6, 6]. */
static float number(unsigned *state) {
    *state = *state * 1664525u + 1013904223u;
    return (float)((int)(*state >> 20 & 1023) - 512) * (6.0f / 512);
}

static double get(const void *c, hone_dtype type, size_t at) {
    return type == HONE_F16 ? (double)hone_f16_to_f32(((const uint16_t *)c)[at])
                            : (double)((const float *)c)[at];
}

static void put(void *c, hone_dtype type, size_t at, float value) {
    if (type == HONE_F16)
        ((uint16_t *)c)[at] = hone_f16_from_f32(value);
    else
        ((float *)c)[at] = value;
}

/* What the forms of the table are allowed, and half a unit in the last place of C. */
static double allowed(hone_dtype type, int smooth, double x, double f) {
    const double half_unit = type == HONE_F16 ? 0x1p-11 * fabs(f) + 0x1p-25 : 0x1p-24 * fabs(f);
    const double form = type == HONE_F16 ? 0x1p-13 * fabs(f) : 0x1p-22 * fmax(fabs(x), fabs(f));
    return 1.001 * (half_unit + (smooth ? form : 0x1p-23 * fabs(f)));
}

static void compare(const hone_problem *problem, const void *c, const float *before, const float *vectors) {
    const hone_act_info *info = hone_activation_info(problem->act);
    const hone_dtype type = problem->c_type;
    for (size_t i = 0; i < ROWS; i++) {
        for (size_t j = 0; j < COLUMNS; j++) {
            const double p = info->per_column ? (double)vectors[COLUMNS + j] : problem->act_params[0];
            const float bias = problem->bias ? vectors[j] : 0;
            const double x = (double)(before[i * LD + j] + bias);
            const double want = info->reference(x, (double)(float)p, (double)(float)problem->act_params[1]);
            const double got = get(c, type, i * LD + j);
            if (!(fabs(got - want) <= allowed(type, info->smooth, x, want)))
                fail_msg("%s of %.9g in %s is %.9g instead of %.9g", info->name, x, hone_dtype_name(type),
                         got, want);
        }
        for (size_t j = COLUMNS; j < LD && i + 1 < ROWS; j++)
            assert_true(get(c, type, i * LD + j) == GAP);
    }
}

static void try_activation(hone_dtype type, hone_activation act, int bias) {
    static float vectors[2 * COLUMNS];
    static float c[ROWS * LD], before[ROWS * LD]; /* room for either type */
    unsigned state = 1;
    hone_problem problem;
    hone_problem_init(&problem, type, act, ROWS, COLUMNS, 1);
    problem.bias = bias;
    for (size_t j = 0; j < 2 * COLUMNS; j++)
        vectors[j] = number(&state) / 8;
    for (size_t i = 0; i < ROWS * LD; i++) {
        before[i] = i % LD < COLUMNS ? number(&state) : GAP;
        put(c, type, i, type == HONE_F32 ? before[i] : GAP);
    }
    const hone_args args = {.c = c, .ldc = LD, .bias = vectors, .alpha = vectors + COLUMNS, .c_scale = 1};
    device->backend->activate(device, &problem, type == HONE_F32 ? c : before, LD, &args, NULL);
    compare(&problem, c, before, vectors);
}

static void test_f32(void **state) {
    (void)state;
    for (hone_activation act = 0; act < hone_activation_count(); act++)
        try_activation(HONE_F32, act, act % 2);
}

static void test_f16(void **state) {
    (void)state;
    for (hone_activation act = 0; act < hone_activation_count(); act++)
        try_activation(HONE_F16, act, (act + 1) % 2);
}

static void test_what_it_is_for(void **state) {
    (void)state;
    hone_problem problem;
    assert_int_equal(hone_problem_parse(&problem, "gemm/f32/identity/8x8x8/nobias"), HONE_OK);
    assert_false(hone_opencl_pass_needed(&problem));
    assert_int_equal(hone_problem_parse(&problem, "gemm/f32/identity/8x8x8"), HONE_OK);
    assert_true(hone_opencl_pass_needed(&problem));
    assert_int_equal(hone_problem_parse(&problem, "gemm/f32/relu/8x8x8/nobias"), HONE_OK);
    assert_true(hone_opencl_pass_needed(&problem));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_f32),
        cmocka_unit_test(test_f16),
        cmocka_unit_test(test_what_it_is_for),
    };
    hone_context *context;
    if (hone_context_create(&context))
        return 1;
    if (hone_context_device(&device, context, "opencl")) {
        printf("no OpenCL device: %s\n", hone_error_detail());
        hone_context_destroy(context);
        return 77;
    }
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    hone_context_destroy(context);
    return failed;
}

#else

int main(void) {
    puts("built without OpenCL");
    return 77;
}

#endif

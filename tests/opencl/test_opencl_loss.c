/* A device that fails in a call: the call says so, and what was there is there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../kernels/backend.h"

#ifdef HONE_HAVE_OPENCL

#include "opencl_loss.h"

enum { M = 5, N = 19, K = 140 };

static hone_context *context;
static const hone_device *device;

typedef struct fixture {
    hone_plan *plan;
    float a[M * K], b[K * N], bias[N], c[M * N], expected[M * N];
    hone_args args;
    void *packed;
} fixture;

/* The default config with A copied or not, and so many parts of K. */
static void choose(char *text, const hone_problem *problem, const char *copy, const char *parts) {
    hone_config config;
    assert_int_equal(HONE_OK, device->backend->default_config(&config, device, problem, 1, NULL));
    assert_int_equal(HONE_OK, hone_config_set(&config, "copy", copy));
    assert_int_equal(HONE_OK, hone_config_set(&config, "ks", parts));
    assert_int_equal(HONE_OK, hone_config_format(text, HONE_CONFIG_TEXT, &config));
}

/* Its first call has worked. */
static void set_up(fixture *f, const char *text, const char *copy, const char *parts) {
    hone_problem problem;
    char config[HONE_CONFIG_TEXT];
    for (int i = 0; i < M * K; i++)
        f->a[i] = (float)(i % 7 - 3);
    for (int i = 0; i < K * N; i++)
        f->b[i] = (float)(i % 5 - 2);
    for (int i = 0; i < N; i++)
        f->bias[i] = (float)i;
    f->packed = NULL;
    f->args = (hone_args){.a = f->a, .lda = K, .b = f->b, .ldb = N, .c = f->c, .ldc = N, .bias = f->bias};
    assert_int_equal(HONE_OK, hone_problem_parse(&problem, text));
    choose(config, &problem, copy, parts);
    if (hone_plan_create(&f->plan, context, device->name, &problem, config, 1))
        fail_msg("%s", hone_error_detail());
    const size_t bytes = hone_plan_packed_size(f->plan);
    if (bytes) {
        assert_int_equal(0, posix_memalign(&f->packed, HONE_PACK_ALIGN, bytes));
        assert_int_equal(HONE_OK, hone_plan_pack(f->packed, f->plan, f->b, N));
        f->args.b = f->packed;
    }
    assert_int_equal(HONE_OK, hone_plan_execute(f->plan, &f->args));
    memcpy(f->expected, f->c, sizeof f->c);
}

static void tear_down(fixture *f) {
    hone_plan_destroy(f->plan);
    free(f->packed);
}

/* The plan works again as soon as the device does. */
static void works_again(fixture *f) {
    starts_left = waits_left = ends_left = -1;
    memset(f->c, 0xff, sizeof f->c);
    assert_int_equal(HONE_OK, hone_plan_execute(f->plan, &f->args));
    assert_memory_equal(f->expected, f->c, sizeof f->c);
}

/* Each of the kernels of a call: packing, copying, multiplying, adding up. */
static void test_no_kernel_starts(void **state) {
    (void)state;
    static const struct {
        const char *text, *copy, *parts;
        int kernels;
    } cases[] = {{"gemm/f32/relu/5x19x140", "0", "1", 1}, {"gemm/f32/relu/5x19x140/plain", "1", "2", 4}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        static fixture f;
        set_up(&f, cases[i].text, cases[i].copy, cases[i].parts);
        for (int works = 0; works < cases[i].kernels; works++) {
            starts_left = works;
            assert_int_equal(HONE_E_UNAVAILABLE, hone_plan_execute(f.plan, &f.args));
            assert_non_null(strstr(hone_error_detail(), "CL_DEVICE_NOT_AVAILABLE"));
            works_again(&f);
        }
        starts_left = cases[i].kernels; /* which were all */
        assert_int_equal(HONE_OK, hone_plan_execute(f.plan, &f.args));
        works_again(&f);
        tear_down(&f);
    }
}

static void test_waiting_fails(void **state) {
    (void)state;
    static fixture f;
    set_up(&f, "gemm/f32/relu/5x19x140", "0", "1");
    waits_left = 0;
    assert_int_equal(HONE_E_UNAVAILABLE, hone_plan_execute(f.plan, &f.args));
    works_again(&f);
    tear_down(&f);
}

static void test_a_kernel_fails_while_it_runs(void **state) {
    (void)state;
    static fixture f;
    set_up(&f, "gemm/f32/relu/5x19x140", "0", "1");
    ends_left = 0;
    assert_int_equal(HONE_E_UNAVAILABLE, hone_plan_execute(f.plan, &f.args));
    assert_non_null(strstr(hone_error_detail(), "CL_DEVICE_NOT_AVAILABLE"));
    works_again(&f);
    tear_down(&f);
}

static void test_packing_fails(void **state) {
    (void)state;
    static fixture f;
    set_up(&f, "gemm/f32/relu/5x19x140", "0", "1");
    starts_left = 0;
    assert_int_equal(HONE_E_UNAVAILABLE, hone_plan_pack(f.packed, f.plan, f.b, N));
    starts_left = -1;
    assert_int_equal(HONE_OK, hone_plan_pack(f.packed, f.plan, f.b, N));
    works_again(&f);
    tear_down(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_kernel_starts),
        cmocka_unit_test(test_waiting_fails),
        cmocka_unit_test(test_a_kernel_fails_while_it_runs),
        cmocka_unit_test(test_packing_fails),
    };
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

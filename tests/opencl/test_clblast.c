/* The baseline clblast on the first OpenCL device. */
#include "opencl_provider.h"

#include <stdio.h>

static void test_verifies(void **state) {
    (void)state;
    static const struct {
        const char *text, *label;
        int padding;
    } cases[] = {
        {"gemm/f32/identity/7x33x17/nobias", "Sgemm", 0},
        {"gemm/f32/identity/7x33x17", "Sgemm, then one pass", 0},
        {"gemm/f32/relu/1x67x65/nobias", "Sgemm, then one pass", 0},
        {"gemm/f32/prelu/19x35x24", "Sgemm, then one pass", 3},
        {"gemm/f32/prelu/19x35x24/nobias/tb", "Sgemm, then one pass", 5},
        {"gemm/f32/gelu_tanh/130x5x3/tb/plain", "Sgemm, then one pass", 1},
        {"gemm/f32/leaky_relu/33x64x40/alpha=0.3/tb", "Sgemm, then one pass", 0},
        {"gemm/f32/clip/64x1x9/min=-0.5/max=0.25/plain", "Sgemm, then one pass", 2},
        {"gemm/f32/mish/5x2085x12", "Sgemm, then one pass", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        verify(cases[i].text, cases[i].padding, cases[i].label);
}

static hone_status check(const hone_device *on, const char *text) {
    hone_problem problem;
    assert_int_equal(hone_problem_parse(&problem, text), HONE_OK);
    return provider->check(on, &problem);
}

static void assert_refused(const hone_device *on, const char *text, const char *reason) {
    assert_int_equal(check(on, text), HONE_E_UNAVAILABLE);
    if (!strstr(hone_error_detail(), reason))
        fail_msg("%s is refused with '%s', not '%s'", text, hone_error_detail(), reason);
}

static void test_refuses_other_devices(void **state) {
    (void)state;
    const hone_device *cpu;
    assert_int_equal(hone_context_device(&cpu, context, "cpu"), HONE_OK);
    assert_refused(cpu, "gemm/f32/relu/8x8x8",
                   "clblast runs on OpenCL devices, not on cpu; use --device opencl");
}

static void test_refuses_other_types(void **state) {
    (void)state;
    assert_int_equal(check(device, "gemm/f32/relu/8x8x8"), HONE_OK);
    assert_refused(device, "gemm/s8/relu/8x8x8", "clblast multiplies f32, not s8");
    assert_refused(device, "gemm/bf16/relu/8x8x8", "clblast multiplies f32, not bf16");
    assert_refused(device, "gemm/f16/relu/8x8x8", "clblast sums f16 in f16, beyond the error bound");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_verifies),
        cmocka_unit_test(test_refuses_other_devices),
        cmocka_unit_test(test_refuses_other_types),
    };
    if (set_up("clblast"))
        return 1;
    const char *reason = why_not();
    if (reason)
        printf("clblast cannot run here: %s\n", reason);
    const int failed = reason ? 77 : cmocka_run_group_tests(tests, NULL, NULL);
    hone_context_destroy(context);
    return failed;
}

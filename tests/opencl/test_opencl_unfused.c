/* The baseline unfused on the first OpenCL device: the separate pass between matrices of the host, to every
 * type of C, and after one problem another. */
#include "opencl_provider.h"

#include <stdio.h>

static void test_verifies(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int padding;
    } cases[] = {
        {"gemm/f32/identity/7x33x17/nobias", 0},
        {"gemm/f32/gelu_tanh/130x5x3/tb", 1},
        {"gemm/f32/prelu/19x35x24", 3},
        {"gemm/f32/prelu/19x36x24/nobias/plain", 0},
        {"gemm/f32/mish/5x2085x12", 2},
        {"gemm/f16/silu/9x67x65", 0},
        {"gemm/f16/clip/64x1x9/min=-0.5/max=0.25", 5},
        {"gemm/bf16/tanh/33x64x40", 1},
        {"gemm/s8/relu/17x31x64", 0},
        {"gemm/s8/gelu_erf/8x65x33/out=u8", 2},
        {"gemm/s8/prelu/5x40x130/out=f32", 0},
        {"gemm/s8/elu/12x19x20/out=f16", 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        verify(cases[i].text, cases[i].padding, "; separate bias and activation");
}

/* Another leading dimension, other operands. */
static void test_follows_its_operands(void **state) {
    (void)state;
    for (int padding = 0; padding < 4; padding++)
        verify("gemm/f32/prelu/19x35x24", padding, "; separate bias and activation");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_verifies),
        cmocka_unit_test(test_follows_its_operands),
    };
    if (set_up("unfused"))
        return 1;
    const char *reason = why_not();
    if (reason)
        printf("unfused cannot run here: %s\n", reason);
    const int failed = reason ? 77 : cmocka_run_group_tests(tests, NULL, NULL);
    hone_context_destroy(context);
    return failed;
}

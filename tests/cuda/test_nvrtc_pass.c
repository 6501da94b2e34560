/* The separate pass, compiled by NVIDIA's NVRTC where there is one: every activation, for the types in turn.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "../../kernels/activation.h"
#include "../../kernels/cuda/cuda_pass.h"

/* Types of A, X and C. */
static const struct {
    hone_dtype a, x, c;
} types[] = {
    {HONE_F32, HONE_F32, HONE_F32}, {HONE_F16, HONE_F32, HONE_F16},   {HONE_BF16, HONE_BF16, HONE_BF16},
    {HONE_S8, HONE_F32, HONE_S8},   {HONE_F16, HONE_F16, HONE_F16},   {HONE_U8, HONE_F32, HONE_F32},
    {HONE_S8, HONE_F32, HONE_U8},   {HONE_BF16, HONE_F32, HONE_BF16}, {HONE_S8, HONE_F32, HONE_F16}};
enum { TYPES = sizeof types / sizeof *types };

static void compile(hone_activation act, int n, int arch) {
    const hone_dtype a = types[n % TYPES].a;
    hone_problem problem;
    hone_cuda_code code;
    hone_problem_init(&problem, a == HONE_U8 ? HONE_S8 : a, act, 64, 64, 64);
    problem.a_type = a;
    problem.c_type = types[n % TYPES].c;
    problem.bias = n % 2;
    problem.a_scale_per_row = hone_dtype_size(a) == 1 && n % 3 == 0;
    const hone_cuda_pass_source source = {&problem, types[n % TYPES].x};
    if (hone_cuda_compile(&code, arch, hone_cuda_write_pass, &source))
        fail_msg("%s for sm_%d: %s", hone_activation_name(act), arch, hone_error_detail());
    if (code.spilled_bytes > 0)
        fail_msg("%s for sm_%d spills %d bytes", hone_activation_name(act), arch, code.spilled_bytes);
    free(code.image);
}

static void every_activation_compiles(void **state) {
    (void)state;
    for (hone_activation act = 0; act < hone_activation_count(); act++)
        compile(act, act, act % 2 ? 90 : 80);
}

static void every_type_compiles(void **state) {
    (void)state;
    for (int n = 0; n < TYPES; n++)
        compile((n * 7) % hone_activation_count(), n, 90);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_activation_compiles),
        cmocka_unit_test(every_type_compiles),
    };
    const hone_nvrtc *nvrtc;
    if (hone_nvrtc_open(&nvrtc)) {
        printf("skipped: %s\n", hone_error_detail());
        return 77;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}

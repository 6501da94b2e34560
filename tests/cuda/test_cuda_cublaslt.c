/* The baseline cublaslt on the emulated device, with the emulated cuBLASLt: every activation and data type on
 * ragged shapes, and what is chosen where an epilogue is refused, inexact or slow. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../harness/provider.h"
#include "../../harness/verify.h"
#include "../sweep.h"

static hone_sweep sweep = {.drawn = {2028}};
static const hone_provider *provider;

static void run(void *prepared) { provider->run(prepared); }

/* A case of a problem, and what it keeps. */
typedef struct tried {
    hone_operands *operands;
    hone_provider_case *prepared;
    hone_status status;
} tried;

static tried prepare(const hone_problem *problem, int padding) {
    tried t = {0};
    assert_int_equal(HONE_OK, hone_operands_create(&t.operands, problem, 7, padding));
    t.status = provider->prepare(&t.prepared, sweep.context, sweep.device, t.operands, NULL, 1);
    return t;
}

static void release(tried *t) {
    provider->destroy(t->prepared);
    hone_operands_destroy(t->operands);
}

static void assert_verifies(const hone_problem *problem, int padding) {
    hone_reference *reference;
    hone_numerics numerics = {0};
    tried t = prepare(problem, padding);
    if (t.status)
        sweep_report(problem, "cublaslt", t.status, &numerics);
    assert_int_equal(HONE_OK, t.status);
    assert_int_equal(HONE_OK, hone_reference_create(&reference, t.operands, 0));
    assert_int_equal(HONE_OK, hone_verify_run(&numerics, t.operands, reference, run, t.prepared));
    if (!numerics.correct)
        sweep_report(problem, provider->label(t.prepared), HONE_OK, &numerics);
    assert_true(numerics.correct);
    assert_true(provider->device_us(t.prepared) > 0);
    hone_reference_destroy(reference);
    release(&t);
}

static void assert_all_verify(hone_dtype dtype) {
    const int count = sweep_count(hone_activation_count());
    for (int n = 0; n < count; n++) {
        hone_problem problem;
        sweep_problem(&sweep, &problem, dtype, n);
        assert_verifies(&problem, n % 3);
    }
}

static void f32_verifies(void **state) { (void)state, assert_all_verify(HONE_F32); }
static void f16_verifies(void **state) { (void)state, assert_all_verify(HONE_F16); }
static void bf16_verifies(void **state) { (void)state, assert_all_verify(HONE_BF16); }
static void s8_verifies(void **state) { (void)state, assert_all_verify(HONE_S8); }

/* ---- what is chosen */

/* Elsewhere the library decides, and it is not to be upset. */
static void on_emulated_device_only(void) {
    if (strcmp(sweep.device->model, "Emulated device") != 0)
        skip();
}

static void assert_label(const char *text, const char *label) {
    hone_problem problem;
    assert_int_equal(HONE_OK, hone_problem_parse(&problem, text));
    tried t = prepare(&problem, 0);
    if (t.status)
        fail_msg("%s: %s", text, hone_error_detail());
    if (strncmp(provider->label(t.prepared), label, strlen(label)) != 0)
        fail_msg("%s is '%s', not '%s'", text, provider->label(t.prepared), label);
    release(&t);
}

/* By the device's clock, so that two kernels take longer than one however busy the host is. */
static void own_epilogues_are_used(void **state) {
    (void)state;
    on_emulated_device_only();
    setenv("HONE_EMULATOR_US", "20", 1);
    assert_label("gemm/f32/identity/33x60x3/nobias", "default epilogue; algorithm");
    assert_label("gemm/f32/identity/33x60x3", "bias epilogue; algorithm");
    assert_label("gemm/f16/relu/33x60x3", "relu_bias epilogue; algorithm");
    assert_label("gemm/bf16/relu/33x60x3/nobias", "relu epilogue; algorithm");
    assert_label("gemm/f16/gelu_tanh/33x60x3", "gelu_bias epilogue; algorithm");
    assert_label("gemm/f32/gelu_tanh/33x60x3/nobias/tb", "gelu epilogue; algorithm");
    unsetenv("HONE_EMULATOR_US");
}

static void others_are_followed_by_a_pass(void **state) {
    (void)state;
    static const char *const problems[] = {"gemm/f32/gelu_erf/33x60x3", "gemm/f16/mish/33x60x3",
                                           "gemm/bf16/relu6/33x60x3", "gemm/s8/relu/33x60x3"};
    for (size_t i = 0; i < sizeof problems / sizeof *problems; i++) {
        hone_problem problem;
        assert_int_equal(HONE_OK, hone_problem_parse(&problem, problems[i]));
        tried t = prepare(&problem, 0);
        assert_int_equal(HONE_OK, t.status);
        assert_non_null(strstr(provider->label(t.prepared), " epilogue, then one pass; algorithm"));
        release(&t);
    }
}

static void the_fastest_algorithm_is_used(void **state) {
    (void)state;
    on_emulated_device_only();
    setenv("HONE_EMULATOR_SLOW", "100", 1);
    assert_label("gemm/f32/relu/34x60x3", "relu_bias epilogue; algorithm 5 of 5");
    unsetenv("HONE_EMULATOR_SLOW");
}

static void a_refused_epilogue_is_replaced(void **state) {
    (void)state;
    on_emulated_device_only();
    setenv("HONE_EMULATOR_REFUSE", "6", 1); /* relu_bias */
    hone_problem problem;
    assert_int_equal(HONE_OK, hone_problem_parse(&problem, "gemm/f32/relu/35x60x3"));
    assert_verifies(&problem, 1);
    tried t = prepare(&problem, 1);
    assert_non_null(strstr(provider->label(t.prepared), "epilogue, then one pass"));
    release(&t);
    setenv("HONE_EMULATOR_REFUSE", "4", 1); /* bias */
    assert_label("gemm/f16/mish/35x60x3", "default epilogue, then one pass");
    unsetenv("HONE_EMULATOR_REFUSE");
}

static void an_inexact_epilogue_is_replaced(void **state) {
    (void)state;
    on_emulated_device_only();
    setenv("HONE_EMULATOR_COARSE", "1", 1);
    hone_problem problem;
    assert_int_equal(HONE_OK, hone_problem_parse(&problem, "gemm/f16/gelu_tanh/36x60x3"));
    assert_verifies(&problem, 0);
    tried t = prepare(&problem, 0);
    assert_non_null(strstr(provider->label(t.prepared), "; gelu_bias epilogue beyond the error bound"));
    release(&t);
    unsetenv("HONE_EMULATOR_COARSE");
}

/* The second case of a problem would find another route than the first, if it searched. */
static void a_problem_is_searched_once(void **state) {
    (void)state;
    on_emulated_device_only();
    setenv("HONE_EMULATOR_US", "20", 1);
    assert_label("gemm/f16/gelu_tanh/37x60x3", "gelu_bias epilogue; algorithm");
    setenv("HONE_EMULATOR_COARSE", "1", 1);
    assert_label("gemm/f16/gelu_tanh/37x60x3", "gelu_bias epilogue; algorithm");
    unsetenv("HONE_EMULATOR_COARSE");
    unsetenv("HONE_EMULATOR_US");
}

/* ---- batches */

enum { CASES = 2, ROUNDS = 2 };

static hone_batch *batch;
static void run_batch(void *unused) {
    double us = 0;
    (void)unused;
    assert_int_equal(HONE_OK, sweep.device->backend->batch_run(&us, batch));
    assert_true(us > 0);
}

/* A case whose matrices are on the device. */
static tried place(const char *text, uint64_t seed) {
    tried t = {0};
    hone_problem problem;
    assert_int_equal(HONE_OK, hone_problem_parse(&problem, text));
    assert_int_equal(HONE_OK, hone_operands_create(&t.operands, &problem, seed, 0));
    assert_int_equal(HONE_OK, hone_operands_place(t.operands, sweep.device));
    t.status = provider->prepare(&t.prepared, sweep.context, sweep.device, t.operands, NULL, 1);
    assert_int_equal(HONE_OK, t.status);
    return t;
}

/* Of a GEMM and a pass, 8-bit A being copied too where its rows are not aligned. Each case has its own C. */
static void batches_verify(void **state) {
    static const char *const problems[] = {"gemm/f16/relu/33x64x40", "gemm/f16/mish/33x60x40",
                                           "gemm/s8/relu/33x60x37"};
    (void)state;
    for (size_t i = 0; i < sizeof problems / sizeof *problems; i++) {
        tried t[CASES];
        hone_provider_case *cases[CASES];
        for (int n = 0; n < CASES; n++) {
            t[n] = place(problems[i], 7 + (uint64_t)n);
            cases[n] = t[n].prepared;
        }
        assert_int_equal(HONE_OK, provider->batch(&batch, cases, CASES, ROUNDS));
        for (int n = 0; n < CASES; n++) {
            hone_reference *reference;
            hone_numerics numerics = {0};
            assert_int_equal(HONE_OK, hone_reference_create(&reference, t[n].operands, 0));
            assert_int_equal(HONE_OK, hone_verify_run(&numerics, t[n].operands, reference, run_batch, NULL));
            assert_true(numerics.correct);
            hone_reference_destroy(reference);
        }
        sweep.device->backend->batch_destroy(batch);
        for (int n = 0; n < CASES; n++)
            release(&t[n]);
    }
}

/* Without graphs algorithms are timed as the host starts them. */
static void no_graphs_are_needed(void **state) {
    (void)state;
    on_emulated_device_only();
    setenv("HONE_EMULATOR_GRAPHS", "no", 1);
    setenv("HONE_EMULATOR_SLOW", "100", 1);
    assert_label("gemm/f32/relu/34x64x3", "relu_bias epilogue; algorithm 5 of 5");
    unsetenv("HONE_EMULATOR_SLOW");
    tried t = place("gemm/f32/relu/8x8x8", 7);
    assert_int_equal(HONE_E_UNAVAILABLE, provider->batch(&batch, &t.prepared, 1, 2));
    release(&t);
    unsetenv("HONE_EMULATOR_GRAPHS");
}

/* ---- what is refused */

static void all_refused_is_an_error(void **state) {
    (void)state;
    on_emulated_device_only();
    hone_problem problem;
    assert_int_equal(HONE_OK, hone_problem_parse(&problem, "gemm/f32/relu/38x60x3"));
    setenv("HONE_EMULATOR_REFUSE", "-1", 1);
    tried t = prepare(&problem, 0);
    unsetenv("HONE_EMULATOR_REFUSE");
    assert_int_equal(HONE_E_UNAVAILABLE, t.status);
    assert_non_null(strstr(hone_error_detail(), "cuBLASLt does not support"));
    release(&t);
}

static void other_devices_are_refused(void **state) {
    const hone_device *cpu;
    hone_problem problem;
    (void)state;
    assert_int_equal(HONE_OK, hone_context_device(&cpu, sweep.context, "cpu"));
    assert_int_equal(HONE_OK, hone_problem_parse(&problem, "gemm/f32/relu/8x8x8"));
    assert_int_equal(HONE_E_UNAVAILABLE, provider->check(cpu, &problem));
    assert_non_null(
        strstr(hone_error_detail(), "cublaslt runs on CUDA devices, not on cpu; use --device cuda"));
    const hone_device *described = sweep.device->backend->described("cuda:h200");
    assert_non_null(described);
    assert_int_equal(HONE_E_UNAVAILABLE, provider->check(described, &problem));
    assert_int_equal(HONE_OK, provider->check(sweep.device, &problem));
}

static void a_failed_run_has_no_time(void **state) {
    hone_problem problem;
    (void)state;
    on_emulated_device_only();
    assert_int_equal(HONE_OK, hone_problem_parse(&problem, "gemm/f32/silu/39x60x3"));
    tried t = prepare(&problem, 0);
    assert_int_equal(HONE_OK, t.status);
    setenv("HONE_EMULATOR_FAIL", "1", 1);
    provider->run(t.prepared);
    unsetenv("HONE_EMULATOR_FAIL");
    assert_true(isnan(provider->device_us(t.prepared)));
    assert_int_equal(HONE_E_UNAVAILABLE, provider->failure(t.prepared));
    release(&t);
}

/* In a process of its own, for a library is looked for once. */
static int missing_library_is_told(void) {
    const pid_t child = fork();
    int status = -1;
    if (child == 0) {
        setenv("HONE_CUBLASLT", "/nowhere/libcublasLt.so.13", 1);
        const char *reason = hone_provider_unavailable(hone_provider_find("cublaslt"));
        _exit(reason && strstr(reason, "HONE_CUBLASLT: /nowhere/libcublasLt.so.13") ? 0 : 1);
    }
    return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

static void a_missing_library_is_told(void **state) { assert_true(*(const int *)*state); }

/* What the process keeps of cuBLASLt outlives the context that was the first to use it. 0: it was used. */
static int use_context_that_is_gone(void) {
    hone_problem problem;
    if (hone_context_create(&sweep.context) || hone_problem_parse(&problem, "gemm/f32/relu/9x64x9") ||
        hone_context_device(&sweep.device, sweep.context, "cuda"))
        return 1;
    tried t = prepare(&problem, 0);
    const int failed = t.status != HONE_OK;
    release(&t);
    hone_context_destroy(sweep.context);
    return failed;
}

/* An argument chooses tests by their names, as with test_cuda_kernels. */
int main(int argc, char **argv) {
    static int told;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_prestate(a_missing_library_is_told, &told),
        cmocka_unit_test(f32_verifies),
        cmocka_unit_test(f16_verifies),
        cmocka_unit_test(bf16_verifies),
        cmocka_unit_test(s8_verifies),
        cmocka_unit_test(own_epilogues_are_used),
        cmocka_unit_test(others_are_followed_by_a_pass),
        cmocka_unit_test(the_fastest_algorithm_is_used),
        cmocka_unit_test(a_refused_epilogue_is_replaced),
        cmocka_unit_test(an_inexact_epilogue_is_replaced),
        cmocka_unit_test(a_problem_is_searched_once),
        cmocka_unit_test(batches_verify),
        cmocka_unit_test(no_graphs_are_needed),
        cmocka_unit_test(all_refused_is_an_error),
        cmocka_unit_test(other_devices_are_refused),
        cmocka_unit_test(a_failed_run_has_no_time),
    };
    told = missing_library_is_told();
    provider = hone_provider_find("cublaslt");
    if (!provider || hone_provider_unavailable(provider) || use_context_that_is_gone() ||
        hone_context_create(&sweep.context))
        return printf("the emulated cuBLASLt and driver must be found\n"), 1; /* or a GPU's */
    if (hone_context_device(&sweep.device, sweep.context, "cuda"))
        return 1;
    cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    hone_context_destroy(sweep.context);
    return failed;
}

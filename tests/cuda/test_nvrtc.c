/* Kernels of every family and type compiled by NVRTC for the architectures that are described, without a
 * device: what does not compile, or has its wgmma serialised, fails. Skipped where there is no NVRTC.
 *
 * HONE_SWEEP=full takes ten times as many configs; quick, for a build whose own code matters, skips it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../kernels/cuda/cuda_device.h"
#include "../../kernels/cuda/cuda_peak.h"
#include "../sweep.h"

static hone_sweep sweep = {.drawn = {2028}};
static int compiled, spilling;

static void compile(const hone_problem *problem, const char *text) {
    char key[HONE_PROBLEM_TEXT];
    hone_config parsed;
    hone_cuda_config config;
    hone_cuda_code code;
    const int arch = hone_cuda_properties(sweep.device)->arch;
    assert_int_equal(HONE_OK, hone_config_parse(&parsed, text));
    assert_int_equal(HONE_OK, hone_cuda_config_read(&config, &parsed));
    assert_int_equal(HONE_OK, hone_problem_format(key, sizeof key, problem));
    hone_status status =
        hone_cuda_compile(&code, arch, hone_cuda_write_gemm, &(hone_cuda_source){problem, &config});
    if (status)
        printf("sm_%d %s with %s: %s\n", arch, key, text, hone_error_detail());
    assert_int_equal(HONE_OK, status);
    if (code.spilled_bytes || code.serialised)
        printf("sm_%d %s with %s: %d registers, %d bytes spilled%s\n", arch, key, text, code.registers,
               code.spilled_bytes, code.serialised ? ", wgmma serialised" : "");
    compiled++;
    spilling += code.spilled_bytes > 0;
    assert_true(code.registers > 0);
    assert_false(code.serialised);
    free(code.image);
}

/* Random legal configs of each family but `except` that has one for the problem. */
static void compile_families(const hone_problem *problem, const char *except) {
    hone_space *space;
    char text[HONE_CONFIG_TEXT], with[32];
    assert_int_equal(HONE_OK, sweep.device->backend->space(&space, sweep.device, problem, 1));
    for (const char *const *family = sweep.device->backend->code_paths(sweep.device); *family; family++)
        for (int n = strcmp(*family, except) ? sweep_count(1) : 0; n > 0; n--) {
            snprintf(with, sizeof with, "family=%s,", *family);
            if (sweep_config(&sweep, text, space, with))
                compile(problem, text);
        }
    hone_space_destroy(space);
}

static void compile_peak(hone_dtype dtype) {
    hone_cuda_code code;
    const hone_cuda_peak_source source = {hone_cuda_properties(sweep.device)->arch, dtype};
    assert_int_equal(HONE_OK, hone_cuda_compile(&code, source.arch, hone_cuda_write_peak, &source));
    assert_int_equal(0, code.spilled_bytes);
    assert_false(code.serialised);
    free(code.image);
}

static void compiles_for(const char *device) {
    static const hone_dtype dtypes[] = {HONE_F32, HONE_F16, HONE_BF16, HONE_S8};
    assert_int_equal(HONE_OK, hone_context_described(&sweep.device, sweep.context, device));
    for (int n = 0; n < 4; n++) {
        hone_problem problem;
        hone_problem_init(&problem, dtypes[n], sweep_choose(&sweep, hone_activation_count()), 512, 512, 512);
        problem.m = n % 2 ? 2 : 512; /* gemv is for few rows */
        compile_families(&problem, n % 2 ? "simt" : "");
        compile_peak(dtypes[n]);
    }
}

static void compiles_for_sm_75(void **state) { (void)state, compiles_for("cuda:t4"); }
static void compiles_for_sm_80(void **state) { (void)state, compiles_for("cuda:a100"); }
static void compiles_for_sm_89(void **state) { (void)state, compiles_for("cuda:l40s"); }
static void compiles_for_sm_90a(void **state) { (void)state, compiles_for("cuda:h200"); }

/* Each is an instruction of its own, with a list of registers of its own. */
static void every_width_of_wgmma_compiles(void **state) {
    static const hone_dtype dtypes[] = {HONE_F32, HONE_F16, HONE_BF16, HONE_S8};
    static const int widths[] = {64, 96, 128, 160, 192, 224, 256};
    (void)state;
    assert_int_equal(HONE_OK, hone_context_described(&sweep.device, sweep.context, "cuda:h200"));
    for (int i = 0; i < 4 * (int)(sizeof widths / sizeof *widths); i++) {
        hone_problem problem;
        hone_space *space;
        char text[HONE_CONFIG_TEXT], with[48];
        hone_problem_init(&problem, dtypes[i % 4], sweep_choose(&sweep, hone_activation_count()), 512, 512,
                          512);
        assert_int_equal(HONE_OK, sweep.device->backend->space(&space, sweep.device, &problem, 1));
        snprintf(with, sizeof with, ",bn=%d,cluster=%d,family=wgmma", widths[i / 4], 1 + i / 4 % 2);
        assert_true(sweep_config(&sweep, text, space, with));
        compile(&problem, text);
        hone_space_destroy(space);
    }
}

/* Defaults are chosen without a compiler: none of them may spill. */
static void defaults_do_not_spill(void **state) {
    static const char *const keys[] = {"gemm/f32/gelu_tanh/1024x1024x1024", "gemm/f32/mish/1x4096x4096",
                                       "gemm/f16/gelu_erf/4096x4096x4096",  "gemm/f16/selu/8x4096x4096",
                                       "gemm/bf16/softplus/128x3072x768",   "gemm/s8/silu/8192x8192x8192"};
    (void)state;
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        hone_problem problem;
        hone_config config;
        char text[HONE_CONFIG_TEXT];
        assert_int_equal(HONE_OK, hone_context_described(&sweep.device, sweep.context, "cuda:h200"));
        assert_int_equal(HONE_OK, hone_problem_parse(&problem, keys[i]));
        assert_int_equal(HONE_OK,
                         sweep.device->backend->default_config(&config, sweep.device, &problem, 1, NULL));
        assert_int_equal(HONE_OK, hone_config_format(text, sizeof text, &config));
        spilling = 0;
        compile(&problem, text);
        assert_int_equal(0, spilling);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compiles_for_sm_75),
        cmocka_unit_test(compiles_for_sm_80),
        cmocka_unit_test(compiles_for_sm_89),
        cmocka_unit_test(compiles_for_sm_90a),
        cmocka_unit_test(every_width_of_wgmma_compiles),
        cmocka_unit_test(defaults_do_not_spill),
    };
    const hone_nvrtc *rtc;
    if (sweep_count(3) < 3) {
        printf("skipped: HONE_SWEEP=quick\n");
        return 77;
    }
    setenv("HONE_CACHE_DIR", "", 1); /* nothing is found compiled */
    if (hone_nvrtc_open(&rtc)) {
        printf("skipped: %s\n", hone_error_detail());
        return 77;
    }
    if (hone_context_create(&sweep.context))
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    printf("%d programs compiled\n", compiled);
    hone_context_destroy(sweep.context);
    return failed;
}

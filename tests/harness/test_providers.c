#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "../../harness/peak.h"
#include "../../harness/provider.h"
#include "../../harness/verify.h"
#include "../../kernels/cpu/cpu_variants.h"

static hone_context *context;
static const hone_device *device;

static int set_up(void **state) {
    (void)state;
    return hone_context_create(&context) || hone_context_device(&device, context, "cpu");
}

static int tear_down(void **state) {
    (void)state;
    hone_context_destroy(context);
    return 0;
}

typedef struct provider_run {
    const hone_provider *provider;
    hone_provider_case *prepared;
} provider_run;

static void run(void *self) {
    const provider_run *r = self;
    r->provider->run(r->prepared);
}

/* Small, ragged, and each layout and type option once. */
static const char *const texts[] = {
    "gemm/f32/identity/7x33x17",
    "gemm/f32/identity/1x64x65/nobias",
    "gemm/f32/identity/17x31x5/tb/plain",
    "gemm/f16/identity/9x17x33",
    "gemm/bf16/identity/9x17x33/tb",
    "gemm/s8/identity/9x17x33",
    "gemm/s8/identity/9x17x65/a=u8/out=u8",
    "gemm/s8/identity/9x17x33/out=f32/nobias",
    "gemm/s8/identity/9x17x33/out=f16/rowscale",
};

/* 1 when it ran. */
static int verify(const hone_provider *provider, hone_operands *operands, const hone_reference *reference,
                  int threads) {
    provider_run prepared = {provider, NULL};
    char text[HONE_PROBLEM_TEXT];
    assert_int_equal(hone_problem_format(text, sizeof text, &operands->problem), HONE_OK);
    hone_status status = hone_provider_check(provider, device, &operands->problem);
    if (!status)
        status = provider->prepare(&prepared.prepared, context, device, operands, NULL, threads);
    if (status == HONE_E_UNAVAILABLE) {
        assert_true(strlen(hone_error_detail()) > 0);
        return 0;
    }
    if (status)
        fail_msg("%s cannot prepare %s: %s", provider->name, text, hone_error_detail());
    assert_true(strlen(provider->label(prepared.prepared)) > 0);
    hone_numerics numerics;
    assert_int_equal(hone_verify_run(&numerics, operands, reference, run, &prepared), HONE_OK);
    if (!numerics.correct) {
        char reason[200];
        hone_numerics_reason(reason, sizeof reason, &numerics);
        fail_msg("%s is wrong on %s: %s", provider->name, text, reason);
    }
    provider->destroy(prepared.prepared);
    return 1;
}

static void verify_everything(const hone_provider *provider, int *ran) {
    for (size_t t = 0; t < sizeof texts / sizeof *texts; t++) {
        hone_problem problem;
        hone_operands *operands;
        hone_reference *reference;
        assert_int_equal(hone_problem_parse(&problem, texts[t]), HONE_OK);
        assert_int_equal(hone_operands_create(&operands, &problem, 11 + t, (int)(t % 3)), HONE_OK);
        assert_int_equal(hone_reference_create(&reference, operands, 0), HONE_OK);
        for (hone_activation act = 0; act < hone_activation_count(); act++) {
            hone_problem_init(&problem, problem.dtype, act, problem.m, problem.n, problem.k);
            operands->problem.act = act;
            memcpy(operands->problem.act_params, problem.act_params, sizeof problem.act_params);
            assert_int_equal(hone_reference_activate(reference, &operands->problem), HONE_OK);
            *ran += verify(provider, operands, reference, 1 + act % device->threads);
        }
        hone_reference_destroy(reference);
        hone_operands_destroy(operands);
    }
}

/* oneDNN would be wrong: its sums of two products of u8 saturate at 16 bits. */
static void test_onednn_without_vnni_refuses_u8(void **state) {
    (void)state;
    hone_problem problem;
    const hone_provider *onednn = hone_provider_find("onednn");
    assert_non_null(onednn);
    assert_int_equal(hone_problem_parse(&problem, "gemm/s8/identity/9x17x65"), HONE_OK);
    if (!hone_cpu_has("avx2") || hone_cpu_has("avx512vnni") || hone_cpu_has("avxvnni") ||
        hone_provider_check(onednn, device, &problem)) {
        print_message("skipped: this CPU has VNNI or is no x86, or there is no oneDNN\n");
        skip();
    }
    problem.a_type = HONE_U8;
    assert_int_equal(hone_provider_check(onednn, device, &problem), HONE_E_UNAVAILABLE);
    assert_non_null(strstr(hone_error_detail(), "VNNI"));
}

/* Providers of other devices than the CPU have tests of their own. */
static int is_of_cpu(const hone_provider *provider) {
    return strcmp(provider->name, "clblast") != 0 && strcmp(provider->name, "cublaslt") != 0;
}

static void test_every_provider_verifies(void **state) {
    (void)state;
    for (int i = 0; i < hone_provider_count(); i++) {
        const hone_provider *provider = hone_provider_at(i);
        int ran = 0;
        verify_everything(provider, &ran);
        printf("%s: %d of %d cases\n", provider->name, ran,
               (int)(sizeof texts / sizeof *texts) * hone_activation_count());
        if (hone_provider_unavailable(provider) || !is_of_cpu(provider))
            assert_int_equal(ran, 0);
        else
            assert_true(ran > 0);
    }
}

static void test_names(void **state) {
    (void)state;
    assert_true(hone_provider_count() >= 4);
    assert_string_equal(hone_provider_at(0)->name, "hone");
    assert_null(hone_provider_at(-1));
    assert_null(hone_provider_at(hone_provider_count()));
    assert_null(hone_provider_find("atlas"));
    for (int i = 0; i < hone_provider_count(); i++)
        assert_ptr_equal(hone_provider_find(hone_provider_at(i)->name), hone_provider_at(i));
}

static void test_bad_config_is_refused(void **state) {
    (void)state;
    hone_problem problem;
    hone_operands *operands;
    hone_provider_case *prepared = NULL;
    assert_int_equal(hone_problem_parse(&problem, "gemm/f32/relu/7x33x17"), HONE_OK);
    assert_int_equal(hone_operands_create(&operands, &problem, 1, 0), HONE_OK);
    static const char *const names[] = {"hone", "unfused"};
    for (int i = 0; i < 2; i++) {
        const hone_provider *provider = hone_provider_find(names[i]);
        assert_int_equal(provider->prepare(&prepared, context, device, operands, "mr=1000", 1), HONE_E_USAGE);
        assert_null(prepared);
    }
    hone_operands_destroy(operands);
}

static void test_peaks_are_positive(void **state) {
    (void)state;
    hone_peak peak;
    for (hone_dtype dtype = HONE_F32; dtype <= HONE_S8; dtype++) {
        assert_int_equal(hone_peak_measure(&peak, context, device, dtype, 1, 0.01), HONE_OK);
        assert_true(peak.gops > 0);
        assert_true(peak.read_gbps > 0);
    }
    assert_int_equal(hone_peak_measure(&peak, context, device, HONE_F32, 0, 0.01), HONE_E_USAGE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_every_provider_verifies),
        cmocka_unit_test(test_onednn_without_vnni_refuses_u8),
        cmocka_unit_test(test_bad_config_is_refused),
        cmocka_unit_test(test_peaks_are_positive),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}

/* Kernels of the CUDA backend on the emulated device: every activation in turn with random legal configs on
 * ragged shapes, every family for every type, batches of calls, matrices in the device's memory, and a
 * device that is lost. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../harness/provider.h"
#include "../../kernels/cuda/cuda_batch.h"
#include "../../kernels/cuda/cuda_device.h"
#include "../../kernels/status.h"
#include "../sweep.h"

static hone_sweep sweep = {.drawn = {2027}};
enum { CONFIGS = 40 };

static void f32_configs_verify(void **state) { (void)state, sweep_verify(&sweep, HONE_F32, CONFIGS); }
static void f16_configs_verify(void **state) { (void)state, sweep_verify(&sweep, HONE_F16, CONFIGS); }
static void bf16_configs_verify(void **state) { (void)state, sweep_verify(&sweep, HONE_BF16, CONFIGS); }
static void s8_configs_verify(void **state) { (void)state, sweep_verify(&sweep, HONE_S8, CONFIGS); }

/* ---- every family */

static void verify_with(const hone_problem *problem, const char *with, int n) {
    hone_operands *operands;
    hone_space *space;
    hone_numerics numerics = {0};
    char config[HONE_CONFIG_TEXT];
    assert_int_equal(HONE_OK, sweep.device->backend->space(&space, sweep.device, problem, 1));
    assert_true(sweep_config(&sweep, config, space, with));
    hone_space_destroy(space);
    assert_int_equal(HONE_OK, hone_operands_create(&operands, problem, 5, n % 3));
    hone_status status =
        hone_verify_config(&numerics, sweep.context, sweep.device->name, operands, NULL, config, 1);
    if (status || !numerics.correct)
        sweep_report(problem, config, status, &numerics);
    assert_int_equal(HONE_OK, status);
    assert_true(numerics.correct);
    hone_operands_destroy(operands);
}

static void every_family_verifies(void **state) {
    static const hone_dtype dtypes[] = {HONE_F32, HONE_F16, HONE_BF16, HONE_S8};
    (void)state;
    for (const char *const *family = sweep.device->backend->code_paths(sweep.device); *family; family++)
        for (int n = 0; n < sweep_count(12); n++) {
            hone_problem problem;
            char with[32];
            /* With HONE_SWEEP=full each activation of each type. */
            hone_problem_init(&problem, dtypes[n % 4], (n / 4 + 7 * (n % 4)) % hone_activation_count(),
                              n % 2 ? 45 : 64, n % 3 ? 70 : 520, n % 5 ? 143 : 512);
            snprintf(with, sizeof with, "family=%s,", *family);
            verify_with(&problem, with, n);
        }
}

/* An instruction of its own each; with two in a cluster each brings half of such a block of weights. */
static void every_width_of_wgmma_verifies(void **state) {
    static const hone_dtype dtypes[] = {HONE_F32, HONE_F16, HONE_BF16, HONE_S8};
    static const int widths[] = {64, 96, 128, 160, 192, 224, 256};
    (void)state;
    if (hone_cuda_properties(sweep.device)->arch != 90)
        skip();
    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++)
        for (int n = 0; n < 4; n++) {
            hone_problem problem;
            char with[32];
            hone_problem_init(&problem, dtypes[n], ((int)i * 3 + n * 5) % hone_activation_count(), 140, 243,
                              400);
            snprintf(with, sizeof with, ",bn=%d,cluster=%d,family=wgmma", widths[i], 1 + ((int)i + n) % 2);
            verify_with(&problem, with, n);
        }
}

/* Infinities, numbers that round to them, and a NaN of which tf32 has nothing, where f32 is summed in parts.
 */
enum { LARGE_M = 100, LARGE_N = 104, LARGE_K = 190 };

static void verify_large(const float *a, const float *b, const char *with) {
    enum { M = LARGE_M, N = LARGE_N, K = LARGE_K };
    static float c[M * N];
    const float plain = K / 128.0f, largest = a[2 * K + 7] / 128;
    hone_problem problem;
    hone_space *space;
    hone_plan *plan;
    char config[HONE_CONFIG_TEXT];
    assert_int_equal(HONE_OK, hone_problem_parse(&problem, "gemm/f32/identity/100x104x190/nobias"));
    assert_int_equal(HONE_OK, sweep.device->backend->space(&space, sweep.device, &problem, 1));
    assert_true(sweep_config(&sweep, config, space, with));
    hone_space_destroy(space);
    assert_int_equal(HONE_OK, hone_plan_create(&plan, sweep.context, "cuda", &problem, config, 0));
    void *packed = aligned_alloc(HONE_PACK_ALIGN, hone_plan_packed_size(plan));
    assert_non_null(packed);
    assert_int_equal(HONE_OK, hone_plan_pack(packed, plan, b, N));
    const hone_args args = {.a = a, .lda = K, .b = packed, .c = c, .ldc = N};
    assert_int_equal(HONE_OK, hone_plan_execute(plan, &args));
    assert_true(c[0] == INFINITY && c[1 * N] == -INFINITY && isnan(c[1 * N + 11]));
    assert_true(c[2 * N] > 0.99f * largest && c[2 * N] < 1.01f * largest);
    assert_true(isnan(c[4 * N]) && isnan(c[4 * N + 11]));
    assert_true(c[3 * N] == plain && c[(M - 1) * N + N - 1] == plain);
    assert_true(c[3 * N + 11] == INFINITY && c[(M - 1) * N + 11] == INFINITY);
    hone_plan_destroy(plan);
    free(packed);
}

static void large_numbers_are_summed_as_they_are(void **state) {
    enum { M = LARGE_M, N = LARGE_N, K = LARGE_K };
    static float a[M * K], b[K * N];
    const uint32_t low_nan = 0x7f800001;
    (void)state;
    for (int i = 0; i < M * K; i++)
        a[i] = 1.0f;
    for (int i = 0; i < K * N; i++)
        b[i] = 0.0078125f;
    a[0 * K + 3] = INFINITY;
    a[1 * K + 5] = -INFINITY;
    a[2 * K + 7] = 3.4028235e38f;
    memcpy(&a[4 * K + 1], &low_nan, sizeof low_nan);
    b[9 * N + 11] = INFINITY;
    for (const char *const *family = sweep.device->backend->code_paths(sweep.device); *family; family++) {
        char with[32];
        snprintf(with, sizeof with, "family=%s,", *family);
        if (strcmp(*family, "gemv") != 0) /* is for fewer rows */
            verify_large(a, b, with);
        if (strcmp(*family, "wgmma") == 0) {
            verify_large(a, b, "cluster=2,family=wgmma,");
            verify_large(a, b, "family=wgmma,form=fast,ks=2,");
        }
    }
}

/* ---- matrices that are on the device */

static hone_cu_address upload(const hone_cuda_driver *cu, const void *from, size_t bytes) {
    hone_cu_address at;
    assert_int_equal(0, cu->allocate(&at, bytes));
    assert_int_equal(0, cu->write(at, from, bytes, NULL));
    return at;
}

static void matrices_of_the_device_are_used_in_place(void **state) {
    enum { M = 33, N = 40, K = 24, LDA = 27, LDC = 44 };
    static float a[M * LDA], b[K * N], bias[N], c[M * LDC], on_host[M * LDC];
    const hone_cuda_driver *cu;
    hone_problem problem;
    hone_plan *plan;
    (void)state;
    assert_int_equal(HONE_OK, hone_cuda_enter(&cu, sweep.device));
    for (int i = 0; i < M * LDA; i++)
        a[i] = (float)(i % 13) - 6.0f;
    for (int i = 0; i < K * N; i++)
        b[i] = (float)(i % 7) - 3.0f;
    for (int i = 0; i < N; i++)
        bias[i] = (float)i;
    for (int i = 0; i < M * LDC; i++)
        c[i] = on_host[i] = -1.0f;
    assert_int_equal(HONE_OK, hone_problem_parse(&problem, "gemm/f32/relu/33x40x24"));
    assert_int_equal(HONE_OK, hone_plan_create(&plan, sweep.context, "cuda", &problem, NULL, 0));
    void *packed = aligned_alloc(HONE_PACK_ALIGN, hone_plan_packed_size(plan));
    assert_non_null(packed);
    assert_int_equal(HONE_OK, hone_plan_pack(packed, plan, b, N));

    hone_args args = {.a = a, .lda = LDA, .b = packed, .c = on_host, .ldc = LDC, .bias = bias};
    assert_int_equal(HONE_OK, hone_plan_execute(plan, &args));
    const hone_cu_address device_a = upload(cu, a, sizeof a), device_c = upload(cu, c, sizeof c);
    args.a = (const void *)(uintptr_t)device_a;
    args.c = (void *)(uintptr_t)device_c;
    assert_int_equal(HONE_OK, hone_plan_execute(plan, &args));
    assert_int_equal(0, cu->read(c, device_c, sizeof c, NULL));
    assert_memory_equal(on_host, c, sizeof c);
    assert_true(hone_plan_device_us(plan) > 0);

    assert_int_equal(0, cu->release(device_a));
    assert_int_equal(0, cu->release(device_c));
    hone_plan_destroy(plan);
    free(packed);
}

/* ---- batches */

enum { COPIES = 2, ROUNDS = 3 };

/* Cases of a problem, each with its matrices on the device. */
typedef struct placed {
    hone_operands *operands[COPIES];
    hone_provider_case *cases[COPIES];
} placed;

static const hone_provider *hone_itself(void) { return hone_provider_find("hone"); }

static placed place(const hone_problem *problem, const char *config) {
    placed p = {0};
    for (int i = 0; i < COPIES; i++) {
        assert_int_equal(HONE_OK, hone_operands_create(&p.operands[i], problem, 3 + (uint64_t)i, 0));
        assert_int_equal(HONE_OK, hone_operands_place(p.operands[i], sweep.device));
        assert_int_equal(HONE_OK, hone_itself()->prepare(&p.cases[i], sweep.context, sweep.device,
                                                         p.operands[i], config, 1));
    }
    return p;
}

static void release(placed *p) {
    for (int i = 0; i < COPIES; i++) {
        hone_itself()->destroy(p->cases[i]);
        hone_operands_destroy(p->operands[i]);
    }
}

typedef struct batched {
    hone_batch *batch;
    double us;
} batched;

static void run_batch(void *context) {
    batched *b = context;
    assert_int_equal(HONE_OK, sweep.device->backend->batch_run(&b->us, b->batch));
}

/* What a batch leaves in each C is what the problem asks for, though each call begins where the one before
 * ends; on the emulated device each kernel takes 5 us, and what starts them 3. */
static void assert_batch_verifies(const char *text, const char *with, int kernels) {
    hone_problem problem;
    hone_numerics numerics;
    hone_space *space;
    char config[HONE_CONFIG_TEXT];
    batched b = {0};
    assert_int_equal(HONE_OK, hone_problem_parse(&problem, text));
    assert_int_equal(HONE_OK, sweep.device->backend->space(&space, sweep.device, &problem, 1));
    assert_true(sweep_config(&sweep, config, space, with));
    hone_space_destroy(space);
    placed p = place(&problem, config);
    assert_int_equal(HONE_OK, hone_itself()->batch(&b.batch, p.cases, COPIES, ROUNDS));
    setenv("HONE_EMULATOR_US", "5", 1);
    for (int i = 0; i < COPIES; i++) {
        hone_reference *reference;
        assert_int_equal(HONE_OK, hone_reference_create(&reference, p.operands[i], 0));
        assert_int_equal(HONE_OK, hone_verify_run(&numerics, p.operands[i], reference, run_batch, &b));
        if (!numerics.correct)
            sweep_report(&problem, hone_itself()->label(p.cases[i]), HONE_OK, &numerics);
        assert_true(numerics.correct);
        assert_true(b.us > 0);
        if (strcmp(sweep.device->model, "Emulated device") == 0)
            assert_float_equal(b.us, 3 + 5.0 * kernels * COPIES * ROUNDS, 1e-3);
        hone_reference_destroy(reference);
    }
    unsetenv("HONE_EMULATOR_US");
    sweep.device->backend->batch_destroy(b.batch);
    release(&p);
}

static void batches_verify(void **state) {
    (void)state;
    assert_batch_verifies("gemm/f32/relu/33x40x24", ",ks=1,", 1);
    assert_batch_verifies("gemm/f16/relu/65x72x64", "family=wgmma,", 1); /* tensor maps */
    assert_batch_verifies("gemm/f16/silu/5x24x512", ",ks=2,", 2);        /* reduce */
    assert_batch_verifies("gemm/f16/gelu_tanh/33x40x25", ",ks=1,", 2);   /* rows of A are aligned */
    assert_batch_verifies("gemm/s8/relu/33x40x32/plain", ",ks=1,", 3);   /* gather, sum_rows */
}

static hone_status refuse(const void *what, hone_cu_stream stream) {
    int *left = *(int *const *)what;
    (void)stream;
    return (*left)-- > 0 ? HONE_OK : hone_fail(HONE_E_NOMEM, "refused");
}

static void batches_are_refused_where_they_cannot_be(void **state) {
    hone_problem problem;
    hone_operands *operands;
    hone_provider_case *prepared;
    hone_batch *batch;
    (void)state;
    assert_int_equal(HONE_OK, hone_problem_parse(&problem, "gemm/f32/relu/8x8x8"));
    assert_int_equal(HONE_OK, hone_operands_create(&operands, &problem, 1, 0)); /* the host's */
    assert_int_equal(HONE_OK,
                     hone_itself()->prepare(&prepared, sweep.context, sweep.device, operands, NULL, 1));
    assert_int_equal(HONE_E_USAGE, hone_itself()->batch(&batch, &prepared, 1, 1));
    assert_non_null(strstr(hone_error_detail(), "matrices of the device"));
    hone_itself()->destroy(prepared);
    hone_operands_destroy(operands);
    if (strcmp(sweep.device->model, "Emulated device") != 0)
        return;
    int left = 2, *calls = &left;
    const void *what = &calls;
    assert_int_equal(HONE_E_NOMEM, hone_cuda_capture(&batch, sweep.device, refuse, &what, 1, 4));
    placed p = place(&problem, NULL);
    setenv("HONE_EMULATOR_GRAPHS", "no", 1);
    assert_int_equal(HONE_E_UNAVAILABLE, hone_itself()->batch(&batch, p.cases, COPIES, ROUNDS));
    unsetenv("HONE_EMULATOR_GRAPHS");
    assert_int_equal(HONE_OK, hone_itself()->batch(&batch, p.cases, COPIES, ROUNDS));
    setenv("HONE_EMULATOR_FAIL", "1", 1);
    double us;
    assert_int_equal(HONE_E_UNAVAILABLE, sweep.device->backend->batch_run(&us, batch));
    unsetenv("HONE_EMULATOR_FAIL");
    sweep.device->backend->batch_destroy(batch);
    release(&p);
}

static void nothing_runs_on_a_description(void **state) {
    hone_problem problem;
    hone_plan *plan;
    (void)state;
    assert_int_equal(HONE_OK, hone_problem_parse(&problem, "gemm/f16/relu/64x64x64"));
    assert_int_equal(HONE_E_UNAVAILABLE,
                     hone_plan_create(&plan, sweep.context, "cuda:h200", &problem, NULL, 0));
    assert_non_null(strstr(hone_error_detail(), "description"));
    assert_int_equal(HONE_E_UNAVAILABLE, hone_plan_create(&plan, sweep.context, "cuda:7", &problem, NULL, 0));
}

static void a_lost_device_is_an_error(void **state) {
    hone_problem problem;
    hone_operands *operands;
    hone_numerics numerics = {0};
    (void)state;
    if (strcmp(sweep.device->model, "Emulated device") != 0)
        skip();
    assert_int_equal(HONE_OK, hone_problem_parse(&problem, "gemm/f32/relu/16x16x16"));
    assert_int_equal(HONE_OK, hone_operands_create(&operands, &problem, 1, 0));
    setenv("HONE_EMULATOR_FAIL", "1", 1);
    hone_status status =
        hone_verify_config(&numerics, sweep.context, sweep.device->name, operands, NULL, NULL, 1);
    unsetenv("HONE_EMULATOR_FAIL");
    assert_int_equal(HONE_E_UNAVAILABLE, status);
    assert_non_null(strstr(hone_error_detail(), "CUDA_ERROR_ILLEGAL_ADDRESS"));
    hone_operands_destroy(operands);
}

/* An argument chooses tests by their names: 'f16*'. Without the emulated driver they run on a GPU. */
int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(f32_configs_verify),
        cmocka_unit_test(f16_configs_verify),
        cmocka_unit_test(bf16_configs_verify),
        cmocka_unit_test(s8_configs_verify),
        cmocka_unit_test(every_family_verifies),
        cmocka_unit_test(every_width_of_wgmma_verifies),
        cmocka_unit_test(large_numbers_are_summed_as_they_are),
        cmocka_unit_test(matrices_of_the_device_are_used_in_place),
        cmocka_unit_test(batches_verify),
        cmocka_unit_test(batches_are_refused_where_they_cannot_be),
        cmocka_unit_test(nothing_runs_on_a_description),
        cmocka_unit_test(a_lost_device_is_an_error),
    };
    if (hone_context_create(&sweep.context))
        return 1;
    if (hone_context_device(&sweep.device, sweep.context, "cuda")) {
        printf("%s\n", hone_error_detail()); /* the emulated driver must be found */
        return 1;
    }
    cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    hone_context_destroy(sweep.context);
    return failed;
}

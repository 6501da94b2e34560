/* Kernels of the first OpenCL device: every activation in turn with random legal configs on ragged shapes,
 * and the family that passes through local memory, which is not in the space of a device without. What the
 * program cache returns, and what it does with a damaged entry. Skipped without a device.
 *
 * HONE_SWEEP=full takes ten times as many configs. */
#include <dirent.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../kernels/program_cache.h"
#include "../sweep.h"

static hone_sweep sweep = {.drawn = {2026}};
enum { CONFIGS = 30 };

static void f32_configs_verify(void **state) { (void)state, sweep_verify(&sweep, HONE_F32, CONFIGS); }
static void f16_configs_verify(void **state) { (void)state, sweep_verify(&sweep, HONE_F16, CONFIGS); }
static void bf16_configs_verify(void **state) { (void)state, sweep_verify(&sweep, HONE_BF16, CONFIGS); }
static void s8_configs_verify(void **state) { (void)state, sweep_verify(&sweep, HONE_S8, CONFIGS); }

/* ---- a plan of the backend itself, with any config */

typedef struct direct_run {
    hone_backend_plan *plan;
    hone_args args;
    hone_status status;
} direct_run;

static void execute(void *argument) {
    direct_run *run = argument;
    hone_status status = sweep.device->backend->execute(run->plan, &run->args);
    run->status = status ? status : run->status;
}

static void verify_directly(const hone_problem *problem, const char *text) {
    hone_operands *operands;
    hone_reference *reference;
    hone_config config;
    hone_numerics numerics = {0};
    direct_run run = {0};
    void *packed = NULL;
    assert_int_equal(HONE_OK, hone_operands_create(&operands, problem, 7, 3));
    assert_int_equal(HONE_OK, hone_reference_create(&reference, operands, 0));
    assert_int_equal(HONE_OK, hone_config_parse(&config, text));
    assert_int_equal(HONE_OK,
                     sweep.device->backend->plan_create(&run.plan, sweep.device, problem, &config, NULL));
    run.args = hone_operands_args(operands);
    size_t bytes = sweep.device->backend->packed_size(run.plan);
    if (bytes) {
        assert_int_equal(0, posix_memalign(&packed, HONE_PACK_ALIGN, bytes));
        assert_int_equal(HONE_OK, sweep.device->backend->pack(packed, run.plan, operands->b, operands->ldb));
        run.args.b = packed;
    }
    assert_int_equal(HONE_OK, hone_verify_run(&numerics, operands, reference, execute, &run));
    if (run.status || !numerics.correct)
        sweep_report(problem, text, run.status, &numerics);
    assert_int_equal(HONE_OK, run.status);
    assert_true(numerics.correct);
    double us = sweep.device->backend->device_us(run.plan);
    assert_true(us > 0);
    sweep.device->backend->plan_destroy(run.plan);
    hone_reference_destroy(reference);
    hone_operands_destroy(operands);
    free(packed);
}

static void tiles_through_local_memory_verify(void **state) {
    static const char *const blocks[] = {"bk=8,stages=1,pad=0,copy=1,ks=1,pack=1,lx=4,ly=4,mr=2,nv=2",
                                         "bk=16,stages=2,pad=1,copy=0,ks=1,pack=1,lx=8,ly=2,mr=3,nv=1",
                                         "bk=8,stages=2,pad=4,copy=1,ks=2,pack=1,lx=2,ly=8,mr=1,nv=3"};
    static const struct {
        hone_dtype dtype;
        const char *wtype, *form;
    } kinds[] = {{HONE_F32, "f32", "fast"},
                 {HONE_F16, "f16", "brief"},
                 {HONE_BF16, "f32", "brief"},
                 {HONE_S8, "f32", "brief"},
                 {HONE_S8, "s8", "brief"}};
    hone_activation gelu;
    (void)state;
    assert_int_equal(HONE_OK, hone_activation_parse(&gelu, "gelu_tanh"));
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        for (size_t b = 0; b < sizeof blocks / sizeof blocks[0]; b++) {
            hone_problem problem;
            char config[HONE_CONFIG_TEXT];
            hone_problem_init(&problem, kinds[i].dtype, gelu, 37, 41, b == 0 ? 1100 : 67);
            snprintf(config, sizeof config,
                     "family=local,vec=2,tm=1,ku=1,inner=%s,epi=reg,wtype=%s,form=%s,%s", b % 2 ? "n" : "m",
                     kinds[i].wtype, kinds[i].form, blocks[b]);
            verify_directly(&problem, config);
        }
}

/* In stretches of k, several work-items a panel; the last has groups that are not whole. */
static void a_long_a_is_copied_in_stretches(void **state) {
    static const hone_dtype types[] = {HONE_F32, HONE_F16, HONE_BF16, HONE_S8};
    (void)state;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        hone_problem problem;
        hone_config config;
        char text[HONE_CONFIG_TEXT];
        hone_problem_init(&problem, types[i], 0, 13, 17, 2 * 1024 + 21);
        assert_int_equal(HONE_OK, sweep.device->backend->default_config(&config, sweep.device, &problem, 1, NULL));
        assert_int_equal(HONE_OK, hone_config_set(&config, "copy", "1"));
        assert_int_equal(HONE_OK, hone_config_format(text, sizeof text, &config));
        verify_directly(&problem, text);
    }
}

/* A plan remembers the small operands of its latest call; zero points that are no longer given are 0. */
static void zero_points_that_are_gone_are_zero(void **state) {
    enum { M = 3, N = 5, K = 8 };
    int8_t a[M * K], b[K * N], with[M * N], without[M * N], zeros[M * N];
    float bias[N] = {0}, scale = 0.5f, b_scale[N] = {0.1f, 0.2f, 0.3f, 0.4f, 0.5f};
    const int32_t some = 7, none = 0;
    hone_problem problem;
    hone_plan *plan;
    (void)state;
    for (int i = 0; i < M * K; i++)
        a[i] = (int8_t)(i * 5 - 60);
    for (int i = 0; i < K * N; i++)
        b[i] = (int8_t)(i * 3 - 50);
    hone_problem_init(&problem, HONE_S8, 0, M, N, K);
    problem.weights_plain = 1;
    assert_int_equal(HONE_OK, hone_plan_create(&plan, sweep.context, sweep.device->name, &problem, NULL, 1));
    hone_args args = {.a = a,
                      .lda = K,
                      .b = b,
                      .ldb = N,
                      .ldc = N,
                      .bias = bias,
                      .a_scale = &scale,
                      .b_scale = b_scale,
                      .c_scale = 4};
    const struct {
        const int32_t *zero;
        int8_t *c;
    } calls[] = {{&some, with}, {NULL, without}, {&none, zeros}};
    for (int i = 0; i < 3; i++) {
        args.a_zero = calls[i].zero;
        args.c = calls[i].c;
        assert_int_equal(HONE_OK, hone_plan_execute(plan, &args));
    }
    assert_memory_equal(without, zeros, sizeof zeros);
    assert_memory_not_equal(with, zeros, sizeof zeros);
    hone_plan_destroy(plan);
}

/* ---- threads */

typedef struct worker {
    const char *problem;
    hone_status status;
    int correct;
    pthread_t thread;
} worker;

/* Plans made and run, while others are. Asserts are for the thread that runs the tests. */
static void *work(void *argument) {
    worker *self = argument;
    for (int i = 0; i < 4 && !self->status && self->correct; i++) {
        hone_problem problem;
        hone_operands *operands = NULL;
        hone_numerics numerics = {0};
        self->status = hone_problem_parse(&problem, self->problem);
        if (!self->status)
            self->status = hone_operands_create(&operands, &problem, (uint64_t)i + 1, i);
        if (!self->status)
            self->status =
                hone_verify_config(&numerics, sweep.context, sweep.device->name, operands, NULL, NULL, 1);
        self->correct = numerics.correct;
        hone_operands_destroy(operands);
    }
    return NULL;
}

static void plans_run_at_once(void **state) {
    worker workers[] = {{.problem = "gemm/f32/gelu_tanh/65x130x257"},
                        {.problem = "gemm/s8/relu/65x130x260"},
                        {.problem = "gemm/s8/silu/31x67x90/a=u8/plain"},
                        {.problem = "gemm/f16/mish/1x257x600/tb"}};
    enum { WORKERS = sizeof workers / sizeof workers[0] };
    (void)state;
    for (int i = 0; i < WORKERS; i++) {
        workers[i].correct = 1;
        assert_int_equal(0, pthread_create(&workers[i].thread, NULL, work, &workers[i]));
    }
    for (int i = 0; i < WORKERS; i++)
        assert_int_equal(0, pthread_join(workers[i].thread, NULL));
    for (int i = 0; i < WORKERS; i++)
        if (workers[i].status || !workers[i].correct)
            fail_msg("%s is wrong, or failed with %d", workers[i].problem, (int)workers[i].status);
}

/* ---- the program cache */

static int entries(const char *folder, char *first, size_t size) {
    DIR *dir = opendir(folder);
    int count = 0;
    for (struct dirent *e; dir && (e = readdir(dir));)
        if (e->d_name[0] != '.' && count++ == 0)
            snprintf(first, size, "%s/%s", folder, e->d_name);
    if (dir)
        closedir(dir);
    return count;
}

static void a_damaged_program_is_made_again(void **state) {
    char folder[] = "/tmp/hone-cache-XXXXXX", programs[64], path[512] = "", other[512];
    hone_problem problem;
    (void)state;
    assert_non_null(mkdtemp(folder));
    assert_int_equal(0, setenv("HONE_CACHE_DIR", folder, 1));
    snprintf(programs, sizeof programs, "%s/opencl", folder);
    hone_problem_init(&problem, HONE_F32, 0, 5, 6, 7);
    const char *config =
        "family=tile,vec=1,nv=1,mr=1,lx=1,ly=1,tm=1,ku=1,ks=1,bk=0,stages=1,pad=0,wtype=f32,pack=1,"
        "copy=0,inner=m,epi=reg,form=fast";
    verify_directly(&problem, config);
    assert_int_equal(2, entries(programs, path, sizeof path));
    for (int kind = 0; kind < 3; kind++) {
        FILE *file = fopen(path, kind == 2 ? "wb" : "r+b");
        assert_non_null(file);
        if (kind < 2) /* in its header, in its content; then an empty file */
            assert_int_equal(0, fseek(file, kind ? 100 : 9, SEEK_SET));
        if (kind < 2)
            assert_int_equal(4, fwrite("oops", 1, 4, file));
        fclose(file);
        size_t bytes;
        assert_null(hone_cache_read(path, &bytes));
        verify_directly(&problem, config);
        void *again = hone_cache_read(path, &bytes);
        assert_non_null(again);
        free(again);
    }
    assert_int_equal(2, entries(programs, path, sizeof path));
    while (entries(programs, other, sizeof other))
        assert_int_equal(0, unlink(other));
    rmdir(programs);
    rmdir(folder);
    unsetenv("HONE_CACHE_DIR");
}

static void what_does_not_compile_says_why(void **state) {
    hone_problem problem;
    hone_config config;
    hone_backend_plan *plan = NULL;
    (void)state;
    hone_problem_init(&problem, HONE_F32, 0, 5, 6, 7);
    assert_int_equal(HONE_OK,
                     hone_config_parse(&config, "family=tile,vec=5,nv=1,mr=1,lx=1,ly=1,tm=1,ku=1,ks=1,bk=0,"
                                                "stages=1,pad=0,wtype=f32,pack=1,copy=0,inner=m,epi=reg,"
                                                "form=fast"));
    assert_int_equal(HONE_E_UNAVAILABLE,
                     sweep.device->backend->plan_create(&plan, sweep.device, &problem, &config, NULL));
    assert_null(plan);
    assert_non_null(strstr(hone_error_detail(), "build"));
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(f32_configs_verify),
                                       cmocka_unit_test(f16_configs_verify),
                                       cmocka_unit_test(bf16_configs_verify),
                                       cmocka_unit_test(s8_configs_verify),
                                       cmocka_unit_test(tiles_through_local_memory_verify),
                                       cmocka_unit_test(a_long_a_is_copied_in_stretches),
                                       cmocka_unit_test(zero_points_that_are_gone_are_zero),
                                       cmocka_unit_test(plans_run_at_once),
                                       cmocka_unit_test(a_damaged_program_is_made_again),
                                       cmocka_unit_test(what_does_not_compile_says_why)};
    if (hone_context_create(&sweep.context) || hone_context_device(&sweep.device, sweep.context, "opencl")) {
        printf("skipped: %s\n", hone_error_detail());
        hone_context_destroy(sweep.context);
        return 77;
    }
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    hone_context_destroy(sweep.context);
    return failed;
}

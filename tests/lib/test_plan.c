/* The public plan interface: what it refuses, and several plans at once. */
#include <math.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hone/hone.h"

enum { M = 37, N = 45, K = 51 };

typedef struct matrices {
    float a[M * K], b[K * N], c[M * N], bias[N];
} matrices;

static void fill(matrices *x) {
    for (int i = 0; i < M * K; i++)
        x->a[i] = (float)(i % 17 - 8) / 8;
    for (int i = 0; i < K * N; i++)
        x->b[i] = (float)(i % 13 - 6) / 8;
    for (int i = 0; i < N; i++)
        x->bias[i] = (float)(i % 5) / 4;
}

static float expected(const matrices *x, int i, int j) {
    double sum = x->bias[j];
    for (int k = 0; k < K; k++)
        sum += (double)x->a[i * K + k] * x->b[k * N + j];
    return sum > 0 ? (float)sum : 0;
}

static hone_problem relu_problem(void) {
    hone_activation relu;
    hone_problem problem;
    assert_int_equal(HONE_OK, hone_activation_parse(&relu, "relu"));
    hone_problem_init(&problem, HONE_F32, relu, M, N, K);
    return problem;
}

static hone_context *context_of(void **state) { return *state; }

static int open_context(void **state) {
    hone_context *context;
    if (hone_context_create(&context))
        return -1;
    *state = context;
    return 0;
}

static int close_context(void **state) {
    hone_context_destroy(*state);
    return 0;
}

static void refuses(hone_status status, hone_status want, const char *text) {
    assert_int_equal(want, status);
    if (!strstr(hone_error_detail(), text))
        fail_msg("'%s' does not say '%s'", hone_error_detail(), text);
}

static void creating_refuses_bad_input(void **state) {
    hone_context *context = context_of(state);
    hone_problem problem = relu_problem();
    hone_plan *plan = NULL;
    refuses(hone_plan_create(&plan, context, NULL, &problem, NULL, 1), HONE_E_USAGE, "NULL");
    refuses(hone_plan_create(&plan, context, "tpu", &problem, NULL, 1), HONE_E_USAGE, "tpu");
    refuses(hone_plan_create(&plan, context, "cpu:7", &problem, NULL, 1), HONE_E_UNAVAILABLE, "cpu:7");
    refuses(hone_plan_create(&plan, context, "cpu", &problem, NULL, -1), HONE_E_USAGE, "-1 threads");
    refuses(hone_plan_create(&plan, context, "cpu", &problem, "mr=4", 1), HONE_E_USAGE, "");
    refuses(hone_plan_create(&plan, context, "cpu", &problem, "nonsense", 1), HONE_E_USAGE, "nonsense");
    refuses(hone_plan_create(&plan, context, "cpu", &problem,
                             "copy=0,epi=l1,form=fast,inner=n,pf=0,gn=1,isa=scalar,wtype=f32,mr=5,nr=4,kc="
                             "128,mc=48,nc=64,gm=1",
                             1),
            HONE_E_USAGE, "mr");
    refuses(hone_plan_create(&plan, context, "cpu", &problem,
                             "copy=0,epi=l1,form=fast,inner=n,pf=0,gn=1,isa=scalar,wtype=f32,mr=4,nr=4,kc="
                             "512,mc=48,nc=64,gm=1",
                             1),
            HONE_E_USAGE, "kc");
    problem.k = 0;
    refuses(hone_plan_create(&plan, context, "cpu", &problem, NULL, 1), HONE_E_USAGE, "K is 0");
    assert_null(plan);
}

/* What is only a matter of threads says so, and nothing else does. */
static void another_number_of_threads_is_told(void **state) {
    hone_context *context = context_of(state);
    hone_problem problem = relu_problem();
    hone_plan *plan = NULL, *none = NULL;
    problem.m = problem.n = problem.k = 512;
    assert_int_equal(HONE_OK, hone_plan_create(&plan, context, "cpu", &problem, NULL, 3));
    const char *config = hone_plan_config(plan);
    if (!strstr(config, "gm=3") && !strstr(config, "gn=3"))
        fail_msg("'%s' does not use three threads", config);
    refuses(hone_plan_create(&none, context, "cpu", &problem, config, 2), HONE_E_USAGE,
            "made for another number of threads: it is legal for 3, this plan is for 2");
    refuses(hone_plan_create(&none, context, "cpu", &problem, config, 2), HONE_E_USAGE, "=3 is not legal");
    problem.k = 8; /* of another shape, for any number */
    refuses(hone_plan_create(&none, context, "cpu", &problem, config, 2), HONE_E_USAGE, "");
    assert_null(strstr(hone_error_detail(), "threads:"));
    hone_plan_destroy(plan);
    assert_null(none);
}

static void executing_refuses_what_is_missing(void **state) {
    static matrices x;
    hone_problem problem = relu_problem();
    problem.weights_plain = 1;
    hone_plan *plan;
    assert_int_equal(HONE_OK, hone_plan_create(&plan, context_of(state), "cpu", &problem, NULL, 1));
    assert_int_equal(0, hone_plan_packed_size(plan));
    const hone_args good = {.a = x.a, .lda = K, .b = x.b, .ldb = N, .c = x.c, .ldc = N, .bias = x.bias};
    assert_int_equal(HONE_OK, hone_plan_execute(plan, &good));
    hone_args bad = good;
    bad.a = NULL;
    refuses(hone_plan_execute(plan, &bad), HONE_E_USAGE, "a is NULL");
    bad = good;
    bad.lda = K - 1;
    refuses(hone_plan_execute(plan, &bad), HONE_E_USAGE, "lda");
    bad = good;
    bad.ldb = N - 1;
    refuses(hone_plan_execute(plan, &bad), HONE_E_USAGE, "ldb");
    bad = good;
    bad.ldc = 0;
    refuses(hone_plan_execute(plan, &bad), HONE_E_USAGE, "ldc");
    bad = good;
    bad.bias = NULL;
    refuses(hone_plan_execute(plan, &bad), HONE_E_USAGE, "bias");
    hone_plan_destroy(plan);
}

static void packing_refuses_bad_input(void **state) {
    static matrices x;
    static _Alignas(HONE_PACK_ALIGN) char packed[1 << 16];
    hone_problem problem = relu_problem();
    hone_plan *plan;
    assert_int_equal(HONE_OK, hone_plan_create(&plan, context_of(state), "cpu", &problem, NULL, 1));
    assert_in_range(hone_plan_packed_size(plan), K * N * 4, sizeof packed);
    refuses(hone_plan_pack(NULL, plan, x.b, N), HONE_E_USAGE, "NULL");
    refuses(hone_plan_pack(packed + 4, plan, x.b, N), HONE_E_USAGE, "aligned");
    refuses(hone_plan_pack(packed, plan, x.b, N - 1), HONE_E_USAGE, "ldb");
    assert_int_equal(HONE_OK, hone_plan_pack(packed, plan, x.b, N));
    hone_plan_destroy(plan);
}

/* ---- one plan a thread, one context */

typedef struct worker {
    hone_context *context;
    int threads;
    int wrong;
} worker;

static void *work(void *argument) {
    worker *w = argument;
    matrices *x = calloc(1, sizeof *x);
    hone_problem problem = relu_problem();
    hone_plan *plan = NULL;
    void *packed = NULL;
    w->wrong = 1;
    if (!x || hone_plan_create(&plan, w->context, "cpu", &problem, NULL, w->threads) ||
        posix_memalign(&packed, HONE_PACK_ALIGN, hone_plan_packed_size(plan)))
        goto cleanup;
    fill(x);
    w->wrong = hone_plan_pack(packed, plan, x->b, N) != HONE_OK;
    for (int round = 0; round < 50; round++) {
        memset(x->c, 0xff, sizeof x->c);
        hone_args args = {.a = x->a, .lda = K, .b = packed, .c = x->c, .ldc = N, .bias = x->bias};
        w->wrong += hone_plan_execute(plan, &args) != HONE_OK;
        for (int i = 0; i < M; i++)
            for (int j = 0; j < N; j++)
                w->wrong += !(fabsf(x->c[i * N + j] - expected(x, i, j)) < 1e-4f);
    }
cleanup:
    hone_plan_destroy(plan);
    free(packed);
    free(x);
    return NULL;
}

static void plans_run_at_once(void **state) {
    enum { WORKERS = 6 };
    pthread_t threads[WORKERS];
    worker workers[WORKERS];
    for (int i = 0; i < WORKERS; i++) {
        workers[i] = (worker){context_of(state), 1 + i % 3, 0};
        assert_int_equal(0, pthread_create(&threads[i], NULL, work, &workers[i]));
    }
    for (int i = 0; i < WORKERS; i++) {
        assert_int_equal(0, pthread_join(threads[i], NULL));
        assert_int_equal(0, workers[i].wrong);
    }
}

static void errors_belong_to_a_thread(void **state) {
    hone_dtype dtype;
    (void)state;
    assert_int_equal(HONE_E_USAGE, hone_dtype_parse(&dtype, "f99"));
    pthread_t thread;
    worker w = {context_of(state), 1, 0};
    assert_int_equal(0, pthread_create(&thread, NULL, work, &w));
    assert_int_equal(0, pthread_join(thread, NULL));
    assert_non_null(strstr(hone_error_detail(), "f99"));
}

static void the_default_keeps_to_an_isa(void **state) {
    hone_lookup_options scalar = {.isa = "scalar", .threads = 1}, none = {.isa = "none", .threads = 1},
                        amx = {.isa = "amxint8", .threads = 1};
    hone_problem problem = relu_problem();
    hone_match match;
    hone_plan *plan = NULL;
    assert_int_equal(HONE_OK, hone_db_lookup(&match, NULL, context_of(state), "cpu", &problem, &scalar));
    assert_int_equal(HONE_MATCH_DEFAULT, match.kind);
    assert_non_null(strstr(match.config, "isa=scalar"));
    assert_int_equal(-1, match.workspace);
    assert_int_equal(HONE_E_UNAVAILABLE,
                     hone_db_lookup(&match, NULL, context_of(state), "cpu", &problem, &none));
    assert_non_null(strstr(hone_error_detail(), "scalar")); /* names those there are */
    /* One that the device may have, but not for f32. */
    assert_int_equal(HONE_E_UNAVAILABLE,
                     hone_db_lookup(&match, NULL, context_of(state), "cpu", &problem, &amx));
    assert_int_equal(HONE_OK, hone_plan_create(&plan, context_of(state), "cpu", &problem, match.config, 1));
    assert_true(hone_plan_workspace(plan) > 0);
    hone_plan_destroy(plan);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(creating_refuses_bad_input),
        cmocka_unit_test(another_number_of_threads_is_told),
        cmocka_unit_test(executing_refuses_what_is_missing),
        cmocka_unit_test(packing_refuses_bad_input),
        cmocka_unit_test(plans_run_at_once),
        cmocka_unit_test(the_default_keeps_to_an_isa),
        cmocka_unit_test(errors_belong_to_a_thread),
    };
    return cmocka_run_group_tests(tests, open_context, close_context);
}

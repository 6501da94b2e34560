/* Tiles that do the epilogue of the tile before between their products give what tiles give whose epilogue
 * follows, bit for bit: the sums of an element are added in the same order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../harness/operands.h"
#include "../../kernels/activation.h"
#include "../../kernels/cpu/cpu_space.h"

/* What of a problem and of a config takes another way. */
typedef struct beside_case {
    int64_t m, n, k;
    int kc, inner_n, copy, threads;
    int plain;   /* weights */
    int no_bias; /* else */
    int tiny;    /* a bias so small that products which flush cannot begin with it */
} beside_case;

static const beside_case cases[] = {
    {.m = 32, .n = 64, .k = 64, .kc = 128},
    {.m = 67, .n = 100, .k = 131, .kc = 256, .inner_n = 1},
    {.m = 41, .n = 80, .k = 300, .kc = 128, .copy = 1},
    {.m = 24, .n = 32, .k = 1, .kc = 128, .no_bias = 1},
    {.m = 17, .n = 96, .k = 7, .kc = 128, .inner_n = 1},
    {.m = 7, .n = 64, .k = 40, .kc = 128},
    {.m = 99, .n = 64, .k = 33, .kc = 128, .threads = 3},
    {.m = 48, .n = 40, .k = 515, .kc = 256, .plain = 1},
    {.m = 33, .n = 64, .k = 96, .kc = 128, .tiny = 1},
};

static void config_text(char *text, const beside_case *q, const hone_variant *v, int form, int copy,
                        const char *epi) {
    int mr = (int)hone_cpu_tile_rows(q->m, v->beside_rows), threads = q->threads ? q->threads : 1;
    snprintf(text, HONE_CONFIG_TEXT,
             "copy=%d,epi=%s,form=%s,gm=%d,gn=1,inner=%s,isa=%s,kc=%d,mc=%d,mr=%d,nc=%d,nr=%d,pf=0,wtype=%s",
             copy, epi, hone_cpu_form_name(form), threads, q->inner_n ? "n" : "m", v->isa,
             (int)hone_cpu_depth(q->k, q->kc), (int)hone_cpu_rows(q->m, 48), mr,
             (int)hone_cpu_columns(q->n, 64), v->nr, v->kind);
}

/* C of the operands. HONE_E_USAGE where there is no such config. */
static hone_status execute(hone_context *context, hone_operands *o, const char *config, int threads) {
    hone_plan *plan;
    hone_status status = hone_plan_create(&plan, context, "cpu", &o->problem, config, threads);
    if (status)
        return status;
    void *packed = NULL;
    hone_args args = hone_operands_args(o);
    if (!o->problem.weights_plain) {
        packed = aligned_alloc(HONE_PACK_ALIGN, hone_plan_packed_size(plan));
        assert_non_null(packed);
        assert_int_equal(HONE_OK, hone_plan_pack(packed, plan, o->b, o->ldb));
        args.b = packed;
    }
    hone_operands_fill(o, 0);
    /* Twice: what the last tile leaves is not the next call's. */
    assert_int_equal(HONE_OK, hone_plan_execute(plan, &args));
    assert_int_equal(HONE_OK, hone_plan_execute(plan, &args));
    free(packed);
    hone_plan_destroy(plan);
    return HONE_OK;
}

/* Every smooth activation in its turn; how many configs there were. */
static int check(hone_context *context, const beside_case *q, const hone_variant *v, hone_operands *o,
                 int form, int act) {
    char beside[HONE_CONFIG_TEXT], after[HONE_CONFIG_TEXT], key[HONE_PROBLEM_TEXT];
    int threads = q->threads ? q->threads : 1;
    const int copy = q->copy || !hone_cpu_in_place(v, &o->problem),
              legal = q->m >= v->beside_rows && v->beside[act][form] != NULL;
    config_text(beside, q, v, form, copy, "beside");
    config_text(after, q, v, form, copy, "l1");
    hone_status status = execute(context, o, beside, threads);
    hone_problem_format(key, sizeof key, &o->problem);
    if (status != (legal ? HONE_OK : HONE_E_USAGE))
        fail_msg("%s: %s: %d, %s", key, beside, (int)status, hone_error_detail());
    if (!legal)
        return 0;
    unsigned char *found = malloc(o->c_block_size);
    assert_non_null(found);
    memcpy(found, o->c_block, o->c_block_size);
    assert_int_equal(HONE_OK, execute(context, o, after, threads));
    if (memcmp(found, o->c_block, o->c_block_size) != 0)
        fail_msg("%s: %s: not what epi=l1 gives", key, beside);
    assert_int_equal(0, hone_operands_touched(o, 0));
    for (int64_t i = 0; i < q->m; i++)
        for (int64_t j = 0; j < q->n; j++)
            assert_false(hone_operands_unwritten(o, i, j, 0));
    free(found);
    return 1;
}

static void check_types(hone_context *context, const beside_case *q, const hone_variant *v, hone_dtype dtype,
                        hone_dtype a_type, hone_dtype c_type, int *checked) {
    hone_problem problem;
    hone_operands *o;
    hone_problem_init(&problem, dtype, 0, q->m, q->n, q->k);
    problem.a_type = a_type;
    problem.c_type = c_type;
    problem.bias = !q->no_bias;
    problem.weights_plain = q->plain;
    assert_int_equal(HONE_OK, hone_operands_create(&o, &problem, 7, 3));
    if (q->tiny)
        o->bias[3] = 0x1p-110f;
    for (int act = 0; act < hone_activation_count(); act++) {
        hone_problem_init(&o->problem, dtype, act, q->m, q->n, q->k);
        problem.act = o->problem.act;
        memcpy(problem.act_params, o->problem.act_params, sizeof problem.act_params);
        o->problem = problem;
        if (c_type == HONE_F32) {
            *checked += check(context, q, v, o, HONE_FORM_FAST, act);
            if (hone_activation_info(act)->smooth)
                *checked += check(context, q, v, o, HONE_FORM_HIGH, act);
        } else {
            *checked += check(context, q, v, o, HONE_FORM_BRIEF, act);
        }
    }
    hone_operands_destroy(o);
}

/* The types that a kind of tile computes. */
static void check_variant(hone_context *context, const hone_variant *v, int *checked) {
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const beside_case *q = &cases[i];
        hone_dtype type;
        assert_int_equal(HONE_OK, hone_dtype_parse(&type, v->kind));
        if (type == HONE_S8) {
            check_types(context, q, v, type, HONE_S8, HONE_F32, checked);
            check_types(context, q, v, type, HONE_U8, HONE_F16, checked);
        } else {
            check_types(context, q, v, type, type, type, checked);
        }
        if (type == HONE_F32) {
            check_types(context, q, v, HONE_F16, HONE_F16, HONE_F16, checked);
            check_types(context, q, v, HONE_BF16, HONE_BF16, HONE_BF16, checked);
        }
    }
}

static void as_if_the_epilogue_followed(void **state) {
    (void)state;
    hone_context *context;
    int checked = 0;
    assert_int_equal(HONE_OK, hone_context_create(&context));
    for (int i = 0; hone_cpu_variants[i]; i++)
        if (hone_cpu_variants[i]->beside && hone_cpu_runs(hone_cpu_variants[i]))
            check_variant(context, hone_cpu_variants[i], &checked);
    hone_context_destroy(context);
    printf("%d configs\n", checked);
    if (!checked)
        skip(); /* no instruction set here has such tiles */
}

/* Legal for the space, and for what reads configs: each by itself. */
static void expect(const hone_device *device, const char *problem_text, const char *text, int legal) {
    hone_problem problem;
    hone_config config;
    hone_space *space;
    hone_cpu_config read;
    assert_int_equal(HONE_OK, hone_problem_parse(&problem, problem_text));
    assert_int_equal(HONE_OK, hone_config_parse(&config, text));
    assert_int_equal(HONE_OK, device->backend->space(&space, device, &problem, 1));
    if ((hone_space_check(space, &config) == HONE_OK) != legal ||
        (hone_cpu_config_read(&read, &problem, &config) == HONE_OK) != legal)
        fail_msg("%s: %s: %d wanted of space and plan", problem_text, text, legal);
    hone_space_destroy(space);
}

/* Not for activations that are not smooth, C of 8 bits, rows with a scale, other numbers of rows, or what is
 * fetched. */
static void what_is_no_config(void **state) {
    (void)state;
    static const struct {
        const char *kind, *problem;
        int form;
        const char *change, *to;
        int legal;
    } configs[] = {
        {"f32", "gemm/f32/silu/64x64x64", HONE_FORM_FAST, "", "", 1},
        {"f32", "gemm/f32/relu/64x64x64", HONE_FORM_FAST, "", "", 0},
        {"f32", "gemm/f32/prelu/64x64x64", HONE_FORM_FAST, "", "", 0},
        {"f32", "gemm/f32/silu/64x64x64", HONE_FORM_FAST, "mr=8", "mr=7", 0},
        {"f32", "gemm/f32/silu/64x64x64", HONE_FORM_FAST, "pf=0", "pf=next", 0},
        {"f32", "gemm/f32/silu/64x64x64", HONE_FORM_FAST, "pf=0", "pf=4096", 0},
        {"f32", "gemm/f32/silu/64x64x64", HONE_FORM_FAST, "nr=32", "nr=16", 0},
        {"s8", "gemm/s8/silu/64x64x64/out=f32", HONE_FORM_FAST, "", "", 1},
        {"s8", "gemm/s8/silu/64x64x64/out=f32/rowscale", HONE_FORM_FAST, "", "", 0},
        {"s8", "gemm/s8/silu/64x64x64", HONE_FORM_BYTE, "", "", 0},
    };
    hone_context *context;
    const hone_device *device;
    int checked = 0;
    assert_int_equal(HONE_OK, hone_context_create(&context));
    assert_int_equal(HONE_OK, hone_context_device(&device, context, "cpu"));
    for (size_t i = 0; i < sizeof configs / sizeof configs[0]; i++)
        for (int t = 0; hone_cpu_variants[t]; t++) {
            const beside_case q = {.m = 64, .n = 64, .k = 64, .kc = 128};
            const hone_variant *v = hone_cpu_variants[t];
            char config[HONE_CONFIG_TEXT], changed[HONE_CONFIG_TEXT];
            if (!v->beside || v->nr != 32 || v->beside_rows != 8 || !hone_cpu_runs(v) ||
                strcmp(v->kind, configs[i].kind) != 0)
                continue;
            config_text(config, &q, v, configs[i].form, 0, "beside");
            const char *at = strstr(config, configs[i].change);
            assert_non_null(at);
            snprintf(changed, sizeof changed, "%.*s%s%s", (int)(at - config), config, configs[i].to,
                     at + strlen(configs[i].change));
            expect(device, configs[i].problem, changed, configs[i].legal);
            checked++;
        }
    hone_context_destroy(context);
    if (!checked)
        skip();
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(as_if_the_epilogue_followed),
                                       cmocka_unit_test(what_is_no_config)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

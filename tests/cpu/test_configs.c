/* Configs that neither defaults nor samples of a space meet often: runs of tiles, blocks that are no multiple
 * of a tile, forms of another type. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../harness/verify.h"
#include "../../kernels/backend.h"
#include "../../kernels/cpu/cpu_device.h"
#include "../../kernels/cpu/cpu_model.h"
#include "../../kernels/cpu/cpu_plan.h"
#include "hone/hone.h"

static hone_context *context;
static const hone_device *device;

/* The default of a problem with some values changed. `isa`: of which instruction set; NULL: any. */
static void changed_default(hone_config *config, const hone_problem *problem, const char *isa,
                            const char *const (*values)[2], size_t count) {
    assert_int_equal(HONE_OK, device->backend->default_config(config, device, problem, 1, isa));
    for (size_t i = 0; i < count; i++)
        assert_int_equal(HONE_OK, hone_config_set(config, values[i][0], values[i][1]));
}

/* Whether C is right with a config. */
static void verify(const hone_problem *problem, const hone_config *config) {
    hone_operands *operands;
    hone_reference *reference;
    hone_numerics numerics = {0};
    char text[HONE_CONFIG_TEXT], key[HONE_PROBLEM_TEXT];
    assert_int_equal(HONE_OK, hone_config_format(text, sizeof text, config));
    assert_int_equal(HONE_OK, hone_problem_format(key, sizeof key, problem));
    assert_int_equal(HONE_OK, hone_operands_create(&operands, problem, 11, 3));
    assert_int_equal(HONE_OK, hone_reference_create(&reference, operands, 0));
    const hone_status status = hone_verify_config(&numerics, context, "cpu", operands, reference, text, 1);
    if (status || !numerics.correct)
        fail_msg("%s with %s: %s", key, text, status ? hone_error_detail() : "wrong");
    hone_reference_destroy(reference);
    hone_operands_destroy(operands);
}

/* A block of 24 rows is one of 25 in tiles of 5; its sums wait in it for the second slice of K. */
static void blocks_are_whole_tiles(void **state) {
    (void)state;
    static const char *const values[][2] = {{"mr", "5"}, {"mc", "24"},  {"kc", "256"},
                                            {"pf", "0"}, {"epi", "l1"}, {"copy", "1"}};
    hone_problem problem;
    hone_config config;
    hone_backend_plan *plan;
    hone_problem_init(&problem, HONE_F32, 0, 97, 48, 300);
    changed_default(&config, &problem, NULL, values, sizeof values / sizeof *values);
    assert_int_equal(HONE_OK, hone_cpu_plan_create(&plan, device, &problem, &config, NULL));
    assert_int_equal(25, plan->mc);
    assert_int_equal(2, plan->slices);
    hone_cpu_plan_destroy(plan);
    verify(&problem, &config);
}

/* The blocks of streams through packed weights. */
static void whole(hone_config *config, const hone_problem *problem) {
    assert_int_equal(HONE_OK, hone_config_set_int(config, "kc", hone_cpu_depth(problem->k, problem->k)));
    assert_int_equal(HONE_OK, hone_config_set_int(config, "nc", hone_cpu_columns(problem->n, problem->n)));
    assert_int_equal(HONE_OK, hone_config_set(config, "inner", "n"));
}

/* A few rows of weights that the second level does not hold, in streams that are fetched: plans let them go
 * through all of packed weights, and not of plain ones, of which they hold a block. */
static void verify_streams(const char *isa, const char *type, const char *act, int m, const char *flags,
                           const char *epi) {
    enum { K = 1031 };
    char key[HONE_PROBLEM_TEXT];
    hone_problem problem;
    hone_config config;
    hone_backend_plan *plan;
    const long long n = hone_cpu_cache_sizes()->l2 / K + 77;
    snprintf(key, sizeof key, "gemm/%s/%s/%dx%lldx%d%s", type, act, m, n, (int)K, flags);
    if (hone_problem_parse(&problem, key))
        fail_msg("%s: %s", key, hone_error_detail());
    for (int i = 0; hone_cpu_variants[i]; i++) {
        const hone_variant *v = hone_cpu_variants[i];
        char nr[16], mr[16];
        snprintf(nr, sizeof nr, "%d", v->nr);
        snprintf(mr, sizeof mr, "%d", m);
        const int plain = problem.weights_plain, blocked = plain ? 0 : 2;
        const char *const values[][2] = {{"kc", "128"},      {"nc", "256"},    {"isa", isa},
                                         {"wtype", v->kind}, {"nr", nr},       {"mr", mr},
                                         {"epi", epi},       {"pf", "nearby"}, {"copy", "1"}};
        if (strcmp(v->isa, isa) || strcmp(v->loop, "tile") || v->mr < 2 * m || !hone_cpu_suits(v, &problem))
            continue;
        changed_default(&config, &problem, NULL, values + blocked,
                        sizeof values / sizeof *values - (size_t)blocked);
        if (!plain)
            whole(&config, &problem);
        assert_int_equal(HONE_OK, hone_cpu_plan_create(&plan, device, &problem, &config, NULL));
        assert_int_equal(1024, plan->prefetch);
        assert_int_equal(plain, plan->slices > 1);
        assert_int_equal(plain, plan->nc < n);
        hone_cpu_plan_destroy(plan);
        verify(&problem, &config);
    }
}

static void streams_verify(void **state) {
    (void)state;
    static const struct {
        const char *type, *act;
        int m;
        const char *flags, *epi;
    } rows[] = {{"f32", "prelu", 1, "", "reg"},
                {"f32", "gelu_tanh", 3, "/plain", "l1"},
                {"f32", "relu", 2, "/plain", "reg"},
                {"f16", "silu", 2, "", "l1"},
                {"f16", "prelu", 1, "/plain", "reg"},
                {"bf16", "relu", 4, "/nobias", "reg"},
                {"s8", "prelu", 1, "/a=u8/out=f32", "l1"},
                {"s8", "mish", 2, "/rowscale", "l1"},
                {"s8", "relu", 3, "/plain", "reg"},
                {"s8", "prelu", 2, "", "reg"}};
    for (const hone_cpu_isa *isa = hone_cpu_isas; isa->name; isa++)
        for (size_t i = 0; hone_cpu_isa_runs(isa) && i < sizeof rows / sizeof *rows; i++)
            verify_streams(isa->name, rows[i].type, rows[i].act, rows[i].m, rows[i].flags, rows[i].epi);
}

/* Of an instruction set that has register tiles for the problem. */
static void verify_runs(const char *isa, const char *key, const char *epi) {
    static const char *const ahead[] = {"0", "4096", "next"};
    hone_problem problem;
    hone_config config;
    hone_backend_plan *plan;
    if (hone_problem_parse(&problem, key))
        fail_msg("%s: %s", key, hone_error_detail());
    if (device->backend->default_config(&config, device, &problem, 1, isa) ||
        strcmp(hone_cpu_variant_find(isa, hone_config_get(&config, "wtype"),
                                     atoi(hone_config_get(&config, "nr")))
                   ->loop,
               "tile") != 0)
        return;
    for (int n = 0; n < 6; n++) {
        const char *const values[][2] = {{"inner", n % 2 ? "n" : "m"},
                                         {"pf", ahead[n / 2]},
                                         {"epi", epi},
                                         {"mr", "4"},
                                         {"kc", "128"},
                                         {"nc", "64"}};
        changed_default(&config, &problem, isa, values, sizeof values / sizeof *values);
        assert_int_equal(HONE_OK, hone_cpu_plan_create(&plan, device, &problem, &config, NULL));
        assert_true(plan->in_runs);
        hone_cpu_plan_destroy(plan);
        verify(&problem, &config);
    }
}

/* One call computes several tiles: down the rows and along them, tiles of unequal rows, an edge panel,
 * columns' parameters, scales and zero points, more tiles than may wait for their epilogue, sums that wait
 * for the next slice, panels fetched ahead. */
static void runs_of_tiles_verify(void **state) {
    (void)state;
    static const struct {
        const char *key;
        const char *epi;
    } rows[] = {{"gemm/f32/prelu/697x75x70", "reg"},
                {"gemm/f32/gelu_tanh/697x75x70", "l1"},
                {"gemm/f32/leaky_relu/97x75x300/nobias", "reg"},
                {"gemm/f16/silu/97x75x70", "l1"},
                {"gemm/s8/relu/97x75x300", "reg"},
                {"gemm/s8/prelu/697x75x70", "reg"},
                {"gemm/s8/mish/97x75x70", "l1"},
                {"gemm/s8/relu/97x75x3", "reg"},
                {"gemm/s8/gelu_tanh/97x75x70/out=f32/rowscale", "l1"}};
    for (const hone_cpu_isa *isa = hone_cpu_isas; isa->name; isa++)
        for (size_t i = 0; hone_cpu_isa_runs(isa) && i < sizeof rows / sizeof *rows; i++)
            verify_runs(isa->name, rows[i].key, rows[i].epi);
}

/* What is told something between two tiles takes them one by one. */
static void only_register_tiles_run(void **state) {
    (void)state;
    for (int i = 0; hone_cpu_variants[i]; i++) {
        const hone_variant *v = hone_cpu_variants[i];
        hone_cpu_config config = {.variant = v, .gm = 1, .gn = 1};
        hone_problem problem;
        hone_problem_init(&problem, HONE_F32, 0, 8, 32, 64);
        assert_int_equal(strcmp(v->loop, "tile") == 0, hone_cpu_in_runs(&config, &problem));
        config.parts = 1;
        assert_false(hone_cpu_in_runs(&config, &problem));
        config.parts = 0;
        config.beside = 1;
        assert_false(hone_cpu_in_runs(&config, &problem));
    }
}

/* A form whose epilogue stores C of another size would write beyond it. */
static void forms_of_another_type_are_refused(void **state) {
    (void)state;
    static const struct {
        hone_dtype dtype, c_type;
        const char *legal, *refused[3];
    } rows[] = {{HONE_F32, HONE_F32, "high", {"brief", "byte"}},
                {HONE_F16, HONE_F16, "brief", {"high", "fast", "byte"}},
                {HONE_BF16, HONE_BF16, "brief", {"high", "fast", "byte"}},
                {HONE_S8, HONE_F32, "fast", {"brief", "byte"}},
                {HONE_S8, HONE_U8, "byte", {"high", "fast"}},
                {HONE_S8, HONE_S8, "byte", {"high", "fast"}}};
    hone_activation silu;
    assert_int_equal(HONE_OK, hone_activation_parse(&silu, "silu"));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        hone_problem problem;
        hone_config config;
        hone_backend_plan *plan;
        hone_problem_init(&problem, rows[i].dtype, silu, 8, 32, 64);
        problem.c_type = rows[i].c_type;
        changed_default(&config, &problem, NULL,
                        (const char *const[][2]){{"form", rows[i].legal}, {"epi", "l1"}}, 2);
        assert_int_equal(HONE_OK, hone_cpu_plan_create(&plan, device, &problem, &config, NULL));
        hone_cpu_plan_destroy(plan);
        for (int r = 0; r < 3 && rows[i].refused[r]; r++) {
            assert_int_equal(HONE_OK, hone_config_set(&config, "form", rows[i].refused[r]));
            assert_int_equal(HONE_E_USAGE, hone_cpu_plan_create(&plan, device, &problem, &config, NULL));
            assert_non_null(strstr(hone_error_detail(), rows[i].refused[r]));
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_are_whole_tiles),
        cmocka_unit_test(streams_verify),
        cmocka_unit_test(runs_of_tiles_verify),
        cmocka_unit_test(only_register_tiles_run),
        cmocka_unit_test(forms_of_another_type_are_refused),
    };
    if (hone_context_create(&context) || hone_context_device(&device, context, "cpu"))
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    hone_context_destroy(context);
    return failed;
}

/* One to four rows that read parts of K, or panels, side by side, on every instruction set and width that has
 * room for the sums of them, of every data type. */
#include <ctype.h>
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
#include "../../kernels/cpu/cpu_space.h"
#include "../../kernels/cpu/cpu_variants.h"
#include "../../tuner/search/search.h"

enum { N = 525, K = 263 }; /* no multiple of a width, of a group, or of parts; streams of the widest tiles */

static hone_context *context;
static const hone_device *device;

/* The kinds of configs that were met, by their hashes. */
typedef struct kinds {
    uint64_t met[1 << 14]; /* 0: none */
    int count;
} kinds;

/* Whether a config is the first with its values of `keys`, of kc whether it is all of K. */
static int is_first(kinds *k, const hone_config *config, const char *const *keys) {
    enum { MOST = (int)(sizeof k->met / sizeof *k->met) };
    uint64_t hash = 0xcbf29ce484222325u;
    for (; *keys; keys++) {
        const char *value = hone_config_get(config, *keys);
        const char *word = strcmp(*keys, "kc") ? value : atoi(value) < K ? "sliced" : "whole";
        for (const char *at = word; *at; at++)
            hash = (hash ^ (unsigned char)*at) * 0x100000001b3u;
        hash = (hash ^ ',') * 0x100000001b3u;
    }
    uint64_t place = hash % MOST;
    while (k->met[place] && k->met[place] != hash)
        place = (place + 1) % MOST;
    if (k->met[place])
        return 0;
    assert_true(++k->count < MOST / 2);
    k->met[place] = hash;
    return 1;
}

/* One config for each instruction set, width and word of pf, with all of K at once and in slices, A read in
 * place and copied, on one thread and on two; and one for each number of rows of a tile, order and split of
 * M. With HONE_SWEEP=quick every fifth of them, as no key has five values. */
static int verify_all(const hone_problem *problem) {
    static const char *const blocks[] = {"isa", "wtype", "nr", "pf", "kc", "copy", "gn", NULL};
    static const char *const rows[] = {"isa", "wtype", "nr", "pf", "mr", "inner", "gm", NULL};
    const char *sweep = getenv("HONE_SWEEP");
    const int quick = sweep && strcmp(sweep, "quick") == 0;
    int count = 0, turn = 0;
    hone_space *space;
    hone_points *points;
    hone_operands *operands;
    hone_reference *reference;
    static kinds by_blocks, by_rows;
    memset(&by_blocks, 0, sizeof by_blocks);
    memset(&by_rows, 0, sizeof by_rows);
    assert_int_equal(HONE_OK, device->backend->space(&space, device, problem, 2));
    assert_int_equal(HONE_OK, hone_points_create(&points, space));
    assert_int_equal(HONE_OK, hone_operands_create(&operands, problem, 11, 3));
    assert_int_equal(HONE_OK, hone_reference_create(&reference, operands, 0));
    for (int64_t i = 0; i < points->count; i++) {
        char text[HONE_CONFIG_TEXT];
        hone_config config;
        hone_numerics numerics = {0};
        assert_int_equal(HONE_OK, hone_points_config(&config, points, i));
        const char *pf = hone_config_get(&config, "pf");
        if (!isalpha(*pf) || strcmp(pf, "next") == 0)
            continue;
        const int first = is_first(&by_blocks, &config, blocks) | is_first(&by_rows, &config, rows);
        if (!first || (quick && turn++ % 5 != (int)problem->m % 5))
            continue;
        assert_int_equal(HONE_OK, hone_config_format(text, sizeof text, &config));
        const hone_status status =
            hone_verify_config(&numerics, context, "cpu", operands, reference, text, 2);
        if (status || !numerics.correct)
            fail_msg("m=%d %s: %s", (int)problem->m, text, status ? hone_error_detail() : "wrong");
        count++;
    }
    hone_reference_destroy(reference);
    hone_operands_destroy(operands);
    hone_points_destroy(points);
    hone_space_destroy(space);
    printf("%d configs of %d rows\n", count, (int)problem->m);
    return count;
}

/* Whether some tiles have room for the sums of two parts of so many rows. */
static int have_room(int rows) {
    for (int i = 0; hone_cpu_variants[i]; i++)
        if (hone_cpu_runs(hone_cpu_variants[i]) && strcmp(hone_cpu_variants[i]->loop, "tile") == 0 &&
            hone_cpu_variants[i]->mr / 2 >= rows)
            return 1;
    return 0;
}

static void verify_dtype(hone_dtype dtype) {
    static const char *const activations[] = {"prelu", "relu", "gelu_tanh", "leaky_relu", "relu"};
    for (int m = 1; m <= HONE_MOST_PARTED + 1; m++) {
        hone_activation act;
        hone_problem problem;
        assert_int_equal(HONE_OK, hone_activation_parse(&act, activations[m - 1]));
        hone_problem_init(&problem, dtype, act, m, N, K);
        problem.weights_plain = m == 3;
        if (dtype == HONE_S8)
            problem.a_type = m % 2 ? HONE_U8 : HONE_S8;
        assert_int_equal(m <= HONE_MOST_PARTED && have_room(m), verify_all(&problem) > 0);
    }
}

static void f32_verifies(void **state) { (void)state, verify_dtype(HONE_F32); }
static void f16_verifies(void **state) { (void)state, verify_dtype(HONE_F16); }
static void bf16_verifies(void **state) { (void)state, verify_dtype(HONE_BF16); }
static void s8_verifies(void **state) { (void)state, verify_dtype(HONE_S8); }

/* Where the sums leave no room for a second part, the word says nothing that 0 does not. */
static void tiles_without_room_are_refused(void **state) {
    hone_problem problem;
    hone_plan *plan;
    (void)state;
    assert_int_equal(HONE_OK, hone_problem_parse(&problem, "gemm/f32/relu/3x64x256"));
    assert_int_equal(HONE_OK, hone_plan_create(&plan, context, "cpu", &problem, NULL, 1));
    hone_plan_destroy(plan);
    const char *const narrow =
        "copy=0,epi=reg,form=fast,gm=1,gn=1,inner=n,isa=avx2,kc=256,mc=24,mr=3,nc=64,nr=%d,"
        "pf=%s,wtype=f32";
    const struct {
        int nr;
        const char *pf;
        hone_status status;
    } rows[] = {{16, "streams", HONE_OK},     {16, "nearby", HONE_OK},     {24, "streams", HONE_E_USAGE},
                {24, "nearby", HONE_E_USAGE}, {24, "parts", HONE_E_USAGE}, {24, "0", HONE_OK}};
    const char *const *path = device->backend->code_paths(device);
    while (*path && strcmp(*path, "avx2") != 0)
        path++;
    if (!*path)
        skip();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char config[HONE_CONFIG_TEXT];
        snprintf(config, sizeof config, narrow, rows[i].nr, rows[i].pf);
        assert_int_equal(rows[i].status, hone_plan_create(&plan, context, "cpu", &problem, config, 1));
        if (!rows[i].status)
            hone_plan_destroy(plan);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(f32_verifies),
        cmocka_unit_test(f16_verifies),
        cmocka_unit_test(bf16_verifies),
        cmocka_unit_test(s8_verifies),
        cmocka_unit_test(tiles_without_room_are_refused),
    };
    if (hone_context_create(&context) || hone_context_device(&device, context, "cpu"))
        return 1;
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    hone_context_destroy(context);
    return failed;
}

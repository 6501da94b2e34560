/* What few processors have (AMX, AVX512-BF16, AVX512-FP16, AVX-VNNI), over C in place
 * of its instructions (emulated.h): the generated tables hold nothing else here
 * (emulated.cmake). */
#include "variant_sweep.h"

#include "../../kernels/cpu/cpu_pack.h"
#include "../../kernels/half.h"

/* Each width on every third shape: the epilogues are those of test_variants_*. */
static void sweep_seldom(hone_dtype dtype) { sweep_every(dtype, hone_activation_count(), 3); }

static void every_emulated_s8_variant_verifies(void **state) {
    (void)state;
    sweep_seldom(HONE_S8);
}

static void every_emulated_f16_variant_verifies(void **state) {
    (void)state;
    sweep_seldom(HONE_F16);
}

static void every_emulated_bf16_variant_verifies(void **state) {
    (void)state;
    sweep_seldom(HONE_BF16);
}

/* ---- one call of a tile, with integers that every type holds and sums exactly */

enum { MOST_ROWS = 32, MOST_COLUMNS = 64, MOST_K = 600, MOST_GROUPS = 70, GUARD = 0x5a };

/* Of u8 beyond s8, of the others negative, too. */
static int a_value(const hone_variant *v, int i, int k) {
    int value = (i * 5 + k * 3) % 8;
    return v->a_type == HONE_A_U8 ? value * 36 : value - 3;
}
static int b_value(int k, int j) { return (k * 7 + j * 11) % 15 - 7; }

static void put(char *to, hone_dtype type, int value) {
    uint16_t half = type == HONE_F16 ? hone_f16_from_f32((float)value) : hone_bf16_from_f32((float)value);
    unsigned char byte = (unsigned char)value;
    if (hone_dtype_size(type) == 1)
        memcpy(to, &byte, sizeof byte);
    else
        memcpy(to, &half, sizeof half);
}

/* An epilogue that only notes which rows it was given. */
static int job_rows[MOST_ROWS];
static void note_rows(const hone_epilogue_args *args, int row, int end) {
    (void)args;
    for (; row < end; row++)
        job_rows[row]++;
}

/* Sums begin as zeros, as what is there, or as `start`. */
enum { ZEROS, ACCUMULATE, START, BEGINNINGS };

/* `rows` rows over `groups` groups; A and B are just as large as they may be read. `shape` is kept from call
 * to call, as a thread does. */
static void check_tile(const hone_variant *v, int rows, int groups, int beginning, int *shape) {
    hone_dtype type;
    assert_int_equal(HONE_OK, hone_dtype_parse(&type, v->kind));
    /* Words may end before a group does, and have their signs changed. */
    int words = v->words && !hone_cpu_variant_is_dot(v);
    int k = groups * v->group - (words ? (rows + groups / 2) % v->group : 0);
    int flip = v->words && v->a_type == HONE_A_U8 && groups / 4 % 2 ? 0x80 : 0;
    int nr = v->nr, step = hone_cpu_step(v), rest = k % step;
    hone_epilogue_job job = {.run = note_rows, .next = rows / 3, .rows = rows};
    memset(job_rows, 0, sizeof job_rows);
    int padded = (int)hone_round_up(k, step);
    size_t size = hone_dtype_size(type), a_bytes = (size_t)(rows * k) * size;
    /* Of a K that is no group the group is read that ends with it. */
    size_t before = words && k < v->group ? HONE_WORD_BYTES : 0;
    char *memory = malloc(before + a_bytes), *b = calloc((size_t)(padded * nr), size);
    static char tail[MOST_ROWS][HONE_AMX_BYTES];
    assert_true(memory && b && nr <= MOST_COLUMNS && rows <= MOST_ROWS);
    char *a = memory + before;
    memset(memory, GUARD, before);
    for (int i = 0; i < rows * k; i++)
        put(a + (size_t)i * size, type, a_value(v, i / k, i % k) ^ flip);
    for (int i = 0; i < padded * nr; i++) {
        int u = i % v->group, j = i / v->group % nr, d = i / v->group / nr * v->group + u;
        put(b + (size_t)i * size, type, d < k ? b_value(d, j) : 0);
    }
    memset(tail, 0, sizeof tail);
    for (int i = 0; rest && i < rows; i++)
        memcpy(tail[i], a + (size_t)((i + 1) * k - rest) * size, (size_t)rest * size);
    static union {
        _Alignas(64) int32_t s32[(MOST_ROWS + 1) * MOST_COLUMNS];
        float f32[(MOST_ROWS + 1) * MOST_COLUMNS];
        unsigned char bytes[4 * (MOST_ROWS + 1) * MOST_COLUMNS];
    } sums;
    memset(&sums, GUARD, sizeof sums);
    for (int i = 0; i < rows * nr; i++)
        if (type == HONE_S8)
            sums.s32[i] = i;
        else
            sums.f32[i] = (float)i;
    static union {
        int32_t s32[MOST_COLUMNS];
        float f32[MOST_COLUMNS];
    } start;
    for (int j = 0; j < nr; j++)
        if (type == HONE_S8)
            start.s32[j] = 2 * j;
        else
            start.f32[j] = 2 * (float)j;
    hone_tile_args args = {.groups = (k - rest) / v->group,
                           .a = a,
                           .a_step = (int64_t)(a_bytes / (size_t)rows),
                           .b = b,
                           .a_flip = flip,
                           .a_rest = words ? rest * (int)size : 0,
                           .prefetch = groups % 2 ? 1024 : 0,
                           .parts = groups / 2 % 2,
                           .fetch = b,
                           .fetch_lines = groups % 3,
                           .b_passes = groups % 3 == 0,
                           .acc = &sums,
                           .accumulate = beginning == ACCUMULATE,
                           .start = beginning == START ? &start : NULL,
                           .a_tail = rest ? tail : NULL,
                           .shape = shape,
                           .job = &job};
    v->tiles[rows - 1](&args);
    /* Whatever the tile has not done of the job is left as it was. */
    for (int i = 0; i < rows; i++)
        assert_int_equal(i >= rows / 3 && i < job.next, job_rows[i]);
    assert_int_equal(hone_cpu_variant_is_amx(v) ? rows : rows / 3, job.next);
    for (int i = 0; i < rows * nr; i++) {
        int want = beginning == ACCUMULATE ? i : beginning == START ? 2 * (i % nr) : 0;
        for (int d = 0; d < k; d++)
            want += a_value(v, i / nr, d) * b_value(d, i % nr);
        double got = type == HONE_S8 ? sums.s32[i] : (double)sums.f32[i];
        if (got != want)
            fail_msg("%s: row %d of %d, column %d, %d groups: %g, not %d", v->name, i / nr, rows, i % nr,
                     groups, got, want);
    }
    for (size_t i = (size_t)(rows * nr) * 4; i < sizeof sums; i++)
        assert_int_equal(GUARD, sums.bytes[i]);
    free(memory);
    free(b);
}

static void tiles_of_every_size_sum_exactly(void **state) {
    (void)state;
    for (int i = 0; hone_cpu_variants[i]; i++) {
        const hone_variant *v = hone_cpu_variants[i];
        int beginnings = hone_cpu_variant_is_dot(v) ? START : BEGINNINGS, shape = 0;
        for (int rows = 1; rows <= v->mr; rows++)
            for (int groups = 1; groups <= MOST_GROUPS && groups * v->group <= MOST_K; groups++)
                check_tile(v, rows, groups, (rows + groups) % beginnings, &shape);
        if (v->leave)
            v->leave();
    }
}

/* ---- what is chosen without a measurement */

static void defaults_verify(void **state) {
    (void)state;
    static const struct {
        const char *problem, *isa;
    } cases[] = {
        {"gemm/s8/relu/64x64x256", "amxint8"},        {"gemm/s8/relu/64x64x256/a=u8", "amxuint8"},
        {"gemm/s8/silu/33x100x77", "amxint8"},        {"gemm/s8/relu/5x2x300/a=u8", "avxvnni"},
        {"gemm/bf16/gelu_tanh/70x48x130", "amxbf16"}, {"gemm/bf16/mish/40x40x33", "amxbf16"},
        {"gemm/f16/tanh/20x40x60", "avx512fp16"},
    };
    hone_context *context;
    assert_int_equal(HONE_OK, hone_context_create(&context));
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        hone_problem problem;
        hone_plan *plan;
        hone_operands *operands;
        hone_reference *reference;
        hone_numerics numerics;
        char config[HONE_CONFIG_TEXT], isa[64];
        assert_int_equal(HONE_OK, hone_problem_parse(&problem, cases[i].problem));
        assert_int_equal(HONE_OK, hone_plan_create(&plan, context, "cpu", &problem, NULL, 1));
        snprintf(config, sizeof config, "%s", hone_plan_config(plan));
        hone_plan_destroy(plan);
        snprintf(isa, sizeof isa, "isa=%s,", cases[i].isa);
        if (!strstr(config, isa))
            fail_msg("%s: %s, not %s", cases[i].problem, config, isa);
        assert_int_equal(HONE_OK, hone_operands_create(&operands, &problem, 1, 0));
        assert_int_equal(HONE_OK, hone_reference_create(&reference, operands, 0));
        assert_int_equal(HONE_OK,
                         hone_verify_config(&numerics, context, "cpu", operands, reference, config, 1));
        assert_true(numerics.correct);
        hone_reference_destroy(reference);
        hone_operands_destroy(operands);
    }
    hone_context_destroy(context);
}

int main(void) {
    if (strcmp(hone_cpu_isas[0].name, "scalar") == 0 || !hone_cpu_isa_runs(&hone_cpu_isas[0])) {
        puts("SKIP: the emulation needs an x86-64 with AVX-512");
        return 77;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tiles_of_every_size_sum_exactly),
        cmocka_unit_test(defaults_verify),
        cmocka_unit_test(every_emulated_s8_variant_verifies),
        cmocka_unit_test(every_emulated_f16_variant_verifies),
        cmocka_unit_test(every_emulated_bf16_variant_verifies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

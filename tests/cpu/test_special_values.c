/* What is not an ordinary number passes through the registers' epilogue as through
 * the buffer's: NaN stays, infinities give the limit, zeros keep their sign. What only
 * resembles a clamp stays out of the registers. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../kernels/half.h"
#include "hone/hone.h"

/* Whole panels of every width, and a row for each value. */
enum { COLUMNS = 384 };
static const float values[] = {NAN,     INFINITY, -INFINITY, 0.0f,  -0.0f,     1e-42f,
                               -1e-42f, 5.5f,     6.5f,      -6.5f, -0x1p-124f};
enum { ROWS = sizeof values / sizeof values[0] };

/* Slopes of columns: of prelu, and for the reference. */
static float slope_of(int column) {
    static const float slopes[] = {0, 0.25f, -2, 1, 1e-3f};
    return slopes[column % (int)(sizeof slopes / sizeof slopes[0])];
}
static float *slopes(void) {
    static float all[COLUMNS];
    for (int j = 0; j < COLUMNS; j++)
        all[j] = slope_of(j);
    return all;
}

/* f(x) in a column, with a parameter that prelu has no use for. */
static double expected(hone_activation act, double parameter, double x, int column) {
    double params[2] = {
        strcmp(hone_activation_name(act), "prelu") == 0 ? (double)slope_of(column) : parameter, 0};
    return hone_activation_reference(act, x, strcmp(hone_activation_name(act), "clip") == 0 ? NULL : params);
}

/* The default config with the epilogue where `epi` says. */
static void config_with(char *out, size_t size, hone_context *context, const hone_problem *problem,
                        const char *epi) {
    hone_plan *plan;
    assert_int_equal(HONE_OK, hone_plan_create(&plan, context, "cpu", problem, NULL, 1));
    const char *text = hone_plan_config(plan), *at = strstr(text, "epi=");
    assert_non_null(at);
    snprintf(out, size, "%.*s%s%s", (int)(at - text) + 4, text, epi, at + 4 + strcspn(at + 4, ","));
    hone_plan_destroy(plan);
}

/* Whether C of s8 may be a curve: then a smooth activation leaves the registers, too. */
static int has_curves(hone_context *context) {
    hone_problem problem;
    hone_plan *plan;
    assert_int_equal(HONE_OK, hone_problem_parse(&problem, "gemm/s8/gelu_tanh/64x64x64"));
    assert_int_equal(HONE_OK, hone_plan_create(&plan, context, "cpu", &problem, NULL, 1));
    int found = strstr(hone_plan_config(plan), "epi=reg") != NULL;
    hone_plan_destroy(plan);
    return found;
}

/* C = act(x) for every value x: K is 1 and B is ones. */
static void run(float *c, hone_context *context, const char *act, double parameter, const char *epi) {
    hone_problem problem;
    hone_activation index;
    hone_plan *plan;
    char config[256];
    float b[COLUMNS];
    for (int j = 0; j < COLUMNS; j++)
        b[j] = 1;
    assert_int_equal(HONE_OK, hone_activation_parse(&index, act));
    hone_problem_init(&problem, HONE_F32, index, ROWS, COLUMNS, 1);
    if (strcmp(act, "leaky_relu") == 0 || strcmp(act, "prelu") == 0)
        problem.act_params[0] = parameter;
    problem.bias = 0;
    config_with(config, sizeof config, context, &problem, epi);
    assert_int_equal(HONE_OK, hone_plan_create(&plan, context, "cpu", &problem, config, 1));
    void *packed = aligned_alloc(HONE_PACK_ALIGN, hone_plan_packed_size(plan));
    assert_non_null(packed);
    assert_int_equal(HONE_OK, hone_plan_pack(packed, plan, b, COLUMNS));
    hone_args args = {.a = values, .lda = 1, .b = packed, .c = c, .ldc = COLUMNS, .alpha = slopes()};
    assert_int_equal(HONE_OK, hone_plan_execute(plan, &args));
    free(packed);
    hone_plan_destroy(plan);
}

static void both_epilogues_agree(void **state) {
    (void)state;
    static const struct {
        const char *act;
        double parameter;
    } cases[] = {{"identity", 0},   {"relu", 0},        {"relu6", 0}, {"clip", 0}, {"leaky_relu", 0.01f},
                 {"leaky_relu", 0}, {"leaky_relu", -2}, {"prelu", 0}, {"prelu", 1}};
    static float direct[ROWS * COLUMNS], buffered[ROWS * COLUMNS];
    hone_context *context;
    assert_int_equal(HONE_OK, hone_context_create(&context));
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        hone_activation act;
        assert_int_equal(HONE_OK, hone_activation_parse(&act, cases[i].act));
        run(direct, context, cases[i].act, cases[i].parameter, "reg");
        run(buffered, context, cases[i].act, cases[i].parameter, "l1");
        for (int n = 0; n < ROWS * COLUMNS; n++) {
            float x = values[n / COLUMNS],
                  want = (float)expected(act, cases[i].parameter, (double)x, n % COLUMNS);
            if (isnan(x) ? !isnan(direct[n]) || !isnan(buffered[n])
                         : direct[n] != want || memcmp(&direct[n], &buffered[n], sizeof direct[n]) != 0)
                fail_msg("%s(%g) in column %d: %g from registers, %g through the buffer, not %g",
                         cases[i].act, (double)x, n % COLUMNS, (double)direct[n], (double)buffered[n],
                         (double)want);
        }
    }
    hone_context_destroy(context);
}

/* ---- 16-bit C */

static uint16_t to_half(hone_dtype dtype, float x) {
    return dtype == HONE_F16 ? hone_f16_from_f32(x) : hone_bf16_from_f32(x);
}

/* C = act(x + bias) in 16 bits, of x in 16 bits. */
static void run_half(uint16_t *c, hone_context *context, hone_dtype dtype, const char *act, const char *epi,
                     const uint16_t *x, const float *bias) {
    hone_problem problem;
    hone_activation index;
    hone_plan *plan;
    char config[256];
    uint16_t b[COLUMNS];
    for (int j = 0; j < COLUMNS; j++)
        b[j] = to_half(dtype, 1);
    assert_int_equal(HONE_OK, hone_activation_parse(&index, act));
    hone_problem_init(&problem, dtype, index, ROWS, COLUMNS, 1);
    config_with(config, sizeof config, context, &problem, epi);
    assert_int_equal(HONE_OK, hone_plan_create(&plan, context, "cpu", &problem, config, 1));
    void *packed = aligned_alloc(HONE_PACK_ALIGN, hone_plan_packed_size(plan));
    assert_non_null(packed);
    assert_int_equal(HONE_OK, hone_plan_pack(packed, plan, b, COLUMNS));
    hone_args args = {.a = x, .lda = 1, .b = packed, .c = c, .ldc = COLUMNS, .bias = bias, .alpha = slopes()};
    assert_int_equal(HONE_OK, hone_plan_execute(plan, &args));
    free(packed);
    hone_plan_destroy(plan);
}

/* A bias so small that sums which flush subnormals would lose it is not lost. */
static void both_epilogues_agree_in_16_bits(void **state) {
    (void)state;
    static const char *const acts[] = {"identity", "relu", "clip", "leaky_relu", "prelu"};
    static const float biases[] = {0, 1, 0x1p-102f, 0x1p-110f, 0x1.8p-130f, -0x1p-149f, NAN, -INFINITY};
    enum {
        BIASES = sizeof biases / sizeof biases[0],
        ACTS = sizeof acts / sizeof acts[0],
        CASES = ACTS * 2 * BIASES
    };
    static uint16_t direct[ROWS * COLUMNS], buffered[ROWS * COLUMNS];
    hone_context *context;
    assert_int_equal(HONE_OK, hone_context_create(&context));
    for (int n = 0; n < CASES; n++) {
        const char *act = acts[n % ACTS];
        const hone_dtype dtype = n / ACTS % 2 ? HONE_F16 : HONE_BF16;
        const float value = biases[n / (2 * ACTS)];
        uint16_t x[ROWS];
        float bias[COLUMNS];
        for (int i = 0; i < ROWS; i++)
            x[i] = fabsf(values[i]) < 1e-40f ? 0 : to_half(dtype, values[i]);
        for (int j = 0; j < COLUMNS; j++)
            bias[j] = j % 2 ? value : -value;
        run_half(direct, context, dtype, act, "reg", x, bias);
        run_half(buffered, context, dtype, act, "l1", x, bias);
        hone_activation index;
        assert_int_equal(HONE_OK, hone_activation_parse(&index, act));
        for (int i = 0; i < ROWS * COLUMNS; i++) {
            float sum =
                (dtype == HONE_F16 ? hone_f16_to_f32(x[i / COLUMNS]) : hone_bf16_to_f32(x[i / COLUMNS])) +
                bias[i % COLUMNS];
            float y = (float)expected(index, (double)0.01f, (double)sum, i % COLUMNS);
            uint16_t want = to_half(dtype, y), sign = (uint16_t)(y == 0 ? 0x8000 : 0);
            int same = (direct[i] | sign) == (want | sign) && (buffered[i] | sign) == (want | sign);
            uint16_t infinite = dtype == HONE_F16 ? 0x7c00 : 0x7f80;
            int both_nan = (direct[i] & 0x7fff) > infinite && (buffered[i] & 0x7fff) > infinite;
            if (isnan(y) ? !both_nan : !same)
                fail_msg("%s of %g + %g: %04x from registers, %04x through the buffer, not %04x", act,
                         (double)values[i / COLUMNS], (double)bias[i % COLUMNS], direct[i], buffered[i],
                         want);
        }
    }
    hone_context_destroy(context);
}

/* ---- 8-bit products */

enum { DEPTH = 7, C_BYTES = ROWS * COLUMNS * 4 };

typedef struct bytes_case {
    hone_dtype a_type, c_type;
    const char *act;
    int k;
    float c_scale;
    int32_t a_zero;
    int finite;       /* the bias is */
    const char *form; /* NULL: the default one */
} bytes_case;

/* What leaves registers and what leaves the buffer, of A in place and of a copy: scales are powers of two, so
 * that nothing is rounded twice. */
static void run_bytes(void *c, hone_context *context, const bytes_case *q, const char *epi, int copy) {
    static const float odd[] = {0, -3, 100.25f, 1e30f, -INFINITY, NAN, 0.125f, -1e30f};
    signed char a[ROWS * DEPTH], b[DEPTH * COLUMNS];
    float bias[COLUMNS], a_scale = 0.5f, b_scale[COLUMNS];
    hone_problem problem;
    hone_activation index;
    hone_plan *plan;
    char config[256];
    for (int i = 0; i < ROWS * DEPTH; i++)
        a[i] = (signed char)(i * 37 % 256 - 128);
    for (int i = 0; i < DEPTH * COLUMNS; i++)
        b[i] = (signed char)(i * 101 % 256 - 128);
    for (int j = 0; j < COLUMNS; j++) {
        bias[j] = q->finite ? (float)(j % 9) - 4 : odd[j % 8];
        b_scale[j] = ldexpf(1, j % 14 - 10);
    }
    assert_int_equal(HONE_OK, hone_activation_parse(&index, q->act));
    hone_problem_init(&problem, HONE_S8, index, ROWS, COLUMNS, q->k);
    problem.a_type = q->a_type;
    problem.c_type = q->c_type;
    config_with(config, sizeof config, context, &problem, epi);
    char *at = strstr(config, "copy=");
    assert_non_null(at);
    if (copy)
        at[5] = '1';
    at = q->form ? strstr(config, "form=") : NULL;
    if (at && strncmp(at + 5, "byte", 4) == 0) {
        char after[256];
        snprintf(after, sizeof after, "%s", at + 9);
        snprintf(at + 5, sizeof config - (size_t)(at + 5 - config), "%s%s", q->form, after);
    }
    assert_int_equal(HONE_OK, hone_plan_create(&plan, context, "cpu", &problem, config, 1));
    void *packed = aligned_alloc(HONE_PACK_ALIGN, hone_plan_packed_size(plan));
    assert_non_null(packed);
    assert_int_equal(HONE_OK, hone_plan_pack(packed, plan, b, COLUMNS));
    hone_args args = {.a = a,
                      .lda = q->k,
                      .b = packed,
                      .c = c,
                      .ldc = COLUMNS,
                      .bias = bias,
                      .alpha = slopes(),
                      .a_scale = &a_scale,
                      .b_scale = b_scale,
                      .a_zero = &q->a_zero,
                      .c_scale = q->c_scale,
                      .c_zero = 3};
    assert_int_equal(HONE_OK, hone_plan_execute(plan, &args));
    free(packed);
    hone_plan_destroy(plan);
}

static void both_epilogues_agree_in_8_bits(void **state) {
    (void)state;
    static const hone_dtype c_types[] = {HONE_S8, HONE_U8, HONE_F32, HONE_F16};
    static const char *const acts[] = {"identity", "relu", "clip", "leaky_relu", "prelu", "gelu_tanh", "elu"};
    /* The third has no finite inverse; with the last scales of columns overflow, taken by themselves. */
    static const float scales[] = {0.0625f, 0x1p-20f, 0x1p-149f, 1e30f, 0x1p-126f};
    enum { SCALES = sizeof scales / sizeof scales[0], ACTS = sizeof acts / sizeof acts[0], CURVED = 5 };
    static _Alignas(64) unsigned char direct[C_BYTES], buffered[C_BYTES], copied[C_BYTES];
    hone_context *context;
    assert_int_equal(HONE_OK, hone_context_create(&context));
    const int acts_here = has_curves(context) ? ACTS : CURVED;
    for (int n = 0; n < 4 * ACTS * SCALES * 2 * 2 * DEPTH; n++) {
        const int act = n / 4 % ACTS, rest = n / 4 / ACTS;
        const bytes_case q = {.c_type = c_types[n % 4],
                              .act = acts[act],
                              .c_scale = scales[rest % SCALES],
                              .a_type = rest / SCALES % 2 ? HONE_U8 : HONE_S8,
                              .a_zero = rest / SCALES % 2 ? 100 : -5,
                              .finite = rest / SCALES / 2 % 2,
                              .k = rest / SCALES / 4 + 1};
        if (act >= acts_here || (act >= CURVED && n % 4 > 1))
            continue;
        memset(direct, 0, sizeof direct);
        memset(buffered, 0, sizeof buffered);
        memset(copied, 0, sizeof copied);
        run_bytes(direct, context, &q, "reg", 0);
        run_bytes(buffered, context, &q, "l1", 0);
        run_bytes(copied, context, &q, "reg", 1);
        for (int i = 0; i < C_BYTES; i++)
            if (direct[i] != buffered[i] || direct[i] != copied[i])
                fail_msg("%s, K = %d, A %s, C %s, scale %g: byte %d is %02x from registers, %02x through the "
                         "buffer, %02x of a copy",
                         q.act, q.k, hone_dtype_name(q.a_type), hone_dtype_name(q.c_type), (double)q.c_scale,
                         i, direct[i], buffered[i], copied[i]);
    }
    hone_context_destroy(context);
}

/* What no curve can take (a bias that is none or beyond 32 bits, a scale that overflows) is as without. */
static void what_no_curve_takes_is_brief(void **state) {
    (void)state;
    static const float scales[] = {0.0625f, 0x1p-149f, 1e30f};
    static _Alignas(64) unsigned char curved[C_BYTES], brief[C_BYTES];
    hone_context *context;
    assert_int_equal(HONE_OK, hone_context_create(&context));
    if (!has_curves(context)) {
        hone_context_destroy(context);
        skip();
    }
    for (int n = 0; n < 3 * 2 * 2; n++) {
        const bytes_case q = {.c_type = n % 2 ? HONE_U8 : HONE_S8,
                              .act = "gelu_tanh",
                              .c_scale = scales[n / 4],
                              .a_type = HONE_S8,
                              .a_zero = -5,
                              .k = DEPTH,
                              .form = "brief"};
        bytes_case with = q;
        with.form = NULL;
        memset(curved, 0, sizeof curved);
        memset(brief, 0, sizeof brief);
        run_bytes(curved, context, &with, n / 2 % 2 ? "reg" : "l1", 0);
        run_bytes(brief, context, &q, "l1", 0);
        for (int i = 0; i < C_BYTES; i++)
            if (curved[i] != brief[i])
                fail_msg("scale %g, byte %d: %02x, %02x by the form brief", (double)q.c_scale, i, curved[i],
                         brief[i]);
    }
    hone_context_destroy(context);
}

/* A jump stays one, however small. */
static void what_resembles_a_clamp_is_none(void **state) {
    (void)state;
    hone_context *context;
    hone_problem problem;
    hone_activation act;
    hone_plan *plan;
    assert_int_equal(HONE_OK, hone_context_create(&context));
    assert_int_equal(HONE_OK, hone_activation_parse(&act, "thresholded_relu"));
    hone_problem_init(&problem, HONE_F32, act, ROWS, COLUMNS, 1);
    problem.act_params[0] = 1e-7;
    assert_int_equal(HONE_OK, hone_plan_create(&plan, context, "cpu", &problem, NULL, 1));
    assert_non_null(strstr(hone_plan_config(plan), "epi=l1"));
    hone_plan_destroy(plan);
    hone_context_destroy(context);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_epilogues_agree), cmocka_unit_test(both_epilogues_agree_in_16_bits),
        cmocka_unit_test(both_epilogues_agree_in_8_bits), cmocka_unit_test(what_no_curve_takes_is_brief),
        cmocka_unit_test(what_resembles_a_clamp_is_none)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

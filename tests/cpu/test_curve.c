/* Smooth activations into 8 bits as curves (cpu_curve.h): how far they err, which scales have one, tiles of
 * every shape, and what no curve can serve. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../kernels/activation.h"
#include "../../kernels/cpu/cpu_curve.h"
#include "../../kernels/cpu/cpu_variants.h"
#include "hone/hone.h"

enum { WIDTH = HONE_MOST_COLUMNS, ROWS = 2048, SUMS = ROWS * WIDTH, LEAST_SIGNED = -128 };

/* Of a quantum: what a curve may err by, and one of an activation with a kink elsewhere than at 0. */
static double allowed(int act) {
    const char *name = hone_activation_info(act)->name;
    return strcmp(name, "hardsigmoid") == 0 || strcmp(name, "hardswish") == 0 ? 1.0 / 16 : 1.0 / 32;
}

/* An extension shares the code of the instruction set that it extends. */
static int to_test(const hone_cpu_isa *isa) {
    return hone_cpu_isa_runs(isa) && isa->code->curve && strcmp(isa->code->name, isa->name) == 0;
}

static int can_be_curve(const hone_act_info *info) { return info->smooth && !info->per_column; }

static int fit(hone_cpu_curve *curve, const hone_cpu_isa *isa, int act, float c_scale, int32_t zero,
               int c_type) {
    const hone_act_info *info = hone_activation_info(act);
    float params[2] = {0};
    for (int i = 0; i < info->param_count; i++)
        params[i] = (float)info->params[i].value;
    hone_cpu_curve_fit(curve, isa->code, act, params[0], params[1], c_scale, zero, c_type);
    return curve->fits;
}

/* The exact result in quanta, saturated. */
static double exact(int act, double x, float c_scale, int32_t zero, int c_type) {
    const hone_act_info *info = hone_activation_info(act);
    double params[2] = {0}, least = c_type == HONE_C_S8 ? LEAST_SIGNED : 0;
    for (int i = 0; i < info->param_count; i++)
        params[i] = (float)info->params[i].value;
    double y = hone_activation_reference(act, x, params) / (double)c_scale + zero;
    return fmin(fmax(y, least), least + 255);
}

static double stored(const unsigned char *c, int c_type) {
    return c_type == HONE_C_S8 ? (double)(signed char)*c : (double)*c;
}

/* The largest error beyond rounding, in quanta, of x from -`most` to `most`. */
static double worst_error(const hone_cpu_isa *isa, const hone_cpu_curve *curve, int act, int c_type,
                          double most) {
    static int32_t sums[SUMS];
    static unsigned char c[SUMS];
    float scale[WIDTH], bias[WIDTH];
    const float step = (float)(2 * most / SUMS);
    for (int j = 0; j < WIDTH; j++) {
        scale[j] = step * curve->unit;
        bias[j] = curve->offset;
    }
    for (int i = 0; i < SUMS; i++)
        sums[i] = i - SUMS / 2;
    hone_epilogue_args args = {.acc = sums,
                               .acc_ld = WIDTH,
                               .acc_is_s32 = 1,
                               .columns = WIDTH,
                               .c = c,
                               .ldc = WIDTH,
                               .c_type = c_type,
                               .bias = bias,
                               .col_scale = scale,
                               .curve = &curve->table};
    isa->code->curve(&args, 0, ROWS);
    double worst = 0;
    for (int i = 0; i < SUMS; i++) {
        double want = exact(act, (double)step * sums[i], curve->c_scale, curve->c_zero, c_type);
        worst = fmax(worst, fabs(stored(&c[i], c_type) - want) - 0.5);
    }
    return worst;
}

static void every_curve_is_within_a_32nd_of_a_quantum(void **state) {
    (void)state;
    static const float scales[] = {1 / 512.0f, 1 / 255.0f, 1 / 127.0f, 0.0157f, 0.031f,
                                   0.0625f,    0.1f,       0.3f,       2};
    static const struct {
        int c_type;
        int32_t zero;
    } outputs[] = {{HONE_C_S8, 0}, {HONE_C_S8, -128}, {HONE_C_S8, -119}, {HONE_C_U8, 128},
                   {HONE_C_U8, 0}, {HONE_C_U8, 9},    {HONE_C_S8, 127}};
    enum { SCALES = sizeof scales / sizeof scales[0], OUTPUTS = sizeof outputs / sizeof outputs[0] };
    for (const hone_cpu_isa *isa = hone_cpu_isas; isa->name; isa++)
        for (int act = 0; to_test(isa) && act < hone_activation_count(); act++) {
            const hone_act_info *info = hone_activation_info(act);
            double worst = 0;
            int fitted = 0;
            for (int n = 0; can_be_curve(info) && n < SCALES * OUTPUTS; n++) {
                const float c_scale = scales[n / OUTPUTS];
                const int c_type = outputs[n % OUTPUTS].c_type;
                hone_cpu_curve curve;
                if (!fit(&curve, isa, act, c_scale, outputs[n % OUTPUTS].zero, c_type))
                    continue;
                fitted++;
                double error =
                    fmax(worst_error(isa, &curve, act, c_type, 20), worst_error(isa, &curve, act, c_type, 1));
                if (!(error <= allowed(act)))
                    fail_msg("%s on %s, scale %g, zero point %d: %g quanta off", info->name, isa->name,
                             (double)c_scale, (int)outputs[n % OUTPUTS].zero, error);
                worst = fmax(worst, error);
            }
            if (can_be_curve(info))
                printf("%-12s %d of %d scales and zero points, %.4f of a quantum\n", info->name, fitted,
                       SCALES * OUTPUTS, worst);
        }
}

/* Where parabolas err between the places at which they are checked. */
static void bumps_between_checks_are_found(void **state) {
    (void)state;
    static const struct {
        const char *act;
        float c_scale;
        int32_t zero;
        int c_type;
    } cases[] = {{"gelu_tanh", 1.54411f, -128, HONE_C_S8},
                 {"celu", 0.736f, 85, HONE_C_U8},
                 {"selu", 1.31f, 25, HONE_C_S8}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (const hone_cpu_isa *isa = hone_cpu_isas; isa->name; isa++) {
            hone_activation act;
            hone_cpu_curve curve;
            assert_int_equal(HONE_OK, hone_activation_parse(&act, cases[i].act));
            if (!to_test(isa) ||
                !fit(&curve, isa, (int)act, cases[i].c_scale, cases[i].zero, cases[i].c_type))
                continue;
            double error = worst_error(isa, &curve, (int)act, cases[i].c_type, 200);
            if (error > allowed((int)act))
                fail_msg("%s at a scale of %g: %g quanta off", cases[i].act, (double)cases[i].c_scale, error);
        }
}

/* Outputs are quantised over the range of what they hold: each of these has a curve there. */
static void usual_scales_have_a_curve(void **state) {
    (void)state;
    static const struct {
        const char *act;
        float least, most;
    } usual[] = {{"gelu_tanh", -0.17f, 4},  {"gelu_tanh", -0.17f, 12}, {"gelu_erf", -0.17f, 6},
                 {"silu", -0.2785f, 8},     {"silu", -0.2785f, 3},     {"mish", -0.309f, 6},
                 {"tanh", -1, 1},           {"sigmoid", 0, 1},         {"elu", -1, 5},
                 {"selu", -1.7581f, 5},     {"celu", -1, 5},           {"softplus", 0, 6},
                 {"gelu_tanh", -0.1f, 2.5f}};
    for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++) {
        const float extent = fmaxf(-usual[i].least, usual[i].most),
                    step = (usual[i].most - usual[i].least) / 255;
        const int32_t zero = (int32_t)lrintf(-usual[i].least / step);
        hone_activation act;
        hone_cpu_curve curve;
        assert_int_equal(HONE_OK, hone_activation_parse(&act, usual[i].act));
        for (const hone_cpu_isa *isa = hone_cpu_isas; isa->name; isa++)
            if (to_test(isa) && !(fit(&curve, isa, act, extent / 127, 0, HONE_C_S8) &&
                                  fit(&curve, isa, act, step, zero - 128, HONE_C_S8) &&
                                  fit(&curve, isa, act, step, zero, HONE_C_U8)))
                fail_msg("%s from %g to %g has no curve", usual[i].act, (double)usual[i].least,
                         (double)usual[i].most);
    }
}

/* Scales that are none, and those beyond the grid of knots, have no curve. */
static void odd_scales_have_none(void **state) {
    (void)state;
    static const float scales[] = {0, -0.1f, NAN, INFINITY, -INFINITY, 1e-45f, 1e-6f, 1e30f, 300};
    for (const hone_cpu_isa *isa = hone_cpu_isas; isa->name; isa++)
        for (int act = 0; to_test(isa) && act < hone_activation_count(); act++)
            for (size_t i = 0; can_be_curve(hone_activation_info(act)) && i < sizeof scales / sizeof *scales;
                 i++) {
                hone_cpu_curve curve;
                int fits = fit(&curve, isa, act, scales[i], 3, HONE_C_U8);
                const double most = fits ? fmin(1000, 0x1p29 / (double)curve.unit) : 0;
                if (fits && !(worst_error(isa, &curve, act, HONE_C_U8, most) <= allowed(act)))
                    fail_msg("%s at a scale of %g", hone_activation_info(act)->name, (double)scales[i]);
            }
}

/* Tiles of every shape, with a scale and zero point a row or without: the same as one element at a time, and
 * what is beside the tile stays. */
static void tiles_of_every_shape(void **state) {
    (void)state;
    enum { MOST = 7, LD = 96, GUARD = 0x5a };
    static int32_t sums[MOST * LD], row_zero[MOST], col_sum[LD];
    static float scale[LD], bias[LD], row_scale[MOST];
    static unsigned char c[MOST * LD];
    hone_activation act;
    assert_int_equal(HONE_OK, hone_activation_parse(&act, "gelu_tanh"));
    for (int i = 0; i < MOST * LD; i++)
        sums[i] = i * 7919 % 20011 - 10000;
    for (const hone_cpu_isa *isa = hone_cpu_isas; isa->name; isa++)
        for (int n = 0; to_test(isa) && n < 4 * MOST * WIDTH; n++) {
            const int by_row = n % 2, c_type = n / 2 % 2 ? HONE_C_U8 : HONE_C_S8, rows = 1 + n / 4 % MOST,
                      columns = 1 + n / (4 * MOST);
            hone_cpu_curve curve;
            assert_int_equal(1, fit(&curve, isa, act, 0.02f, 5, c_type));
            for (int j = 0; j < LD; j++) {
                scale[j] = (1 + (float)(j % 5)) * 1e-4f * curve.unit;
                bias[j] = (float)(j % 9 - 4) * 0.1f * curve.unit + curve.offset;
                col_sum[j] = j * 37 % 101 - 50;
            }
            for (int i = 0; i < MOST; i++) {
                row_scale[i] = 1 + (float)i / 4;
                row_zero[i] = i * 9 - 30;
            }
            hone_epilogue_args args = {.acc = sums,
                                       .acc_ld = LD,
                                       .acc_is_s32 = 1,
                                       .columns = columns,
                                       .c = c,
                                       .ldc = LD,
                                       .c_type = c_type,
                                       .bias = bias,
                                       .row_scale = by_row ? row_scale : NULL,
                                       .row_zero = by_row ? row_zero : NULL,
                                       .col_scale = scale,
                                       .col_sum = by_row ? col_sum : NULL,
                                       .curve = &curve.table};
            memset(c, GUARD, sizeof c);
            isa->code->curve(&args, 0, rows);
            for (int i = 0; i < MOST * LD; i++) {
                const int row = i / LD, column = i % LD;
                if (row >= rows || column >= columns) {
                    assert_int_equal(GUARD, c[i]);
                    continue;
                }
                double sum = sums[i] - (by_row ? (double)row_zero[row] * col_sum[column] : 0);
                double x = sum * (double)scale[column] * (by_row ? (double)row_scale[row] : 1) +
                           (double)bias[column];
                x = (x - (double)curve.offset) / (double)curve.unit;
                double want = exact(act, x, 0.02f, 5, c_type);
                if (fabs(stored(&c[i], c_type) - want) > 0.5 + allowed((int)act) + 1e-3)
                    fail_msg("%s, %d x %d: row %d column %d is %g, not %g", isa->name, rows, columns, row,
                             column, stored(&c[i], c_type), want);
            }
        }
}

/* More scales in turn than are kept, and than share a place: each finds its own curve. */
static void curves_are_kept(void **state) {
    (void)state;
    enum { SCALES = 2 * HONE_CPU_CURVES };
    static hone_cpu_curves curves;
    hone_activation act;
    assert_int_equal(HONE_OK, hone_activation_parse(&act, "tanh"));
    for (const hone_cpu_isa *isa = hone_cpu_isas; isa->name; isa++)
        for (int n = 0; to_test(isa) && n < 3 * SCALES; n++) {
            const float c_scale = 0.01f + 1e-4f * (float)(n % SCALES);
            const int32_t zero = n % 3 - 1;
            hone_cpu_curve alone;
            fit(&alone, isa, (int)act, c_scale, zero, HONE_C_S8);
            for (int again = 0; again < 2; again++) {
                const hone_cpu_curve *curve =
                    hone_cpu_curve_find(&curves, isa->code, (int)act, 0, 0, c_scale, zero, HONE_C_S8);
                assert_memory_equal(&alone.table, &curve->table, sizeof alone.table);
                assert_true(curve->c_scale == c_scale && curve->c_zero == zero);
            }
        }
}

/* ---- calls of a plan */

enum { M = 40, N = 64, K = 12 };

/* C of a call. */
static void execute(unsigned char *c, hone_plan *plan, const float *a_scale, const float *bias, float c_scale,
                    int32_t zero) {
    static signed char a[M * K], b[K * N];
    float b_scale[N];
    for (int i = 0; i < M * K; i++)
        a[i] = (signed char)(i * 37 % 255 - 127);
    for (int i = 0; i < K * N; i++)
        b[i] = (signed char)(i * 101 % 255 - 127);
    for (int j = 0; j < N; j++)
        b_scale[j] = 1e-4f * (float)(1 + j % 3);
    void *packed = aligned_alloc(HONE_PACK_ALIGN, hone_plan_packed_size(plan));
    assert_non_null(packed);
    assert_int_equal(HONE_OK, hone_plan_pack(packed, plan, b, N));
    hone_args args = {.a = a,
                      .lda = K,
                      .b = packed,
                      .c = c,
                      .ldc = N,
                      .bias = bias,
                      .a_scale = a_scale,
                      .b_scale = b_scale,
                      .c_scale = c_scale,
                      .c_zero = zero};
    assert_int_equal(HONE_OK, hone_plan_execute(plan, &args));
    free(packed);
}

/* The default config in the form named. */
static hone_plan *plan_of(hone_context *context, const char *problem_text, const char *form) {
    hone_problem problem;
    hone_plan *plan;
    char config[256];
    assert_int_equal(HONE_OK, hone_problem_parse(&problem, problem_text));
    assert_int_equal(HONE_OK, hone_plan_create(&plan, context, "cpu", &problem, NULL, 1));
    const char *text = hone_plan_config(plan), *at = strstr(text, "form=byte");
    if (!at || !strstr(text, "isa=avx512")) {
        hone_plan_destroy(plan);
        return NULL;
    }
    snprintf(config, sizeof config, "%.*s%s%s", (int)(at - text) + 5, text, form, at + 9);
    char *epilogue = strstr(config, "epi=reg");
    if (epilogue && strcmp(form, "brief") == 0) {
        char rest[256];
        snprintf(rest, sizeof rest, "%s", epilogue + 7);
        snprintf(epilogue, sizeof config - (size_t)(epilogue - config), "epi=l1%s", rest);
    }
    hone_plan_destroy(plan);
    assert_int_equal(HONE_OK, hone_plan_create(&plan, context, "cpu", &problem, config, 1));
    return plan;
}

/* Both forms agree within a step, with other scales and zero points from call to call, and with scales of
 * rows that no curve can take. */
static void calls_differ(void **state) {
    (void)state;
    static const struct {
        float c_scale;
        int32_t zero;
    } calls[] = {{0.02f, 0}, {0.02f, -100}, {0.05f, -100}, {0.02f, 0}, {5, 0}, {0.02f, 7}};
    static const float odd[] = {1, 1e30f, NAN, INFINITY, -1, 3e6f};
    static unsigned char curved[M * N], brief[M * N];
    float a_scale[M], bias[N];
    hone_context *context;
    assert_int_equal(HONE_OK, hone_context_create(&context));
    for (int j = 0; j < N; j++)
        bias[j] = (float)(j % 7) - 3;
    for (int rows = 0; rows < 2; rows++) {
        hone_problem problem;
        char text[HONE_PROBLEM_TEXT];
        assert_int_equal(HONE_OK, hone_problem_parse(&problem, "gemm/s8/gelu_tanh/40x64x12"));
        problem.a_scale_per_row = rows;
        assert_int_equal(HONE_OK, hone_problem_format(text, sizeof text, &problem));
        hone_plan *first = plan_of(context, text, "byte"),
                  *second = first ? plan_of(context, text, "brief") : NULL;
        for (size_t n = 0; first && n < 2 * sizeof calls / sizeof calls[0]; n++) {
            for (int i = 0; i < M; i++)
                a_scale[i] = n % 2 && rows ? odd[i % 6] : 1;
            execute(curved, first, a_scale, bias, calls[n / 2].c_scale, calls[n / 2].zero);
            execute(brief, second, a_scale, bias, calls[n / 2].c_scale, calls[n / 2].zero);
            for (int i = 0; i < M * N; i++)
                if (abs((signed char)curved[i] - (signed char)brief[i]) > (n % 2 && rows ? 0 : 1))
                    fail_msg("%s, scale %g, zero point %d: row %d, column %d is %d, %d by brief", text,
                             (double)calls[n / 2].c_scale, (int)calls[n / 2].zero, i / N, i % N,
                             (signed char)curved[i], (signed char)brief[i]);
        }
        hone_plan_destroy(first);
        hone_plan_destroy(second);
    }
    hone_context_destroy(context);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_curve_is_within_a_32nd_of_a_quantum),
                                       cmocka_unit_test(bumps_between_checks_are_found),
                                       cmocka_unit_test(usual_scales_have_a_curve),
                                       cmocka_unit_test(odd_scales_have_none),
                                       cmocka_unit_test(tiles_of_every_shape),
                                       cmocka_unit_test(curves_are_kept),
                                       cmocka_unit_test(calls_differ)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

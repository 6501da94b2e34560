/* The vector code of every activation on every instruction set in every form,
 * against the fp64 reference: over a sample of floats of every exponent and dense
 * where tables, limits and tails are, at NaN, infinities, zeros and subnormals; into
 * 16 and 8 bits; and the table's claims (Lipschitz constant, range).
 *
 * HONE_FLOATS=full takes all 2^32 floats instead of the sample (an hour), and
 * HONE_FLOATS=a-b those whose first byte is from a to b (63: 1/2 to 2);
 * HONE_FLOATS_ISA and HONE_FLOATS_ACT restrict it to one of each. */
#include <fenv.h>
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
#include "../../kernels/cpu/cpu_variants.h"
#include "../../kernels/half.h"

enum { FORMS = HONE_FORM_COUNT };
static const char *const form_names[FORMS] = {"high", "fast", "brief", "byte"};

enum { CHUNK = 1 << 16 };

static float input[CHUNK], output[CHUNK];
static double expected[CHUNK];

/* One call of an epilogue with C of any type. */
static void apply_to(const hone_isa_code *code, int form, int act, const double *params, const float *x,
                     void *y, int c_type, float c_scale, int n) {
    float *alpha = NULL;
    hone_epilogue_args args = {.acc = x,
                               .acc_ld = n,
                               .columns = n,
                               .c = y,
                               .ldc = n,
                               .c_type = c_type,
                               .c_inverse = 1.0f / c_scale,
                               .p = (float)params[0],
                               .q = (float)params[1]};
    if (hone_activation_info(act)->per_column) {
        alpha = malloc((size_t)n * sizeof *alpha);
        assert_non_null(alpha);
        for (int i = 0; i < n; i++)
            alpha[i] = (float)params[0];
        args.alpha = alpha;
    }
    code->epilogues[form][act](&args, 0, 1);
    free(alpha);
}

static void apply(const hone_isa_code *code, int form, int act, const double *params, const float *x,
                  float *y, int n) {
    apply_to(code, form, act, params, x, y, HONE_C_F32, 1, n);
}

/* An extension shares the code of the instruction set that it extends. */
static int to_test(const hone_cpu_isa *isa) {
    return hone_cpu_isa_runs(isa) && strcmp(isa->code->name, isa->name) == 0;
}

/* Parameters as the kernels see them: rounded to float. */
static void default_params(double params[2], const hone_act_info *info) {
    for (int i = 0; i < 2; i++)
        params[i] = i < info->param_count ? (double)(float)info->params[i].value : 0;
}

/* With tables byte is brief where it is no curve (test_curve.c). */
static int is_another(const hone_isa_code *code, int form) {
    return form != HONE_FORM_BYTE || code->epilogues[form] != code->epilogues[HONE_FORM_BRIEF];
}

/* One unit in the last place of a float result. */
static double ulp(double y) {
    int exponent = y == 0 ? -126 : ilogb(y);
    return ldexp(1, (exponent < -126 ? -126 : exponent) - 23);
}

/* What the forms may err by. A function that is not smooth is one or two
 * correctly rounded operations in every form. */
static double allowance(const hone_act_info *info, int form, double x, double y) {
    if (!info->smooth)
        return 0.5000001 * ulp(y);
    if (form == HONE_FORM_HIGH)
        return 2 * ulp(y);
    const double fast = 0x1p-22 * fmax(fabs(x), fabs(y)) + 0x1p-149, brief = 0x1p-13 * fabs(y) + 0x1p-110;
    return form == HONE_FORM_FAST ? fast : form == HONE_FORM_BRIEF ? brief : fmax(fast, brief);
}

/* Of a function without parameters, past a whole number that it never passes: log(sigmoid) would be NaN. What
 * brief forms pass it by is lost when they are rounded to 16 bits or fewer. */
static int leaves_range(const hone_act_info *info, int form, double got) {
    return form < HONE_FORM_BRIEF && info->param_count == 0 &&
           ((info->low == rint(info->low) && got < info->low) ||
            (info->high == rint(info->high) && got > info->high));
}

/* The error in units of the allowance; infinite where a NaN or an infinity is missing or made, or the range
 * is left. */
static double badness(const hone_act_info *info, int form, double x, double want, double got) {
    if (isnan(want))
        return isnan(got) ? 0 : INFINITY;
    if (leaves_range(info, form, got))
        return INFINITY;
    if (isinf(want) || fabs(want) > 0x1.fffffep127)
        return fabs(got) > 0x1.ffffep127 && signbit(got) == signbit(want) ? 0 : INFINITY;
    double error = fabs(got - want) / allowance(info, form, x, want);
    return isnan(error) ? INFINITY : error;
}

typedef struct worst_case {
    double badness, x;
} worst_case;

static void check_inputs(worst_case worst[FORMS], const hone_cpu_isa *isa, int act, const double params[2],
                         int n) {
    const hone_act_info *info = hone_activation_info(act);
    for (int form = 0; form < FORMS; form++) {
        if (!is_another(isa->code, form))
            continue;
        apply(isa->code, form, act, params, input, output, n);
        for (int i = 0; i < n; i++) {
            double bad = badness(info, form, isinf(input[i]) ? 0 : input[i], expected[i], output[i]);
            if (bad > worst[form].badness)
                worst[form].badness = bad, worst[form].x = input[i];
        }
    }
}

static float float_of(uint32_t bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* The sample: a step through all representations, equal steps over the range in which functions are neither
 * linear nor constant, which meets every segment, and arguments at which forms were at their worst over all
 * floats. */
enum { STEP = 4093, STEPPED = (int)((1ull << 32) / STEP) + 1, NEAR = 1 << 21, FAR = 1 << 18 };
static const float worst_arguments[] = {-5.01111507f, 0.303047270f, -1.85884821f, -2.19830251f,
                                        8.46160793f,  -16.7709866f, -16.6364632f, -81.4065704f,
                                        14.6503792f,  0.0314334109f};
enum { WORST = sizeof worst_arguments / sizeof worst_arguments[0] };

static float sampled(int64_t i) {
    if (i < STEPPED)
        return float_of((uint32_t)(i * STEP));
    i -= STEPPED;
    if (i < NEAR)
        return (float)((double)(i - NEAR / 2) * (20.0 / (NEAR / 2)));
    i -= NEAR;
    if (i >= FAR)
        return worst_arguments[i - FAR];
    return (float)((double)(i - FAR / 2) * (120.0 / (FAR / 2)) + 1e-5);
}

static void every_float_within_its_bound(void **state) {
    (void)state;
    const char *sweep = getenv("HONE_FLOATS"), *only_isa = getenv("HONE_FLOATS_ISA"),
               *only_act = getenv("HONE_FLOATS_ACT");
    long slice = 0, last = 255;
    if (sweep && strcmp(sweep, "full") != 0) {
        char *end = NULL;
        slice = strtol(sweep, &end, 10);
        last = *end == '-' ? strtol(end + 1, NULL, 10) : slice;
    }
    int failures = 0;
    int64_t count = sweep ? (int64_t)(last - slice + 1) << 24 : (int64_t)STEPPED + NEAR + FAR + WORST;
    for (int act = 0; act < hone_activation_count(); act++) {
        const hone_act_info *info = hone_activation_info(act);
        if (only_act && strcmp(only_act, info->name) != 0)
            continue;
        double params[2];
        default_params(params, info);
        worst_case worst[16][FORMS] = {0};
        for (int64_t first = 0; first < count; first += CHUNK) {
            int n = (int)(count - first < CHUNK ? count - first : CHUNK);
            for (int i = 0; i < n; i++) {
                input[i] =
                    sweep ? float_of((uint32_t)(((int64_t)slice << 24) + first + i)) : sampled(first + i);
                expected[i] = hone_activation_reference(act, input[i], params);
            }
            for (int k = 0; hone_cpu_isas[k].name; k++)
                if (to_test(&hone_cpu_isas[k]) && !(only_isa && strcmp(only_isa, hone_cpu_isas[k].name) != 0))
                    check_inputs(worst[k], &hone_cpu_isas[k], act, params, n);
        }
        for (int k = 0; hone_cpu_isas[k].name; k++) {
            if (!to_test(&hone_cpu_isas[k]) || (only_isa && strcmp(only_isa, hone_cpu_isas[k].name) != 0))
                continue;
            printf("%-17s %-11s of what is allowed:", info->name, hone_cpu_isas[k].name);
            for (int form = 0; form < FORMS; form++) {
                int bad = worst[k][form].badness > 1;
                printf("  %s %.3f at %.9g%s", form_names[form], worst[k][form].badness, worst[k][form].x,
                       bad ? " WRONG" : "");
                failures += bad;
            }
            puts("");
        }
    }
    assert_int_equal(0, failures);
}

/* Parameters other than the defaults: slopes of 0.3 and 1000. */
static void other_parameters(void **state) {
    (void)state;
    static const double values[] = {0.3f, 1000};
    for (int act = 0; act < hone_activation_count(); act++) {
        const hone_act_info *info = hone_activation_info(act);
        for (int v = 0; v < 2 && info->smooth && info->param_count; v++) {
            double params[2];
            default_params(params, info);
            params[0] = values[v];
            for (int i = 0; i < CHUNK; i++) {
                input[i] = (float)(i - CHUNK / 2) * (40.0f / (CHUNK / 2)) * (i % 3 ? 1.0f : 0x1p-12f);
                expected[i] = hone_activation_reference(act, input[i], params);
            }
            for (const hone_cpu_isa *isa = hone_cpu_isas; isa->name; isa++) {
                worst_case worst[FORMS] = {0};
                if (!to_test(isa))
                    continue;
                check_inputs(worst, isa, act, params, CHUNK);
                for (int form = 0; form < FORMS; form++)
                    if (worst[form].badness > 1)
                        fail_msg("%s %s(%g) on %s: %g times what is allowed at %.9g", form_names[form],
                                 info->name, values[v], isa->name, worst[form].badness, worst[form].x);
            }
        }
    }
}

static double within(double value, double low, double high) { return fmin(fmax(value, low), high); }

static void check_special_values(const hone_cpu_isa *isa, int form, int act, const double params[2]) {
    static const float values[] = {NAN,       -NAN,       INFINITY,  -INFINITY,     0.0f,           -0.0f,
                                   0x1p-149f, -0x1p-149f, 0x1p-126f, 3.4028235e38f, -3.4028235e38f, 1e-30f,
                                   -1e-30f};
    enum { N = sizeof values / sizeof values[0] };
    const hone_act_info *info = hone_activation_info(act);
    float y[N];
    apply(isa->code, form, act, params, values, y, N);
    for (int i = 0; i < N; i++) {
        double want = hone_activation_reference(act, values[i], params),
               slack = isinf(values[i]) ? 0x1p-90 : 0;
        if (badness(info, form, isinf(values[i]) ? 0 : values[i], want, y[i]) > 1 &&
            !(fabs(y[i] - want) <= slack))
            fail_msg("%s %s on %s: f(%g) is %g, not %g", form_names[form], info->name, isa->name, values[i],
                     y[i], want);
    }
}

/* With the default parameters, and with those nearest to 0, which an infinity must not turn into NaN. */
static void special_values(void **state) {
    (void)state;
    for (int n = 0; n < 2 * hone_activation_count(); n++) {
        int act = n / 2;
        const hone_act_info *info = hone_activation_info(act);
        double params[2];
        default_params(params, info);
        for (int i = 0; n % 2 && i < info->param_count; i++)
            params[i] = within(0, info->params[i].min, info->params[i].max);
        for (int form = 0; form < FORMS; form++)
            for (const hone_cpu_isa *isa = hone_cpu_isas; isa->name; isa++)
                if (to_test(isa) && is_another(isa->code, form))
                    check_special_values(isa, form, act, params);
    }
}

/* A subnormal intermediate costs a hundred cycles on many processors. The
 * underflow flag is raised by each that was rounded. */
static void saturation_makes_no_subnormals(void **state) {
    (void)state;
    static float x[160001], y[160001];
    enum { N = sizeof x / sizeof x[0] };
    for (int act = 0; act < hone_activation_count(); act++) {
        const hone_act_info *info = hone_activation_info(act);
        double params[2];
        default_params(params, info);
        for (const hone_cpu_isa *isa = hone_cpu_isas; isa->name; isa++) {
            /* of scalar code the compiler may compute both sides of a choice */
            if (!to_test(isa) || isa->lanes == 1)
                continue;
            for (int form = 0; form < FORMS; form++) {
                for (int i = 0; i < N; i++) {
                    x[i] = ((float)i - 80000) / 400 + 1e-3f;
                    double f = fabs(hone_activation_reference(act, x[i], params));
                    /* its subnormal results are wanted */
                    if (form == HONE_FORM_HIGH && f > 0x1p-165 && f < 0x1p-125)
                        x[i] = 0;
                }
                feclearexcept(FE_ALL_EXCEPT);
                apply(isa->code, form, act, params, x, y, N);
                if (fetestexcept(FE_UNDERFLOW))
                    fail_msg("%s %s on %s underflows between -200 and 200", form_names[form], info->name,
                             isa->name);
            }
        }
    }
}

/* Steps between two 16-bit floats: their order is that of their bits, the sign apart. */
static int steps(uint16_t a, uint16_t b) {
    int i = a & 0x8000 ? -(a & 0x7fff) : a, j = b & 0x8000 ? -(b & 0x7fff) : b;
    return abs(i - j);
}

/* Every 16-bit input gives a 16-bit output at most one step from the rounded result. */
static void sixteen_bit_outputs(void **state) {
    (void)state;
    enum { N = 65536 };
    static uint16_t out[N];
    int failures = 0;
    for (int act = 0; act < hone_activation_count(); act++) {
        const hone_act_info *info = hone_activation_info(act);
        double params[2];
        default_params(params, info);
        for (int type = HONE_C_F16; type <= HONE_C_BF16; type++) {
            for (int i = 0; i < N; i++) {
                input[i] = type == HONE_C_F16 ? hone_f16_to_f32((uint16_t)i) : hone_bf16_to_f32((uint16_t)i);
                expected[i] = hone_activation_reference(act, input[i], params);
            }
            for (const hone_cpu_isa *isa = hone_cpu_isas; isa->name; isa++) {
                if (!to_test(isa))
                    continue;
                int worst = 0, at = 0;
                apply_to(isa->code, HONE_FORM_BRIEF, act, params, input, out, type, 1, N);
                for (int i = 0; i < N; i++) {
                    uint16_t want =
                        type == HONE_C_F16 ? hone_f16_from_f64(expected[i]) : hone_bf16_from_f64(expected[i]);
                    float got = type == HONE_C_F16 ? hone_f16_to_f32(out[i]) : hone_bf16_to_f32(out[i]);
                    int off = isnan(expected[i])                   ? !isnan(got)
                              : fabs(got - expected[i]) < 0x1p-110 ? 0
                                                                   : steps(want, out[i]);
                    if (off > worst)
                        worst = off, at = i;
                }
                if (worst > 1) {
                    printf("%s on %s into %s: %d steps off at %g\n", info->name, isa->name,
                           type == HONE_C_F16 ? "f16" : "bf16", worst, input[at]);
                    failures++;
                }
            }
        }
    }
    assert_int_equal(0, failures);
}

/* Within one quantum, and the nearest unless it is nearly a tie. */
static void eight_bit_outputs(void **state) {
    (void)state;
    enum { N = 65536 };
    static int8_t out[N];
    const float scale = 0.0625f;
    for (int act = 0; act < hone_activation_count(); act++) {
        const hone_act_info *info = hone_activation_info(act);
        double params[2];
        default_params(params, info);
        for (int i = 0; i < N; i++)
            input[i] = (float)(i - N / 2) * (12.0f / (N / 2));
        for (const hone_cpu_isa *isa = hone_cpu_isas; isa->name; isa++) {
            if (!to_test(isa))
                continue;
            apply_to(isa->code, HONE_FORM_BYTE, act, params, input, out, HONE_C_S8, scale, N);
            for (int i = 0; i < N; i++) {
                double want = fmin(fmax(hone_activation_reference(act, input[i], params) / scale, -128), 127);
                double fast = is_another(isa->code, HONE_FORM_BYTE) ? 0x1p-22 * fabs(input[i]) / scale : 0;
                if (fabs(out[i] - want) > 0.5 + fmax(0x1p-13 * fabs(want), fast) + 1e-6)
                    fail_msg("%s on %s: f(%.9g) is %d quanta, not %.9g", info->name, isa->name, input[i],
                             out[i], want);
            }
        }
    }
}

/* Tiles of every shape into 8 bits: what no integer holds, in any place, saturates, NaN gives the zero
 * point, and what is beside the tile stays. */
static void eight_bit_tiles(void **state) {
    (void)state;
    enum { ROWS = 7, COLUMNS = 83, LD = 96 };
    static const float rare[] = {NAN, INFINITY, -INFINITY, 3e38f, -3e38f, 40000, -40000, 0.5f, 1.5f, -0.5f};
    enum { RARE = sizeof rare / sizeof rare[0], IDENTITY = 0 };
    static float x[ROWS * LD];
    static unsigned char out[ROWS * LD];
    for (const hone_cpu_isa *isa = hone_cpu_isas; isa->name; isa++)
        for (int n = 0; to_test(isa) && n < 2 * ROWS * COLUMNS; n++) {
            int is_signed = n % 2, rows = 1 + n / 2 / COLUMNS, columns = 1 + n / 2 % COLUMNS;
            int32_t zero = is_signed ? -3 : 130, low = is_signed ? -128 : 0;
            for (int i = 0; i < ROWS * LD; i++)
                x[i] = (i * 7 + n) % 11 ? (float)((i * 5 + n) % 401) / 3 - 66 : rare[(i + n) % RARE];
            memset(out, 0x5a, sizeof out);
            hone_epilogue_args args = {.acc = x,
                                       .acc_ld = LD,
                                       .columns = columns,
                                       .c = out,
                                       .ldc = LD,
                                       .c_type = is_signed ? HONE_C_S8 : HONE_C_U8,
                                       .c_inverse = 1,
                                       .c_zero = zero};
            isa->code->epilogues[HONE_FORM_BYTE][IDENTITY](&args, 0, rows);
            for (int i = 0; i < ROWS * LD; i++) {
                double want = isnan(x[i]) ? zero : fmin(fmax(rint(x[i]) + zero, low), low + 255);
                int inside = i / LD < rows && i % LD < columns;
                if (out[i] != (inside ? (unsigned char)(int)want : 0x5a))
                    fail_msg("%s: %g at %d, %d of %d x %d becomes %d, not %g", isa->name, x[i], i / LD,
                             i % LD, rows, columns, out[i], want);
            }
        }
}

static void table_claims_hold(void **state) {
    (void)state;
    for (int act = 0; act < hone_activation_count(); act++) {
        const hone_act_info *info = hone_activation_info(act);
        double params[2];
        default_params(params, info);
        double lipschitz = info->lipschitz(params[0], params[1]), steepest = 0, previous = NAN;
        const double step = 1.0 / 4096;
        for (double x = -40; x <= 40; x += step) {
            double y = hone_activation_reference(act, x, params);
            if (y < info->low - 1e-12 || y > info->high + 1e-12)
                fail_msg("%s(%g) is %.17g, outside [%.17g, %.17g]", info->name, x, y, info->low, info->high);
            if (!isnan(previous))
                steepest = fmax(steepest, fabs(y - previous) / step);
            previous = y;
        }
        if (steepest > lipschitz * (1 + 1e-9))
            fail_msg("%s: slope %g is above its Lipschitz constant %g", info->name, steepest, lipschitz);
        if (isfinite(lipschitz) && steepest < 0.98 * lipschitz && !info->per_column &&
            strcmp(info->name, "clip"))
            fail_msg("%s: Lipschitz constant %g is loose, the slope is %g", info->name, lipschitz, steepest);
    }
}

static void known_values(void **state) {
    (void)state;
    /* Published values: PyTorch 2 in float64 at x = -1 and x = 1. */
    static const struct {
        const char *name;
        double minus_one, one;
    } known[] = {{"gelu_erf", -0.15865525393145707, 0.8413447460685429},
                 {"gelu_tanh", -0.15880800939172324, 0.8411919906082768},
                 {"silu", -0.2689414213699951, 0.7310585786300049},
                 {"mish", -0.30340146137410895, 0.8650983882673103},
                 {"softplus", 0.31326168751822286, 1.3132616875182228},
                 {"selu", -1.1113307378125625, 1.0507009873554805},
                 {"elu", -0.6321205588285577, 1.0},
                 {"hardsigmoid", 0.3, 0.7},
                 {"hardswish", -0.3333333333333333, 0.6666666666666666},
                 {"softsign", -0.5, 0.5},
                 {"leaky_relu", -0.01, 1.0},
                 {"thresholded_relu", 0.0, 0.0}};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        hone_activation act;
        assert_int_equal(HONE_OK, hone_activation_parse(&act, known[i].name));
        assert_true(fabs(hone_activation_reference(act, -1, NULL) - known[i].minus_one) < 1e-12);
        assert_true(fabs(hone_activation_reference(act, 1, NULL) - known[i].one) < 1e-12);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(special_values),
        cmocka_unit_test(saturation_makes_no_subnormals),
        cmocka_unit_test(table_claims_hold),
        cmocka_unit_test(known_values),
        cmocka_unit_test(other_parameters),
        cmocka_unit_test(sixteen_bit_outputs),
        cmocka_unit_test(eight_bit_outputs),
        cmocka_unit_test(eight_bit_tiles),
        cmocka_unit_test(every_float_within_its_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

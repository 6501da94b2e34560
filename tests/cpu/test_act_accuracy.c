/* The vector code of every activation on every instruction set, against the
 * fp64 reference: over floats of every exponent, at NaN, infinities, zeros and
 * subnormals, and the table's claims (Lipschitz constant, range). */
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

enum { STEP = 4093, COUNT = (int)((1ull << 32) / STEP) + 1 };

static float input[COUNT], output[COUNT];
static double expected[COUNT];

static void fill_inputs(void) {
    for (int64_t i = 0; i < COUNT; i++) {
        uint32_t bits = (uint32_t)(i * STEP);
        memcpy(&input[i], &bits, sizeof bits);
    }
}

static void apply(const hone_isa_code *code, int act, const double *params, const float *x, float *y, int n) {
    float *alpha = NULL;
    hone_epilogue_args args = {.acc = x,
                               .acc_ld = n,
                               .rows = 1,
                               .columns = n,
                               .c = y,
                               .ldc = n,
                               .c_type = HONE_C_F32,
                               .p = (float)params[0],
                               .q = (float)params[1]};
    if (hone_activation_info(act)->per_column) {
        alpha = malloc((size_t)n * sizeof *alpha);
        assert_non_null(alpha);
        for (int i = 0; i < n; i++)
            alpha[i] = (float)params[0];
        args.alpha = alpha;
    }
    code->epilogues[act](&args);
    free(alpha);
}

/* Parameters as the kernels see them: rounded to float. */
static void default_params(double params[2], const hone_act_info *info) {
    for (int i = 0; i < 2; i++)
        params[i] = i < info->param_count ? (double)(float)info->params[i].value : 0;
}

/* What evaluation may err: one rounding, or the smooth functions' allowance; and
 * a subnormal either way. */
static double allowance(const hone_act_info *info, double x, double y) {
    double ulp = 0x1p-24 * fabs(y) * 1.0000001;
    return (info->smooth ? 0x1p-22 * fmax(fabs(x), fabs(y)) : ulp) + 0x1p-149;
}

static int agrees(const hone_act_info *info, double x, double want, double got) {
    if (isnan(want) || isinf(want) || fabs(want) > 0x1.fffffep127)
        return isnan(want) ? isnan(got) : fabs(got) > 0x1.fffffcp127 && signbit(got) == signbit(want);
    return fabs(got - want) <= allowance(info, x, want);
}

static void every_float_within_its_bound(void **state) {
    (void)state;
    int failures = 0;
    fill_inputs();
    for (int act = 0; act < hone_activation_count(); act++) {
        const hone_act_info *info = hone_activation_info(act);
        double params[2];
        default_params(params, info);
        for (int i = 0; i < COUNT; i++)
            expected[i] = hone_activation_reference(act, input[i], params);
        for (const hone_cpu_isa *isa = hone_cpu_isas; isa->name; isa++) {
            if (!hone_cpu_isa_runs(isa))
                continue;
            apply(isa->code, act, params, input, output, COUNT);
            double worst = 0, worst_x = 0;
            int bad = 0;
            for (int i = 0; i < COUNT; i++) {
                bad += !agrees(info, input[i], expected[i], output[i]);
                double scale = fmax(fabs((double)input[i]), fabs(expected[i]));
                double error = fabs(output[i] - expected[i]) / scale;
                if (scale > 0x1p-120 && error > worst) {
                    worst = error;
                    worst_x = input[i];
                }
            }
            printf("%-18s %-12s worst error %.2f x 2^-24 max(|x|, |f|) at %.9g%s\n", info->name, isa->name,
                   worst * 0x1p24, worst_x, bad ? "  WRONG" : "");
            failures += bad;
        }
    }
    assert_int_equal(0, failures);
}

static double within(double value, double low, double high) { return fmin(fmax(value, low), high); }

/* With the default parameters, and with those nearest to 0, which an infinity must not turn into NaN. */
static void special_values(void **state) {
    (void)state;
    static const float values[] = {NAN,       -NAN,       INFINITY,  -INFINITY,     0.0f,           -0.0f,
                                   0x1p-149f, -0x1p-149f, 0x1p-126f, 3.4028235e38f, -3.4028235e38f, 1e-30f,
                                   -1e-30f};
    enum { N = sizeof values / sizeof values[0] };
    for (int n = 0; n < 2 * hone_activation_count(); n++) {
        int act = n / 2;
        const hone_act_info *info = hone_activation_info(act);
        double params[2];
        default_params(params, info);
        for (int i = 0; n % 2 && i < info->param_count; i++)
            params[i] = within(0, info->params[i].min, info->params[i].max);
        for (const hone_cpu_isa *isa = hone_cpu_isas; isa->name; isa++) {
            float y[N];
            if (!hone_cpu_isa_runs(isa))
                continue;
            apply(isa->code, act, params, values, y, N);
            for (int i = 0; i < N; i++) {
                double want = hone_activation_reference(act, values[i], params);
                if (!agrees(info, isinf(values[i]) ? 0 : values[i], want, y[i]))
                    fail_msg("%s on %s: f(%g) is %g, not %g", info->name, isa->name, values[i], y[i], want);
            }
        }
    }
}

/* A subnormal intermediate costs a hundred cycles on many processors. The
 * underflow flag is raised by each that was rounded. */
static void saturation_makes_no_subnormals(void **state) {
    (void)state;
    static float x[160001], y[160001];
    enum { N = sizeof x / sizeof x[0] };
    for (int i = 0; i < N; i++)
        x[i] = ((float)i - 80000) / 400 + 1e-3f;
    for (int act = 0; act < hone_activation_count(); act++) {
        const hone_act_info *info = hone_activation_info(act);
        double params[2];
        default_params(params, info);
        for (const hone_cpu_isa *isa = hone_cpu_isas; isa->name; isa++) {
            if (!hone_cpu_isa_runs(isa))
                continue;
            feclearexcept(FE_ALL_EXCEPT);
            apply(isa->code, act, params, x, y, N);
            if (fetestexcept(FE_UNDERFLOW))
                fail_msg("%s on %s underflows between -200 and 200", info->name, isa->name);
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
        cmocka_unit_test(every_float_within_its_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The fp64 reference. One pass over A and B gives two sums for each output,
 *
 *     x = sum a b + bias      and      sum |a| |b|   (s8 problems: sum of the unquantised a b)
 *
 * in blocks: a panel of B is converted to fp64 once and serves all rows looked
 * at. Integers of s8 problems are summed before they are scaled, so their sums
 * are exact. */
#include "reference.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../kernels/activation.h"
#include "../kernels/status.h"
#include "operand_values.h"

enum { PANEL_ROWS = 64, PANEL_COLUMNS = 256 };

static const double default_products = 0x1p29;
static const int64_t most_outputs = (int64_t)1 << 22;

/* n u / (1 - n u), u = 2^-24: Higham 2002, sec. 3.1. */
static double gamma_f32(double n) {
    double nu = n * 0x1p-24;
    return nu < 1 ? nu / (1 - nu) : INFINITY;
}

static int64_t count_rows(const hone_problem *problem, double max_products) {
    double products = max_products > 0 ? max_products : default_products;
    double by_work = products / ((double)problem->n * (double)problem->k);
    double by_memory = (double)most_outputs / (double)problem->n;
    double rows = floor(fmin(by_work, by_memory));
    if (rows < 2)
        rows = 2;
    return rows < (double)problem->m ? (int64_t)rows : problem->m;
}

/* The first row, the last ones (a quarter, at most 8: the edge of the last
 * tile), and one at random in each equal share of those between. */
static void choose_rows(hone_reference *reference) {
    int64_t m = reference->problem.m, count = reference->count;
    if (count == m) {
        for (int64_t r = 0; r < count; r++)
            reference->rows[r] = r;
        return;
    }
    int64_t last = count / 4 < 1 ? 1 : count / 4 > 8 ? 8 : count / 4;
    int64_t between = count - 1 - last;
    double share = between ? (double)(m - 1 - last) / (double)between : 0;
    reference->rows[0] = 0;
    for (int64_t r = 0; r < between; r++) {
        double low = ceil(1 + share * (double)r), high = ceil(1 + share * (double)(r + 1));
        double u = hone_draw_uniform(reference->seed, HONE_STREAM_ROWS, r);
        reference->rows[1 + r] = (int64_t)(low + floor((high - low) * u));
    }
    for (int64_t r = 0; r < last; r++)
        reference->rows[1 + between + r] = m - last + r;
}

/* Panels of one block, as fp64. */
typedef struct panels {
    double a[PANEL_ROWS], b[PANEL_ROWS][PANEL_COLUMNS];
    double real_b[PANEL_ROWS][PANEL_COLUMNS];
} panels;

/* first += a b; second += |a| |b|. */
static void add_absolute(double *restrict first, double *restrict second, double a, const double *restrict b,
                         int64_t count) {
    for (int64_t j = 0; j < count; j++) {
        double product = a * b[j];
        first[j] += product;
        second[j] += fabs(product);
    }
}

static void add_product(double *restrict sum, double a, const double *restrict b, int64_t count) {
    for (int64_t j = 0; j < count; j++)
        sum[j] += a * b[j];
}

/* Sums of all rows for a panel of B at (k, j). `a` and `real_a` are count x K. */
static void add_panel(double *first, double *second, const hone_reference *reference,
                      const hone_operands *operands, const double *a, const double *real_a, panels *panel,
                      int64_t k, int64_t j) {
    const hone_problem *problem = &reference->problem;
    int64_t depth = problem->k - k < PANEL_ROWS ? problem->k - k : PANEL_ROWS;
    int64_t width = problem->n - j < PANEL_COLUMNS ? problem->n - j : PANEL_COLUMNS;
    for (int64_t p = 0; p < depth; p++) {
        hone_operands_b_span(panel->b[p], operands, k + p, j, width);
        if (real_a)
            hone_operands_real_b_span(panel->real_b[p], operands, k + p, j, width);
    }
    for (int64_t r = 0; r < reference->count; r++) {
        double *sum = first + r * problem->n + j, *other = second + r * problem->n + j;
        for (int64_t p = 0; p < depth; p++) {
            int64_t from = r * problem->k + k + p;
            if (real_a) {
                add_product(sum, a[from], panel->b[p], width);
                add_product(other, real_a[from], panel->real_b[p], width);
            } else {
                add_absolute(sum, other, a[from], panel->b[p], width);
            }
        }
    }
}

static hone_status add_products(double *first, double *second, const hone_reference *reference,
                                const hone_operands *operands) {
    const hone_problem *problem = &reference->problem;
    int integer = problem->dtype == HONE_S8;
    size_t bytes = (size_t)reference->count * (size_t)problem->k * sizeof(double);
    hone_status status = HONE_OK;
    double *a = malloc(bytes), *real_a = integer ? malloc(bytes) : NULL;
    panels *panel = malloc(sizeof *panel);
    if (!a || !panel || (integer && !real_a)) {
        status = hone_fail(HONE_E_NOMEM, "out of memory for the reference's %zu bytes of A", bytes);
        goto cleanup;
    }
    for (int64_t r = 0; r < reference->count; r++) {
        hone_operands_a_row(a + r * problem->k, operands, reference->rows[r]);
        if (integer)
            hone_operands_real_a_row(real_a + r * problem->k, operands, reference->rows[r]);
    }
    for (int64_t j = 0; j < problem->n; j += PANEL_COLUMNS)
        for (int64_t k = 0; k < problem->k; k += PANEL_ROWS)
            add_panel(first, second, reference, operands, a, real_a, panel, k, j);
cleanup:
    free(a);
    free(real_a);
    free(panel);
    return status;
}

/* From sums to pre-activations and what fp32 may err by. s8 problems: the sums
 * are exact; converting them, the product of the scales, scaling and adding the
 * bias are four roundings. */
static void finish_sums(hone_reference *reference, const hone_operands *operands) {
    const hone_problem *problem = &reference->problem;
    int integer = problem->dtype == HONE_S8;
    double gamma = gamma_f32(integer ? 4 : (double)problem->k + 1);
    for (int64_t r = 0; r < reference->count; r++) {
        int64_t s = problem->a_scale_per_row ? reference->rows[r] : 0;
        for (int64_t j = 0; j < problem->n; j++) {
            int64_t n = r * problem->n + j;
            double bias = operands->bias ? operands->bias[j] : 0;
            double product = reference->x[n];
            if (integer)
                product *= (double)operands->a_scale[s] * operands->b_scale[j];
            double magnitude = integer ? fabs(product) : reference->delta[n];
            reference->x[n] = product + bias;
            reference->delta[n] = gamma * (magnitude + fabs(bias));
            if (integer)
                reference->real_x[n] += bias;
        }
    }
}

static double *zeros(size_t count) { return calloc(count, sizeof(double)); }

hone_status hone_reference_create(hone_reference **out, const hone_operands *operands, double max_products) {
    const hone_problem *problem = &operands->problem;
    int integer = problem->dtype == HONE_S8;
    hone_status status = HONE_OK;
    hone_reference *reference = calloc(1, sizeof *reference);
    if (!reference)
        return hone_fail(HONE_E_NOMEM, "out of memory for a reference");
    reference->problem = *problem;
    reference->seed = operands->seed;
    reference->c_scale = operands->c_scale;
    reference->c_zero = operands->c_zero;
    reference->count = count_rows(problem, max_products);
    size_t outputs = (size_t)reference->count * (size_t)problem->n;
    reference->rows = malloc((size_t)reference->count * sizeof *reference->rows);
    reference->alpha = malloc((size_t)problem->n * sizeof *reference->alpha);
    reference->x = zeros(outputs);
    reference->delta = zeros(outputs);
    reference->result = zeros(outputs);
    reference->bound = zeros(outputs);
    reference->real_x = integer ? zeros(outputs) : NULL;
    if (!reference->rows || !reference->alpha || !reference->x || !reference->delta || !reference->result ||
        !reference->bound || (integer && !reference->real_x)) {
        status = hone_fail(HONE_E_NOMEM, "out of memory for a reference of %zu outputs", outputs);
        goto cleanup;
    }
    memcpy(reference->alpha, operands->alpha, (size_t)problem->n * sizeof *reference->alpha);
    choose_rows(reference);
    status = add_products(reference->x, integer ? reference->real_x : reference->delta, reference, operands);
    if (status)
        goto cleanup;
    finish_sums(reference, operands);
    status = hone_reference_activate(reference, problem);
    if (status)
        goto cleanup;
    *out = reference;
    return HONE_OK;
cleanup:
    hone_reference_destroy(reference);
    return status;
}

void hone_reference_destroy(hone_reference *reference) {
    if (!reference)
        return;
    free(reference->rows);
    free(reference->alpha);
    free(reference->x);
    free(reference->delta);
    free(reference->result);
    free(reference->bound);
    free(reference->real_x);
    free(reference);
}

/* Half a unit in the last place of a float type at magnitude v; integers: 0. */
static double half_ulp(hone_dtype type, double v) {
    static const struct {
        int precision, least_exponent;
    } formats[HONE_DTYPE_COUNT] = {
        [HONE_F32] = {24, -125},
        [HONE_F16] = {11, -13},
        [HONE_BF16] = {8, -125},
    };
    if (!formats[type].precision || !isfinite(v))
        return 0;
    int exponent;
    frexp(v, &exponent);
    if (exponent < formats[type].least_exponent || v == 0)
        exponent = formats[type].least_exponent;
    return ldexp(0.5, exponent - formats[type].precision);
}

static int is_8bit(hone_dtype type) { return type == HONE_S8 || type == HONE_U8; }

/* The parameters of the activation in column j. */
static void column_params(double out[HONE_ACT_MAX_PARAMS], const hone_reference *reference,
                          const hone_act_info *info, int64_t j) {
    memcpy(out, reference->problem.act_params, HONE_ACT_MAX_PARAMS * sizeof *out);
    if (info->per_column)
        out[0] = reference->alpha[j];
}

double hone_reference_value(const hone_reference *reference, double x, int64_t j) {
    const hone_activation act = reference->problem.act;
    double params[HONE_ACT_MAX_PARAMS];
    column_params(params, reference, hone_activation_info(act), j);
    return hone_activation_reference(act, x, params);
}

double hone_reference_clamp(const hone_reference *reference, double value) {
    hone_dtype type = reference->problem.c_type;
    if (!is_8bit(type) || isnan(value))
        return value;
    double low = (type == HONE_U8 ? 0 : -128) - reference->c_zero;
    return fmin(fmax(value, reference->c_scale * low), reference->c_scale * (low + 255));
}

/* See verify.h. A jumping activation has slopes of at most 1 between its jumps. */
static double output_bound(const hone_reference *reference, const hone_act_info *info, double lipschitz,
                           int64_t n) {
    double x = reference->x[n], f = fabs(reference->result[n]);
    if (is_8bit(reference->problem.c_type))
        return reference->c_scale;
    double slack = (isfinite(lipschitz) ? lipschitz : 1) * reference->delta[n];
    if (info->smooth)
        slack +=
            0x1p-22 * fmax(fabs(x), f) + (reference->problem.c_type == HONE_F32 ? 0 : 0x1p-13 * f + 0x1p-110);
    return slack + half_ulp(reference->problem.c_type, f + slack);
}

hone_status hone_reference_activate(hone_reference *reference, const hone_problem *problem) {
    const hone_problem *own = &reference->problem;
    if (problem->m != own->m || problem->n != own->n || problem->k != own->k ||
        problem->dtype != own->dtype || problem->c_type != own->c_type || problem->a_type != own->a_type ||
        problem->bias != own->bias)
        return hone_fail(HONE_E_USAGE, "a reference serves one set of operands: only the activation may "
                                       "change; create another one");
    const hone_act_info *info = hone_activation_info(problem->act);
    if (!info)
        return hone_fail(HONE_E_USAGE, "activation number %d is unknown", problem->act);
    reference->problem.act = problem->act;
    memcpy(reference->problem.act_params, problem->act_params, sizeof problem->act_params);
    for (int64_t n = 0; n < reference->count * own->n; n++) {
        double params[HONE_ACT_MAX_PARAMS];
        column_params(params, reference, info, n % own->n);
        double value = hone_activation_reference(problem->act, reference->x[n], params);
        reference->result[n] = hone_reference_clamp(reference, value);
        reference->bound[n] = output_bound(reference, info, info->lipschitz(params[0], params[1]), n);
    }
    return HONE_OK;
}

double hone_reference_jump_error(const hone_reference *reference, int64_t n, double value) {
    int64_t j = n % reference->problem.n;
    double error = fabs(value - reference->result[n]);
    for (int side = -1; side <= 1; side += 2) {
        double x = reference->x[n] + side * reference->delta[n];
        double taken = hone_reference_clamp(reference, hone_reference_value(reference, x, j));
        error = fmin(error, fabs(value - taken));
    }
    return error;
}

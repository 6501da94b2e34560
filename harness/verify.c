#include "verify.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../kernels/activation.h"
#include "../kernels/status.h"
#include "health.h"
#include "operand_values.h"
#include "reference.h"

/* Sums over the outputs compared. */
typedef struct comparison {
    double max_abs, ratio;
    double error_squares, result_squares;
    double noise_squares, signal_squares;
    int64_t worst_row, worst_column;
} comparison;

static double largest_finite(hone_dtype type) {
    return type == HONE_F16 ? 65504 : type == HONE_BF16 ? 0x1.fep127 : (double)FLT_MAX;
}

/* The error of one output, and its ratio to the bound. A NaN or an infinity
 * has to be met exactly, except that a result at the end of a type's range may
 * overflow and that 8-bit types have no NaN. */
static double output_error(double *ratio, const hone_reference *reference, int jumps, int64_t n,
                           double value) {
    double result = reference->result[n], bound = reference->bound[n];
    *ratio = 0;
    if (isnan(result)) {
        int eight_bit = hone_dtype_size(reference->problem.c_type) == 1;
        if (isnan(value) || eight_bit)
            return 0;
    } else if (value == result) {
        return 0;
    } else if (isinf(value) && isfinite(result)) {
        if (signbit(value) == signbit(result) &&
            fabs(result) + bound >= largest_finite(reference->problem.c_type))
            return 0;
    } else if (isfinite(value) && isfinite(result)) {
        double error = fabs(value - result);
        if (jumps && error > bound)
            error = hone_reference_jump_error(reference, n, value);
        *ratio = error / bound;
        return error;
    }
    *ratio = INFINITY;
    return INFINITY;
}

static void compare_row(comparison *sum, const hone_reference *reference, const double *row, int64_t r) {
    const int64_t columns = reference->problem.n;
    const hone_act_info *info = hone_activation_info(reference->problem.act);
    int jumps = isinf(info->lipschitz(reference->problem.act_params[0], reference->problem.act_params[1]));
    for (int64_t j = 0; j < columns; j++) {
        int64_t n = r * columns + j;
        double ratio, error = output_error(&ratio, reference, jumps, n, row[j]);
        if (ratio > sum->ratio || sum->worst_row < 0) {
            sum->ratio = ratio;
            sum->worst_row = reference->rows[r];
            sum->worst_column = j;
        }
        sum->max_abs = fmax(sum->max_abs, error);
        sum->error_squares += error * error;
        if (isfinite(reference->result[n]))
            sum->result_squares += reference->result[n] * reference->result[n];
        if (reference->real_x) {
            double real = hone_reference_value(reference, reference->real_x[n], j);
            sum->signal_squares += real * real;
            sum->noise_squares += (row[j] - real) * (row[j] - real);
        }
    }
}

static void compare(comparison *sum, const hone_operands *operands, const hone_reference *reference,
                    double *row) {
    *sum = (comparison){.worst_row = -1};
    for (int64_t r = 0; r < reference->count; r++) {
        hone_operands_c_row(row, operands, reference->rows[r]);
        compare_row(sum, reference, row, r);
    }
}

static double relative_frobenius(const comparison *sum) {
    if (sum->error_squares == 0)
        return 0;
    return sqrt(sum->error_squares / sum->result_squares);
}

/* Keeps the worse of what is there and one more comparison. */
static void keep_worse(hone_numerics *out, const comparison *sum, int integer) {
    out->err_max_abs = fmax(out->err_max_abs, sum->max_abs);
    out->err_rel_fro = fmax(out->err_rel_fro, relative_frobenius(sum));
    if (sum->ratio > out->err_bound_ratio || out->worst_row < 0) {
        out->err_bound_ratio = sum->ratio;
        out->worst_row = sum->worst_row;
        out->worst_column = sum->worst_column;
    }
    if (integer && sum->noise_squares > 0)
        out->quant_sqnr_db = 10 * log10(sum->signal_squares / sum->noise_squares);
}

/* Clears the marks of elements that `pattern`'s run wrote; returns how many are left. */
static int64_t keep_unwritten(unsigned char *marks, const hone_operands *operands, int pattern) {
    const hone_problem *problem = &operands->problem;
    int64_t left = 0;
    for (int64_t i = 0; i < problem->m; i++) {
        for (int64_t j = 0; j < problem->n; j++) {
            int64_t n = i * problem->n + j;
            unsigned char bit = (unsigned char)(1u << (n % 8));
            if (!(marks[n / 8] & bit))
                continue;
            if (hone_operands_unwritten(operands, i, j, pattern))
                left++;
            else
                marks[n / 8] &= (unsigned char)~bit;
        }
    }
    return left;
}

static int same_data(const hone_operands *operands, const hone_reference *reference) {
    hone_problem a = operands->problem, b = reference->problem;
    return a.m == b.m && a.n == b.n && a.k == b.k && a.dtype == b.dtype && a.a_type == b.a_type &&
           a.c_type == b.c_type && a.bias == b.bias && a.a_scale_per_row == b.a_scale_per_row &&
           operands->seed == reference->seed;
}

hone_status hone_verify_run(hone_numerics *out, hone_operands *operands, const hone_reference *reference,
                            void (*run)(void *context), void *context) {
    const hone_problem *problem = &operands->problem;
    hone_status status = HONE_OK;
    if (!same_data(operands, reference))
        return hone_fail(HONE_E_USAGE, "the reference belongs to other operands; create one for these");
    size_t mark_bytes = (size_t)(problem->m * problem->n + 7) / 8;
    double *row = malloc((size_t)problem->n * sizeof *row);
    unsigned char *marks = malloc(mark_bytes);
    if (!row || !marks) {
        status = hone_fail(HONE_E_NOMEM, "out of memory for verifying %lldx%lld outputs",
                           (long long)problem->m, (long long)problem->n);
        goto cleanup;
    }
    hone_numerics found = {.quant_sqnr_db = NAN,
                           .checked = reference->count * problem->n,
                           .seed = operands->seed,
                           .worst_row = -1,
                           .worst_column = -1};
    memset(marks, 0xff, mark_bytes);
    for (int pattern = 0; pattern < 2; pattern++) {
        hone_operands_fill(operands, pattern);
        if ((status = hone_operands_send_c(operands)))
            goto cleanup;
        run(context);
        if ((status = hone_operands_fetch_c(operands)))
            goto cleanup;
        int64_t touched = hone_operands_touched(operands, pattern);
        if (touched > found.touched)
            found.touched = touched;
        found.unwritten = keep_unwritten(marks, operands, pattern);
        comparison sum;
        compare(&sum, operands, reference, row);
        keep_worse(&found, &sum, problem->dtype == HONE_S8);
    }
    status = hone_health_compute(&found.health, operands, reference);
    if (status)
        goto cleanup;
    found.correct = found.err_bound_ratio <= 1 && found.unwritten == 0 && found.touched == 0;
    *out = found;
cleanup:
    free(row);
    free(marks);
    return status;
}

void hone_numerics_reason(char *out, size_t size, const hone_numerics *numerics) {
    const unsigned long long seed = numerics->seed;
    if (numerics->correct)
        snprintf(out, size, "%s", "");
    else if (numerics->touched)
        snprintf(out, size, "%lld bytes outside C were changed (seed %llu)", (long long)numerics->touched,
                 seed);
    else if (numerics->unwritten)
        snprintf(out, size, "%lld outputs were not written (seed %llu)", (long long)numerics->unwritten,
                 seed);
    else
        snprintf(out, size, "C[%lld][%lld] errs by %.3g times its bound (largest error %.3g, seed %llu)",
                 (long long)numerics->worst_row, (long long)numerics->worst_column, numerics->err_bound_ratio,
                 numerics->err_max_abs, seed);
}

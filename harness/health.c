#include "health.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../kernels/half.h"
#include "../kernels/status.h"

enum { BINS = 64 };

/* What one pass over the outputs counts. */
typedef struct tally {
    int64_t finite, zero, negative, saturated, nan, inf;
    double min, max;
} tally;

/* The ends at which an output carries no more information: the activation's
 * limits where they are finite, and the ends of an 8-bit range. */
typedef struct ends {
    double low, high;
} ends;

/* `value` as C's type stores it. */
static double stored(const hone_reference *reference, double value) {
    value = hone_reference_clamp(reference, value);
    switch (reference->problem.c_type) {
    case HONE_F32:
        return (float)value;
    case HONE_F16:
        return hone_f16_to_f32(hone_f16_from_f64(value));
    case HONE_BF16:
        return hone_bf16_to_f32(hone_bf16_from_f64(value));
    default:
        return reference->c_scale * nearbyint(value / reference->c_scale);
    }
}

static ends column_ends(const hone_reference *reference, int64_t j) {
    double a = stored(reference, hone_reference_value(reference, -INFINITY, j));
    double b = stored(reference, hone_reference_value(reference, INFINITY, j));
    return (ends){fmin(a, b), fmax(a, b)};
}

static void count_row(tally *sum, unsigned char *alive, const double *row, const ends *limits,
                      int64_t count) {
    for (int64_t j = 0; j < count; j++) {
        double v = row[j];
        alive[j] |= v != 0;
        if (isnan(v)) {
            sum->nan++;
            continue;
        }
        if (isinf(v)) {
            sum->inf++;
            continue;
        }
        sum->finite++;
        sum->zero += v == 0;
        sum->negative += v < 0;
        sum->saturated += v == limits[j].low || v == limits[j].high;
        sum->min = fmin(sum->min, v);
        sum->max = fmax(sum->max, v);
    }
}

static void bin_row(int64_t *bins, const double *row, int64_t count, double min, double max) {
    double scale = max > min ? BINS / (max - min) : 0;
    for (int64_t j = 0; j < count; j++) {
        if (!isfinite(row[j]))
            continue;
        int bin = (int)((row[j] - min) * scale);
        bins[bin < BINS ? bin : BINS - 1]++;
    }
}

static double entropy(const int64_t *bins, int64_t total) {
    double bits = 0;
    for (int b = 0; b < BINS; b++) {
        double p = total ? (double)bins[b] / (double)total : 0;
        if (p > 0)
            bits -= p * log2(p);
    }
    return bits;
}

hone_status hone_health_compute(hone_health *out, const hone_operands *operands,
                                const hone_reference *reference) {
    const int64_t n = reference->problem.n;
    const double looked_at = (double)(reference->count * n);
    hone_status status = HONE_OK;
    double *row = malloc((size_t)n * sizeof *row);
    ends *limits = malloc((size_t)n * sizeof *limits);
    unsigned char *alive = calloc((size_t)n, 1);
    if (!row || !limits || !alive) {
        status = hone_fail(HONE_E_NOMEM, "out of memory for one row of %lld outputs", (long long)n);
        goto cleanup;
    }
    for (int64_t j = 0; j < n; j++)
        limits[j] = column_ends(reference, j);
    tally sum = {.min = INFINITY, .max = -INFINITY};
    for (int64_t r = 0; r < reference->count; r++) {
        hone_operands_c_row(row, operands, reference->rows[r]);
        count_row(&sum, alive, row, limits, n);
    }
    int64_t bins[BINS] = {0};
    for (int64_t r = 0; sum.finite && r < reference->count; r++) {
        hone_operands_c_row(row, operands, reference->rows[r]);
        bin_row(bins, row, n, sum.min, sum.max);
    }
    *out = (hone_health){
        .zero_fraction = (double)sum.zero / looked_at,
        .negative_fraction = (double)sum.negative / looked_at,
        .saturated_fraction = (double)sum.saturated / looked_at,
        .nan_count = sum.nan,
        .inf_count = sum.inf,
        .entropy_bits = entropy(bins, sum.finite),
    };
    for (int64_t j = 0; j < n; j++)
        out->dead_columns += !alive[j];
cleanup:
    free(row);
    free(limits);
    free(alive);
    return status;
}

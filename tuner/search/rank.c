#include "rank.h"

#include <math.h>
#include <stdlib.h>

typedef struct placed {
    double value;
    int64_t index;
} placed;

static int by_value(const void *left, const void *right) {
    double a = ((const placed *)left)->value, b = ((const placed *)right)->value;
    return (a > b) - (a < b);
}

/* Ranks from 0 of `values`; `order` is scratch. */
static void find_ranks(double *ranks, placed *order, const double *values, int64_t count) {
    for (int64_t i = 0; i < count; i++)
        order[i] = (placed){values[i], i};
    qsort(order, (size_t)count, sizeof *order, by_value);
    for (int64_t first = 0, end; first < count; first = end) {
        for (end = first + 1; end < count && order[end].value == order[first].value;)
            end++;
        for (int64_t i = first; i < end; i++)
            ranks[order[i].index] = (double)(first + end - 1) / 2;
    }
}

/* Pearson's correlation of ranks, whose mean is known. */
static double correlate(const double *x, const double *y, int64_t count) {
    double mean = (double)(count - 1) / 2, xx = 0, yy = 0, xy = 0;
    for (int64_t i = 0; i < count; i++) {
        xx += (x[i] - mean) * (x[i] - mean);
        yy += (y[i] - mean) * (y[i] - mean);
        xy += (x[i] - mean) * (y[i] - mean);
    }
    return xx > 0 && yy > 0 ? xy / sqrt(xx * yy) : NAN;
}

double hone_rank_correlation(const double *x, const double *y, int64_t count) {
    enum { LEAST = 3 };
    double result = NAN;
    if (count < LEAST)
        return NAN;
    placed *order = malloc((size_t)count * sizeof *order);
    double *ranks = malloc(2 * (size_t)count * sizeof *ranks);
    if (order && ranks) {
        find_ranks(ranks, order, x, count);
        find_ranks(ranks + count, order, y, count);
        result = correlate(ranks, ranks + count, count);
    }
    free(ranks);
    free(order);
    return result;
}

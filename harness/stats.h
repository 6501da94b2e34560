/* Statistics of samples, by order statistics: no distribution is assumed.
 * A p-quantile of n sorted samples is the one at rank ceil(p n); its 95%
 * confidence interval is a pair of order statistics whose ranks come from the
 * binomial distribution (Le Boudec, Performance Evaluation, 2010, ch. 2). */
#ifndef HONE_HARNESS_STATS_H
#define HONE_HARNESS_STATS_H

#include <stddef.h>
#include <stdint.h>

/* A p95 needs this many samples: below, its interval has no upper end. */
#define HONE_P95_MIN_SAMPLES 60

/* All times are in the unit of the samples. Fields that cannot be known are NaN. */
typedef struct hone_stats {
    int64_t count;
    double min, max, mean, cv; /* cv: standard deviation over mean */
    double p50, p50_low, p50_high;
    double p95, p95_low, p95_high; /* NaN below HONE_P95_MIN_SAMPLES */
    double p99;                    /* NaN below 300 samples */
} hone_stats;

/* Sorts `samples` in place. count 0 gives all NaN. */
void hone_stats_compute(hone_stats *out, double *samples, size_t count);

/* Ranks (0-based, inclusive) of the two-sided interval of confidence
 * `confidence` for the p-quantile of n sorted samples. Returns 0 when n is too
 * small for one; then low and high are 0 and n-1. */
int hone_quantile_ranks(size_t *low, size_t *high, size_t n, double p, double confidence);

/* Mann-Whitney U, two-sided, with tie correction, by the normal approximation
 * (exact permutation distribution when both counts are at most 8). Returns the
 * p-value: 1 when a side is empty, NaN when memory ran out. */
double hone_rank_test(const double *a, size_t na, const double *b, size_t nb);

/* The Hodges-Lehmann estimate of the ratio median(b)/median(a) from all
 * pairwise ratios b/a, with its 95% interval. Samples are positive. For more
 * than 300 samples a side, evenly spaced order statistics stand for them; the
 * interval's width is that of all samples. Too few samples for 95% (3 a side,
 * say) leave low and high NaN. Returns 0 and NaNs when either side is empty or
 * memory ran out. */
int hone_ratio_interval(double *ratio, double *low, double *high, const double *a, size_t na, const double *b,
                        size_t nb);

#endif

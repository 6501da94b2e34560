/* Order statistics, the rank test and the ratio of two samples.
 *
 * Intervals for a quantile: with n independent samples, the number that fall
 * below the p-quantile is binomial(n, p), whatever the distribution. So the
 * interval [x(j), x(k)] of sorted samples (ranks from 1) covers the quantile
 * with probability P(j <= B <= k-1).
 *
 * Comparing two samples: Mann and Whitney's U counts the pairs with b > a. The
 * Hodges-Lehmann interval inverts that test: its ends are the pairwise ratios
 * whose ranks are the test's critical values (Hollander, Wolfe, Chicken,
 * Nonparametric Statistical Methods, 2014, ch. 4). */
#include "stats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    P99_MIN_SAMPLES = 300,
    EXACT_MAX = 8,              /* a side: exact distribution of U */
    EXACT_MAX_SUM = 16 * 17 + 1 /* doubled ranks of two such sides add up to less */
};
static const size_t RATIO_MAX = 300; /* a side: pairwise ratios are their square */

static int compare_doubles(const void *left, const void *right) {
    const double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

static void sort(double *values, size_t count) { qsort(values, count, sizeof *values, compare_doubles); }

/* ---------------------------------------------------------------- quantiles */

static double log_gamma(double x) {
    int sign; /* lgamma() would write a global */
    return lgamma_r(x, &sign);
}

static double binomial_mass(double n, double p, double i) {
    return exp(log_gamma(n + 1) - log_gamma(i + 1) - log_gamma(n - i + 1) + i * log(p) + (n - i) * log1p(-p));
}

/* First count whose probability is worth summing: 12 deviations below the mean. */
static size_t binomial_start(size_t n, double p) {
    const double mean = (double)n * p;
    const double start = mean - 12 * sqrt(mean * (1 - p)) - 12;
    return start > 0 ? (size_t)start : 0;
}

/* The smallest i in 0 .. n with P(B <= i) >= level. */
static size_t binomial_quantile(size_t n, double p, double level) {
    double cumulative = 0;
    for (size_t i = binomial_start(n, p); i < n; ++i) {
        cumulative += binomial_mass((double)n, p, (double)i);
        if (cumulative >= level)
            return i;
    }
    return n;
}

int hone_quantile_ranks(size_t *low, size_t *high, size_t n, double p, double confidence) {
    *low = 0;
    *high = n > 0 ? n - 1 : 0;
    const double none = pow(1 - p, (double)n); /* no sample below the quantile */
    const double all = pow(p, (double)n);
    if (n < 2 || none + all > 1 - confidence)
        return 0;
    /* Equal tails, unless one end has no rank left that is extreme enough: then
     * that end is the extreme sample and the other tail gets what remains. */
    double below = (1 - confidence) / 2, above = below;
    if (all > above) {
        above = all;
        below = 1 - confidence - all;
    } else if (none > below) {
        below = none;
        above = 1 - confidence - none;
    }
    /* Indices from 0: low is the largest j with P(B <= j) <= below, high the
     * smallest k with P(B <= k) >= 1 - above. The slack absorbs rounding. */
    const double slack = 1e-12;
    const size_t first = binomial_quantile(n, p, below + slack);
    *low = first > 0 ? first - 1 : 0;
    const size_t last = binomial_quantile(n, p, 1 - above - slack);
    *high = last < n ? last : n - 1;
    return 1;
}

static double quantile(const double *sorted, size_t n, double p) {
    const double rank = ceil((double)n * p - 1e-9);
    return sorted[rank > 1 ? (size_t)rank - 1 : 0];
}

static void quantile_interval(double *low, double *high, const double *sorted, size_t n, double p) {
    size_t first, last;
    if (hone_quantile_ranks(&first, &last, n, p, 0.95)) {
        *low = sorted[first];
        *high = sorted[last];
    }
}

void hone_stats_compute(hone_stats *out, double *samples, size_t count) {
    *out = (hone_stats){.count = (int64_t)count,
                        .min = NAN,
                        .max = NAN,
                        .mean = NAN,
                        .cv = NAN,
                        .p50 = NAN,
                        .p50_low = NAN,
                        .p50_high = NAN,
                        .p95 = NAN,
                        .p95_low = NAN,
                        .p95_high = NAN,
                        .p99 = NAN};
    if (count == 0)
        return;
    sort(samples, count);
    out->min = samples[0];
    out->max = samples[count - 1];

    double sum = 0, squares = 0;
    for (size_t i = 0; i < count; ++i)
        sum += samples[i];
    out->mean = sum / (double)count;
    for (size_t i = 0; i < count; ++i)
        squares += (samples[i] - out->mean) * (samples[i] - out->mean);
    if (count > 1 && out->mean != 0)
        out->cv = sqrt(squares / (double)(count - 1)) / out->mean;

    out->p50 = quantile(samples, count, 0.5);
    quantile_interval(&out->p50_low, &out->p50_high, samples, count, 0.5);
    if (count >= HONE_P95_MIN_SAMPLES) {
        out->p95 = quantile(samples, count, 0.95);
        quantile_interval(&out->p95_low, &out->p95_high, samples, count, 0.95);
    }
    if (count >= P99_MIN_SAMPLES)
        out->p99 = quantile(samples, count, 0.99);
}

/* ---------------------------------------------------------------- rank test */

typedef struct pooled {
    double value;
    int from_a;
} pooled;

static int compare_pooled(const void *left, const void *right) {
    return compare_doubles(&((const pooled *)left)->value, &((const pooled *)right)->value);
}

/* Ways to choose `na` of `count` items so that their doubled ranks add up to s,
 * as ways[s]: the permutation distribution of the rank sum. */
static void count_rank_sums(double ways[EXACT_MAX_SUM], const int *doubled_ranks, size_t count, size_t na) {
    static const double zero[EXACT_MAX_SUM];
    double table[EXACT_MAX + 1][EXACT_MAX_SUM];
    for (size_t chosen = 0; chosen <= na; ++chosen)
        memcpy(table[chosen], zero, sizeof zero);
    table[0][0] = 1;
    for (size_t item = 0; item < count; ++item)
        for (size_t chosen = na; chosen >= 1; --chosen)
            for (int sum = EXACT_MAX_SUM - 1; sum >= doubled_ranks[item]; --sum)
                table[chosen][sum] += table[chosen - 1][sum - doubled_ranks[item]];
    memcpy(ways, table[na], sizeof table[na]);
}

/* P(|W - mean| >= |observed - mean|), W being the doubled rank sum of side a. */
static double exact_p_value(const int *doubled_ranks, size_t na, size_t nb, int observed) {
    double ways[EXACT_MAX_SUM];
    count_rank_sums(ways, doubled_ranks, na + nb, na);
    const int mean = (int)(na * (na + nb + 1));
    double total = 0, extreme = 0;
    for (int sum = 0; sum < EXACT_MAX_SUM; ++sum) {
        total += ways[sum];
        if (abs(sum - mean) >= abs(observed - mean))
            extreme += ways[sum];
    }
    return extreme / total;
}

static double normal_p_value(size_t na, size_t nb, double doubled_sum, double tie_term) {
    const double n = (double)(na + nb), product = (double)na * (double)nb;
    const double mean = (double)na * (n + 1) / 2;
    const double variance = product / 12 * (n + 1 - tie_term / (n * (n - 1)));
    if (variance <= 0)
        return 1;                                               /* every sample is the same */
    const double distance = fabs(doubled_sum / 2 - mean) - 0.5; /* continuity correction */
    return distance <= 0 ? 1 : erfc(distance / sqrt(2 * variance));
}

double hone_rank_test(const double *a, size_t na, const double *b, size_t nb) {
    if (na == 0 || nb == 0)
        return 1;
    const size_t count = na + nb;
    pooled *all = malloc(count * sizeof *all);
    if (all == NULL)
        return NAN;
    for (size_t i = 0; i < count; ++i)
        all[i] = i < na ? (pooled){a[i], 1} : (pooled){b[i - na], 0};
    qsort(all, count, sizeof *all, compare_pooled);

    const int exact = na <= EXACT_MAX && nb <= EXACT_MAX;
    int doubled_ranks[2 * EXACT_MAX] = {0};
    double doubled_sum = 0, tie_term = 0;
    for (size_t start = 0, end; start < count; start = end) {
        for (end = start + 1; end < count && all[end].value == all[start].value; ++end)
            ;
        const size_t doubled = start + 1 + end; /* twice the mean of ranks start+1 .. end */
        const double ties = (double)(end - start);
        tie_term += ties * ties * ties - ties;
        for (size_t i = start; i < end; ++i) {
            if (exact)
                doubled_ranks[i] = (int)doubled;
            if (all[i].from_a)
                doubled_sum += (double)doubled;
        }
    }
    free(all);
    return exact ? exact_p_value(doubled_ranks, na, nb, (int)doubled_sum)
                 : normal_p_value(na, nb, doubled_sum, tie_term);
}

/* -------------------------------------------------------------------- ratio */

/* Largest r with P(U <= r-1) <= 0.025 for untied samples: the pairwise ratios of
 * ranks r and na nb + 1 - r bound the 95% interval. 0: too few samples. */
static double critical_rank(size_t na, size_t nb) {
    const double pairs = (double)na * (double)nb;
    if (na > EXACT_MAX || nb > EXACT_MAX) {
        const double deviation = sqrt(pairs * (double)(na + nb + 1) / 12);
        return floor(pairs / 2 - 1.959963984540054 * deviation);
    }
    int doubled_ranks[2 * EXACT_MAX];
    double ways[EXACT_MAX_SUM], total = 0, below = 0;
    for (size_t i = 0; i < na + nb; ++i)
        doubled_ranks[i] = (int)(2 * (i + 1));
    count_rank_sums(ways, doubled_ranks, na + nb, na);
    for (int sum = 0; sum < EXACT_MAX_SUM; ++sum)
        total += ways[sum];
    const size_t smallest = na * (na + 1); /* doubled rank sum at U = 0 */
    size_t rank = 0;
    while (rank < na * nb && (below += ways[smallest + 2 * rank]) <= 0.025 * total)
        ++rank;
    return (double)rank;
}

/* A sorted copy, thinned to evenly spaced order statistics. NULL: no memory. */
static double *representatives(size_t *count, const double *samples, size_t n) {
    double *sorted = malloc(n * sizeof *sorted);
    if (sorted == NULL)
        return NULL;
    memcpy(sorted, samples, n * sizeof *sorted);
    sort(sorted, n);
    *count = n < RATIO_MAX ? n : RATIO_MAX;
    for (size_t i = 0; i < *count; ++i)
        sorted[i] = sorted[(2 * i + 1) * n / (2 * *count)];
    return sorted;
}

/* The middle of sorted values, and the pair of them that the critical rank of
 * all `pairs` picks when they are a thinned choice. */
static void ratio_ranks(double *ratio, double *low, double *high, const double *sorted, size_t count,
                        double rank, double pairs) {
    *ratio = count % 2 ? sorted[count / 2] : (sorted[count / 2 - 1] + sorted[count / 2]) / 2;
    if (rank < 1)
        return; /* too few samples for 95% */
    const double scaled = floor(rank * ((double)count / pairs));
    const size_t index = scaled > 1 ? (size_t)scaled - 1 : 0;
    *low = sorted[index];
    *high = sorted[count - 1 - index];
}

int hone_ratio_interval(double *ratio, double *low, double *high, const double *a, size_t na, const double *b,
                        size_t nb) {
    *ratio = *low = *high = NAN;
    if (na == 0 || nb == 0)
        return 0;
    int ok = 0;
    size_t count_a = 0, count_b = 0;
    double *sorted_a = representatives(&count_a, a, na);
    double *sorted_b = representatives(&count_b, b, nb);
    double *ratios = malloc(RATIO_MAX * RATIO_MAX * sizeof *ratios);
    if (sorted_a == NULL || sorted_b == NULL || ratios == NULL)
        goto cleanup;
    for (size_t i = 0; i < count_a; ++i)
        for (size_t j = 0; j < count_b; ++j)
            ratios[i * count_b + j] = sorted_b[j] / sorted_a[i];
    sort(ratios, count_a * count_b);
    ratio_ranks(ratio, low, high, ratios, count_a * count_b, critical_rank(na, nb), (double)na * (double)nb);
    ok = 1;

cleanup:
    free(sorted_a);
    free(sorted_b);
    free(ratios);
    return ok;
}

/* The clock, and statistics against values from elsewhere and by simulation.
 *
 * Constants marked "scipy" were computed with scipy 1.17: scipy.stats.binom for
 * ranks, mannwhitneyu for the rank test; those marked "enumerated" by listing
 * every split of the pooled samples with itertools. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../../harness/clock.h"
#include "../../harness/stats.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static uint64_t seed;

/* Uniform in (0, 1), from splitmix64. */
static double uniform(void) {
    uint64_t z = seed += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    z ^= z >> 31;
    return ((double)(z >> 11) + 0.5) / 9007199254740992.0;
}

/* Times look like this: a floor and a long tail. Quantile p is 1 - log(1 - p). */
static void skewed(double *out, size_t n) {
    for (size_t i = 0; i < n; ++i)
        out[i] = 1 - log(uniform());
}

static void assert_close(double actual, double expected) {
    if (!(fabs(actual - expected) <= 1e-9 * fabs(expected)))
        fail_msg("%.17g is not %.17g", actual, expected);
}

/* -------------------------------------------------------------------- clock */

static void clock_advances(void **state) {
    (void)state;
    const int64_t start = hone_clock_now();
    int64_t now = start;
    while (now == start)
        now = hone_clock_now();
    assert_true(now > start);
    assert_true(hone_clock_resolution() >= 1);
    assert_int_equal(hone_clock_resolution(), hone_clock_resolution());
}

static void timestamp_is_iso(void **state) {
    (void)state;
    char text[32];
    int year, month, day, hour, minute, second, used = 0;
    hone_clock_timestamp(text);
    assert_int_equal(
        sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2dZ%n", &year, &month, &day, &hour, &minute, &second, &used), 6);
    assert_int_equal(used, strlen(text));
    assert_int_equal(used, 20);
    assert_in_range(year, 2025, 9999);
}

/* ---------------------------------------------------------------- quantiles */

static void ranks_match_scipy(void **state) {
    (void)state;
    static const struct {
        size_t n;
        double p;
        int known;
        size_t low, high;
    } rows[] = {
        {0, 0.5, 0, 0, 0},
        {1, 0.5, 0, 0, 0},
        {5, 0.5, 0, 0, 4},
        {6, 0.5, 1, 0, 5},
        {9, 0.5, 1, 1, 7},
        {20, 0.5, 1, 5, 14},
        {60, 0.5, 1, 21, 38},
        {100, 0.5, 1, 39, 60},
        {1000, 0.5, 1, 468, 531},
        {10000, 0.5, 1, 4901, 5098},
        {58, 0.95, 0, 0, 57},
        {59, 0.95, 1, 49, 58},
        {60, 0.95, 1, 51, 59},
        {72, 0.95, 1, 63, 71},
        {100, 0.95, 1, 89, 99},
        {1000, 0.95, 1, 935, 963},
        {10000, 0.95, 1, 9456, 9542},
        {60, 0.05, 1, 0, 8},
        {300, 0.99, 1, 289, 299},
    };
    for (size_t i = 0; i < COUNT(rows); ++i) {
        size_t low = 99999, high = 99999;
        assert_int_equal(hone_quantile_ranks(&low, &high, rows[i].n, rows[i].p, 0.95), rows[i].known);
        assert_int_equal(low, rows[i].low);
        assert_int_equal(high, rows[i].high);
    }
}

static void statistics_of_known_samples(void **state) {
    (void)state;
    double samples[100];
    for (size_t i = 0; i < 100; ++i)
        samples[i] = (double)((i * 37 + 11) % 100 + 1); /* 1 .. 100, shuffled */
    hone_stats stats;
    hone_stats_compute(&stats, samples, 100);
    assert_int_equal(stats.count, 100);
    assert_true(stats.min == 1 && stats.max == 100 && stats.mean == 50.5);
    assert_close(stats.cv, sqrt(100 * 101 / 12.0) / 50.5); /* variance of 1 .. n with n-1: n(n+1)/12 */
    assert_true(stats.p50 == 50 && stats.p50_low == 40 && stats.p50_high == 61);
    assert_true(stats.p95 == 95 && stats.p95_low == 90 && stats.p95_high == 100);
    assert_true(isnan(stats.p99));
    for (size_t i = 0; i < 100; ++i)
        assert_true(samples[i] == (double)(i + 1)); /* sorted in place */
}

static void few_samples_are_refused(void **state) {
    (void)state;
    double samples[300];
    hone_stats stats;
    hone_stats_compute(&stats, samples, 0);
    assert_int_equal(stats.count, 0);
    assert_true(isnan(stats.min) && isnan(stats.max) && isnan(stats.mean) && isnan(stats.cv) &&
                isnan(stats.p50));
    samples[0] = 3;
    hone_stats_compute(&stats, samples, 1);
    assert_true(stats.p50 == 3 && stats.mean == 3 && isnan(stats.cv) && isnan(stats.p50_low));
    for (size_t n = 2; n <= 300; ++n) {
        skewed(samples, n);
        hone_stats_compute(&stats, samples, n);
        assert_int_equal(isnan(stats.p95), n < HONE_P95_MIN_SAMPLES);
        assert_int_equal(isnan(stats.p95_low), n < HONE_P95_MIN_SAMPLES);
        assert_int_equal(isnan(stats.p95_high), n < HONE_P95_MIN_SAMPLES);
        assert_int_equal(isnan(stats.p99), n < 300);
        assert_int_equal(isnan(stats.p50_high), n < 6);
    }
}

/* Percent of intervals that hold the true quantile, by simulation. */
static double coverage(size_t n, double p) {
    enum { DRAWS = 2000 };
    static double samples[1000];
    const double truth = 1 - log(1 - p);
    int hits = 0;
    for (int i = 0; i < DRAWS; ++i) {
        hone_stats stats;
        skewed(samples, n);
        hone_stats_compute(&stats, samples, n);
        hits += p == 0.5 ? stats.p50_low <= truth && truth <= stats.p50_high
                         : stats.p95_low <= truth && truth <= stats.p95_high;
    }
    return 100.0 * hits / DRAWS;
}

static void intervals_cover(void **state) {
    (void)state;
    static const struct {
        size_t n;
        double p;
    } rows[] = {{60, 0.5}, {100, 0.5}, {1000, 0.5}, {60, 0.95}, {1000, 0.95}};
    seed = 1;
    for (size_t i = 0; i < COUNT(rows); ++i) {
        const double percent = coverage(rows[i].n, rows[i].p);
        if (percent < 93 || percent > 98.5)
            fail_msg("p%g of %zu samples is covered in %g%%", 100 * rows[i].p, rows[i].n, percent);
    }
}

/* ---------------------------------------------------------------- rank test */

static const double SMALL_A[] = {1.3, 2.1, 0.7, 3.3, 2.8, 1.9};
static const double SMALL_B[] = {2.6, 3.1, 4.2, 1.7, 5.0, 3.9, 2.9};

static void rank_test_matches_references(void **state) {
    (void)state;
    assert_close(hone_rank_test(SMALL_A, 6, SMALL_B, 7), 0.07342657342657342); /* scipy, exact */
    assert_close(hone_rank_test(SMALL_B, 7, SMALL_A, 6), 0.07342657342657342);
    const double tied_a[] = {1, 2, 2, 3, 5}, tied_b[] = {2, 4, 5, 5, 6, 7};
    assert_close(hone_rank_test(tied_a, 5, tied_b, 6), 0.08874458874458875); /* enumerated */

    double a[40], b[35];
    for (int i = 0; i < 40; ++i)
        a[i] = i * 37 % 101 / 7.0;
    for (int i = 0; i < 35; ++i)
        b[i] = i * 53 % 97 / 6.0 + 1;
    assert_close(hone_rank_test(a, 40, b, 35), 0.2427278565271488); /* scipy, asymptotic */
    for (int i = 0; i < 30; ++i)
        a[i] = i * 7 % 10;
    for (int i = 0; i < 25; ++i)
        b[i] = i * 3 % 11 + 1;
    assert_close(hone_rank_test(a, 30, b, 25), 0.16396341969154826); /* scipy, asymptotic, ties */
}

static void rank_test_of_extremes(void **state) {
    (void)state;
    double ones[20], rising[20];
    for (int i = 0; i < 20; ++i) {
        ones[i] = 1;
        rising[i] = 2 + i;
    }
    assert_true(hone_rank_test(ones, 0, rising, 5) == 1);
    assert_true(hone_rank_test(ones, 5, ones, 5) == 1);
    assert_true(hone_rank_test(ones, 20, ones, 20) == 1);
    assert_close(hone_rank_test(rising, 4, rising + 4, 4),
                 2.0 / 70); /* two of the splits of 8 into 4 and 4 */
    assert_true(hone_rank_test(ones, 20, rising, 20) < 1e-6);
}

static double false_positives(size_t n) {
    enum { DRAWS = 4000 };
    double a[100], b[100];
    int positive = 0;
    for (int i = 0; i < DRAWS; ++i) {
        skewed(a, n);
        skewed(b, n);
        positive += hone_rank_test(a, n, b, n) < 0.05;
    }
    return 100.0 * positive / DRAWS;
}

static void rank_test_false_positives(void **state) {
    (void)state;
    seed = 2;
    assert_true(false_positives(8) <= 5.5); /* few p-values are possible: at most 5% */
    for (size_t n = 20; n <= 100; n += 40) {
        const double percent = false_positives(n);
        if (percent < 4 || percent > 6)
            fail_msg("%g%% of equal pairs of %zu samples differ", percent, n);
    }
}

/* -------------------------------------------------------------------- ratio */

static void ratio_matches_references(void **state) {
    (void)state;
    double ratio, low, high;
    assert_true(hone_ratio_interval(&ratio, &low, &high, SMALL_A, 6, SMALL_B, 7));
    assert_close(ratio, 1.5789473684210527); /* enumerated: ranks 7 and 36 of 42 */
    assert_close(low, 0.9285714285714287);
    assert_close(high, 3.714285714285715);

    double a[40], b[35];
    for (int i = 0; i < 40; ++i)
        a[i] = 1 + i * 37 % 101 / 100.0;
    for (int i = 0; i < 35; ++i)
        b[i] = 1.2 + i * 53 % 97 / 90.0;
    assert_true(hone_ratio_interval(&ratio, &low, &high, a, 40, b, 35));
    assert_close(ratio, 1.1320099580712788); /* enumerated: ranks 515 and 886 of 1400 */
    assert_close(low, 1.0300081103000809);
    assert_close(high, 1.248097412480974);
}

static void ratio_of_too_few(void **state) {
    (void)state;
    double ratio = 0, low = 0, high = 0;
    assert_false(hone_ratio_interval(&ratio, &low, &high, SMALL_A, 0, SMALL_B, 7));
    assert_true(isnan(ratio) && isnan(low) && isnan(high));
    assert_true(hone_ratio_interval(&ratio, &low, &high, SMALL_A, 3, SMALL_B, 3));
    assert_true(!isnan(ratio) && isnan(low) && isnan(high));
    assert_true(hone_ratio_interval(&ratio, &low, &high, SMALL_A, 4, SMALL_B, 4));
    assert_true(low <= ratio && ratio <= high);
}

/* Percent of intervals that hold the true ratio when b is 1.3 times as long. */
static double ratio_coverage(int draws, size_t na, size_t nb) {
    static double a[1000], b[1000];
    int hits = 0;
    for (int i = 0; i < draws; ++i) {
        double ratio, low, high;
        skewed(a, na);
        skewed(b, nb);
        for (size_t j = 0; j < nb; ++j)
            b[j] *= 1.3;
        assert_true(hone_ratio_interval(&ratio, &low, &high, a, na, b, nb));
        assert_true(low <= ratio && ratio <= high);
        hits += low <= 1.3 && 1.3 <= high;
    }
    return 100.0 * hits / draws;
}

static void ratio_intervals_cover(void **state) {
    (void)state;
    static const struct {
        int draws;
        size_t na, nb;
        double least, most;
    } rows[] = {
        {2000, 8, 8, 94, 98},
        {2000, 7, 30, 93, 97.5},
        {1000, 60, 60, 93, 97.5},
        {150, 1000, 500, 90, 99}, /* thinned */
    };
    seed = 3;
    for (size_t i = 0; i < COUNT(rows); ++i) {
        const double percent = ratio_coverage(rows[i].draws, rows[i].na, rows[i].nb);
        if (percent < rows[i].least || percent > rows[i].most)
            fail_msg("the ratio of %zu and %zu samples is covered in %g%%", rows[i].na, rows[i].nb, percent);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clock_advances),
        cmocka_unit_test(timestamp_is_iso),
        cmocka_unit_test(ranks_match_scipy),
        cmocka_unit_test(statistics_of_known_samples),
        cmocka_unit_test(few_samples_are_refused),
        cmocka_unit_test(intervals_cover),
        cmocka_unit_test(rank_test_matches_references),
        cmocka_unit_test(rank_test_of_extremes),
        cmocka_unit_test(rank_test_false_positives),
        cmocka_unit_test(ratio_matches_references),
        cmocka_unit_test(ratio_of_too_few),
        cmocka_unit_test(ratio_intervals_cover),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

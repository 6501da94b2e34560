/* Spearman's rank correlation against values worked out by hand. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../../tuner/search/rank.h"

static void near(double want, double got) { assert_true(fabs(want - got) < 1e-12); }

static void orders_are_compared(void **state) {
    (void)state;
    const double x[] = {1, 2, 3, 4, 5}, exponential[] = {1, 10, 100, 1000, 10000}, back[] = {9, 8, 7, 6, 5},
                 mixed[] = {2, 1, 4, 3, 5};
    near(1, hone_rank_correlation(x, exponential, 5));
    near(-1, hone_rank_correlation(x, back, 5));
    near(1 - 6.0 * 4 / (5 * 24), hone_rank_correlation(x, mixed, 5)); /* 1 - 6 sum d^2 / (n (n^2 - 1)) */
}

/* Ranks 0.5 0.5 2.5 2.5 and 0 1 2 3: covariance 4, variances 4 and 5. */
static void equal_values_share_a_rank(void **state) {
    (void)state;
    const double x[] = {1, 1, 7, 7}, y[] = {1, 2, 3, 4};
    near(4 / sqrt(20), hone_rank_correlation(x, y, 4));
}

static void what_has_no_order_is_nan(void **state) {
    (void)state;
    const double x[] = {1, 2, 3}, same[] = {4, 4, 4};
    assert_true(isnan(hone_rank_correlation(x, same, 3)));
    assert_true(isnan(hone_rank_correlation(x, x, 2)));
    assert_true(isnan(hone_rank_correlation(x, x, 0)));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(orders_are_compared),
        cmocka_unit_test(equal_values_share_a_rank),
        cmocka_unit_test(what_has_no_order_is_nan),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

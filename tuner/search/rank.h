/* Spearman's rank correlation: how alike two orders are. */
#ifndef HONE_TUNER_RANK_H
#define HONE_TUNER_RANK_H

#include <stdint.h>

/* Of `count` pairs x[i], y[i], none NaN: the correlation of their ranks, equal values sharing a mean rank; 1:
 * the same order, -1: the opposite one. NaN for fewer than three pairs, where one side is constant, or
 * without memory. */
double hone_rank_correlation(const double *x, const double *y, int64_t count);

#endif

/* What lies behind a hone_reference, for verify.c and its tests. */
#ifndef HONE_HARNESS_REFERENCE_H
#define HONE_HARNESS_REFERENCE_H

#include "verify.h"

/* Arrays are rows x N. For 8-bit outputs `result` is clamped to what the type
 * can represent, but not rounded. */
struct hone_reference {
    hone_problem problem;
    uint64_t seed;
    int64_t count; /* rows looked at */
    int64_t *rows; /* rising; the first is 0, the last M-1 */
    float *alpha;  /* N slopes */
    float c_scale;
    int32_t c_zero;
    double *x;      /* pre-activation */
    double *delta;  /* what an fp32 computation of x may err by */
    double *result; /* act(x) */
    double *bound;  /* what the output may err by */
    double *real_x; /* s8 problems: pre-activation of the unquantised values; else NULL */
};

/* The fp64 activation of `problem` in column j. */
double hone_reference_value(const hone_reference *reference, double x, int64_t j);

/* `value` limited to what C's type can represent; values of float types pass. */
double hone_reference_clamp(const hone_reference *reference, double value);

/* Error of an output that is not within the bound of act(x) against the values
 * that a jumping activation takes within delta of x. `n` is row * N + column. */
double hone_reference_jump_error(const hone_reference *reference, int64_t n, double value);

#endif

/* Elementary functions in vector operations: written once, compiled with every
 * vocabulary (cpu/vec_*.h says which operations one supplies).
 *
 * Coefficients are minimax fits on the stated intervals (Lawson-weighted least
 * squares in double, rounded to float). tests/cpu/test_act_accuracy.c measures
 * the errors stated here. NaN in gives NaN out: see vf_min and vf_max.
 *
 * Intermediate results stay out of the subnormals: on many processors one costs
 * a hundred cycles, and saturated activations would make nothing else. */
#ifndef HONE_ACT_MATH_H
#define HONE_ACT_MATH_H

/* An infinity as the largest finite number: 0 times that is 0. */
static inline vf vf_finite(vf x) {
    return vf_min(vf_set(0x1.fffffep127f), vf_max(vf_set(-0x1.fffffep127f), x));
}

/* p x; 0 for p = 0 also where x is infinite. */
static inline vf vf_slope(vf p, vf x) { return vf_pick(vf_lt(vf_set(0.0f), vf_abs(p)), vf_mul(p, x), p); }

/* Cody and Waite's reduction: x = n ln 2 + r, |r| <= ln(2)/2. ln 2 is split so
 * that n times the first part is exact for |n| <= 256. */
static inline vf vf_ln2_quotient(vf x) { return vf_round(vf_mul(x, vf_set(1.44269504f))); }

static inline vf vf_ln2_remainder(vf x, vf n) {
    vf r = vf_fma(n, vf_set(-0.693359375f), x);
    return vf_fma(n, vf_set(2.12194440e-4f), r);
}

/* exp(r) - 1 on |r| <= ln(2)/2, relative error 2^-26 before rounding. */
static inline vf vf_expm1_core(vf r) {
    vf t = vf_fma(vf_set(0.00139465521f), r, vf_set(0.00836664438f));
    t = vf_fma(t, r, vf_set(0.0416662805f));
    t = vf_fma(t, r, vf_set(0.16666542f));
    t = vf_fma(t, r, vf_set(0.5f));
    return vf_fma(t, vf_mul(r, r), r);
}

/* exp(x): about 1 ulp; 0 where it would be subnormal, infinity where it overflows. */
static inline vf vf_exp(vf x) {
    const float lowest = -87.3f; /* exp of it is the smallest normal number, nearly */
    vf c = vf_min(vf_set(89.0f), vf_max(vf_set(lowest), x));
    vf n = vf_ln2_quotient(c);
    vf e = vf_expm1_core(vf_ln2_remainder(c, n));
    return vf_pick(vf_lt(x, vf_set(lowest)), vf_set(0.0f), vf_scale(vf_add(e, vf_set(1.0f)), n));
}

/* exp(x) - 1 without cancellation: about 2 ulp. Constant above x = 88; -1 to f32
 * precision below -17.4. */
static inline vf vf_expm1(vf x) {
    vf c = vf_min(vf_set(88.0f), vf_max(vf_set(-20.0f), x));
    vf n = vf_ln2_quotient(c);
    vf e = vf_expm1_core(vf_ln2_remainder(c, n));
    vf s = vf_scale(vf_set(1.0f), n);
    return vf_fma(s, e, vf_sub(s, vf_set(1.0f)));
}

/* 1 / (1 + exp(-x)) through exp(-|x|), which cannot overflow. */
static inline vf vf_sigmoid(vf x) {
    vf e = vf_exp(vf_neg(vf_abs(x)));
    vf numerator = vf_pick(vf_lt(x, vf_set(0.0f)), e, vf_set(1.0f));
    return vf_div(numerator, vf_add(vf_set(1.0f), e));
}

/* tanh(x) = t / (t + 2), t = expm1(2|x|); 1 to f32 precision from 9.01. */
static inline vf vf_tanh(vf x) {
    vf a = vf_min(vf_set(10.0f), vf_abs(x));
    vf t = vf_expm1(vf_add(a, a));
    return vf_copysign(vf_div(t, vf_add(t, vf_set(2.0f))), x);
}

/* log(1 + y) for 0 <= y <= 1: 2 atanh(s), s = y / (2 + y), error 2^-33 before
 * rounding. `d` is 2 s, which is normal where y is. */
static inline vf vf_log1p(vf y) {
    vf d = vf_div(vf_add(y, y), vf_add(y, vf_set(2.0f)));
    vf s = vf_mul(vf_max(vf_set(0x1p-39f), d), vf_set(0.5f)); /* below, the square no longer counts */
    vf u = vf_mul(s, s);
    vf t = vf_fma(vf_set(0.122124501f), u, vf_set(0.106949814f));
    t = vf_fma(t, u, vf_set(0.143105209f));
    t = vf_fma(t, u, vf_set(0.199993387f));
    t = vf_fma(t, u, vf_set(0.333333403f));
    return vf_fma(vf_mul(t, u), d, d);
}

/* erf(z): a rational function on |z| <= 3.92, +-1 beyond; absolute error 2^-25. */
static inline vf vf_erf(vf z) {
    vf c = vf_min(vf_set(3.92f), vf_max(vf_set(-3.92f), z));
    vf w = vf_mul(c, c);
    vf n = vf_fma(vf_set(2.03453806e-06f), w, vf_set(0.000287450966f));
    n = vf_fma(n, w, vf_set(0.00386792701f));
    n = vf_fma(n, w, vf_set(0.0530592091f));
    n = vf_fma(n, w, vf_set(0.192757472f));
    n = vf_fma(n, w, vf_set(1.12837899f));
    vf d = vf_fma(vf_set(3.80670972e-05f), w, vf_set(0.00118798122f));
    d = vf_fma(d, w, vf_set(0.0151715195f));
    d = vf_fma(d, w, vf_set(0.115081534f));
    d = vf_fma(d, w, vf_set(0.504158556f));
    d = vf_fma(d, w, vf_set(1.0f));
    vf inner = vf_div(vf_mul(c, n), d);
    return vf_pick(vf_lt(vf_set(3.92f), vf_abs(z)), vf_copysign(vf_set(1.0f), z), inner);
}

/* x / (1 + |x|); beyond 2^64 it is +-1 in any precision used here. */
static inline vf vf_softsign(vf x) {
    vf c = vf_min(vf_set(0x1p64f), vf_max(vf_set(-0x1p64f), x));
    return vf_div(c, vf_add(vf_set(1.0f), vf_abs(c)));
}

/* x (x + 3) / 6 between -3 and 3: the sum is exact where it is small. */
static inline vf vf_hardswish(vf x) {
    vf sixths = vf_max(vf_set(0.0f), vf_add(x, vf_set(3.0f)));
    return vf_mul(vf_max(vf_set(-4.0f), x), vf_min(vf_set(1.0f), vf_mul(sixths, vf_set(0.16666667f))));
}

/* x tanh(log(1 + exp(x))) = x n / d with, for e = exp(-|x|),
 * n = 1 + 2e, d = n + 2e^2 above 0 and n = e^2 + 2e, d = n + 2 below. */
static inline vf vf_mish(vf x) {
    vf e = vf_exp(vf_neg(vf_abs(x)));
    vm negative = vf_lt(x, vf_set(0.0f));
    vf n = vf_fma(vf_pick(negative, vf_add(e, vf_set(2.0f)), vf_set(2.0f)), e,
                  vf_pick(negative, vf_set(0.0f), vf_set(1.0f)));
    vf d = vf_fma(vf_pick(negative, vf_set(0.0f), vf_add(e, e)), e,
                  vf_pick(negative, vf_add(n, vf_set(2.0f)), n));
    return vf_mul(vf_max(vf_set(-120.0f), x), vf_div(n, d));
}

#endif

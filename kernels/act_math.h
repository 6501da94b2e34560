/* Elementary functions in vector operations: written once, compiled with every
 * vocabulary (cpu/vec_*.h says which operations one supplies).
 *
 * Coefficients are minimax fits on the stated intervals (Lawson-weighted least
 * squares in double, rounded to float). tests/cpu/test_act_accuracy.c measures
 * the errors stated here. NaN in gives NaN out: see vf_min and vf_max.
 *
 * Intermediate results stay out of the subnormals for arguments of 2^-40 and more: on
 * many processors one costs a hundred cycles, and saturated activations would make
 * nothing else. */
#ifndef HONE_ACT_MATH_H
#define HONE_ACT_MATH_H

/* How a table is declared and pointed to. A vocabulary in a language with address spaces says so itself. */
#ifndef VF_TABLE
#define VF_TABLE    static const
#define VF_TABLE_AT const
#endif

/* x limited to +-c; where it is NaN, that or anything within. */
#ifndef VF_WITHIN
#define VF_WITHIN(x, c) vf_min(c, vf_max(vf_neg(c), x))
#endif

/* What rounding t to a multiple of 1/32 leaves of it, |t| <= 2^7, rounded as adding 1.5 2^18 rounds; NaN
 * kept. */
#ifndef VF_PAST_32ND
#define VF_PAST_32ND(t) vf_sub(t, vf_sub(vf_add(t, vf_set(0x1.8p18f)), vf_set(0x1.8p18f)))
#endif

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

/* exp(x) - 1 without cancellation: about 2 ulp. Constant above x = 88; -1 to f32
 * precision below -17.4. */
static inline vf vf_expm1(vf x) {
    vf c = vf_min(vf_set(88.0f), vf_max(vf_set(-20.0f), x));
    vf n = vf_ln2_quotient(c);
    vf e = vf_expm1_core(vf_ln2_remainder(c, n));
    vf s = vf_scale(vf_set(1.0f), n);
    return vf_fma(s, e, vf_sub(s, vf_set(1.0f)));
}

/* (atanh(s) / s - 1) / u for u = s^2 <= 1/9: atanh's error is 2^-33 of it. */
static inline vf vf_atanh_core(vf u) {
    vf t = vf_fma(vf_set(0.122124501f), u, vf_set(0.106949814f));
    t = vf_fma(t, u, vf_set(0.143105209f));
    t = vf_fma(t, u, vf_set(0.199993387f));
    return vf_fma(t, u, vf_set(0.333333403f));
}

/* x / (1 + |x|), the quotient corrected by what is left of x; beyond 2^64 it is +-1 in any precision
 * used here. */
static inline vf vf_softsign(vf x) {
    vf c = vf_min(vf_set(0x1p64f), vf_max(vf_set(-0x1p64f), x)), d = vf_add(vf_set(1.0f), vf_abs(c));
    vf r = vf_rcp(d), y = vf_mul(c, r);
    return vf_fma(vf_neg(vf_fma(y, d, vf_neg(c))), r, y); /* in this order -0 stays */
}

/* x (x + 3) / 6 between -3 and 3: the sum is exact where it is small. 1/6 is two numbers. */
static inline vf vf_hardswish_high(vf x) {
    vf s = vf_min(vf_set(6.0f), vf_max(vf_set(0.0f), vf_add(x, vf_set(3.0f))));
    vf gate = vf_fma(s, vf_set(0x1.555556p-3f), vf_mul(s, vf_set(-0x1.555556p-28f)));
    return vf_mul(vf_max(vf_set(-4.0f), x), gate);
}
static inline vf vf_hardswish_brief(vf x) {
    vf gate = vf_mul(vf_max(vf_set(0.0f), vf_add(x, vf_set(3.0f))), vf_set(0.16666667f));
    return vf_mul(vf_max(vf_set(-4.0f), x), vf_min(vf_set(1.0f), gate));
}

#endif

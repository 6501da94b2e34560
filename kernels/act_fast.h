/* The fast and the brief forms of the smooth activations: see activations.def.
 * tests/cpu/test_act_accuracy.c measures what is claimed there.
 *
 * Their cost is counted in operations that compete with the K loop for the
 * multipliers, so divisions are reciprocals, and where a vocabulary looks up 32
 * entries in one instruction (VF_TABLES) a piecewise polynomial replaces
 * exponential and reciprocal:
 *
 *   x -> |x|, limited -> segment -> coefficients -> Horner in |x| itself
 *
 * Horner in |x|, not in the distance from a segment's middle, saves finding
 * that; its terms are as large as the function's at 0, so what it loses is
 * absolute, which is what the fast form allows.
 *
 * Arguments are limited wherever a power of two would underflow: a subnormal
 * result costs a hundred cycles. */
#ifndef HONE_ACT_FAST_H
#define HONE_ACT_FAST_H

#include "act_math.h"
#include "act_tables.h"

/* Horner's rule on one segment: c[k][segment] is the coefficient of a^k. */
static inline vf vf_piecewise(VF_TABLE_AT float (*c)[32], int degree, vf segment, vf a) {
    vf t = vf_table32(c[degree], segment);
    for (int k = degree - 1; k >= 0; k--)
        t = vf_fma(t, a, vf_table32(c[k], segment));
    return t;
}

/* The polynomial of table `t` at a, which is within its limit. */
#define VF_EVEN(t, degree, a) vf_piecewise(t.c, degree, vf_fma(a, vf_set(t.scale), vf_set(t.offset)), a)
#define VF_WIDENING(t, degree, a)                                                                            \
    vf_piecewise(t.c, degree, vf_shift(vf_fma(a, vf_set(t.scale), vf_set(t.offset)), t.shift), a)

/* min(|x|, limit) that keeps a NaN. */
static inline vf vf_limit(vf x, float limit) { return vf_min(vf_set(limit), vf_abs(x)); }

static inline vf vf_relu(vf x) { return vf_max(vf_set(0.0f), x); }

/* 2^t for |t| <= 125; without tables, from 0 to 2^-118 for t below -120. VF_EXP2_BRIEF: the vocabulary has an
 * instruction. */
#ifdef VF_EXP2_BRIEF
static inline vf vf_exp2_brief(vf t) { return VF_EXP2_BRIEF(t); }
#else
/* With tables 2^(n/32) 2^r, n being 32 t rounded: a line in r, whose two coefficients are table entries and
 * n's upper bits. One multiplication: between products of a tile that is what counts. */
static inline vf vf_exp2_brief(vf t) {
    if (VF_TABLES) {
        const vf n = vf_add(t, vf_set(act_exp2_steps.offset));
        const vf power = vf_raise(vf_table32(act_exp2_steps.c[0], n), n, 18),
                 slope = vf_raise(vf_table32(act_exp2_steps.c[1], n), n, 18);
        return vf_fma(slope, VF_PAST_32ND(t), power);
    }
    VF_TABLE_AT float *c = act_exp2_4;
    vf r = vf_fraction(t), p = vf_fma(vf_set(c[4]), r, vf_set(c[3]));
    p = vf_fma(vf_fma(vf_fma(p, r, vf_set(c[2])), r, vf_set(c[1])), r, vf_set(c[0]));
    return vf_scale_floor(p, t);
}
#endif
static inline vf vf_exp2_fast(vf t) {
    VF_TABLE_AT float *c = act_exp2_5;
    vf r = vf_fraction(t), p = vf_fma(vf_set(c[5]), r, vf_set(c[4]));
    p = vf_fma(vf_fma(vf_fma(vf_fma(p, r, vf_set(c[3])), r, vf_set(c[2])), r, vf_set(c[1])), r, vf_set(c[0]));
    return vf_scale_floor(p, t);
}

VF_TABLE float act_log2e = 1.44269504f;

/* ---- x times a distribution function: max(x, 0) - |x| Q(|x|), Q being its upper tail */

static inline vf vf_minus_tail(vf x, vf a, vf tail) { return vf_fma(vf_neg(a), tail, vf_relu(x)); }

/* x / (1 + 2^t), x being as good as `lowest` below it. */
static inline vf vf_gate_fast(vf x, vf t, float lowest) {
    vf d = vf_add(vf_set(1.0f), vf_exp2_fast(vf_max(vf_set(-60.0f), vf_min(vf_set(100.0f), t))));
    return vf_mul(vf_max(vf_set(lowest), x), vf_rcp(d));
}
/* x / (1 + 2^t). */
static inline vf vf_gate_brief(vf x, vf t) {
    return vf_mul(x, vf_rcp_brief(vf_add(vf_set(1.0f), vf_exp2_brief(t))));
}

/* log2(e) times gelu_tanh's -2 sqrt(2/pi) (x + 0.044715 x^3). */
static inline vf vf_gelu_tanh_exponent(vf x) {
    return vf_mul(x, vf_fma(vf_mul(x, x), vf_set(-0.10294324f), vf_set(-2.3022082f)));
}

static inline vf vf_gelu_tanh_fast(vf x) {
    if (!VF_TABLES)
        return vf_gate_fast(x, vf_gelu_tanh_exponent(x), -10.0f);
    vf a = vf_abs_min(x, vf_set(act_gelu_tanh_fast.limit));
    return vf_minus_tail(x, a, VF_EVEN(act_gelu_tanh_fast, 3, a));
}
static inline vf vf_gelu_tanh_brief(vf x) {
    const vf limit = vf_set(9.95f); /* gelu_tanh of -limit is -2^-121, its exponent there 124.3 */
    return vf_gate_brief(vf_max(vf_neg(limit), x), vf_gelu_tanh_exponent(VF_WITHIN(x, limit)));
}

static inline vf vf_silu_fast(vf x) {
    if (!VF_TABLES)
        return vf_gate_fast(x, vf_mul(x, vf_set(-act_log2e)), -80.0f);
    vf a = vf_abs_min(x, vf_set(act_silu_fast.limit));
    return vf_minus_tail(x, a, VF_EVEN(act_silu_fast, 4, a));
}
static inline vf vf_silu_brief(vf x) {
    const vf limit = vf_set(82.0f); /* silu of -limit is -2^-112, its exponent there 118.3 */
    return vf_gate_brief(vf_max(vf_neg(limit), x), vf_mul(VF_WITHIN(x, limit), vf_set(-act_log2e)));
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

static inline vf vf_gelu_erf_fast(vf x) {
    if (!VF_TABLES)
        return vf_mul(vf_max(vf_set(-20.0f), x),
                      vf_fma(vf_set(0.5f), vf_erf(vf_mul(vf_set(0.70710678f), x)), vf_set(0.5f)));
    vf a = vf_abs_min(x, vf_set(act_gelu_erf_fast.limit));
    return vf_minus_tail(x, a, VF_EVEN(act_gelu_erf_fast, 3, a));
}
/* Without tables: exp(-a^2/2) times t p(t), t = 1 / (1 + a/4). */
static inline vf vf_gelu_erf_tail_brief(vf a) {
    VF_TABLE_AT float *c = act_mills_brief;
    vf t = vf_rcp_brief(vf_fma(vf_set(0.25f), a, vf_set(1.0f))), w = vf_fma(vf_set(c[4]), t, vf_set(c[3]));
    w = vf_fma(vf_fma(vf_fma(w, t, vf_set(c[2])), t, vf_set(c[1])), t, vf_set(c[0]));
    return vf_mul(vf_mul(t, w), vf_exp2_brief(vf_mul(vf_mul(a, a), vf_set(-0.5f * act_log2e))));
}
static inline vf vf_gelu_erf_brief(vf x) {
    if (!VF_TABLES) {
        vf a = vf_abs_min(x, vf_set(12.4f));
        return vf_minus_tail(x, a, vf_gelu_erf_tail_brief(a));
    }
    vf a = vf_abs_min(x, vf_set(act_gelu_erf_brief.limit));
    return vf_minus_tail(x, a, vf_exp2_brief(VF_EVEN(act_gelu_erf_brief, 2, a)));
}

/* ---- sigmoid and tanh */

static inline vf vf_sigmoid_fast(vf x) {
    if (!VF_TABLES)
        return vf_rcp(vf_add(
            vf_set(1.0f),
            vf_exp2_fast(vf_min(vf_set(100.0f), vf_max(vf_set(-60.0f), vf_mul(x, vf_set(-act_log2e)))))));
    vf a = vf_limit(x, act_sigmoid_fast.limit);
    return vf_add(vf_set(0.5f), vf_copysign(VF_WIDENING(act_sigmoid_fast, 3, a), x));
}
static inline vf vf_sigmoid_brief(vf x) {
    vf t = vf_min(vf_set(120.0f), vf_max(vf_set(-60.0f), vf_mul(x, vf_set(-act_log2e))));
    return vf_rcp_brief(vf_add(vf_set(1.0f), vf_exp2_brief(t)));
}

/* Without tables: e / (e + 2), e = exp(2|x|) - 1. */
static inline vf vf_tanh_quotient(vf x) {
    vf a = vf_limit(x, 10.0f), e = vf_expm1(vf_add(a, a));
    return vf_copysign(vf_div(e, vf_add(e, vf_set(2.0f))), x);
}
static inline vf vf_tanh_fast(vf x) {
    if (!VF_TABLES)
        return vf_tanh_quotient(x);
    vf a = vf_limit(x, act_tanh_fast.limit);
    return vf_copysign(VF_WIDENING(act_tanh_fast, 4, a), x);
}
static inline vf vf_tanh_brief(vf x) {
    if (!VF_TABLES) {
        VF_TABLE_AT float *c = act_tanh_rational;
        vf a = vf_min(vf_set(5.0f), vf_max(vf_set(-5.0f), x)), u = vf_mul(a, a);
        vf over = vf_fma(vf_fma(vf_set(c[2]), u, vf_set(c[1])), u, vf_set(c[0]));
        vf under = vf_fma(vf_fma(vf_set(c[5]), u, vf_set(c[4])), u, vf_set(c[3]));
        return vf_div(vf_mul(a, over), vf_fma(under, u, vf_set(1.0f)));
    }
    vf a = vf_limit(x, act_tanh_brief.limit);
    return vf_copysign(VF_WIDENING(act_tanh_brief, 2, a), x);
}

/* ---- exp(x) - 1 below 0; anything above. The tables are in -x. */

static inline vf vf_expm1_fast(vf x) {
    if (!VF_TABLES)
        return vf_expm1(x);
    vf c = vf_max(vf_set(act_expm1_fast.limit), x);
    return VF_WIDENING(act_expm1_fast, 4, c);
}
static inline vf vf_expm1_brief(vf x) {
    if (!VF_TABLES)
        return vf_expm1(x);
    vf c = vf_max(vf_set(act_expm1_brief.limit), x);
    return VF_WIDENING(act_expm1_brief, 2, c);
}

/* ---- log(1 + exp(x)) = max(x, 0) + log(1 + exp(-|x|)) */

static inline vf vf_softplus_fast(vf x) {
    vf a = vf_abs_min(x, vf_set(act_softplus_fast.limit));
    return vf_add(vf_relu(x), VF_WIDENING(act_softplus_fast, 3, a));
}
static inline vf vf_softplus_brief(vf x) {
    VF_TABLE_AT float *c = act_log1p_brief;
    vf e = vf_exp2_brief(vf_mul(vf_abs_min(x, vf_set(82.0f)), vf_set(-act_log2e)));
    vf w = vf_fma(vf_fma(vf_set(c[4]), e, vf_set(c[3])), e, vf_set(c[2]));
    w = vf_fma(vf_fma(w, e, vf_set(c[1])), e, vf_set(c[0]));
    return vf_fma(e, w, vf_relu(x));
}

/* ---- mish = x n / (n + 2), n = e (e + 2), e = exp(x); a quotient above 1 would overflow. The table is
 * of the quotient, which has nothing symmetric about it. */

static inline vf vf_mish_fast(vf x) {
    if (VF_TABLES) {
        const vf lowest = vf_set(-15.6f), b = vf_max(lowest, x);
        vf gate = VF_EVEN(act_mish_fast, 5, vf_min(vf_set(act_mish_fast.limit), b));
        return vf_mul(b, vf_pick(vf_le(x, lowest), vf_set(0.0f), gate));
    }
    vf c = vf_max(vf_set(-80.0f), x);
    vf e = vf_exp2_fast(vf_mul(vf_min(vf_set(20.0f), c), vf_set(act_log2e)));
    vf n = vf_mul(e, vf_add(e, vf_set(2.0f)));
    return vf_mul(c, vf_min(vf_set(1.0f), vf_mul(n, vf_rcp(vf_add(n, vf_set(2.0f))))));
}
static inline vf vf_mish_brief(vf x) {
    vf c = vf_max(vf_set(-82.0f), x);
    vf e = vf_exp2_brief(vf_mul(vf_min(vf_set(20.0f), c), vf_set(act_log2e)));
    vf n = vf_mul(e, vf_add(e, vf_set(2.0f)));
    return vf_mul(c, vf_min(vf_set(1.0f), vf_mul(n, vf_rcp_brief(vf_add(n, vf_set(2.0f))))));
}

/* ---- x / (1 + |x|) */

static inline vf vf_softsign_fast(vf x) {
    vf c = vf_min(vf_set(0x1p64f), vf_max(vf_set(-0x1p64f), x));
    return vf_mul(c, vf_rcp(vf_add(vf_set(1.0f), vf_abs(c))));
}
static inline vf vf_softsign_brief(vf x) {
    vf c = vf_min(vf_set(0x1p64f), vf_max(vf_set(-0x1p64f), x));
    return vf_mul(c, vf_rcp_brief(vf_add(vf_set(1.0f), vf_abs(c))));
}

#endif

/* The fast and the brief forms of the smooth activations: see activations.def.
 * tests/cpu/test_act_accuracy.c measures what is claimed there.
 *
 * Their cost is counted in operations that compete with the K loop for the
 * multipliers. Where a vocabulary looks up 32 entries in one instruction
 * (VF_TABLES) most are a piecewise polynomial:
 *
 *   x -> |x|, limited -> segment -> coefficients -> Horner in |x| itself
 *
 * Horner in |x|, not in the distance from a segment's middle, saves finding
 * that; its terms are as large as the function's at 0, so what it loses is
 * absolute, which is what the fast form allows. Elsewhere the fast form is a
 * rational function, whose numerator and denominator are computed side by side:
 * what limits a core there is how long one vector takes, which it has to keep in
 * flight with others. The brief form keeps tails relative, for which it takes an
 * exponential.
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

/* Keeps a NaN. */
static inline vf vf_between(vf x, float limit) { return vf_min(vf_set(limit), vf_max(vf_set(-limit), x)); }

/* Numerator and denominator of the rational function c (act_tables.h), of `over` and `under` coefficients, at
 * x within its limit. */
typedef struct vf_ratio {
    vf over, under;
} vf_ratio;
static inline vf_ratio vf_ratio_at(vf x, VF_TABLE_AT float *c, int over, int under) {
    const vf u = vf_mul(x, x);
    vf p = vf_set(c[over]), q = vf_set(c[over + under]);
    for (int k = over - 1; k > 0; k--)
        p = vf_fma(p, u, vf_set(c[k]));
    for (int k = over + under - 1; k > over; k--)
        q = vf_fma(q, u, vf_set(c[k]));
    vf_ratio ratio = {vf_mul(x, p), vf_fma(q, u, vf_set(1.0f))};
    return ratio;
}
static inline vf vf_rational(vf x, VF_TABLE_AT float *c, int over, int under) {
    const vf_ratio r = vf_ratio_at(x, c, over, under);
    return vf_div(r.over, r.under);
}

static inline vf vf_relu(vf x) { return vf_max(vf_set(0.0f), x); }

#define VF_ROUNDER vf_set(0x1.8p23f) /* the low bits of n + this are the integer n */
/* 2^n p(r) + more for |n| <= 125, where `shifted` is n + VF_ROUNDER. c: a polynomial p whose first
 * coefficient is 1, so that less 1 the precision of a small r is kept. */
static inline vf vf_raised(vf shifted, vf r, VF_TABLE_AT float *c, int degree, float more) {
    vf slope = vf_set(c[degree]);
    for (int k = degree - 1; k > 0; k--)
        slope = vf_fma(slope, r, vf_set(c[k]));
    const vf power = vf_raise(vf_set(1.0f), shifted, 23);
    return vf_fma(vf_raise(slope, shifted, 23), r, vf_add(power, vf_set(more)));
}

/* 2^(a b) for |a b| <= 125. VF_EXP2_BRIEF: the vocabulary has an instruction. */
#ifdef VF_EXP2_BRIEF
static inline vf vf_exp2_brief(vf a, vf b) { return VF_EXP2_BRIEF(vf_mul(a, b)); }
#else
/* With tables 2^(n/32) 2^r, n being 32 a b rounded: a line in r, whose two coefficients are table entries and
 * n's upper bits. One multiplication: between products of a tile that is what counts. */
static inline vf vf_exp2_brief(vf a, vf b) {
    if (VF_TABLES) {
        const vf t = vf_mul(a, b), n = vf_add(t, vf_set(act_exp2_steps.offset));
        const vf power = vf_raise(vf_table32(act_exp2_steps.c[0], n), n, 18),
                 slope = vf_raise(vf_table32(act_exp2_steps.c[1], n), n, 18);
        return vf_fma(slope, VF_PAST_32ND(t), power);
    }
    const vf shifted = vf_fma(a, b, VF_ROUNDER), r = vf_fma(a, b, vf_sub(VF_ROUNDER, shifted));
    return vf_raised(shifted, r, act_exp2_brief, 4, 0.0f);
}
#endif

VF_TABLE float act_log2e = 1.44269504f;

/* ---- x times a distribution function: max(x, 0) - |x| Q(|x|), Q being its upper tail */

static inline vf vf_minus_tail(vf x, vf a, vf tail) { return vf_fma(vf_neg(a), tail, vf_relu(x)); }

/* x (1/2 + the rational function c), which is 0 or 1 at its limits; near them it may round to less than 0. */
static inline vf vf_gate_fast(vf x, VF_TABLE_AT float *c, int over, int under) {
    const vf low = vf_max(vf_set(-c[0]), x), z = vf_min(vf_set(c[0]), low);
    return vf_mul(low, vf_max(vf_set(0.0f), vf_add(vf_rational(z, c, over, under), vf_set(0.5f))));
}
/* x / (1 + 2^(a b)). */
static inline vf vf_gate_brief(vf x, vf a, vf b) {
    return vf_over_brief(x, vf_add(vf_set(1.0f), vf_exp2_brief(a, b)));
}

/* log2(e) times gelu_tanh's -2 sqrt(2/pi) (x + 0.044715 x^3), over x. */
static inline vf vf_gelu_tanh_rate(vf x) {
    return vf_fma(vf_mul(x, x), vf_set(-0.10294324f), vf_set(-2.3022082f));
}

static inline vf vf_gelu_tanh_fast(vf x) {
    if (!VF_TABLES)
        return vf_gate_fast(x, act_gelu_tanh_rational, 6, 5);
    vf a = vf_abs_min(x, vf_set(act_gelu_tanh_fast.limit));
    return vf_minus_tail(x, a, VF_EVEN(act_gelu_tanh_fast, 3, a));
}
static inline vf vf_gelu_tanh_brief(vf x) {
    const vf limit = vf_set(9.95f); /* gelu_tanh of -limit is -2^-121, its exponent there 124.3 */
    const vf c = VF_WITHIN(x, limit);
    return vf_gate_brief(vf_max(vf_neg(limit), x), c, vf_gelu_tanh_rate(c));
}

static inline vf vf_silu_fast(vf x) {
    if (!VF_TABLES)
        return vf_gate_fast(x, act_logistic_rational, 5, 4);
    vf a = vf_abs_min(x, vf_set(act_silu_fast.limit));
    return vf_minus_tail(x, a, VF_EVEN(act_silu_fast, 4, a));
}
static inline vf vf_silu_brief(vf x) {
    const vf limit = vf_set(82.0f); /* silu of -limit is -2^-112, its exponent there 118.3 */
    return vf_gate_brief(vf_max(vf_neg(limit), x), VF_WITHIN(x, limit), vf_set(-act_log2e));
}

static inline vf vf_gelu_erf_fast(vf x) {
    if (!VF_TABLES)
        return vf_gate_fast(x, act_gelu_erf_rational, 6, 5);
    vf a = vf_abs_min(x, vf_set(act_gelu_erf_fast.limit));
    return vf_minus_tail(x, a, VF_EVEN(act_gelu_erf_fast, 3, a));
}
/* Without tables: exp(-a^2/2) times t p(t), t = 1 / (1 + a/4). */
static inline vf vf_gelu_erf_tail_brief(vf a) {
    VF_TABLE_AT float *c = act_mills_brief;
    vf t = vf_over_brief(vf_set(1.0f), vf_fma(vf_set(0.25f), a, vf_set(1.0f))),
       w = vf_fma(vf_set(c[4]), t, vf_set(c[3]));
    w = vf_fma(vf_fma(vf_fma(w, t, vf_set(c[2])), t, vf_set(c[1])), t, vf_set(c[0]));
    return vf_mul(vf_mul(t, w), vf_exp2_brief(vf_mul(a, a), vf_set(-0.5f * act_log2e)));
}
static inline vf vf_gelu_erf_brief(vf x) {
    if (!VF_TABLES) {
        vf a = vf_abs_min(x, vf_set(12.4f));
        return vf_minus_tail(x, a, vf_gelu_erf_tail_brief(a));
    }
    vf a = vf_abs_min(x, vf_set(act_gelu_erf_brief.limit));
    return vf_minus_tail(x, a, vf_exp2_brief(VF_EVEN(act_gelu_erf_brief, 2, a), vf_set(1.0f)));
}

/* ---- sigmoid and tanh */

static inline vf vf_sigmoid_fast(vf x) {
    if (!VF_TABLES) {
        const vf z = vf_between(x, act_logistic_rational[0]);
        return vf_add(vf_set(0.5f), vf_between(vf_rational(z, act_logistic_rational, 5, 4), 0.5f));
    }
    vf a = vf_limit(x, act_sigmoid_fast.limit);
    return vf_add(vf_set(0.5f), vf_copysign(VF_WIDENING(act_sigmoid_fast, 3, a), x));
}
static inline vf vf_sigmoid_brief(vf x) {
    return vf_gate_brief(vf_set(1.0f), vf_between(x, 82.0f), vf_set(-act_log2e));
}

static inline vf vf_tanh_fast(vf x) {
    if (!VF_TABLES)
        return vf_between(vf_rational(vf_between(x, act_tanh_rational[0]), act_tanh_rational, 5, 4), 1.0f);
    vf a = vf_limit(x, act_tanh_fast.limit);
    return vf_copysign(VF_WIDENING(act_tanh_fast, 4, a), x);
}
static inline vf vf_tanh_brief(vf x) {
    if (!VF_TABLES)
        return vf_rational(vf_between(x, act_tanh_rational_brief[0]), act_tanh_rational_brief, 3, 3);
    vf a = vf_limit(x, act_tanh_brief.limit);
    return vf_copysign(VF_WIDENING(act_tanh_brief, 2, a), x);
}

/* ---- exp(x) - 1 below 0; anything above. The tables are in -x. */

/* Of x between `low`, at least -80, and 0; of those beyond what they are there. */
static inline vf vf_expm1_of(vf x, float low, VF_TABLE_AT float *c, int degree) {
    x = vf_min(vf_set(0.0f), vf_max(vf_set(low), x));
    const vf shifted = vf_fma(x, vf_set(act_log2e), VF_ROUNDER);
    const vf r = vf_fma(vf_sub(VF_ROUNDER, shifted), vf_set(0.693147182f), x);
    return vf_raised(shifted, r, c, degree, -1.0f);
}
static inline vf vf_expm1_fast(vf x) {
    if (!VF_TABLES)
        return vf_expm1_of(x, -18.0f, act_exp_fast, 6);
    vf c = vf_max(vf_set(act_expm1_fast.limit), x);
    return VF_WIDENING(act_expm1_fast, 4, c);
}
static inline vf vf_expm1_brief(vf x) {
    if (!VF_TABLES)
        return vf_expm1_of(x, -12.0f, act_exp_brief, 4);
    vf c = vf_max(vf_set(act_expm1_brief.limit), x);
    return VF_WIDENING(act_expm1_brief, 2, c);
}

/* ---- log(1 + exp(x)) = max(x, 0) + log(1 + exp(-|x|)) */

/* Without tables log(2 cosh(x / 2)) + x / 2, from which it parts by nothing at the limits. */
static inline vf vf_softplus_fast(vf x) {
    if (!VF_TABLES) {
        const vf z = vf_between(x, act_softplus_rational[0]);
        const vf line = vf_fma(z, vf_set(0.5f), vf_set(0.693147182f));
        const vf_ratio r = vf_ratio_at(z, act_softplus_rational, 6, 5);
        const vf y = vf_add(line, vf_div(vf_mul(z, r.over), r.under));
        return vf_max(vf_max(vf_set(0.0f), y), x);
    }
    vf a = vf_abs_min(x, vf_set(act_softplus_fast.limit));
    return vf_add(vf_relu(x), VF_WIDENING(act_softplus_fast, 3, a));
}
static inline vf vf_softplus_brief(vf x) {
    VF_TABLE_AT float *c = act_log1p_brief;
    vf e = vf_exp2_brief(vf_abs_min(x, vf_set(82.0f)), vf_set(-act_log2e));
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
    /* With w / d = 1 - tanh(x / 2) the quotient is (4 d^2 - w^2) / (4 d^2 + w^2). */
    const float limit = act_logistic_rational[0];
    const vf_ratio t = vf_ratio_at(vf_between(x, limit), act_logistic_rational, 5, 4);
    const vf w = vf_fma(vf_set(-2.0f), t.over, t.under), d2 = vf_add(t.under, t.under);
    const vf square = vf_mul(d2, d2);
    const vf gate = vf_div(vf_fma(vf_neg(w), w, square), vf_fma(w, w, square));
    return vf_mul(vf_pick(vf_le(x, vf_set(-limit)), vf_set(0.0f), x), gate);
}
static inline vf vf_mish_brief(vf x) {
    vf c = vf_max(vf_set(-82.0f), x);
    vf e = vf_exp2_brief(vf_min(vf_set(20.0f), c), vf_set(act_log2e));
    vf n = vf_mul(e, vf_add(e, vf_set(2.0f)));
    return vf_mul(c, vf_min(vf_set(1.0f), vf_over_brief(n, vf_add(n, vf_set(2.0f)))));
}

/* ---- x / (1 + |x|) */

static inline vf vf_softsign_fast(vf x) {
    vf c = vf_between(x, 0x1p64f);
    return vf_mul(c, vf_rcp(vf_add(vf_set(1.0f), vf_abs(c))));
}
static inline vf vf_softsign_brief(vf x) {
    vf c = vf_between(x, 0x1p64f);
    return vf_over_brief(c, vf_add(vf_set(1.0f), vf_abs(c)));
}

#endif

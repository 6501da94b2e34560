/* The high form of the smooth activations: within 2 ulp of f(x), subnormal results
 * included, over all floats (tests/cpu/test_act_accuracy.c, HONE_FLOATS=full).
 *
 * Where a vocabulary looks up 32 entries in one instruction (VF_TABLES) the tail, or the
 * function, is a piecewise polynomial of relative accuracy. 32 segments do not reach the
 * end of tails that fall like exp. Without tables exp(t) is 2^n (1 + q), 2^n being one
 * float, which does not reach it either: vf_<activation>_far is for vectors with an
 * argument beyond.
 *
 * In both, one ulp is spent on the last rounding and the coefficients, so whatever comes
 * before carries its rounding error along as a second number, `l`, which is
 * a part in 2^24 of the first. Powers of two are multiplied in last: a result
 * that is subnormal is rounded once, and a zero is not made by underflow, which
 * costs a hundred cycles. */
#ifndef HONE_ACT_HIGH_H
#define HONE_ACT_HIGH_H

#include "act_math.h"

#include "act_high_tables.h"

/* Horner's rule in the distance from the middle of a segment: few terms, each a fraction of the one
 * before, so that little more than the last rounding is felt. */
static inline vf vf_gathered(VF_TABLE_AT float (*c)[32], int degree, vf segment, vf a) {
    vf r = vf_sub(a, vf_table32(c[0], segment)), t = vf_table32(c[degree + 1], segment);
    for (int k = degree; k > 0; k--)
        t = vf_fma(t, r, vf_table32(c[k], segment));
    return t;
}
/* What is rarely called, out of line. A vocabulary whose compiler wants other words defines it. */
#ifndef VF_COLD
#define VF_COLD static __attribute__((noinline, cold))
#endif

#define VF_GATHERED(t, degree, a) vf_gathered(t.c, degree, vf_fma(a, vf_set(t.scale), vf_set(t.offset)), a)
#define VF_GATHERED_SQUARE(t, degree, a)                                                                     \
    vf_gathered(t.c, degree, vf_fma(a, vf_fma(a, vf_set(t.square), vf_set(t.scale)), vf_set(t.offset)), a)

typedef struct vf2 {
    vf h, l;
} vf2;
/* CUDA's compiler has no compound literals. */
static inline vf2 vf2_of(vf h, vf l) {
    vf2 x = {h, l};
    return x;
}

/* a + b with its rounding error, |a| >= |b| (Dekker). */
static inline vf2 vf2_sum_ordered(vf a, vf b) {
    vf h = vf_add(a, b);
    return vf2_of(h, vf_sub(b, vf_sub(h, a)));
}
static inline vf2 vf2_product(vf a, vf b) {
    vf h = vf_mul(a, b);
    return vf2_of(h, vf_fma(a, b, vf_neg(h)));
}
static inline vf2 vf2_times(vf2 a, vf b) {
    vf2 p = vf2_product(a.h, b);
    return vf2_of(p.h, vf_fma(a.l, b, p.l));
}
static inline vf2 vf2_multiply(vf2 a, vf2 b) {
    vf2 p = vf2_times(a, b.h);
    return vf2_of(p.h, vf_fma(a.h, b.l, p.l));
}
static inline vf2 vf2_pick(vm m, vf2 a, vf2 b) { return vf2_of(vf_pick(m, a.h, b.h), vf_pick(m, a.l, b.l)); }
/* n / d, rounded nearly once; d within 2^+-100. */
static inline vf vf2_divide(vf2 n, vf2 d) {
    vf r = vf_rcp(d.h), y = vf_mul(n.h, r);
    vf rest = vf_add(vf_fma(vf_neg(y), d.h, n.h), vf_fma(vf_neg(y), d.l, n.l));
    return vf_fma(rest, r, y);
}

/* exp(x + l) = p 2^n for |x| <= 120, relative error 2^-25.3. */
typedef struct vf_power {
    vf2 p;
    vf n;
} vf_power;

/* x + l - n ln 2. */
static inline vf vf_ln2_rest(vf x, vf l, vf n) {
    vf r = vf_fma(n, vf_set(-0.693359375f), x);
    return vf_add(r, vf_fma(n, vf_set(2.12194440e-4f), l));
}

static inline vf_power vf_exp_parts(vf x, vf l) {
    vf n = vf_ln2_quotient(x);
    vf_power e = {vf2_sum_ordered(vf_set(1.0f), vf_expm1_core(vf_ln2_rest(x, l, n))), n};
    return e;
}
/* Below -109 every function here that falls like exp is 0 in f32, x times it too. */
static inline vm vf_vanishes(vf t) { return vf_lt(t, vf_set(-109.0f)); }

/* y 2^n, 0 where it vanishes. */
static inline vf vf_descend(vf t, vf y, vf n) {
    vm nothing = vf_vanishes(t);
    return vf_pick(nothing, vf_set(0.0f), vf_scale(y, vf_pick(nothing, vf_set(0.0f), n)));
}

/* -|t|, limited; keeps a NaN. */
static inline vf vf_below(vf t) { return vf_max(vf_set(-110.0f), vf_neg(vf_abs(t))); }

/* exp(t + l) = power (1 + q) for t from -VF_NEAR to 0, anything below. Multiplied by what an activation makes
 * of an argument of that size, power stays above the subnormals. */
#define VF_NEAR 64.0f
typedef struct vf_near {
    vf power, q;
} vf_near;
static inline vf_near vf_exp_near(vf t, vf l) {
    const vf rounder = vf_set(0x1.8p23f); /* the low bits of n + this are the integer n */
    t = vf_max(vf_set(-VF_NEAR), t);
    const vf shifted = vf_fma(t, vf_set(1.44269504f), rounder), n = vf_sub(shifted, rounder);
    const vf_near e = {vf_raise(vf_set(1.0f), shifted, 23), vf_expm1_core(vf_ln2_rest(t, l, n))};
    return e;
}
/* a b + c with its rounding error; c is within a factor of two of the sum or a multiple of the sum's last
 * bit. */
static inline vf2 vf2_fma(vf a, vf b, vf c) {
    vf h = vf_fma(a, b, c);
    return vf2_of(h, vf_fma(a, b, vf_sub(c, h)));
}
/* c + e for c of 1 or 2; of a power of half c's last bit nothing is left, half a unit. */
static inline vf2 vf2_above(vf c, vf_near e) { return vf2_fma(e.power, e.q, vf_add(c, e.power)); }

/* x / (1 + e), or where `negative` x e / (1 + e). */
static inline vf vf_gate_high(vf x, vm negative, vf_near e) {
    vf2 n = vf2_fma(x, vf_pick(negative, e.q, vf_set(0.0f)), x);
    vf y = vf2_divide(n, vf2_above(vf_set(1.0f), e));
    return vf_mul(y, vf_pick(negative, e.power, vf_set(1.0f)));
}
/* x / (1 + exp(-t)) for |t| <= VF_NEAR. */
static inline vf vf_logistic_high(vf x, vf t) {
    vf_near e = vf_exp_near(vf_neg(vf_abs(t)), vf_set(0.0f));
    return vf_gate_high(x, vf_lt(t, vf_set(0.0f)), e);
}

/* x exp(t) (1 - share exp(t)) for t below -6, where the next term of x / (1 + exp(-t)), share 1, and of
 * x log(1 + exp(t)), share 1/2, is lost. */
static inline vf vf_far_tail(vf x, vf t, float share) {
    vf c = vf_max(vf_set(-110.0f), x); /* beside a tail that vanishes */
    vf_power e = vf_exp_parts(vf_below(t), vf_set(0.0f));
    vf beside_1 = vf_max(vf_set(-30.0f), e.n); /* where it matters beside 1 */
    vf value = vf_scale(vf_mul(vf_set(-share), e.p.h), beside_1);
    vf2 n = vf2_times(e.p, c);
    return vf_descend(t, vf_add(n.h, vf_fma(n.h, value, n.l)), e.n);
}

/* y, but below the tables' limit, or without them beyond +-limit, vf_<name>_tail(x) and above that `top`. Not
 * inlined: its registers would be taken from the way which nearly all vectors take. */
#define VF_DEFINE_FAR(name, tables_limit, limit, top)                                                        \
    VF_COLD vf vf_##name##_far(vf x, vf y) {                                                                 \
        vm below = vf_lt(x, vf_set(-(VF_TABLES ? tables_limit : limit)));                                    \
        y = vf_pick(below, vf_##name##_tail(vf_min(vf_set(0.0f), x)), y);                                    \
        return VF_TABLES ? y : vf_pick(vf_lt(vf_set(limit), x), top, y);                                     \
    }                                                                                                        \
    static inline vf vf_##name##_or_far(vf x, vf y) {                                                        \
        vm far = VF_TABLES ? vf_lt(x, vf_set(-tables_limit)) : vf_lt(vf_set(limit), vf_abs(x));              \
        return __builtin_expect(vm_any(far), 0) ? vf_##name##_far(x, y) : y;                                 \
    }

/* max(x, 0) - tail. */
static inline vf vf_less_tail(vf x, vf tail) { return vf_sub(vf_max(vf_set(0.0f), x), tail); }

static inline vf vf_sigmoid_tail(vf x) { return vf_far_tail(vf_set(1.0f), x, 1.0f); }
VF_DEFINE_FAR(sigmoid, act_sigmoid_high.limit, VF_NEAR, vf_set(1.0f))
static inline vf vf_sigmoid_high(vf x) {
    if (!VF_TABLES)
        return vf_sigmoid_or_far(x, vf_logistic_high(vf_set(1.0f), x));
    vf a = vf_min(vf_set(act_sigmoid_high.limit), vf_abs(x)), tail = VF_GATHERED(act_sigmoid_high, 5, a);
    vf y = vf_pick(vf_lt(x, vf_set(0.0f)), tail, vf_sub(vf_set(1.0f), tail));
    return vf_sigmoid_or_far(x, y);
}

static inline vf vf_silu_tail(vf x) { return vf_far_tail(x, x, 1.0f); }
VF_DEFINE_FAR(silu, act_silu_high.limit, VF_NEAR, x)
static inline vf vf_silu_high(vf x) {
    if (!VF_TABLES)
        return vf_silu_or_far(x, vf_logistic_high(x, x));
    vf a = vf_abs_min(x, vf_set(act_silu_high.limit));
    return vf_silu_or_far(x, vf_less_tail(x, VF_GATHERED_SQUARE(act_silu_high, 5, a)));
}

/* The exponent 2 sqrt(2/pi) (x + 0.044715 x^3) to 2^-26 of 1 where it is up to VF_NEAR. The first part of the
 * linear coefficient ends early: added to the square's, which may be larger, it loses nothing. */
static inline vf2 vf_gelu_tanh_twice(vf x) {
    vf2 s = vf2_product(x, x), w = vf2_product(s.h, vf_set(0x1.2444f2p-4f));
    vf l = vf_fma(s.h, vf_set(0x1.49b16ap-29f), vf_set(-0x1.985794p-21f));
    vf2 v = vf2_sum_ordered(vf_set(0x1.98846p+0f), w.h);
    v.l = vf_add(vf_add(v.l, w.l), vf_fma(s.l, vf_set(0x1.2444f2p-4f), l));
    vf2 t = vf2_product(v.h, x);
    return vf2_of(t.h, vf_fma(v.l, x, t.l));
}
/* x exp(t + l), t + l being that exponent, for x below -6.4: there its cubic term is the larger one, and
 * exp(t + l) is lost beside 1. */
static inline vf vf_gelu_tanh_tail(vf x) {
    vf c = vf_max(vf_set(-11.0f), x); /* beside a tail that vanishes */
    vf2 s = vf2_product(c, c), w = vf2_product(s.h, vf_set(0x1.2444f2p-4f));
    vf l = vf_fma(s.h, vf_set(0x1.49b16ap-29f), vf_set(-0x1.857936p-25f));
    vf2 v = vf2_sum_ordered(w.h, vf_set(0x1.988454p+0f));
    v.l = vf_add(v.l, vf_add(w.l, vf_fma(s.l, vf_set(0x1.2444f2p-4f), l)));
    vf2 t = vf2_times(v, c);
    vf n = vf_ln2_quotient(t.h), q = vf_expm1_core(vf_ln2_rest(t.h, t.l, n));
    return vf_descend(t.h, vf_fma(c, q, c), n);
}
VF_DEFINE_FAR(gelu_tanh, act_gelu_tanh_high.limit, 8.87f, x)
static inline vf vf_gelu_tanh_high(vf x) {
    if (!VF_TABLES) {
        vm negative = vf_lt(x, vf_set(0.0f));
        vf2 t = vf_gelu_tanh_twice(x);
        vf_near e = vf_exp_near(vf_neg(vf_abs(t.h)), vf_pick(negative, t.l, vf_neg(t.l)));
        return vf_gelu_tanh_or_far(x, vf_gate_high(x, negative, e));
    }
    vf a = vf_abs_min(x, vf_set(act_gelu_tanh_high.limit));
    return vf_gelu_tanh_or_far(x, vf_less_tail(x, VF_GATHERED_SQUARE(act_gelu_tanh_high, 6, a)));
}

/* (1 - e) / (1 + e), e = exp(-2 |x|): where that is near 1, power is 1 and the numerator -q. */
static inline vf vf_tanh_high(vf x) {
    if (VF_TABLES) {
        vf c = vf_min(vf_set(act_tanh_high.limit), vf_abs(x));
        return vf_copysign(VF_GATHERED(act_tanh_high, 5, c), x);
    }
    vf a = vf_min(vf_set(10.0f), vf_abs(x));
    vf_near e = vf_exp_near(vf_mul(vf_set(-2.0f), a), vf_set(0.0f));
    vf2 n = vf2_fma(vf_neg(e.power), e.q, vf_sub(vf_set(1.0f), e.power));
    return vf_copysign(vf2_divide(n, vf2_above(vf_set(1.0f), e)), x);
}

/* max(x, 0) + log(1 + e), the logarithm being 2 atanh(power z) for z = (1 + q) / (2 + e), |x| <= VF_NEAR. */
static inline vf vf_softplus_near(vf x) {
    vf_near e = vf_exp_near(vf_neg(vf_abs(x)), vf_set(0.0f));
    vf z = vf2_divide(vf2_sum_ordered(vf_set(1.0f), e.q), vf2_above(vf_set(2.0f), e));
    vf s = vf_max(vf_set(0x1p-40f), vf_mul(e.power, z)); /* below, the square no longer counts */
    vf u = vf_mul(s, s), y = vf_fma(vf_mul(vf_atanh_core(u), u), z, z);
    return vf_fma(vf_add(e.power, e.power), y, vf_max(vf_set(0.0f), x));
}
static inline vf vf_softplus_tail(vf x) { return vf_far_tail(vf_set(1.0f), x, 0.5f); }
VF_DEFINE_FAR(softplus, act_softplus_high.limit, VF_NEAR, x)
static inline vf vf_softplus_high(vf x) {
    if (!VF_TABLES)
        return vf_softplus_or_far(x, vf_softplus_near(x));
    vf a = vf_abs_min(x, vf_set(act_softplus_high.limit));
    return vf_softplus_or_far(x, vf_add(vf_max(vf_set(0.0f), x), VF_GATHERED(act_softplus_high, 5, a)));
}

/* x n / d for e = exp(-|x|), |x| <= VF_NEAR. Below 0, z = e / 2, n = e (1 + z); above, z = e, n = 1 + 2 z; of
 * both d = 1 + 2 z (1 + z). */
static inline vf vf_mish_near(vf x) {
    vm negative = vf_lt(x, vf_set(0.0f));
    vf_near e = vf_exp_near(vf_neg(vf_abs(x)), vf_set(0.0f));
    vf power = vf_mul(e.power, vf_pick(negative, vf_set(0.5f), vf_set(1.0f)));
    vf2 z = vf2_fma(power, e.q, power), z1 = vf2_sum_ordered(vf_set(1.0f), z.h);
    z1.l = vf_add(z1.l, z.l);
    vf twice = vf_add(z.h, z.h), twice_l = vf_add(z.l, z.l);
    vf2 d = vf2_fma(twice, z1.h, vf_set(1.0f));
    d.l = vf_fma(twice, z1.l, vf_fma(twice_l, z1.h, d.l));
    vf2 above = vf2_sum_ordered(vf_set(1.0f), twice);
    above.l = vf_add(above.l, twice_l);
    vf2 below = vf2_fma(z1.h, e.q, z1.h);
    below.l = vf_add(below.l, vf_fma(z1.l, e.q, z1.l));
    vf y = vf2_divide(vf2_times(vf2_pick(negative, below, above), x), d);
    return vf_mul(y, vf_pick(negative, e.power, vf_set(1.0f)));
}
static inline vf vf_mish_tail(vf x) { return vf_far_tail(x, x, 0.5f); }
VF_DEFINE_FAR(mish, 6.8f, VF_NEAR, x)
static inline vf vf_mish_high(vf x) {
    if (!VF_TABLES)
        return vf_mish_or_far(x, vf_mish_near(x));
    vf c = vf_min(vf_set(act_mish_high.limit), x);
    return vf_mish_or_far(x, vf_mul(x, VF_GATHERED(act_mish_high, 5, c)));
}

/* p expm1(x / p) below 0: p e + (x - u p) (e + 1), u nearly the quotient, e = expm1(u). */
static inline vf vf_celu_high(vf x, vf p) {
    vf c = vf_max(vf_mul(vf_set(-25.0f), p), x), u = vf_mul(c, vf_rcp(p)), e = vf_expm1(u);
    vf rest = vf_mul(vf_fma(vf_neg(u), p, c), vf_add(e, vf_set(1.0f)));
    return vf_pick(vf_lt(x, vf_set(0.0f)), vf_fma(p, e, rest), x);
}

/* The upper tail of the normal distribution over exp(-a^2/2), times 1 + 3/4 a, for a up to 15. */
static inline vf2 vf_mills_high(vf a) {
    VF_TABLE_AT float *c = act_mills_high;
    vf v = vf_div(vf_sub(a, vf_set(4.0f)), vf_add(a, vf_set(4.0f))), w = vf_set(c[10]);
    for (int k = 9; k > 0; k--)
        w = vf_fma(w, v, vf_set(c[k]));
    return vf2_fma(w, v, vf_set(c[0]));
}
static inline vf2 vf_mills_under(vf a) { return vf2_fma(vf_set(0.75f), a, vf_set(1.0f)); }
static inline vf vf_gelu_erf_tail(vf x) {
    vf a = vf_min(vf_set(15.0f), vf_abs(x));
    vf2 t = vf2_product(vf_mul(vf_set(-0.5f), a), a);
    vf_power e = vf_exp_parts(t.h, t.l);
    vf y = vf2_divide(vf2_multiply(vf2_times(e.p, a), vf_mills_high(a)), vf_mills_under(a));
    return vf_descend(t.h, vf_neg(y), e.n);
}
/* |x| up to 11.3, where a^2/2 is VF_NEAR; anything beyond. */
static inline vf vf_gelu_erf_near(vf x) {
    vf a = vf_abs(x);
    vf2 t = vf2_product(vf_mul(vf_set(-0.5f), a), a);
    vf_near e = vf_exp_near(t.h, t.l);
    vf2 n = vf2_multiply(vf2_fma(a, e.q, a), vf_mills_high(a));
    return vf_less_tail(x, vf_mul(vf2_divide(n, vf_mills_under(a)), e.power));
}
VF_DEFINE_FAR(gelu_erf, act_gelu_erf_high.limit, 11.3f, x)
static inline vf vf_gelu_erf_high(vf x) {
    if (!VF_TABLES)
        return vf_gelu_erf_or_far(x, vf_gelu_erf_near(x));
    vf a = vf_abs_min(x, vf_set(act_gelu_erf_high.limit));
    return vf_gelu_erf_or_far(x, vf_less_tail(x, VF_GATHERED_SQUARE(act_gelu_erf_high, 6, a)));
}

#endif

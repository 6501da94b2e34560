/* The high form of the smooth activations: within 2 ulp of f(x), subnormal results
 * included, over all floats (tests/cpu/test_act_accuracy.c, HONE_FLOATS=full).
 *
 * Where a vocabulary looks up 32 entries in one instruction (VF_TABLES) the tail, or the
 * function, is a piecewise polynomial of relative accuracy. 32 segments do not reach the
 * end of tails that fall like exp: vf_<activation>_far is for vectors with an argument
 * beyond. vf_<activation>_long is all there is without tables.
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

/* a + b with its rounding error (Knuth). */
static inline vf2 vf2_sum(vf a, vf b) {
    vf h = vf_add(a, b), t = vf_sub(h, a);
    return vf2_of(h, vf_add(vf_sub(a, vf_sub(h, t)), vf_sub(b, t)));
}
/* The same for |a| >= |b| (Dekker). */
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
static inline vf2 vf2_plus(vf2 a, vf b) {
    vf2 s = vf2_sum(b, a.h);
    return vf2_of(s.h, vf_add(s.l, a.l));
}
static inline vf2 vf2_pick(vm m, vf2 a, vf2 b) { return vf2_of(vf_pick(m, a.h, b.h), vf_pick(m, a.l, b.l)); }
static inline vf2 vf2_scale(vf2 a, vf n) { return vf2_of(vf_scale(a.h, n), vf_scale(a.l, n)); }
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
/* Its value where it matters beside 1; the low part of its square stays far from the subnormals. */
VF_TABLE float act_beside_1 = -30.0f;
static inline vf2 vf_power_value(vf_power e) { return vf2_scale(e.p, vf_max(vf_set(act_beside_1), e.n)); }

/* Below -109 every function here that falls like exp is 0 in f32, x times it too. */
static inline vm vf_vanishes(vf t) { return vf_lt(t, vf_set(-109.0f)); }

/* y 2^n where t is negative, y where it is not, 0 where it vanishes. */
static inline vf vf_descend(vf t, vf y, vf n) {
    vf shift = vf_pick(vf_lt(t, vf_set(0.0f)), n, vf_set(0.0f));
    return vf_pick(vf_vanishes(t), vf_set(0.0f), vf_scale(y, vf_pick(vf_vanishes(t), vf_set(0.0f), shift)));
}

/* -|t|, limited; keeps a NaN. */
static inline vf vf_below(vf t) { return vf_max(vf_set(-110.0f), vf_neg(vf_abs(t))); }

/* x / (1 + exp(-(t + l))), t having the sign of x or x being 1. */
static inline vf vf_gate_high(vf x, vf t, vf l) {
    vm negative = vf_lt(t, vf_set(0.0f));
    vf c = vf_min(vf_set(110.0f), vf_max(vf_set(-110.0f), x)); /* beside a tail that vanishes */
    vf_power e = vf_exp_parts(vf_below(t), vf_pick(negative, l, vf_neg(l)));
    vf2 v = vf_power_value(e), d = vf2_sum_ordered(vf_set(1.0f), v.h);
    d.l = vf_add(d.l, v.l);
    vf2 n = vf2_pick(negative, vf2_times(e.p, c), vf2_of(x, vf_set(0.0f)));
    vf y = vf_descend(t, vf2_divide(n, d), e.n);
    return vf_pick(vf_lt(vf_set(90.0f), t), x, y); /* infinities too */
}

/* x exp(t + l) (1 - share exp(t)) for t below -6, where the next term of x / (1 + exp(-t - l)), share 1,
 * and of x log(1 + exp(t + l)), share 1/2, is lost. */
static inline vf vf_far_tail(vf x, vf t, vf l, float share) {
    vf c = vf_max(vf_set(-110.0f), x); /* beside a tail that vanishes */
    vf_power e = vf_exp_parts(vf_below(t), l);
    vf value = vf_scale(vf_mul(vf_set(-share), e.p.h), vf_max(vf_set(act_beside_1), e.n));
    vf2 n = vf2_times(e.p, c);
    return vf_descend(t, vf_add(n.h, vf_fma(n.h, value, n.l)), e.n);
}

/* Below `lowest` vf_<name>_far(x), else y. That is not inlined: its registers would be taken from the way
 * which nearly all vectors take. */
#define VF_DEFINE_FAR(name, lowest, expression)                                                              \
    VF_COLD vf vf_##name##_far(vf x, vf y) { return vf_pick(vf_lt(x, vf_set(lowest)), expression, y); }      \
    static inline vf vf_##name##_or_far(vf x, vf y) {                                                        \
        return __builtin_expect(vm_any(vf_lt(x, vf_set(lowest))), 0) ? vf_##name##_far(x, y) : y;            \
    }

/* max(x, 0) - tail. */
static inline vf vf_less_tail(vf x, vf tail) { return vf_sub(vf_max(vf_set(0.0f), x), tail); }

static inline vf vf_sigmoid_long(vf x) { return vf_gate_high(vf_set(1.0f), x, vf_set(0.0f)); }
VF_DEFINE_FAR(sigmoid, -act_sigmoid_high.limit, vf_far_tail(vf_set(1.0f), x, vf_set(0.0f), 1.0f))
static inline vf vf_sigmoid_high(vf x) {
    if (!VF_TABLES)
        return vf_sigmoid_long(x);
    vf a = vf_min(vf_set(act_sigmoid_high.limit), vf_abs(x)), tail = VF_GATHERED(act_sigmoid_high, 5, a);
    vf y = vf_pick(vf_lt(x, vf_set(0.0f)), tail, vf_sub(vf_set(1.0f), tail));
    return vf_sigmoid_or_far(x, y);
}

static inline vf vf_silu_long(vf x) { return vf_gate_high(x, x, vf_set(0.0f)); }
VF_DEFINE_FAR(silu, -act_silu_high.limit, vf_far_tail(x, x, vf_set(0.0f), 1.0f))
static inline vf vf_silu_high(vf x) {
    if (!VF_TABLES)
        return vf_silu_long(x);
    vf a = vf_abs_min(x, vf_set(act_silu_high.limit));
    return vf_silu_or_far(x, vf_less_tail(x, VF_GATHERED_SQUARE(act_silu_high, 5, a)));
}

/* The exponent is needed to 2^-26 where it is -100: 2 sqrt(2/pi) (x + 0.044715 x^3) in two parts. */
static inline vf2 vf_gelu_tanh_twice(vf x) {
    vf c = vf_min(vf_set(12.0f), vf_max(vf_set(-12.0f), x));
    vf2 w = vf2_multiply(vf2_product(c, c), vf2_of(vf_set(0x1.2444f2p-4f), vf_set(0x1.49b16ap-29f)));
    vf2 v = vf2_plus(w, vf_set(0x1.988454p+0f));
    v.l = vf_add(v.l, vf_set(-0x1.857936p-25f));
    return vf2_times(v, c);
}
static inline vf vf_gelu_tanh_long(vf x) {
    vf2 t = vf_gelu_tanh_twice(x);
    return vf_gate_high(x, t.h, t.l);
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
VF_DEFINE_FAR(gelu_tanh, -act_gelu_tanh_high.limit, vf_gelu_tanh_tail(x))
static inline vf vf_gelu_tanh_high(vf x) {
    if (!VF_TABLES)
        return vf_gelu_tanh_long(x);
    vf a = vf_abs_min(x, vf_set(act_gelu_tanh_high.limit));
    return vf_gelu_tanh_or_far(x, vf_less_tail(x, VF_GATHERED_SQUARE(act_gelu_tanh_high, 6, a)));
}

/* (e^2a - 1) / (e^2a + 1), the first of which does not cancel: e^2a - 1 = s q + (s - 1). */
static inline vf vf_tanh_high(vf x) {
    if (VF_TABLES) {
        vf c = vf_min(vf_set(act_tanh_high.limit), vf_abs(x));
        return vf_copysign(VF_GATHERED(act_tanh_high, 5, c), x);
    }
    vf a = vf_min(vf_set(10.0f), vf_abs(x)), b = vf_add(a, a);
    vf n = vf_ln2_quotient(b), s = vf_scale(vf_set(1.0f), n);
    vf q = vf_expm1_core(vf_ln2_remainder(b, n));
    vf2 t = vf2_sum(vf_sub(s, vf_set(1.0f)), vf_mul(s, q));
    return vf_copysign(vf2_divide(t, vf2_plus(t, vf_set(2.0f))), x);
}

/* log(1 + e) = 2 atanh(e / (2 + e)), with e = p 2^n as numerator. */
static inline vf vf_softplus_long(vf x) {
    vm negative = vf_lt(x, vf_set(0.0f));
    vf_power e = vf_exp_parts(vf_below(x), vf_set(0.0f));
    vf2 v = vf_power_value(e);
    vf2 d = vf2_sum_ordered(vf_set(1.0f), vf_mul(vf_set(0.5f), v.h));
    d.l = vf_fma(vf_set(0.5f), v.l, d.l);
    vf y = vf2_divide(vf2_pick(negative, e.p, v), d); /* 2 e / (2 + e) */
    vf s = vf_scale(y, vf_pick(negative, vf_max(vf_set(act_beside_1), e.n), vf_set(0.0f)));
    s = vf_max(vf_set(0x1p-40f), vf_mul(vf_set(0.5f), s)); /* below, the square no longer counts */
    vf u = vf_mul(s, s), t = vf_atanh_core(u);
    y = vf_descend(x, vf_fma(vf_mul(t, u), y, y), e.n);
    return vf_add(vf_max(vf_set(0.0f), x), y);
}
VF_DEFINE_FAR(softplus, -act_softplus_high.limit, vf_far_tail(vf_set(1.0f), x, vf_set(0.0f), 0.5f))
static inline vf vf_softplus_high(vf x) {
    if (!VF_TABLES)
        return vf_softplus_long(x);
    vf a = vf_abs_min(x, vf_set(act_softplus_high.limit));
    return vf_softplus_or_far(x, vf_add(vf_max(vf_set(0.0f), x), VF_GATHERED(act_softplus_high, 5, a)));
}

/* x n / d with, for e = exp(-|x|), n = 1 + 2e, d = n + 2e^2 above 0 and n = e (e + 2), d = n + 2 below. */
static inline vf vf_mish_long(vf x) {
    vm negative = vf_lt(x, vf_set(0.0f));
    vf c = vf_min(vf_set(110.0f), vf_max(vf_set(-110.0f), x));
    vf_power e = vf_exp_parts(vf_below(x), vf_set(0.0f));
    vf2 v = vf_power_value(e), g = vf2_plus(v, vf_set(2.0f));
    vf2 below = vf2_multiply(v, g),
        above = vf2_plus(vf2_of(vf_add(v.h, v.h), vf_add(v.l, v.l)), vf_set(1.0f));
    vf2 square = vf2_multiply(vf2_of(vf_add(v.h, v.h), vf_add(v.l, v.l)), v);
    vf2 d = vf2_plus(vf2_pick(negative, below, square), vf_pick(negative, vf_set(2.0f), above.h));
    d.l = vf_add(d.l, vf_pick(negative, vf_set(0.0f), above.l));
    vf2 n = vf2_times(vf2_pick(negative, vf2_multiply(e.p, g), above), c);
    vf y = vf_descend(x, vf2_divide(n, d), e.n);
    return vf_pick(vf_lt(vf_set(90.0f), x), x, y);
}
VF_DEFINE_FAR(mish, -6.8f, vf_far_tail(x, x, vf_set(0.0f), 0.5f))
static inline vf vf_mish_high(vf x) {
    if (!VF_TABLES)
        return vf_mish_long(x);
    vf c = vf_min(vf_set(act_mish_high.limit), x);
    return vf_mish_or_far(x, vf_mul(x, VF_GATHERED(act_mish_high, 5, c)));
}

/* p expm1(x / p) below 0: p e + (x - u p) (e + 1), u nearly the quotient, e = expm1(u). */
static inline vf vf_celu_high(vf x, vf p) {
    vf c = vf_max(vf_mul(vf_set(-25.0f), p), x), u = vf_mul(c, vf_rcp(p)), e = vf_expm1(u);
    vf rest = vf_mul(vf_fma(vf_neg(u), p, c), vf_add(e, vf_set(1.0f)));
    return vf_pick(vf_lt(x, vf_set(0.0f)), vf_fma(p, e, rest), x);
}

/* max(x, 0) - a phi(a) R(a), the ratio R of the upper tail to phi being smooth: segments of 1/2 in
 * the distance from their middles. */
static inline vf vf_gelu_erf_long(vf x) {
    vm negative = vf_lt(x, vf_set(0.0f));
    vf a = vf_min(vf_set(15.0f), vf_abs(x));
    vf segment = vf_fma(a, vf_set(2.0f), vf_set(0x1.8p23f));
    vf r = vf_fma(vf_sub(segment, vf_set(0x1.8p23f)), vf_set(-0.5f), a);
    vf t = vf_table32(act_gelu_erf_ratio.c[6], segment);
    for (int k = 5; k > 0; k--)
        t = vf_fma(t, r, vf_table32(act_gelu_erf_ratio.c[k], segment));
    t = vf_fma(t, r, vf_table32(act_gelu_erf_ratio.c[7], segment)); /* the low part of c[0] */
    vf2 ratio = vf2_sum_ordered(vf_table32(act_gelu_erf_ratio.c[0], segment), t);
    vf2 power = vf2_product(vf_mul(vf_set(-0.5f), a), a);
    vf_power e = vf_exp_parts(power.h, power.l);
    vf2 tail = vf2_multiply(vf2_times(e.p, a), ratio);
    vf2 above = vf2_scale(tail, vf_max(vf_set(act_beside_1), e.n));
    vf y = vf_descend(vf_pick(negative, power.h, a), vf_neg(vf_add(tail.h, tail.l)), e.n);
    vf2 s = vf2_sum(x, vf_neg(above.h));
    vf positive = vf_pick(vf_lt(vf_set(15.0f), x), x, vf_add(s.h, vf_sub(s.l, above.l)));
    return vf_pick(negative, y, positive);
}
VF_DEFINE_FAR(gelu_erf, -act_gelu_erf_high.limit, vf_gelu_erf_long(x))
static inline vf vf_gelu_erf_high(vf x) {
    if (!VF_TABLES)
        return vf_gelu_erf_long(x);
    vf a = vf_abs_min(x, vf_set(act_gelu_erf_high.limit));
    return vf_gelu_erf_or_far(x, vf_less_tail(x, VF_GATHERED_SQUARE(act_gelu_erf_high, 6, a)));
}

#endif

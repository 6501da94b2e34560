/* The high form of the smooth activations: within 2 ulp of f(x), subnormal results
 * included, over all floats (tests/cpu/test_act_accuracy.c, HONE_SWEEP=full).
 *
 * One ulp is spent on the last rounding and the coefficients, so whatever comes
 * before carries its rounding error along as a second number, `l`, which is
 * a part in 2^24 of the first. Powers of two are multiplied in last: a result
 * that is subnormal is rounded once, and a zero is not made by underflow, which
 * costs a hundred cycles. */
#ifndef HONE_ACT_HIGH_H
#define HONE_ACT_HIGH_H

#include "act_math.h"
#include "act_tables.h"

typedef struct vf2 {
    vf h, l;
} vf2;

/* a + b with its rounding error (Knuth). */
static inline vf2 vf2_sum(vf a, vf b) {
    vf h = vf_add(a, b), t = vf_sub(h, a);
    return (vf2){h, vf_add(vf_sub(a, vf_sub(h, t)), vf_sub(b, t))};
}
/* The same for |a| >= |b| (Dekker). */
static inline vf2 vf2_sum_ordered(vf a, vf b) {
    vf h = vf_add(a, b);
    return (vf2){h, vf_sub(b, vf_sub(h, a))};
}
static inline vf2 vf2_product(vf a, vf b) {
    vf h = vf_mul(a, b);
    return (vf2){h, vf_fma(a, b, vf_neg(h))};
}
static inline vf2 vf2_times(vf2 a, vf b) {
    vf2 p = vf2_product(a.h, b);
    return (vf2){p.h, vf_fma(a.l, b, p.l)};
}
static inline vf2 vf2_multiply(vf2 a, vf2 b) {
    vf2 p = vf2_times(a, b.h);
    return (vf2){p.h, vf_fma(a.h, b.l, p.l)};
}
static inline vf2 vf2_plus(vf2 a, vf b) {
    vf2 s = vf2_sum(b, a.h);
    return (vf2){s.h, vf_add(s.l, a.l)};
}
static inline vf2 vf2_pick(vm m, vf2 a, vf2 b) { return (vf2){vf_pick(m, a.h, b.h), vf_pick(m, a.l, b.l)}; }
static inline vf2 vf2_scale(vf2 a, vf n) { return (vf2){vf_scale(a.h, n), vf_scale(a.l, n)}; }
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

static inline vf_power vf_exp_parts(vf x, vf l) {
    vf n = vf_ln2_quotient(x);
    vf r = vf_fma(n, vf_set(-0.693359375f), x);
    r = vf_add(r, vf_fma(n, vf_set(2.12194440e-4f), l));
    return (vf_power){vf2_sum_ordered(vf_set(1.0f), vf_expm1_core(r)), n};
}
/* Its value where it matters beside 1; the low part of its square stays far from the subnormals. */
static const float act_beside_1 = -30.0f;
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
    vf2 n = vf2_pick(negative, vf2_times(e.p, c), (vf2){x, vf_set(0.0f)});
    vf y = vf_descend(t, vf2_divide(n, d), e.n);
    return vf_pick(vf_lt(vf_set(90.0f), t), x, y); /* infinities too */
}

static inline vf vf_sigmoid_high(vf x) { return vf_gate_high(vf_set(1.0f), x, vf_set(0.0f)); }
static inline vf vf_silu_high(vf x) { return vf_gate_high(x, x, vf_set(0.0f)); }

/* The exponent is needed to 2^-26 where it is -100: 2 sqrt(2/pi) (x + 0.044715 x^3) in two parts. */
static inline vf vf_gelu_tanh_high(vf x) {
    vf c = vf_min(vf_set(12.0f), vf_max(vf_set(-12.0f), x));
    vf2 w = vf2_multiply(vf2_product(c, c), (vf2){vf_set(0x1.2444f2p-4f), vf_set(0x1.49b16ap-29f)});
    vf2 v = vf2_plus(w, vf_set(0x1.988454p+0f));
    v.l = vf_add(v.l, vf_set(-0x1.857936p-25f));
    vf2 t = vf2_times(v, c);
    return vf_gate_high(x, t.h, t.l);
}

/* (e^2a - 1) / (e^2a + 1), the first of which does not cancel: e^2a - 1 = s q + (s - 1). */
static inline vf vf_tanh_high(vf x) {
    vf a = vf_min(vf_set(10.0f), vf_abs(x)), b = vf_add(a, a);
    vf n = vf_ln2_quotient(b), s = vf_scale(vf_set(1.0f), n);
    vf q = vf_expm1_core(vf_ln2_remainder(b, n));
    vf2 t = vf2_sum(vf_sub(s, vf_set(1.0f)), vf_mul(s, q));
    return vf_copysign(vf2_divide(t, vf2_plus(t, vf_set(2.0f))), x);
}

/* log(1 + e) = 2 atanh(e / (2 + e)), with e = p 2^n as numerator. */
static inline vf vf_softplus_high(vf x) {
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

/* x n / d with, for e = exp(-|x|), n = 1 + 2e, d = n + 2e^2 above 0 and n = e (e + 2), d = n + 2 below. */
static inline vf vf_mish_high(vf x) {
    vm negative = vf_lt(x, vf_set(0.0f));
    vf c = vf_min(vf_set(110.0f), vf_max(vf_set(-110.0f), x));
    vf_power e = vf_exp_parts(vf_below(x), vf_set(0.0f));
    vf2 v = vf_power_value(e), g = vf2_plus(v, vf_set(2.0f));
    vf2 below = vf2_multiply(v, g), above = vf2_plus((vf2){vf_add(v.h, v.h), vf_add(v.l, v.l)}, vf_set(1.0f));
    vf2 square = vf2_multiply((vf2){vf_add(v.h, v.h), vf_add(v.l, v.l)}, v);
    vf2 d = vf2_plus(vf2_pick(negative, below, square), vf_pick(negative, vf_set(2.0f), above.h));
    d.l = vf_add(d.l, vf_pick(negative, vf_set(0.0f), above.l));
    vf2 n = vf2_times(vf2_pick(negative, vf2_multiply(e.p, g), above), c);
    vf y = vf_descend(x, vf2_divide(n, d), e.n);
    return vf_pick(vf_lt(vf_set(90.0f), x), x, y);
}

/* p expm1(x / p) below 0: p e + (x - u p) (e + 1), u the rounded quotient, e = expm1(u). */
static inline vf vf_celu_high(vf x, vf p) {
    vf c = vf_max(vf_mul(vf_set(-25.0f), p), x), u = vf_div(c, p), e = vf_expm1(u);
    vf rest = vf_mul(vf_fma(vf_neg(u), p, c), vf_add(e, vf_set(1.0f)));
    return vf_pick(vf_lt(x, vf_set(0.0f)), vf_fma(p, e, rest), x);
}

/* max(x, 0) - a phi(a) R(a), the ratio R of the upper tail to phi being smooth: segments of 1/2 in
 * the distance from their middles. */
static inline vf vf_gelu_erf_high(vf x) {
    vm negative = vf_lt(x, vf_set(0.0f));
    vf a = vf_min(vf_set(15.0f), vf_abs(x));
    vf segment = vf_fma(a, vf_set(2.0f), vf_set(0x1.8p23f));
    vf r = vf_fma(vf_sub(segment, vf_set(0x1.8p23f)), vf_set(-0.5f), a);
    vf t = vf_table32(act_gelu_erf_high.c[6], segment);
    for (int k = 5; k > 0; k--)
        t = vf_fma(t, r, vf_table32(act_gelu_erf_high.c[k], segment));
    t = vf_fma(t, r, vf_table32(act_gelu_erf_high.c[7], segment)); /* the low part of c[0] */
    vf2 ratio = vf2_sum_ordered(vf_table32(act_gelu_erf_high.c[0], segment), t);
    vf2 power = vf2_product(vf_mul(vf_set(-0.5f), a), a);
    vf_power e = vf_exp_parts(power.h, power.l);
    vf2 tail = vf2_multiply(vf2_times(e.p, a), ratio);
    vf2 above = vf2_scale(tail, vf_max(vf_set(act_beside_1), e.n));
    vf y = vf_descend(vf_pick(negative, power.h, a), vf_neg(vf_add(tail.h, tail.l)), e.n);
    vf2 s = vf2_sum(x, vf_neg(above.h));
    vf positive = vf_pick(vf_lt(vf_set(15.0f), x), x, vf_add(s.h, vf_sub(s.l, above.l)));
    return vf_pick(negative, y, positive);
}

#endif

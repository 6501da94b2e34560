/* The byte form of the smooth activations: see activations.def. What 8 bits cannot
 * show of a tail need not be computed, so that with tables (VF_TABLES) no exponential
 * is left, and degree 2 is enough; the segments double in length where f is flatter,
 * at no cost (scripts/fit-activations, `doubling`). Without tables it is the brief
 * form, or what is cheaper because it need not be relative. */
#ifndef HONE_ACT_BYTE_H
#define HONE_ACT_BYTE_H

#include "act_fast.h"

#include "act_byte_tables.h"

static inline vf vf_gelu_tanh_byte(vf x) {
    if (!VF_TABLES)
        return vf_gelu_tanh_brief(x);
    vf a = vf_abs_min(x, vf_set(act_gelu_tanh_byte.limit));
    return vf_minus_tail(x, a, VF_EVEN(act_gelu_tanh_byte, 2, a));
}

static inline vf vf_gelu_erf_byte(vf x) {
    if (!VF_TABLES)
        return vf_gelu_erf_brief(x);
    vf a = vf_abs_min(x, vf_set(act_gelu_erf_byte.limit));
    return vf_minus_tail(x, a, VF_EVEN(act_gelu_erf_byte, 2, a));
}

static inline vf vf_silu_byte(vf x) {
    if (!VF_TABLES)
        return vf_silu_brief(x);
    vf a = vf_abs_min(x, vf_set(act_silu_byte.limit));
    return vf_minus_tail(x, a, VF_EVEN(act_silu_byte, 2, a));
}

static inline vf vf_sigmoid_byte(vf x) {
    if (!VF_TABLES)
        return vf_sigmoid_brief(x);
    vf a = vf_limit(x, act_sigmoid_byte.limit);
    return vf_add(vf_set(0.5f), vf_copysign(VF_EVEN(act_sigmoid_byte, 2, a), x));
}

/* Without tables: 1 - 2 / (1 + exp(2x)). */
static inline vf vf_tanh_byte(vf x) {
    if (!VF_TABLES) {
        vf t = vf_min(vf_set(60.0f), vf_max(vf_set(-60.0f), vf_mul(x, vf_set(2.0f * act_log2e))));
        return vf_fma(vf_set(-2.0f), vf_rcp(vf_add(vf_set(1.0f), vf_exp2_brief(t))), vf_set(1.0f));
    }
    vf a = vf_limit(x, act_tanh_byte.limit);
    return vf_copysign(VF_EVEN(act_tanh_byte, 2, a), x);
}

static inline vf vf_softplus_byte(vf x) {
    if (!VF_TABLES)
        return vf_softplus_brief(x);
    vf a = vf_abs_min(x, vf_set(act_softplus_byte.limit));
    return vf_add(vf_relu(x), VF_EVEN(act_softplus_byte, 2, a));
}

/* The gate falls like exp below 0 and is 1 from 5 on, with nothing symmetric about it. */
static inline vf vf_mish_byte(vf x) {
    if (!VF_TABLES)
        return vf_mish_brief(x);
    vf c = vf_max(vf_set(-14.25f), x), b = vf_min(vf_set(act_mish_byte.limit), c);
    return vf_mul(c, VF_EVEN(act_mish_byte, 3, b));
}

#endif

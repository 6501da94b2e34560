/*
 * Advanced SIMD as every AArch64 processor has it. vec_scalar.h specifies the
 * vocabulary. An extension defines VEC_NEON_REPLACES_<kind>, includes this file and
 * supplies that kind.
 *
 * A multiply takes one element of A from a lane, which spares the vector units a
 * copy of it to all lanes; dot products give it whole vectors of A. tile_mul_<kind>
 * therefore chooses by the type of A.
 *
 * -fno-trapping-math, because gcc otherwise keeps operations whose results nobody
 * uses, for the exceptions that they might raise.
 *
 * @lanes 4
 * @order 10
 * @arch aarch64|arm64|ARM64
 * @flags -fno-trapping-math
 * @target
 * @needs neon
 * @tiles f32 14x1 12x2 8x3 6x4
 * @tiles f16 14x1 12x2 8x3 6x4
 * @tiles bf16 14x1 12x2 8x3 6x4
 * @tiles s8 14x1 12x2 8x3 6x4
 * @dots f32 8x1 8x2
 * @dots f16 8x1 8x2
 * @dots bf16 8x1 8x2
 * @dots s8 8x1 8x2
 */
#ifndef HONE_VEC_NEON_H
#define HONE_VEC_NEON_H

#include <arm_neon.h>
#include <stdint.h>
#include <string.h>

#include "cpu_abi.h"

#define VEC_LANES 4
#define VEC_REGISTERS 32

typedef float32x4_t vf;
typedef uint32x4_t vm;
typedef int32x4_t vi;

static inline vf vf_set(float c) { return vdupq_n_f32(c); }
static inline vf vf_add(vf a, vf b) { return vaddq_f32(a, b); }
static inline vf vf_sub(vf a, vf b) { return vsubq_f32(a, b); }
static inline vf vf_mul(vf a, vf b) { return vmulq_f32(a, b); }
static inline vf vf_div(vf a, vf b) { return vdivq_f32(a, b); }
static inline vf vf_fma(vf a, vf b, vf c) { return vfmaq_f32(c, a, b); }
static inline vf vf_neg(vf a) { return vnegq_f32(a); }
static inline vf vf_abs(vf a) { return vabsq_f32(a); }
static inline vf vf_copysign(vf a, vf s) { return vbslq_f32(vdupq_n_u32(0x80000000u), s, a); }
static inline vm vf_lt(vf a, vf b) { return vcltq_f32(a, b); }
static inline vm vf_le(vf a, vf b) { return vcleq_f32(a, b); }
static inline vf vf_pick(vm m, vf a, vf b) { return vbslq_f32(m, a, b); }
static inline int vm_any(vm m) { return vmaxvq_u32(m) != 0; }
/* fmin and fmax return a NaN whichever operand it is, not the second. */
static inline vf vf_min(vf a, vf b) { return vbslq_f32(vcltq_f32(a, b), a, b); }
static inline vf vf_max(vf a, vf b) { return vbslq_f32(vcgtq_f32(a, b), a, b); }
static inline vf vf_round(vf a) { return vrndnq_f32(a); }
static inline vf vf_power_of_two(vi n) {
    return vreinterpretq_f32_s32(vshlq_n_s32(vaddq_s32(n, vdupq_n_s32(127)), 23));
}
/* Two factors reach below and above the range of one exponent. */
static inline vf vf_scale(vf x, vf n) {
    vi i = vcvtnq_s32_f32(n), half = vshrq_n_s32(i, 1);
    return vf_mul(vf_mul(x, vf_power_of_two(half)), vf_power_of_two(vsubq_s32(i, half)));
}

static inline vf vf_abs_min(vf x, vf c) { return vminnmq_f32(vabsq_f32(x), c); }
/* 8 bits, doubled by each step of Newton's: the first, whose instruction makes
 * 0 of infinity, and the last, by FMA more exact. */
static inline vf vec_rcp_16bits(vf d) {
    vf r = vrecpeq_f32(d);
    return vf_mul(r, vrecpsq_f32(d, r));
}
static inline vf vf_rcp(vf d) {
    vf r = vec_rcp_16bits(d);
    return vfmaq_f32(r, r, vfmsq_f32(vdupq_n_f32(1.0f), d, r));
}
static inline vf vf_over_brief(vf x, vf d) { return vf_mul(x, vec_rcp_16bits(d)); }

/* A lookup is four loads. */
#define VF_TABLES 0
static inline vf vf_shift(vf x, int n) {
    return vreinterpretq_f32_u32(vshlq_u32(vreinterpretq_u32_f32(x), vdupq_n_s32(-n)));
}
static inline vf vf_raise(vf x, vf t, int n) {
    uint32x4_t more = vshlq_u32(vreinterpretq_u32_f32(t), vdupq_n_s32(n));
    return vreinterpretq_f32_u32(vaddq_u32(vreinterpretq_u32_f32(x), more));
}
static inline vf vf_table32(const float *t, vf i) {
    uint32x4_t low = vandq_u32(vreinterpretq_u32_f32(i), vdupq_n_u32(31));
    vf v = vld1q_dup_f32(t + vgetq_lane_u32(low, 0));
    v = vld1q_lane_f32(t + vgetq_lane_u32(low, 1), v, 1);
    v = vld1q_lane_f32(t + vgetq_lane_u32(low, 2), v, 2);
    return vld1q_lane_f32(t + vgetq_lane_u32(low, 3), v, 3);
}

static inline vf vf_load(const float *p) { return vld1q_f32(p); }
static inline void vf_store(float *p, vf v) { vst1q_f32(p, v); }

/* There is no masked access: partial vectors go through a buffer. */
static inline vf vf_load_part(const float *p, int n) {
    if (n == VEC_LANES)
        return vld1q_f32(p);
    float buffer[VEC_LANES] = {0};
    for (int i = 0; i < n; i++)
        buffer[i] = p[i];
    return vld1q_f32(buffer);
}
static inline void vf_store_part(float *p, vf v, int n) {
    if (n == VEC_LANES) {
        vst1q_f32(p, v);
        return;
    }
    float buffer[VEC_LANES];
    vst1q_f32(buffer, v);
    for (int i = 0; i < n; i++)
        p[i] = buffer[i];
}
static inline uint16x4_t vec_load16_part(const uint16_t *p, int n) {
    if (n == VEC_LANES)
        return vld1_u16(p);
    uint16_t buffer[VEC_LANES] = {0};
    for (int i = 0; i < n; i++)
        buffer[i] = p[i];
    return vld1_u16(buffer);
}
static inline void vec_store16_part(uint16_t *p, uint16x4_t v, int n) {
    if (n == VEC_LANES) {
        vst1_u16(p, v);
        return;
    }
    uint16_t buffer[VEC_LANES];
    vst1_u16(buffer, v);
    for (int i = 0; i < n; i++)
        p[i] = buffer[i];
}
static inline vf vec_widen_f16(uint16x4_t h) { return vcvt_f32_f16(vreinterpret_f16_u16(h)); }
static inline vf vec_widen_bf16(uint16x4_t h) { return vreinterpretq_f32_u32(vshll_n_u16(h, 16)); }
static inline vf vf_load_f16_part(const uint16_t *p, int n) { return vec_widen_f16(vec_load16_part(p, n)); }
static inline vf vf_load_bf16_part(const uint16_t *p, int n) { return vec_widen_bf16(vec_load16_part(p, n)); }
static inline void vf_store_f16_part(uint16_t *p, vf v, int n) {
    vec_store16_part(p, vreinterpret_u16_f16(vcvt_f16_f32(v)), n);
}
static inline void vf_store_bf16_part(uint16_t *p, vf v, int n) {
    uint32x4_t bits = vreinterpretq_u32_f32(v);
    uint32x4_t odd = vandq_u32(vshrq_n_u32(bits, 16), vdupq_n_u32(1));
    uint32x4_t rounded = vaddq_u32(vaddq_u32(bits, vdupq_n_u32(0x7fff)), odd);
    uint32x4_t quiet = vorrq_u32(bits, vdupq_n_u32(0x400000));
    vec_store16_part(p, vshrn_n_u32(vbslq_u32(vceqq_f32(v, v), rounded, quiet), 16), n);
}

static inline vi vi_load_part(const int32_t *p, int n) {
    if (n == VEC_LANES)
        return vld1q_s32(p);
    int32_t buffer[VEC_LANES] = {0};
    for (int i = 0; i < n; i++)
        buffer[i] = p[i];
    return vld1q_s32(buffer);
}
static inline vi vi_set(int32_t c) { return vdupq_n_s32(c); }
static inline vi vi_add(vi a, vi b) { return vaddq_s32(a, b); }
static inline vi vi_sub(vi a, vi b) { return vsubq_s32(a, b); }
static inline vi vi_mul(vi a, vi b) { return vmulq_s32(a, b); }
static inline vf vf_from_vi(vi a) { return vcvtq_f32_s32(a); }
/* The conversion saturates and makes NaN 0. */
static inline vi vi_quantise(vf a) {
    const vi most = vdupq_n_s32(65536);
    return vminq_s32(most, vmaxq_s32(vnegq_s32(most), vcvtnq_s32_f32(a)));
}
static inline void vi_store8_part(unsigned char *p, vi v, int is_signed, int n) {
    int16x8_t words = vcombine_s16(vqmovn_s32(v), vqmovn_s32(v));
    uint8x8_t bytes = is_signed ? vreinterpret_u8_s8(vqmovn_s16(words)) : vqmovun_s16(words);
    uint32_t four = vget_lane_u32(vreinterpret_u32_u8(bytes), 0);
    if (n == VEC_LANES) {
        memcpy(p, &four, sizeof four);
        return;
    }
    for (int i = 0; i < n; i++, four >>= 8)
        p[i] = (unsigned char)four;
}

#define TILE_GROUP_f32 1
#define TILE_A_f32     HONE_A_F32
typedef vf tile_acc_f32;
static inline vf tile_zero_f32(void) { return vdupq_n_f32(0.0f); }
static inline vf tile_b_f32(const void *p) { return vld1q_f32(p); }
static inline float tile_a_f32(const void *p) { return *(const hone_unaligned_f32 *)p; }
static inline vf vec_mul_lane(vf acc, float a, vf b) { return vfmaq_n_f32(acc, b, a); }
static inline vf vec_mul_all(vf acc, vf a, vf b) { return vfmaq_f32(acc, b, a); }
#define tile_mul_f32(acc, a, b) _Generic((a), float : vec_mul_lane, vf : vec_mul_all)(acc, a, b)
typedef float tile_sum_f32;
static inline vf tile_av_f32(const void *p) { return vld1q_f32(p); }
static inline float tile_reduce_f32(vf acc) { return vaddvq_f32(acc); }

#ifndef VEC_NEON_REPLACES_f16
#define TILE_GROUP_f16 1
#define TILE_A_f16     HONE_A_F32
typedef vf tile_acc_f16;
static inline vf tile_zero_f16(void) { return vdupq_n_f32(0.0f); }
static inline vf tile_b_f16(const void *p) { return vec_widen_f16(vld1_u16(p)); }
static inline float tile_a_f16(const void *p) { return tile_a_f32(p); }
#define tile_mul_f16(acc, a, b) tile_mul_f32(acc, a, b)
typedef float tile_sum_f16;
static inline vf tile_av_f16(const void *p) { return vld1q_f32(p); }
static inline float tile_reduce_f16(vf acc) { return vaddvq_f32(acc); }
#endif

#ifndef VEC_NEON_REPLACES_bf16
#define TILE_GROUP_bf16 1
#define TILE_A_bf16     HONE_A_F32
typedef vf tile_acc_bf16;
static inline vf tile_zero_bf16(void) { return vdupq_n_f32(0.0f); }
static inline vf tile_b_bf16(const void *p) { return vec_widen_bf16(vld1_u16(p)); }
static inline float tile_a_bf16(const void *p) { return tile_a_f32(p); }
#define tile_mul_bf16(acc, a, b) tile_mul_f32(acc, a, b)
typedef float tile_sum_bf16;
static inline vf tile_av_bf16(const void *p) { return vld1q_f32(p); }
static inline float tile_reduce_bf16(vf acc) { return vaddvq_f32(acc); }
#endif

/* A product fits 16 bits, two that are summed need not: smull, and sadalp adds its
 * pairs to the sums. Many processors run the two on different ports. */
#ifndef VEC_NEON_REPLACES_s8
#define TILE_GROUP_s8 2
#define TILE_A_s8     HONE_A_S8
typedef vi tile_acc_s8;
static inline vi tile_zero_s8(void) { return vdupq_n_s32(0); }
static inline int8x8_t tile_b_s8(const void *p) { return vld1_s8(p); }
static inline int8x8_t tile_a_s8(const void *p) {
    return vreinterpret_s8_s16(vdup_n_s16(*(const hone_unaligned_s16 *)p));
}
static inline vi tile_mul_s8(vi acc, int8x8_t a, int8x8_t b) { return vpadalq_s16(acc, vmull_s8(a, b)); }
typedef int32_t tile_sum_s8;
static inline int8x8_t tile_av_s8(const void *p) { return vld1_s8(p); }
static inline int32_t tile_reduce_s8(vi acc) { return vaddvq_s32(acc); }
#endif

#endif

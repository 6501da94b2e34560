/*
 * Advanced SIMD with bfdot: two bf16 products a lane, accumulated in f32. It rounds
 * to odd, at most twice the error of rounding to nearest in half the roundings, and
 * flushes subnormal inputs and results to zero.
 *
 * @lanes 4
 * @base neon
 * @order 24
 * @arch aarch64|arm64|ARM64
 * @flags -march=armv8.2-a+bf16 -fno-trapping-math
 * @target arch=armv8.2-a+bf16
 * @needs neon bf16
 * @tiles bf16 14x1 12x2 8x3 6x4
 * @dots bf16 8x1 8x2
 */
#ifndef HONE_VEC_H
#define HONE_VEC_H

#define VEC_NEON_REPLACES_bf16
#include "vec_neon.h"

#define TILE_GROUP_bf16 2
#define TILE_A_bf16     HONE_A_BF16
typedef vf tile_acc_bf16;
static inline vf tile_zero_bf16(void) { return vdupq_n_f32(0.0f); }
static inline bfloat16x8_t tile_b_bf16(const void *p) { return vreinterpretq_bf16_u16(vld1q_u16(p)); }
static inline bfloat16x4_t tile_a_bf16(const void *p) {
    return vreinterpret_bf16_u64(vcreate_u64(*(const hone_unaligned_u32 *)p));
}
static inline vf vec_bfdot_lane(vf acc, bfloat16x4_t a, bfloat16x8_t b) {
    return vbfdotq_lane_f32(acc, b, a, 0);
}
static inline vf vec_bfdot_all(vf acc, bfloat16x8_t a, bfloat16x8_t b) { return vbfdotq_f32(acc, b, a); }
#define tile_mul_bf16(acc, a, b)                                                                             \
    _Generic((a), bfloat16x4_t : vec_bfdot_lane, bfloat16x8_t : vec_bfdot_all)(acc, a, b)
typedef float tile_sum_bf16;
static inline bfloat16x8_t tile_av_bf16(const void *p) { return tile_b_bf16(p); }
static inline float tile_reduce_bf16(vf acc) { return vaddvq_f32(acc); }

#endif

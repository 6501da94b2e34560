/*
 * Advanced SIMD with fmlal: f16 times f16 added to f32, exact but for the rounding
 * of the sum. A is read as it is and B needs no conversion. The f16 arithmetic
 * beside it rounds every product to f16, 2^13 times what the error bound grants an
 * addend, so that no length of a chain in f16 would meet it.
 *
 * @lanes 4
 * @base neon
 * @order 22
 * @arch aarch64|arm64|ARM64
 * @flags -march=armv8.2-a+fp16fml -fno-trapping-math
 * @target arch=armv8.2-a+fp16fml
 * @needs neon fhm
 * @tiles f16 14x1 12x2 8x3 6x4
 * @dots f16 8x1 8x2
 */
#ifndef HONE_VEC_H
#define HONE_VEC_H

#define VEC_NEON_REPLACES_f16
#include "vec_neon.h"

#define TILE_GROUP_f16 1
#define TILE_A_f16     HONE_A_F16
typedef vf tile_acc_f16;
static inline vf tile_zero_f16(void) { return vdupq_n_f32(0.0f); }
/* The upper half is not read. */
static inline float16x8_t vec_low(float16x4_t low) {
    return vcombine_f16(low, vreinterpret_f16_u16(vdup_n_u16(0)));
}
static inline float16x8_t tile_b_f16(const void *p) { return vec_low(vld1_f16(p)); }
static inline float16x4_t tile_a_f16(const void *p) { return vcreate_f16(*(const uint16_t *)p); }
static inline vf vec_fmlal_lane(vf acc, float16x4_t a, float16x8_t b) {
    return vfmlalq_lane_low_f16(acc, b, a, 0);
}
static inline vf vec_fmlal_all(vf acc, float16x8_t a, float16x8_t b) { return vfmlalq_low_f16(acc, b, a); }
#define tile_mul_f16(acc, a, b)                                                                              \
    _Generic((a), float16x4_t : vec_fmlal_lane, float16x8_t : vec_fmlal_all)(acc, a, b)
typedef float tile_sum_f16;
static inline float16x8_t tile_av_f16(const void *p) { return tile_b_f16(p); }
static inline float tile_reduce_f16(vf acc) { return vaddvq_f32(acc); }

#endif

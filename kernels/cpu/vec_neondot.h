/*
 * Advanced SIMD with dot products: s8 by sdot, four products a lane.
 *
 * @lanes 4
 * @base neon
 * @order 20
 * @arch aarch64|arm64|ARM64
 * @flags -march=armv8.2-a+dotprod -fno-trapping-math
 * @target arch=armv8.2-a+dotprod
 * @needs neon neon_dot
 * @tiles s8 14x1 12x2 8x3 6x4
 * @dots s8 8x1 8x2
 */
#ifndef HONE_VEC_H
#define HONE_VEC_H

#define VEC_NEON_REPLACES_s8
#include "vec_neon.h"

#define TILE_GROUP_s8 4
#define TILE_A_s8     HONE_A_S8
typedef vi tile_acc_s8;
static inline vi tile_zero_s8(void) { return vdupq_n_s32(0); }
static inline int8x16_t tile_b_s8(const void *p) { return vld1q_s8(p); }
static inline int8x8_t tile_a_s8(const void *p) { return vcreate_s8(*(const hone_unaligned_u32 *)p); }
static inline vi vec_dot_lane(vi acc, int8x8_t a, int8x16_t b) { return vdotq_lane_s32(acc, b, a, 0); }
static inline vi vec_dot_all(vi acc, int8x16_t a, int8x16_t b) { return vdotq_s32(acc, b, a); }
#define tile_mul_s8(acc, a, b) _Generic((a), int8x8_t : vec_dot_lane, int8x16_t : vec_dot_all)(acc, a, b)
typedef int32_t tile_sum_s8;
static inline int8x16_t tile_av_s8(const void *p) { return vld1q_s8(p); }
static inline int32_t tile_reduce_s8(vi acc) { return vaddvq_s32(acc); }

#endif

/*
 * Advanced SIMD with usdot, of the 8-bit matrix extension: u8 A as it is, where
 * vec_neondot.h has to shift it to s8; for s8 A it is the other way round. The
 * extension's smmla, twice as fast, takes two rows of A and does not fit a tile
 * that reads A row by row.
 *
 * @lanes 4
 * @base neon
 * @order 30
 * @arch aarch64|arm64|ARM64
 * @flags -march=armv8.2-a+dotprod+i8mm -fno-trapping-math
 * @target arch=armv8.2-a+dotprod+i8mm
 * @needs neon neon_dot i8mm
 * @tiles s8 14x1 12x2 8x3 6x4
 * @dots s8 8x1 8x2
 */
#ifndef HONE_VEC_H
#define HONE_VEC_H

#define VEC_NEON_REPLACES_s8
#include "vec_neon.h"

#define TILE_GROUP_s8 4
#define TILE_A_s8     HONE_A_U8
typedef vi tile_acc_s8;
static inline vi tile_zero_s8(void) { return vdupq_n_s32(0); }
static inline int8x16_t tile_b_s8(const void *p) { return vld1q_s8(p); }
static inline uint8x8_t tile_a_s8(const void *p) { return vcreate_u8(*(const hone_unaligned_u32 *)p); }
static inline vi vec_dot_lane(vi acc, uint8x8_t a, int8x16_t b) { return vsudotq_lane_s32(acc, b, a, 0); }
static inline vi vec_dot_all(vi acc, uint8x16_t a, int8x16_t b) { return vusdotq_s32(acc, a, b); }
#define tile_mul_s8(acc, a, b) _Generic((a), uint8x8_t : vec_dot_lane, uint8x16_t : vec_dot_all)(acc, a, b)
typedef int32_t tile_sum_s8;
static inline uint8x16_t tile_av_s8(const void *p) { return vld1q_u8(p); }
static inline int32_t tile_reduce_s8(vi acc) { return vaddvq_s32(acc); }

#endif

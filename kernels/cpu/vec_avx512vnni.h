/*
 * AVX-512 with VNNI: s8 by vpdpbusd, four products an instruction. A is u8: the signs of s8
 * are changed on the way, and what that adds to the sums is taken off as a zero point is.
 *
 * @lanes 16
 * @base avx512
 * @order 30
 * @arch x86_64|AMD64
 * @flags -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx512vnni -mfma -mf16c -mprefer-vector-width=512
 * @target avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,fma,f16c
 * @needs avx512f avx512bw avx512dq avx512vl avx512vnni fma3 f16c
 * @tiles s8 14x1 14x2 9x3 6x4
 * @beside s8 8x2
 * @dots s8 8x1 6x2 4x4
 */
#ifndef HONE_VEC_H
#define HONE_VEC_H

#define VEC_WORDS
#define VEC_AVX512_REPLACES_s8
#include "vec_avx512.h"

#define TILE_GROUP_s8 4
#define TILE_A_s8 HONE_A_U8
typedef vi tile_acc_s8;
static inline vi tile_zero_s8(void) { return _mm512_setzero_si512(); }
static inline vi tile_b_s8(const void *p) { return _mm512_loadu_si512(p); }
static inline vi tile_a_s8(const void *p) { return _mm512_set1_epi32(*(const hone_unaligned_s32 *)p); }
static inline vi tile_mul_s8(vi acc, vi a, vi b) { return _mm512_dpbusd_epi32(acc, a, b); }
typedef int32_t tile_sum_s8;
static inline vi tile_av_s8(const void *p) { return _mm512_loadu_si512(p); }
static inline int32_t tile_reduce_s8(vi acc) { return vi_sum(acc); }

#endif

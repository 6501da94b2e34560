/*
 * AVX2 with AVX-VNNI: s8 by vpdpbusd on 256 bits, four products an instruction, for
 * processors without AVX-512. A is u8: the signs of s8 are changed on the way, and what
 * that adds to the sums is taken off as a zero point is.
 *
 * @lanes 8
 * @base avx2
 * @order 16
 * @arch x86_64|AMD64
 * @flags -mavx2 -mavxvnni -mfma -mf16c
 * @target avx2,avxvnni,fma,f16c
 * @needs avx2 avxvnni fma3 f16c
 * @tiles s8 12x1 6x2 4x3 2x4
 * @dots s8 6x1 4x2 2x4
 */
#ifndef HONE_VEC_H
#define HONE_VEC_H

#define VEC_WORDS
#define VEC_AVX2_REPLACES_s8
#include "vec_avx2.h"

#define TILE_GROUP_s8 4
#define TILE_A_s8     HONE_A_U8
typedef vi tile_acc_s8;
static inline vi tile_zero_s8(void) { return _mm256_setzero_si256(); }
static inline vi tile_b_s8(const void *p) { return _mm256_loadu_si256(p); }
static inline vi tile_a_s8(const void *p) { return _mm256_set1_epi32(*(const hone_unaligned_s32 *)p); }
static inline vi tile_mul_s8(vi acc, vi a, vi b) { return _mm256_dpbusd_avx_epi32(acc, a, b); }
typedef int32_t tile_sum_s8;
static inline vi tile_av_s8(const void *p) { return _mm256_loadu_si256(p); }
static inline int32_t tile_reduce_s8(vi acc) { return vi_sum(acc); }

#endif

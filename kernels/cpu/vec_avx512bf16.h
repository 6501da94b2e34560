/*
 * AVX-512 with BF16: vdpbf16ps, two products an instruction, accumulated in f32.
 * It flushes subnormal inputs and results to zero. vcvtneps2bf16 rounds in one
 * instruction what the base takes nine for.
 *
 * @base avx512 bf16
 * @lanes 16
 * @order 40
 * @arch x86_64|AMD64
 * @flags -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx512bf16 -mfma -mf16c -mprefer-vector-width=512
 * @target avx512f,avx512bw,avx512dq,avx512vl,avx512bf16,fma,f16c
 * @needs avx512f avx512bw avx512dq avx512vl avx512bf16 fma3 f16c
 * @tiles bf16 14x1 14x2 9x3 6x4
 * @beside bf16 8x2
 * @dots bf16 8x1 6x2 4x4
 */
#ifndef HONE_VEC_H
#define HONE_VEC_H

#define VEC_WORDS
#define VEC_AVX512_REPLACES_bf16
#define VEC_AVX512_REPLACES_bf16_store
#include "vec_avx512.h"

#define VEC_FLUSHES_BF16
static inline void vf_store_bf16_normal(uint16_t *p, vf v) {
    _mm256_storeu_si256((__m256i *)p, (__m256i)_mm512_cvtneps_pbh(v));
}
static inline void vf_store_bf16_part(uint16_t *p, vf v, int n) {
    enum { SUBNORMAL = 0x20 };
    __m256i rounded = (__m256i)_mm512_cvtneps_pbh(v);
    if (__builtin_expect(_mm512_fpclass_ps_mask(v, SUBNORMAL) != 0, 0)) /* which it takes for zeros */
        rounded = vec_round_bf16(v);
    _mm256_mask_storeu_epi16(p, vec_first(n), rounded);
}

#define TILE_GROUP_bf16 2
#define TILE_A_bf16     HONE_A_BF16
typedef vf tile_acc_bf16;
static inline vf tile_zero_bf16(void) { return _mm512_setzero_ps(); }
static inline vi tile_b_bf16(const void *p) { return _mm512_loadu_si512(p); }
static inline vi tile_a_bf16(const void *p) { return _mm512_set1_epi32(*(const hone_unaligned_s32 *)p); }
static inline vf tile_mul_bf16(vf acc, vi a, vi b) { return _mm512_dpbf16_ps(acc, (__m512bh)a, (__m512bh)b); }
typedef float tile_sum_bf16;
static inline vi tile_av_bf16(const void *p) { return _mm512_loadu_si512(p); }
static inline float tile_reduce_bf16(vf acc) { return vf_sum(acc); }

#endif

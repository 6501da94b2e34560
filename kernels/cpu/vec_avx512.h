/*
 * AVX-512 F, BW, DQ and VL. vec_scalar.h specifies the vocabulary. An extension
 * defines VEC_AVX512_REPLACES_<kind>, includes this file and supplies that kind.
 *
 * @lanes 16
 * @order 20
 * @arch x86_64|AMD64
 * @flags -mavx512f -mavx512bw -mavx512dq -mavx512vl -mfma -mf16c -mprefer-vector-width=512
 * @target avx512f,avx512bw,avx512dq,avx512vl,fma,f16c
 * @needs avx512f avx512bw avx512dq avx512vl fma3 f16c
 * @tiles f32 14x1 14x2 9x3 6x4
 * @tiles f16 14x1 14x2 9x3 6x4
 * @tiles bf16 14x1 14x2 9x3 6x4
 * @tiles s8 14x1 14x2 9x3 6x4
 * @beside f32 8x2
 * @beside f16 8x2
 * @dots f32 8x1 6x2 4x4
 * @dots f16 8x1 6x2 4x4
 * @dots bf16 8x1 6x2 4x4
 * @dots s8 8x1 6x2 4x4
 */
#ifndef HONE_VEC_AVX512_H
#define HONE_VEC_AVX512_H

#include <immintrin.h>
#include <stdint.h>

#include "cpu_abi.h"

#define VEC_LANES 16
#define VEC_REGISTERS 32

typedef __m512 vf;
typedef __mmask16 vm;
typedef __m512i vi;

static inline vf vf_set(float c) { return _mm512_set1_ps(c); }
static inline vf vf_add(vf a, vf b) { return _mm512_add_ps(a, b); }
static inline vf vf_sub(vf a, vf b) { return _mm512_sub_ps(a, b); }
static inline vf vf_mul(vf a, vf b) { return _mm512_mul_ps(a, b); }
static inline vf vf_div(vf a, vf b) { return _mm512_div_ps(a, b); }
static inline vf vf_fma(vf a, vf b, vf c) { return _mm512_fmadd_ps(a, b, c); }
static inline vf vf_sign(void) { return _mm512_set1_ps(-0.0f); }
static inline vf vf_neg(vf a) { return -a; } /* which compilers make part of a multiply-add */
static inline vf vf_abs(vf a) { return _mm512_andnot_ps(vf_sign(), a); }
static inline vf vf_copysign(vf a, vf s) {
    return _mm512_or_ps(_mm512_andnot_ps(vf_sign(), a), _mm512_and_ps(vf_sign(), s));
}
static inline vf vf_min(vf a, vf b) { return _mm512_min_ps(a, b); }
static inline vf vf_max(vf a, vf b) { return _mm512_max_ps(a, b); }
static inline vm vf_lt(vf a, vf b) { return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ); }
static inline vm vf_le(vf a, vf b) { return _mm512_cmp_ps_mask(a, b, _CMP_LE_OQ); }
static inline vf vf_pick(vm m, vf a, vf b) { return _mm512_mask_blend_ps(m, b, a); }
static inline int vm_any(vm m) { return m != 0; }
static inline vf vf_round(vf a) { return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT); }
static inline vf vf_scale(vf x, vf n) { return _mm512_scalef_ps(x, n); }

/* vrangeps: the smaller magnitude, sign cleared or that of x. */
static inline vf vf_abs_min(vf x, vf c) { return _mm512_range_ps(x, c, 2 << 2 | 2); }
#define VF_WITHIN(x, c) _mm512_range_ps(x, c, 2)
#define VF_PAST_32ND(t) _mm512_reduce_ps(t, 5 << 4 | _MM_FROUND_CUR_DIRECTION | _MM_FROUND_NO_EXC)
static inline vf vf_rcp(vf d) {
    vf r = _mm512_rcp14_ps(d);
    return vf_fma(r, _mm512_fnmadd_ps(d, r, vf_set(1.0f)), r);
}
static inline vf vf_over_brief(vf x, vf d) { return vf_mul(x, _mm512_rcp14_ps(d)); }

#define VF_TABLES 1
static inline vf vf_shift(vf x, int n) {
    return _mm512_castsi512_ps(_mm512_srli_epi32(_mm512_castps_si512(x), (unsigned)n));
}
static inline vf vf_table32(const float *t, vf i) {
    return _mm512_permutex2var_ps(_mm512_loadu_ps(t), _mm512_castps_si512(i), _mm512_loadu_ps(t + 16));
}

static inline vf vf_raise(vf x, vf t, int n) {
    __m512i more = _mm512_slli_epi32(_mm512_castps_si512(t), (unsigned)n);
    return _mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(x), more));
}

static inline vm vec_first(int n) { return (vm)((1u << n) - 1u); }
static inline vf vf_load(const float *p) { return _mm512_loadu_ps(p); }
static inline void vf_store(float *p, vf v) { _mm512_storeu_ps(p, v); }
static inline vf vf_load_part(const float *p, int n) { return _mm512_maskz_loadu_ps(vec_first(n), p); }
static inline void vf_store_part(float *p, vf v, int n) { _mm512_mask_storeu_ps(p, vec_first(n), v); }

static inline vf vec_widen_bf16(__m256i h) {
    return _mm512_castsi512_ps(_mm512_slli_epi32(_mm512_cvtepu16_epi32(h), 16));
}
static inline vf vf_load_f16_part(const uint16_t *p, int n) {
    return _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(vec_first(n), p));
}
static inline vf vf_load_bf16_part(const uint16_t *p, int n) {
    return vec_widen_bf16(_mm256_maskz_loadu_epi16(vec_first(n), p));
}
static inline void vf_store_f16_part(uint16_t *p, vf v, int n) {
    _mm256_mask_storeu_epi16(p, vec_first(n), _mm512_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT));
}
/* To nearest even, NaN kept, subnormals too. */
static inline __m256i vec_round_bf16(vf v) {
    vi bits = _mm512_castps_si512(v);
    vi odd = _mm512_and_si512(_mm512_srli_epi32(bits, 16), _mm512_set1_epi32(1));
    vi rounded = _mm512_add_epi32(_mm512_add_epi32(bits, _mm512_set1_epi32(0x7fff)), odd);
    vm is_nan = _mm512_cmp_ps_mask(v, v, _CMP_UNORD_Q);
    vi kept = _mm512_mask_or_epi32(rounded, is_nan, bits, _mm512_set1_epi32(0x400000));
    return _mm512_cvtepi32_epi16(_mm512_srli_epi32(kept, 16));
}
#ifndef VEC_AVX512_REPLACES_bf16_store
static inline void vf_store_bf16_part(uint16_t *p, vf v, int n) {
    _mm256_mask_storeu_epi16(p, vec_first(n), vec_round_bf16(v));
}
#endif

static inline vi vi_load_part(const int32_t *p, int n) { return _mm512_maskz_loadu_epi32(vec_first(n), p); }
static inline vi vi_set(int32_t c) { return _mm512_set1_epi32(c); }
static inline vi vi_add(vi a, vi b) { return _mm512_add_epi32(a, b); }
static inline vi vi_sub(vi a, vi b) { return _mm512_sub_epi32(a, b); }
static inline vi vi_mul(vi a, vi b) { return _mm512_mullo_epi32(a, b); }
static inline vi vi_xor(vi a, vi b) { return _mm512_xor_si512(a, b); }
static inline vi vi_shift_right(vi a, int bits) { return _mm512_srl_epi32(a, _mm_cvtsi32_si128(bits)); }
static inline vf vf_from_vi(vi a) { return _mm512_cvtepi32_ps(a); }
static inline vi vi_quantise(vf a) {
    return _mm512_maskz_cvtps_epi32(_mm512_cmp_ps_mask(a, a, _CMP_ORD_Q), VF_WITHIN(a, vf_set(65536.0f)));
}
static inline void vi_store8_part(unsigned char *p, vi v, int is_signed, int n) {
    __m128i bytes = is_signed ? _mm512_cvtsepi32_epi8(v)
                              : _mm512_cvtusepi32_epi8(_mm512_max_epi32(v, _mm512_setzero_si512()));
    _mm_mask_storeu_epi8(p, vec_first(n), bytes);
}

/* Four vectors of bytes, packed by quarters, back in the order of columns. */
static inline void vec_store8_four(unsigned char *p, int64_t ld, int across, int columns, vi bytes) {
    const vi order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    bytes = _mm512_permutexvar_epi32(order, bytes);
    if (across == 4) {
        _mm512_mask_storeu_epi8(p, ~0ull >> (64 - columns), bytes);
    } else if (across == 1) {
        _mm_storeu_si128((__m128i *)p, _mm512_castsi512_si128(bytes));
        _mm_storeu_si128((__m128i *)(p + ld), _mm512_extracti32x4_epi32(bytes, 1));
        _mm_storeu_si128((__m128i *)(p + 2 * ld), _mm512_extracti32x4_epi32(bytes, 2));
        _mm_storeu_si128((__m128i *)(p + 3 * ld), _mm512_extracti32x4_epi32(bytes, 3));
    } else {
        _mm256_storeu_si256((__m256i *)p, _mm512_castsi512_si256(bytes));
        _mm256_storeu_si256((__m256i *)(p + ld), _mm512_extracti64x4_epi64(bytes, 1));
    }
}

#define VEC_STORES_FOUR
static inline void vf_store8_four(unsigned char *p, int64_t ld, int across, const vf *v, int32_t zero,
                                  int is_signed) {
    const vi z = _mm512_set1_epi16((int16_t)zero), least = _mm512_set1_epi16(INT16_MIN);
    vi low = _mm512_packs_epi32(_mm512_cvtps_epi32(v[0]), _mm512_cvtps_epi32(v[1]));
    vi high = _mm512_packs_epi32(_mm512_cvtps_epi32(v[2]), _mm512_cvtps_epi32(v[3]));
    /* What no integer can hold, NaN too, was converted to the least: rare, so that to look for it
     * in all four costs less than to limit each. */
    if (__builtin_expect(_mm512_cmpeq_epi16_mask(_mm512_min_epi16(low, high), least) != 0, 0)) {
        low = _mm512_packs_epi32(vi_quantise(v[0]), vi_quantise(v[1]));
        high = _mm512_packs_epi32(vi_quantise(v[2]), vi_quantise(v[3]));
    }
    low = _mm512_adds_epi16(low, z);
    high = _mm512_adds_epi16(high, z);
    vi bytes = is_signed ? _mm512_packs_epi16(low, high) : _mm512_packus_epi16(low, high);
    vec_store8_four(p, ld, across, 64, bytes);
}

#define VEC_CURVES
typedef struct vc {
    vi base[2], slope[2], bend[2], flip, steps;
} vc;
static inline vc vc_load(const hone_curve *c) {
    vi steps = _mm512_set1_epi16(2 * HONE_CURVE_LAST);
    __asm__("" : "+v"(steps)); /* or compilers make three instructions of the multiplication */
    return (vc){{_mm512_loadu_si512(c->base), _mm512_loadu_si512(c->base + 32)},
                {_mm512_loadu_si512(c->slope), _mm512_loadu_si512(c->slope + 32)},
                {_mm512_loadu_si512(c->bend), _mm512_loadu_si512(c->bend + 32)},
                _mm512_set1_epi8((char)c->flip),
                steps};
}
static inline vi vec_lookup64(const vi *t, vi i) { return _mm512_permutex2var_epi16(t[0], i, t[1]); }
/* 32 results in quanta, of as many x in the curve's units. */
static inline vi vec_curve(const vc *c, vi x) {
    vi knot = _mm512_mulhrs_epi16(x, _mm512_set1_epi16(HONE_CURVE_LAST)), t = _mm512_mullo_epi16(x, c->steps),
       slope = _mm512_add_epi16(vec_lookup64(c->slope, knot),
                                _mm512_mulhrs_epi16(t, vec_lookup64(c->bend, knot))),
       y = _mm512_adds_epi16(vec_lookup64(c->base, knot), _mm512_mulhrs_epi16(t, slope));
    return _mm512_mulhrs_epi16(y, _mm512_set1_epi16((1 << 15) / HONE_CURVE_PARTS));
}
static inline void vf_store8_curve(unsigned char *p, int64_t ld, int across, int columns, const vf *v,
                                   const vc *c) {
    vi low = _mm512_packs_epi32(_mm512_cvtps_epi32(v[0]), _mm512_cvtps_epi32(v[1])),
       high = _mm512_packs_epi32(_mm512_cvtps_epi32(v[2]), _mm512_cvtps_epi32(v[3])),
       bytes = _mm512_xor_si512(_mm512_packs_epi16(vec_curve(c, low), vec_curve(c, high)), c->flip);
    vec_store8_four(p, ld, across, columns, bytes);
}

static inline float vf_sum(vf v) { return _mm512_reduce_add_ps(v); }
static inline int32_t vi_sum(vi v) { return _mm512_reduce_add_epi32(v); }

#define TILE_GROUP_f32 1
#define TILE_A_f32     HONE_A_F32
typedef vf tile_acc_f32;
static inline vf tile_zero_f32(void) { return _mm512_setzero_ps(); }
static inline vf tile_b_f32(const void *p) { return _mm512_loadu_ps(p); }
static inline vf tile_a_f32(const void *p) { return _mm512_set1_ps(*(const hone_unaligned_f32 *)p); }
static inline vf tile_mul_f32(vf acc, vf a, vf b) { return _mm512_fmadd_ps(a, b, acc); }
typedef float tile_sum_f32;
static inline vf tile_av_f32(const void *p) { return _mm512_loadu_ps(p); }
static inline float tile_reduce_f32(vf acc) { return vf_sum(acc); }

#ifndef VEC_AVX512_REPLACES_f16
#define TILE_GROUP_f16 1
#define TILE_A_f16     HONE_A_F32
typedef vf tile_acc_f16;
static inline vf tile_zero_f16(void) { return _mm512_setzero_ps(); }
static inline vf tile_b_f16(const void *p) { return _mm512_cvtph_ps(_mm256_loadu_si256(p)); }
static inline vf tile_a_f16(const void *p) { return tile_a_f32(p); }
static inline vf tile_mul_f16(vf acc, vf a, vf b) { return _mm512_fmadd_ps(a, b, acc); }
typedef float tile_sum_f16;
static inline vf tile_av_f16(const void *p) { return _mm512_loadu_ps(p); }
static inline float tile_reduce_f16(vf acc) { return vf_sum(acc); }
#endif

#ifndef VEC_AVX512_REPLACES_bf16
#define TILE_GROUP_bf16 1
#define TILE_A_bf16     HONE_A_F32
typedef vf tile_acc_bf16;
static inline vf tile_zero_bf16(void) { return _mm512_setzero_ps(); }
static inline vf tile_b_bf16(const void *p) { return vec_widen_bf16(_mm256_loadu_si256(p)); }
static inline vf tile_a_bf16(const void *p) { return tile_a_f32(p); }
static inline vf tile_mul_bf16(vf acc, vf a, vf b) { return _mm512_fmadd_ps(a, b, acc); }
typedef float tile_sum_bf16;
static inline vf tile_av_bf16(const void *p) { return _mm512_loadu_ps(p); }
static inline float tile_reduce_bf16(vf acc) { return vf_sum(acc); }
#endif

#ifndef VEC_AVX512_REPLACES_s8
#define TILE_GROUP_s8 2
#define TILE_A_s8     HONE_A_S16
typedef vi tile_acc_s8;
static inline vi tile_zero_s8(void) { return _mm512_setzero_si512(); }
static inline vi tile_b_s8(const void *p) { return _mm512_cvtepi8_epi16(_mm256_loadu_si256(p)); }
static inline vi tile_a_s8(const void *p) { return _mm512_set1_epi32(*(const hone_unaligned_s32 *)p); }
static inline vi tile_mul_s8(vi acc, vi a, vi b) {
    vi sum = _mm512_add_epi32(acc, _mm512_madd_epi16(a, b));
    __asm__("" : "+v"(sum)); /* added now: gcc keeps the products of two groups, and spills */
    return sum;
}
typedef int32_t tile_sum_s8;
static inline vi tile_av_s8(const void *p) { return _mm512_loadu_si512(p); }
static inline int32_t tile_reduce_s8(vi acc) { return vi_sum(acc); }
#endif

#endif

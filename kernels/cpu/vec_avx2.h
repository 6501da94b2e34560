/*
 * AVX2 with FMA and F16C. vec_scalar.h specifies the vocabulary. An extension
 * defines VEC_AVX2_REPLACES_<kind>, includes this file and supplies that kind.
 *
 * @lanes 8
 * @order 10
 * @arch x86_64|AMD64
 * @flags -mavx2 -mfma -mf16c
 * @target avx2,fma,f16c
 * @needs avx2 fma3 f16c
 * @tiles f32 12x1 6x2 4x3 2x4
 * @tiles f16 12x1 6x2 4x3 2x4
 * @tiles bf16 12x1 6x2 4x3 2x4
 * @tiles s8 12x1 6x2 4x3 2x4
 * @dots f32 6x1 4x2 2x4
 * @dots f16 6x1 4x2 2x4
 * @dots bf16 6x1 4x2 2x4
 * @dots s8 6x1 4x2 2x4
 */
#ifndef HONE_VEC_AVX2_H
#define HONE_VEC_AVX2_H

#include <immintrin.h>
#include <stdint.h>

#include "cpu_abi.h"

#define VEC_LANES 8
#define VEC_REGISTERS 16

typedef __m256 vf;
typedef __m256 vm;
typedef __m256i vi;

static inline vf vf_set(float c) { return _mm256_set1_ps(c); }
static inline vf vf_add(vf a, vf b) { return _mm256_add_ps(a, b); }
static inline vf vf_sub(vf a, vf b) { return _mm256_sub_ps(a, b); }
static inline vf vf_mul(vf a, vf b) { return _mm256_mul_ps(a, b); }
static inline vf vf_div(vf a, vf b) { return _mm256_div_ps(a, b); }
static inline vf vf_fma(vf a, vf b, vf c) { return _mm256_fmadd_ps(a, b, c); }
static inline vf vf_sign(void) { return _mm256_set1_ps(-0.0f); }
static inline vf vf_neg(vf a) { return -a; } /* which compilers make part of a multiply-add */
static inline vf vf_abs(vf a) { return _mm256_andnot_ps(vf_sign(), a); }
static inline vf vf_copysign(vf a, vf s) {
    return _mm256_or_ps(_mm256_andnot_ps(vf_sign(), a), _mm256_and_ps(vf_sign(), s));
}
static inline vf vf_min(vf a, vf b) { return _mm256_min_ps(a, b); }
static inline vf vf_max(vf a, vf b) { return _mm256_max_ps(a, b); }
static inline vm vf_lt(vf a, vf b) { return _mm256_cmp_ps(a, b, _CMP_LT_OQ); }
static inline vm vf_le(vf a, vf b) { return _mm256_cmp_ps(a, b, _CMP_LE_OQ); }
static inline vf vf_pick(vm m, vf a, vf b) { return _mm256_blendv_ps(b, a, m); }
static inline int vm_any(vm m) { return _mm256_movemask_ps(m) != 0; }
static inline vf vf_round(vf a) { return _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
static inline vf vf_power_of_two(vi n) {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_add_epi32(n, _mm256_set1_epi32(127)), 23));
}
/* Two factors reach below and above the range of one exponent. */
static inline vf vf_scale(vf x, vf n) {
    vi i = _mm256_cvtps_epi32(n), half = _mm256_srai_epi32(i, 1);
    return vf_mul(vf_mul(x, vf_power_of_two(half)), vf_power_of_two(_mm256_sub_epi32(i, half)));
}

static inline vf vf_abs_min(vf x, vf c) { return vf_min(vf_abs(x), c); }
/* 12 bits doubled by one step of Newton's. */
static inline vf vf_rcp(vf d) {
    vf r = _mm256_rcp_ps(d);
    return vf_fma(r, _mm256_fnmadd_ps(d, r, vf_set(1.0f)), r);
}
/* One instruction: sooner done than the reciprocal and its steps. */
static inline vf vf_over_brief(vf x, vf d) { return vf_div(x, d); }

/* A lookup is a gather of eight loads. */
#define VF_TABLES 0
static inline vf vf_shift(vf x, int n) {
    return _mm256_castsi256_ps(_mm256_srli_epi32(_mm256_castps_si256(x), n));
}
static inline vf vf_raise(vf x, vf t, int n) {
    __m256i more = _mm256_slli_epi32(_mm256_castps_si256(t), n);
    return _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(x), more));
}
static inline vf vf_table32(const float *t, vf i) {
    return _mm256_i32gather_ps(t, _mm256_and_si256(_mm256_castps_si256(i), _mm256_set1_epi32(31)), 4);
}

/* All ones in the first n lanes. */
static inline vi vec_first(int n) {
    return _mm256_cmpgt_epi32(_mm256_set1_epi32(n), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
static inline vf vf_load(const float *p) { return _mm256_loadu_ps(p); }
static inline void vf_store(float *p, vf v) { _mm256_storeu_ps(p, v); }
/* A masked store takes AMD's processors a dozen cycles, so that whole vectors have none. */
static inline vf vf_load_part(const float *p, int n) {
    return n == VEC_LANES ? vf_load(p) : _mm256_maskload_ps(p, vec_first(n));
}
static inline void vf_store_part(float *p, vf v, int n) {
    if (n == VEC_LANES)
        vf_store(p, v);
    else
        _mm256_maskstore_ps(p, vec_first(n), v);
}

/* AVX2 has no masked 16-bit access: partial vectors go through a buffer. */
static inline __m128i vec_load16_part(const uint16_t *p, int n) {
    if (n == VEC_LANES)
        return _mm_loadu_si128((const __m128i *)p);
    uint16_t buffer[VEC_LANES] = {0};
    for (int i = 0; i < n; i++)
        buffer[i] = p[i];
    return _mm_loadu_si128((const __m128i *)buffer);
}
static inline void vec_store16_part(uint16_t *p, __m128i v, int n) {
    if (n == VEC_LANES) {
        _mm_storeu_si128((__m128i *)p, v);
        return;
    }
    uint16_t buffer[VEC_LANES];
    _mm_storeu_si128((__m128i *)buffer, v);
    for (int i = 0; i < n; i++)
        p[i] = buffer[i];
}
static inline vf vec_widen_bf16(__m128i h) {
    return _mm256_castsi256_ps(_mm256_slli_epi32(_mm256_cvtepu16_epi32(h), 16));
}
static inline vf vf_load_f16_part(const uint16_t *p, int n) { return _mm256_cvtph_ps(vec_load16_part(p, n)); }
static inline vf vf_load_bf16_part(const uint16_t *p, int n) { return vec_widen_bf16(vec_load16_part(p, n)); }
static inline void vf_store_f16_part(uint16_t *p, vf v, int n) {
    vec_store16_part(p, _mm256_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT), n);
}
static inline void vf_store_bf16_part(uint16_t *p, vf v, int n) {
    vi bits = _mm256_castps_si256(v);
    vi odd = _mm256_and_si256(_mm256_srli_epi32(bits, 16), _mm256_set1_epi32(1));
    vi rounded = _mm256_add_epi32(_mm256_add_epi32(bits, _mm256_set1_epi32(0x7fff)), odd);
    vi quiet = _mm256_or_si256(bits, _mm256_set1_epi32(0x400000));
    vi is_nan = _mm256_castps_si256(_mm256_cmp_ps(v, v, _CMP_UNORD_Q));
    vi high = _mm256_srli_epi32(_mm256_blendv_epi8(rounded, quiet, is_nan), 16);
    vec_store16_part(p, _mm_packus_epi32(_mm256_castsi256_si128(high), _mm256_extracti128_si256(high, 1)), n);
}

static inline vi vi_load_part(const int32_t *p, int n) {
    return n == VEC_LANES ? _mm256_loadu_si256((const __m256i *)p) : _mm256_maskload_epi32(p, vec_first(n));
}
static inline vi vi_set(int32_t c) { return _mm256_set1_epi32(c); }
static inline vi vi_add(vi a, vi b) { return _mm256_add_epi32(a, b); }
static inline vi vi_sub(vi a, vi b) { return _mm256_sub_epi32(a, b); }
static inline vi vi_mul(vi a, vi b) { return _mm256_mullo_epi32(a, b); }
static inline vi vi_xor(vi a, vi b) { return _mm256_xor_si256(a, b); }
static inline vi vi_shift_right(vi a, int bits) { return _mm256_srl_epi32(a, _mm_cvtsi32_si128(bits)); }
static inline vf vf_from_vi(vi a) { return _mm256_cvtepi32_ps(a); }
static inline vi vi_quantise(vf a) {
    const vf most = _mm256_set1_ps(65536.0f);
    vf known = _mm256_and_ps(a, _mm256_cmp_ps(a, a, _CMP_ORD_Q)); /* NaN becomes 0 */
    return _mm256_cvtps_epi32(vf_min(most, vf_max(vf_neg(most), known)));
}
static inline void vi_store8_part(unsigned char *p, vi v, int is_signed, int n) {
    __m128i words = _mm_packs_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
    __m128i bytes = is_signed ? _mm_packs_epi16(words, words) : _mm_packus_epi16(words, words);
    if (n == VEC_LANES) {
        _mm_storel_epi64((__m128i *)p, bytes);
        return;
    }
    unsigned char buffer[16];
    _mm_storeu_si128((__m128i *)buffer, bytes);
    for (int i = 0; i < n; i++)
        p[i] = buffer[i];
}

#define VEC_STORES_FOUR
/* Inlined, for called it would find the vectors in memory (5.2 cycles a vector of C with identity, not 3.8). */
static inline __attribute__((always_inline)) void vf_store8_four(unsigned char *p, int64_t ld, int across,
                                                                 const vf *v, int32_t zero, int is_signed) {
    const vi z = _mm256_set1_epi16((int16_t)zero), least = _mm256_set1_epi16(INT16_MIN);
    vi low = _mm256_packs_epi32(_mm256_cvtps_epi32(v[0]), _mm256_cvtps_epi32(v[1]));
    vi high = _mm256_packs_epi32(_mm256_cvtps_epi32(v[2]), _mm256_cvtps_epi32(v[3]));
    /* What no integer can hold, NaN too, was converted to the least: rare, so that to look for it
     * in all four costs less than to limit each. */
    if (__builtin_expect(_mm256_movemask_epi8(_mm256_cmpeq_epi16(_mm256_min_epi16(low, high), least)), 0)) {
        low = _mm256_packs_epi32(vi_quantise(v[0]), vi_quantise(v[1]));
        high = _mm256_packs_epi32(vi_quantise(v[2]), vi_quantise(v[3]));
    }
    low = _mm256_adds_epi16(low, z);
    high = _mm256_adds_epi16(high, z);
    vi bytes = is_signed ? _mm256_packs_epi16(low, high) : _mm256_packus_epi16(low, high);
    /* Packing works within halves: back into the order of columns. */
    const vi order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
    bytes = _mm256_permutevar8x32_epi32(bytes, order);
    if (across == 4) {
        _mm256_storeu_si256((__m256i *)p, bytes);
    } else {
        _mm_storeu_si128((__m128i *)p, _mm256_castsi256_si128(bytes));
        _mm_storeu_si128((__m128i *)(p + ld), _mm256_extracti128_si256(bytes, 1));
    }
}

static inline float vf_sum(vf v) {
    __m128 s = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
    s = _mm_add_ps(s, _mm_movehl_ps(s, s));
    return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}
static inline int32_t vi_sum(vi v) {
    __m128i s = _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
    s = _mm_add_epi32(s, _mm_shuffle_epi32(s, 0x4e));
    return _mm_cvtsi128_si32(_mm_add_epi32(s, _mm_shuffle_epi32(s, 0xb1)));
}

/* As it stands and in this order: left to itself gcc computes sums into the registers of operands, out of
 * order, or spills (so 2 x 32 takes 0.78 of the time in f32, 4 x 24 with 16-bit weights 0.65). */
static inline vf vec_fma_in_place(vf acc, vf a, vf b) {
    __asm__ volatile("vfmadd231ps {%1, %2, %0|%0, %2, %1}" : "+x"(acc) : "x"(a), "x"(b));
    return acc;
}

#define TILE_GROUP_f32 1
#define TILE_A_f32     HONE_A_F32
typedef vf tile_acc_f32;
static inline vf tile_zero_f32(void) { return _mm256_setzero_ps(); }
static inline vf tile_b_f32(const void *p) { return _mm256_loadu_ps(p); }
static inline vf tile_a_f32(const void *p) { return _mm256_broadcast_ss(p); }
static inline vf tile_mul_f32(vf acc, vf a, vf b) { return vec_fma_in_place(acc, a, b); }
typedef float tile_sum_f32;
static inline vf tile_av_f32(const void *p) { return _mm256_loadu_ps(p); }
static inline float tile_reduce_f32(vf acc) { return vf_sum(acc); }

#define TILE_GROUP_f16 1
#define TILE_A_f16     HONE_A_F32
typedef vf tile_acc_f16;
static inline vf tile_zero_f16(void) { return _mm256_setzero_ps(); }
static inline vf tile_b_f16(const void *p) { return _mm256_cvtph_ps(_mm_loadu_si128(p)); }
static inline vf tile_a_f16(const void *p) { return _mm256_broadcast_ss(p); }
static inline vf tile_mul_f16(vf acc, vf a, vf b) { return vec_fma_in_place(acc, a, b); }
typedef float tile_sum_f16;
static inline vf tile_av_f16(const void *p) { return _mm256_loadu_ps(p); }
static inline float tile_reduce_f16(vf acc) { return vf_sum(acc); }

#define TILE_GROUP_bf16 1
#define TILE_A_bf16     HONE_A_F32
typedef vf tile_acc_bf16;
static inline vf tile_zero_bf16(void) { return _mm256_setzero_ps(); }
static inline vf tile_b_bf16(const void *p) { return vec_widen_bf16(_mm_loadu_si128(p)); }
static inline vf tile_a_bf16(const void *p) { return _mm256_broadcast_ss(p); }
static inline vf tile_mul_bf16(vf acc, vf a, vf b) { return vec_fma_in_place(acc, a, b); }
typedef float tile_sum_bf16;
static inline vf tile_av_bf16(const void *p) { return _mm256_loadu_ps(p); }
static inline float tile_reduce_bf16(vf acc) { return vf_sum(acc); }

#ifndef VEC_AVX2_REPLACES_s8
/* vpmaddubsw would saturate; pairs of 16-bit products do not. */
#define TILE_GROUP_s8 2
#define TILE_A_s8     HONE_A_S16
typedef vi tile_acc_s8;
static inline vi tile_zero_s8(void) { return _mm256_setzero_si256(); }
static inline vi tile_b_s8(const void *p) { return _mm256_cvtepi8_epi16(_mm_loadu_si128(p)); }
static inline vi tile_a_s8(const void *p) { return _mm256_set1_epi32(*(const hone_unaligned_s32 *)p); }
static inline vi tile_mul_s8(vi acc, vi a, vi b) {
    vi sum = _mm256_add_epi32(acc, _mm256_madd_epi16(a, b));
    __asm__("" : "+x"(sum)); /* added now: gcc keeps the products of two groups, and spills */
    return sum;
}
typedef int32_t tile_sum_s8;
static inline vi tile_av_s8(const void *p) { return _mm256_loadu_si256((const __m256i *)p); }
static inline int32_t tile_reduce_s8(vi acc) { return vi_sum(acc); }
#endif

#endif

/*
 * AVX-512 with FP16: f16 A is read as it is, widened on the way from memory to every
 * lane; vec_avx512.h has to copy it first. Multiplies stay in f32: the extension's
 * own round every product to f16, 2^13 times what the error bound grants an addend,
 * so that no length of a chain in f16 would meet it.
 *
 * A conversion a row and group costs more than the copy where B is wide, so
 * vec_avx512.h is preferred until measured.
 *
 * @lanes 16
 * @base avx512
 * @order 18
 * @arch x86_64|AMD64
 * @flags -mavx512f -mavx512bw -mavx512dq -mavx512vl -mavx512fp16 -mfma -mf16c -mprefer-vector-width=512
 * @target avx512f,avx512bw,avx512dq,avx512vl,avx512fp16,fma,f16c
 * @needs avx512f avx512bw avx512dq avx512vl avx512fp16 fma3 f16c
 * @tiles f16 14x1 14x2 9x3 6x4
 * @dots f16 8x1 6x2 4x4
 */
#ifndef HONE_VEC_H
#define HONE_VEC_H

#define VEC_AVX512_REPLACES_f16
#include "vec_avx512.h"

#define TILE_GROUP_f16 1
#define TILE_A_f16     HONE_A_F16
typedef vf tile_acc_f16;
static inline vf tile_zero_f16(void) { return _mm512_setzero_ps(); }
static inline vf tile_b_f16(const void *p) { return _mm512_cvtph_ps(_mm256_loadu_si256(p)); }
#ifndef VEC_WIDEN_ONE_F16 /* tests/cpu/emulated.h defines it */
#define VEC_WIDEN_ONE_F16 vec_widen_one_f16
/* By hand, because compilers load and convert in two instructions. */
static inline vf vec_widen_one_f16(const void *p) {
    vf a;
    __asm__("vcvtph2psx %1%{1to16%}, %0" : "=v"(a) : "m"(*(const int16_t *)p));
    return a;
}
#endif
static inline vf tile_a_f16(const void *p) { return VEC_WIDEN_ONE_F16(p); }
static inline vf tile_mul_f16(vf acc, vf a, vf b) { return _mm512_fmadd_ps(a, b, acc); }
typedef float tile_sum_f16;
static inline vf tile_av_f16(const void *p) { return tile_b_f16(p); }
static inline float tile_reduce_f16(vf acc) { return vf_sum(acc); }

#endif

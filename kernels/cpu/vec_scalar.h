/*
 * The scalar vocabulary, and the specification of every vocabulary.
 *
 * One file cpu/vec_<isa>.h is one instruction set. It states, in lines that the
 * build reads (cmake/HoneCpuVariants.cmake), each as " * @key value":
 *
 *   lanes   floats in a vector: VEC_LANES
 *   base    the instruction set that this one includes and extends, if it only replaces
 *           products: its epilogues serve both; with `bf16` after it: but for C in bf16,
 *           which this one stores by itself
 *   order   rising preference among the instruction sets a CPU has
 *   arch    processors it is built for, a regular expression on CMAKE_SYSTEM_PROCESSOR
 *   flags   compiler options of its files
 *   target  the same as a GCC target attribute, for `hone emit`
 *   needs   CPU features that must be present (names of cpu_features.c)
 *   tiles   a compute kind and its register tiles, most rows x vectors, every width
 *           from one vector up, narrower ones with no fewer rows; a line a kind
 *   dots    the same for dot products along k, most rows x columns, columns below `lanes`
 *   amx     the same for tiles in AMX's registers: 32x1 32x2
 *   beside  a kind and rows x vectors of a tile that does the epilogue of the tile before
 *           between its products (gemm_beside.inc.h); a line a tile
 *
 * and it defines, as static inline functions:
 *
 *   VEC_LANES, VEC_REGISTERS (vectors), vf (f32 lanes), vm (lane mask), vi (s32 lanes)
 *   vf_set add sub mul div fma(a,b,c)=ab+c neg abs copysign(magnitude, sign)
 *   vf_min vf_max     the second operand when either is NaN, or both are zeros
 *   vf_lt vf_le -> vm; false on NaN.  vf_pick(m, a, b) = m ? a : b.  vm_any(m): in one lane at least
 *   vf_round          to nearest even, |x| < 2^22
 *   vf_scale(x, n)    x 2^n for integral n in [-152, 128], overflow and underflow gradual
 *   vf_abs_min(x, c)  min(|x|, c) for c > 0; anything from 0 to c where x is NaN
 *   vf_rcp(d)         1/d for d in [2^-100, 2^100], relative error 2^-22.5
 *   vf_over_brief(x, d)  x/d for d in [2^-100, 2^125], relative error 2^-13.9; x is 0, normal or infinite
 *   vf_shift(x, n)    its representation shifted right by a constant n
 *   vf_table32(t, i)  t[low 5 bits of i's representation]
 *   vf_raise(x, t, n) x's representation plus t's shifted left by a constant n
 *   VF_TABLES         1: vf_table32 costs no more than about two multiplications
 *   VF_WITHIN, VF_PAST_32ND  where one instruction does what act_math.h says of them
 *   vf_load vf_store  VEC_LANES floats, any alignment
 *   vf_load_part(p, n), vf_store_part(p, v, n)        the first n lanes, 1 <= n <= VEC_LANES;
 *                     touch nothing beyond; the other lanes load as 0
 *   vf_load_f16_part vf_load_bf16_part vf_store_f16_part vf_store_bf16_part
 *                     the same with conversion (round to nearest even, NaN kept)
 *   VEC_FLUSHES_BF16  defined where products of bf16 and the conversion to it take subnormals for zeros;
 *                     vf_store_bf16_normal(p, v) then stores whole vectors without any
 *   vi_load_part(p, n)  the first n of s32.  vi_set, vi_add, vi_sub, vi_mul (low 32 bits)
 *   vi_xor(a, b), vi_shift_right(a, n)  bits; where VEC_WORDS is defined
 *   vf_from_vi(i)     rounded to nearest even
 *   vi_quantise(x)    to nearest even, limited to +-65536; NaN gives 0
 *   vi_store8_part(p, v, is_signed, n)  the first n as bytes, saturated to s8 or u8
 *   vf_store8_four(p, ld, across, v, zero, is_signed)  four vectors, rounded to nearest even, plus zero, as
 *                     bytes, saturated; NaN gives zero. With `across` 4 they follow each other at p, with 2
 *                     two do and two at p + ld. Where this costs less than four vi_store8_part, VEC_STORES_FOUR
 *                     is defined
 *   VEC_CURVES        defined where 64 words are looked up at once: vc, a hone_curve in registers; vc_load(c);
 *   vf_store8_curve(p, ld, across, columns, v, c)  four vectors in the curve's units, within 32 bits, as the bytes
 *                     of C. With `across` 4 the first `columns` of them at p; 2 and 1 as above, and all
 *
 * and for each compute kind T of @tiles (f32, f16, bf16, s8):
 *
 *   TILE_GROUP_T      consecutive k that one multiply takes (1, 2 or 4)
 *   TILE_A_T          the type of A: HONE_A_F32, _F16, _BF16, _S16, _S8 or _U8 (cpu_abi.h)
 *   tile_acc_T        vf or vi
 *   tile_zero_T()     an accumulator of zeros
 *   tile_b_T(p)       a vector of packed B: VEC_LANES columns x TILE_GROUP_T
 *   tile_a_T(p)       a group of A, in every lane; or in one, of a type that tile_mul_T knows it by
 *   tile_mul_T(acc, a, b)   acc + sum over the group
 *
 * and, for @dots, of the same kinds:
 *
 *   tile_sum_T        float or int32_t
 *   tile_av_T(p)      VEC_LANES x TILE_GROUP_T consecutive elements of A
 *   tile_reduce_T(acc)  the sum of the lanes
 *
 * and, for @amx, TILE_GROUP_T (4 bytes), TILE_A_T, amx.inc.h and, as a macro because
 * registers are literal numbers:
 *
 *   tile_product_T(sums, a, b)  the instruction that adds the product of two registers to a third
 *
 * VEC_WORDS: tile_a_T gives a vi, of 4 bytes in every lane, and tile_av_T a vi too.
 *
 * Packed B of kind T holds elements of type T, s8 for s8.
 *
 * @lanes 1
 * @order 0
 * @arch .*
 * @flags
 * @target
 * @needs
 * @tiles f32 6x1 6x2 4x3 4x4
 * @tiles f16 6x1 6x2 4x3 4x4
 * @tiles bf16 6x1 6x2 4x3 4x4
 * @tiles s8 6x1 6x2 4x3 4x4
 */
#ifndef HONE_VEC_H
#define HONE_VEC_H

#include <math.h>
#include <stdint.h>
#include <string.h>

#include "cpu_abi.h"

#define VEC_LANES 1
#define VEC_REGISTERS 16

typedef float vf;
typedef int vm;
typedef int32_t vi;

static inline vf vf_set(float c) { return c; }
static inline vf vf_add(vf a, vf b) { return a + b; }
static inline vf vf_sub(vf a, vf b) { return a - b; }
static inline vf vf_mul(vf a, vf b) { return a * b; }
static inline vf vf_div(vf a, vf b) { return a / b; }
/* Without FMA hardware fmaf is a slow call; the float product is exact in double. */
static inline vf vf_fma(vf a, vf b, vf c) { return (float)((double)a * b + c); }
static inline vf vf_neg(vf a) { return -a; }
static inline vf vf_abs(vf a) { return fabsf(a); }
static inline vf vf_copysign(vf a, vf s) { return copysignf(a, s); }
static inline vf vf_min(vf a, vf b) { return a < b ? a : b; }
static inline vf vf_max(vf a, vf b) { return a > b ? a : b; }
static inline vm vf_lt(vf a, vf b) { return a < b; }
static inline vm vf_le(vf a, vf b) { return a <= b; }
static inline vf vf_pick(vm m, vf a, vf b) { return m ? a : b; }
static inline int vm_any(vm m) { return m; }
/* Adding 1.5 * 2^23 leaves no bits for a fraction. */
static inline vf vf_round(vf a) {
    volatile float shifted = a + 12582912.0f;
    return shifted - 12582912.0f;
}
static inline vf vf_power_of_two(int n) {
    uint32_t bits = (uint32_t)(n + 127) << 23;
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}
static inline vf vf_scale(vf x, vf n) {
    int i = n == n ? (int)n : 0;
    int half = i / 2;
    return x * vf_power_of_two(half) * vf_power_of_two(i - half);
}

static inline vf vf_abs_min(vf x, vf c) { return vf_min(fabsf(x), c); }
static inline vf vf_rcp(vf d) { return 1.0f / d; }
static inline vf vf_over_brief(vf x, vf d) { return x / d; }

#define VF_TABLES 1
static inline vf vf_shift(vf x, int n) {
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    bits >>= n;
    memcpy(&x, &bits, sizeof bits);
    return x;
}
static inline vf vf_table32(const float *t, vf i) {
    uint32_t bits;
    memcpy(&bits, &i, sizeof bits);
    return t[bits & 31];
}
static inline vf vf_raise(vf x, vf t, int n) {
    uint32_t bits, more;
    memcpy(&bits, &x, sizeof bits);
    memcpy(&more, &t, sizeof more);
    bits += more << n;
    memcpy(&x, &bits, sizeof bits);
    return x;
}

static inline vf vf_load(const float *p) { return *p; }
static inline void vf_store(float *p, vf v) { *p = v; }
static inline vf vf_load_part(const float *p, int n) { return (void)n, *p; }
static inline void vf_store_part(float *p, vf v, int n) { (void)n, *p = v; }

static inline float vec_bits_float(uint32_t bits) {
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}
static inline uint32_t vec_float_bits(float f) {
    uint32_t bits;
    memcpy(&bits, &f, sizeof bits);
    return bits;
}
static inline vf vf_from_f16(uint16_t h) {
    uint32_t sign = (uint32_t)(h & 0x8000u) << 16, rest = h & 0x7fffu;
    if (rest >= 0x7c00u)
        return vec_bits_float(sign | 0x7f800000u | (rest << 13 & 0x7fffffu) | (rest > 0x7c00u ? 0x400000u : 0));
    /* Half's exponent is 112 below single's; the product is exact, subnormals included. */
    return vec_bits_float(vec_float_bits(vec_bits_float(rest << 13) * 0x1p112f) | sign);
}
static inline uint16_t vf_to_f16(float f) {
    uint32_t bits = vec_float_bits(f), sign = bits >> 16 & 0x8000u, rest = bits & 0x7fffffffu;
    if (rest > 0x7f800000u)
        return (uint16_t)(sign | 0x7e00u | (rest >> 13 & 0x3ffu));
    if (rest >= 0x477ff000u)
        return (uint16_t)(sign | 0x7c00u);
    if (rest < 0x38800000u) /* below 2^-14: one unit is 2^-24; adding 1/2 lets the hardware round */
        return (uint16_t)(sign | (vec_float_bits(vec_bits_float(rest) + 0.5f) - 0x3f000000u));
    uint32_t rounded = rest + 0xfffu + (rest >> 13 & 1u);
    return (uint16_t)(sign | ((rounded - 0x38000000u) >> 13));
}
static inline vf vf_from_bf16(uint16_t h) { return vec_bits_float((uint32_t)h << 16); }
static inline uint16_t vf_to_bf16(float f) {
    uint32_t bits = vec_float_bits(f);
    if ((bits & 0x7fffffffu) > 0x7f800000u)
        return (uint16_t)(bits >> 16 | 0x40u);
    return (uint16_t)((bits + 0x7fffu + (bits >> 16 & 1u)) >> 16);
}
static inline vf vf_load_f16_part(const uint16_t *p, int n) { return (void)n, vf_from_f16(*p); }
static inline vf vf_load_bf16_part(const uint16_t *p, int n) { return (void)n, vf_from_bf16(*p); }
static inline void vf_store_f16_part(uint16_t *p, vf v, int n) { (void)n, *p = vf_to_f16(v); }
static inline void vf_store_bf16_part(uint16_t *p, vf v, int n) { (void)n, *p = vf_to_bf16(v); }

static inline vi vi_load_part(const int32_t *p, int n) { return (void)n, *p; }
static inline vi vi_set(int32_t c) { return c; }
static inline vi vi_add(vi a, vi b) { return (int32_t)((uint32_t)a + (uint32_t)b); }
static inline vi vi_sub(vi a, vi b) { return (int32_t)((uint32_t)a - (uint32_t)b); }
static inline vi vi_mul(vi a, vi b) { return (int32_t)((uint32_t)a * (uint32_t)b); }
static inline vf vf_from_vi(vi a) { return (float)a; }
static inline vi vi_quantise(vf a) {
    return a == a ? (int32_t)lrintf(fminf(65536.0f, fmaxf(-65536.0f, a))) : 0;
}
static inline void vi_store8_part(unsigned char *p, vi v, int is_signed, int n) {
    int32_t low = is_signed ? -128 : 0;
    (void)n;
    *p = (unsigned char)(v < low ? low : v > low + 255 ? low + 255 : v);
}

#define TILE_GROUP_f32 1
#define TILE_A_f32 HONE_A_F32
typedef vf tile_acc_f32;
static inline vf tile_zero_f32(void) { return 0.0f; }
static inline vf tile_b_f32(const void *p) { return *(const float *)p; }
static inline vf tile_a_f32(const void *p) { return *(const float *)p; }
static inline vf tile_mul_f32(vf acc, vf a, vf b) { return acc + a * b; }

#define TILE_GROUP_f16 1
#define TILE_A_f16 HONE_A_F32
typedef vf tile_acc_f16;
static inline vf tile_zero_f16(void) { return 0.0f; }
static inline vf tile_b_f16(const void *p) { return vf_from_f16(*(const uint16_t *)p); }
static inline vf tile_a_f16(const void *p) { return *(const float *)p; }
static inline vf tile_mul_f16(vf acc, vf a, vf b) { return acc + a * b; }

#define TILE_GROUP_bf16 1
#define TILE_A_bf16 HONE_A_F32
typedef vf tile_acc_bf16;
static inline vf tile_zero_bf16(void) { return 0.0f; }
static inline vf tile_b_bf16(const void *p) { return vf_from_bf16(*(const uint16_t *)p); }
static inline vf tile_a_bf16(const void *p) { return *(const float *)p; }
static inline vf tile_mul_bf16(vf acc, vf a, vf b) { return acc + a * b; }

#define TILE_GROUP_s8 1
#define TILE_A_s8 HONE_A_S16
typedef vi tile_acc_s8;
static inline vi tile_zero_s8(void) { return 0; }
static inline vi tile_b_s8(const void *p) { return *(const int8_t *)p; }
static inline vi tile_a_s8(const void *p) { return *(const int16_t *)p; }
static inline vi tile_mul_s8(vi acc, vi a, vi b) { return acc + a * b; }

#endif

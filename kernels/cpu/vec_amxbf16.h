/*
 * AVX-512 with AMX-BF16: tdpbf16ps, 16 x 16 sums of 32 products an instruction,
 * accumulated in f32. It flushes subnormal inputs and results to zero.
 *
 * @lanes 16
 * @base avx512bf16
 * @order 60
 * @arch x86_64|AMD64
 * @flags -mavx512f -mavx512bw -mavx512dq -mavx512vl -mamx-tile -mamx-bf16 -mfma -mf16c -mprefer-vector-width=512
 * @target avx512f,avx512bw,avx512dq,avx512vl,amx-tile,amx-bf16,fma,f16c
 * @needs avx512f avx512bw avx512dq avx512vl avx512bf16 amx_tile amx_bf16 fma3 f16c
 * @amx bf16 32x1 32x2
 */
#ifndef HONE_VEC_H
#define HONE_VEC_H

#define VEC_AVX512_REPLACES_bf16
#include "vec_avx512.h"

#include "amx.inc.h"

#define TILE_GROUP_bf16 2
#define TILE_A_bf16 HONE_A_BF16
#define tile_product_bf16(sums, a, b) _tile_dpbf16ps(sums, a, b)

#endif

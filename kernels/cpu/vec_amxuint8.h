/*
 * AVX-512 with AMX-INT8, for u8 A: tdpbusd, 16 x 16 sums of 64 products an instruction.
 *
 * @lanes 16
 * @base avx512
 * @order 52
 * @arch x86_64|AMD64
 * @flags -mavx512f -mavx512bw -mavx512dq -mavx512vl -mamx-tile -mamx-int8 -mfma -mf16c -mprefer-vector-width=512
 * @target avx512f,avx512bw,avx512dq,avx512vl,amx-tile,amx-int8,fma,f16c
 * @needs avx512f avx512bw avx512dq avx512vl amx_tile amx_int8 fma3 f16c
 * @amx s8 32x1 32x2
 */
#ifndef HONE_VEC_H
#define HONE_VEC_H

#define VEC_AVX512_REPLACES_s8
#include "vec_avx512.h"

#include "amx.inc.h"

#define TILE_GROUP_s8 4
#define TILE_A_s8 HONE_A_U8
#define tile_product_s8(sums, a, b) _tile_dpbusd(sums, a, b)

#endif

/* C in place of the intrinsics that few machines have, included before the generated
 * tiles of their instruction sets (-include): the same vocabularies and templates then
 * run wherever AVX-512 F, BW, DQ and VL do. What the manual calls a fault aborts.
 *
 * Semantics: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2. */
#ifndef HONE_TESTS_EMULATED_H
#define HONE_TESTS_EMULATED_H

#include <float.h>
#include <immintrin.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* An instruction. Called: inlined into every tile they would be a third of the build. */
#define EMULATED static __attribute__((noinline, unused))

/* ---- f32 sums of bf16 products: rounded to nearest even, subnormals taken and given as zeros */

static inline float emulated_flush(float x) { return fabsf(x) < FLT_MIN ? copysignf(0, x) : x; }
static inline float emulated_widen(uint16_t h) {
    uint32_t bits = (uint32_t)h << 16;
    float x;
    memcpy(&x, &bits, sizeof x);
    return emulated_flush(x);
}
static inline float emulated_fma(uint16_t a, uint16_t b, float sum) {
    return emulated_flush(fmaf(emulated_widen(a), emulated_widen(b), emulated_flush(sum)));
}

/* VDPBF16PS: the odd products first. */
EMULATED __m512 emulated_dpbf16_ps(__m512 sum, __m512bh a, __m512bh b) {
    float sums[16];
    uint16_t x[32], y[32];
    memcpy(sums, &sum, sizeof sums);
    memcpy(x, &a, sizeof x);
    memcpy(y, &b, sizeof y);
    for (int i = 0; i < 16; i++)
        sums[i] = emulated_fma(x[2 * i], y[2 * i], emulated_fma(x[2 * i + 1], y[2 * i + 1], sums[i]));
    return _mm512_loadu_ps(sums);
}
/* VCVTNEPS2BF16: to nearest even, subnormals taken as zeros, NaN made quiet. */
EMULATED __m256bh emulated_cvtneps_pbh(__m512 v) {
    uint32_t bits[16];
    uint16_t out[16];
    __m256bh result;
    memcpy(bits, &v, sizeof bits);
    for (int i = 0; i < 16; i++) {
        uint32_t magnitude = bits[i] & 0x7fffffff, sign = bits[i] & 0x80000000;
        if (magnitude > 0x7f800000)
            out[i] = (uint16_t)(bits[i] >> 16 | 0x40);
        else if (magnitude < 0x00800000)
            out[i] = (uint16_t)(sign >> 16);
        else
            out[i] = (uint16_t)((bits[i] + 0x7fff + (bits[i] >> 16 & 1)) >> 16);
    }
    memcpy(&result, out, sizeof result);
    return result;
}
#undef _mm512_cvtneps_pbh
#define _mm512_cvtneps_pbh emulated_cvtneps_pbh
#undef _mm512_dpbf16_ps
#define _mm512_dpbf16_ps emulated_dpbf16_ps

/* ---- AVX-VNNI */

EMULATED __m256i emulated_dpbusd(__m256i sum, __m256i a, __m256i b) {
    uint32_t sums[8];
    uint8_t x[32];
    int8_t y[32];
    memcpy(sums, &sum, sizeof sums);
    memcpy(x, &a, sizeof x);
    memcpy(y, &b, sizeof y);
    for (int i = 0; i < 32; i++)
        sums[i / 4] += (uint32_t)(x[i] * y[i]);
    return _mm256_loadu_si256((const __m256i *)(const void *)sums);
}
#undef _mm256_dpbusd_avx_epi32
#define _mm256_dpbusd_avx_epi32 emulated_dpbusd

/* ---- AVX512-FP16: one f16 in every lane as f32 */

static inline __m512 emulated_widen_f16(const void *p) {
    int16_t h;
    memcpy(&h, p, sizeof h);
    return _mm512_cvtph_ps(_mm256_set1_epi16(h));
}
#define VEC_WIDEN_ONE_F16 emulated_widen_f16

/* ---- AMX. Rows and bytes a row of a register are 0 until they are loaded. */

enum { EMULATED_TILES = 8, EMULATED_ROWS = 16, EMULATED_BYTES = 64 };

typedef struct emulated_tile {
    int rows, bytes;
    uint8_t data[EMULATED_ROWS][EMULATED_BYTES];
} emulated_tile;

/* One set for all files of tiles, as a thread has. */
__attribute__((weak)) _Thread_local emulated_tile emulated_tiles[EMULATED_TILES];

static inline void emulated_require(int holds, const char *what) {
    if (holds)
        return;
    fprintf(stderr, "AMX: %s\n", what);
    abort();
}

static inline emulated_tile *emulated_tile_of(int t) {
    emulated_require(t >= 0 && t < EMULATED_TILES, "no such register");
    emulated_require(emulated_tiles[t].rows > 0, "a register without a shape is used");
    return &emulated_tiles[t];
}

static inline void emulated_tile_release(void) { memset(emulated_tiles, 0, sizeof emulated_tiles); }

EMULATED void emulated_tile_loadconfig(const void *memory) {
    const uint8_t *from = memory;
    int others = 0;
    for (int i = 1; i < 64; i++) /* start row, reserved, and registers that palette 1 lacks */
        others |= i < 16 || (i >= 32 && i < 48) || i >= 56 ? from[i] : 0;
    emulated_require(from[0] == 1 && others == 0, "the shapes have reserved bits");
    emulated_tile_release();
    for (int t = 0; t < EMULATED_TILES; t++) {
        int rows = from[48 + t], bytes = from[16 + 2 * t] | from[17 + 2 * t] << 8;
        emulated_require(rows <= EMULATED_ROWS && bytes <= EMULATED_BYTES, "a shape is too large");
        emulated_require((rows == 0) == (bytes == 0), "a shape is half given");
        emulated_tiles[t].rows = rows;
        emulated_tiles[t].bytes = bytes;
    }
}

EMULATED void emulated_tile_loadd(int t, const void *base, int64_t stride) {
    emulated_tile *tile = emulated_tile_of(t);
    for (int i = 0; i < tile->rows; i++)
        memcpy(tile->data[i], (const char *)base + i * stride, (size_t)tile->bytes);
}

EMULATED void emulated_tile_stored(int t, void *base, int64_t stride) {
    const emulated_tile *tile = emulated_tile_of(t);
    for (int i = 0; i < tile->rows; i++)
        memcpy((char *)base + i * stride, tile->data[i], (size_t)tile->bytes);
}

EMULATED void emulated_tile_zero(int t) {
    emulated_tile *tile = emulated_tile_of(t);
    memset(tile->data, 0, sizeof tile->data);
}

/* The product's operands; groups of k are 4 bytes. */
static inline int emulated_shapes(emulated_tile **c, const emulated_tile **a, const emulated_tile **b, int tc,
                                  int ta, int tb) {
    *c = emulated_tile_of(tc);
    *a = emulated_tile_of(ta);
    *b = emulated_tile_of(tb);
    emulated_require(tc != ta && tc != tb && ta != tb, "a product's registers are the same");
    emulated_require((*c)->rows == (*a)->rows && (*c)->bytes == (*b)->bytes && (*a)->bytes == 4 * (*b)->rows,
                     "a product's shapes do not fit");
    emulated_require((*c)->bytes % 4 == 0, "a product's sums are cut");
    return (*b)->rows;
}

EMULATED void emulated_int8(int tc, int ta, int tb, int a_signed) {
    emulated_tile *c;
    const emulated_tile *a, *b;
    int groups = emulated_shapes(&c, &a, &b, tc, ta, tb);
    for (int m = 0; m < c->rows; m++) {
        uint32_t sums[EMULATED_BYTES / 4];
        memcpy(sums, c->data[m], sizeof sums);
        for (int k = 0; k < 4 * groups; k++) {
            int x = a_signed ? (int8_t)a->data[m][k] : a->data[m][k];
            for (int n = 0; n < c->bytes / 4; n++)
                sums[n] += (uint32_t)(x * (int8_t)b->data[k / 4][4 * n + k % 4]);
        }
        memcpy(c->data[m], sums, sizeof sums);
    }
}
static inline void emulated_tile_dpbssd(int c, int a, int b) { emulated_int8(c, a, b, 1); }
static inline void emulated_tile_dpbusd(int c, int a, int b) { emulated_int8(c, a, b, 0); }

/* TDPBF16PS: even and odd products are summed by themselves, from zero, and then added. */
EMULATED void emulated_tile_dpbf16ps(int tc, int ta, int tb) {
    emulated_tile *c;
    const emulated_tile *a, *b;
    int groups = emulated_shapes(&c, &a, &b, tc, ta, tb);
    for (int m = 0; m < c->rows; m++) {
        float sums[EMULATED_BYTES / 4], parts[EMULATED_BYTES / 4][2] = {{0}};
        uint16_t x[EMULATED_BYTES / 2], y[EMULATED_BYTES / 2];
        memcpy(sums, c->data[m], sizeof sums);
        memcpy(x, a->data[m], sizeof x);
        for (int k = 0; k < groups; k++) {
            memcpy(y, b->data[k], sizeof y);
            for (int i = 0; i < c->bytes / 2; i++)
                parts[i / 2][i % 2] = emulated_fma(x[2 * k + i % 2], y[i], parts[i / 2][i % 2]);
        }
        for (int n = 0; n < c->bytes / 4; n++)
            sums[n] = emulated_flush(emulated_flush(sums[n]) + emulated_flush(parts[n][0] + parts[n][1]));
        memcpy(c->data[m], sums, sizeof sums);
    }
}

#undef _tile_loadconfig
#undef _tile_release
#undef _tile_loadd
#undef _tile_stream_loadd
#undef _tile_stored
#undef _tile_zero
#undef _tile_dpbssd
#undef _tile_dpbusd
#undef _tile_dpbf16ps
#define _tile_loadconfig   emulated_tile_loadconfig
#define _tile_release      emulated_tile_release
#define _tile_loadd        emulated_tile_loadd
#define _tile_stream_loadd emulated_tile_loadd
#define _tile_stored       emulated_tile_stored
#define _tile_zero         emulated_tile_zero
#define _tile_dpbssd       emulated_tile_dpbssd
#define _tile_dpbusd       emulated_tile_dpbusd
#define _tile_dpbf16ps     emulated_tile_dpbf16ps

#endif

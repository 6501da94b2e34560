/* The vocabulary of kernels/cuda/vocabulary.cuh on a host, for kernels that the emulated NVRTC compiles as C. A thread
 * is a fiber of the emulated driver; what a warp does together, the last of its lanes to arrive does for all.
 *
 * Instructions follow the PTX ISA's descriptions of fragments; sums of f32 products are rounded towards zero, which
 * tensor cores are not better than. Shared memory and registers of copies hold NaNs until something arrives there. */
#ifndef HONE_CUDA_EMULATED_H
#define HONE_CUDA_EMULATED_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "emulator.h"

hone_emulator *hone_emulated; /* set by the driver when it loads a module */

#define VF_TABLE static const
#define __grid_constant__
/* `name`_threads is what the kernel was compiled for. */
#define KERNEL(name, threads)                                                                                \
    const int name##_threads = threads;                                                                      \
    static void name##_body(hone_cuda_call call);                                                            \
    void name(const void *parameter) { name##_body(*(const hone_cuda_call *)parameter); }                    \
    static void name##_body(hone_cuda_call call)
#define THREAD      (hone_emulated->thread)
#define BLOCK_X     (hone_emulated->block_x)
#define BLOCK_Z     (hone_emulated->block_z)
#define hone_shared (hone_emulated->shared)

static inline void block_sync(void) { hone_emulated->block_sync(); }

static inline int bits_of(float x) {
    int bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}
static inline float float_of(int bits) {
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}
static inline float half_value(unsigned short bits) { return hone_emulated->half_value(bits); }
static inline unsigned short half_bits(float x) { return hone_emulated->half_bits(x); }
static inline float bfloat_value(unsigned short bits) { return float_of((int)((unsigned)bits << 16)); }

static inline word tf32_bits(float x) {
    const word bits = (word)bits_of(x);
    return (bits & 0x7f800000u) == 0x7f800000u ? bits : (bits + 0x1000u) & ~0x1fffu;
}

static inline int dot4(int sum, word a, word b, int a_signed) {
    for (int i = 0; i < 4; i++) {
        const int x = a_signed ? (signed char)(a >> 8 * i) : (unsigned char)(a >> 8 * i);
        sum += x * (signed char)(b >> 8 * i);
    }
    return sum;
}
static inline int dot4_s8(int sum, word a, word b) { return dot4(sum, a, b, 1); }
static inline int dot4_u8(int sum, word a, word b) { return dot4(sum, a, b, 0); }

/* ---- what a warp does together: `lanes` are 32 of the structs that its lanes gave */

typedef struct {
    int value, mask, result;
} emulated_shuffle;
static inline void shuffle_warp(void **lanes) {
    for (int l = 0; l < 32; l++) {
        emulated_shuffle *s = lanes[l];
        s->result = ((emulated_shuffle *)lanes[l ^ s->mask])->value;
    }
}
static inline int shuffle_xor(int value, int mask) {
    emulated_shuffle s = {value, mask, 0};
    hone_emulated->together(&s, shuffle_warp);
    return s.result;
}

typedef struct {
    word *to;
    const word *row;
} emulated_ldmatrix;
static inline void ldmatrix_warp(void **lanes) {
    for (int l = 0; l < 32; l++)
        for (int matrix = 0; matrix < 4; matrix++) {
            const emulated_ldmatrix *from = lanes[8 * matrix + l / 4];
            ((emulated_ldmatrix *)lanes[l])->to[matrix] = from->row[l % 4];
        }
}
static inline void ldmatrix4(word r[4], const void *row) {
    emulated_ldmatrix m = {r, (const word *)row};
    if ((uintptr_t)row % 16)
        hone_emulated->fail("ldmatrix of a row that does not begin at 16 bytes");
    hone_emulated->together(&m, ldmatrix_warp);
}

#ifdef MMA_KIND
static inline float towards_zero(double x) {
    const float nearest = (float)x;
    return fabs((double)nearest) > fabs(x) ? nextafterf(nearest, 0.0f) : nearest;
}

/* d + the products of the words at the same k of a row of a and a column of b. */
#if MMA_KIND == MMA_S8 || MMA_KIND == MMA_U8
typedef int mma_sum;
static inline mma_sum mma_words(mma_sum d, const word *a, const word *b) {
    for (int k = 0; k < 8; k++)
        d = dot4(d, a[k], b[k], MMA_KIND == MMA_S8);
    return d;
}
#else
typedef float mma_sum;
static inline mma_sum mma_words(mma_sum d, const word *a, const word *b) {
    double sum = d;
    for (int k = 0; k < 8; k++) {
#if MMA_KIND == MMA_TF32
        sum += (double)float_of((int)(a[k] & ~0x1fffu)) * float_of((int)(b[k] & ~0x1fffu));
#else
        for (int half = 0; half < 32; half += 16) {
            const unsigned short x = (unsigned short)(a[k] >> half), y = (unsigned short)(b[k] >> half);
            sum += MMA_KIND == MMA_F16 ? (double)half_value(x) * half_value(y)
                                       : (double)bfloat_value(x) * bfloat_value(y);
        }
#endif
    }
    return towards_zero(sum);
}
#endif

typedef struct {
    mma_sum *d;
    const word *a, *b;
} emulated_mma;
static inline void mma_warp(void **lanes) {
    word a[16][8], b[8][8];
    for (int l = 0; l < 32; l++) {
        const emulated_mma *m = lanes[l];
        const int g = l / 4, t = l % 4;
        for (int i = 0; i < 4; i++)
            a[g + i % 2 * 8][t + i / 2 * 4] = m->a[i];
        for (int i = 0; i < 2; i++)
            b[g][t + i * 4] = m->b[i];
    }
    for (int l = 0; l < 32; l++) {
        mma_sum *const d = ((emulated_mma *)lanes[l])->d;
        for (int i = 0; i < 4; i++)
            d[i] = mma_words(d[i], a[l / 4 + i / 2 * 8], b[l % 4 * 2 + i % 2]);
    }
}
static inline void mma(mma_sum d[4], const word a[4], const word b[2]) {
    emulated_mma m = {d, a, b};
    hone_emulated->together(&m, mma_warp);
}
#endif

/* ---- copies that have not arrived before they are waited for */

static inline void cp_async16(void *to, const void *from, int bytes) {
    if ((uintptr_t)to % 16 || (uintptr_t)from % 16 || bytes < 0 || bytes > 16)
        hone_emulated->fail("cp.async from or to an address that is not a multiple of 16 bytes");
    hone_emulated->copy(to, from, bytes);
}
static inline void cp_async_commit(void) { hone_emulated->copy_commit(); }
#define cp_async_wait(n) hone_emulated->copy_wait(n)

#endif

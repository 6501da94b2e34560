/* The vocabulary of kernels/cuda/vocabulary.cuh on a host, for kernels that the emulated NVRTC compiles as C.
 * A thread is a fiber of the emulated driver; what a warp does together, the last of its lanes to arrive does
 * for all.
 *
 * Instructions follow the PTX ISA's descriptions of fragments; sums of f32 products are rounded towards zero,
 * which tensor cores are not better than. Shared memory and registers of copies hold NaNs until something
 * arrives there. */
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
#define CLUSTER_KERNEL(name, threads, cluster)                                                               \
    const int name##_cluster = cluster;                                                                      \
    KERNEL(name, threads)
#define THREAD       (hone_emulated->thread)
#define BLOCK_X      (hone_emulated->block_x)
#define BLOCK_Z      (hone_emulated->block_z)
#define GRID_X       (hone_emulated->grid_x)
#define CLUSTER_RANK (hone_emulated->rank)
#define hone_shared  (hone_emulated->shared)

/* As an offset, as if shared memory began at 0. */
static inline word shared_address(const void *p) { return (word)((const unsigned char *)p - hone_shared); }

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
static inline float reciprocal(float x) { return 1.0f / x; }
static inline float power_of_two(float x) { return exp2f(x); }
static inline float read_float(const float *p) { return *p; }
static inline int read_int(const int *p) { return *p; }
static inline void read_four(word to[4], const void *from) {
    if ((uintptr_t)from % 16)
        hone_emulated->fail("four words that do not begin at 16 bytes are read");
    memcpy(to, from, 16);
}
static inline int uniform(int x) { return x; }
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

/* ---- sm_90a */

typedef union {
    unsigned long long bits;
    struct {
        unsigned short pending, count;
        int bytes; /* that are still to come */
    };
} barrier_state;
typedef unsigned long long barrier; /* the highest bit of `count` is the phase's parity */
enum { BARRIER_PARITY = 0x8000 };

static inline void barrier_turn(barrier *b) {
    barrier_state *s = (barrier_state *)b;
    if (s->pending || s->bytes)
        return;
    s->count ^= BARRIER_PARITY;
    s->pending = s->count & (BARRIER_PARITY - 1);
    hone_emulated->progress();
}
static inline void barrier_init(barrier *b, int count) {
    *(barrier_state *)b = (barrier_state){.pending = (unsigned short)count, .count = (unsigned short)count};
}
static inline void barrier_init_fence(void) {}
static inline void barrier_expect(barrier *b, int bytes) {
    barrier_state *s = (barrier_state *)b;
    if (!s->pending)
        hone_emulated->fail("more threads arrive at a barrier than it waits for");
    s->bytes += bytes;
    s->pending--;
    barrier_turn(b);
}
static inline void barrier_arrive(barrier *b) { barrier_expect(b, 0); }
static inline void barrier_wait(barrier *b, int parity) {
    while (!!(((barrier_state *)b)->count & BARRIER_PARITY) == parity)
        hone_emulated->leave_turn();
}

/* Bits 7 to 9 of an address exchange the 16-byte chunks of a row of 128. */
static inline unsigned swizzled(unsigned at) { return at ^ (at >> 3 & 0x70); }

/* In the shared memory of another block of the cluster. */
static inline void *in_block(void *p, int rank) { return hone_emulated->shared_of[rank] + shared_address(p); }

static inline void cluster_sync(void) { hone_emulated->cluster_sync(); }
static inline void barrier_arrive_at(barrier *b, int rank) { barrier_arrive((barrier *)in_block(b, rank)); }

typedef struct {
    unsigned char *shared; /* of the block that it goes to */
    const hone_emulated_map *map;
    unsigned to, full; /* there */
    int x, y;
} emulated_tma;
static inline void tma_copy(void *what) {
    const emulated_tma *t = (const emulated_tma *)what;
    const hone_emulated_map *m = t->map;
    for (int r = 0; r < m->box_rows; r++)
        for (int c = 0; c < m->box_columns; c++) {
            const int there = t->y + r < m->rows && t->x + c < m->columns;
            unsigned char *to = t->shared + swizzled(t->to + (unsigned)(r * 128 + c * m->element));
            if (there)
                memcpy(to, m->at + (t->y + r) * m->pitch + (long long)(t->x + c) * m->element,
                       (size_t)m->element);
            else
                memset(to, 0, (size_t)m->element);
        }
    barrier *const full = (barrier *)(t->shared + t->full);
    ((barrier_state *)full)->bytes -= m->box_rows * 128;
    barrier_turn(full);
}
static inline void tma_load_to(int rank, void *to, const hone_tensor_map *map, int x, int y, barrier *b) {
    const emulated_tma t = {hone_emulated->shared_of[rank],
                            (const hone_emulated_map *)map,
                            shared_address(to),
                            shared_address(b),
                            x,
                            y};
    if (shared_address(to) % 1024)
        hone_emulated->fail(
            "TMA with a swizzle of 128 bytes to an address that is not a multiple of 1024 bytes");
    hone_emulated->later(&t, sizeof t, tma_copy);
}
static inline void tma_load(void *to, const hone_tensor_map *map, int x, int y, barrier *b) {
    tma_load_to(CLUSTER_RANK, to, map, x, y, b);
}
static inline void tma_load_all(void *to, const hone_tensor_map *map, int x, int y, barrier *b, int blocks) {
    for (int rank = 0; rank < blocks; rank++)
        tma_load_to(rank, to, map, x, y, b);
}

#define wgmma_settled(d, count)
#define registers_fewer(n)
#define registers_more(n)

#ifdef MMA_KIND
typedef mma_sum wgmma_sum;
enum { MAX_WGMMA = 256 };
typedef struct {
    mma_sum *d;
    const word *rows; /* a, in registers; NULL: it is in shared memory */
    unsigned long long a, b;
    int n, group;
} emulated_wgmma;

/* What a thread has started and not waited for. */
typedef struct {
    emulated_wgmma list[MAX_WGMMA];
    int first, count, group, limit;
} wgmma_list;
static wgmma_list *wgmma_lists[8][1024]; /* of blocks of a cluster */
static inline wgmma_list *my_wgmmas(void) {
    wgmma_list **l = &wgmma_lists[CLUSTER_RANK][THREAD];
    if (!*l && !(*l = hone_emulated->zeroed(sizeof **l)))
        hone_emulated->fail("no memory");
    return *l;
}
static inline void wgmma_start(mma_sum *d, const word *rows, unsigned long long a, unsigned long long b, int n) {
    wgmma_list *l = my_wgmmas();
    if (l->first == l->count)
        l->first = l->count = 0;
    if (l->count == MAX_WGMMA)
        hone_emulated->fail("too many wgmma are waited for");
    if ((a ^ SWIZZLED_MATRIX(hone_shared)) >> 14 || (b ^ SWIZZLED_MATRIX(hone_shared)) >> 14)
        hone_emulated->fail("wgmma with a descriptor that is not emulated");
    l->list[l->count++] = (emulated_wgmma){d, rows, a, b, n, l->group};
}
#define wgmma_fence()
static inline void wgmma_commit(void) { my_wgmmas()->group++; }

/* Eight words of a row that tma_load left in shared memory. */
static inline void descriptor_row(word to[8], unsigned long long descriptor, int row) {
    const unsigned at = (unsigned)(descriptor & 0x3fff) << 4;
    for (unsigned k = 0; k < 8; k++)
        memcpy(&to[k], hone_shared + swizzled(at + (unsigned)(row / 8 * 1024 + row % 8 * 128) + 4 * k), 4);
}
static inline void wgmma_run(void **lanes, int index) {
    const emulated_wgmma *first = &((wgmma_list *)lanes[0])->list[index];
    word a[64][8], b[256][8];
    for (int r = 0; r < 64 && !first->rows; r++)
        descriptor_row(a[r], first->a, r);
    for (int t = 0; t < 128 && first->rows; t++) {
        const emulated_wgmma *w = &((wgmma_list *)lanes[t])->list[index];
        for (int i = 0; i < 4; i++)
            a[t / 32 * 16 + t % 32 / 4 + i % 2 * 8][t % 4 + i / 2 * 4] = w->rows[i];
    }
    for (int c = 0; c < first->n; c++)
        descriptor_row(b[c], first->b, c);
    for (int t = 0; t < 128; t++) {
        const emulated_wgmma *w = &((wgmma_list *)lanes[t])->list[index];
        if (w->a != first->a || w->b != first->b)
            hone_emulated->fail("threads of a warpgroup multiply different matrices");
        const int row = t / 32 * 16 + t % 32 / 4, column = t % 4 * 2;
        for (int i = 0; i < w->n / 2; i++)
            w->d[i] = mma_words(w->d[i], a[row + i / 2 % 2 * 8], b[i / 4 * 8 + column + i % 2]);
    }
}
static inline void wgmma_group(void **lanes) {
    const wgmma_list *l = lanes[0];
    int index = l->first;
    for (; index < l->count && l->list[index].group < l->limit; index++)
        wgmma_run(lanes, index);
    for (int t = 0; t < 128; t++)
        ((wgmma_list *)lanes[t])->first = index;
}
static inline void wgmma_wait(int groups) {
    wgmma_list *l = my_wgmmas();
    l->limit = l->group - groups;
    hone_emulated->group_together(l, wgmma_group);
}
#define WGMMA_DEFINE(n)                                                                                      \
    static inline void wgmma_##n(mma_sum *d, unsigned long long a, unsigned long long b) {                   \
        wgmma_start(d, NULL, a, b, n);                                                                       \
    }                                                                                                        \
    static inline void wgmma_rows_##n(mma_sum *d, const word a[4], unsigned long long b) {                   \
        wgmma_start(d, a, SWIZZLED_MATRIX(hone_shared), b, n);                                               \
    }
WGMMA_DEFINE(64)
WGMMA_DEFINE(96)
WGMMA_DEFINE(128)
WGMMA_DEFINE(160)
WGMMA_DEFINE(192)
WGMMA_DEFINE(224)
WGMMA_DEFINE(256)
#endif

#endif

/* Sums become C: dequantise, bias, activation, round, store. */
#include "act_vec.h"

/* Where the vectors of a call lie in one buffer: bias, alpha and scales of columns, scales and zero points
 * of A. */
#define ROW_VALUES(call)          (ROW_SCALE ? (call)->m : 1)
#define VECTOR_BIAS(v, call)      (v)
#define VECTOR_ALPHA(v, call)     ((v) + (call)->n)
#define VECTOR_B_SCALE(v, call)   ((v) + 2 * (long)(call)->n)
#define VECTOR_A_SCALE(v, call)   ((v) + 3 * (long)(call)->n)
#define VECTOR_A_ZERO(v, call)    ((__global const int *)((v) + 3 * (long)(call)->n + ROW_VALUES(call)))

#if IS_S8
typedef vi vsum;
#define SUM_ZERO vi_set(0)
#define VEC_GET_SUM vec_get_s32
#define VEC_PUT_SUM vec_put_s32
#else
typedef vf vsum;
#define SUM_ZERO vf_set(0.0f)
#define VEC_GET_SUM vec_get_f32
#define VEC_PUT_SUM vec_put_f32
#endif

/* The first n of a vector of sums as real numbers, with the bias. */
static inline vf sum_value(vsum sum, __global const void *b, __global const float *vectors, const hone_call *q,
                           int row, int column, int n) {
    vf bias = BIAS ? vec_get_f32(VECTOR_BIAS(vectors, q) + column, n) : vf_set(0.0f);
#if IS_S8
    const int at = ROW_SCALE ? row : 0;
    const int zero = VECTOR_A_ZERO(vectors, q)[at] + SHIFT_A;
    __global const int *sums = (__global const int *)((__global const char *)b + q->column_sums);
    vf scale = vf_set(VECTOR_A_SCALE(vectors, q)[at]) * vec_get_f32(VECTOR_B_SCALE(vectors, q) + column, n);
    return vf_fma(vf_from_vi(sum - vi_set(zero) * vec_get_s32(sums + column, n)), scale, bias);
#else
    return sum + bias;
#endif
}

/* A vector of C that starts at (row, column), of which n lanes are inside. */
static inline void finish(vsum sum, __global const void *b, __global void *c, __global const float *vectors,
                          const hone_call *q, int row, int column, int n) {
    vf p = PER_COLUMN ? vec_get_f32(VECTOR_ALPHA(vectors, q) + column, n) : vf_set(q->p);
    vf y = ACT(sum_value(sum, b, vectors, q, row, column, n), p, vf_set(q->q));
    store_value(c, (long)row * q->ldc + column, y, q->c_inverse, q->c_zero, n);
}

/* The first n of a vector of sums, to C or, of one of several parts of K, to where `reduce` adds them up. */
static inline void leave(vsum sum, __global const void *b, __global void *c, __global const float *vectors,
                         __global void *split_sums, const hone_call *q, int split, int row, int column, int n) {
#if SPLITS > 1
    VEC_PUT_SUM((__global void *)((__global int *)split_sums + ((long)split * q->m + row) * q->n + column), sum,
                n);
#else
    finish(sum, b, c, vectors, q, row, column, n);
#endif
}

/* A work-item's tile of sums whose first row and column are given. Tiles at the edges, and all with BUFFERED,
 * loop over sums in memory: one copy of the activation's code instead of one a vector. */
static inline void tile_leave(vsum sums[TILE_ROWS][TILE_VECTORS], __global const void *b, __global void *c,
                              __global const float *vectors, __global void *split_sums, const hone_call *q,
                              int split, int row0, int column0) {
    const int rows = min(q->m - row0, TILE_ROWS), across = LOCAL_X * VEC_LANES;
#if !BUFFERED
    if (rows == TILE_ROWS && column0 + (TILE_VECTORS - 1) * across + VEC_LANES <= q->n) {
#pragma unroll
        for (int i = 0; i < TILE_ROWS; i++)
#pragma unroll
            for (int j = 0; j < TILE_VECTORS; j++)
                leave(sums[i][j], b, c, vectors, split_sums, q, split, row0 + i, column0 + j * across, VEC_LANES);
        return;
    }
#endif
    vsum buffer[TILE_ROWS * TILE_VECTORS];
#pragma unroll
    for (int i = 0; i < TILE_ROWS; i++)
#pragma unroll
        for (int j = 0; j < TILE_VECTORS; j++)
            buffer[i * TILE_VECTORS + j] = sums[i][j];
    for (int at = 0; at < rows * TILE_VECTORS; at++) {
        const int column = column0 + at % TILE_VECTORS * across, n = min(q->n - column, VEC_LANES);
        if (n > 0)
            leave(buffer[at], b, c, vectors, split_sums, q, split, row0 + at / TILE_VECTORS, column, n);
    }
}

#if SPLITS > 1
/* A work-item a vector of C: dimension 0 is columns, 1 rows. */
__kernel void reduce(__global const void *b, __global void *c, __global const float *vectors,
                     __global const int *split_sums, hone_call call) {
    const int column = get_global_id(0) * VEC_LANES, row = get_global_id(1), n = min(call.n - column, VEC_LANES);
    vsum sum = SUM_ZERO;
    if (n <= 0 || row >= call.m)
        return;
    for (int s = 0; s < SPLITS; s++)
        sum += VEC_GET_SUM((__global const void *)(split_sums + ((long)s * call.m + row) * call.n + column), n);
    finish(sum, b, c, vectors, &call, row, column, n);
}
#endif

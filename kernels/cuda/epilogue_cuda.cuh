/* Sums become C: dequantise, bias, activation, round, store. */
#include "act_vec.h"

/* What belongs to a column of C. */
typedef struct {
    float bias, alpha, scale;
    int sum;
} column_values;

static inline column_values values_of_column(const hone_cuda_call *q, int column) {
    const int at = least(column, q->n - 1);
    column_values v;
    v.bias = BIAS ? read_float(q->bias + at) : 0.0f;
    v.alpha = PER_COLUMN ? read_float(q->alpha + at) : q->p;
    v.scale = IS_S8 ? read_float(q->b_scale + at) : 1.0f;
    v.sum = IS_S8 ? read_int(q->column_sums + at) : 0;
    return v;
}

/* Of `count` columns, four or eight, from a multiple of it on. The vectors of a call of gemm are filled up (cuda_plan.c), so
 * that they are read by fours; where all columns are beyond N, it is the last ones that are read. */
static inline void values_of_columns(column_values *v, const hone_cuda_call *q, int column, int count) {
    const int at = least(column, (q->n - 1) / count * count);
#pragma unroll
    for (int i = 0; i < count; i += 4) {
        word bias[4], alpha[4], scale[4], sum[4];
        if (BIAS)
            read_four(bias, q->bias + at + i);
        if (PER_COLUMN)
            read_four(alpha, q->alpha + at + i);
        if (IS_S8) {
            read_four(scale, q->b_scale + at + i);
            read_four(sum, q->column_sums + at + i);
        }
#pragma unroll
        for (int l = 0; l < 4; l++) {
            v[i + l].bias = BIAS ? float_of((int)bias[l]) : 0.0f;
            v[i + l].alpha = PER_COLUMN ? float_of((int)alpha[l]) : q->p;
            v[i + l].scale = IS_S8 ? float_of((int)scale[l]) : 1.0f;
            v[i + l].sum = IS_S8 ? (int)sum[l] : 0;
        }
    }
}

static inline float value_of_sum(vsum sum, const column_values *v, const hone_cuda_call *q, int row) {
#if IS_S8
    const int at = ROW_SCALE ? row : 0;
    const float x = fmaf((float)(sum - read_int(q->a_zero + at) * v->sum), read_float(q->a_scale + at) * v->scale, v->bias);
#else
    const float x = sum + v->bias;
#endif
    return ACT(x, v->alpha, q->q);
}

#if C_TYPE == TYPE_F32
#define C_BYTES 4
typedef float c_element;
static inline c_element c_rounded(float y, const hone_cuda_call *q) { return y; }
#elif C_TYPE == TYPE_F16
#define C_BYTES 2
typedef unsigned short c_element;
static inline c_element c_rounded(float y, const hone_cuda_call *q) { return half_bits(y); }
#elif C_TYPE == TYPE_BF16
#define C_BYTES 2
typedef unsigned short c_element;
static inline c_element c_rounded(float y, const hone_cuda_call *q) {
    const word bits = (word)bits_of(y), high = bits >> 16;
    return (c_element)((bits & 0x7fffffffu) > 0x7f800000u ? high | 0x40 : (bits + 0x7fff + (high & 1)) >> 16);
}
#else
#define C_BYTES 1
#define C_LEAST (C_TYPE == TYPE_S8 ? -128 : 0)
typedef unsigned char c_element;
/* To the nearest even, saturated; NaN, which 8 bits cannot hold, gives the zero point. A float of 1.5 * 2^23 and more has
 * units for its last place: adding it rounds, in a quarter of the time of a conversion. */
static inline c_element c_rounded(float y, const hone_cuda_call *q) {
    const float scaled = y * q->c_inverse, limited = vf_min(1024.0f, vf_max(-1024.0f, scaled)), units = 12582912.0f;
    const int i = (scaled == scaled ? bits_of(limited + units) - bits_of(units) : 0) + q->c_zero;
    return (c_element)(i < C_LEAST ? C_LEAST : i > C_LEAST + 255 ? C_LEAST + 255 : i);
}
#endif

/* Up to eight elements of a row of C, stored 16 bytes at once where they are aligned. */
#define MOST_LEFT 8
typedef union {
    c_element e[MOST_LEFT];
    unsigned short h;
    word w;
    unsigned long long d;
    quad q[MOST_LEFT * C_BYTES / 16 + 1];
} c_bundle;

static inline void store_row(const hone_cuda_call *q, int row, int column, const c_bundle *y, int count) {
    c_element *to = (c_element *)q->c + (long long)row * q->ldc + column;
    const int bytes = count * C_BYTES;
    if (bytes > 1 && q->c_aligned && column + count <= q->n) {
        if (bytes == 8)
            *(unsigned long long *)to = y->d;
        else if (bytes == 4)
            *(word *)to = y->w;
        else if (bytes == 2)
            *(unsigned short *)to = y->h;
#pragma unroll
        for (int i = 0; i < bytes / 16; i++)
            ((quad *)to)[i] = y->q[i];
        return;
    }
#pragma unroll
    for (int i = 0; i < count; i++)
        if (column + i < q->n)
            to[i] = y->e[i];
}

#if SPLITS > 1
/* Where the sums of a part of K are, from a column on. */
static inline int *sums_at(const hone_cuda_call *q, int part, int row, int column) {
    return q->sums + ((long long)part * q->m + row) * q->n + column;
}
/* Whether `count` sums from a multiple of it on may be moved by fours. */
static inline int by_fours(const hone_cuda_call *q, int column, int count) {
    return count % 4 == 0 && q->n % 4 == 0 && column + count <= q->n;
}

static inline void leave_sums(const hone_cuda_call *q, int row, int column, const vsum *sums, int count) {
    int *to = sums_at(q, BLOCK_Z, row, column);
    if (by_fours(q, column, count)) {
#pragma unroll
        for (int i = 0; i < count / 4; i++) {
            quad four;
#pragma unroll
            for (int l = 0; l < 4; l++)
                four.w[l] = (word)sum_bits(sums[4 * i + l]);
            ((quad *)to)[i] = four;
        }
        return;
    }
#pragma unroll
    for (int i = 0; i < count; i++)
        if (column + i < q->n)
            to[i] = sum_bits(sums[i]);
}
#endif

/* `count` sums (1, 2, 4 or 8) of a row that begin at a multiple of `count`, to C or, of one of several parts of K, to
 * where `reduce` adds them up. */
static inline void leave(const hone_cuda_call *q, int row, int column, const vsum *sums,
                         const column_values *values, int count) {
    if (row >= q->m || column >= q->n)
        return;
#if SPLITS > 1
    leave_sums(q, row, column, sums, count);
#else
    c_bundle y;
#pragma unroll
    for (int i = 0; i < count; i++)
        y.e[i] = c_rounded(value_of_sum(sums[i], &values[i], q, row), q);
    store_row(q, row, column, &y, count);
#endif
}

#if HAND
/* A thread's sums of a row of a hand, which fragments of mma have by twos: its HAND / 4 neighbours in C. `apart`: from one
 * fragment's sums to the next one's. */
static inline void leave_hand(const hone_cuda_call *q, int row, int column, const vsum *sums, int apart,
                              const column_values *values) {
    vsum own[HAND / 4];
#pragma unroll
    for (int i = 0; i < HAND / 4; i++)
        own[i] = sums[i / 2 * apart + i % 2];
    leave(q, row, column, own, values, HAND / 4);
}
#endif

#if SPLITS > 1
/* A thread four elements of a row of C. */
KERNEL(reduce, 256) {
    const unsigned at = BLOCK_X * 256 + THREAD, across = pieces(call.n, 4);
    const int row = (int)(at / across), column = (int)(at % across) * 4;
    vsum sums[4] = {0, 0, 0, 0};
    c_bundle y;
    if (row >= call.m)
        return;
#pragma unroll
    for (int part = 0; part < SPLITS; part++) {
        const int *from = sums_at(&call, part, row, column);
        quad four;
        if (by_fours(&call, column, 4))
            four = *(const quad *)from;
        else
            for (int l = 0; l < 4; l++)
                four.w[l] = (word)from[least(l, call.n - 1 - column)];
#pragma unroll
        for (int l = 0; l < 4; l++)
            sums[l] += sum_of((int)four.w[l]);
    }
    column_values values[4];
    values_of_columns(values, &call, column, 4);
#pragma unroll
    for (int l = 0; l < 4; l++)
        y.e[l] = c_rounded(value_of_sum(sums[l], &values[l], &call, row), &call);
    store_row(&call, row, column, &y, 4);
}
#endif

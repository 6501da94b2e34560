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
/* To the nearest even, saturated; NaN, which 8 bits cannot hold, gives the zero point. */
static inline c_element c_rounded(float y, const hone_cuda_call *q) {
    const float scaled = y * q->c_inverse, limited = vf_min(65536.0f, vf_max(-65536.0f, scaled));
    const int i = (scaled == scaled ? (int)rintf(limited) : 0) + q->c_zero;
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

/* `count` sums (1, 2, 4 or 8) of a row that begin at a multiple of `count`, to C or, of one of several parts of K, to
 * where `reduce` adds them up. */
static inline void leave(const hone_cuda_call *q, int row, int column, const vsum *sums,
                         const column_values *values, int count) {
    if (row >= q->m || column >= q->n)
        return;
#if SPLITS > 1
    int *to = q->sums + ((long long)BLOCK_Z * q->m + row) * q->n + column;
#pragma unroll
    for (int i = 0; i < count; i++)
        if (column + i < q->n)
            to[i] = sum_bits(sums[i]);
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
/* A thread an element of C. */
KERNEL(reduce, 256) {
    const long long at = (long long)BLOCK_X * 256 + THREAD, size = (long long)call.m * call.n;
    if (at >= size)
        return;
    const int row = (int)(at / call.n), column = (int)(at % call.n);
    const column_values values = values_of_column(&call, column);
    vsum sum = 0;
    c_bundle y;
    for (int s = 0; s < SPLITS; s++)
        sum += sum_of(call.sums[s * size + at]);
    y.e[0] = c_rounded(value_of_sum(sum, &values, &call, row), &call);
    store_row(&call, row, column, &y, 1);
}
#endif

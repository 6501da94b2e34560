/* The separate pass for baselines that cannot fuse: C = act(X + bias), X being in C's place or elsewhere. The host
 * (cuda_pass.c) defines, beside what epilogue_cuda.cuh reads,
 *
 *   X_TYPE   TYPE_F32, also of the s32 sums of 8-bit problems, or the 16-bit type of C */
#if X_TYPE == TYPE_F32
#define X_BYTES 4
typedef word x_element;
static inline vsum x_value(x_element x) { return sum_of((int)x); }
#else
#define X_BYTES 2
typedef unsigned short x_element;
static inline vsum x_value(x_element x) { return X_TYPE == TYPE_F16 ? half_value(x) : float_of((int)((word)x << 16)); }
#endif

/* A thread's part of a row: 16 bytes of C, or what a bundle holds. */
#define VALUES (C_BYTES == 1 ? MOST_LEFT : 16 / C_BYTES)
#define QUADS  (VALUES * X_BYTES / 16)

typedef union {
    x_element e[VALUES];
    quad q[QUADS];
} x_bundle;

static inline void load_row(x_bundle *x, const hone_cuda_call *q, int row, int column) {
    const x_element *from = (const x_element *)q->source + row * q->source_row + column;
    if ((unsigned long long)from % 16 == 0 && column + VALUES <= q->n) {
#pragma unroll
        for (int i = 0; i < QUADS; i++)
            x->q[i] = ((const quad *)from)[i];
        return;
    }
#pragma unroll
    for (int i = 0; i < VALUES; i++)
        x->e[i] = column + i < q->n ? from[i] : (x_element)0;
}

/* The host starts fewer than 2^31 threads. */
KERNEL(activate, 256) {
    const unsigned at = (unsigned)BLOCK_X * 256u + (unsigned)THREAD, across = (unsigned)pieces(call.n, VALUES);
    const int row = (int)(at / across), column = (int)(at % across) * VALUES;
    x_bundle x;
    c_bundle y;
    if (row >= call.m)
        return;
    load_row(&x, &call, row, column);
#pragma unroll
    for (int i = 0; i < VALUES; i++) {
        const column_values values = values_of_column(&call, column + i);
        y.e[i] = c_rounded(value_of_sum(x_value(x.e[i]), &values, &call, row), &call);
    }
    store_row(&call, row, column, &y, VALUES);
}

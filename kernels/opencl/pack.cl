/* Operands in the order that the kernels read them. */

/* A work-item writes one group of k of one column: dimension 0 is columns of whole panels, 1 groups. */
static inline void pack_group(__global void *packed, __global const void *b, const hone_call *q,
                              int transposed) {
    const int column = get_global_id(0), group = get_global_id(1), panel = q->panel_columns;
    if (column >= PIECES(q->n, panel) * panel)
        return;
    const long to = ((long)(column / panel) * DEPTH(q->k) + group) * panel + column % panel;
#if PRODUCT_DOT4
    int word = 0;
    for (int g = 0; g < GROUP; g++) {
        int k = group * GROUP + g;
        if (column < q->n && k < q->k)
            word |= (element_byte(b, transposed ? column * q->ldb + k : k * q->ldb + column, TYPE_S8) & 255)
                    << 8 * g;
    }
    ((__global int *)packed)[to] = word;
#else
    const long from = transposed ? column * q->ldb + group : group * q->ldb + column;
    const int inside = column < q->n;
#if B_TYPE == TYPE_F32
    ((__global float *)packed)[to] = inside ? element_float(b, from, STORED_TYPE) : 0.0f;
#elif B_TYPE == TYPE_S8
    ((__global char *)packed)[to] = inside ? ((__global const char *)b)[from] : 0;
#else
    ((__global ushort *)packed)[to] = inside ? ((__global const ushort *)b)[from] : 0;
#endif
#endif
}

__kernel void pack_rows(__global void *packed, __global const void *b, hone_call call) {
    pack_group(packed, b, &call, 0);
}
__kernel void pack_columns(__global void *packed, __global const void *b, hone_call call) {
    pack_group(packed, b, &call, 1);
}

#if IS_S8
/* A work-item a column; `step` and `next`: elements from one k and one column to the next. */
__kernel void sum_columns(__global char *packed, __global const char *b, hone_call call, long step, long next) {
    const int column = get_global_id(0);
    int sum = 0;
    if (column >= call.n)
        return;
    for (int k = 0; k < call.k; k++)
        sum += b[k * step + column * next];
    ((__global int *)(packed + call.column_sums))[column] = sum;
}
#endif

/* A group of a row as copied A has it, and four of them, all whole. */
#if PRODUCT_DOT4
#define SHIFTED(words) ((words) ^ (int)(SHIFT_A * 0x01010101u)) /* adding 128 to a byte turns its highest bit */

static inline int a_word(__global const char *row, int group, int k) {
    int word = 0;
    for (int g = 0; g < min(GROUP, k - GROUP * group); g++)
        word |= (row[GROUP * group + g] & 255) << 8 * g;
    return SHIFTED(word);
}
static inline int4 a_words(__global const char *row, int group) {
    return SHIFTED(as_int4(vload16(0, row + GROUP * group)));
}
#else
static inline int a_word(__global const char *row, int group, int k) {
    return as_int(element_float(row, group, A_TYPE));
}
static inline int4 a_words(__global const char *row, int group) {
    return (int4)(a_word(row, group, 0), a_word(row, group + 1, 0), a_word(row, group + 2, 0),
                  a_word(row, group + 3, 0));
}
#endif

/* Groups first .. last of a row, to every `rows`-th word. */
static inline void copy_row(__global int *out, __global const char *row, int rows, int first, int last, int k) {
    int group = first;
    for (; group + 4 <= last && GROUP * (group + 4) <= k; group += 4) {
        __global int *to = out + (long)group * rows;
        const int4 words = a_words(row, group);
        to[0] = words.s0;
        to[rows] = words.s1;
        to[2 * rows] = words.s2;
        to[3 * rows] = words.s3;
    }
    for (; group < last; group++)
        out[(long)group * rows] = a_word(row, group, k);
}

/* The same of four rows, `step` bytes apart, whose words become neighbours, as far as there are four groups.
 * Returns where it ends. */
static inline int copy_four_rows(__global int *out, __global const char *row, long step, int rows, int first,
                                 int last, int k) {
    int group = first;
    for (; group + 4 <= last && GROUP * (group + 4) <= k; group += 4) {
        __global int *to = out + (long)group * rows;
        const int4 a = a_words(row, group), b = a_words(row + step, group);
        const int4 c = a_words(row + 2 * step, group), d = a_words(row + 3 * step, group);
        vstore4((int4)(a.s0, b.s0, c.s0, d.s0), 0, to);
        vstore4((int4)(a.s1, b.s1, c.s1, d.s1), 0, to + rows);
        vstore4((int4)(a.s2, b.s2, c.s2, d.s2), 0, to + 2 * rows);
        vstore4((int4)(a.s3, b.s3, c.s3, d.s3), 0, to + 3 * rows);
    }
    return group;
}

/* Dimension 0: stretches of copy_depth groups; 1: panels. Rows beyond A are the last row again. */
__kernel void copy_a(__global int *to, __global const void *a, hone_call call) {
    const int first = get_global_id(0) * call.copy_depth, panel = get_global_id(1), depth = DEPTH(call.k);
    const int rows = call.panel_rows, row0 = panel * rows;
    const int last = min(first + call.copy_depth, depth);
    const long step = call.lda * A_BYTES;
    if (row0 >= call.m)
        return;
    __global int *out = to + (long)row0 * depth;
    for (int i = 0; i < rows;) {
        __global const char *row = (__global const char *)a + min(row0 + i, call.m - 1) * step;
        int count = 1, next = first;
        if (i + 4 <= rows && row0 + i + 4 <= call.m) {
            count = 4;
            next = copy_four_rows(out + i, row, step, rows, first, last, call.k);
        }
        for (int r = 0; r < count; r++)
            copy_row(out + i + r, row + r * step, rows, next, last, call.k);
        i += count;
    }
}

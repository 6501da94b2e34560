/* C by tiles whose A and B pass through local memory: a group of LOCAL_X x LOCAL_Y work-items loads BLOCK_K
 * groups of k of its rows of A and columns of B together, and each multiplies its part.
 *
 *      A, [k][row]                 B, [k][column]
 *      | y=0: TILE_ROWS rows |     | x=0 | x=1 | ... | x=0 | x=1 | ...
 *      | y=1: TILE_ROWS rows |     |     vec 0       |     vec 1
 *      | ...           | PAD |
 *
 * With two STAGES the next block goes to the other half of local memory while slower work-items still read this
 * one, and one barrier a block is enough. */

#define ROWS  (LOCAL_Y * TILE_ROWS)
#define ITEMS (LOCAL_X * LOCAL_Y)

/* Copied A is a panel of the group's rows; in place, neighbours read along k. */
static inline void load_a(__local tile_element *to, __global const void *a, const hone_call *q, int group_m,
                          int first, int last) {
#if COPY_A
    __global const tile_element *panel = (__global const tile_element *)a + (long)group_m * DEPTH(q->k) * ROWS;
    for (int at = get_local_id(0); at < BLOCK_K * ROWS; at += ITEMS) {
        const int group = first + at / ROWS;
        to[at / ROWS * (ROWS + PAD) + at % ROWS] =
            group < last ? panel[(long)group * ROWS + at % ROWS] : (tile_element)0;
    }
#else
    for (int at = get_local_id(0); at < BLOCK_K * ROWS; at += ITEMS) {
        const int group = first + at % BLOCK_K, row = min(group_m * ROWS + at / BLOCK_K, q->m - 1);
        tile_element value = 0;
        if (group < last)
#if PRODUCT_DOT4
            value = as_int(vload4(group, (__global const char *)a + row * q->lda));
#else
            value = element_float(a, row * q->lda + group, A_TYPE);
#endif
        to[at % BLOCK_K * (ROWS + PAD) + at / BLOCK_K] = value;
    }
#endif
}

static inline void load_b(__local vacc *to, const weights_panel *panel, const hone_call *q, int column,
                          int first, int last) {
    enum { ACROSS = PANEL / VEC_LANES };
    for (int at = get_local_id(0); at < BLOCK_K * ACROSS; at += ITEMS) {
        const int group = first + at / ACROSS, beside = at % ACROSS * VEC_LANES;
        to[at] = group < last ? weights_get(panel->b, panel->first + group * panel->step + beside,
                                            weights_lanes(q, column + beside))
                              : ACC_ZERO;
    }
}

__kernel __attribute__((reqd_work_group_size(LOCAL_X * LOCAL_Y, 1, 1))) void
gemm(__global const void *a, __global const void *b, __global void *c, __global const float *vectors,
     __global void *split_sums, hone_call call) {
    __local tile_element block_a[STAGES][BLOCK_K * (ROWS + PAD)];
    __local vacc block_b[STAGES][BLOCK_K * LOCAL_X * TILE_VECTORS];
    const int x = get_local_id(0) % LOCAL_X, y = get_local_id(0) / LOCAL_X, depth = DEPTH(call.k);
    const int group_m = get_group_id(INNER_N ? 1 : 0), group_n = get_group_id(INNER_N ? 0 : 1);
    const int split = SPLITS > 1 ? get_group_id(2) : 0, share = PIECES(depth, SPLITS);
    const int first = min(split * share, depth), last = min(first + share, depth);
    const int column = group_n * PANEL, row0 = group_m * ROWS + y * TILE_ROWS;
    const weights_panel panel = panel_of(b, &call, group_n);

    tile_sums sums;
    sums_clear(&sums);
    int stage = 0, since = 0; /* products since the sums were carried */
    for (int start = first; start < last; start += BLOCK_K) {
        load_a(block_a[stage], a, &call, group_m, start, last);
        load_b(block_b[stage], &panel, &call, column, start, last);
        barrier(CLK_LOCAL_MEM_FENCE);
#pragma unroll
        for (int k = 0; k < BLOCK_K; k++) {
            vacc bv[TILE_VECTORS];
#pragma unroll
            for (int j = 0; j < TILE_VECTORS; j++)
                bv[j] = block_b[stage][(k * TILE_VECTORS + j) * LOCAL_X + x];
#pragma unroll
            for (int i = 0; i < TILE_ROWS; i++) {
                const tile_element av = block_a[stage][k * (ROWS + PAD) + y * TILE_ROWS + i];
#pragma unroll
                for (int j = 0; j < TILE_VECTORS; j++)
                    sums_add(&sums, i, j, av, bv[j]);
            }
        }
        since += BLOCK_K;
        if (since + BLOCK_K > EXACT) {
            sums_carry(&sums);
            since = 0;
        }
#if STAGES > 1
        stage = 1 - stage;
#else
        barrier(CLK_LOCAL_MEM_FENCE);
#endif
    }
    if (row0 < call.m)
        sums_leave(&sums, b, c, vectors, split_sums, &call, split, row0, column + x * VEC_LANES);
}

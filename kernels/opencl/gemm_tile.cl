/* C by tiles in registers: a work-item multiplies TILE_ROWS rows of A with TILE_VECTORS vectors of a panel
 * of B, without local memory and without barriers.
 *
 *      panel of B            x: work-item along N in its group, y: along M
 *      | x=0 | x=1 | x=0 | x=1 |     its vectors lie LOCAL_X vectors apart,
 *      |vec 0|vec 0|vec 1|vec 1|     so that neighbours read neighbours
 *
 * Group ids: two dimensions of tiles, of which INNER_N says which is faster, and SPLITS of K. */

/* A of a tile: a panel of copies, or its rows where they lie, those beyond the matrix being its last. */
typedef struct {
    __global const tile_element *panel;
    __global const char *row[TILE_ROWS];
} tile_a_rows;

static inline tile_element tile_a(const tile_a_rows *rows, int i, int group) {
#if COPY_A
    return rows->panel[(long)group * TILE_ROWS + i];
#elif PRODUCT_DOT4
    return as_int(vload4(group, rows->row[i]));
#else
    return element_float(rows->row[i], group, A_TYPE);
#endif
}

static inline void tile_step(tile_sums *sums, const tile_a_rows *rows, const weights_panel *panel,
                             const hone_call *q, int column, int x, int group) {
    vacc b[TILE_VECTORS];
#pragma unroll
    for (int j = 0; j < TILE_VECTORS; j++) {
        const int beside = (j * LOCAL_X + x) * VEC_LANES;
        b[j] = weights_get(panel->b, panel->first + group * panel->step + beside,
                           weights_lanes(q, column + beside));
    }
#pragma unroll
    for (int i = 0; i < TILE_ROWS; i++) {
        const tile_element a = tile_a(rows, i, group);
#pragma unroll
        for (int j = 0; j < TILE_VECTORS; j++)
            sums_add(sums, i, j, a, b[j]);
    }
}

__kernel __attribute__((reqd_work_group_size(LOCAL_X * LOCAL_Y, 1, 1))) void
gemm(__global const void *a, __global const void *b, __global void *c, __global const float *vectors,
     __global void *split_sums, hone_call call) {
    const int x = get_local_id(0) % LOCAL_X, y = get_local_id(0) / LOCAL_X, depth = DEPTH(call.k);
    const int group_m = get_group_id(INNER_N ? 1 : 0), group_n = get_group_id(INNER_N ? 0 : 1);
    const int split = SPLITS > 1 ? get_group_id(2) : 0, share = PIECES(depth, SPLITS);
    const int first = min(split * share, depth), last = min(first + share, depth);
    const int column = group_n * PANEL;
    const weights_panel panel = panel_of(b, &call, group_n);

    for (int r = 0; r < ROW_TILES; r++) {
        const int tile = (group_m * ROW_TILES + r) * LOCAL_Y + y, row0 = tile * TILE_ROWS;
        if (row0 >= call.m)
            break;
        tile_a_rows rows = {.panel = (__global const tile_element *)a + (long)tile * depth * TILE_ROWS};
#pragma unroll
        for (int i = 0; i < TILE_ROWS; i++)
            rows.row[i] = (__global const char *)a + min(row0 + i, call.m - 1) * call.lda * A_BYTES;

        tile_sums sums;
        sums_clear(&sums);
        for (int start = first; start < last; start += CARRIES ? EXACT : last - first) {
            const int end = CARRIES ? min(start + EXACT, last) : last;
            int group = start;
            for (; group + UNROLL <= end; group += UNROLL) {
#pragma unroll
                for (int u = 0; u < UNROLL; u++)
                    tile_step(&sums, &rows, &panel, &call, column, x, group + u);
            }
#if UNROLL > 1
            for (; group < end; group++)
                tile_step(&sums, &rows, &panel, &call, column, x, group);
#endif
            sums_carry(&sums);
        }
        sums_leave(&sums, b, c, vectors, split_sums, &call, split, row0, column + x * VEC_LANES);
    }
}

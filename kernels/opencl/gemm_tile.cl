/* C by tiles in registers: a work-item multiplies TILE_ROWS rows of A with TILE_VECTORS vectors of a panel
 * of B, without local memory and without barriers.
 *
 *      panel of B            x: work-item along N in its group, y: along M
 *      | x=0 | x=1 | x=0 | x=1 |     its vectors lie LOCAL_X vectors apart,
 *      |vec 0|vec 0|vec 1|vec 1|     so that neighbours read neighbours
 *
 * Group ids: two dimensions of tiles, of which INNER_N says which is faster, and SPLITS of K.
 *
 * Products of 8-bit numbers in f32 are summed exactly below 2^24, which EXACT of them do not reach;
 * then they are added to 32-bit integers. */

#define EXACT 512
#define PANEL (LOCAL_X * TILE_VECTORS * VEC_LANES)

#if PRODUCT_DOT4
typedef vi vacc;
#define ACC_ZERO vi_set(0)
#else
typedef vf vacc;
#define ACC_ZERO vf_set(0.0f)
#endif

/* Vector j of a work-item in group `group` of its panel. */
static inline vacc tile_b(__global const void *panel, long group, int x, int j) {
    const long at = group * PANEL + (j * LOCAL_X + x) * VEC_LANES;
#if PRODUCT_DOT4
    return VEC_GET((__global const int *)panel + at);
#elif B_TYPE == TYPE_F32
    return VEC_GET((__global const float *)panel + at);
#elif B_TYPE == TYPE_F16
    return vec_get_f16((__global const ushort *)panel + at, VEC_LANES);
#elif B_TYPE == TYPE_BF16
    return vec_get_bf16((__global const ushort *)panel + at, VEC_LANES);
#else
    return VEC_OF(convert_float)(VEC_GET((__global const char *)panel + at));
#endif
}

static inline vacc tile_product(vacc acc, tile_element a, vacc b) {
#if PRODUCT_DOT4
    return dot4(acc, a, b);
#else
    return fma((vf)(a), b, acc);
#endif
}

/* A of a tile: a panel of copies, or its rows where they lie, those beyond the matrix being its last. */
typedef struct {
    __global const tile_element *panel;
    __global const void *a;
    long row[TILE_ROWS]; /* elements */
} tile_a_rows;

static inline tile_element tile_a(const tile_a_rows *rows, int i, int group) {
#if COPY_A
    return rows->panel[(long)group * TILE_ROWS + i];
#elif PRODUCT_DOT4
    return as_int(vload4(group, (__global const char *)rows->a + rows->row[i]));
#else
    return element_float(rows->a, rows->row[i] + group, A_TYPE);
#endif
}

__attribute__((reqd_work_group_size(LOCAL_X *LOCAL_Y, 1, 1))) __kernel void
gemm(__global const void *a, __global const void *b, __global void *c, __global const float *vectors,
     __global void *split_sums, hone_call call) {
    const int x = get_local_id(0) % LOCAL_X, y = get_local_id(0) / LOCAL_X, depth = DEPTH(call.k);
    const int group_m = get_group_id(INNER_N ? 1 : 0), group_n = get_group_id(INNER_N ? 0 : 1);
    const int split = SPLITS > 1 ? get_group_id(2) : 0, share = PIECES(depth, SPLITS);
    const int first = min(split * share, depth), last = min(first + share, depth);
    __global const char *panel = (__global const char *)b + (long)group_n * depth * PANEL * B_BYTES;

    for (int r = 0; r < ROW_TILES; r++) {
        const int tile = (group_m * ROW_TILES + r) * LOCAL_Y + y, row0 = tile * TILE_ROWS;
        if (row0 >= call.m)
            break;
        tile_a_rows rows = {.panel = (__global const tile_element *)a + (long)tile * depth * TILE_ROWS, .a = a};
#pragma unroll
        for (int i = 0; i < TILE_ROWS; i++)
            rows.row[i] = min(row0 + i, call.m - 1) * call.lda;

        vacc acc[TILE_ROWS][TILE_VECTORS];
#pragma unroll
        for (int i = 0; i < TILE_ROWS; i++)
#pragma unroll
            for (int j = 0; j < TILE_VECTORS; j++)
                acc[i][j] = ACC_ZERO;
#if IS_S8 && !PRODUCT_DOT4
        vi whole[TILE_ROWS][TILE_VECTORS];
#pragma unroll
        for (int i = 0; i < TILE_ROWS; i++)
#pragma unroll
            for (int j = 0; j < TILE_VECTORS; j++)
                whole[i][j] = vi_set(0);
        for (int start = first; start < last; start += EXACT) {
            const int end = min(start + EXACT, last);
#else
        const int start = first, end = last;
        {
#endif
            int group = start;
            for (; group + UNROLL <= end; group += UNROLL) {
#pragma unroll
                for (int u = 0; u < UNROLL; u++) {
                    vacc bv[TILE_VECTORS];
#pragma unroll
                    for (int j = 0; j < TILE_VECTORS; j++)
                        bv[j] = tile_b(panel, group + u, x, j);
#pragma unroll
                    for (int i = 0; i < TILE_ROWS; i++) {
                        const tile_element av = tile_a(&rows, i, group + u);
#pragma unroll
                        for (int j = 0; j < TILE_VECTORS; j++)
                            acc[i][j] = tile_product(acc[i][j], av, bv[j]);
                    }
                }
            }
#if UNROLL > 1
            for (; group < end; group++) {
#pragma unroll
                for (int j = 0; j < TILE_VECTORS; j++) {
                    const vacc bv = tile_b(panel, group, x, j);
#pragma unroll
                    for (int i = 0; i < TILE_ROWS; i++)
                        acc[i][j] = tile_product(acc[i][j], tile_a(&rows, i, group), bv);
                }
            }
#endif
#if IS_S8 && !PRODUCT_DOT4
#pragma unroll
            for (int i = 0; i < TILE_ROWS; i++)
#pragma unroll
                for (int j = 0; j < TILE_VECTORS; j++) {
                    whole[i][j] += vi_from(acc[i][j]);
                    acc[i][j] = ACC_ZERO;
                }
#endif
        }
#if IS_S8 && !PRODUCT_DOT4
        tile_leave(whole, b, c, vectors, split_sums, &call, split, row0, group_n * PANEL + x * VEC_LANES);
#else
        tile_leave(acc, b, c, vectors, split_sums, &call, split, row0, group_n * PANEL + x * VEC_LANES);
#endif
    }
}

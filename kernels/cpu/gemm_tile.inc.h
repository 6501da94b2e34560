/* The register tile: TILE_ROWS x TILE_VECTORS accumulators that stay in
 * registers over k. Included by each generated file with literal sizes: only
 * then do gcc and clang both keep the array in registers. */

#define TILE_CAT_(a, b) a##_##b
#define TILE_CAT(a, b) TILE_CAT_(a, b)
#define TILE(x) TILE_CAT(x, TILE_KIND)

#define TILE_UNROLL _Pragma("GCC unroll 16")

enum {
    TILE_COLUMNS = TILE_VECTORS * VEC_LANES,
    /* bytes of one group: a row of A, a vector of B */
    TILE_A_BYTES = (TILE(TILE_A) == HONE_A_F32 ? 4 : TILE(TILE_A) == HONE_A_U8 ? 1 : 2) * TILE(TILE_GROUP),
    TILE_B_BYTES = TILE_B_SIZE * TILE(TILE_GROUP) * VEC_LANES
};

hone_tile_fn TILE_NAME;

void TILE_NAME(int64_t groups, const void *a, const void *b, void *acc, int accumulate) {
    const char *pa = a, *pb = b;
    TILE(tile_acc) *out = acc;
    TILE(tile_acc) sum[TILE_ROWS][TILE_VECTORS];
    TILE_UNROLL for (int i = 0; i < TILE_ROWS; i++)
        TILE_UNROLL for (int j = 0; j < TILE_VECTORS; j++)
            sum[i][j] = accumulate ? out[i * TILE_VECTORS + j] : TILE(tile_zero)();

    for (int64_t g = 0; g < groups; g++) {
        __typeof__(TILE(tile_b)(pb)) vb[TILE_VECTORS];
        TILE_UNROLL for (int j = 0; j < TILE_VECTORS; j++) vb[j] = TILE(tile_b)(pb + j * TILE_B_BYTES);
        TILE_UNROLL for (int i = 0; i < TILE_ROWS; i++) {
            __typeof__(TILE(tile_a)(pa)) va = TILE(tile_a)(pa + i * TILE_A_BYTES);
            TILE_UNROLL for (int j = 0; j < TILE_VECTORS; j++) sum[i][j] = TILE(tile_mul)(sum[i][j], va, vb[j]);
        }
        pa += TILE_ROWS * TILE_A_BYTES;
        pb += TILE_VECTORS * TILE_B_BYTES;
    }

    TILE_UNROLL for (int i = 0; i < TILE_ROWS; i++)
        TILE_UNROLL for (int j = 0; j < TILE_VECTORS; j++) out[i * TILE_VECTORS + j] = sum[i][j];
}

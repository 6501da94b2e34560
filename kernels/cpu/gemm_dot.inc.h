/* The tile for few columns: the lanes run along k, of A and of B alike, and are
 * summed at the end. Included once for each number of rows. */

#define TILE_(x) TILE_CAT(x, TILE_ROWS)

/* `ahead`: whether A is prefetched, which takes the place of a load a row; `flips`: whether A is changed. */
static inline __attribute__((always_inline)) void TILE_(tile_loop)(TILE(tile_acc)
                                                                       sum[TILE_ROWS][TILE_VECTORS],
                                                                   const hone_tile_args *args, int ahead,
                                                                   int flips) {
    const char *a[TILE_ROWS], *b = args->b;
    const vi flip = TILE_FLIP(args);
    TILE_UNROLL for (int i = 0; i < TILE_ROWS; i++) {
        a[i] = (const char *)args->a + i * args->a_step;
        TILE_UNROLL for (int j = 0; j < TILE_VECTORS; j++) sum[i][j] = TILE(tile_zero)();
    }
    for (int64_t g = 0; g < args->groups; g++, b += TILE_B_STEP) {
        __typeof__(TILE(tile_b)(b)) vb[TILE_VECTORS];
        TILE_UNROLL for (int j = 0; j < TILE_VECTORS; j++) vb[j] = TILE(tile_b)(b + j * TILE_B_BYTES);
        TILE_UNROLL for (int i = 0; i < TILE_ROWS; i++) {
            __typeof__(TILE(tile_av)(b)) va = TILE(tile_av)(a[i]);
            va = TILE_WORD(va, flips, flip);
            if (ahead)
                __builtin_prefetch(a[i] + args->prefetch);
            a[i] += TILE_A_BYTES * VEC_LANES;
            TILE_UNROLL for (int j = 0; j < TILE_VECTORS; j++) sum[i][j] =
                TILE(tile_mul)(sum[i][j], va, vb[j]);
        }
    }
    (void)flips, (void)flip;
}

static void TILE_(tile_rows)(hone_tile_args *args) {
    TILE(tile_acc) sum[TILE_ROWS][TILE_VECTORS];
    TILE_KNOWN(args->prefetch, args->a_flip, TILE_(tile_loop), sum, args);

    TILE(tile_sum) *out = args->acc;
    TILE_UNROLL for (int i = 0; i < TILE_ROWS; i++) TILE_UNROLL for (int j = 0; j < TILE_VECTORS; j++) {
        TILE(tile_sum) before = args->accumulate ? out[i * TILE_VECTORS + j] : 0;
        out[i * TILE_VECTORS + j] = before + TILE(tile_reduce)(sum[i][j]);
    }
}
#undef TILE_
#undef TILE_ROWS

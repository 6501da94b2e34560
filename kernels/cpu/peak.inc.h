/* The arithmetic limit of one compute kind: independent chains, fed from a few
 * cached operands; no other memory traffic. A latency of 5 cycles on 2 ports takes
 * 10 chains, but the ports share the work evenly only with many more: as many as
 * there are registers for, which the file's own tile tells. A product of words has
 * a register of its own before it is added, in one cycle. B, which some kinds
 * convert, is loaded once a round. */

#if VEC_LANES == 1
/* In straight-line code compilers make vectors of the scalars, as they do of the tile's. */
#define PEAK_UNROLL TILE_UNROLL
#else
/* Unrolled, AVX2's 12 chains lose two cycles a round: 8% (gcc 12, Zen 3; other instruction sets are not
 * measured). */
#define PEAK_UNROLL _Pragma("GCC unroll 1")
#endif

enum {
    TILE_PEAK_PRODUCTS = HONE_PEAK_PRODUCTS * VEC_LANES * TILE(TILE_GROUP),
    PEAK_WORDS = TILE(TILE_A) == HONE_A_S16,
    PEAK_WIDE = !PEAK_WORDS && sizeof tiles / sizeof *tiles * TILE_VECTORS >= 24,
    PEAK_ROWS = PEAK_WIDE ? 6 : 4,
    PEAK_VECTORS = PEAK_WIDE || VEC_LANES == 1 ? 4
                   : PEAK_WORDS                ? 2
                                               : 3,
    PEAK_STEPS = HONE_PEAK_PRODUCTS / (PEAK_ROWS * PEAK_VECTORS) /* a round */
};

static void TILE_PEAK(int64_t rounds) {
    static _Alignas(64) char operand[64 * (PEAK_ROWS + PEAK_VECTORS)];
    char *source = operand;
    TILE(tile_acc) sum[PEAK_ROWS][PEAK_VECTORS];
    TILE_UNROLL for (int i = 0; i < PEAK_ROWS; i++) TILE_UNROLL for (int j = 0; j < PEAK_VECTORS; j++)
        sum[i][j] = TILE(tile_zero)();
    for (int64_t r = 0; r < rounds; r++) {
        __typeof__(TILE(tile_b)(source)) b[PEAK_VECTORS];
        TILE_UNROLL for (int j = 0; j < PEAK_VECTORS; j++) b[j] =
            TILE(tile_b)(source + 64 * PEAK_ROWS + j * TILE_B_BYTES);
        PEAK_UNROLL for (int step = 0; step < PEAK_STEPS; step++) {
            /* The compiler must neither reuse the operands nor see that they are equal. */
            __asm__ volatile("" : "+r"(source)::"memory");
            TILE_UNROLL for (int i = 0; i < PEAK_ROWS; i++) {
                __typeof__(TILE(tile_a)(source)) a = TILE(tile_a)(source + 64 * i);
                TILE_UNROLL for (int j = 0; j < PEAK_VECTORS; j++) sum[i][j] =
                    TILE(tile_mul)(sum[i][j], a, b[j]);
            }
        }
    }
    static _Thread_local TILE(tile_acc) sink[PEAK_ROWS][PEAK_VECTORS];
    TILE_UNROLL for (int i = 0; i < PEAK_ROWS; i++) TILE_UNROLL for (int j = 0; j < PEAK_VECTORS; j++)
        sink[i][j] = sum[i][j];
    __asm__ volatile("" ::"r"(sink) : "memory");
}
#undef PEAK_UNROLL

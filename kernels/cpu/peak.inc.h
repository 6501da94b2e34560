/* The arithmetic limit of one compute kind: HONE_PEAK_ROWS x HONE_PEAK_VECTORS
 * independent chains, enough for a latency of 5 cycles on 2 ports, fed from a
 * few cached operands; no other memory traffic. */
enum { TILE_PEAK_PRODUCTS = HONE_PEAK_CHAINS * VEC_LANES * TILE(TILE_GROUP) };

static void TILE_PEAK(int64_t rounds) {
    static _Alignas(64) char operand[64 * (HONE_PEAK_ROWS + HONE_PEAK_VECTORS)];
    char *source = operand;
    TILE(tile_acc) sum[HONE_PEAK_ROWS][HONE_PEAK_VECTORS];
    TILE_UNROLL for (int i = 0; i < HONE_PEAK_ROWS; i++)
        TILE_UNROLL for (int j = 0; j < HONE_PEAK_VECTORS; j++) sum[i][j] = TILE(tile_zero)();
    for (int64_t r = 0; r < rounds; r++) {
        /* The compiler must neither reuse the operands nor see that they are equal. */
        __asm__ volatile("" : "+r"(source)::"memory");
        __typeof__(TILE(tile_b)(source)) b[HONE_PEAK_VECTORS];
        TILE_UNROLL for (int j = 0; j < HONE_PEAK_VECTORS; j++) b[j] =
            TILE(tile_b)(source + 64 * (HONE_PEAK_ROWS + j));
        TILE_UNROLL for (int i = 0; i < HONE_PEAK_ROWS; i++) {
            __typeof__(TILE(tile_a)(source)) a = TILE(tile_a)(source + 64 * i);
            TILE_UNROLL for (int j = 0; j < HONE_PEAK_VECTORS; j++) sum[i][j] =
                TILE(tile_mul)(sum[i][j], a, b[j]);
        }
    }
    static _Thread_local TILE(tile_acc) sink[HONE_PEAK_ROWS][HONE_PEAK_VECTORS];
    TILE_UNROLL for (int i = 0; i < HONE_PEAK_ROWS; i++)
        TILE_UNROLL for (int j = 0; j < HONE_PEAK_VECTORS; j++) sink[i][j] = sum[i][j];
    __asm__ volatile("" ::"r"(sink) : "memory");
}

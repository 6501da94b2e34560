/* The arithmetic limit of one compute kind: independent chains fed from one
 * cached vector; no other memory traffic. */

static void TILE_PEAK(int64_t rounds) {
    static const _Alignas(64) char operand[64 * 4];
    const char *source = operand;
    TILE(tile_acc) sum[HONE_PEAK_CHAINS];
    /* Each chain starts from a value that the compiler cannot know to be the same
     * as another's: it would run one chain for all. */
    TILE_UNROLL for (int i = 0; i < HONE_PEAK_CHAINS; i++) {
        __asm__ volatile("" : "+r"(source)::"memory");
        sum[i] = TILE(tile_mul)(TILE(tile_zero)(), TILE(tile_a)(source), TILE(tile_b)(source));
    }
    for (int64_t r = 0; r < rounds; r++) {
        /* The compiler must not see that the operands stay the same. */
        __asm__ volatile("" : "+r"(source)::"memory");
        __typeof__(TILE(tile_a)(source)) a = TILE(tile_a)(source);
        __typeof__(TILE(tile_b)(source)) b = TILE(tile_b)(source);
        TILE_UNROLL for (int i = 0; i < HONE_PEAK_CHAINS; i++) sum[i] = TILE(tile_mul)(sum[i], a, b);
    }
    static _Thread_local TILE(tile_acc) sink[HONE_PEAK_CHAINS];
    TILE_UNROLL for (int i = 0; i < HONE_PEAK_CHAINS; i++) sink[i] = sum[i];
    __asm__ volatile("" ::"r"(sink) : "memory");
}

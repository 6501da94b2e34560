/* Where a block of threads finds its part of C and of the operands. The host (cuda_program.c) defines, before this:
 *
 *   A_TYPE, C_TYPE   TYPE_* of A (and of B, but that B is signed where A is TYPE_U8) and C
 *   ACT              the activation's function; PER_COLUMN, BIAS, ROW_SCALE: what it and the problem have
 *   BM, BN, BK       a block's tile of C, and the words of k that it holds in shared memory at a time
 *   TM, TN           the part of it that a thread (gemm_simt.cu), a warp (gemm_mma.cu, gemm_gemv.cu) or a
 *                    warpgroup (gemm_wgmma.cu) has
 *   STAGES           blocks of k in shared memory, of which one is multiplied while the others arrive
 *   SPLITS           parts of K that are summed apart
 *   TURNS            gemm_wgmma.cu: consumers take tiles in turn
 *   CLUSTER          gemm_wgmma.cu: blocks below each other that share what they read of B
 *   RASTER           blocks below each other that follow each other, so that what runs at once shares B
 *   MMA_KIND         gemm_mma.cu, gemm_wgmma.cu: the kind of products
 *   PARTS, WEIGHT_PARTS   f32: see parts.cuh
 *   HAND             columns that are dealt to the threads of a quad: HONE_DEALT; 0: they lie in order
 *   WARPS_K, UNROLL  gemm_gemv.cu: warps that share K; steps of k in flight
 *
 * A is rows of words along k. Packed weights are columns of words along k, [n][across], dealt where HAND is not 0, or, for
 * gemm_simt.cu, [k word][across]; `across` is a multiple of 4, and what fills that or a hand up are zeros. Nothing reads a
 * word of A that is not whole: copies to shared memory stop at K's last byte. */

/* Columns of packed weights that there are. */
static inline int packed_columns(const hone_cuda_call *q) { return HAND ? pieces(q->n, HAND + !HAND) * HAND : q->n; }

/* Where a tile of C begins, and a block's part of the blocks of k. */
typedef struct {
    int row, column, first, last;
} block_place;

/* `rows`: of a tile, or of tiles that go together. */
static inline block_place place_of_tile(const hone_cuda_call *q, int tile, int rows, int k_blocks) {
    const int tiles_m = pieces(q->m, rows), tiles_n = pieces(q->n, BN), group = RASTER * tiles_n;
    const int above = tile / group * RASTER, height = least(RASTER, tiles_m - above);
    const int inside = tile % group, share = pieces(k_blocks, SPLITS);
    block_place place;
    place.row = (above + inside % height) * rows;
    place.column = inside / height * BN;
    place.first = least(BLOCK_Z * share, k_blocks);
    place.last = least(place.first + share, k_blocks);
    return place;
}

/* Copies the block of k that begins at word `k` from rows `first` to `first` + `rows` of a matrix with `count` rows
 * of `row_bytes` bytes that lie `ld` bytes apart; what is not there becomes zeros. AT(row, chunk) is where four
 * words of a row go. */
#define LOAD_ROWS(shared, AT, from, ld, row_bytes, first, rows, count, k)                                    \
    PRAGMA(unroll)                                                                                           \
    for (int i_ = 0; i_ < ((rows) * (BK / 4) + THREADS - 1) / THREADS; i_++) {                               \
        const int chunk_ = i_ * THREADS + THREAD, row_ = chunk_ / (BK / 4), beside_ = chunk_ % (BK / 4);     \
        const int at_ = (first) + row_, left_ = (row_bytes) - 4 * (k) - 16 * beside_;                        \
        const int bytes_ = at_ < (count) && left_ > 0 ? least(left_, 16) : 0;                                \
        const char *from_ = (const char *)(from) + (long long)least(at_, (count) - 1) * (ld);                \
        if ((rows) * (BK / 4) % THREADS == 0 || chunk_ < (rows) * (BK / 4))                                  \
            cp_async16(&(shared)[AT(row_, beside_)], bytes_ ? from_ + 4 * (k) + 16 * beside_ : from_, bytes_); \
    }

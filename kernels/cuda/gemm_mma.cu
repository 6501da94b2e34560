/* C by tensor cores (sm_80 and later): a warp sums TM x TN elements in fragments of mma, from blocks of A and of
 * packed B in shared memory, both rows of words along k, which cp.async fills STAGES - 1 blocks ahead.
 *
 * Rows in shared memory are not padded; the chunks of four words of a row are exchanged, so that the eight rows
 * that ldmatrix reads at once lie in different banks:
 *
 *      BK = 16 words    row 0   0 1 2 3     row 2   1 0 3 2     row 4   2 3 0 1     row 6   3 2 1 0
 *                       row 1   0 1 2 3     row 3   1 0 3 2     row 5   2 3 0 1     row 7   3 2 1 0
 *
 * A row of C leaves in hands of columns (HONE_DEALT), so that a thread stores neighbours. */
#define WARPS_M (BM / TM)
#define WARPS_N (BN / TN)
#define THREADS (32 * WARPS_M * WARPS_N)
#define CHUNKS  (BK / 4)
#define STAGE   ((BM + BN) * BK) /* words */
#define AT(row, chunk) ((row)*BK + 4 * ((chunk) ^ ((row)*CHUNKS / 8 % CHUNKS)))
#define M_TILES (TM / 16)
#define N_TILES (TN / 8)

static inline void load_block(word *shared, const hone_cuda_call *q, const block_place *place, int block) {
    word *const shared_b = shared + BM * BK;
    LOAD_ROWS(shared, AT, q->a, q->lda, q->k * ELEMENT_BYTES, place->row, BM, q->m, block * BK)
    LOAD_ROWS(shared_b, AT, q->b, 4LL * q->across, 4 * q->across, place->column, BN,
              packed_columns(q), block * BK)
}

#define ROW_OF_SUM(e)    ((e) / 4 / N_TILES * 16 + (e) % 4 / 2 * 8)
#define COLUMN_OF_SUM(e) ((e) / 4 % N_TILES * 8 + (e) % 2)
#include "parts.cuh"

static inline void multiply(vsum d[4], const word a[4], const word b[2]) {
#if PARTS == 2
    word a0[4], a1[4], b0[2], b1[2];
    part_words(a0, a1, a, 4);
    part_words(b0, b1, b, 2);
    mma(d, a1, b0);
    mma(d, a0, b1);
    mma(d, a0, b0);
#else
    mma(d, a, b);
#endif
}

static inline void multiply_block(vsum acc[M_TILES][N_TILES][4], const word *shared, int row, int column,
                                  int lane) {
    const word *const shared_b = shared + BM * BK;
#pragma unroll
    for (int chunk = 0; chunk < CHUNKS; chunk += 2) {
        word a[M_TILES][4], b[N_TILES / 2][4]; /* b: two tiles of 8 columns */
#pragma unroll
        for (int i = 0; i < M_TILES; i++)
            ldmatrix4(a[i], &shared[AT(row + 16 * i + lane % 16, chunk + lane / 16)]);
#pragma unroll
        for (int j = 0; j < N_TILES / 2; j++)
            ldmatrix4(b[j], &shared_b[AT(column + 16 * j + lane / 16 * 8 + lane % 8, chunk + lane / 8 % 2)]);
#pragma unroll
        for (int i = 0; i < M_TILES; i++)
#pragma unroll
            for (int j = 0; j < N_TILES; j++)
                multiply(acc[i][j], a[i], &b[j / 2][j % 2 * 2]);
    }
}

KERNEL(gemm, THREADS) {
    word *const shared = (word *)hone_shared;
    const int lane = THREAD % 32, warp = THREAD / 32;
    const int row = warp / WARPS_N * TM, column = warp % WARPS_N * TN; /* of the warp, in its block */
    const block_place place = place_of_tile(&call, BLOCK_X, BM, pieces(call.depth, BK));
    vsum acc[M_TILES][N_TILES][4];
#pragma unroll
    for (int i = 0; i < M_TILES; i++)
#pragma unroll
        for (int j = 0; j < N_TILES; j++)
#pragma unroll
            for (int l = 0; l < 4; l++)
                acc[i][j][l] = 0;

#pragma unroll
    for (int s = 0; s < STAGES - 1; s++) {
        if (place.first + s < place.last)
            load_block(shared + s * STAGE, &call, &place, place.first + s);
        cp_async_commit();
    }
    for (int block = place.first, stage = 0; block < place.last; block++) {
        const int next = block + STAGES - 1, ahead = stage == 0 ? STAGES - 1 : stage - 1;
        cp_async_wait(STAGES - 2);
        block_sync(); /* the block is there for all threads, and all are through with the one before */
        if (next < place.last)
            load_block(shared + ahead * STAGE, &call, &place, next);
        cp_async_commit();
        multiply_block(acc, shared + stage * STAGE, row, column, lane);
        stage = stage + 1 == STAGES ? 0 : stage + 1;
    }
#if PARTS == 2
    mend_sums(&acc[0][0][0], 4 * M_TILES * N_TILES, &call, &place, place.row + row + lane / 4,
              place.column + column + lane % 4 * 2);
#endif
#pragma unroll
    for (int j = 0; j < N_TILES; j += HAND / 8) {
        const int at = place.column + column + 8 * j + lane % 4 * (HAND / 4);
        column_values values[HAND / 4];
        values_of_columns(values, &call, at, HAND / 4);
#pragma unroll
        for (int i = 0; i < 2 * M_TILES; i++)
            leave_hand(&call, place.row + row + 8 * i + lane / 4, at, &acc[i / 2][j][i % 2 * 2], 4, values);
    }
}

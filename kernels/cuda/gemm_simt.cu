/* C by ordinary multiply-adds, for every type: a thread sums TM x TN elements in registers from blocks of A and B
 * in shared memory, which cp.async fills STAGES - 1 blocks ahead.
 *
 *      columns x*4 + j*4*ACROSS          a thread's columns come in fours, so that neighbours read neighbours;
 *      rows    y + i*DOWN                its rows lie DOWN apart
 *
 * Rows of A in shared memory are 4 words longer than a block of k: eight rows lie in different banks. */
#define ACROSS  (BN / TN)
#define DOWN    (BM / TM)
#define THREADS (ACROSS * DOWN)
#define A_ROW   (BK + 4)
#define A_AT(row, chunk) ((row)*A_ROW + 4 * (chunk))
#define STAGE   (BM * A_ROW + BK * BN) /* words */

static inline void load_block(word *shared, const hone_cuda_call *q, const block_place *place, int block) {
    const int k = block * BK;
    LOAD_ROWS(shared, A_AT, q->a, q->lda, q->k * ELEMENT_BYTES, place->row, BM, q->m, k)
    word *const shared_b = shared + BM * A_ROW;
#pragma unroll
    for (int i = 0; i < (BK * (BN / 4) + THREADS - 1) / THREADS; i++) {
        const int chunk = i * THREADS + THREAD;
        if (BK * (BN / 4) % THREADS && chunk >= BK * (BN / 4))
            break;
        const int row = k + chunk / (BN / 4), column = place->column + chunk % (BN / 4) * 4;
        const int there = row < q->depth && column < q->across;
        const word *from = (const word *)q->b + (there ? (long long)row * q->across + column : 0);
        cp_async16(&shared_b[4 * chunk], from, there ? 16 : 0);
    }
}

static inline void multiply_block(vsum acc[TM][TN], const word *shared, int x, int y) {
    const word *const shared_b = shared + BM * A_ROW;
#pragma unroll
    for (int k = 0; k < BK; k += 4) {
        quad a[TM];
#pragma unroll
        for (int i = 0; i < TM; i++)
            a[i] = *(const quad *)&shared[(y + i * DOWN) * A_ROW + k];
#pragma unroll
        for (int g = 0; g < 4; g++) {
#pragma unroll
            for (int j = 0; j < TN; j += 4) {
                const quad b = *(const quad *)&shared_b[(k + g) * BN + 4 * x + j * ACROSS];
#pragma unroll
                for (int i = 0; i < TM; i++)
#pragma unroll
                    for (int l = 0; l < 4; l++)
                        acc[i][j + l] = word_mac(acc[i][j + l], a[i].w[g], b.w[l]);
            }
        }
    }
}

KERNEL(gemm, THREADS) {
    word *const shared = (word *)hone_shared;
    const int x = THREAD % ACROSS, y = THREAD / ACROSS;
    const block_place place = place_of_tile(&call, BLOCK_X, BM, pieces(call.depth, BK));
    vsum acc[TM][TN];
#pragma unroll
    for (int i = 0; i < TM; i++)
#pragma unroll
        for (int j = 0; j < TN; j++)
            acc[i][j] = 0;

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
        multiply_block(acc, shared + stage * STAGE, x, y);
        stage = stage + 1 == STAGES ? 0 : stage + 1;
    }
#pragma unroll
    for (int j = 0; j < TN; j += 4) {
        const int column = place.column + 4 * x + j * ACROSS;
        column_values values[4];
        values_of_columns(values, &call, column, 4);
#pragma unroll
        for (int i = 0; i < TM; i++)
            leave(&call, place.row + y + i * DOWN, column, &acc[i][j], values, 4);
    }
}

/* C by warpgroups (sm_90a): one warpgroup has TMA bring blocks of A and of packed B to shared memory, the others
 * multiply TM x BN elements of the tile each.
 *
 *      producer     wait empty[s] -> expect full[s] -> TMA of A and B          s = 0 .. STAGES - 1, and again
 *      consumers    wait full[s]  -> wgmma of the block, 32 bytes of k each    -> arrive at empty[s - 1]
 *
 * Blocks stay: a block takes every GRID_X-th tile, and its producer goes on to the next one while the consumers store
 * theirs. With TURNS consumers take tiles in turn instead of sharing each: while one stores, the other multiplies. A block
 * of k is 128 bytes, which TMA's swizzle spreads over all banks. Columns are dealt, as in gemm_mma.cu.
 *
 * WEIGHT_PARTS = 2 (f32, parts.cuh): packed weights are in two parts already, which are two matrices in a stage; A is parted
 * on its way through registers.
 *
 * With CLUSTER = 2 two blocks have tiles below each other. Each brings half of their rows of B, to both. */
#define GROUP     128 /* threads of a warpgroup */
#define CONSUMERS (TURNS ? 2 : BM / TM)
#define READERS   (TURNS ? 1 : CONSUMERS) /* of a stage */
#define THREADS   (GROUP * (1 + CONSUMERS))
#define ROW       128 /* bytes of a row in shared memory */
#define STAGE     ((BM + WEIGHT_PARTS * BN) * ROW)
#define M_TILES   (TM / 64)
#define N_TILES   (BN / 8)
#define STEPS     4 /* of 32 bytes in a row */
#define B_SHARE   (BN / CLUSTER) /* rows of B that a block brings */
#define WGMMA_(n) wgmma_##n
#define WGMMA(n)  WGMMA_(n)
#define WGMMA_ROWS_(n) wgmma_rows_##n
#define WGMMA_ROWS(n)  WGMMA_ROWS_(n)

/* Registers that the producer leaves to the consumers, where their sums need them; where they do not, the kernel begins with
 * as few as it likes, and there is nothing to share out. */
#if TM * BN >= 64 * 128
#if CONSUMERS == 2
#define FEWER 40
#define MORE  232
#elif CONSUMERS == 3
#define FEWER 32
#define MORE  160
#endif
#endif

/* go[c]: the other consumer has begun to multiply all of its tile, and c may begin with the next. Without, c would wait at a stage whose
 * phase is more than one ahead, which one bit of parity cannot tell. */
typedef struct {
    barrier full[STAGES], empty[STAGES], go[2];
} stage_barriers;

/* The next stage; `parity` changes with every round. */
static inline void next_stage(int *stage, int *parity) {
    if (++*stage == STAGES) {
        *stage = 0;
        *parity ^= 1;
    }
}

/* The tiles of all clusters, and the one of this block. */
static inline int count_tiles(const hone_cuda_call *q) { return pieces(q->m, BM * CLUSTER) * pieces(q->n, BN); }
static inline block_place place_of_block(const hone_cuda_call *q, int tile, int k_blocks) {
    block_place place = place_of_tile(q, tile, BM * CLUSTER, k_blocks);
    place.row += CLUSTER > 1 ? CLUSTER_RANK * BM : 0;
    return place;
}

/* Rows of packed weights, from element `x` on. */
static inline void load_weights(const hone_cuda_call *q, unsigned char *to, int x, int column, barrier *full) {
#if CLUSTER > 1
    const int first = CLUSTER_RANK * B_SHARE;
    tma_load_all(to + first * ROW, &q->map_b, x, column + first, full, CLUSTER);
#else
    tma_load(to, &q->map_b, x, column, full);
#endif
}

static inline void produce(const hone_cuda_call *q, stage_barriers *barriers) {
    const int tiles = count_tiles(q), k_blocks = pieces(q->depth, ROW / 4);
    int stage = 0, parity = 1; /* of the phase before the first: all stages are empty */
    for (int tile = BLOCK_X / CLUSTER; tile < tiles; tile += GRID_X / CLUSTER) {
        const block_place place = place_of_block(q, tile, k_blocks);
        for (int block = place.first; block < place.last; block++) {
            unsigned char *const to = hone_shared + stage * STAGE;
            barrier_wait(&barriers->empty[stage], parity);
            barrier_expect(&barriers->full[stage], STAGE);
            tma_load(to, &q->map_a, block * (ROW / ELEMENT_BYTES), place.row, &barriers->full[stage]);
            for (int part = 0; part < WEIGHT_PARTS; part++)
                load_weights(q, to + (BM + part * BN) * ROW, (WEIGHT_PARTS * block + part) * (ROW / ELEMENT_BYTES),
                             place.column, &barriers->full[stage]);
            next_stage(&stage, &parity);
        }
    }
}

#if WEIGHT_PARTS == 2
#define ROW_OF_SUM(e)    ((e) / 4 / N_TILES * 64 + (e) % 4 / 2 * 8)
#define COLUMN_OF_SUM(e) ((e) / 4 % N_TILES * 8 + (e) % 2)
#include "parts.cuh"

/* 16 rows of A for each warp, and eight words of k. */
static inline void take_rows(word high[4], word low[4], const unsigned char *shared_a, int row, int step) {
    const int lane = THREAD % 32, at = row + THREAD % GROUP / 32 * 16 + lane % 16, chunk = 2 * step + lane / 16;
    word rows[4];
    ldmatrix4(rows, shared_a + at * ROW + (chunk ^ at % 8) * 16);
    part_words(high, low, rows, 4);
}

/* `row`: of the consumer's part of the tile. The small products come first. */
static inline void multiply_block(vsum acc[M_TILES][4 * N_TILES], int stage, int row) {
    unsigned char *const shared_a = hone_shared + stage * STAGE, *const shared_b = shared_a + BM * ROW;
    const unsigned long long b0 = SWIZZLED_MATRIX(shared_b), b1 = SWIZZLED_MATRIX(shared_b + BN * ROW);
    word high[STEPS][M_TILES][4], low[STEPS][M_TILES][4];
#pragma unroll
    for (int step = 0; step < STEPS; step++)
#pragma unroll
        for (int i = 0; i < M_TILES; i++)
            take_rows(high[step][i], low[step][i], shared_a, row + 64 * i, step);
    wgmma_fence();
#pragma unroll
    for (int step = 0; step < STEPS; step++)
#pragma unroll
        for (int i = 0; i < M_TILES; i++) {
            WGMMA_ROWS(BN)(acc[i], low[step][i], b0 + 2 * step);
            WGMMA_ROWS(BN)(acc[i], high[step][i], b1 + 2 * step);
            WGMMA_ROWS(BN)(acc[i], high[step][i], b0 + 2 * step);
        }
    wgmma_commit();
    wgmma_wait(0); /* its registers are to be written again */
}
#else
/* `row`: of the consumer's part of the tile. */
static inline void multiply_block(vsum acc[M_TILES][4 * N_TILES], int stage, int row) {
    unsigned char *const shared_a = hone_shared + stage * STAGE, *const shared_b = shared_a + BM * ROW;
    const unsigned long long b = SWIZZLED_MATRIX(shared_b);
    wgmma_fence();
#pragma unroll
    for (int step = 0; step < STEPS; step++)
#pragma unroll
        for (int i = 0; i < M_TILES; i++) {
            const unsigned long long a = SWIZZLED_MATRIX(shared_a + (row + 64 * i) * ROW);
            WGMMA(BN)(acc[i], a + 2 * step, b + 2 * step);
        }
    wgmma_commit();
    wgmma_wait(1);
}
#endif

static inline void mend_tile(vsum acc[M_TILES][4 * N_TILES], const hone_cuda_call *q, const block_place *place, int row) {
#if WEIGHT_PARTS == 2
    const int lane = THREAD % 32;
    mend_sums(&acc[0][0], 4 * M_TILES * N_TILES, q, place, row + THREAD % GROUP / 32 * 16 + lane / 4,
              place->column + lane % 4 * 2);
#endif
}

static inline void leave_tile(const hone_cuda_call *q, vsum acc[M_TILES][4 * N_TILES], int row0, int column0) {
    const int lane = THREAD % 32, row = row0 + THREAD % GROUP / 32 * 16 + lane / 4;
#pragma unroll
    for (int j = 0; j < N_TILES; j += HAND / 8) {
        const int column = column0 + 8 * j + lane % 4 * (HAND / 4);
        column_values values[HAND / 4];
        values_of_columns(values, q, column, HAND / 4);
#pragma unroll
        for (int i = 0; i < 2 * M_TILES; i++)
            leave_hand(q, row + i / 2 * 64 + i % 2 * 8, column, &acc[i / 2][4 * j + i % 2 * 2], 4, values);
    }
}

/* A warp has read a stage, of which all blocks of the cluster brought something. */
static inline void release(stage_barriers *barriers, int stage) {
    if (THREAD % 32 == 0)
#if CLUSTER > 1
        for (int rank = 0; rank < CLUSTER; rank++)
            barrier_arrive_at(&barriers->empty[stage], rank);
#else
        barrier_arrive(&barriers->empty[stage]);
#endif
}

/* A consumer's sums of its part of a tile, from the stage that is next. */
static inline void multiply_tile(vsum acc[M_TILES][4 * N_TILES], stage_barriers *barriers, const block_place *place,
                                 int consumer, int *stage, int *parity) {
    const int row = TURNS ? 0 : consumer * TM;
    int before = -1; /* the stage whose products may still run */
#pragma unroll
    for (int i = 0; i < M_TILES; i++)
#pragma unroll
        for (int j = 0; j < 4 * N_TILES; j++)
            acc[i][j] = 0;
    for (int block = place->first; block < place->last; block++) {
        barrier_wait(&barriers->full[*stage], *parity);
        multiply_block(acc, *stage, row);
        if (WEIGHT_PARTS == 2) { /* its products are through */
            release(barriers, *stage);
        } else {
            if (before >= 0)
                release(barriers, before);
            before = *stage;
        }
        next_stage(stage, parity);
    }
    if (TURNS && THREAD % 32 == 0)
        barrier_arrive(&barriers->go[!consumer]);
    wgmma_wait(0);
#pragma unroll
    for (int i = 0; i < M_TILES; i++)
        wgmma_settled(acc[i], 4 * N_TILES);
    if (before >= 0)
        release(barriers, before);
}

static inline void consume(const hone_cuda_call *q, stage_barriers *barriers, int consumer) {
    const int tiles = count_tiles(q), k_blocks = pieces(q->depth, ROW / 4);
    int stage = 0, parity = 0, turn = 0;
    int go = !consumer; /* of the phase before the first: the first consumer may begin */
    for (int tile = BLOCK_X / CLUSTER; tile < tiles; tile += GRID_X / CLUSTER, turn ^= 1) {
        const block_place place = place_of_block(q, tile, k_blocks);
        if (TURNS && turn != consumer) {
            for (int block = place.first; block < place.last; block++)
                next_stage(&stage, &parity);
            continue;
        }
        vsum acc[M_TILES][4 * N_TILES];
        if (TURNS)
            barrier_wait(&barriers->go[consumer], go);
        multiply_tile(acc, barriers, &place, consumer, &stage, &parity);
        go ^= 1;
        mend_tile(acc, q, &place, place.row + (TURNS ? 0 : consumer * TM));
        leave_tile(q, acc, place.row + (TURNS ? 0 : consumer * TM), place.column);
    }
}

#if CLUSTER > 1
#define SYNC_ALL() cluster_sync()
#else
#define SYNC_ALL() block_sync()
#endif

#if CLUSTER > 1
CLUSTER_KERNEL(gemm, THREADS, CLUSTER) {
#else
KERNEL(gemm, THREADS) {
#endif
    stage_barriers *const barriers = (stage_barriers *)(hone_shared + STAGES * STAGE);
    if (THREAD == 0) {
        for (int s = 0; s < STAGES; s++) {
            barrier_init(&barriers->full[s], 1);
            barrier_init(&barriers->empty[s], 4 * READERS * CLUSTER); /* warps */
        }
        barrier_init(&barriers->go[0], 4);
        barrier_init(&barriers->go[1], 4);
        barrier_init_fence();
    }
    SYNC_ALL();
    if (THREAD < GROUP) {
#ifdef FEWER
        registers_fewer(FEWER);
#endif
        if (THREAD == 0)
            produce(&call, barriers);
    } else {
#ifdef FEWER
        registers_more(MORE);
#endif
        consume(&call, barriers, uniform(THREAD / GROUP - 1));
    }
#if CLUSTER > 1
    SYNC_ALL(); /* others may still arrive at barriers of this block */
#endif
}

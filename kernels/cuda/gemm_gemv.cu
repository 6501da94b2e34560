/* Few rows of A: a warp multiplies TM rows with TN columns of packed weights, its lanes reading 16 bytes each
 * side by side along k, straight from memory; then the lanes' sums are added up. WARPS_K warps share K. */
#define WARPS_N (BN / TN)
#define THREADS (32 * WARPS_N * WARPS_K)

/* The last words of a row of A, of which `bytes` are there. */
static inline quad get_tail(const char *from, int bytes) {
    quad r;
#pragma unroll
    for (int i = 0; i < 4; i++) {
        r.w[i] = 0;
#pragma unroll
        for (int b = 0; b < 4; b++)
            if (4 * i + b < bytes)
                r.w[i] |= (word)(unsigned char)from[4 * i + b] << 8 * b;
    }
    return r;
}

/* `tail`: bytes of A's rows that are there in this chunk, the last; 0: all 16. */
static inline void multiply_chunk(vsum acc[TM][TN], const char *const a[TM], const quad *const b[TN], int chunk, int tail) {
    quad weights[TN];
#pragma unroll
    for (int j = 0; j < TN; j++)
        weights[j] = b[j][chunk];
#pragma unroll
    for (int i = 0; i < TM; i++) {
        const quad values = tail ? get_tail(a[i] + 16 * chunk, tail) : *(const quad *)(a[i] + 16 * chunk);
#pragma unroll
        for (int j = 0; j < TN; j++)
#pragma unroll
            for (int g = 0; g < 4; g++)
                acc[i][j] = word_mac(acc[i][j], values.w[g], weights[j].w[g]);
    }
}

KERNEL(gemm, THREADS) {
    int *const shared = (int *)hone_shared;
    const int lane = THREAD % 32, warp_n = THREAD / 32 % WARPS_N, warp_k = THREAD / 32 / WARPS_N;
    const block_place place = place_of_tile(&call, BLOCK_X, BM, call.across / 4); /* blocks of k are chunks of 16 bytes */
    const int column = place.column + warp_n * TN;
    const int row_bytes = call.k * ELEMENT_BYTES;
    const char *a[TM];
    const quad *b[TN];
    vsum acc[TM][TN];
#pragma unroll
    for (int i = 0; i < TM; i++)
        a[i] = (const char *)call.a + (long long)least(place.row + i, call.m - 1) * call.lda;
#pragma unroll
    for (int j = 0; j < TN; j++)
        b[j] = (const quad *)((const word *)call.b + (long long)least(column + j, call.n - 1) * call.across);
#pragma unroll
    for (int i = 0; i < TM; i++)
#pragma unroll
        for (int j = 0; j < TN; j++)
            acc[i][j] = 0;

    const int step = 32 * WARPS_K, whole = least(place.last, row_bytes / 16);
    int chunk = place.first + warp_k * 32 + lane;
    UNROLL_BY(UNROLL)
    for (; chunk < whole; chunk += step)
        multiply_chunk(acc, a, b, chunk, 0);
    if (chunk < place.last && chunk == row_bytes / 16)
        multiply_chunk(acc, a, b, chunk, row_bytes % 16);
#pragma unroll
    for (int i = 0; i < TM; i++)
#pragma unroll
        for (int j = 0; j < TN; j++)
#pragma unroll
            for (int mask = 16; mask > 0; mask /= 2)
                acc[i][j] += sum_of(shuffle_xor(sum_bits(acc[i][j]), mask));
#if WARPS_K > 1
#pragma unroll
    for (int i = 0; i < TM; i++)
#pragma unroll
        for (int j = 0; j < TN; j++)
            if (lane == i * TN + j)
                shared[(warp_k * WARPS_N + warp_n) * 32 + lane] = sum_bits(acc[i][j]);
    block_sync();
    if (warp_k > 0)
        return;
#endif
#pragma unroll
    for (int i = 0; i < TM; i++)
#pragma unroll
        for (int j = 0; j < TN; j++)
            if (lane == i * TN + j) {
                const column_values values = values_of_column(&call, column + j);
                vsum sum = acc[i][j];
                for (int w = 1; w < WARPS_K; w++)
                    sum += sum_of(shared[(w * WARPS_N + warp_n) * 32 + lane]);
                leave(&call, place.row + i, column + j, &sum, &values, 1);
            }
}

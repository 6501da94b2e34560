/* The fastest products of a type that are known here, on data that is in registers or in shared memory, over and over:
 * what a multiprocessor can do. PEAK_WGMMA, PEAK_MMA or neither says by what; call.k: rounds. Every warp multiplies
 * other numbers between -1 and 1, since zeros would take less power. */
#define CHAINS  8   /* that do not wait for each other */
#define THREADS 256 /* call.c has one word for each of a block's */

/* A word of numbers that look random. */
static inline word some_word(int seed) {
    const word x = (word)(seed * 2654435761u) ^ (word)(seed * 40503u) << 7;
#if A_TYPE == TYPE_F32
    return (x & 0x807fffffu) | 0x3f000000u; /* +-[0.5, 1) */
#elif A_TYPE == TYPE_F16
    return (x & 0x83ff83ffu) | 0x38003800u;
#elif A_TYPE == TYPE_BF16
    return (x & 0x807f807fu) | 0x3f003f00u;
#else
    return x;
#endif
}

KERNEL(peak, THREADS) {
    vsum sum = 0;
#if PEAK_WGMMA
    vsum acc[128];
    for (int i = THREAD; i < (64 + 256) * 32; i += THREADS)
        ((word *)hone_shared)[i] = some_word(i);
    block_sync();
    barrier_init_fence(); /* shared memory can be seen by wgmma */
#pragma unroll
    for (int i = 0; i < 128; i++)
        acc[i] = 0;
    for (int round = 0; round < call.k; round++) {
        wgmma_fence();
#pragma unroll
        for (int step = 0; step < 4; step++)
            wgmma_256(acc, SWIZZLED_MATRIX(hone_shared) + 2 * step, SWIZZLED_MATRIX(hone_shared + 64 * 128) + 2 * step);
        wgmma_commit();
        wgmma_wait(0);
    }
#pragma unroll
    for (int i = 0; i < 128; i++)
        sum += acc[i];
#elif PEAK_MMA
    vsum acc[CHAINS][4];
    word a[4], b[CHAINS][2];
    for (int i = 0; i < 4; i++)
        a[i] = some_word(THREAD * 4 + i);
#pragma unroll
    for (int c = 0; c < CHAINS; c++) {
        for (int i = 0; i < 4; i++)
            acc[c][i] = 0;
        for (int i = 0; i < 2; i++)
            b[c][i] = some_word(4 * THREADS + (THREAD * CHAINS + c) * 2 + i);
    }
    for (int round = 0; round < call.k; round++)
#pragma unroll
        for (int c = 0; c < CHAINS; c++)
            mma(acc[c], a, b[c]);
#pragma unroll
    for (int c = 0; c < CHAINS; c++)
        sum += acc[c][0] + acc[c][1] + acc[c][2] + acc[c][3];
#else
    vsum acc[CHAINS];
#pragma unroll
    for (int c = 0; c < CHAINS; c++)
        acc[c] = 0;
    for (int round = 0; round < call.k; round++)
#pragma unroll
        for (int c = 0; c < CHAINS; c++)
            acc[c] = word_mac(acc[c], some_word(THREAD), some_word(THREAD + c));
#pragma unroll
    for (int c = 0; c < CHAINS; c++)
        sum += acc[c];
#endif
    ((int *)call.c)[THREAD] = sum_bits(sum); /* all blocks the same words: they are read by nobody */
}

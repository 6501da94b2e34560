/* f32 by tensor cores, which have no more than tf32's 11 bits of a number. PARTS = 2: a float is summed as two of them,
 * a = a0 + a1, and a * b = a0 b0 + a0 b1 + a1 b0, which leaves at most 8 * 2^-24 of it out. Infinities and numbers that
 * round to them make that NaN: such sums are made again, one by one. */
#if PARTS == 2
/* What tensor cores take of `low`, of 12 bits, is its first 11. */
static inline void part_words(word *high, word *low, const word *from, int count) {
#pragma unroll
    for (int i = 0; i < count; i++) {
        const float x = float_of((int)from[i]);
        high[i] = tf32_bits(x);
        low[i] = (word)bits_of(x - float_of((int)high[i]));
    }
}

/* Word k of a column of packed weights, which may be in parts (prepare.cu). */
static inline word packed_word(const word *column, int k) {
#if WEIGHT_PARTS == 2
    const word *at = column + HONE_PART(k, 0);
    return (word)bits_of(float_of((int)at[0]) + float_of((int)at[HONE_PART(0, 1)]));
#else
    return column[k];
#endif
}

/* A sum over the block's part of K by multiply-adds. `packed`: of the column. */
static inline float plain_sum(const hone_cuda_call *q, const block_place *place, int row, int packed) {
    const word *a = (const word *)((const char *)q->a + (long long)least(row, q->m - 1) * q->lda);
    const word *b = (const word *)q->b + (long long)least(packed, packed_columns(q) - 1) * q->across;
    float sum = 0;
    for (int k = place->first * BK; k < least(place->last * BK, q->depth); k++)
        sum = word_mac(sum, a[k], packed_word(b, k));
    return sum;
}

static inline int is_finite(float x) { return fabsf(x) <= 3.4028234e38f; }

/* A thread's `count` sums. Number `e` is of row ROW_OF_SUM(e) and packed column COLUMN_OF_SUM(e) after the first ones. What is
 * rare is one loop: sums in registers cannot be indexed, and 128 copies of plain_sum are long to compile. */
static inline void mend_sums(vsum *sums, int count, const hone_cuda_call *q, const block_place *place, int row, int packed) {
    int finite = 1;
#pragma unroll
    for (int e = 0; e < count; e++)
        finite &= is_finite(sums[e]);
    if (finite)
        return;
#pragma unroll 1
    for (int e = 0; e < count; e++) {
        finite = 1;
#pragma unroll
        for (int i = 0; i < count; i++)
            finite &= i != e || is_finite(sums[i]);
        if (finite)
            continue;
        const float sum = plain_sum(q, place, row + ROW_OF_SUM(e), packed + COLUMN_OF_SUM(e));
#pragma unroll
        for (int i = 0; i < count; i++)
            sums[i] = i == e ? sum : sums[i];
    }
}
#endif

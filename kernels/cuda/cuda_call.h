/* What every CUDA kernel is called with: one parameter, the same to the host (cuda_plan.c) and to kernels,
 * whose text it is part of. Addresses are the device's. A word is 4 bytes of one row: 1, 2 or 4 consecutive
 * k. */
#ifndef HONE_CUDA_CALL_H
#define HONE_CUDA_CALL_H

/* Packed columns are dealt to the threads of a quad, who hold two of every eight sums of a row: of each
 * `hand` of 16 or 32 columns, thread t gets the hand / 4 from t * hand / 4 on, so that its sums are
 * neighbours in C.
 *
 *      hand = 16    packed   0  1  2  3  4  5  6  7  8  9 10 11 12 13 14 15
 *                   column   0  1  4  5  8  9 12 13  2  3  6  7 10 11 14 15
 */
#define HONE_DEALT(r, hand) ((r) - (r) % (hand) + (r) % 8 / 2 * ((hand) / 4) + (r) % (hand) / 8 * 2 + (r) % 2)

/* Packed weights of f32 in two parts: of each 32 words the first parts, then the second ones. */
#define HONE_PART(word, part) ((word) / 32 * 64 + (part)*32 + (word) % 32)

/* How TMA reads a matrix; made by the driver (cuTensorMapEncodeTiled). */
typedef struct __attribute__((aligned(64))) hone_tensor_map {
    unsigned long long opaque[16];
} hone_tensor_map;

typedef struct hone_cuda_call {
    const void *a; /* M x K; rows begin at multiples of 16 bytes */
    const void *b; /* packed weights: see tiles.cuh */
    void *c;
    int *sums; /* of the parts of K, [part][M][N], f32 or s32; where K is split */
    const float *bias, *alpha, *b_scale, *a_scale;
    const int *a_zero;
    const int *column_sums; /* of 8-bit weights over k */
    long long lda;          /* bytes */
    long long ldc;          /* elements */
    int m, n, k;
    int depth;     /* words of a row of A, without what fills it up to 16 bytes */
    int across;    /* from one row of packed weights to the next, in words: a multiple of 4 */
    int c_aligned; /* c and its rows begin at multiples of 16 bytes */
    int c_zero;
    float p, q, c_inverse;

    hone_tensor_map map_a,
        map_b; /* gemm_wgmma.cu: rows of K elements, in boxes of bm and bn rows by 128 bytes */

    /* Kernels of prepare.cu: target[r * target_row + w * target_step] becomes the word of elements
     * source[r * source_row + k * source_step] with k in [w * group, (w + 1) * group), zeros where there is
     * no such row or k. Words, and elements. `flip`: bits of each word to invert. activate.cu reads sums or
     * values at source[row * source_row + column]. `parts` = 2: target words by HONE_PART. */
    const void *source;
    void *target;
    long long source_row, source_step, target_row, target_step;
    int rows, target_rows, target_words, element_bytes, hand, parts;
    unsigned flip;
} hone_cuda_call;

#endif

/* What every kernel of a program knows of its problem. The host (opencl_program.c) defines, before this:
 *
 *   A_TYPE, C_TYPE       TYPE_* of A and C as the caller has them
 *   B_TYPE               of packed weights; with PRODUCT_DOT4 four consecutive k are an int
 *   STORED_TYPE          of the caller's weights
 *   IS_S8                the problem sums 8-bit integers exactly
 *   PRODUCT_DOT4         1: sums of four 8-bit products (dot4.cl); 0: products in f32
 *   NATIVE_HALF, FUSED   of vec_opencl.cl
 *   SHIFT_A              added to each A while copying it: 128 where dot4 takes it unsigned
 *
 * and for gemm and reduce alone
 *
 *   VEC_LANES, TILE_ROWS, TILE_VECTORS   a work-item's tile: TILE_ROWS x TILE_VECTORS vectors
 *   LOCAL_X, LOCAL_Y     work-items of a group along N and along M
 *   ROW_TILES            tiles below each other that a work-item does
 *   UNROLL               groups of k in a step of the loop
 *   SPLITS               parts of K that are summed apart
 *   BLOCK_K, STAGES, PAD groups of k in local memory, blocks there, elements between its rows (gemm_local.cl)
 *   COPY_A               1: A has been copied to panels (copy_a)
 *   B_IN_PLACE           1: weights are read as the caller has them, K x N; 0: they are packed
 *   INNER_N              1: groups along N follow each other; 0: along M
 *   BUFFERED             1: the epilogue loops over sums in memory; 0: over sums in registers, unrolled
 *   ACT                  the activation's function; PER_COLUMN, BIAS, ROW_SCALE: what it and the problem have
 *
 * Packed weights are panels of columns, [k / GROUP][columns][GROUP], zeros beyond the matrix; copied A is panels
 * of rows, [k / GROUP][rows][GROUP]. Both have DEPTH(k) groups. */

#include "elements.cl"

/* As opencl_plan.c has it. */
typedef struct {
    long lda, ldb, ldc; /* elements */
    long column_sums;   /* bytes from the packed weights to their sums over k */
    int m, n, k;
    int c_zero;
    float p, q, c_inverse;
    int panel_columns, panel_rows; /* of packed weights and of copied A */
    int copy_depth;                /* groups of k that a work-item of copy_a does */
} hone_call;

#if PRODUCT_DOT4
#define GROUP 4
typedef int tile_element;
#else
#define GROUP 1
typedef float tile_element;
#endif
#if A_TYPE == TYPE_F32
#define A_BYTES 4
#elif A_TYPE == TYPE_S8 || A_TYPE == TYPE_U8
#define A_BYTES 1
#else
#define A_BYTES 2
#endif
#define DEPTH(k)     (((k) + GROUP - 1) / GROUP)
#define PIECES(x, y) (((x) + (y)-1) / (y))

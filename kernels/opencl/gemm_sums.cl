/* The sums of a work-item's tile, and the products that go into them.
 *
 * Products of 8-bit numbers in f32 are summed exactly below 2^24, which EXACT of them do not reach; then
 * they are carried to 32-bit integers. */

#define EXACT 512
#define PANEL (LOCAL_X * TILE_VECTORS * VEC_LANES) /* columns of a group */
#define CARRIES (IS_S8 && !PRODUCT_DOT4)

#if PRODUCT_DOT4
typedef vi vacc;
#define ACC_ZERO vi_set(0)
#define VEC_GET_ACC vec_get_s32
#else
typedef vf vacc;
#define ACC_ZERO vf_set(0.0f)
#define VEC_GET_ACC vec_get_f32
#endif

typedef struct {
    vacc acc[TILE_ROWS][TILE_VECTORS];
#if CARRIES
    vi carried[TILE_ROWS][TILE_VECTORS];
#endif
} tile_sums;

static inline void sums_clear(tile_sums *s) {
#pragma unroll
    for (int i = 0; i < TILE_ROWS; i++)
#pragma unroll
        for (int j = 0; j < TILE_VECTORS; j++) {
            s->acc[i][j] = ACC_ZERO;
#if CARRIES
            s->carried[i][j] = vi_set(0);
#endif
        }
}

static inline void sums_carry(tile_sums *s) {
#if CARRIES
#pragma unroll
    for (int i = 0; i < TILE_ROWS; i++)
#pragma unroll
        for (int j = 0; j < TILE_VECTORS; j++) {
            s->carried[i][j] += vi_from(s->acc[i][j]);
            s->acc[i][j] = ACC_ZERO;
        }
#endif
}

static inline void sums_add(tile_sums *s, int i, int j, tile_element a, vacc b) {
#if PRODUCT_DOT4
    s->acc[i][j] = dot4(s->acc[i][j], a, b);
#else
    s->acc[i][j] = vf_sum_product(s->acc[i][j], (vf)(a), b);
#endif
}

/* The first n of a vector of weights at element `at`. */
static inline vacc weights_get(__global const void *b, long at, int n) {
#if PRODUCT_DOT4
    return vec_get_s32((__global const int *)b + at, n);
#elif B_TYPE == TYPE_F32
    return vec_get_f32((__global const float *)b + at, n);
#elif B_TYPE == TYPE_F16
    return vec_get_f16((__global const ushort *)b + at, n);
#elif B_TYPE == TYPE_BF16
    return vec_get_bf16((__global const ushort *)b + at, n);
#else
    return VEC_OF(convert_float)(vec_get_s8((__global const char *)b + at, n));
#endif
}

/* Where a group's columns of weights lie, and from one k to the next. */
typedef struct {
    __global const void *b;
    long first, step; /* elements */
} weights_panel;

static inline weights_panel panel_of(__global const void *b, const hone_call *q, int group_n) {
#if B_IN_PLACE
    return (weights_panel){b, (long)group_n * PANEL, q->ldb};
#else
    return (weights_panel){b, (long)group_n * DEPTH(q->k) * PANEL, PANEL};
#endif
}

/* Lanes of a vector at `column` that may be read: packed weights have zeros beyond the matrix. */
static inline int weights_lanes(const hone_call *q, int column) {
    return B_IN_PLACE ? clamp(q->n - column, 0, VEC_LANES) : VEC_LANES;
}

/* To C, or to the sums of a part of K. */
static inline void sums_leave(tile_sums *s, __global const void *b, __global void *c,
                              __global const float *vectors, __global void *split_sums, const hone_call *q,
                              int split, int row0, int column0) {
    sums_carry(s);
#if CARRIES
    tile_leave(s->carried, b, c, vectors, split_sums, q, split, row0, column0);
#else
    tile_leave(s->acc, b, c, vectors, split_sums, q, split, row0, column0);
#endif
}

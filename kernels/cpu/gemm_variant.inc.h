/* What every generated file of tiles begins with. */
#define TILE_CAT_(a, b) a##_##b
#define TILE_CAT(a, b)  TILE_CAT_(a, b)
#define TILE(x)         TILE_CAT(x, TILE_KIND)

#define TILE_UNROLL _Pragma("GCC unroll 32")

/* Keeps the compiler from replacing a few pointers by one a row, which it would spill. */
#define TILE_KEEP(pointer) __asm__("" : "+r"(pointer))

/* Of two accumulators. */
#define TILE_ADD(x, y) _Generic((x), vf : vf_add, vi : vi_add)(x, y)

#ifndef TILE_LEAVE
#define TILE_LEAVE 0
#endif

enum {
    TILE_COLUMNS = TILE_VECTORS * VEC_LANES,
    /* bytes of one group: a row of A, a vector of B */
    TILE_A_SIZE = TILE(TILE_A) == HONE_A_F32                               ? 4
                  : TILE(TILE_A) == HONE_A_S8 || TILE(TILE_A) == HONE_A_U8 ? 1
                                                                           : 2,
    TILE_A_BYTES = TILE_A_SIZE * TILE(TILE_GROUP),
    TILE_B_BYTES = TILE_B_SIZE * TILE(TILE_GROUP) * VEC_LANES,
    TILE_B_STEP = TILE_VECTORS * TILE_B_BYTES /* from one group to the next */
};
_Static_assert((int)TILE_COLUMNS <= (int)HONE_MOST_COLUMNS, "cpu_abi.h says how wide a tile may be");

/* What every generated file of tiles begins with. */
#include "act_math.h"

#define TILE_CAT_(a, b) a##_##b
#define TILE_CAT(a, b)  TILE_CAT_(a, b)
#define TILE(x)         TILE_CAT(x, TILE_KIND)

#define TILE_UNROLL _Pragma("GCC unroll 32")

/* Keeps the compiler from replacing a few pointers by one a row, which it would spill. */
#define TILE_KEEP(pointer) __asm__("" : "+r"(pointer))

/* Of two accumulators. */
#define TILE_ADD(x, y) _Generic((x), vf : vf_add, vi : vi_add)(x, y)

/* Whether sums are integers, and whether 8-bit C is packed from four vectors at a time. */
#define TILE_S32 (TILE_B_SIZE == 1)
#if TILE_S32 && defined(VEC_STORES_FOUR) && (TILE_VECTORS == 2 || TILE_VECTORS == 4)
#define TILE_FOURS 1
#else
#define TILE_FOURS 0
#endif

/* Whether 8-bit C may be a curve of the sums. */
#if TILE_S32 && defined(VEC_CURVES)
#define TILE_CURVES 1
#else
#define TILE_CURVES 0
#endif

/* A sum as a real number. */
#if TILE_S32
#define TILE_REAL(sum, args, j)                                                                              \
    vf_fma(vf_from_vi(sum), vf_load((args)->scale + (j)), vf_load((args)->bias + (j)))
#else
#define TILE_REAL(sum, args, j) (sum)
#endif

/* Whether a group of A is a word, and one whose sign may have to be changed. */
#ifdef VEC_WORDS
#define TILE_WORDS                 1
#define TILE_WORD(va, flips, flip) ((flips) ? vi_xor(va, flip) : (va))
#else
#define TILE_WORDS                 0
#define TILE_WORD(va, flips, flip) (va)
#endif
#define TILE_FLIP(args) vi_set(TILE_WORDS ? (int32_t)((uint32_t)(args)->a_flip * 0x01010101u) : 0)
#define TILE_FLIPS      (TILE_WORDS && TILE(TILE_A) == HONE_A_U8)

/* A loop, with its last two arguments known when compiling: whether it fetches, and whether it flips A. */
#define TILE_KNOWN(fetches, flips, loop, ...)                                                                \
    do {                                                                                                     \
        if (TILE_FLIPS && (flips) && (fetches))                                                              \
            loop(__VA_ARGS__, 1, 1);                                                                         \
        else if (TILE_FLIPS && (flips))                                                                      \
            loop(__VA_ARGS__, 0, 1);                                                                         \
        else if (fetches)                                                                                    \
            loop(__VA_ARGS__, 1, 0);                                                                         \
        else                                                                                                 \
            loop(__VA_ARGS__, 0, 0);                                                                         \
    } while (0)

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

/* The next of the tiles of one call. */
static inline void tile_next(hone_tile_args *t) {
    t->further--;
    t->a = (const char *)t->a + t->a_next;
    t->b = (const char *)t->b + t->b_next;
    t->acc = (char *)t->acc + t->acc_next;
    if (t->fetch_lines)
        t->fetch += t->fetch_next;
    if (t->c)
        t->c = (char *)t->c + t->c_next;
    if (t->start)
        t->start = (const char *)t->start + 4 * t->columns_next;
    if (t->slope)
        t->slope += t->slope_next;
    if (t->scale) {
        t->scale += t->columns_next;
        t->bias += t->columns_next;
    }
}

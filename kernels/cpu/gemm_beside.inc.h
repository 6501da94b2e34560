/* The register tile that does the epilogue of the tile before: a vector of C, some groups of
 * products, the next vector. Fewer rows than the widest tile has leave registers to both, and the
 * units that do not multiply have work all the time.
 *
 * Included once, after gemm_tile.inc.h of as many rows. The tile before, hone_tile_args.job, has as many
 * rows and columns; its sums are f32 with their bias, or s32 with scales and bias of columns alone. Not for
 * 8-bit C. Fetches nothing. */

#include "epilogue.inc.h"

#define TILE_(x) TILE_CAT(x, TILE_ROWS)

static inline __attribute__((always_inline)) void tile_beside(const hone_tile_args *args, int flips,
                                                              epilogue_kind kind) {
    TILE(tile_acc) sum[TILE_ROWS][TILE_VECTORS];
    const epilogue_tile before = epilogue_load(&args->job->args, kind);
    const char *a[TILE_(tile_bases)], *b = args->b;
    const int64_t a_step = args->a_step, share = args->groups / (TILE_ROWS * TILE_VECTORS);
    const vi flip = TILE_FLIP(args);
    TILE_(tile_enter)(a, args);
    TILE_(tile_begin)(sum, args);
    for (int row = 0; row < TILE_ROWS; row++) {
        const epilogue_row r = epilogue_row_of(&before, kind, row);
        TILE_UNROLL for (int j = 0; j < TILE_VECTORS; j++) {
            epilogue_one(&before, kind, r, j * VEC_LANES, VEC_LANES);
            for (int64_t g = share; g > 0; g--, b += TILE_B_STEP) {
                TILE_(tile_group)(sum, a, a_step, 0, b, flips, flip);
                TILE_(tile_advance)(a, 1);
            }
        }
    }
    TILE_(tile_last)(sum, args, a, b, args->groups - share * (TILE_ROWS * TILE_VECTORS), flips, flip);
    args->job->next = args->job->rows;
    TILE_(tile_keep)(sum, args);
}

static inline __attribute__((always_inline)) void tile_beside_to(const hone_tile_args *args, int c_type,
                                                                 epilogue_act *act) {
    const epilogue_kind kind = {
        .sums = TILE_S32 ? EPILOGUE_S32 : EPILOGUE_F32, .c_type = c_type, .smooth = 1, .act = act};
    if (TILE_FLIPS && args->a_flip)
        tile_beside(args, 1, kind);
    else
        tile_beside(args, 0, kind);
}

static inline __attribute__((always_inline)) void tile_beside_to_16(const hone_tile_args *args,
                                                                    epilogue_act *act) {
    if (TILE_S32 || args->job->args.c_type == HONE_C_F16)
        tile_beside_to(args, HONE_C_F16, act);
    else
        tile_beside_to(args, HONE_C_BF16, act);
}

/* Smooth activations: what others cost is little, and nearly all of them leave from the registers. */
#define BESIDE_0(name)
#define BESIDE_1(name)                                                                                       \
    static void tile_beside_high_##name(hone_tile_args *args) {                                              \
        tile_beside_to(args, HONE_C_F32, act_high_##name);                                                   \
    }                                                                                                        \
    static void tile_beside_fast_##name(hone_tile_args *args) {                                              \
        tile_beside_to(args, HONE_C_F32, act_fast_##name);                                                   \
    }                                                                                                        \
    static void tile_beside_brief_##name(hone_tile_args *args) { tile_beside_to_16(args, act_brief_##name); }
#define HONE_ACT(name, alias, params, per_column, smooth, least, most, lipschitz, formula, hazard,           \
                 reference, high, fast, brief, byte)                                                         \
    BESIDE_##smooth(name)
#include "activations.def"
#undef HONE_ACT
#undef BESIDE_0
#undef BESIDE_1

/* By activation and form. */
#define BESIDE_0(name) {0},
#define BESIDE_1(name)                                                                                       \
    {[HONE_FORM_HIGH] = tile_beside_high_##name,                                                             \
     [HONE_FORM_FAST] = tile_beside_fast_##name,                                                             \
     [HONE_FORM_BRIEF] = tile_beside_brief_##name},
static hone_tile_fn *const besides[][HONE_FORM_COUNT] = {
#define HONE_ACT(name, alias, params, per_column, smooth, least, most, lipschitz, formula, hazard,           \
                 reference, high, fast, brief, byte)                                                         \
    BESIDE_##smooth(name)
#include "activations.def"
#undef HONE_ACT
};
#undef BESIDE_0
#undef BESIDE_1

#undef TILE_
#undef TILE_ROWS

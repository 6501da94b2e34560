/* The epilogue of one instruction set: a finished tile of sums, still in the
 * first-level cache, becomes C: dequantise, bias, activation, round, store.
 * One function an activation and form, from the one activation table. */

#include "act_vec.h"

typedef vf epilogue_act(vf x, vf p, vf q);

/* What a column of vectors shares over the rows of a tile. */
typedef struct epilogue_column {
    vf p, bias;
    vi zeros; /* what the zero points of A add to the sums */
    vf scale;
} epilogue_column;

static inline int32_t epilogue_row_zero(const hone_epilogue_args *e, int row) {
    return (e->row_zero ? e->row_zero[row * e->row_step] : 0) + e->zero_shift;
}

static inline epilogue_column epilogue_load_column(const hone_epilogue_args *e, int s32, int column, int n) {
    epilogue_column c = {.p = e->alpha ? vf_load_part(e->alpha + column, n) : vf_set(e->p),
                         /* adding -0 changes nothing, not even -0 */
                         .bias = e->bias ? vf_load_part(e->bias + column, n) : vf_set(-0.0f)};
    if (s32) {
        c.zeros = vi_mul(vi_set(epilogue_row_zero(e, 0)), vi_load_part(e->col_sum + column, n));
        c.scale = vf_mul(vf_set(e->row_scale[0]), vf_load_part(e->col_scale + column, n));
    }
    return c;
}

/* The sums of one row as real numbers, with the bias. */
static inline vf epilogue_value(const hone_epilogue_args *e, epilogue_column c, int s32, int row, int column,
                                int n) {
    if (!s32)
        return vf_add(vf_load_part((const float *)e->acc + row * e->acc_ld + column, n), c.bias);
    vi sum = vi_load_part((const int32_t *)e->acc + row * e->acc_ld + column, n);
    if (e->row_step) {
        c.zeros = vi_mul(vi_set(epilogue_row_zero(e, row)), vi_load_part(e->col_sum + column, n));
        c.scale = vf_mul(vf_set(e->row_scale[row]), vf_load_part(e->col_scale + column, n));
    }
    return vf_add(vf_mul(vf_from_vi(vi_sub(sum, c.zeros)), c.scale), c.bias);
}

static inline void epilogue_store(const hone_epilogue_args *e, int c_type, int row, int column, int n, vf y) {
    int64_t at = row * e->ldc + column;
    switch (c_type) {
    case HONE_C_F32:
        vf_store_part((float *)e->c + at, y, n);
        break;
    case HONE_C_F16:
        vf_store_f16_part((uint16_t *)e->c + at, y, n);
        break;
    case HONE_C_BF16:
        vf_store_bf16_part((uint16_t *)e->c + at, y, n);
        break;
    default: { /* a NaN, which 8 bits cannot hold, becomes the zero point */
        vi q = vi_quantise(
            vf_mul(y, vf_set(1.0f / e->c_scale))); /* a division would cost more than all the rest */
        vi_store8_part((unsigned char *)e->c + at, vi_add(q, vi_set(e->c_zero)), c_type == HONE_C_S8, n);
    }
    }
}

/* Inlined with known types and a known `act`: straight-line code for each. */
static inline __attribute__((always_inline)) void epilogue_loops(const hone_epilogue_args *e, int s32,
                                                                 int c_type, epilogue_act *act) {
    vf q = vf_set(e->q);
    for (int column = 0; column < e->columns; column += VEC_LANES) {
        int n = e->columns - column < VEC_LANES ? e->columns - column : VEC_LANES;
        epilogue_column c = epilogue_load_column(e, s32, column, n);
        for (int row = 0; row < e->rows; row++) {
            vf x = epilogue_value(e, c, s32, row, column, n);
            epilogue_store(e, c_type, row, column, n, act(x, c.p, q));
        }
    }
}

static inline __attribute__((always_inline)) void epilogue_sums(const hone_epilogue_args *e, int c_type,
                                                                epilogue_act *act) {
    if (e->acc_is_s32)
        epilogue_loops(e, 1, c_type, act);
    else
        epilogue_loops(e, 0, c_type, act);
}

/* `f32`: f32 leaves, else what has fewer bits. */
static inline __attribute__((always_inline)) void epilogue_tile(const hone_epilogue_args *e, int f32,
                                                                epilogue_act *act) {
    if (f32) {
        epilogue_sums(e, HONE_C_F32, act);
        return;
    }
    switch (e->c_type) {
    case HONE_C_F32: /* to be measured by itself */
        epilogue_loops(e, 0, HONE_C_F32, act);
        break;
    case HONE_C_F16:
        epilogue_sums(e, HONE_C_F16, act);
        break;
    case HONE_C_BF16:
        epilogue_loops(e, 0, HONE_C_BF16, act);
        break;
    case HONE_C_S8:
        epilogue_sums(e, HONE_C_S8, act);
        break;
    default:
        epilogue_sums(e, HONE_C_U8, act);
    }
}

#define HONE_ACT(name, alias, params, per_column, smooth, least, most, lipschitz, formula, hazard,           \
                 reference, high, fast, brief)                                                               \
    static void epilogue_high_##name(const hone_epilogue_args *e) { epilogue_tile(e, 1, act_high_##name); }  \
    static void epilogue_fast_##name(const hone_epilogue_args *e) { epilogue_tile(e, 1, act_fast_##name); }  \
    static void epilogue_brief_##name(const hone_epilogue_args *e) { epilogue_tile(e, 0, act_brief_##name); }
#include "activations.def"
#undef HONE_ACT

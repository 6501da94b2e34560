/* The epilogue of one instruction set: a finished tile of sums, still in the
 * first-level cache, becomes C: dequantise, bias, activation, round, store.
 * One function an activation and form, from the one activation table. */

#include "act_vec.h"

typedef vf epilogue_act(vf x, vf p, vf q);

/* What the sums are: f32, s32 with a scale and zero point for all of A, or s32 with one for each row. */
enum { EPILOGUE_F32, EPILOGUE_S32, EPILOGUE_S32_ROWS };

/* What a column of vectors shares over the rows of a tile. */
typedef struct epilogue_column {
    vf p, bias;
    vi zeros; /* what the zero points of A add to the sums */
    vf scale;
} epilogue_column;

static inline vi epilogue_zeros(const hone_epilogue_args *e, int row, int column, int n) {
    if (!e->col_sum)
        return vi_set(0);
    int32_t zero = (e->row_zero ? e->row_zero[row] : 0) + e->zero_shift;
    return vi_mul(vi_set(zero), vi_load_part(e->col_sum + column, n));
}

static inline epilogue_column epilogue_load_column(const hone_epilogue_args *e, int sums, int column, int n) {
    epilogue_column c = {.p = e->alpha ? vf_load_part(e->alpha + column, n) : vf_set(e->p),
                         /* adding -0 changes nothing, not even -0 */
                         .bias = e->bias ? vf_load_part(e->bias + column, n) : vf_set(-0.0f)};
    if (sums == EPILOGUE_F32)
        return c;
    c.scale = vf_load_part(e->col_scale + column, n);
    if (sums == EPILOGUE_S32) {
        c.scale = vf_mul(vf_set(e->row_scale[0]), c.scale);
        c.zeros = epilogue_zeros(e, 0, column, n);
    }
    return c;
}

/* The sums of one row as real numbers, with the bias. */
static inline vf epilogue_value(const hone_epilogue_args *e, epilogue_column c, int sums, int row, int column,
                                int n) {
    int64_t at = row * e->acc_ld + column;
    if (sums == EPILOGUE_F32)
        return vf_add(vf_load_part((const float *)e->acc + at, n), c.bias);
    if (sums == EPILOGUE_S32_ROWS) {
        c.scale = vf_mul(vf_set(e->row_scale[row]), c.scale);
        c.zeros = epilogue_zeros(e, row, column, n);
    }
    vi sum = vi_sub(vi_load_part((const int32_t *)e->acc + at, n), c.zeros);
    return vf_fma(vf_from_vi(sum), c.scale, c.bias);
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
static inline __attribute__((always_inline)) void epilogue_loops(const hone_epilogue_args *e, int sums,
                                                                 int c_type, epilogue_act *act) {
    vf q = vf_set(e->q);
    for (int column = 0; column < e->columns; column += VEC_LANES) {
        int n = e->columns - column < VEC_LANES ? e->columns - column : VEC_LANES;
        epilogue_column c = epilogue_load_column(e, sums, column, n);
        for (int row = 0; row < e->rows; row++) {
            vf x = epilogue_value(e, c, sums, row, column, n);
            epilogue_store(e, c_type, row, column, n, act(x, c.p, q));
        }
    }
}

static inline __attribute__((always_inline)) void epilogue_sums(const hone_epilogue_args *e, int c_type,
                                                                epilogue_act *act) {
    if (!e->acc_is_s32)
        epilogue_loops(e, EPILOGUE_F32, c_type, act);
    else if (e->row_step)
        epilogue_loops(e, EPILOGUE_S32_ROWS, c_type, act);
    else
        epilogue_loops(e, EPILOGUE_S32, c_type, act);
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
        epilogue_loops(e, EPILOGUE_F32, HONE_C_F32, act);
        break;
    case HONE_C_F16:
        epilogue_sums(e, HONE_C_F16, act);
        break;
    case HONE_C_BF16:
        epilogue_loops(e, EPILOGUE_F32, HONE_C_BF16, act);
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

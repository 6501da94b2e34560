/* The epilogue of one instruction set: a finished tile of sums, still in the
 * first-level cache, becomes C: dequantise, bias, activation, round, store.
 * One function an activation and form, from the one activation table. */

#include "act_vec.h"

typedef vf epilogue_act(vf x, vf p, vf q);

/* What the sums are: f32, f32 to which a bias is still to be added, s32 with one scale
 * and zero point for all of A, or s32 with one for each row. */
enum { EPILOGUE_F32, EPILOGUE_F32_BIAS, EPILOGUE_S32, EPILOGUE_S32_ROWS };

/* What is the same for all of a tile. A value for all columns stands in a vector that every column reads. */
typedef struct epilogue_tile_values {
    const float *alpha, *bias;
    int alpha_step, bias_step;
    vf q;
    vf inverse; /* of the scale of 8-bit C: a division a value would cost more than all the rest */
    vi c_zero;
} epilogue_tile_values;

/* What is the same for a row of a tile: the scale and the zero point of A. */
typedef struct epilogue_row {
    vf scale;
    vi zero;
} epilogue_row;

static inline epilogue_row epilogue_load_row(const hone_epilogue_args *e, int sums, int row) {
    epilogue_row r = {.scale = vf_set(1), .zero = vi_set(0)};
    int at = sums == EPILOGUE_S32_ROWS ? row : 0;
    if (sums == EPILOGUE_S32_ROWS)
        r.scale = vf_set(e->row_scale[at]);
    if (sums >= EPILOGUE_S32 && e->col_sum)
        r.zero = vi_set((e->row_zero ? e->row_zero[at] : 0) + e->zero_shift);
    return r;
}

/* The sums of `n` columns of one row as real numbers, with the bias. */
static inline vf epilogue_value(const hone_epilogue_args *e, const epilogue_tile_values *t, epilogue_row r,
                                int sums, int row, int column, int n) {
    int64_t at = row * e->acc_ld + column;
    if (sums == EPILOGUE_F32)
        return vf_load_part((const float *)e->acc + at, n);
    vf bias = vf_load_part(t->bias + column * t->bias_step, n);
    if (sums == EPILOGUE_F32_BIAS)
        return vf_add(vf_load_part((const float *)e->acc + at, n), bias);
    vi sum = vi_load_part((const int32_t *)e->acc + at, n);
    vf scale = vf_load_part(e->col_scale + column, n);
    if (sums == EPILOGUE_S32_ROWS)
        scale = vf_mul(r.scale, scale);
    if (e->col_sum)
        sum = vi_sub(sum, vi_mul(r.zero, vi_load_part(e->col_sum + column, n)));
    return vf_fma(vf_from_vi(sum), scale, bias);
}

static inline void epilogue_store(const hone_epilogue_args *e, const epilogue_tile_values *t, int c_type,
                                  int row, int column, int n, vf y) {
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
    default: /* a NaN, which 8 bits cannot hold, becomes the zero point */
        vi_store8_part((unsigned char *)e->c + at, vi_add(vi_quantise(vf_mul(y, t->inverse)), t->c_zero),
                       c_type == HONE_C_S8, n);
    }
}

/* Inlined with known types and a known `act`: straight-line code for each. The arguments are copied, because
 * what is stored might be them for all that a compiler knows. */
static inline __attribute__((always_inline)) void
epilogue_loops(const hone_epilogue_args *args, int row, int end, int sums, int c_type, epilogue_act *act) {
    const hone_epilogue_args e = *args;
    float p[VEC_LANES], none[VEC_LANES];
    vf_store(p, vf_set(e.p));
    vf_store(none, vf_set(-0.0f)); /* adding -0 changes nothing, not even -0 */
    const epilogue_tile_values t = {.alpha = e.alpha ? e.alpha : p,
                                    .bias = e.bias ? e.bias : none,
                                    .alpha_step = e.alpha != NULL,
                                    .bias_step = e.bias != NULL,
                                    .q = vf_set(e.q),
                                    .inverse = vf_set(e.c_inverse),
                                    .c_zero = vi_set(e.c_zero)};
    for (; row < end; row++) {
        const epilogue_row r = epilogue_load_row(&e, sums, row);
        int column = 0;
#define EPILOGUE_AT(column, n)                                                                               \
    act(epilogue_value(&e, &t, r, sums, row, column, n), vf_load_part(t.alpha + (column)*t.alpha_step, n),   \
        t.q)
#ifdef VEC_STORES_FOUR
        for (; (c_type == HONE_C_S8 || c_type == HONE_C_U8) && column + 4 * VEC_LANES <= e.columns;
             column += 4 * VEC_LANES) {
            vi four[4];
            for (int i = 0; i < 4; i++)
                four[i] = vi_quantise(vf_mul(EPILOGUE_AT(column + i * VEC_LANES, VEC_LANES), t.inverse));
            vi_store8_four((unsigned char *)e.c + row * e.ldc + column, four, e.c_zero, c_type == HONE_C_S8);
        }
#endif
        for (; column + VEC_LANES <= e.columns; column += VEC_LANES)
            epilogue_store(&e, &t, c_type, row, column, VEC_LANES, EPILOGUE_AT(column, VEC_LANES));
        if (column < e.columns)
            epilogue_store(&e, &t, c_type, row, column, e.columns - column,
                           EPILOGUE_AT(column, e.columns - column));
#undef EPILOGUE_AT
    }
}

static inline __attribute__((always_inline)) void epilogue_floats(const hone_epilogue_args *e, int row,
                                                                  int end, int c_type, epilogue_act *act) {
    if (e->bias)
        epilogue_loops(e, row, end, EPILOGUE_F32_BIAS, c_type, act);
    else
        epilogue_loops(e, row, end, EPILOGUE_F32, c_type, act);
}

static inline __attribute__((always_inline)) void epilogue_sums(const hone_epilogue_args *e, int row, int end,
                                                                int c_type, epilogue_act *act) {
    if (!e->acc_is_s32)
        epilogue_floats(e, row, end, c_type, act);
    else if (e->row_scale)
        epilogue_loops(e, row, end, EPILOGUE_S32_ROWS, c_type, act);
    else
        epilogue_loops(e, row, end, EPILOGUE_S32, c_type, act);
}

/* `f32`: f32 leaves, else what has fewer bits. */
static inline __attribute__((always_inline)) void epilogue_tile(const hone_epilogue_args *e, int row, int end,
                                                                int f32, epilogue_act *act) {
    if (f32) {
        epilogue_sums(e, row, end, HONE_C_F32, act);
        return;
    }
    switch (e->c_type) {
    case HONE_C_F32: /* to be measured by itself */
        epilogue_floats(e, row, end, HONE_C_F32, act);
        break;
    case HONE_C_F16:
        epilogue_sums(e, row, end, HONE_C_F16, act);
        break;
    case HONE_C_BF16:
        epilogue_floats(e, row, end, HONE_C_BF16, act);
        break;
    case HONE_C_S8:
        epilogue_sums(e, row, end, HONE_C_S8, act);
        break;
    default:
        epilogue_sums(e, row, end, HONE_C_U8, act);
    }
}

#define HONE_ACT(name, alias, params, per_column, smooth, least, most, lipschitz, formula, hazard,           \
                 reference, high, fast, brief)                                                               \
    static void epilogue_high_##name(const hone_epilogue_args *e, int row, int end) {                        \
        epilogue_tile(e, row, end, 1, act_high_##name);                                                      \
    }                                                                                                        \
    static void epilogue_fast_##name(const hone_epilogue_args *e, int row, int end) {                        \
        epilogue_tile(e, row, end, 1, act_fast_##name);                                                      \
    }                                                                                                        \
    static void epilogue_brief_##name(const hone_epilogue_args *e, int row, int end) {                       \
        epilogue_tile(e, row, end, 0, act_brief_##name);                                                     \
    }
#include "activations.def"
#undef HONE_ACT

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
                       e->c_type == HONE_C_S8, n);
    }
}

#define EPILOGUE_AT(row_values, row, column, n)                                                              \
    act(epilogue_value(e, t, row_values, sums, row, column, n),                                              \
        vf_load_part(t->alpha + (column)*t->alpha_step, n), t->q)

/* 8-bit C from `column` on, four vectors at a time, which are packed together: with shift 2 of one row, with
 * shift 1 two of each of two rows, so that an odd last row is left out. Returns the first column left out. */
static inline __attribute__((always_inline)) int epilogue_fours(const hone_epilogue_args *e,
                                                                const epilogue_tile_values *t, int sums,
                                                                int column, int shift, epilogue_act *act) {
#ifdef VEC_STORES_FOUR
    const int beside = 1 << shift, rows = 4 >> shift;
    for (; column + beside * VEC_LANES <= e->columns; column += beside * VEC_LANES)
        for (int row = 0; row + rows <= e->rows; row += rows) {
            vf four[4];
            _Pragma("GCC unroll 4") for (int i = 0; i < 4; i++) {
                int at_row = row + i / beside, at = column + i % beside * VEC_LANES;
                four[i] = vf_mul(EPILOGUE_AT(epilogue_load_row(e, sums, at_row), at_row, at, VEC_LANES),
                                 t->inverse);
            }
            vf_store8_four((unsigned char *)e->c + row * e->ldc + column, e->ldc, shift, four, e->c_zero,
                           e->c_type == HONE_C_S8);
        }
#else
    (void)e, (void)t, (void)sums, (void)shift, (void)act;
#endif
    return column;
}

/* Inlined with known types and a known `act`: straight-line code for each. The arguments are copied, because
 * what is stored might be them for all that a compiler knows. */
static inline __attribute__((always_inline)) void epilogue_loops(const hone_epilogue_args *args, int sums,
                                                                 int c_type, epilogue_act *act) {
    const hone_epilogue_args copied = *args, *e = &copied;
    float p[VEC_LANES], none[VEC_LANES];
    vf_store(p, vf_set(e->p));
    vf_store(none, vf_set(-0.0f)); /* adding -0 changes nothing, not even -0 */
    const epilogue_tile_values values = {.alpha = e->alpha ? e->alpha : p,
                                         .bias = e->bias ? e->bias : none,
                                         .alpha_step = e->alpha != NULL,
                                         .bias_step = e->bias != NULL,
                                         .q = vf_set(e->q),
                                         .inverse = vf_set(e->c_inverse),
                                         .c_zero = vi_set(e->c_zero)},
                               *t = &values;
    int whole = 0, pairs = 0; /* columns done: in all rows, in all but an odd last one */
    if (c_type == HONE_C_S8) {
        whole = epilogue_fours(e, t, sums, 0, 2, act);
        pairs = epilogue_fours(e, t, sums, whole, 1, act);
    }
    for (int row = 0; row < e->rows; row++) {
        const epilogue_row r = epilogue_load_row(e, sums, row);
        int column = row < (e->rows & ~1) ? pairs : whole;
        for (; column + VEC_LANES <= e->columns; column += VEC_LANES)
            epilogue_store(e, t, c_type, row, column, VEC_LANES, EPILOGUE_AT(r, row, column, VEC_LANES));
        if (column < e->columns)
            epilogue_store(e, t, c_type, row, column, e->columns - column,
                           EPILOGUE_AT(r, row, column, e->columns - column));
    }
}
#undef EPILOGUE_AT

static inline __attribute__((always_inline)) void epilogue_floats(const hone_epilogue_args *e, int c_type,
                                                                  epilogue_act *act) {
    if (e->bias)
        epilogue_loops(e, EPILOGUE_F32_BIAS, c_type, act);
    else
        epilogue_loops(e, EPILOGUE_F32, c_type, act);
}

static inline __attribute__((always_inline)) void epilogue_sums(const hone_epilogue_args *e, int c_type,
                                                                epilogue_act *act) {
    if (!e->acc_is_s32)
        epilogue_floats(e, c_type, act);
    else if (e->row_scale)
        epilogue_loops(e, EPILOGUE_S32_ROWS, c_type, act);
    else
        epilogue_loops(e, EPILOGUE_S32, c_type, act);
}

/* f32 leaves. */
static inline __attribute__((always_inline)) void epilogue_to_f32(const hone_epilogue_args *e,
                                                                  epilogue_act *act) {
    epilogue_sums(e, HONE_C_F32, act);
}

/* 8 bits leave, signed or not, which the last instruction alone needs to know; or f32, to be measured by
 * itself. */
static inline __attribute__((always_inline)) void epilogue_to_8(const hone_epilogue_args *e,
                                                                epilogue_act *act) {
    if (e->c_type == HONE_C_F32)
        epilogue_floats(e, HONE_C_F32, act);
    else
        epilogue_sums(e, HONE_C_S8, act);
}

/* 16 bits leave, or what epilogue_to_8 stores. */
static inline __attribute__((always_inline)) void epilogue_to_16(const hone_epilogue_args *e,
                                                                 epilogue_act *act) {
    if (e->c_type == HONE_C_F16)
        epilogue_sums(e, HONE_C_F16, act);
    else if (e->c_type == HONE_C_BF16)
        epilogue_floats(e, HONE_C_BF16, act);
    else
        epilogue_to_8(e, act);
}

#define SAME(name)
#define BRIEF(name)
#define BYTE(name)                                                                                           \
    static void epilogue_byte_##name(const hone_epilogue_args *e) { epilogue_to_8(e, act_byte_##name); }
#define HONE_ACT(name, alias, params, per_column, smooth, least, most, lipschitz, formula, hazard,           \
                 reference, high, fast, brief, byte)                                                         \
    static void epilogue_high_##name(const hone_epilogue_args *e) { epilogue_to_f32(e, act_high_##name); }   \
    static void epilogue_fast_##name(const hone_epilogue_args *e) { epilogue_to_f32(e, act_fast_##name); }   \
    static void epilogue_brief_##name(const hone_epilogue_args *e) { epilogue_to_16(e, act_brief_##name); }  \
    byte
#include "activations.def"
#undef HONE_ACT
#undef BYTE
#undef BRIEF
#undef SAME

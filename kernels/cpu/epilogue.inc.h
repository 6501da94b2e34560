/* The epilogue of one instruction set: a finished tile of sums, still in the
 * first-level cache, becomes C: dequantise, bias, activation, round, store.
 * One function an activation and form, from the one activation table. */

#include "act_vec.h"

typedef vf epilogue_act(vf x, vf p, vf q);

/* What the sums are: f32, f32 to which a bias is still to be added, s32 with one scale
 * and zero point for all of A, or s32 with one for each row. */
enum { EPILOGUE_F32, EPILOGUE_F32_BIAS, EPILOGUE_S32, EPILOGUE_S32_ROWS };

/* C in 8 bits of either type, beside HONE_C_F32, HONE_C_F16 and HONE_C_BF16. */
enum { EPILOGUE_C_8 = HONE_C_S8 };

/* What is the same for all of a tile. */
typedef struct epilogue_tile_values {
    const float *bias; /* of s32 sums */
    vf p, q;
    vf inverse; /* of the scale of 8-bit C: a division a value would cost more than all the rest */
    vi c_zero;
} epilogue_tile_values;

/* What is known when compiling: which sums, which C, whether p is a value per column, and the activation. */
typedef struct epilogue_kind {
    int sums, c_type, per_column;
    epilogue_act *act;
} epilogue_kind;

/* What is the same for a row of a tile: the scale and the zero point of A. */
typedef struct epilogue_row {
    vf scale;
    vi zero;
} epilogue_row;

static inline epilogue_row epilogue_load_row(const hone_epilogue_args *e, int sums, int64_t row) {
    epilogue_row r = {.scale = vf_set(1), .zero = vi_set(0)};
    int64_t at = sums == EPILOGUE_S32_ROWS ? row : 0;
    if (sums == EPILOGUE_S32_ROWS)
        r.scale = vf_set(e->row_scale[at]);
    if (sums >= EPILOGUE_S32 && e->col_sum)
        r.zero = vi_set((e->row_zero ? e->row_zero[at] : 0) + e->zero_shift);
    return r;
}

/* The sums of `n` columns of one row as real numbers, with the bias. */
static inline vf epilogue_value(const hone_epilogue_args *e, const epilogue_tile_values *t, epilogue_row r,
                                int sums, int64_t row, int64_t column, int n) {
    int64_t at = row * e->acc_ld + column;
    if (sums == EPILOGUE_F32)
        return vf_load_part((const float *)e->acc + at, n);
    if (sums == EPILOGUE_F32_BIAS)
        return vf_add(vf_load_part((const float *)e->acc + at, n), vf_load_part(e->bias + column, n));
    vi sum = vi_load_part((const int32_t *)e->acc + at, n);
    vf scale = vf_load_part(e->col_scale + column, n);
    if (sums == EPILOGUE_S32_ROWS)
        scale = vf_mul(r.scale, scale);
    if (e->col_sum)
        sum = vi_sub(sum, vi_mul(r.zero, vi_load_part(e->col_sum + column, n)));
    return vf_fma(vf_from_vi(sum), scale, vf_load_part(t->bias + column, n));
}

static inline __attribute__((always_inline)) vf epilogue_at(const hone_epilogue_args *e,
                                                            const epilogue_tile_values *t, epilogue_kind kind,
                                                            epilogue_row r, int64_t row, int64_t column,
                                                            int n) {
    vf p = kind.per_column ? vf_load_part(e->alpha + column, n) : t->p;
    return kind.act(epilogue_value(e, t, r, kind.sums, row, column, n), p, t->q);
}

static inline void epilogue_store(const hone_epilogue_args *e, const epilogue_tile_values *t, int c_type,
                                  int64_t row, int64_t column, int n, vf y) {
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

/* Rows of 8-bit C by four vectors, which are packed together: `across` of a row, 4 or 2. Returns the row
 * after them, of which the columns from `whole` on are still to do. */
static inline __attribute__((always_inline)) int64_t epilogue_fours(const hone_epilogue_args *e,
                                                                    const epilogue_tile_values *t,
                                                                    epilogue_kind kind, int64_t row,
                                                                    int64_t end, int64_t whole, int across) {
#ifdef VEC_STORES_FOUR
    const int high = 4 / across;
    for (; row + high <= end; row += high)
        for (int64_t column = 0; column < whole; column += across * VEC_LANES) {
            vf four[4];
            _Pragma("GCC unroll 4") for (int i = 0; i < 4; i++) {
                int64_t below = row + i / across, beside = column + i % across * VEC_LANES;
                four[i] = vf_mul(
                    epilogue_at(e, t, kind, epilogue_load_row(e, kind.sums, below), below, beside, VEC_LANES),
                    t->inverse);
            }
            vf_store8_four((unsigned char *)e->c + row * e->ldc + column, e->ldc, across, four, e->c_zero,
                           e->c_type == HONE_C_S8);
        }
#else
    (void)e, (void)t, (void)kind, (void)end, (void)whole, (void)across;
#endif
    return row;
}

/* What is left after epilogue_fours: rows before `done` from column `whole`, the others all. */
static inline __attribute__((always_inline)) void
epilogue_rows(const hone_epilogue_args *e, const epilogue_tile_values *t, epilogue_kind kind, int64_t row,
              int64_t end, int64_t done, int64_t whole, int64_t columns) {
    for (; row < end; row++) {
        const epilogue_row r = epilogue_load_row(e, kind.sums, row);
        int64_t column = row < done ? whole : 0;
        for (; column + VEC_LANES <= columns; column += VEC_LANES)
            epilogue_store(e, t, kind.c_type, row, column, VEC_LANES,
                           epilogue_at(e, t, kind, r, row, column, VEC_LANES));
        if (column < columns)
            epilogue_store(e, t, kind.c_type, row, column, (int)(columns - column),
                           epilogue_at(e, t, kind, r, row, column, (int)(columns - column)));
    }
}

/* Inlined with a known kind: straight-line code for each. The arguments are copied, because what is stored
 * might be them for all that a compiler knows. Tiles of two vectors, which are the most frequent, have loops
 * that know it. */
static inline __attribute__((always_inline)) void epilogue_loops(const hone_epilogue_args *args, int64_t row,
                                                                 int64_t end, epilogue_kind kind) {
    static const float none[HONE_MOST_COLUMNS]; /* of s32 sums: whether 0 or -0 does not show in them */
    const hone_epilogue_args copied = *args, *e = &copied;
    const epilogue_tile_values t = {.bias = e->bias ? e->bias : none,
                                    .p = vf_set(e->p),
                                    .q = vf_set(e->q),
                                    .inverse = vf_set(e->c_inverse),
                                    .c_zero = vi_set(e->c_zero)};
    const int64_t columns = e->columns, two = 2 * VEC_LANES;
    const int bytes = kind.c_type == EPILOGUE_C_8;
    if (columns == two) {
        if (bytes)
            row = epilogue_fours(e, &t, kind, row, end, two, 2);
        epilogue_rows(e, &t, kind, row, end, 0, 0, two);
    } else {
        int64_t whole = bytes ? columns / (2 * two) * (2 * two) : 0, done = row;
        if (whole)
            done = epilogue_fours(e, &t, kind, row, end, whole, 4);
        epilogue_rows(e, &t, kind, row, end, done, whole, columns);
    }
}

static inline __attribute__((always_inline)) void epilogue_floats(const hone_epilogue_args *e, int row,
                                                                  int end, epilogue_kind kind) {
    if (e->bias) {
        kind.sums = EPILOGUE_F32_BIAS;
        epilogue_loops(e, row, end, kind);
    } else {
        kind.sums = EPILOGUE_F32;
        epilogue_loops(e, row, end, kind);
    }
}

static inline __attribute__((always_inline)) void epilogue_sums(const hone_epilogue_args *e, int row, int end,
                                                                epilogue_kind kind) {
    if (!e->acc_is_s32) {
        epilogue_floats(e, row, end, kind);
    } else if (e->row_scale) {
        kind.sums = EPILOGUE_S32_ROWS;
        epilogue_loops(e, row, end, kind);
    } else {
        kind.sums = EPILOGUE_S32;
        epilogue_loops(e, row, end, kind);
    }
}

/* f32 leaves. */
static inline __attribute__((always_inline)) void epilogue_to_f32(const hone_epilogue_args *e, int row,
                                                                  int end, epilogue_kind kind) {
    kind.c_type = HONE_C_F32;
    epilogue_sums(e, row, end, kind);
}

/* 8 bits leave, signed or not, which the last instruction alone needs to know; or f32, to be measured by
 * itself. */
static inline __attribute__((always_inline)) void epilogue_to_8(const hone_epilogue_args *e, int row, int end,
                                                                epilogue_kind kind) {
    if (e->c_type == HONE_C_F32) {
        kind.c_type = HONE_C_F32;
        epilogue_floats(e, row, end, kind);
    } else {
        kind.c_type = EPILOGUE_C_8;
        epilogue_sums(e, row, end, kind);
    }
}

/* 16 bits leave, or what epilogue_to_8 stores. */
static inline __attribute__((always_inline)) void epilogue_to_16(const hone_epilogue_args *e, int row,
                                                                 int end, epilogue_kind kind) {
    if (e->c_type == HONE_C_F16) {
        kind.c_type = HONE_C_F16;
        epilogue_sums(e, row, end, kind);
    } else if (e->c_type == HONE_C_BF16) {
        kind.c_type = HONE_C_BF16;
        epilogue_floats(e, row, end, kind);
    } else {
        epilogue_to_8(e, row, end, kind);
    }
}

#define EPILOGUE(name, to, column, activation)                                                               \
    static void name(const hone_epilogue_args *e, int row, int end) {                                        \
        to(e, row, end, (epilogue_kind){.per_column = column, .act = activation});                           \
    }
#define SAME(name)
#define BRIEF(name)
#define BYTE(name) EPILOGUE(epilogue_byte_##name, epilogue_to_8, 0, act_byte_##name)
#define HONE_ACT(name, alias, params, per_column, smooth, least, most, lipschitz, formula, hazard,           \
                 reference, high, fast, brief, byte)                                                         \
    EPILOGUE(epilogue_high_##name, epilogue_to_f32, per_column, act_high_##name)                             \
    EPILOGUE(epilogue_fast_##name, epilogue_to_f32, per_column, act_fast_##name)                             \
    EPILOGUE(epilogue_brief_##name, epilogue_to_16, per_column, act_brief_##name)                            \
    byte
#include "activations.def"
#undef HONE_ACT
#undef BYTE
#undef BRIEF
#undef SAME
#undef EPILOGUE

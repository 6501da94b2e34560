/* The epilogue of one instruction set: a finished tile of sums, still in the
 * first-level cache, becomes C: dequantise, bias, activation, round, store. */
#ifndef HONE_EPILOGUE_INC_H
#define HONE_EPILOGUE_INC_H

#include "act_vec.h"

typedef vf epilogue_act(vf x, vf p, vf q);

/* What the sums are: f32, f32 to which a bias is still to be added, s32 with one scale for all of A and
 * nothing to take off, or any other s32. */
enum { EPILOGUE_F32, EPILOGUE_F32_BIAS, EPILOGUE_S32, EPILOGUE_S32_ROWS };

/* C in 8 bits of either type, beside HONE_C_F32, HONE_C_F16 and HONE_C_BF16. */
enum { EPILOGUE_C_8 = HONE_C_S8 };

/* What is known when compiling: which sums, which C, whether p is a value per column, and the activation.
 * Into bf16 brief forms alone lead: a smooth one may err by 2^-110, so that whole vectors keep no subnormal.
 */
typedef struct epilogue_kind {
    int sums, c_type, per_column, smooth;
    epilogue_act *act;
} epilogue_kind;

/* The arguments, each loaded by itself: they were written just before, and a copy in wide vectors would wait
 * until that is in the cache. What is stored might be them for all that a compiler knows, so that it would
 * load them again for every vector. */
typedef struct epilogue_tile {
    const char *acc; /* 4 bytes an element, of any kind of sums */
    unsigned char *c;
    const float *bias, *alpha, *col_scale, *row_scale;
    const int32_t *col_sum, *row_zero;
    int64_t acc_step, c_step, columns; /* bytes from a row to the next, and elements */
    int32_t zero_shift, c_zero;
    int is_signed;
    vf p, q;
    vf inverse; /* of the scale of 8-bit C: a division a value would cost more than all the rest */
} epilogue_tile;

/* A row of a tile; of A its scale and zero point. */
typedef struct epilogue_row {
    const char *acc;
    unsigned char *c;
    vf scale;
    vi zero;
} epilogue_row;

#define EPILOGUE_INLINE static inline __attribute__((always_inline))

EPILOGUE_INLINE int epilogue_c_size(epilogue_kind kind) {
    return kind.c_type == HONE_C_F32 ? 4 : kind.c_type == EPILOGUE_C_8 ? 1 : 2;
}

EPILOGUE_INLINE epilogue_tile epilogue_load(const hone_epilogue_args *e, epilogue_kind kind) {
    static const float none[HONE_MOST_COLUMNS]; /* of s32 sums: whether 0 or -0 does not show in them */
    const int per_column = kind.per_column, integers = kind.sums >= EPILOGUE_S32,
              rows = kind.sums == EPILOGUE_S32_ROWS, bytes = kind.c_type == EPILOGUE_C_8;
    return (epilogue_tile){.acc = e->acc,
                           .c = e->c,
                           .bias = integers && !e->bias ? none : e->bias,
                           .alpha = per_column ? e->alpha : NULL,
                           .col_scale = integers ? e->col_scale : NULL,
                           .row_scale = rows ? e->row_scale : NULL,
                           .col_sum = rows ? e->col_sum : NULL,
                           .row_zero = rows ? e->row_zero : NULL,
                           .acc_step = e->acc_ld * 4,
                           .c_step = e->ldc * epilogue_c_size(kind),
                           .columns = e->columns,
                           .zero_shift = rows ? e->zero_shift : 0,
                           .c_zero = bytes ? e->c_zero : 0,
                           .is_signed = bytes && e->c_type == HONE_C_S8,
                           .p = vf_set(e->p),
                           .q = vf_set(e->q),
                           .inverse = vf_set(bytes ? e->c_inverse : 1)};
}

EPILOGUE_INLINE epilogue_row epilogue_row_of(const epilogue_tile *t, epilogue_kind kind, int64_t row) {
    epilogue_row r = {.acc = t->acc + row * t->acc_step,
                      .c = t->c + row * t->c_step,
                      .scale = vf_set(1),
                      .zero = vi_set(0)};
    if (kind.sums == EPILOGUE_S32_ROWS) {
        if (t->row_scale)
            r.scale = vf_set(t->row_scale[row]);
        if (t->col_sum)
            r.zero = vi_set((t->row_zero ? t->row_zero[t->row_scale ? row : 0] : 0) + t->zero_shift);
    }
    return r;
}

/* `n` columns of one row: the sums as real numbers with the bias, and what the activation makes of them. */
EPILOGUE_INLINE vf epilogue_value(const epilogue_tile *t, epilogue_kind kind, epilogue_row r, int64_t column,
                                  int n) {
    const char *at = r.acc + column * 4;
    if (kind.sums <= EPILOGUE_F32_BIAS) {
        vf sum = vf_load_part((const float *)(const void *)at, n);
        return kind.sums == EPILOGUE_F32 ? sum : vf_add(sum, vf_load_part(t->bias + column, n));
    }
    vi sum = vi_load_part((const int32_t *)(const void *)at, n);
    vf scale = vf_load_part(t->col_scale + column, n);
    if (kind.sums == EPILOGUE_S32_ROWS) {
        scale = vf_mul(r.scale, scale);
        if (t->col_sum)
            sum = vi_sub(sum, vi_mul(r.zero, vi_load_part(t->col_sum + column, n)));
    }
    return vf_fma(vf_from_vi(sum), scale, vf_load_part(t->bias + column, n));
}
EPILOGUE_INLINE vf epilogue_at(const epilogue_tile *t, epilogue_kind kind, epilogue_row r, int64_t column,
                               int n) {
    vf p = kind.per_column ? vf_load_part(t->alpha + column, n) : t->p;
    return kind.act(epilogue_value(t, kind, r, column, n), p, t->q);
}

EPILOGUE_INLINE void epilogue_one(const epilogue_tile *t, epilogue_kind kind, epilogue_row r, int64_t column,
                                  int n) {
    vf y = epilogue_at(t, kind, r, column, n);
    void *to = r.c + column * epilogue_c_size(kind);
    switch (kind.c_type) {
    case HONE_C_F32:
        vf_store_part(to, y, n);
        break;
    case HONE_C_F16:
        vf_store_f16_part(to, y, n);
        break;
    case HONE_C_BF16:
#ifdef VEC_FLUSHES_BF16
        if (kind.smooth && n == VEC_LANES) {
            vf_store_bf16_normal(to, y);
            break;
        }
#endif
        vf_store_bf16_part(to, y, n);
        break;
    default: /* a NaN, which 8 bits cannot hold, becomes the zero point */
        vi_store8_part(to, vi_add(vi_quantise(vf_mul(y, t->inverse)), vi_set(t->c_zero)), t->is_signed, n);
    }
}

/* Columns from `column` on of one row. */
EPILOGUE_INLINE void epilogue_rest(const epilogue_tile *t, epilogue_kind kind, int64_t row, int64_t column,
                                   int64_t columns) {
    const epilogue_row r = epilogue_row_of(t, kind, row);
    for (; column + VEC_LANES <= columns; column += VEC_LANES)
        epilogue_one(t, kind, r, column, VEC_LANES);
    if (column < columns)
        epilogue_one(t, kind, r, column, (int)(columns - column));
}

#ifdef VEC_STORES_FOUR
/* Four vectors of 8-bit C, which are packed together: `across` of a row and, where that is 2, as many of the
 * row below. */
EPILOGUE_INLINE void epilogue_four(const epilogue_tile *t, epilogue_kind kind, epilogue_row r,
                                   epilogue_row below, int64_t column, int across) {
    vf four[4];
    _Pragma("GCC unroll 4") for (int i = 0; i < 4; i++) {
        vf y = epilogue_at(t, kind, i < across ? r : below, column + i % across * VEC_LANES, VEC_LANES);
        four[i] = vf_mul(y, t->inverse);
    }
    vf_store8_four(r.c + column, t->c_step, across, four, t->c_zero, t->is_signed);
}

/* Rows of 8-bit C. */
EPILOGUE_INLINE void epilogue_bytes(const epilogue_tile *t, epilogue_kind kind, int64_t row, int64_t end) {
    enum { TWO = 2 * VEC_LANES, FOUR = 4 * VEC_LANES };
    for (; t->columns == TWO && row + 2 <= end; row += 2)
        epilogue_four(t, kind, epilogue_row_of(t, kind, row), epilogue_row_of(t, kind, row + 1), 0, 2);
    for (; row < end; row++) {
        const epilogue_row r = epilogue_row_of(t, kind, row);
        int64_t column = 0;
        for (; column + FOUR <= t->columns; column += FOUR)
            epilogue_four(t, kind, r, r, column, 4);
        epilogue_rest(t, kind, row, column, t->columns);
    }
}
#endif

/* All of one width: where that is known, straight-line code for a row. */
EPILOGUE_INLINE void epilogue_rows(const epilogue_tile *t, epilogue_kind kind, int64_t row, int64_t end,
                                   int64_t columns) {
    for (; row < end; row++)
        epilogue_rest(t, kind, row, 0, columns);
}

/* Inlined with a known kind. The most frequent tiles, of two and of three vectors, have a loop that knows it
 * (4 x 24 with AVX2, K = 1024: gelu_tanh 1.06 of relu's time without, 1.01 with). Sums that are still to get
 * a bias are few: edges, dot products, and tiny biases where products flush. */
EPILOGUE_INLINE void epilogue_loops(const hone_epilogue_args *args, int64_t row, int64_t end,
                                    epilogue_kind kind) {
    const epilogue_tile t = epilogue_load(args, kind);
    const int known = VEC_LANES > 1 && kind.sums != EPILOGUE_F32_BIAS;
#ifdef VEC_STORES_FOUR
    if (kind.c_type == EPILOGUE_C_8) {
        epilogue_bytes(&t, kind, row, end);
        return;
    }
#endif
    if (known && t.columns == 2 * VEC_LANES)
        epilogue_rows(&t, kind, row, end, 2 * VEC_LANES);
    else if (known && t.columns == 3 * VEC_LANES)
        epilogue_rows(&t, kind, row, end, 3 * VEC_LANES);
    else
        epilogue_rows(&t, kind, row, end, t.columns);
}

EPILOGUE_INLINE void epilogue_floats(const hone_epilogue_args *e, int row, int end, epilogue_kind kind) {
    if (e->bias) {
        kind.sums = EPILOGUE_F32_BIAS;
        epilogue_loops(e, row, end, kind);
    } else {
        kind.sums = EPILOGUE_F32;
        epilogue_loops(e, row, end, kind);
    }
}

EPILOGUE_INLINE void epilogue_sums(const hone_epilogue_args *e, int row, int end, epilogue_kind kind) {
    if (!e->acc_is_s32) {
        epilogue_floats(e, row, end, kind);
    } else if (e->row_scale || e->col_sum) {
        kind.sums = EPILOGUE_S32_ROWS;
        epilogue_loops(e, row, end, kind);
    } else {
        kind.sums = EPILOGUE_S32;
        epilogue_loops(e, row, end, kind);
    }
}

/* f32 leaves. */
EPILOGUE_INLINE void epilogue_to_f32(const hone_epilogue_args *e, int row, int end, epilogue_kind kind) {
    kind.c_type = HONE_C_F32;
    epilogue_sums(e, row, end, kind);
}

/* f32 of forms for fewer bits, to be measured by itself. */
EPILOGUE_INLINE void epilogue_to_measure(const hone_epilogue_args *e, int row, int end, epilogue_kind kind) {
    kind.c_type = HONE_C_F32;
    epilogue_floats(e, row, end, kind);
}

EPILOGUE_INLINE void epilogue_to_16(const hone_epilogue_args *e, int row, int end, epilogue_kind kind) {
    if (e->c_type == HONE_C_F16) {
        kind.c_type = HONE_C_F16;
        epilogue_sums(e, row, end, kind);
    } else if (e->c_type == HONE_C_BF16) {
        kind.c_type = HONE_C_BF16;
        epilogue_floats(e, row, end, kind);
    } else {
        epilogue_to_measure(e, row, end, kind);
    }
}

/* 8 bits, signed or not, which the last instruction alone needs to know. */
EPILOGUE_INLINE void epilogue_to_8(const hone_epilogue_args *e, int row, int end, epilogue_kind kind) {
    if (e->c_type >= EPILOGUE_C_8) {
        kind.c_type = EPILOGUE_C_8;
        epilogue_sums(e, row, end, kind);
    } else {
        epilogue_to_measure(e, row, end, kind);
    }
}

EPILOGUE_INLINE void epilogue_to_fewer(const hone_epilogue_args *e, int row, int end, epilogue_kind kind) {
    if (e->c_type >= EPILOGUE_C_8)
        epilogue_to_8(e, row, end, kind);
    else
        epilogue_to_16(e, row, end, kind);
}

#endif

/* The epilogue of one instruction set: a finished tile of sums, still in the
 * first-level cache, becomes C: dequantise, bias, activation, round, store.
 * One function an activation and form, from the one activation table. */

#include "act_vec.h"

typedef vf epilogue_act(vf x, vf p, vf q);

static inline vf epilogue_sums(const hone_epilogue_args *e, int row, int column, int n) {
    if (!e->acc_is_s32)
        return vf_load_part((const float *)e->acc + row * e->acc_ld + column, n);
    vi sum = vi_load_part((const int32_t *)e->acc + row * e->acc_ld + column, n);
    int32_t zero = (e->row_zero ? e->row_zero[row * e->row_step] : 0) + e->zero_shift;
    sum = vi_sub(sum, vi_mul(vi_set(zero), vi_load_part(e->col_sum + column, n)));
    vf scale = vf_mul(vf_set(e->row_scale[row * e->row_step]), vf_load_part(e->col_scale + column, n));
    return vf_mul(vf_from_vi(sum), scale);
}

/* Rounds to nearest even and saturates. A NaN, which 8 bits cannot hold, becomes the zero point. */
static inline void epilogue_store8(const hone_epilogue_args *e, int row, int column, int n, vf y) {
    float low = e->c_type == HONE_C_S8 ? -128.0f : 0.0f, high = low + 255.0f;
    float zero = (float)e->c_zero;
    vf scaled = vf_mul(y, vf_set(1.0f / e->c_scale)); /* a vector division would cost more than all the rest */
    scaled = vf_pick(vf_le(scaled, scaled), scaled, vf_set(0.0f));
    vf clamped = vf_min(vf_set(high - zero), vf_max(vf_set(low - zero), scaled));
    int32_t q[VEC_LANES];
    vi_store(q, vi_from_vf(clamped));
    unsigned char *out = (unsigned char *)e->c + row * e->ldc + column;
    if (n == VEC_LANES) /* a known count becomes one narrowing store */
        for (int i = 0; i < VEC_LANES; i++)
            out[i] = (unsigned char)(q[i] + e->c_zero);
    else
        for (int i = 0; i < n; i++)
            out[i] = (unsigned char)(q[i] + e->c_zero);
}

static inline void epilogue_store(const hone_epilogue_args *e, int row, int column, int n, vf y) {
    int64_t at = row * e->ldc + column;
    switch (e->c_type) {
    case HONE_C_F32:
        vf_store_part((float *)e->c + at, y, n);
        break;
    case HONE_C_F16:
        vf_store_f16_part((uint16_t *)e->c + at, y, n);
        break;
    case HONE_C_BF16:
        vf_store_bf16_part((uint16_t *)e->c + at, y, n);
        break;
    default:
        epilogue_store8(e, row, column, n, y);
    }
}

/* Inlined with a known `act`, so that each activation is straight-line code. */
static inline __attribute__((always_inline)) void epilogue_tile(const hone_epilogue_args *e,
                                                                epilogue_act *act) {
    vf q = vf_set(e->q);
    for (int column = 0; column < e->columns; column += VEC_LANES) {
        int n = e->columns - column < VEC_LANES ? e->columns - column : VEC_LANES;
        vf p = e->alpha ? vf_load_part(e->alpha + column, n) : vf_set(e->p);
        vf bias = e->bias ? vf_load_part(e->bias + column, n) : vf_set(0.0f);
        for (int row = 0; row < e->rows; row++) {
            vf x = epilogue_sums(e, row, column, n);
            if (e->bias)
                x = vf_add(x, bias);
            epilogue_store(e, row, column, n, act(x, p, q));
        }
    }
}

#define HONE_ACT(name, alias, params, per_column, smooth, least, most, lipschitz, formula, hazard,           \
                 reference, high, fast, brief)                                                               \
    static void epilogue_high_##name(const hone_epilogue_args *e) { epilogue_tile(e, act_high_##name); }     \
    static void epilogue_fast_##name(const hone_epilogue_args *e) { epilogue_tile(e, act_fast_##name); }     \
    static void epilogue_brief_##name(const hone_epilogue_args *e) { epilogue_tile(e, act_brief_##name); }
#include "activations.def"
#undef HONE_ACT

#include "cpu_pack.h"

#include <string.h>

#include "half.h"

size_t hone_cpu_a_size(const hone_variant *variant) {
    static const size_t sizes[] = {[HONE_A_F32] = 4, [HONE_A_F16] = 2, [HONE_A_BF16] = 2,
                                   [HONE_A_S16] = 2, [HONE_A_S8] = 1,  [HONE_A_U8] = 1};
    return sizes[variant->a_type];
}

int hone_cpu_step(const hone_variant *variant) {
    return variant->group * (hone_cpu_variant_is_amx(variant) ? HONE_AMX_GROUPS : 1);
}

size_t hone_cpu_b_size(const hone_variant *variant) {
    hone_dtype type = HONE_F32;
    return hone_dtype_parse(&type, variant->kind) ? 0 : hone_dtype_size(type);
}

/* ---- A */

/* From elements of A to what a variant takes. */
static hone_copy_fn *find_copy(const hone_isa_code *code, int a_type, hone_dtype type) {
    switch (a_type) {
    case HONE_A_F32:
        return type == HONE_F16 ? code->widen_f16 : type == HONE_BF16 ? code->widen_bf16 : code->copy_32;
    case HONE_A_S16:
        return type == HONE_S8 ? code->widen_s8 : code->widen_u8;
    case HONE_A_S8:
    case HONE_A_U8:
        return (type == HONE_S8) == (a_type == HONE_A_S8) ? code->copy_8 : code->shift_8;
    default:
        return code->copy_16;
    }
}

void hone_cpu_copy_a(char *out, size_t pitch, const hone_cpu_config *c, hone_dtype type, const void *a,
                     int64_t lda, int64_t rows, int64_t depth) {
    hone_copy_fn *copy = find_copy(c->code, c->variant->a_type, type);
    copy(out, (int64_t)pitch, a, lda * (int64_t)hone_dtype_size(type), rows, depth,
         hone_round_up(depth, hone_cpu_step(c->variant)));
}

/* ---- B */

/* One panel, zeros up to `padded`; `step_k` and `step_j` are the distances in B of the
 * next k and the next column, so that both storage orders are one loop. */
#define DEFINE_PANEL(name, To, From, CONVERT)                                                                \
    static void name(To *out, const From *b, int64_t step_k, int64_t step_j, int64_t depth, int64_t padded,  \
                     int64_t columns, int nr, int group) {                                                   \
        for (int64_t k = 0; k < padded; k += group)                                                          \
            for (int j = 0; j < nr; j++)                                                                     \
                for (int u = 0; u < group; u++) {                                                            \
                    int inside = j < columns && k + u < depth;                                               \
                    *out++ = inside ? CONVERT(b[(k + u) * step_k + j * step_j]) : (To)0;                     \
                }                                                                                            \
    }
#define SAME(x) (x)
DEFINE_PANEL(panel_32, uint32_t, uint32_t, SAME)
DEFINE_PANEL(panel_16, uint16_t, uint16_t, SAME)
DEFINE_PANEL(panel_8, uint8_t, uint8_t, SAME)
DEFINE_PANEL(panel_f16_f32, float, uint16_t, hone_f16_to_f32)
DEFINE_PANEL(panel_bf16_f32, float, uint16_t, hone_bf16_to_f32)

/* Whole rows of a panel that B holds as they are. */
static void panel_rows(char *out, const char *b, size_t step_k, size_t row, size_t width, int64_t depth) {
    for (int64_t k = 0; k < depth; k++, out += width) {
        memcpy(out, b + (size_t)k * step_k, row);
        memset(out + row, 0, width - row);
    }
}

int64_t hone_cpu_padded_columns(const hone_cpu_config *c, int64_t n) {
    int64_t nr = c->variant->nr;
    return n / nr * nr + (n % nr ? c->edge->nr : 0);
}

void hone_cpu_pack_b(void *out, const hone_cpu_config *c, const hone_problem *problem, const void *b,
                     int64_t ldb, int64_t column, int64_t columns) {
    hone_dtype type = problem->dtype;
    int transposed = problem->weights_transposed;
    int64_t step_k = transposed ? 1 : ldb, step_j = transposed ? ldb : 1, depth = problem->k;
    int64_t padded = hone_round_up(depth, hone_cpu_step(c->variant));
    size_t size = hone_dtype_size(type);
    char *to = out;
    for (int64_t j = 0; j < columns;) {
        const char *from = (const char *)b + (size_t)((column + j) * step_j) * size;
        const hone_variant *v = columns - j < c->variant->nr ? c->edge : c->variant;
        int64_t part = columns - j < v->nr ? columns - j : v->nr;
        if (c->widened && type == HONE_F16)
            panel_f16_f32((float *)to, (const uint16_t *)from, step_k, step_j, depth, padded, part, v->nr,
                          v->group);
        else if (c->widened)
            panel_bf16_f32((float *)to, (const uint16_t *)from, step_k, step_j, depth, padded, part, v->nr,
                           v->group);
        else if (v->group == 1 && !transposed)
            panel_rows(to, from, (size_t)ldb * size, (size_t)part * size, (size_t)v->nr * size, depth);
        else if (size == 4)
            panel_32((uint32_t *)to, (const uint32_t *)from, step_k, step_j, depth, padded, part, v->nr,
                     v->group);
        else if (size == 2)
            panel_16((uint16_t *)to, (const uint16_t *)from, step_k, step_j, depth, padded, part, v->nr,
                     v->group);
        else
            panel_8((uint8_t *)to, (const uint8_t *)from, step_k, step_j, depth, padded, part, v->nr,
                    v->group);
        to += (size_t)(padded * v->nr) * hone_cpu_b_size(v);
        j += v->nr;
    }
}

void hone_cpu_column_sums(int32_t *out, int transposed, const int8_t *b, int64_t ldb, int64_t depth,
                          int64_t column, int64_t columns) {
    memset(out, 0, (size_t)columns * sizeof *out);
    for (int64_t j = 0; transposed && j < columns; j++)
        for (int64_t k = 0; k < depth; k++)
            out[j] += b[(column + j) * ldb + k];
    for (int64_t k = 0; !transposed && k < depth; k++)
        for (int64_t j = 0; j < columns; j++)
            out[j] += b[k * ldb + column + j];
}

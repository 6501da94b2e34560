#include "cpu_pack.h"

#include <string.h>

#include "half.h"

size_t hone_cpu_a_size(const hone_variant *variant) {
    static const size_t sizes[] = {[HONE_A_F32] = 4, [HONE_A_BF16] = 2, [HONE_A_S16] = 2, [HONE_A_U8] = 1};
    return sizes[variant->a_type];
}

size_t hone_cpu_b_size(const hone_variant *variant) {
    hone_dtype type = HONE_F32;
    return hone_dtype_parse(&type, variant->kind) ? 0 : hone_dtype_size(type);
}

/* ---- A: one row goes to every mr-th group of its panel */

/* Copies `depth` elements of type T from `in`, converted by CONVERT, to a row of
 * a panel, and zeros up to a whole group. */
#define DEFINE_SCATTER(name, To, From, CONVERT)                                                              \
    static void name(To *out, const From *in, int64_t depth, int64_t mr, int group) {                        \
        int64_t whole = depth / group * group, stride = mr * group;                                          \
        for (int64_t k = 0; k < whole; k += group, out += stride)                                            \
            for (int u = 0; u < group; u++)                                                                  \
                out[u] = CONVERT(in[k + u]);                                                                 \
        for (int u = 0; whole < depth && u < group; u++)                                                     \
            out[u] = whole + u < depth ? CONVERT(in[whole + u]) : (To)0;                                     \
    }
#define SAME(x) (x)
DEFINE_SCATTER(scatter_f32, float, float, SAME)
DEFINE_SCATTER(scatter_u16, uint16_t, uint16_t, SAME)
DEFINE_SCATTER(scatter_s8_s16, int16_t, int8_t, SAME)
DEFINE_SCATTER(scatter_u8_s16, int16_t, uint8_t, SAME)

/* Four bytes are a group; `shift` 0x80808080 adds 128 to each. */
static void scatter_quads(uint8_t *out, const uint8_t *in, int64_t depth, int64_t mr, uint32_t shift) {
    int64_t whole = depth / 4 * 4;
    for (int64_t k = 0; k < whole; k += 4, out += 4 * mr)
        *(hone_unaligned_s32 *)out = (int32_t)((uint32_t) * (const hone_unaligned_s32 *)(in + k) ^ shift);
    for (int u = 0; whole < depth && u < 4; u++)
        out[u] = whole + u < depth ? in[whole + u] ^ (uint8_t)shift : 0;
}

static void pack_row(void *out, const hone_variant *v, const hone_isa_code *code, hone_dtype type,
                     const void *in, int64_t depth, float *scratch) {
    switch (v->a_type) {
    case HONE_A_F32:
        if (type == HONE_F16)
            code->widen_f16(scratch, in, depth);
        else if (type == HONE_BF16)
            code->widen_bf16(scratch, in, depth);
        scatter_f32(out, type == HONE_F32 ? in : scratch, depth, v->mr, v->group);
        break;
    case HONE_A_BF16:
        scatter_u16(out, in, depth, v->mr, v->group);
        break;
    case HONE_A_S16:
        (type == HONE_S8) ? scatter_s8_s16(out, in, depth, v->mr, v->group)
                          : scatter_u8_s16(out, in, depth, v->mr, v->group);
        break;
    default:
        scatter_quads(out, in, depth, v->mr, type == HONE_S8 ? 0x80808080u : 0);
    }
}

void hone_cpu_pack_a(void *out, const hone_variant *v, const hone_isa_code *code, hone_dtype type,
                     const void *a, int64_t lda, int64_t rows, int64_t depth, float *row) {
    size_t element = hone_cpu_a_size(v), source = hone_dtype_size(type);
    int64_t groups = (depth + v->group - 1) / v->group;
    size_t panel = (size_t)groups * (size_t)(v->mr * v->group) * element;
    char *to = out;
    for (int64_t i = 0; i < rows; i += v->mr, to += panel) {
        int64_t part = rows - i < v->mr ? rows - i : v->mr;
        if (part < v->mr)
            memset(to, 0, panel);
        for (int64_t r = 0; r < part; r++)
            pack_row(to + (size_t)r * (size_t)v->group * element, v, code, type,
                     (const char *)a + (size_t)((i + r) * lda) * source, depth, row);
    }
}

/* ---- B */

/* One panel; `step_k` and `step_j` are the distances in B of the next k and the
 * next column, so that both storage orders are one loop. */
#define DEFINE_PANEL(name, To, From, CONVERT)                                                                \
    static void name(To *out, const From *b, int64_t step_k, int64_t step_j, int64_t depth, int64_t columns, \
                     int nr, int group) {                                                                    \
        for (int64_t k = 0; k < depth; k += group)                                                           \
            for (int j = 0; j < nr; j++)                                                                     \
                for (int u = 0; u < group; u++) {                                                            \
                    int inside = j < columns && k + u < depth;                                               \
                    *out++ = inside ? CONVERT(b[(k + u) * step_k + j * step_j]) : (To)0;                     \
                }                                                                                            \
    }
DEFINE_PANEL(panel_32, uint32_t, uint32_t, SAME)
DEFINE_PANEL(panel_16, uint16_t, uint16_t, SAME)
DEFINE_PANEL(panel_8, uint8_t, uint8_t, SAME)
DEFINE_PANEL(panel_f16_f32, float, uint16_t, hone_f16_to_f32)
DEFINE_PANEL(panel_bf16_f32, float, uint16_t, hone_bf16_to_f32)

void hone_cpu_pack_b(void *out, const hone_variant *v, hone_dtype type, int widened, int transposed,
                     const void *b, int64_t ldb, int64_t depth, int64_t column, int64_t columns) {
    int64_t step_k = transposed ? 1 : ldb, step_j = transposed ? ldb : 1;
    int64_t groups = (depth + v->group - 1) / v->group;
    size_t panel = (size_t)groups * (size_t)(v->nr * v->group) * hone_cpu_b_size(v);
    char *to = out;
    for (int64_t j = 0; j < columns; j += v->nr, to += panel) {
        const void *from = (const char *)b + (size_t)((column + j) * step_j) * hone_dtype_size(type);
        int64_t part = columns - j < v->nr ? columns - j : v->nr;
        if (widened && type == HONE_F16)
            panel_f16_f32((float *)to, from, step_k, step_j, depth, part, v->nr, v->group);
        else if (widened && type == HONE_BF16)
            panel_bf16_f32((float *)to, from, step_k, step_j, depth, part, v->nr, v->group);
        else if (hone_dtype_size(type) == 4)
            panel_32((uint32_t *)to, from, step_k, step_j, depth, part, v->nr, v->group);
        else if (hone_dtype_size(type) == 2)
            panel_16((uint16_t *)to, from, step_k, step_j, depth, part, v->nr, v->group);
        else
            panel_8((uint8_t *)to, from, step_k, step_j, depth, part, v->nr, v->group);
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

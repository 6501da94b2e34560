/* Packing of A and B into the panels of cpu_abi.h. */
#ifndef HONE_CPU_PACK_H
#define HONE_CPU_PACK_H

#include "cpu_variants.h"
#include "hone/hone.h"

/* A block of A: rows x depth elements starting at `a`, into panels of
 * variant->mr rows. `row` holds `depth` floats of scratch for 16-bit types that
 * are widened. */
void hone_cpu_pack_a(void *out, const hone_variant *variant, const hone_isa_code *code, hone_dtype type,
                     const void *a, int64_t lda, int64_t rows, int64_t depth, float *row);

/* A block of B: depth x columns starting at (k, j) = (0, column), into panels of
 * variant->nr columns. B is K x N, or N x K when transposed. `widened`: 16-bit
 * elements become f32 (the variant's kind is f32). */
void hone_cpu_pack_b(void *out, const hone_variant *variant, hone_dtype type, int widened, int transposed,
                     const void *b, int64_t ldb, int64_t depth, int64_t column, int64_t columns);

/* Sums of s8 B over k, for `columns` columns from `column`. */
void hone_cpu_column_sums(int32_t *out, int transposed, const int8_t *b, int64_t ldb, int64_t depth,
                          int64_t column, int64_t columns);

/* Bytes of a packed element. */
size_t hone_cpu_a_size(const hone_variant *variant);
size_t hone_cpu_b_size(const hone_variant *variant);

#endif

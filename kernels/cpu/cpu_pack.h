/* Copies of A and panels of B as cpu_abi.h describes them. */
#ifndef HONE_CPU_PACK_H
#define HONE_CPU_PACK_H

#include "cpu_space.h"
#include "hone/hone.h"

/* A block of A: rows x depth elements of `type` starting at `a`, converted to the
 * variant's A type, `pitch` bytes a row, zeros up to whole steps. */
void hone_cpu_copy_a(char *out, size_t pitch, const hone_cpu_config *config, hone_dtype type, const void *a,
                     int64_t lda, int64_t rows, int64_t depth);

/* Columns `column` .. + `columns` of B (all of K) into panels; `column` begins a panel. */
void hone_cpu_pack_b(void *out, const hone_cpu_config *config, const hone_problem *problem, const void *b,
                     int64_t ldb, int64_t column, int64_t columns);

/* Columns of all panels of an N-column matrix. */
int64_t hone_cpu_padded_columns(const hone_cpu_config *config, int64_t n);

/* Sums of s8 B over k, for `columns` columns from `column`. */
void hone_cpu_column_sums(int32_t *out, int transposed, const int8_t *b, int64_t ldb, int64_t depth,
                          int64_t column, int64_t columns);

/* Consecutive k that operands are padded to: a group, with AMX a register's row of them. */
int hone_cpu_step(const hone_variant *variant);

/* Bytes of a packed element. */
size_t hone_cpu_a_size(const hone_variant *variant);
size_t hone_cpu_b_size(const hone_variant *variant);

#endif

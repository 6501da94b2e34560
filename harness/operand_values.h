/* The numbers behind operands: how they are drawn from the seed and read back,
 * a row at a time. Internal to the harness.
 *
 * Each value is a function of (seed, stream, index), so it can be drawn again
 * without being stored. For s8 problems the value drawn is real; what is stored
 * is that value quantised, and the real one serves as the unquantised truth. */
#ifndef HONE_HARNESS_OPERAND_VALUES_H
#define HONE_HARNESS_OPERAND_VALUES_H

#include "operands.h"

typedef enum hone_stream {
    HONE_STREAM_A,
    HONE_STREAM_B,
    HONE_STREAM_BIAS,
    HONE_STREAM_ALPHA,
    HONE_STREAM_A_SCALE,
    HONE_STREAM_A_ZERO,
    HONE_STREAM_B_SCALE,
    HONE_STREAM_ROWS
} hone_stream;

/* Uniform in [0, 1). */
double hone_draw_uniform(uint64_t seed, hone_stream stream, int64_t index);

/* Writes `count` elements of `type` from `array[offset]` on, with the indices
 * index, index + step, ...: uniform over [-1, 1], integers over their whole range. */
void hone_draw_span(void *array, int64_t offset, hone_dtype type, uint64_t seed, hone_stream stream,
                    int64_t index, int64_t step, int64_t count);

/* Row i of A, K values; s8 problems: integers less the zero point. */
void hone_operands_a_row(double *out, const hone_operands *operands, int64_t i);
/* Row k of B, columns j .. j+count-1; s8 problems: the stored integers. */
void hone_operands_b_span(double *out, const hone_operands *operands, int64_t k, int64_t j, int64_t count);
/* Row i of C as real numbers. */
void hone_operands_c_row(double *out, const hone_operands *operands, int64_t i);

/* s8 problems: the real values that were quantised. */
void hone_operands_real_a_row(double *out, const hone_operands *operands, int64_t i);
void hone_operands_real_b_span(double *out, const hone_operands *operands, int64_t k, int64_t j,
                               int64_t count);

#endif

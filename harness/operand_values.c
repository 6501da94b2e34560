#include "operand_values.h"

#include <math.h>

#include "../kernels/half.h"

static const uint64_t golden = 0x9e3779b97f4a7c15u;

/* Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014. */
static uint64_t mix(uint64_t z) {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* The start of a stream of draws. */
static uint64_t stream_base(uint64_t seed, hone_stream stream) {
    return mix(seed + golden * (uint64_t)(stream + 1));
}

/* Uniform in [0, 1). */
static double uniform(uint64_t base, int64_t index) {
    return (double)(mix(base + golden * ((uint64_t)index + 1)) >> 11) * 0x1p-53;
}

double hone_draw_uniform(uint64_t seed, hone_stream stream, int64_t index) {
    return uniform(stream_base(seed, stream), index);
}

static int least(hone_dtype type) { return type == HONE_U8 ? 0 : -128; }

/* A point of an 8-bit range whose ends are at half a quantum: rounding it gives
 * every integer of the range the same chance. */
static double coordinate(hone_dtype type, uint64_t base, int64_t index) {
    return least(type) - 0.5 + 256 * uniform(base, index);
}

static int quantise(double point, hone_dtype type) {
    int low = least(type), q = (int)nearbyint(point);
    return q < low ? low : q > low + 255 ? low + 255 : q;
}

void hone_draw_span(void *array, int64_t offset, hone_dtype type, uint64_t seed, hone_stream stream,
                    int64_t index, int64_t step, int64_t count) {
    const uint64_t base = stream_base(seed, stream);
    for (int64_t n = 0; n < count; n++, index += step) {
        if (type == HONE_S8)
            ((int8_t *)array)[offset + n] = (int8_t)quantise(coordinate(type, base, index), type);
        else if (type == HONE_U8)
            ((uint8_t *)array)[offset + n] = (uint8_t)quantise(coordinate(type, base, index), type);
        else if (type == HONE_F32)
            ((float *)array)[offset + n] = (float)(2 * uniform(base, index) - 1);
        else if (type == HONE_F16)
            ((uint16_t *)array)[offset + n] = hone_f16_from_f64(2 * uniform(base, index) - 1);
        else
            ((uint16_t *)array)[offset + n] = hone_bf16_from_f64(2 * uniform(base, index) - 1);
    }
}

/* `count` stored elements, `step` apart from `offset` on, as doubles. */
static void read_span(double *out, const void *array, hone_dtype type, int64_t offset, int64_t step,
                      int64_t count) {
    switch (type) {
    case HONE_F32:
        for (int64_t n = 0; n < count; n++)
            out[n] = ((const float *)array)[offset + n * step];
        break;
    case HONE_F16:
        for (int64_t n = 0; n < count; n++)
            out[n] = hone_f16_to_f32(((const uint16_t *)array)[offset + n * step]);
        break;
    case HONE_BF16:
        for (int64_t n = 0; n < count; n++)
            out[n] = hone_bf16_to_f32(((const uint16_t *)array)[offset + n * step]);
        break;
    case HONE_S8:
        for (int64_t n = 0; n < count; n++)
            out[n] = ((const int8_t *)array)[offset + n * step];
        break;
    default:
        for (int64_t n = 0; n < count; n++)
            out[n] = ((const uint8_t *)array)[offset + n * step];
    }
}

static int64_t scale_index(const hone_operands *operands, int64_t i) {
    return operands->problem.a_scale_per_row ? i : 0;
}

static int is_8bit(hone_dtype type) { return type == HONE_S8 || type == HONE_U8; }

void hone_operands_a_row(double *out, const hone_operands *operands, int64_t i) {
    const hone_problem *problem = &operands->problem;
    read_span(out, operands->a, problem->a_type, i * operands->lda, 1, problem->k);
    if (!operands->a_zero)
        return;
    double zero = operands->a_zero[scale_index(operands, i)];
    for (int64_t k = 0; k < problem->k; k++)
        out[k] -= zero;
}

void hone_operands_b_span(double *out, const hone_operands *operands, int64_t k, int64_t j, int64_t count) {
    const hone_problem *problem = &operands->problem;
    int64_t ldb = operands->ldb;
    if (problem->weights_transposed)
        read_span(out, operands->b, problem->dtype, j * ldb + k, ldb, count);
    else
        read_span(out, operands->b, problem->dtype, k * ldb + j, 1, count);
}

void hone_operands_c_row(double *out, const hone_operands *operands, int64_t i) {
    const hone_problem *problem = &operands->problem;
    read_span(out, operands->c, problem->c_type, i * operands->ldc, 1, problem->n);
    if (!is_8bit(problem->c_type))
        return;
    for (int64_t j = 0; j < problem->n; j++)
        out[j] = operands->c_scale * (out[j] - operands->c_zero);
}

void hone_operands_real_a_row(double *out, const hone_operands *operands, int64_t i) {
    const hone_problem *problem = &operands->problem;
    const uint64_t base = stream_base(operands->seed, HONE_STREAM_A);
    double scale = operands->a_scale[scale_index(operands, i)];
    double zero = operands->a_zero[scale_index(operands, i)];
    for (int64_t k = 0; k < problem->k; k++)
        out[k] = scale * (coordinate(problem->a_type, base, i * problem->k + k) - zero);
}

void hone_operands_real_b_span(double *out, const hone_operands *operands, int64_t k, int64_t j,
                               int64_t count) {
    const uint64_t base = stream_base(operands->seed, HONE_STREAM_B);
    for (int64_t n = 0; n < count; n++)
        out[n] = operands->b_scale[j + n] * coordinate(HONE_S8, base, k * operands->problem.n + j + n);
}

double hone_operands_a(const hone_operands *operands, int64_t i, int64_t k) {
    double value;
    read_span(&value, operands->a, operands->problem.a_type, i * operands->lda + k, 1, 1);
    if (!operands->a_scale)
        return value;
    int64_t s = scale_index(operands, i);
    return operands->a_scale[s] * (value - operands->a_zero[s]);
}

double hone_operands_b(const hone_operands *operands, int64_t k, int64_t j) {
    double value;
    hone_operands_b_span(&value, operands, k, j, 1);
    return operands->b_scale ? operands->b_scale[j] * value : value;
}

double hone_operands_c(const hone_operands *operands, int64_t i, int64_t j) {
    double value;
    read_span(&value, operands->c, operands->problem.c_type, i * operands->ldc + j, 1, 1);
    return is_8bit(operands->problem.c_type) ? operands->c_scale * (value - operands->c_zero) : value;
}

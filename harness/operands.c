/* A block of C, with a guard on both sides and a gap behind every row:
 *
 *     c_block                c                                       c_block_size
 *     | guard, GUARD bytes   | row 0: N | gap | row 1: N | gap | ... | guard |
 *
 * A and B end with their last element, so that a sanitizer sees a read beyond
 * it; their row gaps are filled with bytes that are NaN in every float type. */
#include "operands.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../kernels/half.h"
#include "../kernels/status.h"
#include "operand_values.h"

enum { ALIGNMENT = 64, GUARD = 4096, GAP_BYTE = 0xff };

/* NaN in all float types, then a large finite value: a kernel that adds to C
 * instead of writing it is found by both. */
static const unsigned char patterns[2] = {0xff, 0x7f};

static int is_8bit(hone_dtype type) { return type == HONE_S8 || type == HONE_U8; }

static void *allocate(size_t bytes) {
    void *memory = NULL;
    return posix_memalign(&memory, ALIGNMENT, bytes ? bytes : 1) == 0 ? memory : NULL;
}

/* Bytes of a rows x columns matrix that ends with its last element. */
static size_t matrix_bytes(int64_t rows, int64_t columns, int64_t ld, hone_dtype type) {
    return ((size_t)(rows - 1) * (size_t)ld + (size_t)columns) * hone_dtype_size(type);
}

/* A matrix of drawn elements; element (r, c) has the index r * row_step + c * column_step. */
static void *draw_matrix(int64_t rows, int64_t columns, int64_t ld, hone_dtype type, uint64_t seed,
                         hone_stream stream, int64_t row_step, int64_t column_step) {
    void *matrix = allocate(matrix_bytes(rows, columns, ld, type));
    if (!matrix)
        return NULL;
    size_t size = hone_dtype_size(type);
    for (int64_t r = 0; r < rows; r++) {
        hone_draw_span(matrix, r * ld, type, seed, stream, r * row_step, column_step, columns);
        if (r + 1 < rows)
            memset((char *)matrix + (size_t)(r * ld + columns) * size, GAP_BYTE,
                   (size_t)(ld - columns) * size);
    }
    return matrix;
}

/* `count` floats, uniform in [low, high]. */
static float *draw_vector(int64_t count, double low, double high, uint64_t seed, hone_stream stream) {
    float *vector = allocate((size_t)count * sizeof *vector);
    for (int64_t n = 0; vector && n < count; n++)
        vector[n] = (float)(low + (high - low) * hone_draw_uniform(seed, stream, n));
    return vector;
}

/* Biases of 16-bit problems are numbers of that type, as such models have them: a library that takes its bias
 * in C's type is given the same one. */
static void round_bias(float *bias, int64_t count, hone_dtype type) {
    for (int64_t n = 0; n < count; n++)
        bias[n] = type == HONE_F16    ? hone_f16_to_f32(hone_f16_from_f32(bias[n]))
                  : type == HONE_BF16 ? hone_bf16_to_f32(hone_bf16_from_f32(bias[n]))
                                      : bias[n];
}

/* Scales that put A in about [-1, 1] and the products' sum near unit size: with
 * B uniform in t * 3 / sqrt(K), its standard deviation is t, t from 0.5 to 1.
 * With the bias that is about 1; C's range takes three of it on either side. */
static hone_status draw_quantisation(hone_operands *operands) {
    const hone_problem *problem = &operands->problem;
    int64_t count = problem->a_scale_per_row ? problem->m : 1;
    double smallest = problem->a_scale_per_row ? 0.5 : 1;
    double b_unit = 3 / (127 * sqrt((double)problem->k));
    operands->a_scale = draw_vector(count, smallest / 127, 1.0 / 127, operands->seed, HONE_STREAM_A_SCALE);
    operands->b_scale = draw_vector(problem->n, 0.5 * b_unit, b_unit, operands->seed, HONE_STREAM_B_SCALE);
    operands->a_zero = allocate((size_t)count * sizeof *operands->a_zero);
    if (!operands->a_scale || !operands->b_scale || !operands->a_zero)
        return HONE_E_NOMEM;
    int middle = problem->a_type == HONE_U8 ? 128 : 0;
    for (int64_t i = 0; i < count; i++)
        operands->a_zero[i] =
            middle + 1 + (int)(5 * hone_draw_uniform(operands->seed, HONE_STREAM_A_ZERO, i));
    if (is_8bit(problem->c_type)) {
        operands->c_scale = 3.0f / 127;
        operands->c_zero = problem->c_type == HONE_U8 ? 133 : 5;
    }
    return HONE_OK;
}

static hone_status check_memory(const hone_operands *operands) {
    const hone_problem *p = &operands->problem;
    double need = (double)p->m * (double)operands->lda * (double)hone_dtype_size(p->a_type) +
                  (double)p->k * (double)p->n * (double)hone_dtype_size(p->dtype) +
                  (double)p->m * (double)operands->ldc * (double)hone_dtype_size(p->c_type);
    double have = (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE);
    if (have > 0 && need > have)
        return hone_fail(HONE_E_NOMEM,
                         "operands of %lldx%lldx%lld need %.1f GB, this machine has %.1f GB; "
                         "choose a smaller shape",
                         (long long)p->m, (long long)p->n, (long long)p->k, need * 1e-9, have * 1e-9);
    return HONE_OK;
}

hone_span hone_operands_input(const hone_operands *operands) {
    const hone_problem *p = &operands->problem;
    return (hone_span){hone_operands_args(operands).a,
                       (size_t)(p->m * operands->lda) * hone_dtype_size(p->a_type)};
}

hone_span hone_operands_weights(const hone_operands *operands) {
    const hone_problem *p = &operands->problem;
    return (hone_span){hone_operands_args(operands).b,
                       (size_t)((p->weights_transposed ? p->n : p->k) * operands->ldb) *
                           hone_dtype_size(p->dtype)};
}

hone_span hone_operands_output(const hone_operands *operands) {
    const hone_problem *p = &operands->problem;
    return (hone_span){hone_operands_args(operands).c,
                       (size_t)(p->m * operands->ldc) * hone_dtype_size(p->c_type)};
}

double hone_problem_bytes(const hone_problem *problem) {
    double m = (double)problem->m, n = (double)problem->n, k = (double)problem->k;
    return m * k * (double)hone_dtype_size(problem->a_type) +
           k * n * (double)hone_dtype_size(problem->dtype) +
           m * n * (double)hone_dtype_size(problem->c_type) + (problem->bias ? 4 * n : 0);
}

hone_status hone_operands_create(hone_operands **out, const hone_problem *problem, uint64_t seed,
                                 int padding) {
    hone_status status = hone_problem_check(problem);
    if (status)
        return status;
    if (padding < 0)
        return hone_fail(HONE_E_USAGE, "padding %d of the leading dimensions is negative", padding);
    hone_operands *operands = calloc(1, sizeof *operands);
    if (!operands)
        return hone_fail(HONE_E_NOMEM, "out of memory for operands");
    int64_t m = problem->m, n = problem->n, k = problem->k;
    operands->problem = *problem;
    operands->seed = seed;
    operands->lda = k + padding;
    operands->ldb = (problem->weights_transposed ? k : n) + padding;
    operands->ldc = n + padding;
    operands->c_scale = 1;
    status = check_memory(operands);
    if (status)
        goto cleanup;

    status = hone_fail(HONE_E_NOMEM, "out of memory for the operands of %lldx%lldx%lld", (long long)m,
                       (long long)n, (long long)k);
    if (problem->dtype == HONE_S8 && draw_quantisation(operands) != HONE_OK)
        goto cleanup;
    operands->a = draw_matrix(m, k, operands->lda, problem->a_type, seed, HONE_STREAM_A, k, 1);
    operands->b = problem->weights_transposed
                      ? draw_matrix(n, k, operands->ldb, problem->dtype, seed, HONE_STREAM_B, 1, n)
                      : draw_matrix(k, n, operands->ldb, problem->dtype, seed, HONE_STREAM_B, n, 1);
    operands->alpha = draw_vector(n, -0.5, 0.5, seed, HONE_STREAM_ALPHA);
    if (!operands->a || !operands->b || !operands->alpha)
        goto cleanup;
    if (problem->bias && !(operands->bias = draw_vector(n, -1, 1, seed, HONE_STREAM_BIAS)))
        goto cleanup;
    if (problem->bias)
        round_bias(operands->bias, n, problem->dtype);
    operands->c_offset = GUARD;
    operands->c_block_size = 2 * GUARD + (size_t)m * (size_t)operands->ldc * hone_dtype_size(problem->c_type);
    if (!(operands->c_block = allocate(operands->c_block_size)))
        goto cleanup;
    operands->c = operands->c_block + operands->c_offset;
    hone_operands_fill(operands, 0);
    *out = operands;
    return HONE_OK;

cleanup:
    hone_operands_destroy(operands);
    return status;
}

void hone_operands_destroy(hone_operands *operands) {
    if (!operands)
        return;
    hone_operands_unplace(operands);
    free(operands->a);
    free(operands->b);
    free(operands->bias);
    free(operands->alpha);
    free(operands->a_scale);
    free(operands->a_zero);
    free(operands->b_scale);
    free(operands->c_block);
    free(operands);
}

hone_args hone_operands_args(const hone_operands *operands) {
    const int placed = operands->device != NULL;
    return (hone_args){
        .a = placed ? operands->device_a : operands->a,
        .lda = operands->lda,
        .b = placed ? operands->device_b : operands->b,
        .ldb = operands->ldb,
        .c = placed ? (char *)operands->device_c_block + operands->c_offset : operands->c,
        .ldc = operands->ldc,
        .bias = operands->bias,
        .alpha = operands->alpha,
        .a_scale = operands->a_scale,
        .a_zero = operands->a_zero,
        .b_scale = operands->b_scale,
        .c_scale = operands->c_scale,
        .c_zero = operands->c_zero,
    };
}

void hone_operands_fill(hone_operands *operands, int pattern) {
    memset(operands->c_block, patterns[pattern & 1], operands->c_block_size);
}

static int64_t count_changed(const unsigned char *bytes, size_t size, unsigned char pattern) {
    int64_t changed = 0;
    for (size_t n = 0; n < size; n++)
        changed += bytes[n] != pattern;
    return changed;
}

int64_t hone_operands_touched(const hone_operands *operands, int pattern) {
    const hone_problem *problem = &operands->problem;
    unsigned char byte = patterns[pattern & 1];
    size_t size = hone_dtype_size(problem->c_type);
    size_t row = (size_t)problem->n * size, stride = (size_t)operands->ldc * size;
    const unsigned char *c = operands->c_block + operands->c_offset;
    size_t end = operands->c_offset + (size_t)problem->m * stride;
    int64_t touched = count_changed(operands->c_block, operands->c_offset, byte) +
                      count_changed(operands->c_block + end, operands->c_block_size - end, byte);
    for (int64_t i = 0; i < problem->m && stride > row; i++)
        touched += count_changed(c + (size_t)i * stride + row, stride - row, byte);
    return touched;
}

int hone_operands_unwritten(const hone_operands *operands, int64_t i, int64_t j, int pattern) {
    size_t size = hone_dtype_size(operands->problem.c_type);
    const unsigned char *element =
        (const unsigned char *)operands->c + ((size_t)i * (size_t)operands->ldc + (size_t)j) * size;
    return count_changed(element, size, patterns[pattern & 1]) == 0;
}

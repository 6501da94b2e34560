/* A kernel of a few lines that computes every problem in fp32: what the
 * harness must find correct. Reads everything through hone_args, as a backend. */
#ifndef HONE_TESTS_NAIVE_KERNEL_H
#define HONE_TESTS_NAIVE_KERNEL_H

#include <math.h>

#include "../../kernels/half.h"
#include "hone/hone.h"

static inline float naive_load(const void *array, hone_dtype type, int64_t n) {
    switch (type) {
    case HONE_F32:
        return ((const float *)array)[n];
    case HONE_F16:
        return hone_f16_to_f32(((const uint16_t *)array)[n]);
    case HONE_BF16:
        return hone_bf16_to_f32(((const uint16_t *)array)[n]);
    case HONE_S8:
        return ((const int8_t *)array)[n];
    default:
        return ((const uint8_t *)array)[n];
    }
}

static inline void naive_store(const hone_args *args, hone_dtype type, int64_t n, float value) {
    int low = type == HONE_U8 ? 0 : -128;
    float q = 0;
    if (type == HONE_S8 || type == HONE_U8)
        q = fminf(fmaxf(nearbyintf(value / args->c_scale) + (float)args->c_zero, (float)low),
                  (float)(low + 255));
    if (type == HONE_F32)
        ((float *)args->c)[n] = value;
    else if (type == HONE_F16)
        ((uint16_t *)args->c)[n] = hone_f16_from_f32(value);
    else if (type == HONE_BF16)
        ((uint16_t *)args->c)[n] = hone_bf16_from_f32(value);
    else if (type == HONE_S8)
        ((int8_t *)args->c)[n] = (int8_t)q;
    else
        ((uint8_t *)args->c)[n] = (uint8_t)q;
}

/* act(A B + bias) at (i, j), in fp32. */
static inline float naive_element(const hone_problem *problem, const hone_args *args, int64_t i, int64_t j) {
    int64_t row = problem->a_scale_per_row ? i : 0;
    float zero = args->a_zero ? (float)args->a_zero[row] : 0;
    float sum = 0;
    int64_t integer_sum = 0;
    for (int64_t k = 0; k < problem->k; k++) {
        int64_t from = problem->weights_transposed ? j * args->ldb + k : k * args->ldb + j;
        float a = naive_load(args->a, problem->a_type, i * args->lda + k) - zero;
        float b = naive_load(args->b, problem->dtype, from);
        if (problem->dtype == HONE_S8)
            integer_sum += (int64_t)a * (int64_t)b;
        else
            sum += a * b;
    }
    if (problem->dtype == HONE_S8)
        sum = args->a_scale[row] * args->b_scale[j] * (float)integer_sum;
    if (problem->bias)
        sum += args->bias[j];
    double params[HONE_ACT_MAX_PARAMS] = {problem->act_params[0], problem->act_params[1]};
    hone_activation prelu;
    if (hone_activation_parse(&prelu, "prelu") == HONE_OK && problem->act == prelu)
        params[0] = args->alpha[j];
    return (float)hone_activation_reference(problem->act, sum, params);
}

static inline void naive_execute(const hone_problem *problem, const hone_args *args) {
    for (int64_t i = 0; i < problem->m; i++)
        for (int64_t j = 0; j < problem->n; j++)
            naive_store(args, problem->c_type, i * args->ldc + j, naive_element(problem, args, i, j));
}

#endif

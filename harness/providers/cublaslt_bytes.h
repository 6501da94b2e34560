/* 8-bit operands as cuBLASLt's integer kernels want them: signed, both with k running along a row, k, the
 * rows of weights and the distance of rows multiples of 4. Weights are transposed with zeros to fill up; A is
 * used as it is, or copied in each call: u8 becomes s8 by taking 128 off, from the zero point too. */
#ifndef HONE_CUBLASLT_BYTES_H
#define HONE_CUBLASLT_BYTES_H

#include "../../kernels/cuda/cuda_device.h"

typedef struct cublaslt_bytes {
    const hone_problem *problem;
    const hone_cuda_driver *cu;
    hone_cu_module module;
    hone_cu_function gather, sum_rows;
} cublaslt_bytes;

/* HONE_E_UNAVAILABLE, HONE_E_NOMEM. */
hone_status cublaslt_bytes_create(cublaslt_bytes *out, const hone_problem *problem,
                                  const hone_device *device);
void cublaslt_bytes_clear(cublaslt_bytes *bytes);

int64_t cublaslt_bytes_row(const hone_problem *problem);     /* from row to row of copies: K filled up */
int64_t cublaslt_bytes_columns(const hone_problem *problem); /* rows of weights: N filled up */
int cublaslt_bytes_copies_a(const hone_problem *problem, int64_t lda);

/* Enqueue a copy of A, and one of the weights as stored with the sums of its rows over k, s32. */
hone_status cublaslt_bytes_copy_a(const cublaslt_bytes *bytes, hone_cu_stream stream, hone_cu_address to,
                                  hone_cu_address a, int64_t lda);
hone_status cublaslt_bytes_copy_b(const cublaslt_bytes *bytes, hone_cu_stream stream, hone_cu_address to,
                                  hone_cu_address sums, hone_cu_address b, int64_t ldb);

#endif

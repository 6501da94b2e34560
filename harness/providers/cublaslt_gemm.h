/* One GEMM by cuBLASLt: its descriptors, and the algorithm that was fastest among those it proposes.
 *
 * Matrices are column-major to cuBLASLt, and rows of ours are its columns: C = A B is asked for as
 * C^T = B^T A^T, so that its A is our weights, its m our N, and its bias, along m, ours along N. */
#ifndef HONE_CUBLASLT_GEMM_H
#define HONE_CUBLASLT_GEMM_H

#include "../../kernels/cuda/cuda_batch.h"
#include "../../kernels/cuda/cuda_device.h"
#include "cublaslt_library.h"

/* A device's part of cuBLASLt, made once and kept by the process: measuring cold prepares many cases. Calls
 * that share it come one after another. */
typedef struct cublaslt_device {
    const cublaslt_library *library;
    const hone_cuda_driver *cu;
    cublaslt_handle handle;
    hone_cu_address workspace;
} cublaslt_device;

enum { CUBLASLT_WORKSPACE_BYTES = 32 << 20 };

/* Makes the device current, too. HONE_E_UNAVAILABLE, HONE_E_NOMEM. */
hone_status cublaslt_device_enter(const cublaslt_device **out, const hone_device *device);

/* As cuBLASLt sees it. */
typedef struct cublaslt_matrix {
    hone_cu_address at;
    int type; /* CUBLASLT_F32 .. */
    int64_t rows, columns, ld;
} cublaslt_matrix;

typedef struct cublaslt_gemm {
    const cublaslt_device *device;
    cublaslt_matrix a, b, d;
    int a_transposed;
    unsigned epilogue;
    hone_cu_address bias;

    cublaslt_operation operation;
    cublaslt_layout layouts[3]; /* of a, b, d */
    cublaslt_algorithm algorithm;
    int proposals, chosen; /* how many algorithms there were, and which it is, from 0 */
} cublaslt_gemm;

/* Makes the descriptors of a GEMM whose first members are given. HONE_E_UNAVAILABLE: refused. */
hone_status cublaslt_gemm_create(cublaslt_gemm *gemm);
/* Chooses the algorithm: of all that cuBLASLt proposes the one whose runs took the least time.
 * HONE_E_UNAVAILABLE: it proposes none, or none works. */
hone_status cublaslt_gemm_search(cublaslt_gemm *gemm, const hone_cuda_timer *timer);
hone_status cublaslt_gemm_enqueue(const cublaslt_gemm *gemm, hone_cu_stream stream);
void cublaslt_gemm_clear(cublaslt_gemm *gemm);

/* Microseconds of a call of `enqueue` by the device's clock, in the fastest of some batches of `calls`; or,
 * where they cannot be one, as the host gives it to the timer's stream. */
hone_status cublaslt_time(double *us, const hone_cuda_timer *timer, int calls, int times,
                          hone_cuda_enqueue *enqueue, const void *what);

#endif

/* A case of the baseline cublaslt. Internal to it: provider_cublaslt.c holds and runs cases, cublaslt_route.c
 * finds how a problem is best composed. */
#ifndef HONE_CUBLASLT_CASE_H
#define HONE_CUBLASLT_CASE_H

#include "../../kernels/cuda/cuda_pass.h"
#include "../provider.h"
#include "cublaslt_bytes.h"
#include "cublaslt_gemm.h"

/* Buffers on the device. A, B and C: where the caller's are the host's. Copies: of 8-bit problems. */
enum {
    BUFFER_A,
    BUFFER_A_COPY,
    BUFFER_B,
    BUFFER_B_COPY,
    BUFFER_C,
    BUFFER_X,
    BUFFER_VECTORS,
    CUBLASLT_BUFFERS
};

/* Parts of BUFFER_VECTORS: values of columns and of rows. */
enum { PART_BIAS, PART_BIAS_16, PART_SLOPES, PART_B_SCALE, PART_A_SCALE, PART_A_ZERO, CUBLASLT_PARTS };

enum { CUBLASLT_LABEL = 192 };

typedef struct cublaslt_composition {
    unsigned epilogue;
    int to_c;      /* the GEMM writes C itself; else BUFFER_X, f32 or s32 */
    int pass;      /* a pass follows, from where the GEMM wrote to C */
    int pass_bias; /* the pass adds the bias */
} cublaslt_composition;

/* A composition made ready to run. */
typedef struct cublaslt_route {
    cublaslt_composition composition;
    cublaslt_gemm gemm;
    hone_cuda_pass *pass; /* NULL: none */
    double us;            /* by the device's clock; INFINITY: its results are not exact enough */
    char label[CUBLASLT_LABEL];
} cublaslt_route;

struct hone_provider_case {
    const hone_device *device;
    hone_operands operands; /* the caller's, of which C is written */
    hone_args args;
    const cublaslt_device *lt;
    hone_cuda_timer timer; /* around what the device did in the latest run */
    hone_cu_address buffers[CUBLASLT_BUFFERS];
    size_t parts[CUBLASLT_PARTS]; /* where they begin */
    cublaslt_bytes bytes;
    hone_cu_address a, b, c; /* as the caller gave them, on the device */
    int64_t lda, ldb, ldc;
    cublaslt_route *route;
    hone_status status; /* of the latest run */
    hone_run_failure failure;
};

static inline hone_cu_address cublaslt_part(const hone_provider_case *self, int which) {
    return self->buffers[BUFFER_VECTORS] + self->parts[which];
}

/* Elements from row to row of BUFFER_X: rows begin at 16 bytes. */
static inline int64_t cublaslt_x_ld(const hone_problem *problem) { return cublaslt_bytes_columns(problem); }

/* Enqueues all that the device does for a call of the case, by its route. A hone_cuda_enqueue. */
hone_status cublaslt_enqueue(const void *self, hone_cu_stream stream);
/* Runs the case with its route, and waits. */
hone_status cublaslt_run_once(hone_provider_case *self);

/* Gives a case whose operands are on the device its route. HONE_E_UNAVAILABLE: cuBLASLt refuses them all. */
hone_status cublaslt_route_choose(hone_provider_case *self);
void cublaslt_route_destroy(cublaslt_route *route);

#endif

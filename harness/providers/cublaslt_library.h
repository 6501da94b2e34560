/* cuBLASLt's C interface, as far as the baseline needs it, opened at run time. The declarations are this
 * project's own; where CMake finds a CUDA Toolkit, tests/cuda/test_toolkit.c compares. Types and values:
 * cuBLAS documentation, "Using the cuBLASLt API". */
#ifndef HONE_CUBLASLT_LIBRARY_H
#define HONE_CUBLASLT_LIBRARY_H

#include "../../kernels/cuda/cuda_api.h"

typedef unsigned cublaslt_status;
typedef struct cublaslt_handle_s *cublaslt_handle;
typedef struct cublaslt_operation_s *cublaslt_operation; /* a "matmul descriptor" */
typedef struct cublaslt_layout_s *cublaslt_layout;
typedef struct cublaslt_preference_s *cublaslt_preference;

typedef struct cublaslt_algorithm {
    uint64_t data[8];
} cublaslt_algorithm;

typedef struct cublaslt_proposal { /* a "heuristic result" */
    cublaslt_algorithm algorithm;
    size_t workspace;
    cublaslt_status state; /* what else is here counts where it is CUBLASLT_OK */
    float waves;
    int reserved[4];
} cublaslt_proposal;

enum { CUBLASLT_OK = 0, CUBLASLT_NO_MEMORY = 3, CUBLASLT_INVALID = 7, CUBLASLT_UNSUPPORTED = 15 };
enum { CUBLASLT_F32 = 0, CUBLASLT_F16 = 2, CUBLASLT_S8 = 3, CUBLASLT_S32 = 10, CUBLASLT_BF16 = 14 };
enum { CUBLASLT_COMPUTE_F32 = 68, CUBLASLT_COMPUTE_S32 = 72 };
enum { CUBLASLT_AS_STORED = 0, CUBLASLT_TRANSPOSED = 1 };
enum { CUBLASLT_TRANSPOSE_A = 3, CUBLASLT_EPILOGUE = 7, CUBLASLT_BIAS_POINTER = 8 };     /* of an operation */
enum { CUBLASLT_DEFAULT = 1, CUBLASLT_RELU = 2, CUBLASLT_BIAS = 4, CUBLASLT_GELU = 32 }; /* epilogues */
enum {                                                                                   /* of a preference */
       CUBLASLT_MOST_WORKSPACE = 1,
       CUBLASLT_REDUCTIONS = 3,
       CUBLASLT_ALIGNMENT_A = 5,
       CUBLASLT_ALIGNMENT_B = 6,
       CUBLASLT_ALIGNMENT_C = 7,
       CUBLASLT_ALIGNMENT_D = 8
};
enum { CUBLASLT_REDUCE_IN_PLACE = 1, CUBLASLT_REDUCE_AS_COMPUTED = 2, CUBLASLT_REDUCE_AS_STORED = 4 };

/* F(member, exported name, parameters) */
#define CUBLASLT_FUNCTIONS(F)                                                                                \
    F(create, cublasLtCreate, (cublaslt_handle * handle))                                                    \
    F(destroy, cublasLtDestroy, (cublaslt_handle handle))                                                    \
    F(layout_create, cublasLtMatrixLayoutCreate,                                                             \
      (cublaslt_layout * layout, unsigned type, uint64_t rows, uint64_t columns, int64_t ld))                \
    F(layout_destroy, cublasLtMatrixLayoutDestroy, (cublaslt_layout layout))                                 \
    F(operation_create, cublasLtMatmulDescCreate,                                                            \
      (cublaslt_operation * operation, unsigned compute, unsigned scale))                                    \
    F(operation_destroy, cublasLtMatmulDescDestroy, (cublaslt_operation operation))                          \
    F(operation_set, cublasLtMatmulDescSetAttribute,                                                         \
      (cublaslt_operation operation, unsigned attribute, const void *value, size_t bytes))                   \
    F(preference_create, cublasLtMatmulPreferenceCreate, (cublaslt_preference * preference))                 \
    F(preference_destroy, cublasLtMatmulPreferenceDestroy, (cublaslt_preference preference))                 \
    F(preference_set, cublasLtMatmulPreferenceSetAttribute,                                                  \
      (cublaslt_preference preference, unsigned attribute, const void *value, size_t bytes))                 \
    F(propose, cublasLtMatmulAlgoGetHeuristic,                                                               \
      (cublaslt_handle handle, cublaslt_operation operation, cublaslt_layout a, cublaslt_layout b,           \
       cublaslt_layout c, cublaslt_layout d, cublaslt_preference preference, int most,                       \
       cublaslt_proposal *proposals, int *count))                                                            \
    F(multiply, cublasLtMatmul,                                                                              \
      (cublaslt_handle handle, cublaslt_operation operation, const void *alpha, const void *a,               \
       cublaslt_layout a_layout, const void *b, cublaslt_layout b_layout, const void *beta, const void *c,   \
       cublaslt_layout c_layout, void *d, cublaslt_layout d_layout, const cublaslt_algorithm *algorithm,     \
       void *workspace, size_t workspace_bytes, hone_cu_stream stream))

#define CUBLASLT_MEMBER(member, name, parameters) cublaslt_status(*member) parameters;
typedef struct cublaslt_library {
    CUBLASLT_FUNCTIONS(CUBLASLT_MEMBER)
} cublaslt_library;
#undef CUBLASLT_MEMBER

/* Opened once for the process, which keeps it: the file that HONE_CUBLASLT names, else libcublasLt.so.13 or
 * .12 by the linker's rules or of /usr/local/cuda. NULL, with *reason set: what to install. Any thread. */
const cublaslt_library *cublaslt_open(const char **reason);

#endif

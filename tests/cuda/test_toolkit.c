/* What cuda_api.h and cublaslt_library.h declare against the headers of the CUDA Toolkit, where the build
 * found one. */
#include <stdio.h>

#ifndef HONE_HAVE_CUDA

int main(void) {
    printf("skipped: no CUDA Toolkit was found when this was built\n");
    return 77;
}

#else

#include <cublasLt.h>
#include <cuda.h>
#include <nvrtc.h>
#include <stddef.h>

#include "../../harness/providers/cublaslt_library.h"
#include "../../kernels/cuda/cuda_api.h"
#include "../../kernels/cuda/cuda_call.h"

/* Enumerations are compatible with the unsigned int that they are made of. */
#define SAME_AS_TOOLKIT(member, name, parameters)                                                            \
    _Static_assert(__builtin_types_compatible_p(__typeof__(&name), __typeof__(((TABLE *)0)->member)),        \
                   #name " is declared otherwise by the toolkit");
#define TABLE hone_cuda_driver
HONE_CUDA_DRIVER_FUNCTIONS(SAME_AS_TOOLKIT)
HONE_CUDA_DRIVER_LATER(SAME_AS_TOOLKIT)
#undef TABLE
#define TABLE hone_nvrtc
HONE_NVRTC_FUNCTIONS(SAME_AS_TOOLKIT)

#define SAME_VALUE(ours, theirs) _Static_assert((int)(ours) == (int)(theirs), #ours)
SAME_VALUE(HONE_CU_INVALID_VALUE, CUDA_ERROR_INVALID_VALUE);
SAME_VALUE(HONE_CU_OUT_OF_MEMORY, CUDA_ERROR_OUT_OF_MEMORY);
SAME_VALUE(HONE_CU_ATTRIBUTE_SHARED_OF_UNIT, CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR);
SAME_VALUE(HONE_CU_ATTRIBUTE_CLOCK, CU_DEVICE_ATTRIBUTE_CLOCK_RATE);
SAME_VALUE(HONE_CU_ATTRIBUTE_UNITS, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT);
SAME_VALUE(HONE_CU_ATTRIBUTE_L2, CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE);
SAME_VALUE(HONE_CU_ATTRIBUTE_MAJOR, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR);
SAME_VALUE(HONE_CU_ATTRIBUTE_MINOR, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
SAME_VALUE(HONE_CU_ATTRIBUTE_SHARED_OF_BLOCK, CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN);
SAME_VALUE(HONE_CU_POINTER_MEMORY_TYPE, CU_POINTER_ATTRIBUTE_MEMORY_TYPE);
SAME_VALUE(HONE_CU_MEMORY_DEVICE, CU_MEMORYTYPE_DEVICE);
SAME_VALUE(HONE_CU_FUNCTION_LOCAL_BYTES, CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES);
SAME_VALUE(HONE_CU_FUNCTION_REGISTERS, CU_FUNC_ATTRIBUTE_NUM_REGS);
SAME_VALUE(HONE_CU_FUNCTION_DYNAMIC_SHARED, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES);
SAME_VALUE(HONE_CU_STREAM_NON_BLOCKING, CU_STREAM_NON_BLOCKING);
SAME_VALUE(HONE_CU_CAPTURE_RELAXED, CU_STREAM_CAPTURE_MODE_RELAXED);
SAME_VALUE(HONE_CU_MAP_U8, CU_TENSOR_MAP_DATA_TYPE_UINT8);
SAME_VALUE(HONE_CU_MAP_U16, CU_TENSOR_MAP_DATA_TYPE_UINT16);
SAME_VALUE(HONE_CU_MAP_U32, CU_TENSOR_MAP_DATA_TYPE_UINT32);
SAME_VALUE(HONE_CU_MAP_SWIZZLE_128, CU_TENSOR_MAP_SWIZZLE_128B);
SAME_VALUE(HONE_CU_MAP_PROMOTE_256, CU_TENSOR_MAP_L2_PROMOTION_L2_256B);
_Static_assert(sizeof(CUtensorMap) == sizeof(hone_tensor_map), "tensor maps are larger in the toolkit");

/* cuBLASLt's functions, with the toolkit's names for the pointers that both declare opaque. */
#define cublaslt_handle          cublasLtHandle_t
#define cublaslt_operation       cublasLtMatmulDesc_t
#define cublaslt_layout          cublasLtMatrixLayout_t
#define cublaslt_preference      cublasLtMatmulPreference_t
#define cublaslt_algorithm       cublasLtMatmulAlgo_t
#define cublaslt_proposal        cublasLtMatmulHeuristicResult_t
#define SAME_FUNCTION(member, name, parameters)                                                              \
    _Static_assert(__builtin_types_compatible_p(__typeof__(&name), cublaslt_status(*) parameters),           \
                   #name " is declared otherwise by the toolkit");
CUBLASLT_FUNCTIONS(SAME_FUNCTION)
#undef cublaslt_algorithm
#undef cublaslt_proposal

_Static_assert(sizeof(cublaslt_algorithm) == sizeof(cublasLtMatmulAlgo_t), "algorithm");
_Static_assert(sizeof(cublaslt_proposal) == sizeof(cublasLtMatmulHeuristicResult_t), "proposal");
#define SAME_OFFSET(ours, theirs)                                                                            \
    SAME_VALUE(offsetof(cublaslt_proposal, ours), offsetof(cublasLtMatmulHeuristicResult_t, theirs))
SAME_OFFSET(algorithm, algo);
SAME_OFFSET(workspace, workspaceSize);
SAME_OFFSET(state, state);
SAME_OFFSET(waves, wavesCount);
SAME_VALUE(CUBLASLT_OK, CUBLAS_STATUS_SUCCESS);
SAME_VALUE(CUBLASLT_NO_MEMORY, CUBLAS_STATUS_ALLOC_FAILED);
SAME_VALUE(CUBLASLT_INVALID, CUBLAS_STATUS_INVALID_VALUE);
SAME_VALUE(CUBLASLT_UNSUPPORTED, CUBLAS_STATUS_NOT_SUPPORTED);
SAME_VALUE(CUBLASLT_F32, CUDA_R_32F);
SAME_VALUE(CUBLASLT_F16, CUDA_R_16F);
SAME_VALUE(CUBLASLT_BF16, CUDA_R_16BF);
SAME_VALUE(CUBLASLT_S8, CUDA_R_8I);
SAME_VALUE(CUBLASLT_S32, CUDA_R_32I);
SAME_VALUE(CUBLASLT_COMPUTE_F32, CUBLAS_COMPUTE_32F);
SAME_VALUE(CUBLASLT_COMPUTE_S32, CUBLAS_COMPUTE_32I);
SAME_VALUE(CUBLASLT_AS_STORED, CUBLAS_OP_N);
SAME_VALUE(CUBLASLT_TRANSPOSED, CUBLAS_OP_T);
SAME_VALUE(CUBLASLT_TRANSPOSE_A, CUBLASLT_MATMUL_DESC_TRANSA);
SAME_VALUE(CUBLASLT_EPILOGUE, CUBLASLT_MATMUL_DESC_EPILOGUE);
SAME_VALUE(CUBLASLT_BIAS_POINTER, CUBLASLT_MATMUL_DESC_BIAS_POINTER);
SAME_VALUE(CUBLASLT_DEFAULT, CUBLASLT_EPILOGUE_DEFAULT);
SAME_VALUE(CUBLASLT_RELU, CUBLASLT_EPILOGUE_RELU);
SAME_VALUE(CUBLASLT_BIAS, CUBLASLT_EPILOGUE_BIAS);
SAME_VALUE(CUBLASLT_RELU | CUBLASLT_BIAS, CUBLASLT_EPILOGUE_RELU_BIAS);
SAME_VALUE(CUBLASLT_GELU, CUBLASLT_EPILOGUE_GELU);
SAME_VALUE(CUBLASLT_GELU | CUBLASLT_BIAS, CUBLASLT_EPILOGUE_GELU_BIAS);
SAME_VALUE(CUBLASLT_MOST_WORKSPACE, CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES);
SAME_VALUE(CUBLASLT_REDUCTIONS, CUBLASLT_MATMUL_PREF_REDUCTION_SCHEME_MASK);
SAME_VALUE(CUBLASLT_ALIGNMENT_A, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES);
SAME_VALUE(CUBLASLT_ALIGNMENT_B, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES);
SAME_VALUE(CUBLASLT_ALIGNMENT_C, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES);
SAME_VALUE(CUBLASLT_ALIGNMENT_D, CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES);
SAME_VALUE(CUBLASLT_REDUCE_IN_PLACE, CUBLASLT_REDUCTION_SCHEME_INPLACE);
SAME_VALUE(CUBLASLT_REDUCE_AS_COMPUTED, CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE);
SAME_VALUE(CUBLASLT_REDUCE_AS_STORED, CUBLASLT_REDUCTION_SCHEME_OUTPUT_TYPE);

int main(void) { return 0; } /* the compiler has done the work */

#endif

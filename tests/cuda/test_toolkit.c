/* What cuda_api.h declares against the headers of the CUDA Toolkit, where the build found one. */
#include <stdio.h>

#ifndef HONE_HAVE_CUDA

int main(void) {
    printf("skipped: no CUDA Toolkit was found when this was built\n");
    return 77;
}

#else

#include <cuda.h>
#include <nvrtc.h>

#include "../../kernels/cuda/cuda_api.h"

/* Enumerations are compatible with the unsigned int that they are made of. */
#define SAME_AS_TOOLKIT(member, name, parameters)                                                            \
    _Static_assert(__builtin_types_compatible_p(__typeof__(&name), __typeof__(((TABLE *)0)->member)),        \
                   #name " is declared otherwise by the toolkit");
#define TABLE hone_cuda_driver
HONE_CUDA_DRIVER_FUNCTIONS(SAME_AS_TOOLKIT)
#undef TABLE
#define TABLE hone_nvrtc
HONE_NVRTC_FUNCTIONS(SAME_AS_TOOLKIT)

#define SAME_VALUE(ours, theirs) _Static_assert((int)(ours) == (int)(theirs), #ours)
SAME_VALUE(HONE_CU_INVALID_VALUE, CUDA_ERROR_INVALID_VALUE);
SAME_VALUE(HONE_CU_OUT_OF_MEMORY, CUDA_ERROR_OUT_OF_MEMORY);
SAME_VALUE(HONE_CU_ATTRIBUTE_SHARED_OF_UNIT, CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR);
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

int main(void) { return 0; } /* the compiler has done the work */

#endif

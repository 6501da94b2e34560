/* What is used of NVIDIA's driver and of NVRTC, opened at run time: one binary starts everywhere, and says
 * what is missing where it is asked for a device. Declared here, so that building needs no CUDA Toolkit;
 * where CMake finds one, tests/cuda/test_toolkit.c compares. Types and values: CUDA Driver API, NVRTC. */
#ifndef HONE_CUDA_API_H
#define HONE_CUDA_API_H

#include <stddef.h>
#include <stdint.h>

#include "../status.h"

typedef unsigned hone_cu_result; /* 0: success */
typedef int hone_cu_device;
typedef unsigned long long hone_cu_address;
typedef struct CUctx_st *hone_cu_context;
typedef struct CUmod_st *hone_cu_module;
typedef struct CUfunc_st *hone_cu_function;
typedef struct CUstream_st *hone_cu_stream;
typedef struct CUevent_st *hone_cu_event;
typedef struct CUgraph_st *hone_cu_graph;
typedef struct CUgraphExec_st *hone_cu_graph_exec;
typedef struct _nvrtcProgram *hone_nvrtc_program;

enum {
    HONE_CU_INVALID_VALUE = 1,
    HONE_CU_OUT_OF_MEMORY = 2,
    HONE_CU_ATTRIBUTE_SHARED_OF_UNIT = 81,
    HONE_CU_ATTRIBUTE_CLOCK = 13, /* kHz */
    HONE_CU_ATTRIBUTE_UNITS = 16,
    HONE_CU_ATTRIBUTE_L2 = 38,
    HONE_CU_ATTRIBUTE_MAJOR = 75,
    HONE_CU_ATTRIBUTE_MINOR = 76,
    HONE_CU_ATTRIBUTE_SHARED_OF_BLOCK = 97,
    HONE_CU_POINTER_MEMORY_TYPE = 2,
    HONE_CU_MEMORY_DEVICE = 2,
    HONE_CU_FUNCTION_LOCAL_BYTES = 3,
    HONE_CU_FUNCTION_REGISTERS = 4,
    HONE_CU_FUNCTION_DYNAMIC_SHARED = 8,
    HONE_CU_STREAM_NON_BLOCKING = 1,
    HONE_CU_CAPTURE_RELAXED = 2,
    HONE_CU_MAP_U8 = 0,
    HONE_CU_MAP_U16 = 1,
    HONE_CU_MAP_U32 = 2,
    HONE_CU_MAP_SWIZZLE_128 = 3,
    HONE_CU_MAP_PROMOTE_256 = 3
};

/* F(member, exported name, parameters) */
#define HONE_CUDA_DRIVER_FUNCTIONS(F)                                                                        \
    F(init, cuInit, (unsigned flags))                                                                        \
    F(version, cuDriverGetVersion, (int *version))                                                           \
    F(error_name, cuGetErrorName, (hone_cu_result error, const char **name))                                 \
    F(device_count, cuDeviceGetCount, (int *count))                                                          \
    F(device_get, cuDeviceGet, (hone_cu_device * device, int index))                                         \
    F(device_name, cuDeviceGetName, (char *name, int length, hone_cu_device device))                         \
    F(device_attribute, cuDeviceGetAttribute, (int *value, unsigned attribute, hone_cu_device device))       \
    F(device_bus, cuDeviceGetPCIBusId, (char *id, int length, hone_cu_device device))                        \
    F(device_memory, cuDeviceTotalMem_v2, (size_t * bytes, hone_cu_device device))                           \
    F(context_retain, cuDevicePrimaryCtxRetain, (hone_cu_context * context, hone_cu_device device))          \
    F(context_set, cuCtxSetCurrent, (hone_cu_context context))                                               \
    F(module_load, cuModuleLoadData, (hone_cu_module * module, const void *image))                           \
    F(module_unload, cuModuleUnload, (hone_cu_module module))                                                \
    F(function_get, cuModuleGetFunction, (hone_cu_function * f, hone_cu_module module, const char *name))    \
    F(function_attribute, cuFuncGetAttribute, (int *value, unsigned attribute, hone_cu_function f))          \
    F(function_set, cuFuncSetAttribute, (hone_cu_function f, unsigned attribute, int value))                 \
    F(launch, cuLaunchKernel,                                                                                \
      (hone_cu_function f, unsigned grid_x, unsigned grid_y, unsigned grid_z, unsigned block_x,              \
       unsigned block_y, unsigned block_z, unsigned shared_bytes, hone_cu_stream stream, void **parameters,  \
       void **extra))                                                                                        \
    F(allocate, cuMemAlloc_v2, (hone_cu_address * address, size_t bytes))                                    \
    F(release, cuMemFree_v2, (hone_cu_address address))                                                      \
    F(write, cuMemcpyHtoDAsync_v2,                                                                           \
      (hone_cu_address to, const void *from, size_t bytes, hone_cu_stream stream))                           \
    F(read, cuMemcpyDtoHAsync_v2, (void *to, hone_cu_address from, size_t bytes, hone_cu_stream stream))     \
    F(pointer_attributes, cuPointerGetAttributes,                                                            \
      (unsigned count, unsigned *attributes, void **values, hone_cu_address address))                        \
    F(stream_create, cuStreamCreate, (hone_cu_stream * stream, unsigned flags))                              \
    F(stream_wait, cuStreamSynchronize, (hone_cu_stream stream))                                             \
    F(stream_destroy, cuStreamDestroy_v2, (hone_cu_stream stream))                                           \
    F(event_create, cuEventCreate, (hone_cu_event * event, unsigned flags))                                  \
    F(event_record, cuEventRecord, (hone_cu_event event, hone_cu_stream stream))                             \
    F(event_elapsed, cuEventElapsedTime, (float *milliseconds, hone_cu_event from, hone_cu_event to))        \
    F(event_destroy, cuEventDestroy_v2, (hone_cu_event event))

/* Enumerations are unsigned. */
typedef hone_cu_result hone_cu_tensor_map_encode(void *map, unsigned type, unsigned rank, void *address,
                                                 const uint64_t *extents, const uint64_t *strides,
                                                 const uint32_t *box, const uint32_t *steps,
                                                 unsigned interleave, unsigned swizzle, unsigned promotion,
                                                 unsigned fill);

/* Of later drivers: each is NULL where it is missing. */
#define HONE_CUDA_DRIVER_LATER(F)                                                                            \
    F(capture_begin, cuStreamBeginCapture_v2, (hone_cu_stream stream, unsigned mode))                        \
    F(capture_end, cuStreamEndCapture, (hone_cu_stream stream, hone_cu_graph * graph))                       \
    F(graph_instantiate, cuGraphInstantiateWithFlags,                                                        \
      (hone_cu_graph_exec * exec, hone_cu_graph graph, unsigned long long flags))                            \
    F(graph_launch, cuGraphLaunch, (hone_cu_graph_exec exec, hone_cu_stream stream))                         \
    F(graph_exec_destroy, cuGraphExecDestroy, (hone_cu_graph_exec exec))                                     \
    F(graph_destroy, cuGraphDestroy, (hone_cu_graph graph))

#define HONE_NVRTC_FUNCTIONS(F)                                                                              \
    F(version, nvrtcVersion, (int *major, int *minor))                                                       \
    F(create, nvrtcCreateProgram,                                                                            \
      (hone_nvrtc_program * program, const char *text, const char *name, int headers,                        \
       const char *const *header_texts, const char *const *header_names))                                    \
    F(destroy, nvrtcDestroyProgram, (hone_nvrtc_program * program))                                          \
    F(compile, nvrtcCompileProgram, (hone_nvrtc_program program, int count, const char *const *options))     \
    F(code_size, nvrtcGetCUBINSize, (hone_nvrtc_program program, size_t * bytes))                            \
    F(code, nvrtcGetCUBIN, (hone_nvrtc_program program, char *code))                                         \
    F(log_size, nvrtcGetProgramLogSize, (hone_nvrtc_program program, size_t * bytes))                        \
    F(log, nvrtcGetProgramLog, (hone_nvrtc_program program, char *log))

#define HONE_CUDA_MEMBER(member, name, parameters) hone_cu_result(*member) parameters;
typedef struct hone_cuda_driver {
    HONE_CUDA_DRIVER_FUNCTIONS(HONE_CUDA_MEMBER)
    HONE_CUDA_DRIVER_LATER(HONE_CUDA_MEMBER)
    hone_cu_tensor_map_encode *tensor_map_encode;
} hone_cuda_driver;
typedef struct hone_nvrtc {
    HONE_NVRTC_FUNCTIONS(HONE_CUDA_MEMBER)
} hone_nvrtc;
#undef HONE_CUDA_MEMBER

/* Opened once for the process, which keeps them. Any thread. HONE_E_UNAVAILABLE with what to install.
 * NVRTC is looked for by the linker's rules, then in $CUDA_HOME, $CUDA_PATH and /usr/local/cuda. */
hone_status hone_cuda_driver_open(const hone_cuda_driver **out);
hone_status hone_nvrtc_open(const hone_nvrtc **out);

/* Fails with what the driver could not do and its error's name. */
hone_status hone_cuda_fail(hone_cu_result error, const char *what);

#endif

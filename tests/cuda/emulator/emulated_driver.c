/* A libcuda.so.1 with one device that runs on the host: what cuda_api.h names, for kernels that the emulated
 * NVRTC compiled. Found through LD_LIBRARY_PATH in place of NVIDIA's, so that all of the backend runs without
 * a GPU.
 *
 * Buffers are full of NaNs at first, and end where a page begins that nothing may touch.
 * The device has few multiprocessors, so that persistent blocks take several tiles.
 * HONE_EMULATOR_ARCH=80    the device's compute capability (90)
 * HONE_EMULATOR_L2=bytes   its second-level cache (50 MiB)
 * HONE_EMULATOR_FAIL=n     the n-th kernel that is started fails, and all after it, as on a device that is
 * lost */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cuda_api.h"
#include "cuda_call.h"
#include "device.h"
#include "emulator.h"
#include "image.h"

enum { ILLEGAL_ADDRESS = 700, LAUNCH_OUT_OF_RESOURCES = 701, PAGE = 4096, USUAL_SHARED = 48 * 1024 };
enum { CLOCK = 1000000, UNITS = 4, L2 = 50 << 20, SHARED_OF_BLOCK = 227 << 10, SHARED_OF_UNIT = 228 << 10 };

struct CUctx_st {
    int unused;
};
struct CUmod_st {
    void *library;
    hone_cu_function functions;
};
struct CUfunc_st {
    hone_cu_function next;
    void (*kernel)(const void *parameter);
    int threads, most_shared, cluster;
};
typedef struct buffer {
    struct buffer *next;
    unsigned char *base, *at;
    size_t mapped, bytes;
} buffer;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of buffers and of running */
static buffer *buffers;
static struct CUctx_st context;
static _Atomic int launches;

#define EXPORT __attribute__((visibility("default")))

static int number(const char *variable, int usual) {
    const char *text = getenv(variable);
    return text && *text ? atoi(text) : usual;
}

EXPORT hone_cu_result cuInit(unsigned flags) { return flags ? HONE_CU_INVALID_VALUE : 0; }
EXPORT hone_cu_result cuDriverGetVersion(int *version) {
    *version = 13000;
    return 0;
}
EXPORT hone_cu_result cuGetErrorName(hone_cu_result error, const char **name) {
    *name = error == ILLEGAL_ADDRESS           ? "CUDA_ERROR_ILLEGAL_ADDRESS"
            : error == HONE_CU_OUT_OF_MEMORY   ? "CUDA_ERROR_OUT_OF_MEMORY"
            : error == LAUNCH_OUT_OF_RESOURCES ? "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES"
                                               : "CUDA_ERROR_INVALID_VALUE";
    return 0;
}
EXPORT hone_cu_result cuDeviceGetCount(int *count) {
    *count = 1;
    return 0;
}
EXPORT hone_cu_result cuDeviceGet(hone_cu_device *device, int index) {
    *device = index;
    return index ? HONE_CU_INVALID_VALUE : 0;
}
EXPORT hone_cu_result cuDeviceGetName(char *name, int length, hone_cu_device device) {
    (void)device;
    snprintf(name, (size_t)length, "Emulated device");
    return 0;
}
EXPORT hone_cu_result cuDeviceGetPCIBusId(char *id, int length, hone_cu_device device) {
    (void)device;
    snprintf(id, (size_t)length, EMULATED_BUS);
    return 0;
}
EXPORT hone_cu_result cuDeviceGetAttribute(int *value, unsigned attribute, hone_cu_device device) {
    const int arch = number("HONE_EMULATOR_ARCH", 90);
    const struct {
        unsigned attribute;
        int value;
    } known[] = {{HONE_CU_ATTRIBUTE_CLOCK, CLOCK},
                 {HONE_CU_ATTRIBUTE_UNITS, UNITS},
                 {HONE_CU_ATTRIBUTE_L2, number("HONE_EMULATOR_L2", L2)},
                 {HONE_CU_ATTRIBUTE_MAJOR, arch / 10},
                 {HONE_CU_ATTRIBUTE_MINOR, arch % 10},
                 {HONE_CU_ATTRIBUTE_SHARED_OF_BLOCK, SHARED_OF_BLOCK},
                 {HONE_CU_ATTRIBUTE_SHARED_OF_UNIT, SHARED_OF_UNIT}};
    (void)device;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (known[i].attribute == attribute) {
            *value = known[i].value;
            return 0;
        }
    return HONE_CU_INVALID_VALUE;
}
EXPORT hone_cu_result cuDeviceTotalMem_v2(size_t *bytes, hone_cu_device device) {
    (void)device;
    *bytes = (size_t)8 << 30;
    return 0;
}
EXPORT hone_cu_result cuDevicePrimaryCtxRetain(hone_cu_context *out, hone_cu_device device) {
    (void)device;
    *out = &context;
    return 0;
}
EXPORT hone_cu_result cuCtxSetCurrent(hone_cu_context c) { return c == &context ? 0 : HONE_CU_INVALID_VALUE; }

/* ---- modules: shared libraries */

/* In a file of its own name, by which the dynamic linker tells libraries apart. */
static void *open_image(const hone_emulated_image *image) {
    char path[] = "/tmp/hone-emulated-XXXXXX";
    int file = mkstemp(path);
    if (file < 0)
        return NULL;
    const int whole = write(file, image + 1, image->bytes) == (ssize_t)image->bytes;
    close(file);
    void *library = whole ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
    unlink(path);
    return library;
}

EXPORT hone_cu_result cuModuleLoadData(hone_cu_module *module, const void *image) {
    if (memcmp(image, HONE_EMULATED_MAGIC, sizeof HONE_EMULATED_MAGIC - 1) != 0)
        return HONE_CU_INVALID_VALUE;
    hone_cu_module m = calloc(1, sizeof *m);
    if (!m)
        return HONE_CU_OUT_OF_MEMORY;
    m->library = open_image(image);
    hone_emulator **emulator = m->library ? dlsym(m->library, "hone_emulated") : NULL;
    if (!emulator) {
        free(m);
        return HONE_CU_INVALID_VALUE;
    }
    *emulator = &hone_emulator_functions;
    *module = m;
    return 0;
}
EXPORT hone_cu_result cuModuleUnload(hone_cu_module module) {
    while (module->functions) {
        hone_cu_function f = module->functions;
        module->functions = f->next;
        free(f);
    }
    dlclose(module->library);
    free(module);
    return 0;
}
EXPORT hone_cu_result cuModuleGetFunction(hone_cu_function *out, hone_cu_module module, const char *name) {
    char threads_name[64], cluster_name[64];
    snprintf(threads_name, sizeof threads_name, "%s_threads", name);
    snprintf(cluster_name, sizeof cluster_name, "%s_cluster", name);
    hone_cu_function f = calloc(1, sizeof *f);
    if (!f)
        return HONE_CU_OUT_OF_MEMORY;
    *(void **)&f->kernel = dlsym(module->library, name);
    const int *threads = dlsym(module->library, threads_name),
              *cluster = dlsym(module->library, cluster_name);
    if (!f->kernel || !threads) {
        free(f);
        return HONE_CU_INVALID_VALUE;
    }
    f->threads = *threads;
    f->cluster = cluster ? *cluster : 1;
    f->most_shared = USUAL_SHARED;
    f->next = module->functions;
    module->functions = *out = f;
    return 0;
}
EXPORT hone_cu_result cuFuncGetAttribute(int *value, unsigned attribute, hone_cu_function f) {
    (void)attribute, (void)f;
    *value = 0;
    return 0;
}
EXPORT hone_cu_result cuFuncSetAttribute(hone_cu_function f, unsigned attribute, int value) {
    if (attribute != HONE_CU_FUNCTION_DYNAMIC_SHARED || value > SHARED_OF_BLOCK)
        return HONE_CU_INVALID_VALUE;
    f->most_shared = value;
    return 0;
}

/* A kernel with its parameter, which is the same for all of hone's. */
typedef struct launched {
    hone_cuda_call call;
    hone_emulated_launch launch;
} launched;

int hone_emulated_is_lost(void) {
    const int fails = number("HONE_EMULATOR_FAIL", 0);
    return fails && launches >= fails;
}

static hone_cu_result run_launched(void *what) {
    const launched *l = what;
    hone_emulated_launch launch = l->launch;
    launch.parameter = &l->call;
    pthread_mutex_lock(&lock);
    launches += number("HONE_EMULATOR_FAIL", 0) != 0;
    const int lost = hone_emulated_is_lost();
    if (!lost)
        hone_emulate(&launch);
    pthread_mutex_unlock(&lock);
    return lost ? ILLEGAL_ADDRESS : 0;
}

EXPORT hone_cu_result cuLaunchKernel(hone_cu_function f, unsigned grid_x, unsigned grid_y, unsigned grid_z,
                                     unsigned block_x, unsigned block_y, unsigned block_z,
                                     unsigned shared_bytes, hone_cu_stream stream, void **parameters,
                                     void **extra) {
    if (!grid_x || grid_x % (unsigned)f->cluster || grid_y != 1 || !grid_z || block_y != 1 || block_z != 1 ||
        extra)
        return HONE_CU_INVALID_VALUE;
    if ((int)block_x != f->threads || (int)shared_bytes > f->most_shared)
        return LAUNCH_OUT_OF_RESOURCES;
    launched l = {*(const hone_cuda_call *)parameters[0],
                  {f->kernel, NULL, grid_x, grid_z, block_x, shared_bytes, (unsigned)f->cluster}};
    return hone_emulated_enqueue(stream, &l, sizeof l, run_launched);
}

/* ---- memory */

EXPORT hone_cu_result cuMemAlloc_v2(hone_cu_address *address, size_t bytes) {
    const size_t rounded = (bytes + 15) / 16 * 16, pages = (rounded + PAGE - 1) / PAGE * PAGE;
    buffer *b = bytes ? calloc(1, sizeof *b) : NULL;
    if (!b)
        return bytes ? HONE_CU_OUT_OF_MEMORY : HONE_CU_INVALID_VALUE;
    b->mapped = pages + PAGE;
    b->bytes = bytes;
    b->base = mmap(NULL, b->mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (b->base == MAP_FAILED || mprotect(b->base + pages, PAGE, PROT_NONE)) {
        free(b);
        return HONE_CU_OUT_OF_MEMORY;
    }
    b->at = b->base + pages - rounded;
    memset(b->at, 0xff, rounded);
    pthread_mutex_lock(&lock);
    b->next = buffers;
    buffers = b;
    pthread_mutex_unlock(&lock);
    *address = (hone_cu_address)(uintptr_t)b->at;
    return 0;
}
EXPORT hone_cu_result cuMemFree_v2(hone_cu_address address) {
    buffer *found = NULL;
    pthread_mutex_lock(&lock);
    for (buffer **b = &buffers; *b && !found; b = *b ? &(*b)->next : b)
        if ((*b)->at == (unsigned char *)(uintptr_t)address) {
            found = *b;
            *b = found->next;
            break;
        }
    pthread_mutex_unlock(&lock);
    if (!found)
        return HONE_CU_INVALID_VALUE;
    munmap(found->base, found->mapped);
    free(found);
    return 0;
}
/* Of one that it does not know the driver says 0. */
EXPORT hone_cu_result cuPointerGetAttributes(unsigned count, unsigned *attributes, void **values,
                                             hone_cu_address address) {
    if (count != 1 || attributes[0] != HONE_CU_POINTER_MEMORY_TYPE)
        return HONE_CU_INVALID_VALUE;
    *(unsigned *)values[0] = 0;
    pthread_mutex_lock(&lock);
    for (const buffer *b = buffers; b; b = b->next)
        if (address >= (uintptr_t)b->at && address < (uintptr_t)b->at + b->bytes)
            *(unsigned *)values[0] = HONE_CU_MEMORY_DEVICE;
    pthread_mutex_unlock(&lock);
    return 0;
}
/* Checks what the driver's documentation demands of these maps. */
EXPORT hone_cu_result cuTensorMapEncodeTiled(void *map, unsigned type, unsigned rank, void *address,
                                             const uint64_t *extents, const uint64_t *strides,
                                             const uint32_t *box, const uint32_t *steps, unsigned interleave,
                                             unsigned swizzle, unsigned promotion, unsigned fill) {
    const int element = type == HONE_CU_MAP_U8    ? 1
                        : type == HONE_CU_MAP_U16 ? 2
                        : type == HONE_CU_MAP_U32 ? 4
                                                  : 0;
    (void)promotion;
    if (!element || rank != 2 || (uintptr_t)address % 16 || strides[0] % 16 || !extents[0] || !extents[1] ||
        box[0] > 256 || box[1] > 256 || box[0] * (unsigned)element != 128 || steps[0] != 1 || steps[1] != 1 ||
        interleave || swizzle != HONE_CU_MAP_SWIZZLE_128 || fill || (uintptr_t)map % 64)
        return HONE_CU_INVALID_VALUE;
    *(hone_emulated_map *)map = (hone_emulated_map){address,
                                                    (long long)extents[0],
                                                    (long long)extents[1],
                                                    (long long)strides[0],
                                                    (int)box[0],
                                                    (int)box[1],
                                                    element};
    return 0;
}

#include "cuda_api.h"

#include <dlfcn.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define COUNT(array) ((int)(sizeof(array) / sizeof(array)[0]))

typedef struct function {
    const char *name;
    size_t offset; /* of its pointer in the table */
} function;

#define DRIVER_ROW(member, name, parameters) {#name, offsetof(hone_cuda_driver, member)},
#define NVRTC_ROW(member, name, parameters)  {#name, offsetof(hone_nvrtc, member)},
static const function driver_functions[] = {HONE_CUDA_DRIVER_FUNCTIONS(DRIVER_ROW)};
static const function later_functions[] = {HONE_CUDA_DRIVER_LATER(DRIVER_ROW)};
static const function nvrtc_functions[] = {HONE_NVRTC_FUNCTIONS(NVRTC_ROW)};

static struct {
    pthread_once_t once;
    hone_cuda_driver functions;
    const char *lacks; /* what keeps it from being used; NULL: nothing */
} driver = {.once = PTHREAD_ONCE_INIT};
static struct {
    pthread_once_t once;
    hone_nvrtc functions;
    const char *lacks;
} nvrtc = {.once = PTHREAD_ONCE_INIT};

/* Whether the library has them all. */
static int find_functions(void *table, void *library, const function *list, int count) {
    int found = 0;
    for (int i = 0; i < count; i++) {
        void **to = (void **)(void *)((char *)table + list[i].offset);
        found += (*to = dlsym(library, list[i].name)) != NULL;
    }
    return found == count;
}

static void open_driver(void) {
    void *library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
    if (!library)
        driver.lacks = "libcuda.so.1 is not there; install NVIDIA's driver";
    else if (!find_functions(&driver.functions, library, driver_functions, COUNT(driver_functions)))
        driver.lacks = "libcuda.so.1 is too old; install a driver of CUDA 11 or later";
    else if (driver.functions.init(0))
        driver.lacks = "NVIDIA's driver is there but does not start";
    if (driver.lacks)
        return;
    find_functions(&driver.functions, library, later_functions, COUNT(later_functions));
    *(void **)(void *)&driver.functions.tensor_map_encode = dlsym(library, "cuTensorMapEncodeTiled");
}

/* Newest first: each knows all architectures of its time and some before. A driver loads the code of its own
 * major version and of those before it. */
static const struct {
    const char *name;
    int major;
} nvrtc_names[] = {
    {"libnvrtc.so.13", 13}, {"libnvrtc.so.12", 12}, {"libnvrtc.so.11.2", 11}, {"libnvrtc.so", 0}};

static int most_major(void) {
    const hone_cuda_driver *cu;
    int version = 0;
    return hone_cuda_driver_open(&cu) || cu->version(&version) ? INT_MAX : version / 1000;
}

static void *find_nvrtc(void) {
    const char *const folders[] = {"", getenv("CUDA_HOME"), getenv("CUDA_PATH"), "/usr/local/cuda"};
    const int most = most_major();
    char path[1024];
    for (int f = 0; f < COUNT(folders); f++)
        for (int i = 0; folders[f] && i < COUNT(nvrtc_names); i++) {
            if (nvrtc_names[i].major > most)
                continue;
            const int n = snprintf(path, sizeof path, "%s%s%s", folders[f], *folders[f] ? "/lib64/" : "",
                                   nvrtc_names[i].name);
            void *library = n < (int)sizeof path ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
            if (library)
                return library;
        }
    return NULL;
}

static void open_nvrtc(void) {
    void *library = find_nvrtc();
    if (!library)
        nvrtc.lacks = "libnvrtc.so is not there; install the CUDA Toolkit, or NVRTC alone (PyPI: "
                      "nvidia-cuda-nvrtc) and name its folder "
                      "in LD_LIBRARY_PATH";
    else if (!find_functions(&nvrtc.functions, library, nvrtc_functions, COUNT(nvrtc_functions)))
        nvrtc.lacks = "libnvrtc.so is too old; install CUDA 11.2 or later";
}

hone_status hone_cuda_driver_open(const hone_cuda_driver **out) {
    pthread_once(&driver.once, open_driver);
    if (driver.lacks)
        return hone_fail(HONE_E_UNAVAILABLE, "%s", driver.lacks);
    *out = &driver.functions;
    return HONE_OK;
}

hone_status hone_nvrtc_open(const hone_nvrtc **out) {
    pthread_once(&nvrtc.once, open_nvrtc);
    if (nvrtc.lacks)
        return hone_fail(HONE_E_UNAVAILABLE, "%s", nvrtc.lacks);
    *out = &nvrtc.functions;
    return HONE_OK;
}

hone_status hone_cuda_fail(hone_cu_result error, const char *what) {
    const char *name = NULL;
    const hone_status status = error == HONE_CU_OUT_OF_MEMORY ? HONE_E_NOMEM : HONE_E_UNAVAILABLE;
    if (driver.functions.error_name)
        driver.functions.error_name(error, &name);
    return hone_fail(status, "CUDA could not %s: %s", what, name ? name : "unknown error");
}

/* Lists the CUDA devices through the driver, which is loaded at run time. It has
 * no kernels: plans on them are refused. */
#include "registry.h"

#ifdef HONE_HAVE_CUDA

#include <ctype.h>
#include <cuda.h>
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

/* The driver's functions that listing needs. */
typedef struct driver {
    void *library;
    CUresult (*init)(unsigned int);
    CUresult (*version)(int *);
    CUresult (*count)(int *);
    CUresult (*get)(CUdevice *, int);
    CUresult (*name)(char *, int, CUdevice);
    CUresult (*attribute)(int *, CUdevice_attribute, CUdevice);
    CUresult (*memory)(size_t *, CUdevice);
} driver;

static hone_status load(driver *d) {
    *d = (driver){.library = dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL)};
    if (!d->library)
        return hone_fail(HONE_E_UNAVAILABLE, "libcuda.so.1 is not there; install NVIDIA's driver");
    const struct {
        const char *name;
        void **function;
    } functions[] = {{"cuInit", (void **)&d->init},
                     {"cuDriverGetVersion", (void **)&d->version},
                     {"cuDeviceGetCount", (void **)&d->count},
                     {"cuDeviceGet", (void **)&d->get},
                     {"cuDeviceGetName", (void **)&d->name},
                     {"cuDeviceGetAttribute", (void **)&d->attribute},
                     {"cuDeviceTotalMem_v2", (void **)&d->memory}};
    for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
        *functions[i].function = dlsym(d->library, functions[i].name);
        if (!*functions[i].function) {
            dlclose(d->library);
            return hone_fail(HONE_E_UNAVAILABLE, "libcuda.so.1 lacks %s; install a newer driver",
                             functions[i].name);
        }
    }
    return HONE_OK;
}

static int describe(hone_device *out, const driver *d, int index, int version) {
    CUdevice id;
    int major = 0, minor = 0, units = 0, l2 = 0;
    size_t memory = 0;
    if (d->get(&id, index) || d->name(out->model, sizeof out->model, id) ||
        d->attribute(&major, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, id) ||
        d->attribute(&minor, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, id) ||
        d->attribute(&units, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, id) ||
        d->attribute(&l2, CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE, id) || d->memory(&memory, id))
        return 0;
    snprintf(out->name, sizeof out->name, "cuda:%d", index);
    snprintf(out->family, sizeof out->family, "cuda:sm_%d%d", major, minor);
    snprintf(out->fingerprint, sizeof out->fingerprint, "cuda:%.96s:sm_%d%d:%dsm:%zuMiB:driver_%d.%d",
             out->model, major, minor, units, memory >> 20, version / 1000, version % 1000 / 10);
    out->threads = 1;
    out->cache_bytes = l2;
    out->index = index;
    for (char *c = out->fingerprint; *c; c++)
        if (isspace((unsigned char)*c) || *c == '/')
            *c = '_';
    return 1;
}

static hone_status devices(hone_device **out, int *count) {
    driver d;
    int version = 0, total = 0, n = 0;
    hone_status status = load(&d);
    if (status)
        return status;
    hone_device *found = NULL;
    if (d.init(0) || d.version(&version) || d.count(&total) || total < 1) {
        status = hone_fail(HONE_E_UNAVAILABLE, "NVIDIA's driver is there but has no device");
    } else if (!(found = calloc((size_t)total, sizeof *found))) {
        status = hone_fail(HONE_E_NOMEM, "no memory for the list of devices");
    } else {
        for (int i = 0; i < total; i++)
            n += describe(&found[n], &d, i, version);
        if (!n)
            status = hone_fail(HONE_E_UNAVAILABLE, "NVIDIA's driver describes none of its %d devices", total);
    }
    dlclose(d.library);
    if (status) {
        free(found);
        return status;
    }
    *out = found;
    *count = n;
    return HONE_OK;
}

#else

static hone_status devices(hone_device **out, int *count) {
    (void)out, (void)count;
    return hone_fail(HONE_E_UNAVAILABLE,
                     "built without the CUDA Toolkit's headers; install it and build again");
}

#endif

const hone_backend hone_backend_cuda = {.name = "cuda", .devices = devices};

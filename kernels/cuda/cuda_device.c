#include "cuda_device.h"

#include <ctype.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../registry.h"

enum { MAX_DEVICES = 64, KIB = 1024, MIB = 1024 * 1024 };

static struct {
    pthread_once_t once;
    pthread_mutex_t lock; /* of contexts */
    hone_cuda_device devices[MAX_DEVICES];
    hone_device listed[MAX_DEVICES];
    int count, asked; /* asked: devices that the driver has */
} found = {.once = PTHREAD_ONCE_INIT, .lock = PTHREAD_MUTEX_INITIALIZER};

#define HONE_CUDA_DESCRIBED(name, model, arch, units, mhz, block_kib, unit_kib, l2_mib, memory_gib)          \
    {model,                                                                                                  \
     arch,                                                                                                   \
     units,                                                                                                  \
     1000 * (mhz),                                                                                           \
     (block_kib)*KIB,                                                                                        \
     (unit_kib)*KIB,                                                                                         \
     (int64_t)(l2_mib)*MIB,                                                                                  \
     (int64_t)(memory_gib)*KIB * MIB,                                                                        \
     1,                                                                                                      \
     0,                                                                                                      \
     NULL},
static const hone_cuda_device described[] = {
#include "cuda_described.def"
};
#undef HONE_CUDA_DESCRIBED
#define HONE_CUDA_DESCRIBED(name, model, arch, units, mhz, block_kib, unit_kib, l2_mib, memory_gib) name,
const char *const hone_cuda_descriptions[] = {
#include "cuda_described.def"
    NULL};
#undef HONE_CUDA_DESCRIBED
enum { DESCRIBED = sizeof described / sizeof described[0] };
static hone_device described_listed[DESCRIBED];
static pthread_once_t described_once = PTHREAD_ONCE_INIT;

/* `version`: the driver's; 0 of a description. */
static void list(hone_device *out, const char *name, const hone_cuda_device *d, int version, int index) {
    char driver[32] = "described";
    if (version)
        snprintf(driver, sizeof driver, "driver_%d.%d", version / 1000, version % 1000 / 10);
    snprintf(out->name, sizeof out->name, "%s", name);
    snprintf(out->model, sizeof out->model, "%s", d->model);
    snprintf(out->family, sizeof out->family, "cuda:sm_%d", d->arch);
    snprintf(out->fingerprint, sizeof out->fingerprint, "cuda:%s:sm_%d:%dsm:%lldMiB:%s", d->model, d->arch,
             d->units, (long long)(d->memory_bytes / MIB), driver);
    for (char *c = out->fingerprint; *c; c++)
        if (isspace((unsigned char)*c) || *c == '/')
            *c = '_';
    out->backend = &hone_backend_cuda;
    out->threads = 1;
    out->cache_bytes = d->l2_bytes;
    out->index = index;
}

static int read_properties(hone_cuda_device *out, const hone_cuda_driver *cu, int index) {
    size_t memory;
    int major, minor;
    const struct {
        unsigned attribute;
        int64_t *to;
    } bytes[] = {{HONE_CU_ATTRIBUTE_L2, &out->l2_bytes},
                 {HONE_CU_ATTRIBUTE_SHARED_OF_BLOCK, &out->shared_bytes},
                 {HONE_CU_ATTRIBUTE_SHARED_OF_UNIT, &out->unit_shared_bytes}};
    if (cu->device_get(&out->id, index) || cu->device_name(out->model, sizeof out->model, out->id) ||
        cu->device_memory(&memory, out->id) ||
        cu->device_attribute(&major, HONE_CU_ATTRIBUTE_MAJOR, out->id) ||
        cu->device_attribute(&minor, HONE_CU_ATTRIBUTE_MINOR, out->id) ||
        cu->device_attribute(&out->units, HONE_CU_ATTRIBUTE_UNITS, out->id))
        return 0;
    for (size_t i = 0; i < sizeof bytes / sizeof bytes[0]; i++) {
        int value;
        if (cu->device_attribute(&value, bytes[i].attribute, out->id))
            return 0;
        *bytes[i].to = value;
    }
    if (cu->device_attribute(&out->clock_khz, HONE_CU_ATTRIBUTE_CLOCK, out->id))
        out->clock_khz = 0;
    out->arch = 10 * major + minor;
    out->memory_bytes = (int64_t)memory;
    return 1;
}

static void find_devices(void) {
    const hone_cuda_driver *cu;
    int version = 0;
    if (hone_cuda_driver_open(&cu) || cu->version(&version) || cu->device_count(&found.asked))
        return;
    for (int i = 0; i < found.asked && found.count < MAX_DEVICES; i++) {
        char name[32];
        snprintf(name, sizeof name, "cuda:%d", i);
        if (read_properties(&found.devices[found.count], cu, i)) {
            list(&found.listed[found.count], name, &found.devices[found.count], version, found.count);
            found.count++;
        }
    }
}

hone_status hone_cuda_devices(hone_device **out, int *count) {
    const hone_cuda_driver *cu;
    hone_status status = hone_cuda_driver_open(&cu);
    if (status)
        return status;
    pthread_once(&found.once, find_devices);
    if (!found.count)
        return hone_fail(HONE_E_UNAVAILABLE, found.asked ? "NVIDIA's driver describes none of its devices"
                                                         : "NVIDIA's driver is there but has no device");
    hone_device *copy = malloc((size_t)found.count * sizeof *copy);
    if (!copy)
        return hone_fail(HONE_E_NOMEM, "no memory for the list of devices");
    memcpy(copy, found.listed, (size_t)found.count * sizeof *copy);
    *out = copy;
    *count = found.count;
    return HONE_OK;
}

static void list_described(void) {
    for (int i = 0; i < DESCRIBED; i++)
        list(&described_listed[i], hone_cuda_descriptions[i], &described[i], 0, -1 - i);
}

const hone_device *hone_cuda_described(const char *name) {
    pthread_once(&described_once, list_described);
    for (int i = 0; i < DESCRIBED; i++)
        if (strcmp(hone_cuda_descriptions[i], name) == 0)
            return &described_listed[i];
    return NULL;
}

const hone_cuda_device *hone_cuda_properties(const hone_device *device) {
    return device->index < 0 ? &described[-1 - device->index] : &found.devices[device->index];
}

hone_status hone_cuda_enter(const hone_cuda_driver **driver, const hone_device *device) {
    if (device->index < 0)
        return hone_fail(HONE_E_UNAVAILABLE,
                         "%s is a description: its spaces and sources can be seen, but nothing runs on it",
                         device->name);
    hone_cuda_device *d = &found.devices[device->index];
    hone_cu_result error = 0;
    hone_status status = hone_cuda_driver_open(driver);
    if (status)
        return status;
    pthread_mutex_lock(&found.lock);
    if (!d->context)
        error = (*driver)->context_retain(&d->context, d->id);
    pthread_mutex_unlock(&found.lock);
    if (!error)
        error = (*driver)->context_set(d->context);
    return error ? hone_cuda_fail(error, "make a context") : HONE_OK;
}

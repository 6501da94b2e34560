#include "opencl_device.h"

#include <ctype.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "status.h"

enum { MAX_PLATFORMS = 16, MAX_DEVICES = 64 };

static struct {
    pthread_once_t once;
    pthread_mutex_t lock; /* of contexts */
    hone_opencl_device devices[MAX_DEVICES];
    hone_device described[MAX_DEVICES];
    int count, platforms;
} found = {.once = PTHREAD_ONCE_INIT, .lock = PTHREAD_MUTEX_INITIALIZER};

hone_status hone_opencl_fail(cl_int error, const char *what) {
    static const struct {
        cl_int error;
        hone_status status;
        const char *name;
    } known[] = {
        {CL_DEVICE_NOT_AVAILABLE, HONE_E_UNAVAILABLE, "CL_DEVICE_NOT_AVAILABLE"},
        {CL_COMPILER_NOT_AVAILABLE, HONE_E_UNAVAILABLE, "CL_COMPILER_NOT_AVAILABLE"},
        {CL_MEM_OBJECT_ALLOCATION_FAILURE, HONE_E_NOMEM, "CL_MEM_OBJECT_ALLOCATION_FAILURE"},
        {CL_OUT_OF_RESOURCES, HONE_E_NOMEM, "CL_OUT_OF_RESOURCES"},
        {CL_OUT_OF_HOST_MEMORY, HONE_E_NOMEM, "CL_OUT_OF_HOST_MEMORY"},
        {CL_INVALID_BUFFER_SIZE, HONE_E_NOMEM, "CL_INVALID_BUFFER_SIZE"},
        {CL_BUILD_PROGRAM_FAILURE, HONE_E_UNAVAILABLE, "CL_BUILD_PROGRAM_FAILURE"},
        {CL_INVALID_WORK_GROUP_SIZE, HONE_E_UNAVAILABLE, "CL_INVALID_WORK_GROUP_SIZE"},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (known[i].error == error)
            return hone_fail(known[i].status, "OpenCL could not %s: %s", what, known[i].name);
    return hone_fail(HONE_E_UNAVAILABLE, "OpenCL could not %s: error %d", what, (int)error);
}

static void device_text(char *out, size_t size, cl_device_id id, cl_device_info what) {
    char text[256] = "";
    if (clGetDeviceInfo(id, what, sizeof text - 1, text, NULL) != CL_SUCCESS)
        text[0] = 0;
    snprintf(out, size, "%s", text);
}

static cl_ulong device_number(cl_device_id id, cl_device_info what, size_t size) {
    cl_ulong value = 0; /* of any smaller type too, on little-endian hosts */
    return clGetDeviceInfo(id, what, size, &value, NULL) == CL_SUCCESS ? value : 0;
}

static void read_arithmetic(hone_opencl_device *d) {
    const cl_ulong has = device_number(d->id, CL_DEVICE_SINGLE_FP_CONFIG, sizeof(cl_device_fp_config));
    d->fuses = (has & CL_FP_FMA) != 0;
    d->subnormals = (has & CL_FP_DENORM) != 0;
    d->options = has & CL_FP_CORRECTLY_ROUNDED_DIVIDE_SQRT
                     ? "-cl-std=CL1.2 -cl-fp32-correctly-rounded-divide-sqrt -DEXACT_QUOTIENT=1"
                     : "-cl-std=CL1.2";
}

/* Some devices allow fewer along one dimension than altogether. */
static size_t most_items(cl_device_id id) {
    enum { DIMENSIONS = 16 };
    size_t along[DIMENSIONS] = {0};
    const size_t all = (size_t)device_number(id, CL_DEVICE_MAX_WORK_GROUP_SIZE, sizeof(size_t));
    if (clGetDeviceInfo(id, CL_DEVICE_MAX_WORK_ITEM_SIZES, sizeof along, along, NULL) || !along[0])
        return all;
    return along[0] < all ? along[0] : all;
}

static void read_properties(hone_opencl_device *d) {
    cl_device_type type = device_number(d->id, CL_DEVICE_TYPE, sizeof type);
    /* A simulator may be all types at once. */
    d->is_cpu = (type & ~(cl_device_type)CL_DEVICE_TYPE_DEFAULT) == CL_DEVICE_TYPE_CPU;
    d->lanes = (int)device_number(d->id, CL_DEVICE_NATIVE_VECTOR_WIDTH_FLOAT, sizeof(cl_uint));
    if (d->lanes != 2 && d->lanes != 4 && d->lanes != 8 && d->lanes != 16)
        d->lanes = 1; /* OpenCL C has no others */
    d->units = (int)device_number(d->id, CL_DEVICE_MAX_COMPUTE_UNITS, sizeof(cl_uint));
    d->most_group = most_items(d->id);
    /* Where it is a part of global memory, copying to it gains nothing. */
    if (device_number(d->id, CL_DEVICE_LOCAL_MEM_TYPE, sizeof(cl_device_local_mem_type)) == CL_LOCAL)
        d->local_bytes = (int64_t)device_number(d->id, CL_DEVICE_LOCAL_MEM_SIZE, sizeof(cl_ulong));
    read_arithmetic(d);
}

/* Platform, device and driver, in one word. */
static void describe(hone_device *out, hone_opencl_device *d, int index) {
    char platform[128] = "", device[96], driver[48], version[48];
    clGetPlatformInfo(d->platform, CL_PLATFORM_NAME, sizeof platform - 1, platform, NULL);
    d->keeps_programs = strcmp(platform, "Portable Computing Language") == 0;
    device_text(device, sizeof device, d->id, CL_DEVICE_NAME);
    device_text(driver, sizeof driver, d->id, CL_DRIVER_VERSION);
    device_text(version, sizeof version, d->id, CL_DEVICE_VERSION);
    snprintf(d->key, sizeof d->key, "%s|%s|%s|%s|%s", platform, device, version, driver, d->options);
    snprintf(out->name, sizeof out->name, "opencl:%d", index);
    snprintf(out->model, sizeof out->model, "%s", device);
    snprintf(out->family, sizeof out->family, "opencl:%.40s:%.60s", platform, device);
    snprintf(out->fingerprint, sizeof out->fingerprint, "opencl:%.40s:%.80s:%dcu:%.40s:%.40s", platform,
             device, d->units, version, driver);
    for (char *c = out->fingerprint; *c; c++)
        if (isspace((unsigned char)*c) || *c == '/')
            *c = '_';
    out->threads = 1;
    out->cache_bytes = (int64_t)device_number(d->id, CL_DEVICE_GLOBAL_MEM_CACHE_SIZE, sizeof(cl_ulong));
    out->index = index;
}

static void find_devices(void) {
    cl_platform_id platforms[MAX_PLATFORMS];
    cl_uint platform_count = 0;
    if (clGetPlatformIDs(MAX_PLATFORMS, platforms, &platform_count) != CL_SUCCESS)
        return;
    found.platforms = platform_count < MAX_PLATFORMS ? (int)platform_count : MAX_PLATFORMS;
    for (int p = 0; p < found.platforms; p++) {
        cl_device_id ids[MAX_DEVICES];
        cl_uint id_count = 0;
        if (clGetDeviceIDs(platforms[p], CL_DEVICE_TYPE_ALL, MAX_DEVICES, ids, &id_count) != CL_SUCCESS)
            continue;
        for (cl_uint i = 0; i < id_count && i < MAX_DEVICES && found.count < MAX_DEVICES; i++) {
            hone_opencl_device *d = &found.devices[found.count];
            d->platform = platforms[p];
            d->id = ids[i];
            read_properties(d);
            describe(&found.described[found.count], d, found.count);
            found.count++;
        }
    }
}

hone_status hone_opencl_devices(hone_device **out, int *count) {
    pthread_once(&found.once, find_devices);
    if (!found.platforms)
        return hone_fail(HONE_E_UNAVAILABLE,
                         "no OpenCL platform; install the device's driver, or pocl-opencl-icd for the CPU");
    if (!found.count)
        return hone_fail(HONE_E_UNAVAILABLE, "the OpenCL platforms have no device");
    hone_device *copy = malloc((size_t)found.count * sizeof *copy);
    if (!copy)
        return hone_fail(HONE_E_NOMEM, "no memory for the list of devices");
    memcpy(copy, found.described, (size_t)found.count * sizeof *copy);
    *out = copy;
    *count = found.count;
    return HONE_OK;
}

int hone_opencl_says(const hone_opencl_device *device, cl_device_info what, const char *word) {
    size_t size = 0;
    char *text = NULL;
    int has = clGetDeviceInfo(device->id, what, 0, NULL, &size) == CL_SUCCESS &&
              (text = calloc(1, size + 1)) &&
              clGetDeviceInfo(device->id, what, size, text, NULL) == CL_SUCCESS && strstr(text, word) != NULL;
    free(text);
    return has;
}

/* Whether what is copied between two buffers over the host's memory shows there at once, also where that is
 * aligned to elements alone. OpenCL promises it for what is mapped; a driver may keep copies. */
static int works_in_place(const hone_opencl_device *d) {
    enum { BYTES = 4096, ASIDE = 4, FIRST = 0x11, SECOND = 0x22 };
    static unsigned char memory[2][BYTES + ASIDE]; /* under the lock */
    unsigned char *from = memory[0] + ASIDE, *to = memory[1] + ASIDE;
    const cl_mem_flags flags = CL_MEM_READ_WRITE | CL_MEM_USE_HOST_PTR;
    cl_int error;
    memset(memory, FIRST, sizeof memory);
    cl_command_queue queue = clCreateCommandQueue(d->context, d->id, 0, &error);
    cl_mem source = clCreateBuffer(d->context, flags, BYTES, from, &error);
    cl_mem target = clCreateBuffer(d->context, flags, BYTES, to, &error);
    memset(from, SECOND, BYTES);
    const int right = queue && source && target &&
                      !clEnqueueCopyBuffer(queue, source, target, 0, 0, BYTES, 0, NULL, NULL) &&
                      !clFinish(queue) && memcmp(from, to, BYTES) == 0;
    if (source)
        clReleaseMemObject(source);
    if (target)
        clReleaseMemObject(target);
    if (queue)
        clReleaseCommandQueue(queue);
    return right;
}

hone_status hone_opencl_open(hone_opencl_device **out, const hone_device *device) {
    hone_opencl_device *d = &found.devices[device->index];
    cl_int error = CL_SUCCESS;
    pthread_mutex_lock(&found.lock);
    if (!d->context) {
        const cl_context_properties properties[] = {CL_CONTEXT_PLATFORM, (cl_context_properties)d->platform,
                                                    0};
        d->context = clCreateContext(properties, 1, &d->id, NULL, NULL, &error);
        d->in_place = d->context && d->is_cpu && works_in_place(d);
    }
    pthread_mutex_unlock(&found.lock);
    if (!d->context)
        return hone_opencl_fail(error, "make a context");
    *out = d;
    return HONE_OK;
}

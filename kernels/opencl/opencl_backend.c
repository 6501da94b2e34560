/* Lists the OpenCL devices. It has no kernels: plans on them are refused. */
#include "registry.h"

#ifdef HONE_HAVE_OPENCL

#include <CL/cl.h>
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_PLATFORMS = 16, MAX_DEVICES = 64 };

static void device_text(char *out, size_t size, cl_device_id id, cl_device_info what) {
    char text[256] = "";
    if (clGetDeviceInfo(id, what, sizeof text - 1, text, NULL) != CL_SUCCESS)
        text[0] = 0;
    snprintf(out, size, "%s", text);
}

/* Platform, device and driver, in one word. */
static void describe(hone_device *d, cl_platform_id platform, cl_device_id id, int index) {
    char platform_name[128] = "", device[96], driver[48], version[48];
    clGetPlatformInfo(platform, CL_PLATFORM_NAME, sizeof platform_name - 1, platform_name, NULL);
    device_text(device, sizeof device, id, CL_DEVICE_NAME);
    device_text(driver, sizeof driver, id, CL_DRIVER_VERSION);
    device_text(version, sizeof version, id, CL_DEVICE_VERSION);
    cl_uint units = 0;
    clGetDeviceInfo(id, CL_DEVICE_MAX_COMPUTE_UNITS, sizeof units, &units, NULL);
    snprintf(d->name, sizeof d->name, "opencl:%d", index);
    snprintf(d->model, sizeof d->model, "%s", device);
    snprintf(d->family, sizeof d->family, "opencl:%.40s:%.60s", platform_name, device);
    snprintf(d->fingerprint, sizeof d->fingerprint, "opencl:%.40s:%.80s:%ucu:%.40s:%.40s", platform_name,
             device, units, version, driver);
    d->threads = 1;
    d->index = index;
    for (char *c = d->fingerprint; *c; c++)
        if (isspace((unsigned char)*c) || *c == '/')
            *c = '_';
}

static hone_status devices(hone_device **out, int *count) {
    cl_platform_id platforms[MAX_PLATFORMS];
    cl_uint platform_count = 0;
    if (clGetPlatformIDs(MAX_PLATFORMS, platforms, &platform_count) != CL_SUCCESS || !platform_count)
        return hone_fail(HONE_E_UNAVAILABLE,
                         "no OpenCL platform; install the device's driver, or pocl-opencl-icd for the CPU");
    if (platform_count > MAX_PLATFORMS)
        platform_count = MAX_PLATFORMS;
    hone_device *found = calloc(MAX_DEVICES, sizeof *found);
    if (!found)
        return hone_fail(HONE_E_NOMEM, "no memory for the list of devices");
    int n = 0;
    for (cl_uint p = 0; p < platform_count; p++) {
        cl_device_id ids[MAX_DEVICES];
        cl_uint id_count = 0;
        if (clGetDeviceIDs(platforms[p], CL_DEVICE_TYPE_ALL, MAX_DEVICES, ids, &id_count) != CL_SUCCESS)
            continue;
        for (cl_uint i = 0; i < id_count && i < MAX_DEVICES && n < MAX_DEVICES; i++, n++)
            describe(&found[n], platforms[p], ids[i], n);
    }
    if (!n) {
        free(found);
        return hone_fail(HONE_E_UNAVAILABLE, "the OpenCL platforms have no device");
    }
    *out = found;
    *count = n;
    return HONE_OK;
}

#else

static hone_status devices(hone_device **out, int *count) {
    (void)out, (void)count;
    return hone_fail(HONE_E_UNAVAILABLE, "built without OpenCL; install ocl-icd-opencl-dev and build again");
}

#endif

const hone_backend hone_backend_opencl = {.name = "opencl", .devices = devices};

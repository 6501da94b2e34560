/* The OpenCL devices of the process: found once, with what of their properties decides how kernels are made.
 */
#ifndef HONE_OPENCL_DEVICE_H
#define HONE_OPENCL_DEVICE_H

#include <CL/cl.h>

#include "../backend.h"

/* How four 8-bit products are summed by an instruction; HONE_DOT4_UNKNOWN: not asked yet. */
typedef enum hone_dot4 {
    HONE_DOT4_UNKNOWN,
    HONE_DOT4_NONE,
    HONE_DOT4_KHR,
    HONE_DOT4_PTX,
    HONE_DOT4_AVX512VNNI
} hone_dot4;

typedef struct hone_opencl_device {
    cl_platform_id platform;
    cl_device_id id;
    int is_cpu;          /* runs on the host's processor: the items of a group one after another */
    int in_place;        /* reads and writes the host's memory where it lies: found when it is opened */
    int fuses;           /* has an instruction for a product and a sum */
    int subnormals;      /* of f32 */
    int lanes;           /* of the device's own float vectors */
    int units;           /* compute units */
    int keeps_programs;  /* PoCL: it has a cache of its own, and asking it for a program compiles all of it
                            again */
    size_t most_group;   /* work-items of a group, all along its first dimension */
    int64_t local_bytes; /* of its own local memory; 0: none */
    const char *options; /* for building programs */
    char key[512];       /* platform, device, versions: what a compiled program is good for */
    cl_context context;  /* NULL until it is asked for */
    hone_dot4 dot4;
} hone_opencl_device;

/* hone_backend.devices */
hone_status hone_opencl_devices(hone_device **out, int *count);

/* The device behind a hone_device of this backend, with its context. Any thread.
 * HONE_E_UNAVAILABLE: the driver made no context. */
hone_status hone_opencl_open(hone_opencl_device **out, const hone_device *device);

/* The device's instruction for four 8-bit products: asked of the device once, by compiling and running
 * opencl/dot4.cl. Any thread. */
hone_dot4 hone_opencl_dot4(hone_opencl_device *device);

/* hone_backend.code_paths: families of kernels. */
const char *const *hone_opencl_paths(const hone_device *device);

/* Whether a text property of the device, such as CL_DEVICE_EXTENSIONS, has `word` in it. Any thread. */
int hone_opencl_says(const hone_opencl_device *device, cl_device_info what, const char *word);

/* Whether halves in memory are best converted by OpenCL's functions. Ours need subnormal floats, and are
 * faster where the driver's convert lane by lane. */
static inline int hone_opencl_native_half(const hone_opencl_device *device) {
    return !device->is_cpu || !device->subnormals;
}

/* Fails with what the driver could not do and its error's name. */
hone_status hone_opencl_fail(cl_int error, const char *what);

#endif

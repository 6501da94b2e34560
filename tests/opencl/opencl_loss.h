/* Stand-ins for calls of OpenCL that fail when they are told to, as those of a device that is lost; else they
 * do what the library does. To be included once in what is linked or loaded before libOpenCL. */
#ifndef HONE_TESTS_OPENCL_LOSS_H
#define HONE_TESTS_OPENCL_LOSS_H

#include <stdlib.h>
#include <string.h>

#include "opencl_next.h"

/* Calls that still work, of each, and kernels that end well; negative: all. */
static int starts_left = -1, waits_left = -1, ends_left = -1;

/* Those that measure a device's limits are as many as there is time for, and do not count. */
static int is_limit(const char *name) {
    return strcmp(name, "multiply_add") == 0 || strcmp(name, "read_memory") == 0;
}

/* Starts of kernels whose names begin so are the only ones that count; the first of them that is refused
 * loses the device. */
static const char *counted = "";
static int lost;

static int fails(int *left) {
    if (*left > 0)
        --*left;
    else
        return *left == 0;
    return 0;
}

cl_int clEnqueueNDRangeKernel(cl_command_queue queue, cl_kernel kernel, cl_uint dimensions,
                              const size_t *offset, const size_t *global, const size_t *local, cl_uint count,
                              const cl_event *events, cl_event *event) {
    cl_int (*real)(cl_command_queue, cl_kernel, cl_uint, const size_t *, const size_t *, const size_t *,
                   cl_uint, const cl_event *, cl_event *);
    char name[32] = "";
    clGetKernelInfo(kernel, CL_KERNEL_FUNCTION_NAME, sizeof name - 1, name, NULL);
    if (!is_limit(name)) {
        lost = (lost || strncmp(name, counted, strlen(counted)) == 0) && fails(&starts_left);
        if (lost)
            return CL_DEVICE_NOT_AVAILABLE;
    }
    *(void **)&real = next("clEnqueueNDRangeKernel");
    return real(queue, kernel, dimensions, offset, global, local, count, events, event);
}

/* What was enqueued is done all the same: the driver still uses its memory. */
cl_int clFinish(cl_command_queue queue) {
    cl_int (*real)(cl_command_queue);
    *(void **)&real = next("clFinish");
    const cl_int error = real(queue);
    return fails(&waits_left) ? CL_INVALID_COMMAND_QUEUE : error;
}

/* A kernel that has failed after it started says so here alone. */
cl_int clGetEventInfo(cl_event event, cl_event_info what, size_t size, void *value, size_t *needed) {
    static const cl_int state = CL_DEVICE_NOT_AVAILABLE;
    cl_int (*real)(cl_event, cl_event_info, size_t, void *, size_t *);
    *(void **)&real = next("clGetEventInfo");
    const cl_int error = real(event, what, size, value, needed);
    if (!error && what == CL_EVENT_COMMAND_EXECUTION_STATUS && fails(&ends_left))
        memcpy(value, &state, sizeof state);
    return error;
}

#endif

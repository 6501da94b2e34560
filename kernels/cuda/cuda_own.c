#include "cuda_own.h"

#include "cuda_device.h"

static hone_cu_address address(const void *at) { return (hone_cu_address)(uintptr_t)at; }

static hone_status allocate(void **out, const hone_device *device, size_t bytes) {
    const hone_cuda_driver *cu;
    hone_cu_address at = 0;
    hone_status status = hone_cuda_enter(&cu, device);
    if (status)
        return status;
    hone_cu_result error = cu->allocate(&at, bytes);
    if (error)
        return hone_cuda_fail(error, "allocate memory on the device");
    *out = (void *)(uintptr_t)at;
    return HONE_OK;
}

static void release(const hone_device *device, void *at) {
    const hone_cuda_driver *cu;
    if (at && !hone_cuda_enter(&cu, device))
        cu->release(address(at));
}

/* The default stream: plans wait for theirs at the end of each call. */
static hone_status finish(const hone_cuda_driver *cu, hone_cu_result error, const char *what) {
    if (!error)
        error = cu->stream_wait(NULL);
    return error ? hone_cuda_fail(error, what) : HONE_OK;
}

static hone_status write(const hone_device *device, void *to, const void *from, size_t bytes) {
    const hone_cuda_driver *cu;
    hone_status status = hone_cuda_enter(&cu, device);
    return status ? status
                  : finish(cu, cu->write(address(to), from, bytes, NULL), "write operands to the device");
}

static hone_status read(const hone_device *device, void *to, const void *from, size_t bytes) {
    const hone_cuda_driver *cu;
    hone_status status = hone_cuda_enter(&cu, device);
    return status ? status
                  : finish(cu, cu->read(to, address(from), bytes, NULL), "read results from the device");
}

const hone_memory hone_cuda_own_memory = {allocate, release, write, read};

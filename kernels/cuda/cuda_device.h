/* CUDA devices: those of this machine, found once, and descriptions of others (cuda_described.def), for which
 * spaces are counted and kernels printed and compiled, but not run. */
#ifndef HONE_CUDA_DEVICE_H
#define HONE_CUDA_DEVICE_H

#include "../backend.h"
#include "cuda_api.h"

typedef struct hone_cuda_device {
    char model[96];
    int arch;             /* 10 * major + minor of the compute capability: 80, 89, 90 */
    int units;            /* multiprocessors */
    int clock_khz;        /* 0: not known */
    int64_t shared_bytes; /* of shared memory that a block may have */
    int64_t unit_shared_bytes;
    int64_t l2_bytes, memory_bytes;
    int described; /* not of this machine */
    hone_cu_device id;
    hone_cu_context context; /* NULL until it is asked for */
} hone_cuda_device;

/* hone_backend.devices and hone_backend.described */
hone_status hone_cuda_devices(hone_device **out, int *count);
const hone_device *hone_cuda_described(const char *name);
extern const char *const hone_cuda_descriptions[]; /* hone_backend.descriptions */

/* What is known of a hone_device of this backend. */
const hone_cuda_device *hone_cuda_properties(const hone_device *device);

/* Makes the device's primary context current on the calling thread. Any thread.
 * HONE_E_UNAVAILABLE: a description, or the driver makes no context. */
hone_status hone_cuda_enter(const hone_cuda_driver **driver, const hone_device *device);

#endif

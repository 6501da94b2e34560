/* The CPU as a device: its model, topology and instruction sets. */
#ifndef HONE_CPU_DEVICE_H
#define HONE_CPU_DEVICE_H

#include "../backend.h"

hone_status hone_cpu_devices(hone_device **out, int *count);
const char *const *hone_cpu_code_paths(const hone_device *device);

/* Bytes of cache: a core's own, and what the process' threads share of the last
 * level, for one of them. Guesses where hwloc does not know. */
typedef struct hone_cpu_caches {
    int64_t l1, l2, l3;
} hone_cpu_caches;

const hone_cpu_caches *hone_cpu_cache_sizes(void);

#endif

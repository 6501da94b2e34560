/* The CPU as a device: its model, topology and instruction sets. */
#ifndef HONE_CPU_DEVICE_H
#define HONE_CPU_DEVICE_H

#include "backend.h"

hone_status hone_cpu_devices(hone_device **out, int *count);
const char *const *hone_cpu_code_paths(const hone_device *device);

#endif

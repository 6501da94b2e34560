/* How a device is doing, through NVIDIA's management library (libnvidia-ml.so.1, of the driver), opened at
 * run time. */
#ifndef HONE_CUDA_STATE_H
#define HONE_CUDA_STATE_H

#include "../backend.h"

/* hone_backend.state. Any thread. */
int hone_cuda_state(hone_device_state *out, const hone_device *device);

#endif

/* Measured limits of a device: arithmetic per data type and memory bandwidth. */
#ifndef HONE_HARNESS_PEAK_H
#define HONE_HARNESS_PEAK_H

#include "../kernels/backend.h"

typedef struct hone_peak {
    double gops;       /* 1e9 multiply and add operations a second; NaN if unknown */
    double read_gbps;  /* 1e9 bytes a second read from memory by all threads; NaN if unknown */
} hone_peak;

/* Runs the backend's peak loop for about `seconds` (0: 0.05) in short slices
 * and takes the best; for f16 and bf16 without native arithmetic this is the
 * fp32 rate, which bounds them. HONE_E_UNAVAILABLE. */
hone_status hone_peak_measure(hone_peak *out, hone_context *context, const hone_device *device,
                              hone_dtype dtype, int threads, double seconds);

#endif

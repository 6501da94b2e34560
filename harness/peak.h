/* Measured limits of a device by itself: arithmetic per data type and memory
 * bandwidth. Those that a case is compared with are measured beside it: roof.h. */
#ifndef HONE_HARNESS_PEAK_H
#define HONE_HARNESS_PEAK_H

#include "../kernels/backend.h"

typedef struct hone_peak {
    double gops;       /* 1e9 multiply and add operations a second; NaN if unknown */
    double read_gbps;  /* 1e9 bytes a second that `threads` threads read from a buffer of four last-level
                          caches (256 MiB at least, a quarter of the free memory at most), best of three
                          passes; NaN if unknown */
} hone_peak;

/* Runs the backend's peak loop for about `seconds` (0: 0.05) in short slices
 * and takes the best; for f16 and bf16 without native arithmetic this is the
 * fp32 rate, which bounds them. The bandwidth is measured once a thread, device
 * and number of threads; the first time takes longer. HONE_E_UNAVAILABLE: the
 * device's backend cannot measure it. HONE_E_USAGE: threads < 1. HONE_E_NOMEM. */
hone_status hone_peak_measure(hone_peak *out, hone_context *context, const hone_device *device,
                              hone_dtype dtype, int threads, double seconds);

#endif

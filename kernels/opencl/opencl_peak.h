/* The limits of a device: arithmetic and reading memory. Both keep what they made for the latest device. */
#ifndef HONE_OPENCL_PEAK_H
#define HONE_OPENCL_PEAK_H

#include "../backend.h"

/* hone_backend.peak_run: products of f32, and for s8 the device's instruction for four, where it has one. */
double hone_opencl_peak_run(const hone_device *device, hone_dtype dtype, hone_pool *pool, int64_t rounds);

/* hone_backend.read_run: a device with memory of its own reads as much of that. */
double hone_opencl_read_run(const hone_device *device, hone_pool *pool, const hone_span *spans, int count,
                            int64_t passes, int64_t turn);

#endif

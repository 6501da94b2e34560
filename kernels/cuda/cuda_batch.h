/* Calls that a device is given at once: a CUDA graph, captured from what they put into a stream. */
#ifndef HONE_CUDA_BATCH_H
#define HONE_CUDA_BATCH_H

#include "../backend.h"
#include "cuda_timer.h"

/* The batch of what `enqueue` enqueues of each of `what`, `rounds` times over. It runs on a stream of its
 * own: what it reads must have reached the device before. HONE_E_NOMEM; HONE_E_UNAVAILABLE: the driver is
 * older than CUDA 11.4, or refuses. */
hone_status hone_cuda_capture(hone_batch **out, const hone_device *device, hone_cuda_enqueue *enqueue,
                              const void *const *what, int count, int rounds);

/* hone_backend's */
hone_status hone_cuda_batch_create(hone_batch **out, hone_backend_plan *const *plans, const hone_args *args,
                                   int count, int rounds);
hone_status hone_cuda_batch_run(double *us, hone_batch *batch);
void hone_cuda_batch_destroy(hone_batch *batch);

#endif

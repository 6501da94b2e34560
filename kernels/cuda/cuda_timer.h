/* A stream, and events around what it was last given to be timed. */
#ifndef HONE_CUDA_TIMER_H
#define HONE_CUDA_TIMER_H

#include "../backend.h"
#include "cuda_api.h"

/* Puts kernels into the stream; waits for nothing and copies nothing. */
typedef hone_status hone_cuda_enqueue(const void *what, hone_cu_stream stream);

typedef struct hone_cuda_timer {
    const hone_device *device;
    const hone_cuda_driver *cu;
    hone_cu_stream stream;
    hone_cu_event first, last;
} hone_cuda_timer;

/* Makes the device current, too. HONE_E_UNAVAILABLE, HONE_E_NOMEM: what there is then is destroyed by
 * hone_cuda_timer_clear all the same. */
hone_status hone_cuda_timer_create(hone_cuda_timer *out, const hone_device *device);
/* Waits for the stream. One of zeros is let be. */
void hone_cuda_timer_clear(hone_cuda_timer *timer);

/* What `enqueue` enqueues, between the events. */
hone_status hone_cuda_timer_enqueue(const hone_cuda_timer *timer, hone_cuda_enqueue *enqueue,
                                    const void *what);
/* Until the stream has done all that it was given; `what` could not be done where it fails. */
hone_status hone_cuda_timer_wait(const hone_cuda_timer *timer, const char *what);
/* Microseconds between the events, once they have been waited for; NaN: the device does not tell. */
double hone_cuda_timer_us(const hone_cuda_timer *timer);

#endif

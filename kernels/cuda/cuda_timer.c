#include "cuda_timer.h"

#include <math.h>

#include "cuda_device.h"
#include "status.h"

hone_status hone_cuda_timer_create(hone_cuda_timer *out, const hone_device *device) {
    const hone_cuda_driver *cu;
    hone_status status = hone_cuda_enter(&cu, device);
    if (status)
        return status;
    *out = (hone_cuda_timer){.device = device, .cu = cu};
    hone_cu_result error = cu->stream_create(&out->stream, HONE_CU_STREAM_NON_BLOCKING);
    if (!error)
        error = cu->event_create(&out->first, 0);
    if (!error)
        error = cu->event_create(&out->last, 0);
    return error ? hone_cuda_fail(error, "make a stream") : HONE_OK;
}

void hone_cuda_timer_clear(hone_cuda_timer *timer) {
    const hone_cuda_driver *cu = timer->cu;
    if (timer->stream)
        cu->stream_wait(timer->stream);
    if (timer->first)
        cu->event_destroy(timer->first);
    if (timer->last)
        cu->event_destroy(timer->last);
    if (timer->stream)
        cu->stream_destroy(timer->stream);
    *timer = (hone_cuda_timer){0};
}

hone_status hone_cuda_timer_enqueue(const hone_cuda_timer *timer, hone_cuda_enqueue *enqueue,
                                    const void *what) {
    hone_cu_result error = timer->cu->event_record(timer->first, timer->stream);
    hone_status status = error ? HONE_OK : enqueue(what, timer->stream);
    if (!status && !error)
        error = timer->cu->event_record(timer->last, timer->stream);
    return error ? hone_cuda_fail(error, "time a call") : status;
}

hone_status hone_cuda_timer_wait(const hone_cuda_timer *timer, const char *what) {
    const hone_cu_result error = timer->cu->stream_wait(timer->stream);
    return error ? hone_cuda_fail(error, what) : HONE_OK;
}

double hone_cuda_timer_us(const hone_cuda_timer *timer) {
    float milliseconds;
    return timer->cu->event_elapsed(&milliseconds, timer->first, timer->last) ? NAN
                                                                              : 1e3 * (double)milliseconds;
}

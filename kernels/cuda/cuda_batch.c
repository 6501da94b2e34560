#include "cuda_batch.h"

#include <math.h>
#include <stdalign.h>
#include <stdlib.h>

#include "cuda_device.h"
#include "cuda_plan.h"
#include "status.h"

struct hone_batch {
    hone_cuda_timer timer;
    hone_cu_graph_exec exec;
};

static int has_graphs(const hone_cuda_driver *cu) {
    return cu->capture_begin && cu->capture_end && cu->graph_instantiate && cu->graph_launch &&
           cu->graph_exec_destroy && cu->graph_destroy;
}

/* Relaxed: what other threads ask of the driver meanwhile does not end the capture, which needs nothing of
 * them. */
static hone_status capture(hone_batch *batch, hone_cuda_enqueue *enqueue, const void *const *what, int count,
                           int rounds) {
    const hone_cuda_driver *cu = batch->timer.cu;
    hone_cu_graph graph = NULL;
    hone_status status = HONE_OK;
    hone_cu_result error = cu->capture_begin(batch->timer.stream, HONE_CU_CAPTURE_RELAXED);
    if (error)
        return hone_cuda_fail(error, "capture a batch of calls");
    for (int i = 0; i < count * rounds && !status; i++)
        status = enqueue(what[i % count], batch->timer.stream);
    error = cu->capture_end(batch->timer.stream, &graph); /* always: the stream is of no use before */
    if (!status && !error)
        error = cu->graph_instantiate(&batch->exec, graph, 0);
    if (graph)
        cu->graph_destroy(graph);
    return error && !status ? hone_cuda_fail(error, "capture a batch of calls") : status;
}

hone_status hone_cuda_capture(hone_batch **out, const hone_device *device, hone_cuda_enqueue *enqueue,
                              const void *const *what, int count, int rounds) {
    hone_batch *batch = calloc(1, sizeof *batch);
    hone_status status;
    if (!batch)
        return hone_fail(HONE_E_NOMEM, "no memory for a batch of calls");
    if (!(status = hone_cuda_timer_create(&batch->timer, device)) && !has_graphs(batch->timer.cu))
        status =
            hone_fail(HONE_E_UNAVAILABLE, "NVIDIA's driver has no graphs; install one of CUDA 11.4 or later");
    if (!status)
        status = capture(batch, enqueue, what, count, rounds);
    if (status) {
        hone_cuda_batch_destroy(batch);
        return status;
    }
    *out = batch;
    return HONE_OK;
}

void hone_cuda_batch_destroy(hone_batch *batch) {
    const hone_cuda_driver *cu;
    if (!batch)
        return;
    if (batch->timer.cu && !hone_cuda_enter(&cu, batch->timer.device)) {
        hone_cuda_timer_clear(&batch->timer);
        if (batch->exec)
            cu->graph_exec_destroy(batch->exec);
    }
    free(batch);
}

static hone_status launch(const void *what, hone_cu_stream stream) {
    const hone_batch *batch = what;
    const hone_cu_result error = batch->timer.cu->graph_launch(batch->exec, stream);
    return error ? hone_cuda_fail(error, "start a batch of calls") : HONE_OK;
}

hone_status hone_cuda_batch_run(double *us, hone_batch *batch) {
    const hone_cuda_driver *cu;
    hone_status status = hone_cuda_enter(&cu, batch->timer.device);
    *us = NAN;
    if (status)
        return status;
    status = hone_cuda_timer_enqueue(&batch->timer, launch, batch);
    const hone_status waited = hone_cuda_timer_wait(&batch->timer, "finish a batch of calls");
    if (!status && !waited)
        *us = hone_cuda_timer_us(&batch->timer);
    return status ? status : waited;
}

/* ---- of plans */

static hone_status bind_call(hone_cuda_bound *out, hone_backend_plan *plan, const hone_args *args) {
    if (!hone_cuda_plan_is_device(plan, args))
        return hone_fail(HONE_E_USAGE, "a batch takes matrices of the device, not of the host");
    hone_status status = hone_cuda_plan_bind(out, plan, args);
    const hone_status waited = hone_cuda_plan_wait(plan);
    return status ? status : waited;
}

hone_status hone_cuda_batch_create(hone_batch **out, hone_backend_plan *const *plans, const hone_args *args,
                                   int count, int rounds) {
    const hone_device *device = hone_cuda_plan_device(plans[0]);
    const hone_cuda_driver *cu;
    hone_status status = hone_cuda_enter(&cu, device);
    if (status)
        return status;
    const void **what = calloc((size_t)count, sizeof *what);
    hone_cuda_bound *bound =
        aligned_alloc(alignof(hone_cuda_bound), (size_t)count * sizeof *bound); /* for tensor maps */
    if (!what || !bound)
        status = hone_fail(HONE_E_NOMEM, "no memory for a batch of %d calls", count);
    for (int i = 0; i < count && !status; i++) {
        what[i] = &bound[i];
        status = bind_call(&bound[i], plans[i], &args[i]);
    }
    if (!status)
        status = hone_cuda_capture(out, device, hone_cuda_plan_enqueue, what, count, rounds);
    free(what);
    free(bound);
    return status;
}

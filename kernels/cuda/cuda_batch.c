#include "cuda_batch.h"

#include <stdalign.h>
#include <stdlib.h>

#include "cuda_device.h"
#include "cuda_plan.h"
#include "status.h"

struct hone_batch {
    const hone_device *device;
    const hone_cuda_driver *cu;
    hone_cuda_timer timer;
    hone_cu_graph_exec exec;
};

static int has_graphs(const hone_cuda_driver *cu) {
    return cu->capture_begin && cu->capture_end && cu->graph_instantiate && cu->graph_launch &&
           cu->graph_exec_destroy && cu->graph_destroy;
}

/* Relaxed: what other threads ask of the driver meanwhile does not end the capture, which needs nothing of
 * them. */
static hone_status capture(hone_batch *batch, hone_cuda_enqueue *enqueue, const void *what) {
    const hone_cuda_driver *cu = batch->cu;
    hone_cu_graph graph = NULL;
    hone_cu_result error = cu->capture_begin(batch->timer.stream, HONE_CU_CAPTURE_RELAXED);
    if (error)
        return hone_cuda_fail(error, "capture a batch of calls");
    hone_status status = enqueue(what, batch->timer.stream);
    error = cu->capture_end(batch->timer.stream, &graph); /* always: the stream is of no use before */
    if (!status && !error)
        error = cu->graph_instantiate(&batch->exec, graph, 0);
    if (graph)
        cu->graph_destroy(graph);
    return error && !status ? hone_cuda_fail(error, "capture a batch of calls") : status;
}

hone_status hone_cuda_capture(hone_batch **out, const hone_device *device, hone_cuda_enqueue *enqueue,
                              const void *what) {
    hone_batch *batch = calloc(1, sizeof *batch);
    hone_status status;
    if (!batch)
        return hone_fail(HONE_E_NOMEM, "no memory for a batch of calls");
    batch->device = device;
    if (!(status = hone_cuda_enter(&batch->cu, device)) && !has_graphs(batch->cu))
        status =
            hone_fail(HONE_E_UNAVAILABLE, "NVIDIA's driver has no graphs; install one of CUDA 11.4 or later");
    if (!status && !(status = hone_cuda_timer_create(&batch->timer, batch->cu)))
        status = capture(batch, enqueue, what);
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
    if (batch->cu && !hone_cuda_enter(&cu, batch->device)) {
        if (batch->exec)
            cu->graph_exec_destroy(batch->exec);
        hone_cuda_timer_clear(&batch->timer);
    }
    free(batch);
}

static hone_status launch(const void *what, hone_cu_stream stream) {
    const hone_batch *batch = what;
    const hone_cu_result error = batch->cu->graph_launch(batch->exec, stream);
    return error ? hone_cuda_fail(error, "start a batch of calls") : HONE_OK;
}

hone_status hone_cuda_batch_run(double *us, hone_batch *batch) {
    const hone_cuda_driver *cu;
    hone_status status = hone_cuda_enter(&cu, batch->device);
    if (status)
        return status;
    status = hone_cuda_timer_enqueue(&batch->timer, launch, batch);
    const hone_status waited = hone_cuda_timer_wait(&batch->timer, "finish a batch of calls");
    *us = hone_cuda_timer_us(&batch->timer);
    return status ? status : waited;
}

/* ---- of plans */

typedef struct calls {
    hone_backend_plan *const *plans;
    hone_cuda_bound *bound;
    int count, rounds;
} calls;

static hone_status enqueue_calls(const void *what, hone_cu_stream stream) {
    const calls *c = what;
    hone_status status = HONE_OK;
    for (int i = 0; i < c->count * c->rounds && !status; i++)
        status = hone_cuda_plan_enqueue(c->plans[i % c->count], &c->bound[i % c->count], stream);
    return status;
}

/* The operands of each plan, once they are there. */
static hone_status bind_calls(const calls *c, const hone_args *args) {
    hone_status status = HONE_OK;
    for (int i = 0; i < c->count && !status; i++) {
        if (!hone_cuda_plan_is_device(c->plans[i], &args[i]))
            return hone_fail(HONE_E_USAGE, "a batch takes matrices of the device, not of the host");
        status = hone_cuda_plan_bind(&c->bound[i], c->plans[i], &args[i]);
        const hone_status waited = hone_cuda_plan_wait(c->plans[i]);
        status = status ? status : waited;
    }
    return status;
}

hone_status hone_cuda_batch_create(hone_batch **out, hone_backend_plan *const *plans, const hone_args *args,
                                   int count, int rounds) {
    const hone_device *device = hone_cuda_plan_device(plans[0]);
    const hone_cuda_driver *cu;
    calls c = {plans, NULL, count, rounds};
    hone_status status = hone_cuda_enter(&cu, device);
    if (status)
        return status;
    c.bound = aligned_alloc(alignof(hone_cuda_bound), (size_t)count * sizeof *c.bound); /* for tensor maps */
    if (!c.bound)
        return hone_fail(HONE_E_NOMEM, "no memory for a batch of %d calls", count);
    status = bind_calls(&c, args);
    if (!status)
        status = hone_cuda_capture(out, device, enqueue_calls, &c);
    free(c.bound);
    return status;
}

/* Hone's own fused kernel, through the public interface. */
#include <stdlib.h>

#include "../../kernels/status.h"
#include "provider_parts.h"

struct hone_provider_case {
    hone_plan *plan;
    hone_args args;
    const hone_device *device;
    void *packed; /* in the device's memory where it has its own */
    hone_span weights;
    hone_run_failure failure;
};

static hone_status check(const hone_device *device, const hone_problem *problem) {
    (void)problem;
    if (!device->backend->plan_create)
        return hone_fail(HONE_E_UNAVAILABLE, "hone has no kernels for %s yet; use --device cpu",
                         device->name);
    return HONE_OK;
}

static void destroy(hone_provider_case *self) {
    if (!self)
        return;
    hone_plan_destroy(self->plan);
    if (self->device->backend->memory)
        self->device->backend->memory->release(self->device, self->packed);
    else
        free(self->packed);
    free(self);
}

static hone_status allocate(void **out, const hone_device *device, size_t bytes) {
    const hone_memory *memory = device->backend->memory;
    return memory ? memory->allocate(out, device, bytes) : hone_provider_allocate(out, bytes);
}

static hone_status prepare(hone_provider_case **out, hone_context *context, const hone_device *device,
                           const hone_operands *operands, const char *config, int threads) {
    hone_provider_case *self = calloc(1, sizeof *self);
    if (!self)
        return hone_fail(HONE_E_NOMEM, "out of memory for a case of hone");
    self->device = device;
    self->args = hone_operands_args(operands);
    hone_status status =
        hone_plan_create(&self->plan, context, device->name, &operands->problem, config, threads);
    if (status)
        goto cleanup;
    size_t bytes = hone_plan_packed_size(self->plan);
    if (bytes) {
        status = allocate(&self->packed, device, bytes);
        if (status)
            goto cleanup;
        status = hone_plan_pack(self->packed, self->plan, self->args.b, operands->ldb);
        if (status)
            goto cleanup;
        self->args.b = self->packed;
    }
    self->weights = bytes ? (hone_span){self->packed, bytes} : hone_operands_weights(operands);
    *out = self;
    return HONE_OK;
cleanup:
    destroy(self);
    return status;
}

static void run(hone_provider_case *self) {
    hone_run_failure_note(&self->failure, hone_plan_execute(self->plan, &self->args));
}

static hone_status failure(const hone_provider_case *self) { return hone_run_failure_status(&self->failure); }

static double device_us(const hone_provider_case *self) { return hone_plan_device_us(self->plan); }

static hone_status batch(hone_batch **out, hone_provider_case *const *cases, int count, int rounds) {
    hone_plan **plans = calloc((size_t)count, sizeof *plans);
    hone_args *args = calloc((size_t)count, sizeof *args);
    hone_status status = HONE_OK;
    if (!plans || !args)
        status = hone_fail(HONE_E_NOMEM, "out of memory for a batch of %d calls", count);
    for (int i = 0; i < count && !status; i++) {
        plans[i] = cases[i]->plan;
        args[i] = cases[i]->args;
    }
    if (!status)
        status = hone_plan_batch(out, plans, args, count, rounds);
    free(plans);
    free(args);
    return status;
}

static hone_span weights(const hone_provider_case *self) { return self->weights; }

static size_t workspace(const hone_provider_case *self) { return hone_plan_workspace(self->plan); }

static const char *label(const hone_provider_case *self) { return hone_plan_config(self->plan); }

const hone_provider hone_provider_hone = {
    .name = "hone",
    .description = "hone's kernel: GEMM, bias and activation in one pass",
    .check = check,
    .prepare = prepare,
    .run = run,
    .failure = failure,
    .device_us = device_us,
    .batch = batch,
    .weights = weights,
    .workspace = workspace,
    .label = label,
    .destroy = destroy,
};

#include "provider_parts.h"

#include <stdlib.h>
#include <string.h>

#include "../../kernels/status.h"
#include "pass_threads.h"

hone_status hone_provider_allocate(void **out, size_t bytes) {
    void *memory = NULL;
    if (posix_memalign(&memory, HONE_PACK_ALIGN, bytes ? bytes : 1))
        return hone_fail(HONE_E_NOMEM, "out of memory for %zu bytes; choose a smaller shape", bytes);
    *out = memory;
    return HONE_OK;
}

static hone_status choose_threads(hone_separate_pass *pass, hone_context *context, int threads,
                                  hone_pass_after after) {
    if (after == HONE_PASS_AFTER_HONE || threads == 1)
        return hone_context_pool(&pass->pool, context, threads);
    pass->sleepers = threads;
    return hone_pass_threads_need(threads);
}

hone_status hone_separate_pass_create(hone_separate_pass *out, hone_context *context,
                                      const hone_device *device, const hone_operands *operands, int threads,
                                      hone_pass_after after) {
    if (!device->backend->activate)
        return hone_fail(HONE_E_UNAVAILABLE, "device %s has no separate activation pass", device->name);
    hone_separate_pass pass = {
        .device = device, .problem = operands->problem, .args = hone_operands_args(operands)};
    hone_status status = choose_threads(&pass, context, threads, after);
    if (status)
        return status;
    if (pass.problem.c_type == HONE_F32) {
        pass.x = operands->c;
        pass.ldx = operands->ldc;
    } else {
        size_t outputs = (size_t)pass.problem.m * (size_t)pass.problem.n;
        status = hone_provider_allocate(&pass.owned, outputs * sizeof(float));
        if (status)
            return status;
        pass.x = pass.owned;
        pass.ldx = pass.problem.n;
    }
    *out = pass;
    return HONE_OK;
}

/* The part of one of the sleeping threads: rows, or columns where rows are fewer. */
static void run_part(void *context, int index) {
    const hone_separate_pass *pass = context;
    const hone_problem *whole = &pass->problem;
    int by_rows = whole->m >= pass->sleepers;
    int64_t extent = by_rows ? whole->m : whole->n;
    int64_t begin = extent * index / pass->sleepers, end = extent * (index + 1) / pass->sleepers;
    int64_t row = by_rows ? begin : 0, column = by_rows ? 0 : begin;
    hone_problem problem = *whole;
    hone_args args = pass->args;
    *(by_rows ? &problem.m : &problem.n) = end - begin;
    args.c = (char *)args.c + (size_t)(row * args.ldc + column) * hone_dtype_size(problem.c_type);
    args.bias = args.bias ? args.bias + column : NULL;
    args.alpha = args.alpha ? args.alpha + column : NULL;
    if (end > begin)
        pass->device->backend->activate(pass->device, &problem, pass->x + row * pass->ldx + column, pass->ldx,
                                        &args, NULL);
}

void hone_separate_pass_run(hone_separate_pass *pass) {
    if (pass->sleepers)
        hone_pass_threads_run(run_part, pass, pass->sleepers);
    else
        pass->device->backend->activate(pass->device, &pass->problem, pass->x, pass->ldx, &pass->args,
                                        pass->pool);
}

void hone_separate_pass_clear(hone_separate_pass *pass) {
    free(pass->owned);
    pass->owned = NULL;
}

hone_status hone_provider_needs_cpu(const char *provider, const hone_device *device) {
    if (strcmp(device->backend->name, "cpu") != 0)
        return hone_fail(HONE_E_UNAVAILABLE, "%s runs on the CPU, not on %s; use --device cpu", provider,
                         device->name);
    return HONE_OK;
}

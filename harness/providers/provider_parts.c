#include "provider_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../kernels/huge_pages.h"
#include "../../kernels/status.h"
#include "pass_threads.h"

hone_status hone_provider_allocate(void **out, size_t bytes) {
    void *memory = NULL;
    if (posix_memalign(&memory, HONE_PACK_ALIGN, bytes ? bytes : 1))
        return hone_fail(HONE_E_NOMEM, "out of memory for %zu bytes; choose a smaller shape", bytes);
    hone_prefer_huge_pages(memory, bytes);
    *out = memory;
    return HONE_OK;
}

void hone_pass_team_run(const hone_pass_team *team, void (*task)(void *context, int index), void *context) {
    if (team->threads == 1)
        task(context, 0);
    else if (team->omp)
        peer_omp_run(team->omp, task, context, team->threads);
    else
        hone_pass_threads_run(task, context, team->threads);
}

void hone_pass_team_part(const hone_pass_team *team, int index, int64_t rows, int64_t columns,
                         int64_t begin[2], int64_t end[2]) {
    const int shared = rows >= team->threads ? 0 : 1;
    const int64_t extent = shared ? columns : rows;
    begin[0] = begin[1] = 0;
    end[0] = rows;
    end[1] = columns;
    begin[shared] = extent * index / team->threads;
    end[shared] = extent * (index + 1) / team->threads;
}

static hone_status choose_threads(hone_separate_pass *pass, hone_context *context, int threads,
                                  hone_pass_after after, const peer_omp *omp) {
    pass->team = (hone_pass_team){omp, threads};
    pass->pooled = after == HONE_PASS_AFTER_HONE;
    if (pass->pooled)
        return hone_context_pool(&pass->pool, context, threads);
    return omp ? HONE_OK : hone_pass_threads_need(threads);
}

hone_status hone_separate_pass_create(hone_separate_pass *out, hone_context *context,
                                      const hone_device *device, const hone_operands *operands, int threads,
                                      hone_pass_after after, const peer_omp *omp) {
    if (!device->backend->activate)
        return hone_fail(HONE_E_UNAVAILABLE, "device %s has no separate activation pass", device->name);
    hone_separate_pass pass = {
        .device = device, .problem = operands->problem, .args = hone_operands_args(operands)};
    hone_status status = choose_threads(&pass, context, threads, after, omp);
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

/* The part of one of the team. */
static void run_part(void *context, int index) {
    const hone_separate_pass *pass = context;
    int64_t begin[2], end[2];
    hone_problem problem = pass->problem;
    hone_args args = pass->args;
    hone_pass_team_part(&pass->team, index, problem.m, problem.n, begin, end);
    problem.m = end[0] - begin[0];
    problem.n = end[1] - begin[1];
    args.c = (char *)args.c + (size_t)(begin[0] * args.ldc + begin[1]) * hone_dtype_size(problem.c_type);
    args.bias = args.bias ? args.bias + begin[1] : NULL;
    args.alpha = args.alpha ? args.alpha + begin[1] : NULL;
    if (problem.m > 0 && problem.n > 0)
        pass->device->backend->activate(pass->device, &problem, pass->x + begin[0] * pass->ldx + begin[1],
                                        pass->ldx, &args, NULL);
}

void hone_separate_pass_run(hone_separate_pass *pass) {
    if (pass->pooled)
        pass->device->backend->activate(pass->device, &pass->problem, pass->x, pass->ldx, &pass->args,
                                        pass->pool);
    else
        hone_pass_team_run(&pass->team, run_part, pass);
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

#include "provider.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "../kernels/status.h"
#include "clock.h"
#include "providers/provider_parts.h"

#define HONE_PROVIDER(name) extern const hone_provider hone_provider_##name;
#include "providers/providers.def"
#undef HONE_PROVIDER

static const hone_provider *const providers[] = {
#define HONE_PROVIDER(name) &hone_provider_##name,
#include "providers/providers.def"
#undef HONE_PROVIDER
};

int hone_provider_count(void) { return (int)(sizeof providers / sizeof *providers); }

const hone_provider *hone_provider_at(int index) {
    return index >= 0 && index < hone_provider_count() ? providers[index] : NULL;
}

const hone_provider *hone_provider_find(const char *name) {
    for (int i = 0; i < hone_provider_count(); i++)
        if (strcmp(providers[i]->name, name) == 0)
            return providers[i];
    return NULL;
}

hone_status hone_provider_check(const hone_provider *provider, const hone_device *device,
                                const hone_problem *problem) {
    if (provider->unavailable)
        return hone_fail(HONE_E_UNAVAILABLE, "%s: %s", provider->name, provider->unavailable);
    return provider->check(device, problem);
}

static double cpu_seconds(void) {
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage))
        return 0;
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           1e-6 * (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

void hone_provider_rest(void) {
    const struct timespec slice = {.tv_nsec = 2000000};
    const int64_t end = hone_clock_now() + 200000000;
    double busy = 1;
    while (busy > 0.1 && hone_clock_now() < end) {
        double cpu = cpu_seconds();
        int64_t start = hone_clock_now();
        nanosleep(&slice, NULL);
        busy = (cpu_seconds() - cpu) / (1e-9 * (double)(hone_clock_now() - start));
    }
}

/* ------------------------------------------------- what the baselines share */

hone_status hone_provider_allocate(void **out, size_t bytes) {
    void *memory = NULL;
    if (posix_memalign(&memory, HONE_PACK_ALIGN, bytes ? bytes : 1))
        return hone_fail(HONE_E_NOMEM, "out of memory for %zu bytes; choose a smaller shape", bytes);
    *out = memory;
    return HONE_OK;
}

hone_status hone_separate_pass_create(hone_separate_pass *out, hone_context *context,
                                      const hone_device *device, const hone_operands *operands, int threads) {
    if (!device->backend->activate)
        return hone_fail(HONE_E_UNAVAILABLE, "device %s has no separate activation pass", device->name);
    hone_separate_pass pass = {
        .device = device, .problem = operands->problem, .args = hone_operands_args(operands)};
    hone_status status = hone_context_pool(&pass.pool, context, threads);
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

void hone_separate_pass_run(const hone_separate_pass *pass) {
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

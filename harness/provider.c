#include "provider.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "../kernels/status.h"
#include "clock.h"

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

const char *hone_provider_unavailable(const hone_provider *provider) {
    return provider->unavailable ? provider->unavailable() : NULL;
}

hone_status hone_provider_check(const hone_provider *provider, const hone_device *device,
                                const hone_problem *problem) {
    const char *reason = hone_provider_unavailable(provider);
    if (reason)
        return hone_fail(HONE_E_UNAVAILABLE, "%s: %s", provider->name, reason);
    return provider->check(device, problem);
}

void hone_run_failure_note(hone_run_failure *failure, hone_status status) {
    if (!status || failure->status)
        return;
    failure->status = status;
    snprintf(failure->detail, sizeof failure->detail, "%s", hone_error_detail());
}

hone_status hone_run_failure_status(const hone_run_failure *failure) {
    return failure->status ? hone_fail(failure->status, "%s", failure->detail) : HONE_OK;
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

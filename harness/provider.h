/* Providers: whoever can run a problem. `hone` itself and the baselines it is
 * compared with. One file each in providers/, one row each in providers.def;
 * a baseline whose library is not found at run time is listed with the reason
 * and refuses. */
#ifndef HONE_HARNESS_PROVIDER_H
#define HONE_HARNESS_PROVIDER_H

#include "../kernels/backend.h"
#include "operands.h"

typedef struct hone_provider hone_provider;
typedef struct hone_provider_case hone_provider_case;

struct hone_provider {
    const char *name;
    const char *description; /* how it composes GEMM, bias and activation, and what is timed */
    /* NULL when it can run; else why not and what to install. The field itself is NULL where it always can.
     * The first call loads a baseline's library. */
    const char *(*unavailable)(void);

    /* Whether it can run such a problem on such a device, without preparing
     * anything. HONE_E_UNAVAILABLE with the reason when not. */
    hone_status (*check)(const hone_device *device, const hone_problem *problem);
    /* Prepares `operands`' problem (hone_operands_args tells where they are, the host or the device): packs
     * weights unless plain, sets threads. `config` is used by hone and unfused only (NULL: default). The
     * operands outlive the case; a cold measurement prepares one case for each copy of the operands.
     * HONE_E_UNAVAILABLE: this provider cannot run that problem or device. HONE_E_USAGE: illegal config.
     * HONE_E_NOMEM. */
    hone_status (*prepare)(hone_provider_case **out, hone_context *context, const hone_device *device,
                           const hone_operands *operands, const char *config, int threads);
    /* Runs once on the operands given to prepare. */
    void (*run)(hone_provider_case *self);
    /* What a run has failed with, with its reason: a device that is not the host may fail in any call, and
     * what a failed call took is no sample. NULL: runs cannot fail. */
    hone_status (*failure)(const hone_provider_case *self);
    /* Microseconds of the latest run by the device's own clock; NaN: not known, or the run failed. May be
     * NULL. It is what counts on a device with memory of its own, whose callers do not wait for each call. */
    double (*device_us)(const hone_provider_case *self);
    /* A batch of `count` cases, one call of each, `rounds` times over; destroyed before they are. The
     * backend's batch_run and batch_destroy take it. HONE_E_UNAVAILABLE: calls are one by one only. NULL: they
     * always are. */
    hone_status (*batch)(hone_batch **out, hone_provider_case *const *cases, int count, int rounds);
    /* The weights as the runs read them. NULL: it does not know. */
    hone_span (*weights)(const hone_provider_case *self);
    /* hone_plan_workspace. NULL: it does not know. */
    size_t (*workspace)(const hone_provider_case *self);
    /* Text for the result's label: hone's config, a baseline's composition. */
    const char *(*label)(const hone_provider_case *self);
    void (*destroy)(hone_provider_case *self);
};

int hone_provider_count(void);
const hone_provider *hone_provider_at(int index);
/* NULL when unknown. */
const hone_provider *hone_provider_find(const char *name);

/* Why it cannot run at all, and what to install; NULL when it can. */
const char *hone_provider_unavailable(const hone_provider *provider);

/* HONE_E_UNAVAILABLE with the reason when the provider cannot run at all, or not
 * that problem on that device. */
hone_status hone_provider_check(const hone_provider *provider, const hone_device *device,
                                const hone_problem *problem);

/* The first failure of several runs, as hone_provider.failure tells it. */
typedef struct hone_run_failure {
    hone_status status;
    char detail[256];
} hone_run_failure;

/* To be called with the status of each run. */
void hone_run_failure_note(hone_run_failure *failure, hone_status status);
/* HONE_OK: none. */
hone_status hone_run_failure_status(const hone_run_failure *failure);

/* Waits until the process' other threads sleep, at most 200 ms: thread pools
 * spin for a while after their last call and would slow the next provider. */
void hone_provider_rest(void);

#endif

/* Providers: whoever can run a problem. `hone` itself and the baselines it is
 * compared with. One file each in providers/, one row each in providers.def;
 * a baseline whose library was not found at configure time is listed with the
 * reason and refuses. */
#ifndef HONE_HARNESS_PROVIDER_H
#define HONE_HARNESS_PROVIDER_H

#include "operands.h"
#include "../kernels/backend.h"

typedef struct hone_provider hone_provider;
typedef struct hone_provider_case hone_provider_case;

struct hone_provider {
    const char *name;
    const char *description; /* how it composes GEMM, bias and activation */
    const char *unavailable; /* NULL when it can run; else why not and what to install */

    /* Prepares `operands`' problem: packs weights unless plain, sets threads.
     * `config` is used by hone only (NULL: default). The operands outlive the
     * case; A, B and C may be swapped between calls through `run`'s args.
     * HONE_E_UNAVAILABLE: this provider cannot run that problem or device. */
    hone_status (*prepare)(hone_provider_case **out, hone_context *context, const hone_device *device,
                           const hone_operands *operands, const char *config, int threads);
    /* Runs once on the operands given to prepare. */
    void (*run)(hone_provider_case *self);
    /* Text for the result's label: hone's config, a baseline's version. */
    const char *(*label)(const hone_provider_case *self);
    void (*destroy)(hone_provider_case *self);
};

int hone_provider_count(void);
const hone_provider *hone_provider_at(int index);
/* NULL when unknown. */
const hone_provider *hone_provider_find(const char *name);

#endif

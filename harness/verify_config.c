/* Verifying a config of hone's own kernels: plan, pack, run, compare. */
#include <stdlib.h>

#include "../kernels/status.h"
#include "verify.h"

typedef struct plan_run {
    hone_plan *plan;
    hone_args args;
    hone_status status;
} plan_run;

static void execute(void *context) {
    plan_run *run = context;
    hone_status status = hone_plan_execute(run->plan, &run->args);
    if (status)
        run->status = status;
}

hone_status hone_verify_config(hone_numerics *out, hone_context *context, const char *device,
                               hone_operands *operands, const hone_reference *reference, const char *config,
                               int threads) {
    plan_run run = {.args = hone_operands_args(operands)};
    hone_reference *made = NULL;
    void *packed = NULL;
    hone_numerics found;
    hone_status status = hone_plan_create(&run.plan, context, device, &operands->problem, config, threads);
    if (status)
        return status;
    if (!reference) {
        status = hone_reference_create(&made, operands, 0);
        if (status)
            goto cleanup;
        reference = made;
    }
    size_t bytes = hone_plan_packed_size(run.plan);
    if (bytes) {
        if (posix_memalign(&packed, HONE_PACK_ALIGN, bytes)) {
            status = hone_fail(HONE_E_NOMEM, "out of memory for %zu bytes of packed weights", bytes);
            goto cleanup;
        }
        status = hone_plan_pack(packed, run.plan, operands->b, operands->ldb);
        if (status)
            goto cleanup;
        run.args.b = packed;
    }
    status = hone_verify_run(&found, operands, reference, execute, &run);
    if (!status)
        status = run.status;
    if (!status)
        *out = found;
cleanup:
    hone_plan_destroy(run.plan);
    hone_reference_destroy(made);
    free(packed);
    return status;
}

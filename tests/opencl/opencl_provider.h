/* Verifying a provider on the first OpenCL device. */
#ifndef HONE_TESTS_OPENCL_PROVIDER_H
#define HONE_TESTS_OPENCL_PROVIDER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "../../harness/provider.h"
#include "../../harness/verify.h"

static hone_context *context;
static const hone_device *device; /* NULL: none */
static const hone_provider *provider;

/* 0 when there is such a provider; `device` may be missing all the same. */
static int set_up(const char *name) {
    provider = hone_provider_find(name);
    if (!provider || hone_context_create(&context))
        return -1;
    if (hone_context_device(&device, context, "opencl"))
        device = NULL;
    return 0;
}

/* NULL when the provider can run here. */
static const char *why_not(void) {
    const char *reason = hone_provider_unavailable(provider);
    return reason ? reason : device ? NULL : hone_context_backend_reason(context, "opencl");
}

static void run(void *prepared) { provider->run(prepared); }

/* `label`: how the provider's begins or ends. */
static void verify(const char *text, int padding, const char *label) {
    hone_problem problem;
    hone_operands *operands;
    hone_reference *reference;
    hone_provider_case *prepared = NULL;
    hone_numerics numerics;
    assert_int_equal(hone_problem_parse(&problem, text), HONE_OK);
    assert_int_equal(hone_operands_create(&operands, &problem, 3, padding), HONE_OK);
    assert_int_equal(hone_reference_create(&reference, operands, 0), HONE_OK);
    if (provider->prepare(&prepared, context, device, operands, NULL, 1))
        fail_msg("%s: %s", text, hone_error_detail());
    const char *found = strstr(provider->label(prepared), label);
    if (!found || (found != provider->label(prepared) && found[strlen(label)]))
        fail_msg("%s: the label is '%s', without '%s'", text, provider->label(prepared), label);
    assert_int_equal(hone_verify_run(&numerics, operands, reference, run, prepared), HONE_OK);
    if (!numerics.correct) {
        char reason[200];
        hone_numerics_reason(reason, sizeof reason, &numerics);
        fail_msg("%s: %s", text, reason);
    }
    provider->destroy(prepared);
    hone_reference_destroy(reference);
    hone_operands_destroy(operands);
}

#endif

/* Hone's GEMM followed by a separate pass: what fusing the activation is worth.
 *
 * The GEMM writes fp32 sums (s8: dequantised), without bias, to C where C is
 * fp32 and to a temporary elsewhere; the pass reads them, adds the bias,
 * activates and rounds to C's type. Both are timed. Rounding the sums of 16-bit
 * problems to 16 bits in between would halve the temporary and lose accuracy
 * that the error bound does not grant. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../kernels/status.h"
#include "provider_parts.h"

struct hone_provider_case {
    hone_separate_pass pass;
    hone_backend_plan *plan;
    hone_args gemm;
    void *packed;
    hone_run_failure failure;
    char label[HONE_CONFIG_TEXT + 64];
};

static hone_status check(const hone_device *device, const hone_problem *problem) {
    (void)problem;
    if (!device->backend->plan_create)
        return hone_fail(HONE_E_UNAVAILABLE, "hone has no kernels for %s yet; use --device cpu",
                         device->name);
    if (!device->backend->activate)
        return hone_fail(HONE_E_UNAVAILABLE, "hone has no separate activation pass for %s", device->name);
    return HONE_OK;
}

static void destroy(hone_provider_case *self) {
    if (!self)
        return;
    if (self->plan)
        self->pass.device->backend->plan_destroy(self->plan);
    hone_separate_pass_clear(&self->pass);
    free(self->packed);
    free(self);
}

static const hone_param *find_param(const hone_space *space, const char *name) {
    for (int i = 0; i < space->param_count; i++)
        if (strcmp(space->params[i].name, name) == 0)
            return &space->params[i];
    return NULL;
}

static int same_values(const hone_param *a, const hone_param *b) {
    int same = a->count == b->count;
    for (int i = 0; same && i < a->count; i++)
        same = hone_value_equal(&a->values[i], &b->values[i]);
    return same;
}

static int declares(const hone_param *param, const char *text) {
    hone_value value;
    int found = 0;
    if (hone_value_parse(&value, text) != HONE_OK)
        return 0;
    for (int i = 0; i < param->count; i++)
        found |= hone_value_equal(&param->values[i], &value);
    return found;
}

/* `from` for another problem's space: what that space declares, or with `alike`
 * only what both declare alike; the rest as in *config. */
static hone_status carry_over(hone_config *config, const hone_space *to, const hone_space *from_space,
                              const hone_config *from, int alike) {
    hone_status status = HONE_OK;
    for (int i = 0; i < to->param_count && !status; i++) {
        const hone_param *param = &to->params[i], *other = find_param(from_space, param->name);
        const char *value = hone_config_get(from, param->name);
        if (value && other && declares(param, value) && (!alike || same_values(param, other)))
            status = hone_config_set(config, param->name, value);
    }
    return status ? status : hone_space_check(to, config);
}

/* The GEMM's config that belongs to a fused one. Where the GEMM alone has a choice
 * that the fused kernel had not, such as how its sums leave the tile, it gets the
 * default: the baseline is to be a good one. */
static hone_status carry_config(hone_config *out, const hone_device *device, const hone_problem *fused,
                                const hone_problem *gemm, const hone_config *config, int threads) {
    const hone_backend *backend = device->backend;
    hone_space *from = NULL, *to = NULL;
    hone_config carried;
    hone_status status = backend->space(&from, device, fused, threads);
    if (!status)
        status = hone_space_check(from, config);
    if (!status)
        status = backend->space(&to, device, gemm, threads);
    if (!status)
        status = backend->default_config(&carried, device, gemm, threads, NULL);
    if (!status) {
        *out = carried;
        if (carry_over(out, to, from, config, 1)) {
            *out = carried;
            status = carry_over(out, to, from, config, 0);
        }
    }
    hone_space_destroy(from);
    hone_space_destroy(to);
    return status;
}

/* The config given for the fused problem, or the default one. */
static hone_status choose_config(hone_config *out, const hone_device *device, const hone_problem *fused,
                                 const hone_problem *gemm, const char *text, int threads) {
    hone_config config;
    if (!text)
        return device->backend->default_config(out, device, gemm, threads, NULL);
    hone_status status = hone_config_parse(&config, text);
    return status ? status : carry_config(out, device, fused, gemm, &config, threads);
}

static hone_status create_gemm(hone_provider_case *self, const hone_operands *operands, const char *text,
                               int threads) {
    const hone_device *device = self->pass.device;
    const hone_backend *backend = device->backend;
    hone_problem problem = operands->problem;
    problem.act = 0;
    hone_status status = hone_activation_parse(&problem.act, "identity");
    if (status)
        return status;
    problem.bias = 0;
    problem.c_type = HONE_F32;
    hone_config config;
    char config_text[HONE_CONFIG_TEXT];
    status = choose_config(&config, device, &operands->problem, &problem, text, threads);
    if (status)
        return status;
    status = hone_config_format(config_text, sizeof config_text, &config);
    if (status)
        return status;
    snprintf(self->label, sizeof self->label, "%s; separate bias and activation", config_text);
    status = backend->plan_create(&self->plan, device, &problem, &config, self->pass.pool);
    if (status)
        return status;
    size_t bytes = problem.weights_plain ? 0 : backend->packed_size(self->plan);
    if (!bytes)
        return HONE_OK;
    status = hone_provider_allocate(&self->packed, bytes);
    if (status)
        return status;
    self->gemm.b = self->packed;
    return backend->pack(self->packed, self->plan, operands->b, operands->ldb);
}

static hone_status prepare(hone_provider_case **out, hone_context *context, const hone_device *device,
                           const hone_operands *operands, const char *config, int threads) {
    hone_provider_case *self = calloc(1, sizeof *self);
    if (!self)
        return hone_fail(HONE_E_NOMEM, "out of memory for a case of unfused");
    hone_status status = hone_separate_pass_create(&self->pass, context, device, operands, threads,
                                                   HONE_PASS_AFTER_HONE, NULL);
    if (status)
        goto cleanup;
    self->gemm = hone_operands_args(operands);
    self->gemm.c = self->pass.x;
    self->gemm.ldc = self->pass.ldx;
    status = create_gemm(self, operands, config, threads);
    if (status)
        goto cleanup;
    *out = self;
    return HONE_OK;
cleanup:
    destroy(self);
    return status;
}

static void run(hone_provider_case *self) {
    hone_run_failure_note(&self->failure, self->pass.device->backend->execute(self->plan, &self->gemm));
    hone_separate_pass_run(&self->pass);
}

static hone_status failure(const hone_provider_case *self) { return hone_run_failure_status(&self->failure); }

static const char *label(const hone_provider_case *self) { return self->label; }

const hone_provider hone_provider_unfused = {
    .name = "unfused",
    .description = "hone's GEMM to fp32, then a separate pass for bias and activation",
    .check = check,
    .prepare = prepare,
    .run = run,
    .failure = failure,
    .label = label,
    .destroy = destroy,
};

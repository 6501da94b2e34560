#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "activation.h"
#include "backend.h"

struct hone_plan {
    const hone_device *device;
    hone_problem problem;
    char config[HONE_CONFIG_TEXT];
    hone_backend_plan *backend_plan;
};

/* More threads than this no config is tried for. */
enum { MOST_TRIED = 256 };

/* The fewest threads that a config is legal for; 0: none. */
static int fewest_threads(const hone_device *device, const hone_problem *problem, const hone_config *config) {
    for (int threads = 1; threads <= MOST_TRIED; threads++) {
        hone_space *space = NULL;
        hone_status status = device->backend->space(&space, device, problem, threads);
        if (!status)
            status = hone_space_check(space, config);
        hone_space_destroy(space);
        if (!status)
            return threads;
    }
    return 0;
}

/* A config's grid of threads is a matter of their number, which the broken rule alone does not tell. */
static hone_status explain_illegal(const hone_device *device, const hone_problem *problem,
                                   const hone_config *config, int threads) {
    char reason[400];
    snprintf(reason, sizeof reason, "%s", hone_error_detail());
    const int fewest = fewest_threads(device, problem, config);
    return fewest ? hone_fail(
                        HONE_E_USAGE,
                        "the config was made for another number of threads: it is legal for %d, this plan is "
                        "for %d; make it for as many, or look up a config for %d (%s)",
                        fewest, threads, threads, reason)
                  : hone_fail(HONE_E_USAGE, "%s", reason);
}

/* The config asked for, checked against the space; the default when NULL. */
static hone_status read_config(hone_config *out, const hone_device *device, const hone_problem *problem,
                               const char *text, int threads) {
    const hone_backend *backend = device->backend;
    if (!text)
        return backend->default_config(out, device, problem, threads, NULL);
    hone_space *space = NULL;
    hone_status status = hone_config_parse(out, text);
    if (!status)
        status = backend->space(&space, device, problem, threads);
    if (!status)
        status = hone_space_check(space, out);
    if (status == HONE_E_USAGE && space)
        status = explain_illegal(device, problem, out, threads);
    hone_space_destroy(space);
    return status;
}

hone_status hone_plan_create(hone_plan **out, hone_context *context, const char *device_name,
                             const hone_problem *problem, const char *config_text, int threads) {
    const hone_device *device;
    hone_status status = hone_problem_check(problem);
    if (status || (status = hone_context_device(&device, context, device_name)))
        return status;
    if (!device->backend->plan_create)
        return hone_fail(HONE_E_UNAVAILABLE, "the %s backend of this version has no kernels; use cpu",
                         device->backend->name);
    hone_plan *plan = calloc(1, sizeof *plan);
    if (!plan)
        return hone_fail(HONE_E_NOMEM, "no memory for a plan");
    plan->device = device;
    plan->problem = *problem;

    hone_pool *pool;
    hone_config config;
    if (threads == 0)
        threads = device->threads;
    if ((status = hone_context_pool(&pool, context, threads)) ||
        (status = read_config(&config, device, problem, config_text, threads)) ||
        (status = hone_config_format(plan->config, sizeof plan->config, &config)) ||
        (status = device->backend->plan_create(&plan->backend_plan, device, problem, &config, pool))) {
        hone_plan_destroy(plan);
        return status;
    }
    *out = plan;
    return HONE_OK;
}

void hone_plan_destroy(hone_plan *plan) {
    if (plan && plan->backend_plan)
        plan->device->backend->plan_destroy(plan->backend_plan);
    free(plan);
}

const char *hone_plan_config(const hone_plan *plan) { return plan->config; }

const hone_device *hone_plan_device(const hone_plan *plan) { return plan->device; }

double hone_plan_device_us(const hone_plan *plan) {
    const hone_backend *backend = plan->device->backend;
    return backend->device_us ? backend->device_us(plan->backend_plan) : NAN;
}

size_t hone_plan_workspace(const hone_plan *plan) {
    return plan->device->backend->workspace(plan->backend_plan);
}

size_t hone_plan_packed_size(const hone_plan *plan) {
    return plan->device->backend->packed_size(plan->backend_plan);
}

static hone_status check_weights(const hone_problem *p, int64_t ldb) {
    int64_t least = p->weights_transposed ? p->k : p->n;
    if (ldb < least)
        return hone_fail(HONE_E_USAGE, "ldb is %lld; rows of B have %lld elements", (long long)ldb,
                         (long long)least);
    return HONE_OK;
}

hone_status hone_plan_pack(void *packed, const hone_plan *plan, const void *b, int64_t ldb) {
    if (!packed || !b)
        return hone_fail(HONE_E_USAGE, "hone_plan_pack was given NULL");
    if (plan->problem.weights_plain)
        return hone_fail(HONE_E_USAGE, "the problem says that weights are plain; there is nothing to pack");
    if ((uintptr_t)packed % HONE_PACK_ALIGN)
        return hone_fail(HONE_E_USAGE, "the packed weights must be aligned to %d bytes", HONE_PACK_ALIGN);
    hone_status status = check_weights(&plan->problem, ldb);
    return status ? status : plan->device->backend->pack(packed, plan->backend_plan, b, ldb);
}

/* Sums are exact only for zero points inside A's type. */
static int zeros_outside(const hone_problem *p, const int32_t *zeros) {
    int32_t low = p->a_type == HONE_S8 ? -128 : 0;
    int64_t count = !zeros ? 0 : p->a_scale_per_row ? p->m : 1;
    for (int64_t i = 0; i < count; i++)
        if (zeros[i] < low || zeros[i] > low + 255)
            return 1;
    return 0;
}

/* What a problem needs of its arguments, one line a need. */
static hone_status check_args(const hone_problem *p, const hone_args *a) {
    int s8 = p->dtype == HONE_S8, out8 = p->c_type == HONE_S8 || p->c_type == HONE_U8;
    const struct {
        int missing;
        const char *what;
    } needs[] = {
        {!a->a, "a is NULL"},
        {!a->b, "b is NULL"},
        {!a->c, "c is NULL"},
        {a->lda < p->k, "lda is smaller than K"},
        {a->ldc < p->n, "ldc is smaller than N"},
        {p->bias && !a->bias, "bias is NULL, but the problem has a bias"},
        {hone_activation_info(p->act)->per_column && !a->alpha, "alpha is NULL, but prelu needs it"},
        {s8 && !a->a_scale, "a_scale is NULL, but s8 problems need it"},
        {s8 && !a->b_scale, "b_scale is NULL, but s8 problems need it"},
        {out8 && !(a->c_scale > 0), "c_scale must be positive for an 8-bit C"},
        {!p->weights_plain && (uintptr_t)a->b % HONE_PACK_ALIGN, "b is not aligned; it must come from pack"},
        {s8 && zeros_outside(p, a->a_zero), "a zero point of A is outside its type"},
        {p->c_type == HONE_S8 && (a->c_zero < -128 || a->c_zero > 127), "c_zero is outside s8"},
        {p->c_type == HONE_U8 && (a->c_zero < 0 || a->c_zero > 255), "c_zero is outside u8"},
    };
    for (size_t i = 0; i < sizeof needs / sizeof needs[0]; i++)
        if (needs[i].missing)
            return hone_fail(HONE_E_USAGE, "%s", needs[i].what);
    return p->weights_plain ? check_weights(p, a->ldb) : HONE_OK;
}

hone_status hone_plan_execute(hone_plan *plan, const hone_args *args) {
    hone_status status = check_args(&plan->problem, args);
    return status ? status : plan->device->backend->execute(plan->backend_plan, args);
}

hone_status hone_plan_batch(hone_batch **out, hone_plan *const *plans, const hone_args *args, int count,
                            int rounds) {
    const hone_backend *backend = plans[0]->device->backend;
    hone_status status = HONE_OK;
    if (!backend->batch_create)
        return hone_fail(HONE_E_UNAVAILABLE, "%s takes calls one by one", plans[0]->device->name);
    hone_backend_plan **inner = calloc((size_t)count, sizeof *inner);
    if (!inner)
        return hone_fail(HONE_E_NOMEM, "no memory for a batch of %d calls", count);
    for (int i = 0; i < count && !status; i++) {
        inner[i] = plans[i]->backend_plan;
        status = check_args(&plans[i]->problem, &args[i]);
    }
    if (!status)
        status = backend->batch_create(out, inner, args, count, rounds);
    free(inner);
    return status;
}

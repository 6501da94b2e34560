#include <stdlib.h>
#include <string.h>

#include "activation.h"
#include "cpu_device.h"
#include "cpu_emit.h"
#include "cpu_model.h"
#include "cpu_plan.h"
#include "cpu_pool.h"
#include "cpu_space.h"
#include "registry.h"

/* ---- a separate activation pass, for baselines */

typedef struct activate_job {
    const hone_problem *problem;
    const hone_isa_code *code;
    const float *x;
    int64_t ldx;
    const hone_args *args;
    size_t parts;
} activate_job;

static const hone_isa_code *best_code(void) {
    const hone_isa_code *best = NULL;
    for (const hone_cpu_isa *isa = hone_cpu_isas; isa->name; isa++)
        if (hone_cpu_isa_runs(isa))
            best = isa->code;
    return best;
}

/* A part of a pass: rows, or columns of all rows when there are fewer rows than parts. */
static void activate_part(void *context, size_t index) {
    const activate_job *job = context;
    const hone_problem *q = job->problem;
    const hone_args *args = job->args;
    int64_t parts = (int64_t)job->parts, part = (int64_t)index;
    int by_rows = q->m >= parts;
    int64_t row0 = by_rows ? q->m * part / parts : 0, row1 = by_rows ? q->m * (part + 1) / parts : q->m;
    int64_t first = by_rows ? 0 : q->n * part / parts, last = by_rows ? q->n : q->n * (part + 1) / parts;
    for (int64_t i = row0; i < row1 && first < last; i++) {
        hone_epilogue_args e = {
            .acc = job->x + i * job->ldx + first,
            .acc_ld = job->ldx,
            .columns = (int)(last - first),
            .c = (char *)args->c + (size_t)(i * args->ldc + first) * hone_dtype_size(q->c_type),
            .ldc = args->ldc,
            .c_type = hone_cpu_c_type(q->c_type),
            .bias = q->bias ? args->bias + first : NULL,
            .alpha = hone_activation_info(q->act)->per_column ? args->alpha + first : NULL,
            .p = (float)q->act_params[0],
            .q = (float)q->act_params[1],
            .c_inverse = 1.0f / args->c_scale,
            .c_zero = args->c_zero,
        };
        job->code->epilogues[hone_cpu_form(q->c_type)][q->act](&e, 0, 1);
    }
}

static void activate(const hone_device *device, const hone_problem *problem, const float *x, int64_t ldx,
                     const hone_args *args, hone_pool *pool) {
    (void)device;
    activate_job job = {problem, best_code(), x, ldx, args, (size_t)hone_pool_threads(pool)};
    hone_pool_run(pool, activate_part, &job, job.parts);
}

/* ---- the arithmetic limit */

typedef struct peak_job {
    const hone_variant *variant;
    int64_t rounds;
} peak_job;

static void peak_task(void *context, size_t index) {
    (void)index;
    const peak_job *job = context;
    job->variant->peak(job->rounds);
}

static double peak_run(const hone_device *device, hone_dtype dtype, hone_pool *pool, int64_t rounds) {
    (void)device;
    const char *kind = hone_dtype_name(dtype);
    const hone_variant *best = NULL;
    for (int i = 0; kind && hone_cpu_variants[i]; i++) {
        const hone_variant *v = hone_cpu_variants[i];
        /* 16-bit kinds that widen to f32 are bounded by its rate, not by their conversions. */
        if (hone_cpu_variant_is_dot(v))
            continue;
        int native = strcmp(v->kind, kind) == 0 && (dtype == HONE_F32 || v->a_type != HONE_A_F32);
        int widened = (dtype == HONE_F16 || dtype == HONE_BF16) && strcmp(v->kind, "f32") == 0;
        if ((native || widened) && hone_cpu_isa_runs(hone_cpu_isa_find(v->isa)))
            best = v;
    }
    if (!best)
        return 0;
    peak_job job = {best, rounds};
    size_t threads = (size_t)hone_pool_threads(pool);
    hone_pool_run(pool, peak_task, &job, threads);
    return (double)rounds * best->peak_products * 2 * (double)threads;
}

/* ---- the bandwidth limit */

typedef struct read_job {
    const hone_isa_code *code;
    const hone_span *spans;
    int count;
    int64_t passes, parts;
    int fetches;
} read_job;

static void read_task(void *context, size_t index) {
    const read_job *job = context;
    const int64_t part = (int64_t)index;
    for (int64_t pass = 0; pass < job->passes; pass++)
        for (int i = 0; i < job->count; i++) {
            const int64_t lines = (int64_t)(job->spans[i].bytes / HONE_LINE),
                          first = hone_read_begin(lines, job->parts, part),
                          end = hone_read_begin(lines, job->parts, part + 1);
            job->code->read((const char *)job->spans[i].from + first * HONE_LINE, end - first, job->fetches);
        }
}

/* Fetching ahead in odd turns: which is faster differs between processors (on Zen 3 fetching takes a quarter
 * of the bandwidth). */
static double read_run(const hone_device *device, hone_pool *pool, const hone_span *spans, int count,
                       int64_t passes, int64_t turn) {
    (void)device;
    double bytes = 0;
    read_job job = {best_code(), spans, count, passes, hone_pool_threads(pool), turn % 2 != 0};
    hone_pool_run(pool, read_task, &job, (size_t)job.parts);
    for (int i = 0; i < count; i++)
        bytes += (double)(spans[i].bytes / HONE_LINE * HONE_LINE);
    return bytes * (double)passes;
}

const hone_backend hone_backend_cpu = {
    .name = "cpu",
    .devices = hone_cpu_devices,
    .space = hone_cpu_space,
    .default_config = hone_cpu_default_config,
    .lower_bound = hone_cpu_lower_bound,
    .cost = hone_cpu_cost,
    .plan_create = hone_cpu_plan_create,
    .plan_destroy = hone_cpu_plan_destroy,
    .packed_size = hone_cpu_packed_size,
    .workspace = hone_cpu_plan_workspace,
    .pack = hone_cpu_pack,
    .execute = hone_cpu_execute,
    .emit = hone_cpu_emit,
    .activate = activate,
    .peak_run = peak_run,
    .read_run = read_run,
    .code_paths = hone_cpu_code_paths,
};

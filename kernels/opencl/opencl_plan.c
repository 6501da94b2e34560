#include "opencl_plan.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "activation.h"
#include "opencl_memory.h"
#include "opencl_program.h"
#include "status.h"

/* hone_call of operands.cl: whole words of its largest member on both sides. */
typedef struct call {
    cl_long lda, ldb, ldc, column_sums;
    cl_int m, n, k, c_zero;
    cl_float p, q, c_inverse;
    cl_int panel_columns, panel_rows, copy_depth;
} call;

/* The two programs of a plan, and their kernels, of which it makes those that it runs. */
enum { GEMM_PROGRAM, PACK_PROGRAM, PROGRAMS };
enum { GEMM, REDUCE, COPY_A, PACK_ROWS, PACK_COLUMNS, SUM_COLUMNS, KERNELS };
static const struct {
    const char *name;
    int program;
} kernels[KERNELS] = {[GEMM] = {"gemm", GEMM_PROGRAM},
                      [REDUCE] = {"reduce", GEMM_PROGRAM},
                      [COPY_A] = {"copy_a", PACK_PROGRAM},
                      [PACK_ROWS] = {"pack_rows", PACK_PROGRAM},
                      [PACK_COLUMNS] = {"pack_columns", PACK_PROGRAM},
                      [SUM_COLUMNS] = {"sum_columns", PACK_PROGRAM}};
static hone_source_write *const writers[PROGRAMS] = {hone_opencl_write_gemm, hone_opencl_write_pack};

enum { ID_BYTES = HONE_PACK_ALIGN };

/* Work-items of a group of the small kernels: along columns, and of simple_range along rows too. */
enum { GROUP_ITEMS = 64, GROUP_X = 16, GROUP_Y = 4 };

/* Groups of k that a work-item of copy_a does: a CPU takes as long to start one as to copy a hundred words.
 */
enum { CPU_COPY_DEPTH = 256, COPY_DEPTH = 16 };

typedef struct range {
    size_t global[3], local[3];
} range;

struct hone_backend_plan {
    hone_problem problem;
    hone_opencl_config config;
    hone_opencl_device *device;
    cl_command_queue queue;
    cl_program programs[PROGRAMS];
    cl_kernel kernels[KERNELS];
    int64_t depth, panels, panel;
    size_t panels_size, sums_size; /* of packed weights, each a multiple of HONE_PACK_ALIGN */
    size_t workspace;              /* hone_plan_workspace */
    hone_opencl_matrix a, b, c;
    cl_mem copied_a, split_sums, packed; /* NULL where there is none */
    float *vectors;                      /* what the device's copy holds, or is */
    size_t vectors_size;
    int32_t *no_zeros; /* as many zeros as A has zero points, for calls without */
    hone_opencl_matrix vectors_device;
    cl_event first, last; /* of the latest call */
};

static size_t aligned(size_t bytes) {
    return (bytes + HONE_PACK_ALIGN - 1) / HONE_PACK_ALIGN * HONE_PACK_ALIGN;
}

static int64_t row_values(const hone_problem *p) { return p->a_scale_per_row ? p->m : 1; }

static int is_needed(const hone_backend_plan *p, int kernel) {
    const int packs = kernel == (p->problem.weights_transposed ? PACK_COLUMNS : PACK_ROWS);
    const int needed[KERNELS] = {
        [GEMM] = 1,          [REDUCE] = p->config.ks > 1, [COPY_A] = p->config.copy_a,
        [PACK_ROWS] = packs, [PACK_COLUMNS] = packs,      [SUM_COLUMNS] = p->problem.dtype == HONE_S8};
    return needed[kernel];
}

/* What the kernel needs of registers may leave room for fewer work-items. Said here, because a call that
 * fails is taken for a device that does. */
static hone_status check_group(const hone_backend_plan *p) {
    const size_t items = (size_t)(p->config.lx * p->config.ly);
    size_t most;
    cl_int error = clGetKernelWorkGroupInfo(p->kernels[GEMM], p->device->id, CL_KERNEL_WORK_GROUP_SIZE,
                                            sizeof most, &most, NULL);
    if (error)
        return hone_opencl_fail(error, "ask for a kernel's limits");
    return items <= most
               ? HONE_OK
               : hone_fail(HONE_E_UNAVAILABLE,
                           "the kernel runs in groups of at most %zu work-items, not of %zu", most, items);
}

static hone_status create_kernels(hone_backend_plan *p) {
    const hone_opencl_source source = {p->device, &p->problem, &p->config};
    cl_int error;
    hone_status status = HONE_OK;
    for (int i = 0; i < PROGRAMS && !status; i++)
        status = hone_opencl_compile(&p->programs[i], p->device, writers[i], &source);
    for (int i = 0; i < KERNELS && !status; i++)
        if (is_needed(p, i) &&
            !(p->kernels[i] = clCreateKernel(p->programs[kernels[i].program], kernels[i].name, &error)))
            status = hone_opencl_fail(error, "make a kernel");
    return status ? status : check_group(p);
}

/* Everything but the caller's matrices, and on a device with memory of its own room for these. */
static hone_status create_buffers(hone_backend_plan *p) {
    const hone_problem *q = &p->problem;
    const hone_opencl_config *c = &p->config;
    const size_t rows = (size_t)hone_opencl_panel_rows(c), panels = ((size_t)q->m + rows - 1) / rows;
    const size_t outputs = (size_t)(q->m * q->n);
    const size_t packed = p->panels_size + p->sums_size;
    const struct {
        int needed;
        cl_mem *to;
        size_t bytes;
    } buffers[] = {
        {c->copy_a, &p->copied_a, panels * rows * (size_t)p->depth * 4},
        {c->ks > 1, &p->split_sums, outputs * (size_t)c->ks * 4},
        {(q->weights_plain && c->pack) || !p->device->in_place, &p->packed, packed},
        {!p->device->in_place, &p->a.buffer, (size_t)(q->m * q->k) * hone_dtype_size(q->a_type)},
        {!p->device->in_place && q->weights_plain, &p->b.buffer,
         (size_t)(q->k * q->n) * hone_dtype_size(q->dtype)},
        {!p->device->in_place, &p->c.buffer, outputs * hone_dtype_size(q->c_type)},
        {!p->device->in_place, &p->vectors_device.buffer, p->vectors_size},
    };
    for (size_t i = 0; i < sizeof buffers / sizeof buffers[0]; i++) {
        hone_status status =
            buffers[i].needed ? hone_opencl_allocate(buffers[i].to, p->device, buffers[i].bytes) : HONE_OK;
        if (status)
            return status;
        p->workspace += buffers[i].needed ? buffers[i].bytes : 0;
    }
    p->vectors = aligned_alloc(HONE_PACK_ALIGN, p->vectors_size);
    p->no_zeros = calloc((size_t)row_values(q), sizeof *p->no_zeros);
    if (!p->vectors || !p->no_zeros)
        return hone_fail(HONE_E_NOMEM, "no memory for a plan");
    memset(p->vectors, 0, p->vectors_size);
    return HONE_OK;
}

hone_status hone_opencl_plan_create(hone_backend_plan **out, const hone_device *device,
                                    const hone_problem *problem, const hone_config *config, hone_pool *pool) {
    (void)pool;
    hone_backend_plan *p = calloc(1, sizeof *p);
    if (!p)
        return hone_fail(HONE_E_NOMEM, "no memory for a plan");
    cl_int error;
    hone_status status;
    p->problem = *problem;
    if ((status = hone_opencl_open(&p->device, device)) ||
        (status = hone_opencl_config_read(&p->config, config)))
        goto fail;
    if (p->config.weights->group == 4 && hone_opencl_dot4(p->device) <= HONE_DOT4_NONE) {
        status = hone_fail(HONE_E_UNAVAILABLE, "%s has no instruction for wtype=s8x4", device->name);
        goto fail;
    }
    p->depth = hone_opencl_depth(&p->config, problem->k);
    p->panel = hone_opencl_panel(&p->config);
    p->panels = hone_opencl_pieces(problem->n, p->panel);
    p->panels_size = aligned((size_t)(p->panels * p->panel * p->depth) * (size_t)p->config.weights->bytes);
    p->sums_size = problem->dtype == HONE_S8 ? aligned((size_t)problem->n * sizeof(cl_int)) : 0;
    p->vectors_size = aligned((size_t)(3 * problem->n + 2 * row_values(problem)) * sizeof(float));
    p->queue = clCreateCommandQueue(p->device->context, p->device->id, CL_QUEUE_PROFILING_ENABLE, &error);
    if (!p->queue) {
        status = hone_opencl_fail(error, "make a queue");
        goto fail;
    }
    if ((status = create_kernels(p)) || (status = create_buffers(p)))
        goto fail;
    *out = p;
    return HONE_OK;

fail:
    hone_opencl_plan_destroy(p);
    return status;
}

static void forget_events(hone_backend_plan *p) {
    if (p->first)
        clReleaseEvent(p->first);
    if (p->last && p->last != p->first)
        clReleaseEvent(p->last);
    p->first = p->last = NULL;
}

void hone_opencl_plan_destroy(hone_backend_plan *p) {
    if (!p)
        return;
    forget_events(p);
    for (int i = 0; i < KERNELS; i++)
        if (p->kernels[i])
            clReleaseKernel(p->kernels[i]);
    cl_mem *const own[] = {&p->copied_a, &p->split_sums, &p->packed};
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
        if (*own[i])
            clReleaseMemObject(*own[i]);
    hone_opencl_matrix_clear(&p->a);
    hone_opencl_matrix_clear(&p->b);
    hone_opencl_matrix_clear(&p->c);
    hone_opencl_matrix_clear(&p->vectors_device);
    for (int i = 0; i < PROGRAMS; i++)
        if (p->programs[i])
            clReleaseProgram(p->programs[i]);
    if (p->queue)
        clReleaseCommandQueue(p->queue);
    free(p->vectors);
    free(p->no_zeros);
    free(p);
}

/* ---- running kernels */

static size_t round_up(int64_t count, size_t unit) { return ((size_t)count + unit - 1) / unit * unit; }

/* A kernel over a grid of items, in groups that suit the device: alone, or as many as share its loads. */
static range simple_range(const hone_backend_plan *p, int64_t x, int64_t y) {
    const int alone = p->device->is_cpu || p->device->most_group < GROUP_X * GROUP_Y;
    const size_t lx = alone ? 1 : GROUP_X, ly = alone ? 1 : GROUP_Y;
    return (range){{round_up(x, lx), round_up(y, ly), 1}, {lx, ly, 1}};
}

typedef struct argument {
    size_t bytes;
    const void *value;
} argument;

/* `event`: where a profiled call keeps its first and last; NULL: not wanted. */
static hone_status run_kernel(cl_command_queue queue, cl_kernel kernel, const range *r,
                              const argument *arguments, int count, hone_backend_plan *profiled) {
    cl_event event = NULL;
    cl_int error = CL_SUCCESS;
    for (int i = 0; i < count && !error; i++)
        error = clSetKernelArg(kernel, (cl_uint)i, arguments[i].bytes, arguments[i].value);
    if (error)
        return hone_opencl_fail(error, "set a kernel's argument");
    error = clEnqueueNDRangeKernel(queue, kernel, 3, NULL, r->global, r->local, 0, NULL,
                                   profiled ? &event : NULL);
    if (error)
        return hone_opencl_fail(error, "start a kernel");
    if (profiled) {
        if (profiled->last && profiled->last != profiled->first)
            clReleaseEvent(profiled->last);
        profiled->last = event;
        if (!profiled->first)
            profiled->first = event;
    }
    return HONE_OK;
}

static hone_status run_pack(const hone_backend_plan *p, hone_backend_plan *profiled, cl_mem packed, cl_mem b,
                            const call *values) {
    const hone_problem *q = &p->problem;
    const int transposed = q->weights_transposed;
    const argument arguments[] = {{sizeof packed, &packed}, {sizeof b, &b}, {sizeof *values, values}};
    const size_t group = p->device->most_group < GROUP_ITEMS ? p->device->most_group : GROUP_ITEMS;
    const range grid = {{round_up(p->panels * p->panel, group), (size_t)p->depth, 1}, {group, 1, 1}};
    hone_status status = run_kernel(p->queue, p->kernels[transposed ? PACK_COLUMNS : PACK_ROWS], &grid,
                                    arguments, 3, profiled);
    if (status || q->dtype != HONE_S8)
        return status;
    const cl_long step = transposed ? 1 : values->ldb, next = transposed ? values->ldb : 1;
    const argument summed[] = {
        arguments[0], arguments[1], arguments[2], {sizeof step, &step}, {sizeof next, &next}};
    const range columns = {{round_up(q->n, group), 1, 1}, {group, 1, 1}};
    return run_kernel(p->queue, p->kernels[SUM_COLUMNS], &columns, summed, 5, profiled);
}

static call call_values(const hone_backend_plan *p) {
    const hone_problem *q = &p->problem;
    return (call){.column_sums = (cl_long)p->panels_size,
                  .m = (cl_int)q->m,
                  .n = (cl_int)q->n,
                  .k = (cl_int)q->k,
                  .panel_columns = (cl_int)p->panel,
                  .panel_rows = hone_opencl_panel_rows(&p->config),
                  .copy_depth = p->device->is_cpu ? CPU_COPY_DEPTH : COPY_DEPTH,
                  .p = (float)q->act_params[0],
                  .q = (float)q->act_params[1]};
}

static hone_opencl_rows rows_of_b(const hone_problem *q, const void *b, int64_t ldb) {
    return (hone_opencl_rows){(void *)(uintptr_t)b, q->weights_transposed ? q->n : q->k,
                              q->weights_transposed ? q->k : q->n, ldb, hone_dtype_size(q->dtype)};
}

/* ---- packing */

size_t hone_opencl_plan_workspace(const hone_backend_plan *p) { return p->workspace; }

size_t hone_opencl_packed_size(const hone_backend_plan *p) {
    return p->problem.weights_plain ? 0 : p->panels_size + p->sums_size + ID_BYTES;
}

/* Packed weights end in a number that no others of the process have: the device's copy is known by it. */
static uint64_t *packed_id(const hone_backend_plan *p, const void *packed) {
    return (uint64_t *)(uintptr_t)((const char *)packed + p->panels_size + p->sums_size);
}

hone_status hone_opencl_pack(void *packed, const hone_backend_plan *p, const void *b, int64_t ldb) {
    static atomic_uint_fast64_t packs;
    const hone_problem *q = &p->problem;
    const size_t bytes = p->panels_size + p->sums_size;
    const hone_opencl_rows from = rows_of_b(q, b, ldb), to = {packed, 1, (int64_t)bytes, (int64_t)bytes, 1};
    hone_opencl_matrix source = {0}, target = {0};
    call values = call_values(p);
    int64_t ld, unused;
    hone_status status = HONE_OK;
    memset(packed, 0, bytes + ID_BYTES);
    if (!p->device->in_place &&
        ((status = hone_opencl_allocate(&target.buffer, p->device, bytes)) ||
         (status = hone_opencl_allocate(&source.buffer, p->device,
                                        (size_t)(q->k * q->n) * hone_dtype_size(q->dtype)))))
        goto done;
    if ((status = hone_opencl_bind(&ld, &source, p->device, p->queue, &from, 1)) ||
        (status = hone_opencl_bind(&unused, &target, p->device, p->queue, &to, 0)))
        goto done;
    values.ldb = ld;
    if ((status = run_pack(p, NULL, target.buffer, source.buffer, &values)))
        goto done;
    status = hone_opencl_fetch(&target, p->device, p->queue, &to);
    *packed_id(p, packed) = atomic_fetch_add(&packs, 1) + 1;

done:
    clFinish(p->queue);
    hone_opencl_matrix_clear(&source);
    hone_opencl_matrix_clear(&target);
    return status;
}

/* ---- executing */

/* The small operands, in one buffer: see VECTOR_BIAS and others in operands.cl. */
static hone_status bind_vectors(hone_backend_plan *p, const hone_args *args) {
    const hone_problem *q = &p->problem;
    const size_t n = (size_t)q->n, rows = (size_t)row_values(q);
    const struct {
        const void *from;
        size_t count;
    } parts[] = {{q->bias ? args->bias : NULL, n},
                 {hone_activation_info(q->act)->per_column ? args->alpha : NULL, n},
                 {q->dtype == HONE_S8 ? args->b_scale : NULL, n},
                 {q->dtype == HONE_S8 ? args->a_scale : NULL, rows},
                 {args->a_zero ? args->a_zero : p->no_zeros, q->dtype == HONE_S8 ? rows : 0}};
    int changed = !p->vectors_device.host;
    float *to = p->vectors;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; to += parts[i++].count) {
        const size_t bytes = parts[i].count * sizeof *to;
        if (parts[i].from && memcmp(to, parts[i].from, bytes) != 0) {
            memcpy(to, parts[i].from, bytes);
            changed = 1;
        }
    }
    int64_t ld;
    const hone_opencl_rows rows_of = {p->vectors, 1, (int64_t)p->vectors_size, (int64_t)p->vectors_size, 1};
    hone_status status = hone_opencl_bind(&ld, &p->vectors_device, p->device, p->queue, &rows_of, changed);
    p->vectors_device.host = p->vectors;
    return status;
}

/* Weights as gemm reads them: packed by this call, wrapped, or the device's copy of what was packed. */
static hone_status bind_weights(cl_mem *out, hone_backend_plan *p, const hone_args *args, call *values) {
    const hone_problem *q = &p->problem;
    int64_t ld;
    hone_status status;
    if (q->weights_plain) {
        const hone_opencl_rows rows = rows_of_b(q, args->b, args->ldb);
        *out = p->packed;
        if ((status = hone_opencl_bind(&ld, &p->b, p->device, p->queue, &rows, 1)))
            return status;
        values->ldb = ld;
        if (p->config.pack)
            return run_pack(p, p, p->packed, p->b.buffer, values);
        *out = p->b.buffer;
        return HONE_OK;
    }
    const size_t bytes = p->panels_size + p->sums_size;
    const hone_opencl_rows rows = {(void *)(uintptr_t)args->b, 1, (int64_t)bytes, (int64_t)bytes, 1};
    if (p->device->in_place) {
        status = hone_opencl_bind(&ld, &p->b, p->device, p->queue, &rows, 0);
        *out = p->b.buffer;
        return status;
    }
    const uint64_t id = *packed_id(p, args->b);
    hone_opencl_matrix packed = {.buffer = p->packed};
    *out = p->packed;
    status = hone_opencl_bind(&ld, &packed, p->device, p->queue, &rows, id != p->b.id);
    p->b.id = status ? 0 : id;
    return status;
}

static hone_status run_copy(hone_backend_plan *p, const call *values) {
    const argument arguments[] = {
        {sizeof p->copied_a, &p->copied_a}, {sizeof p->a.buffer, &p->a.buffer}, {sizeof *values, values}};
    const range grid = simple_range(p, hone_opencl_pieces(p->depth, values->copy_depth),
                                    hone_opencl_pieces(p->problem.m, hone_opencl_panel_rows(&p->config)));
    return run_kernel(p->queue, p->kernels[COPY_A], &grid, arguments, 3, p);
}

static hone_status run_gemm(hone_backend_plan *p, cl_mem b, const call *values) {
    const hone_opencl_config *c = &p->config;
    const cl_mem a = c->copy_a ? p->copied_a : p->a.buffer, sums = p->split_sums;
    const size_t groups_m = (size_t)hone_opencl_pieces(p->problem.m, (int64_t)c->mr * c->ly * c->tm);
    const size_t items = (size_t)(c->lx * c->ly);
    const size_t x = c->inner_n ? (size_t)p->panels : groups_m, y = c->inner_n ? groups_m : (size_t)p->panels;
    const range grid = {{x * items, y, (size_t)c->ks}, {items, 1, 1}};
    const argument arguments[] = {{sizeof a, &a},
                                  {sizeof b, &b},
                                  {sizeof p->c.buffer, &p->c.buffer},
                                  {sizeof p->vectors_device.buffer, &p->vectors_device.buffer},
                                  {sizeof sums, sums ? &sums : NULL},
                                  {sizeof *values, values}};
    hone_status status = run_kernel(p->queue, p->kernels[GEMM], &grid, arguments, 6, p);
    if (status || c->ks == 1)
        return status;
    const argument reduced[] = {arguments[1], arguments[2], arguments[3], arguments[4], arguments[5]};
    const range vectors = simple_range(p, hone_opencl_pieces(p->problem.n, c->vec), p->problem.m);
    return run_kernel(p->queue, p->kernels[REDUCE], &vectors, reduced, 5, p);
}

static hone_status enqueue_call(hone_backend_plan *p, const hone_args *args, const hone_opencl_rows *c) {
    const hone_problem *q = &p->problem;
    const hone_opencl_rows a = {(void *)(uintptr_t)args->a, q->m, q->k, args->lda,
                                hone_dtype_size(q->a_type)};
    call values = call_values(p);
    int64_t lda, ldc;
    cl_mem b;
    hone_status status;
    values.c_inverse = 1.0f / args->c_scale;
    values.c_zero = args->c_zero;
    if ((status = bind_vectors(p, args)) ||
        (status = hone_opencl_bind(&lda, &p->a, p->device, p->queue, &a, 1)) ||
        (status = hone_opencl_bind(&ldc, &p->c, p->device, p->queue, c, 0)))
        return status;
    values.lda = lda;
    values.ldc = ldc;
    if ((status = bind_weights(&b, p, args, &values)) ||
        (p->config.copy_a && (status = run_copy(p, &values))))
        return status;
    return run_gemm(p, b, &values);
}

/* A kernel that fails while it runs says so in its event alone. */
static hone_status check_last(const hone_backend_plan *p) {
    cl_int state = CL_COMPLETE;
    const cl_int error =
        clGetEventInfo(p->last, CL_EVENT_COMMAND_EXECUTION_STATUS, sizeof state, &state, NULL);
    return error || state < 0 ? hone_opencl_fail(error ? error : state, "run a kernel") : HONE_OK;
}

hone_status hone_opencl_execute(hone_backend_plan *p, const hone_args *args) {
    const hone_problem *q = &p->problem;
    const hone_opencl_rows c = {args->c, q->m, q->n, args->ldc, hone_dtype_size(q->c_type)};
    forget_events(p);
    hone_status status = enqueue_call(p, args, &c);
    if (!status)
        status = hone_opencl_fetch(&p->c, p->device, p->queue, &c);
    if (!status)
        status = check_last(p);
    if (status) {
        clFinish(p->queue); /* nothing reads the caller's memory after a failure */
        p->b.id = 0;        /* nor may the weights have arrived */
        p->vectors_device.host = NULL;
    }
    return status;
}

double hone_opencl_device_us(const hone_backend_plan *p) {
    cl_ulong start, end;
    if (!p->first ||
        clGetEventProfilingInfo(p->first, CL_PROFILING_COMMAND_START, sizeof start, &start, NULL) ||
        clGetEventProfilingInfo(p->last, CL_PROFILING_COMMAND_END, sizeof end, &end, NULL))
        return NAN;
    return 1e-3 * (double)(end - start);
}

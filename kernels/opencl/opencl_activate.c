/* The separate pass between matrices of the host. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "activation.h"
#include "opencl_memory.h"
#include "opencl_pass.h"

/* What the pass of a problem runs with. */
typedef struct kept_pass {
    hone_opencl_device *device; /* NULL: nothing kept */
    hone_problem problem;
    hone_opencl_pass *pass;
    cl_command_queue queue;
    hone_opencl_matrix x, c, vectors_device;
    float *vectors; /* 2 N: bias, slopes */
} kept_pass;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static kept_pass latest; /* under the lock */

static size_t vectors_bytes(const hone_problem *p) { return 2 * (size_t)p->n * sizeof(float); }

static void forget(kept_pass *k) {
    hone_opencl_pass_destroy(k->pass);
    hone_opencl_matrix_clear(&k->x);
    hone_opencl_matrix_clear(&k->c);
    hone_opencl_matrix_clear(&k->vectors_device);
    if (k->queue)
        clReleaseCommandQueue(k->queue);
    free(k->vectors);
    *k = (kept_pass){0};
}

/* Whether a pass for one problem is one for another. */
static int suits(const hone_problem *a, const hone_problem *b) {
    return a->act == b->act && a->act_params[0] == b->act_params[0] && a->act_params[1] == b->act_params[1] &&
           a->bias == b->bias && a->c_type == b->c_type && a->m == b->m && a->n == b->n;
}

static hone_status allocate(kept_pass *k) {
    const hone_problem *p = &k->problem;
    const size_t outputs = (size_t)(p->m * p->n);
    hone_status status;
    k->vectors = calloc(1, vectors_bytes(p));
    if (!k->vectors)
        return hone_fail(HONE_E_NOMEM, "no memory for an activation pass");
    if (k->device->in_place)
        return HONE_OK;
    if ((status = hone_opencl_allocate(&k->x.buffer, k->device, outputs * sizeof(float))) ||
        (status = hone_opencl_allocate(&k->c.buffer, k->device, outputs * hone_dtype_size(p->c_type))))
        return status;
    return hone_opencl_allocate(&k->vectors_device.buffer, k->device, vectors_bytes(p));
}

static hone_status prepare(kept_pass *k, const hone_device *device, const hone_problem *problem) {
    hone_opencl_device *d;
    cl_int error;
    hone_status status = hone_opencl_open(&d, device);
    if (status || (k->device == d && suits(&k->problem, problem)))
        return status;
    forget(k);
    k->device = d;
    k->problem = *problem;
    k->queue = clCreateCommandQueue(d->context, d->id, 0, &error);
    status =
        k->queue ? hone_opencl_pass_create(&k->pass, d, problem) : hone_opencl_fail(error, "make a queue");
    if (!status)
        status = allocate(k);
    if (status)
        forget(k);
    return status;
}

static hone_status bind_vectors(kept_pass *k, const hone_args *args) {
    const size_t n = (size_t)k->problem.n;
    const hone_opencl_rows rows = {k->vectors, 1, 2 * k->problem.n, 2 * k->problem.n, sizeof(float)};
    int64_t ld;
    if (k->problem.bias)
        memcpy(k->vectors, args->bias, n * sizeof(float));
    if (hone_activation_info(k->problem.act)->per_column)
        memcpy(k->vectors + n, args->alpha, n * sizeof(float));
    return hone_opencl_bind(&ld, &k->vectors_device, k->device, k->queue, &rows, 1);
}

/* X is C itself or apart. */
static hone_status run(kept_pass *k, const float *x, int64_t ldx, const hone_args *args) {
    const hone_problem *p = &k->problem;
    const hone_opencl_rows from = {(void *)(uintptr_t)x, p->m, p->n, ldx, sizeof(float)},
                           to = {args->c, p->m, p->n, args->ldc, hone_dtype_size(p->c_type)};
    const int in_place = x == args->c;
    hone_opencl_matrix *source = in_place ? &k->c : &k->x;
    hone_opencl_pass_operands operands = {.c_scale = args->c_scale, .c_zero = args->c_zero};
    hone_status status;
    if ((status = hone_opencl_bind(&operands.ldc, &k->c, k->device, k->queue, &to, in_place)) ||
        (status = hone_opencl_bind(&operands.ldx, source, k->device, k->queue, &from, !in_place)) ||
        (status = bind_vectors(k, args)))
        return status;
    operands.x = source->buffer;
    operands.c = k->c.buffer;
    operands.vectors = k->vectors_device.buffer;
    status = hone_opencl_pass_enqueue(k->pass, k->queue, &operands);
    return status ? status : hone_opencl_fetch(&k->c, k->device, k->queue, &to);
}

void hone_opencl_activate(const hone_device *device, const hone_problem *problem, const float *x, int64_t ldx,
                          const hone_args *args, hone_pool *pool) {
    (void)pool;
    pthread_mutex_lock(&lock);
    if (!prepare(&latest, device, problem) && run(&latest, x, ldx, args))
        clFinish(latest.queue); /* nothing reads the caller's memory after a failure */
    pthread_mutex_unlock(&lock);
}

#include "opencl_peak.h"

#include <pthread.h>
#include <string.h>

#include "embedded.h"
#include "opencl_memory.h"
#include "opencl_program.h"

enum { CHAINS = 12, ABREAST = 4, CPU_ITEMS = 8, OTHER_GROUPS = 8, OTHER_GROUP = 256 };

/* What runs on a device; NULL: not made yet. */
typedef struct limits {
    hone_opencl_device *device;
    int dot4; /* the arithmetic is that of dot4.cl */
    cl_program program;
    cl_kernel multiply, read;
    cl_command_queue queue;
    cl_mem out;
    hone_opencl_matrix memory; /* that is read */
} limits;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static limits latest; /* under the lock */

static int lanes_of(const hone_opencl_device *d) { return d->is_cpu ? d->lanes : 4; }

static size_t group_of(const hone_opencl_device *d) {
    return d->is_cpu ? 1 : d->most_group < OTHER_GROUP ? d->most_group : OTHER_GROUP;
}

static size_t items_of(const hone_opencl_device *d) {
    return (size_t)d->units * (d->is_cpu ? CPU_ITEMS : OTHER_GROUPS * group_of(d));
}

static size_t vector_bytes(const hone_opencl_device *d) { return (size_t)lanes_of(d) * 4; }

static void write_program(FILE *out, const void *what) {
    const limits *l = what;
    const int vnni = l->dot4 && l->device->dot4 == HONE_DOT4_AVX512VNNI;
    fprintf(out,
            "#define VEC_LANES %d\n#define CHAINS %d\n#define ABREAST %d\n#define BLOCKED %d\n"
            "#define PRODUCT_DOT4 %d\n#define DOT4_AVX512VNNI %d\n#define DOT4_PTX %d\n"
            "#define A_TYPE TYPE_S8\n#define SHIFT_A %d\n#define FUSED %d\n",
            lanes_of(l->device), CHAINS, ABREAST, l->device->is_cpu, l->dot4, vnni,
            l->dot4 && l->device->dot4 == HONE_DOT4_PTX, vnni ? 128 : 0, l->device->fuses);
    hone_embedded_write(out, "peak.cl");
}

static void forget(limits *l) {
    hone_opencl_matrix_clear(&l->memory);
    if (l->out)
        clReleaseMemObject(l->out);
    if (l->queue)
        clReleaseCommandQueue(l->queue);
    if (l->read)
        clReleaseKernel(l->read);
    if (l->multiply)
        clReleaseKernel(l->multiply);
    if (l->program)
        clReleaseProgram(l->program);
    *l = (limits){0};
}

/* Whether `latest` is of the device and arithmetic. */
static int prepare(const hone_device *device, int dot4) {
    limits *l = &latest;
    hone_opencl_device *d;
    cl_int error;
    if (hone_opencl_open(&d, device))
        return 0;
    dot4 = dot4 && hone_opencl_dot4(d) > HONE_DOT4_NONE;
    if (l->device == d && l->dot4 == dot4)
        return 1;
    forget(l);
    l->device = d;
    l->dot4 = dot4;
    if (!hone_opencl_compile(&l->program, d, write_program, l) &&
        (l->multiply = clCreateKernel(l->program, "multiply_add", &error)) &&
        (l->read = clCreateKernel(l->program, "read_memory", &error)) &&
        (l->queue = clCreateCommandQueue(d->context, d->id, 0, &error)) &&
        !hone_opencl_allocate(&l->out, d, items_of(d) * vector_bytes(d)))
        return 1;
    forget(l);
    return 0;
}

static int enqueue(limits *l, cl_kernel kernel) {
    const size_t global = items_of(l->device), local = group_of(l->device);
    return !clSetKernelArg(kernel, 0, sizeof l->out, &l->out) &&
           !clEnqueueNDRangeKernel(l->queue, kernel, 1, NULL, &global, &local, 0, NULL, NULL);
}

/* ---- arithmetic */

static double multiply(limits *l, cl_long rounds) {
    const int products = l->dot4 ? 4 : 1;
    if (clSetKernelArg(l->multiply, 1, sizeof rounds, &rounds) || !enqueue(l, l->multiply) ||
        clFinish(l->queue))
        return 0;
    return 2.0 * products * CHAINS * lanes_of(l->device) * (double)items_of(l->device) * (double)rounds;
}

double hone_opencl_peak_run(const hone_device *device, hone_dtype dtype, hone_pool *pool, int64_t rounds) {
    (void)pool;
    if (dtype != HONE_F32 && dtype != HONE_S8)
        return 0; /* products of 16-bit types are summed in f32 */
    pthread_mutex_lock(&lock);
    const double done = prepare(device, dtype == HONE_S8) ? multiply(&latest, rounds) : 0;
    pthread_mutex_unlock(&lock);
    return done;
}

/* ---- memory */

/* The span itself, or as much of the device's own memory. */
static int bind_span(limits *l, const hone_span *span) {
    const hone_opencl_rows rows = {(void *)(uintptr_t)span->from, 1, (int64_t)span->bytes,
                                   (int64_t)span->bytes, 1};
    int64_t ld;
    if (l->device->in_place) /* a buffer in use outlives its release */
        return !hone_opencl_bind(&ld, &l->memory, l->device, l->queue, &rows, 0);
    if (l->memory.bytes >= span->bytes)
        return 1;
    hone_opencl_matrix_clear(&l->memory);
    if (hone_opencl_allocate(&l->memory.buffer, l->device, span->bytes))
        return 0;
    l->memory.bytes = span->bytes;
    return 1;
}

/* Bytes that will have been read; what does not go round among the work-items is left out. */
static double enqueue_span(limits *l, const hone_span *span, cl_long passes) {
    const size_t round = items_of(l->device) * ABREAST * vector_bytes(l->device);
    const cl_long share = (cl_long)(span->bytes / round);
    if (!share || !bind_span(l, span) ||
        clSetKernelArg(l->read, 1, sizeof l->memory.buffer, &l->memory.buffer) ||
        clSetKernelArg(l->read, 2, sizeof share, &share) ||
        clSetKernelArg(l->read, 3, sizeof passes, &passes) || !enqueue(l, l->read))
        return 0;
    return (double)share * (double)round * (double)passes;
}

double hone_opencl_read_run(const hone_device *device, hone_pool *pool, const hone_span *spans, int count,
                            int64_t passes, int64_t turn) {
    double bytes = 0;
    (void)pool, (void)turn;
    pthread_mutex_lock(&lock);
    if (prepare(device, latest.dot4)) { /* which does not matter here */
        for (int i = 0; i < count; i++)
            bytes += enqueue_span(&latest, &spans[i], passes);
        if (clFinish(latest.queue))
            bytes = 0;
        if (latest.device->in_place) /* the caller may free it */
            hone_opencl_matrix_clear(&latest.memory);
    }
    pthread_mutex_unlock(&lock);
    return bytes;
}

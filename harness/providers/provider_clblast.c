/* CLBlast's GEMM to C, then a separate pass for bias and activation in place, both on an OpenCL device. It
 * has no packed weights: what it rearranges, it does in every call. */
#include "../../kernels/status.h"
#include "provider_parts.h"

#ifdef HONE_HAVE_OPENCL

#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "../../kernels/activation.h"
#include "../../kernels/opencl/opencl_memory.h"
#include "../../kernels/opencl/opencl_pass.h"
#include "clblast_parameters.h"
#include "peer_library.h"

struct hone_provider_case {
    const hone_operands *operands;
    hone_opencl_device *device;
    cl_command_queue queue;
    hone_opencl_matrix a, b, c, vectors_device;
    float *vectors;         /* bias and slopes as the pass reads them */
    hone_opencl_pass *pass; /* NULL: not needed */
    int64_t ldb;
    hone_run_failure failure;
    char label[32];
};

/* Layout and transposition are CBLAS's constants. The status is 0 for success, OpenCL's own error, or less
 * than all of these. */
typedef int clblast_sgemm(int layout, int transpose_a, int transpose_b, size_t m, size_t n, size_t k,
                          cl_float alpha, cl_mem a, size_t a_offset, size_t lda, cl_mem b, size_t b_offset,
                          size_t ldb, cl_float beta, cl_mem c, size_t c_offset, size_t ldc,
                          cl_command_queue *queue, cl_event *event);
typedef int clblast_override(cl_device_id device, const char *kernel, int precision, size_t count,
                             const char **names, const size_t *values);

enum { CLBLAST_OWN_STATUS = -1000, CLBLAST_SINGLE = 32 };

typedef struct clblast {
    void *handle;
    clblast_sgemm *sgemm;
    clblast_override *override;
} clblast;

static clblast library;
static char missing[512];
static pthread_once_t loading = PTHREAD_ONCE_INIT;

static void load_library(void) {
    static const char *const names[] = {"libclblast.so.1", NULL};
    static const peer_symbol symbols[] = {
        {"CLBlastSgemm", offsetof(clblast, sgemm)},
        {"CLBlastOverrideParameters", offsetof(clblast, override)},
    };
    char file[256];
    clblast lib = {.handle = peer_library_open(file, missing, sizeof missing, "HONE_CLBLAST", names,
                                               "install libclblast1, or name the file in HONE_CLBLAST")};
    if (!lib.handle)
        return;
    if (!peer_library_fill(&lib, missing, sizeof missing, lib.handle, file, symbols,
                           sizeof symbols / sizeof *symbols)) {
        dlclose(lib.handle);
        return;
    }
    library = lib;
}

static const char *unavailable(void) {
    pthread_once(&loading, load_library);
    return library.handle ? NULL : missing;
}

static hone_status check(const hone_device *device, const hone_problem *problem) {
    if (strcmp(device->backend->name, "opencl") != 0)
        return hone_fail(HONE_E_UNAVAILABLE, "clblast runs on OpenCL devices, not on %s; use --device opencl",
                         device->name);
    if (problem->dtype == HONE_F16)
        return hone_fail(HONE_E_UNAVAILABLE,
                         "clblast sums f16 in f16, beyond the error bound; use --dtype f32");
    if (problem->dtype != HONE_F32)
        return hone_fail(HONE_E_UNAVAILABLE, "clblast multiplies f32, not %s",
                         hone_dtype_name(problem->dtype));
    if (unavailable())
        return hone_fail(HONE_E_UNAVAILABLE, "clblast: %s", unavailable());
    return HONE_OK;
}

static void destroy(hone_provider_case *self) {
    if (!self)
        return;
    hone_opencl_pass_destroy(self->pass);
    hone_opencl_matrix_clear(&self->a);
    hone_opencl_matrix_clear(&self->b);
    hone_opencl_matrix_clear(&self->c);
    hone_opencl_matrix_clear(&self->vectors_device);
    if (self->queue)
        clReleaseCommandQueue(self->queue);
    free(self->vectors);
    free(self);
}

/* ---- running */

static hone_opencl_rows rows_of_b(const hone_operands *o) {
    const hone_problem *p = &o->problem;
    const int transposed = p->weights_transposed;
    return (hone_opencl_rows){o->b, transposed ? p->n : p->k, transposed ? p->k : p->n, o->ldb,
                              hone_dtype_size(p->dtype)};
}

static hone_status multiply(hone_provider_case *self, int64_t lda, int64_t ldc) {
    const hone_problem *p = &self->operands->problem;
    const int transpose_b = p->weights_transposed ? CBLAS_TRANS : CBLAS_NO_TRANS;
    const size_t m = (size_t)p->m, n = (size_t)p->n, k = (size_t)p->k;
    const int status = library.sgemm(CBLAS_ROW_MAJOR, CBLAS_NO_TRANS, transpose_b, m, n, k, 1, self->a.buffer,
                                     0, (size_t)lda, self->b.buffer, 0, (size_t)self->ldb, 0, self->c.buffer,
                                     0, (size_t)ldc, &self->queue, NULL);
    if (status <= CLBLAST_OWN_STATUS)
        return hone_fail(HONE_E_UNAVAILABLE, "CLBlast's GEMM failed with its status %d", status);
    return status ? hone_opencl_fail(status, "do CLBlast's GEMM") : HONE_OK;
}

static hone_status activate(hone_provider_case *self, int64_t ldc) {
    const hone_opencl_pass_operands operands = {.x = self->c.buffer,
                                                .c = self->c.buffer,
                                                .ldx = ldc,
                                                .ldc = ldc,
                                                .vectors = self->vectors_device.buffer};
    return hone_opencl_pass_enqueue(self->pass, self->queue, &operands);
}

/* On a device with memory of its own A is written in each call, as hone's kernel has it, and B where the
 * problem says that it is new to every call. */
static hone_status run_once(hone_provider_case *self) {
    const hone_operands *o = self->operands;
    const hone_problem *p = &o->problem;
    const hone_opencl_rows a = {o->a, p->m, p->k, o->lda, hone_dtype_size(p->a_type)}, b = rows_of_b(o),
                           c = {o->c, p->m, p->n, o->ldc, hone_dtype_size(p->c_type)};
    int64_t lda, ldc;
    hone_status status;
    if ((status = hone_opencl_bind(&lda, &self->a, self->device, self->queue, &a, 1)) ||
        (status = hone_opencl_bind(&self->ldb, &self->b, self->device, self->queue, &b, p->weights_plain)) ||
        (status = hone_opencl_bind(&ldc, &self->c, self->device, self->queue, &c, 0)) ||
        (status = multiply(self, lda, ldc)) || (self->pass && (status = activate(self, ldc))))
        goto failed;
    return hone_opencl_fetch(&self->c, self->device, self->queue, &c);

failed:
    clFinish(self->queue); /* nothing reads the operands after a failure */
    return status;
}

static void run(hone_provider_case *self) { hone_run_failure_note(&self->failure, run_once(self)); }

static hone_status failure(const hone_provider_case *self) { return hone_run_failure_status(&self->failure); }

/* ---- preparing */

/* Room for the matrices on a device with memory of its own. */
static hone_status allocate(hone_provider_case *self) {
    const hone_problem *p = &self->operands->problem;
    const size_t size = hone_dtype_size(p->dtype);
    hone_status status;
    if (self->device->in_place)
        return HONE_OK;
    if ((status = hone_opencl_allocate(&self->a.buffer, self->device, (size_t)(p->m * p->k) * size)) ||
        (status = hone_opencl_allocate(&self->b.buffer, self->device, (size_t)(p->k * p->n) * size)) ||
        (status = hone_opencl_allocate(&self->c.buffer, self->device, (size_t)(p->m * p->n) * size)))
        return status;
    return hone_opencl_allocate(&self->vectors_device.buffer, self->device, (size_t)p->n * 2 * sizeof(float));
}

/* Weights, unless they are plain, and the vectors of columns reach the device once. */
static hone_status bind_constants(hone_provider_case *self) {
    const hone_operands *o = self->operands;
    const hone_problem *p = &o->problem;
    const size_t n = (size_t)p->n;
    const hone_opencl_rows b = rows_of_b(o);
    int64_t ld;
    void *memory;
    hone_status status = hone_provider_allocate(&memory, 2 * n * sizeof(float));
    if (status)
        return status;
    self->vectors = memory;
    memset(self->vectors, 0, 2 * n * sizeof(float));
    if (p->bias)
        memcpy(self->vectors, o->bias, n * sizeof(float));
    if (hone_activation_info(p->act)->per_column)
        memcpy(self->vectors + n, o->alpha, n * sizeof(float));
    const hone_opencl_rows vectors = {self->vectors, 1, 2 * p->n, 2 * p->n, sizeof(float)};
    status = hone_opencl_bind(&self->ldb, &self->b, self->device, self->queue, &b, 1);
    return status ? status
                  : hone_opencl_bind(&ld, &self->vectors_device, self->device, self->queue, &vectors, 1);
}

/* Gives CLBlast the parameters of the folder that HONE_CLBLAST_PARAMETERS names, once for a device; `*tuned`:
 * there is one. CLBlast takes them for kernels that have run on the device. */
static hone_status override_parameters(int *tuned, const hone_opencl_device *device) {
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static const hone_opencl_device *done;
    clblast_kernel kernels[CLBLAST_KERNELS];
    char name[256] = "";
    const char *folder = getenv("HONE_CLBLAST_PARAMETERS");
    hone_status status = HONE_OK;
    *tuned = folder && *folder;
    if (!*tuned)
        return HONE_OK;
    pthread_mutex_lock(&lock);
    if (done != device) {
        clGetDeviceInfo(device->id, CL_DEVICE_NAME, sizeof name - 1, name, NULL);
        status = clblast_parameters_read(kernels, folder, name);
        for (int i = 0; i < CLBLAST_KERNELS && !status; i++) {
            clblast_kernel *k = &kernels[i];
            const int refused = k->name ? library.override(device->id, k->name, CLBLAST_SINGLE,
                                                           (size_t)k->count, k->names, k->values)
                                        : 0;
            if (refused)
                status = hone_fail(HONE_E_DATA, "CLBlast refuses the parameters of %s with its status %d",
                                   k->file, refused);
        }
        done = status ? NULL : device;
    }
    pthread_mutex_unlock(&lock);
    return status;
}

/* The first run compiles CLBlast's kernels, and tells whether they work. */
static hone_status fill_case(hone_provider_case *self, const hone_device *device) {
    const hone_problem *p = &self->operands->problem;
    const int passes = hone_opencl_pass_needed(p);
    int tuned;
    cl_int error;
    hone_status status = hone_opencl_open(&self->device, device);
    if (status)
        return status;
    self->queue = clCreateCommandQueue(self->device->context, self->device->id, 0, &error);
    if (!self->queue)
        return hone_opencl_fail(error, "make a queue");
    if ((passes && (status = hone_opencl_pass_create(&self->pass, self->device, p))) ||
        (status = allocate(self)) || (status = bind_constants(self)))
        return status;
    if ((status = run_once(self)) || (status = override_parameters(&tuned, self->device)))
        return status;
    snprintf(self->label, sizeof self->label, "Sgemm%s%s", tuned ? " tuned" : "",
             passes ? ", then one pass" : "");
    return tuned ? run_once(self) : HONE_OK;
}

static hone_status prepare(hone_provider_case **out, hone_context *context, const hone_device *device,
                           const hone_operands *operands, const char *config, int threads) {
    (void)context, (void)config, (void)threads; /* the driver's */
    hone_status status = check(device, &operands->problem);
    if (status)
        return status;
    hone_provider_case *self = calloc(1, sizeof *self);
    if (!self)
        return hone_fail(HONE_E_NOMEM, "out of memory for a case of clblast");
    self->operands = operands;
    status = fill_case(self, device);
    if (status) {
        destroy(self);
        return status;
    }
    *out = self;
    return HONE_OK;
}

static const char *label(const hone_provider_case *self) { return self->label; }

const hone_provider hone_provider_clblast = {
    .name = "clblast",
    .description = "CLBlast's GEMM (f32) on an OpenCL device, then a separate pass there",
    .unavailable = unavailable,
    .check = check,
    .prepare = prepare,
    .run = run,
    .failure = failure,
    .label = label,
    .destroy = destroy,
};

#else

static const char *unavailable(void) {
    return "built without OpenCL; install ocl-icd-opencl-dev and build again";
}

static hone_status check(const hone_device *device, const hone_problem *problem) {
    (void)device, (void)problem;
    return hone_fail(HONE_E_UNAVAILABLE, "clblast: %s", unavailable());
}

const hone_provider hone_provider_clblast = {
    .name = "clblast",
    .description = "CLBlast's GEMM (f32) on an OpenCL device, then a separate pass there",
    .unavailable = unavailable,
    .check = check,
};

#endif

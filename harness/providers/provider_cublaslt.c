/* cuBLASLt on a CUDA device: holding and running cases. How a problem is composed: cublaslt_route.c. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../kernels/activation.h"
#include "../../kernels/cuda/cuda_batch.h"
#include "../../kernels/cuda/cuda_memory.h"
#include "../../kernels/half.h"
#include "../../kernels/status.h"
#include "cublaslt_case.h"

enum { UNIT = 256 }; /* parts of vectors begin at multiples of it */

static const char *unavailable(void) {
    const char *reason;
    cublaslt_open(&reason);
    return reason;
}

static hone_status check(const hone_device *device, const hone_problem *problem) {
    const hone_cuda_driver *cu;
    (void)problem;
    if (strcmp(device->backend->name, "cuda") != 0)
        return hone_fail(HONE_E_UNAVAILABLE, "cublaslt runs on CUDA devices, not on %s; use --device cuda",
                         device->name);
    if (unavailable())
        return hone_fail(HONE_E_UNAVAILABLE, "cublaslt: %s", unavailable());
    return hone_cuda_enter(&cu, device);
}

/* ---- running */

static const void *pointer(hone_cu_address at) { return (const void *)(uintptr_t)at; }

static hone_status enqueue_pass(const hone_provider_case *self, hone_cu_stream stream) {
    const cublaslt_route *r = self->route;
    const hone_problem *p = &self->operands.problem;
    const int64_t row_bytes = self->ldc * (int64_t)hone_dtype_size(p->c_type);
    const hone_cuda_call call = {
        .source = pointer(r->gemm.d.at),
        .source_row = r->gemm.d.ld,
        .c = (void *)(uintptr_t)self->c,
        .ldc = self->ldc,
        .c_aligned = self->c % 16 == 0 && row_bytes % 16 == 0,
        .bias = pointer(cublaslt_part(self, PART_BIAS)),
        .alpha = pointer(cublaslt_part(self, PART_SLOPES)),
        .b_scale = pointer(cublaslt_part(self, PART_B_SCALE)),
        .a_scale = pointer(cublaslt_part(self, PART_A_SCALE)),
        .a_zero = pointer(cublaslt_part(self, PART_A_ZERO)),
        .column_sums = pointer(self->buffers[BUFFER_B_COPY] +
                               (size_t)(cublaslt_bytes_columns(p) * cublaslt_bytes_row(p))),
        .c_zero = self->args.c_zero,
        .c_inverse = 1.0f / self->args.c_scale,
    };
    return hone_cuda_pass_enqueue(r->pass, stream, &call);
}

static hone_status copy_bytes_of_b(const hone_provider_case *self, hone_cu_stream stream) {
    const hone_problem *p = &self->operands.problem;
    const hone_cu_address to = self->buffers[BUFFER_B_COPY];
    return cublaslt_bytes_copy_b(&self->bytes, stream, to,
                                 to + (size_t)(cublaslt_bytes_columns(p) * cublaslt_bytes_row(p)), self->b,
                                 self->ldb);
}

hone_status cublaslt_enqueue(const void *what, hone_cu_stream stream) {
    const hone_provider_case *self = what;
    const cublaslt_route *r = self->route;
    const hone_problem *p = &self->operands.problem;
    hone_status status = HONE_OK;
    if (self->buffers[BUFFER_A_COPY])
        status =
            cublaslt_bytes_copy_a(&self->bytes, stream, self->buffers[BUFFER_A_COPY], self->a, self->lda);
    if (p->dtype == HONE_S8 && p->weights_plain && !status)
        status = copy_bytes_of_b(self, stream);
    if (!status)
        status = cublaslt_gemm_enqueue(&r->gemm, stream);
    return status || !r->pass ? status : enqueue_pass(self, stream);
}

static hone_cuda_rows rows_of_a(const hone_provider_case *self) {
    const hone_problem *p = &self->operands.problem;
    return (hone_cuda_rows){(void *)(uintptr_t)self->args.a, p->m, p->k, self->args.lda,
                            hone_dtype_size(p->a_type)};
}

static hone_cuda_rows rows_of_b(const hone_provider_case *self) {
    const hone_problem *p = &self->operands.problem;
    const int transposed = p->weights_transposed;
    return (hone_cuda_rows){(void *)(uintptr_t)self->args.b, transposed ? p->n : p->k,
                            transposed ? p->k : p->n, self->args.ldb, hone_dtype_size(p->dtype)};
}

static hone_cuda_rows rows_of_c(const hone_provider_case *self) {
    const hone_problem *p = &self->operands.problem;
    return (hone_cuda_rows){self->args.c, p->m, p->n, self->args.ldc, hone_dtype_size(p->c_type)};
}

/* Matrices of the host reach the device; with the weights only where `weights` says so. */
static hone_status bind(hone_provider_case *self, int weights) {
    const hone_cuda_driver *cu = self->lt->cu;
    const hone_cuda_rows a = rows_of_a(self), b = rows_of_b(self), c = rows_of_c(self);
    hone_status status =
        hone_cuda_bind(&self->a, &self->lda, cu, self->timer.stream, self->buffers[BUFFER_A], &a, 1);
    if (!status)
        status = hone_cuda_bind(&self->b, &self->ldb, cu, self->timer.stream, self->buffers[BUFFER_B], &b,
                                weights);
    return status
               ? status
               : hone_cuda_bind(&self->c, &self->ldc, cu, self->timer.stream, self->buffers[BUFFER_C], &c, 0);
}

hone_status cublaslt_run_once(hone_provider_case *self) {
    const hone_cuda_rows c = rows_of_c(self);
    hone_status status = cublaslt_device_enter(&self->lt, self->device);
    if (status)
        return status;
    if (!(status = bind(self, self->operands.problem.weights_plain)) &&
        !(status = hone_cuda_timer_enqueue(&self->timer, cublaslt_enqueue, self)))
        status = hone_cuda_fetch(self->lt->cu, self->timer.stream, self->buffers[BUFFER_C], &c);
    /* Nothing touches the operands after this. */
    const hone_status waited = hone_cuda_timer_wait(&self->timer, "finish a call of cuBLASLt");
    return status ? status : waited;
}

/* What fails here has not failed in prepare. */
static void run(hone_provider_case *self) {
    self->status = cublaslt_run_once(self);
    hone_run_failure_note(&self->failure, self->status);
}

static hone_status failure(const hone_provider_case *self) { return hone_run_failure_status(&self->failure); }

static double device_us(const hone_provider_case *self) {
    return self->status ? NAN : hone_cuda_timer_us(&self->timer);
}

static int is_on_device(const hone_provider_case *self) {
    return !self->buffers[BUFFER_A] && !self->buffers[BUFFER_B] && !self->buffers[BUFFER_C];
}

static hone_status batch(hone_batch **out, hone_provider_case *const *cases, int count, int rounds) {
    const void **what = calloc((size_t)count, sizeof *what);
    hone_status status = HONE_OK;
    if (!what)
        return hone_fail(HONE_E_NOMEM, "out of memory for a batch of %d calls", count);
    for (int i = 0; i < count && !status; i++) {
        what[i] = cases[i];
        if (!is_on_device(cases[i]))
            status = hone_fail(HONE_E_USAGE, "a batch takes matrices of the device, not of the host");
    }
    if (!status)
        status = hone_cuda_capture(out, cases[0]->device, cublaslt_enqueue, what, count, rounds);
    free(what);
    return status;
}

/* ---- preparing */

static void destroy(hone_provider_case *self) {
    if (!self)
        return;
    if (self->lt && !cublaslt_device_enter(&self->lt, self->device)) {
        const hone_cuda_driver *cu = self->lt->cu;
        hone_cuda_timer_clear(&self->timer);
        cublaslt_route_destroy(self->route);
        cublaslt_bytes_clear(&self->bytes);
        for (int i = 0; i < CUBLASLT_BUFFERS; i++)
            if (self->buffers[i])
                cu->release(self->buffers[i]);
    }
    free(self);
}

static size_t vectors_size(const hone_problem *p) {
    const size_t each = (size_t)(p->n > p->m ? p->n : p->m) * sizeof(float);
    return CUBLASLT_PARTS * ((each + UNIT - 1) / UNIT * UNIT);
}

static hone_status allocate(hone_provider_case *self) {
    const hone_problem *p = &self->operands.problem;
    const hone_cuda_driver *cu = self->lt->cu;
    const int s8 = p->dtype == HONE_S8;
    const size_t row = (size_t)cublaslt_bytes_row(p), columns = (size_t)cublaslt_bytes_columns(p);
    const size_t m = (size_t)p->m, n = (size_t)p->n, k = (size_t)p->k, element = hone_dtype_size(p->dtype);
    const int64_t lda = hone_cuda_is_device(cu, self->args.a) ? self->args.lda : p->k;
    const size_t bytes[CUBLASLT_BUFFERS] = {
        [BUFFER_A] = hone_cuda_is_device(cu, self->args.a) ? 0 : m * k * element,
        [BUFFER_A_COPY] = s8 && cublaslt_bytes_copies_a(p, lda) ? m * row : 0,
        [BUFFER_B] = hone_cuda_is_device(cu, self->args.b) ? 0 : k * n * element,
        [BUFFER_B_COPY] = s8 ? columns * (row + sizeof(int32_t)) : 0,
        [BUFFER_C] = hone_cuda_is_device(cu, self->args.c) ? 0 : m * n * hone_dtype_size(p->c_type),
        [BUFFER_X] = p->dtype == HONE_F32 ? 0 : m * (size_t)cublaslt_x_ld(p) * sizeof(float),
        [BUFFER_VECTORS] = vectors_size(p),
    };
    for (int i = 0; i < CUBLASLT_BUFFERS; i++) {
        const hone_cu_result error = bytes[i] ? cu->allocate(&self->buffers[i], bytes[i]) : 0;
        if (error)
            return hone_cuda_fail(error, "allocate memory on the device");
    }
    return HONE_OK;
}

/* Beside the caller's vectors: the bias in 16 bits, and zero points less what a copy of u8 A takes off. */
static void fill_vectors(unsigned char *to, hone_provider_case *self) {
    const hone_problem *p = &self->operands.problem;
    const hone_args *args = &self->args;
    const size_t n = (size_t)p->n, rows = p->a_scale_per_row ? (size_t)p->m : 1;
    const int s8 = p->dtype == HONE_S8;
    const struct {
        const void *from;
        size_t count;
    } parts[CUBLASLT_PARTS] = {
        [PART_BIAS] = {p->bias ? args->bias : NULL, n},
        [PART_SLOPES] = {hone_activation_info(p->act)->per_column ? args->alpha : NULL, n},
        [PART_B_SCALE] = {s8 ? args->b_scale : NULL, n},
        [PART_A_SCALE] = {s8 ? args->a_scale : NULL, rows},
        [PART_A_ZERO] = {s8 ? args->a_zero : NULL, rows}};
    for (int i = 0; i < CUBLASLT_PARTS; i++) {
        self->parts[i] = vectors_size(p) / CUBLASLT_PARTS * (size_t)i;
        if (parts[i].from)
            memcpy(to + self->parts[i], parts[i].from, parts[i].count * sizeof(float));
    }
    for (size_t i = 0; i < n && p->bias; i++)
        ((uint16_t *)(to + self->parts[PART_BIAS_16]))[i] =
            p->dtype == HONE_F16 ? hone_f16_from_f32(args->bias[i]) : hone_bf16_from_f32(args->bias[i]);
    for (size_t i = 0; i < rows && p->a_type == HONE_U8; i++)
        ((int32_t *)(to + self->parts[PART_A_ZERO]))[i] -= 128;
}

/* What stays the same for all runs reaches the device. */
static hone_status place_constants(hone_provider_case *self) {
    const hone_cuda_driver *cu = self->lt->cu;
    const size_t size = vectors_size(&self->operands.problem);
    unsigned char *vectors = calloc(1, size);
    if (!vectors)
        return hone_fail(HONE_E_NOMEM, "out of memory for a case of cublaslt");
    fill_vectors(vectors, self);
    hone_status status = bind(self, 1);
    hone_cu_result error = cu->write(self->buffers[BUFFER_VECTORS], vectors, size, self->timer.stream);
    if (!status && !error && self->operands.problem.dtype == HONE_S8)
        status = copy_bytes_of_b(self, self->timer.stream);
    const hone_status waited = hone_cuda_timer_wait(&self->timer, "write to the device");
    free(vectors);
    if (!status && error)
        return hone_cuda_fail(error, "write to the device");
    return status ? status : waited;
}

static hone_status fill_case(hone_provider_case *self) {
    hone_status status = cublaslt_device_enter(&self->lt, self->device);
    if (status || (status = hone_cuda_timer_create(&self->timer, self->device)) || (status = allocate(self)))
        return status;
    if (self->operands.problem.dtype == HONE_S8 &&
        (status = cublaslt_bytes_create(&self->bytes, &self->operands.problem, self->device)))
        return status;
    if ((status = place_constants(self)) || (status = cublaslt_route_choose(self)))
        return status;
    return cublaslt_run_once(self); /* tells whether a known route works here, too */
}

static hone_status prepare(hone_provider_case **out, hone_context *context, const hone_device *device,
                           const hone_operands *operands, const char *config, int threads) {
    (void)context, (void)config, (void)threads;
    hone_status status = check(device, &operands->problem);
    if (status)
        return status;
    hone_provider_case *self = calloc(1, sizeof *self);
    if (!self)
        return hone_fail(HONE_E_NOMEM, "out of memory for a case of cublaslt");
    self->device = device;
    self->operands = *operands;
    self->args = hone_operands_args(operands);
    if ((status = fill_case(self))) {
        destroy(self);
        return status;
    }
    *out = self;
    return HONE_OK;
}

static const char *label(const hone_provider_case *self) { return self->route->label; }

const hone_provider hone_provider_cublaslt = {
    .name = "cublaslt",
    .description = "cuBLASLt's fastest GEMM on a CUDA device, with its own epilogue or a separate pass there",
    .unavailable = unavailable,
    .check = check,
    .prepare = prepare,
    .run = run,
    .failure = failure,
    .device_us = device_us,
    .batch = batch,
    .label = label,
    .destroy = destroy,
};

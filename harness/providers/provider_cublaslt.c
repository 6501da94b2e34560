/* cuBLASLt on a CUDA device. How a problem is composed is tried out, once for each problem: bias and
 * activation in cuBLASLt's own epilogue, or some of it in a separate pass; for each of these the algorithm is
 * searched. Of the compositions that compute the problem within its error bound the fastest is measured. */
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../kernels/activation.h"
#include "../../kernels/cuda/cuda_memory.h"
#include "../../kernels/cuda/cuda_pass.h"
#include "../../kernels/cuda/cuda_space.h"
#include "../../kernels/half.h"
#include "../../kernels/status.h"
#include "../verify.h"
#include "cublaslt_bytes.h"
#include "cublaslt_gemm.h"
#include "provider_parts.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof(array)[0]))

enum { LABEL = 192, KEY = 384, MOST_COMPOSITIONS = 4, BATCHES = 3, BATCH_RUNS = 5, UNIT = 256 };

/* Buffers on the device; A, B and C where the caller's are the host's. */
enum { A, A_COPY, B, B_COPY, C, X, VECTORS, BUFFERS };

/* Parts of VECTORS, each at a multiple of UNIT bytes. */
enum { BIAS, BIAS_16, SLOPES, B_SCALE, A_SCALE, A_ZERO, PARTS };

typedef struct composition {
    unsigned epilogue;
    int to_c;      /* the GEMM writes C itself; else X, f32 or s32 */
    int pass;      /* a pass follows, from where the GEMM wrote to C */
    int pass_bias; /* the pass adds the bias */
} composition;

/* A composition made ready to run. */
typedef struct route {
    composition composition;
    cublaslt_gemm gemm;
    hone_cuda_pass *pass;
    double us;
    char label[LABEL];
} route;

struct hone_provider_case {
    const hone_device *device;
    hone_operands operands; /* the caller's, of which C is written */
    hone_args args;
    const cublaslt_device *lt;
    hone_cu_stream stream;
    hone_cu_event first, last;
    hone_cu_address buffers[BUFFERS];
    size_t parts[PARTS]; /* where they begin in buffers[VECTORS] */
    cublaslt_bytes bytes;
    hone_cu_address a, b, c; /* as the caller gave them, on the device */
    int64_t lda, ldb, ldc;
    route *route;
    hone_status status; /* of the latest run */
    int timed;
};

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

/* ---- what cuBLASLt fuses */

/* -1: nothing of its own. */
static int own_epilogue(const hone_problem *p) {
    static const struct {
        const char *activation;
        int epilogue;
    } own[] = {{"identity", 0}, {"relu", CUBLASLT_RELU}, {"gelu_tanh", CUBLASLT_GELU}};
    for (int i = 0; i < COUNT(own); i++)
        if (strcmp(hone_activation_name(p->act), own[i].activation) == 0)
            return own[i].epilogue;
    return -1;
}

static unsigned with_bias(int epilogue, const hone_problem *p) {
    const unsigned both = (unsigned)epilogue | (p->bias ? CUBLASLT_BIAS : 0);
    return both ? both : CUBLASLT_DEFAULT;
}

static const char *epilogue_name(unsigned epilogue) {
    static const struct {
        unsigned epilogue;
        const char *name;
    } names[] = {{CUBLASLT_DEFAULT, "default"}, {CUBLASLT_BIAS, "bias"},
                 {CUBLASLT_RELU, "relu"},       {CUBLASLT_RELU | CUBLASLT_BIAS, "relu_bias"},
                 {CUBLASLT_GELU, "gelu"},       {CUBLASLT_GELU | CUBLASLT_BIAS, "gelu_bias"}};
    for (int i = 0; i < COUNT(names); i++)
        if (names[i].epilogue == epilogue)
            return names[i].name;
    return "?";
}

/* Those with the least left for a pass first. Rounding to 16 bits before the activation is within the bound
 * for some activations, such as relu6; the sums in f32 serve the others. */
static int list_compositions(composition out[MOST_COMPOSITIONS], const hone_problem *p) {
    const int own = own_epilogue(p), s8 = p->dtype == HONE_S8, f32 = p->dtype == HONE_F32;
    const composition all[MOST_COMPOSITIONS] = {{with_bias(own, p), 1, 0, 0},
                                                {with_bias(0, p), 1, 1, 0},
                                                {with_bias(0, p), 0, 1, 0},
                                                {CUBLASLT_DEFAULT, f32, 1, p->bias}};
    const int use[MOST_COMPOSITIONS] = {own >= 0 && !s8, own != 0 && !s8, !f32 && !s8, 1};
    int count = 0;
    for (int i = 0; i < MOST_COMPOSITIONS; i++)
        if (use[i])
            out[count++] = all[i];
    return count;
}

/* ---- running */

static int type_of(hone_dtype type) {
    static const int types[] = {[HONE_F32] = CUBLASLT_F32,
                                [HONE_F16] = CUBLASLT_F16,
                                [HONE_BF16] = CUBLASLT_BF16,
                                [HONE_S8] = CUBLASLT_S8,
                                [HONE_U8] = CUBLASLT_S8}; /* as copied */
    return types[type];
}

static int64_t x_ld(const hone_problem *p) { return cublaslt_bytes_columns(p); } /* rows at 16 bytes */

static hone_cu_address part(const hone_provider_case *self, int which) {
    return self->buffers[VECTORS] + self->parts[which];
}

static const void *pointer(hone_cu_address at) { return (const void *)(uintptr_t)at; }

static hone_status enqueue_pass(const hone_provider_case *self, const route *r) {
    const hone_problem *p = &self->operands.problem;
    const int64_t row_bytes = self->ldc * (int64_t)hone_dtype_size(p->c_type);
    const hone_cuda_call call = {
        .source = pointer(r->gemm.d.at),
        .source_row = r->gemm.d.ld,
        .c = (void *)(uintptr_t)self->c,
        .ldc = self->ldc,
        .c_aligned = self->c % 16 == 0 && row_bytes % 16 == 0,
        .bias = pointer(part(self, BIAS)),
        .alpha = pointer(part(self, SLOPES)),
        .b_scale = pointer(part(self, B_SCALE)),
        .a_scale = pointer(part(self, A_SCALE)),
        .a_zero = pointer(part(self, A_ZERO)),
        .column_sums =
            pointer(self->buffers[B_COPY] + (size_t)(cublaslt_bytes_columns(p) * cublaslt_bytes_row(p))),
        .c_zero = self->args.c_zero,
        .c_inverse = 1.0f / self->args.c_scale,
    };
    return hone_cuda_pass_enqueue(r->pass, self->stream, &call);
}

static hone_status copy_bytes_of_b(const hone_provider_case *self) {
    const hone_problem *p = &self->operands.problem;
    const hone_cu_address to = self->buffers[B_COPY];
    return cublaslt_bytes_copy_b(&self->bytes, self->stream, to,
                                 to + (size_t)(cublaslt_bytes_columns(p) * cublaslt_bytes_row(p)), self->b,
                                 self->ldb);
}

/* All that the device does for a call. */
static hone_status enqueue_route(const hone_provider_case *self, const route *r) {
    const hone_problem *p = &self->operands.problem;
    hone_status status = HONE_OK;
    if (self->buffers[A_COPY])
        status = cublaslt_bytes_copy_a(&self->bytes, self->stream, self->buffers[A_COPY], self->a, self->lda);
    if (p->dtype == HONE_S8 && p->weights_plain && !status)
        status = copy_bytes_of_b(self);
    if (!status)
        status = cublaslt_gemm_enqueue(&r->gemm, self->stream);
    return status || !r->pass ? status : enqueue_pass(self, r);
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
    hone_status status = hone_cuda_bind(&self->a, &self->lda, cu, self->stream, self->buffers[A], &a, 1);
    if (!status)
        status = hone_cuda_bind(&self->b, &self->ldb, cu, self->stream, self->buffers[B], &b, weights);
    return status ? status : hone_cuda_bind(&self->c, &self->ldc, cu, self->stream, self->buffers[C], &c, 0);
}

static hone_status run_once(hone_provider_case *self) {
    const hone_cuda_rows c = rows_of_c(self);
    self->timed = 0;
    hone_status status = cublaslt_device_enter(&self->lt, self->device);
    if (status)
        return status;
    const hone_cuda_driver *cu = self->lt->cu;
    hone_cu_result error = 0;
    if (!(status = bind(self, self->operands.problem.weights_plain)) &&
        !(error = cu->event_record(self->first, self->stream)) &&
        !(status = enqueue_route(self, self->route)) && !(error = cu->event_record(self->last, self->stream)))
        status = hone_cuda_fetch(cu, self->stream, self->buffers[C], &c);
    const hone_cu_result waited = cu->stream_wait(self->stream); /* nothing touches the operands after this */
    if (!status && (error || waited))
        status = hone_cuda_fail(error ? error : waited, "finish a call of cuBLASLt");
    self->timed = !status;
    return status;
}

/* What fails here has not failed in prepare: verification finds the result missing, and there is no time. */
static void run(hone_provider_case *self) { self->status = run_once(self); }

static double device_us(const hone_provider_case *self) {
    float milliseconds;
    return self->timed && !self->lt->cu->event_elapsed(&milliseconds, self->first, self->last)
               ? 1e3 * (double)milliseconds
               : NAN;
}

/* ---- routes */

static void destroy_route(route *r) {
    if (!r)
        return;
    cublaslt_gemm_clear(&r->gemm);
    hone_cuda_pass_destroy(r->pass);
    free(r);
}

static void describe_gemm(cublaslt_gemm *out, const hone_provider_case *self, const composition *c) {
    const hone_problem *p = &self->operands.problem;
    const int s8 = p->dtype == HONE_S8, type = type_of(p->dtype), copied = self->buffers[A_COPY] != 0;
    const int64_t row = cublaslt_bytes_row(p), n = s8 ? cublaslt_bytes_columns(p) : p->n;
    const int64_t k = copied ? row : p->k;
    const int transposed = s8 || p->weights_transposed;
    const int half_bias = c->to_c && p->dtype != HONE_F32;
    *out = (cublaslt_gemm){
        .device = self->lt,
        .a = {s8 ? self->buffers[B_COPY] : self->b, type, transposed ? k : n, transposed ? n : k,
              s8 ? row : self->ldb},
        .b = {copied ? self->buffers[A_COPY] : self->a, type, k, p->m, copied ? row : self->lda},
        .d = {c->to_c ? self->c : self->buffers[X],
              c->to_c ? type
              : s8    ? CUBLASLT_S32
                      : CUBLASLT_F32,
              n, p->m, c->to_c ? self->ldc : x_ld(p)},
        .a_transposed = transposed,
        .epilogue = c->epilogue,
        .bias = part(self, half_bias ? BIAS_16 : BIAS),
    };
}

/* `known`: the algorithm of an equal case; NULL: it is searched. */
static hone_status create_route(route **out, const hone_provider_case *self, const composition *c,
                                const route *known) {
    hone_problem rest = self->operands.problem;
    rest.bias = c->pass_bias;
    route *r = calloc(1, sizeof *r);
    if (!r)
        return hone_fail(HONE_E_NOMEM, "out of memory for a case of cublaslt");
    r->composition = *c;
    describe_gemm(&r->gemm, self, c);
    hone_status status = cublaslt_gemm_create(&r->gemm);
    if (!status && c->pass)
        status = hone_cuda_pass_create(&r->pass, self->device, &rest, c->to_c ? rest.c_type : HONE_F32);
    if (known) {
        r->gemm.algorithm = known->gemm.algorithm;
        memcpy(r->label, known->label, LABEL);
    } else if (!status) {
        status = cublaslt_gemm_search(&r->gemm, self->stream);
        snprintf(r->label, LABEL, "%s epilogue%s; algorithm %d of %d", epilogue_name(c->epilogue),
                 c->pass ? ", then one pass" : "", r->gemm.chosen + 1, r->gemm.proposals);
    }
    if (status) {
        destroy_route(r);
        return status;
    }
    *out = r;
    return HONE_OK;
}

static void run_for_verification(void *self) { run(self); }

/* Whether the case's route keeps within the bound. */
static hone_status is_exact(int *exact, hone_provider_case *self) {
    const double products = 1 << 26;
    hone_reference *reference;
    hone_numerics numerics;
    hone_status status = hone_reference_create(&reference, &self->operands, products);
    if (status)
        return status;
    status = hone_verify_run(&numerics, &self->operands, reference, run_for_verification, self);
    hone_reference_destroy(reference);
    *exact = !status && numerics.correct;
    return status ? status : self->status;
}

static hone_status enqueue_case(const void *what, hone_cu_stream stream) {
    const hone_provider_case *self = what;
    (void)stream; /* the case's own */
    return enqueue_route(self, self->route);
}

/* The case's route, in the fastest of some batches. */
static hone_status time_route(hone_provider_case *self) {
    hone_status status = HONE_OK;
    self->route->us = INFINITY;
    for (int i = 0; i < BATCHES && !status; i++) {
        double us;
        status = cublaslt_time(&us, self->lt->cu, self->stream, BATCH_RUNS, enqueue_case, self);
        self->route->us = fmin(us, self->route->us);
    }
    return status;
}

/* A composition's route; its time is INFINITY where it is not exact. */
static hone_status try_composition(route **out, hone_provider_case *self, const composition *c) {
    int exact = 0;
    hone_status status = create_route(out, self, c, NULL);
    if (status)
        return status;
    self->route = *out;
    self->route->us = INFINITY;
    status = is_exact(&exact, self);
    if (!status && exact)
        status = time_route(self);
    self->route = NULL;
    if (status)
        destroy_route(*out);
    return status;
}

/* The fastest exact route or, if none is exact, the one with the most in f32, for the caller to find wrong.
 */
static hone_status search_routes(hone_provider_case *self) {
    composition list[MOST_COMPOSITIONS];
    const int count = list_compositions(list, &self->operands.problem);
    const composition *inexact = NULL; /* that has no pass */
    hone_status status = HONE_OK;
    route *best = NULL;
    for (int i = 0; i < count; i++) {
        route *r;
        status = try_composition(&r, self, &list[i]);
        if (status == HONE_E_UNAVAILABLE)
            continue; /* refused */
        if (status)
            break;
        if (r->us == INFINITY && !list[i].pass)
            inexact = &list[i];
        route *worse = best && best->us < r->us ? r : best;
        best = worse == r ? best : r;
        destroy_route(worse);
    }
    if (!best || (status && status != HONE_E_UNAVAILABLE)) {
        destroy_route(best);
        return status;
    }
    if (inexact && best->composition.pass)
        snprintf(best->label + strlen(best->label), LABEL - strlen(best->label),
                 "; %s epilogue beyond the error bound", epilogue_name(inexact->epilogue));
    self->route = best;
    return HONE_OK;
}

/* Routes that were found, so that the cases of a cold measurement do not search again. Kept by the process.
 */
typedef struct finding {
    struct finding *next;
    char key[KEY];
    route route; /* of which composition, algorithm and label count */
} finding;

static finding *findings;
static pthread_mutex_t findings_lock = PTHREAD_MUTEX_INITIALIZER;

static hone_status write_key(char key[KEY], const hone_provider_case *self) {
    char problem[HONE_PROBLEM_TEXT];
    hone_status status = hone_problem_format(problem, sizeof problem, &self->operands.problem);
    if (!status)
        snprintf(key, KEY, "%s %s %lld %lld %lld", self->device->name, problem, (long long)self->lda,
                 (long long)self->ldb, (long long)self->ldc);
    return status;
}

static const finding *find(const char *key) {
    pthread_mutex_lock(&findings_lock);
    const finding *f = findings;
    while (f && strcmp(f->key, key) != 0)
        f = f->next;
    pthread_mutex_unlock(&findings_lock);
    return f;
}

static void remember(const char *key, const route *r) {
    finding *f = calloc(1, sizeof *f);
    if (!f)
        return; /* the next case searches again */
    snprintf(f->key, KEY, "%s", key);
    f->route = *r;
    pthread_mutex_lock(&findings_lock);
    f->next = findings;
    findings = f;
    pthread_mutex_unlock(&findings_lock);
}

static hone_status choose_route(hone_provider_case *self) {
    char key[KEY];
    hone_status status = write_key(key, self);
    if (status)
        return status;
    const finding *known = find(key);
    if (known)
        return create_route(&self->route, self, &known->route.composition, &known->route);
    status = search_routes(self);
    if (!status)
        remember(key, self->route);
    return status;
}

/* ---- preparing */

static void destroy(hone_provider_case *self) {
    if (!self)
        return;
    if (self->lt && !cublaslt_device_enter(&self->lt, self->device)) {
        const hone_cuda_driver *cu = self->lt->cu;
        destroy_route(self->route);
        cublaslt_bytes_clear(&self->bytes);
        for (int i = 0; i < BUFFERS; i++)
            if (self->buffers[i])
                cu->release(self->buffers[i]);
        if (self->first)
            cu->event_destroy(self->first);
        if (self->last)
            cu->event_destroy(self->last);
        if (self->stream)
            cu->stream_destroy(self->stream);
    }
    free(self);
}

static hone_status create_stream(hone_provider_case *self) {
    const hone_cuda_driver *cu = self->lt->cu;
    hone_cu_result error = cu->stream_create(&self->stream, HONE_CU_STREAM_NON_BLOCKING);
    if (!error)
        error = cu->event_create(&self->first, 0);
    if (!error)
        error = cu->event_create(&self->last, 0);
    return error ? hone_cuda_fail(error, "make a stream") : HONE_OK;
}

static size_t vectors_size(const hone_problem *p) {
    const size_t each = (size_t)(p->n > p->m ? p->n : p->m) * sizeof(float);
    return PARTS * ((each + UNIT - 1) / UNIT * UNIT);
}

static hone_status allocate(hone_provider_case *self) {
    const hone_problem *p = &self->operands.problem;
    const hone_cuda_driver *cu = self->lt->cu;
    const int s8 = p->dtype == HONE_S8;
    const size_t row = (size_t)cublaslt_bytes_row(p), columns = (size_t)cublaslt_bytes_columns(p);
    const size_t m = (size_t)p->m, n = (size_t)p->n, k = (size_t)p->k, element = hone_dtype_size(p->dtype);
    const int64_t lda = hone_cuda_is_device(cu, self->args.a) ? self->args.lda : p->k;
    const size_t bytes[BUFFERS] = {
        [A] = hone_cuda_is_device(cu, self->args.a) ? 0 : m * k * element,
        [A_COPY] = s8 && cublaslt_bytes_copies_a(p, lda) ? m * row : 0,
        [B] = hone_cuda_is_device(cu, self->args.b) ? 0 : k * n * element,
        [B_COPY] = s8 ? columns * (row + sizeof(int32_t)) : 0,
        [C] = hone_cuda_is_device(cu, self->args.c) ? 0 : m * n * hone_dtype_size(p->c_type),
        [X] = p->dtype == HONE_F32 ? 0 : m * (size_t)x_ld(p) * sizeof(float),
        [VECTORS] = vectors_size(p),
    };
    for (int i = 0; i < BUFFERS; i++) {
        const hone_cu_result error = bytes[i] ? cu->allocate(&self->buffers[i], bytes[i]) : 0;
        if (error)
            return hone_cuda_fail(error, "allocate memory on the device");
    }
    return HONE_OK;
}

/* The bias in the problem's type, and zero points as the copy of A has them, are written here. */
static void fill_vectors(unsigned char *to, hone_provider_case *self) {
    const hone_problem *p = &self->operands.problem;
    const hone_args *args = &self->args;
    const size_t n = (size_t)p->n, rows = p->a_scale_per_row ? (size_t)p->m : 1;
    const int s8 = p->dtype == HONE_S8;
    const struct {
        const void *from;
        size_t count;
    } parts[PARTS] = {[BIAS] = {p->bias ? args->bias : NULL, n},
                      [SLOPES] = {hone_activation_info(p->act)->per_column ? args->alpha : NULL, n},
                      [B_SCALE] = {s8 ? args->b_scale : NULL, n},
                      [A_SCALE] = {s8 ? args->a_scale : NULL, rows},
                      [A_ZERO] = {s8 ? args->a_zero : NULL, rows}};
    for (int i = 0; i < PARTS; i++) {
        self->parts[i] = vectors_size(p) / PARTS * (size_t)i;
        if (parts[i].from)
            memcpy(to + self->parts[i], parts[i].from, parts[i].count * sizeof(float));
    }
    for (size_t i = 0; i < n && p->bias; i++)
        ((uint16_t *)(to + self->parts[BIAS_16]))[i] =
            p->dtype == HONE_F16 ? hone_f16_from_f32(args->bias[i]) : hone_bf16_from_f32(args->bias[i]);
    for (size_t i = 0; i < rows && p->a_type == HONE_U8; i++)
        ((int32_t *)(to + self->parts[A_ZERO]))[i] -= 128;
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
    hone_cu_result error = cu->write(self->buffers[VECTORS], vectors, size, self->stream);
    if (!status && !error && self->operands.problem.dtype == HONE_S8)
        status = copy_bytes_of_b(self);
    const hone_cu_result waited = cu->stream_wait(self->stream);
    free(vectors);
    return !status && (error || waited) ? hone_cuda_fail(error ? error : waited, "write to the device")
                                        : status;
}

static hone_status fill_case(hone_provider_case *self) {
    hone_status status = cublaslt_device_enter(&self->lt, self->device);
    if (status || (status = create_stream(self)) || (status = allocate(self)))
        return status;
    if (self->operands.problem.dtype == HONE_S8 &&
        (status = cublaslt_bytes_create(&self->bytes, &self->operands.problem, self->device)))
        return status;
    if ((status = place_constants(self)) || (status = choose_route(self)))
        return status;
    return run_once(self); /* tells whether a known route works here, too */
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
    .device_us = device_us,
    .label = label,
    .destroy = destroy,
};

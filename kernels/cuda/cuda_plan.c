#include "cuda_plan.h"

#include <math.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "activation.h"
#include "cuda_device.h"
#include "cuda_memory.h"
#include "cuda_program.h"
#include "cuda_timer.h"
#include "status.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof(array)[0]))

enum { GEMM_PROGRAM, PREPARE_PROGRAM, PROGRAMS };
enum { GEMM, REDUCE, GATHER, SUM_ROWS, KERNELS };
static const struct {
    const char *name;
    int program;
} kernels[KERNELS] = {[GEMM] = {"gemm", GEMM_PROGRAM},
                      [REDUCE] = {"reduce", GEMM_PROGRAM},
                      [GATHER] = {"gather", PREPARE_PROGRAM},
                      [SUM_ROWS] = {"sum_rows", PREPARE_PROGRAM}};
static hone_source_write *const writers[PROGRAMS] = {hone_cuda_write_gemm, hone_cuda_write_prepare};

/* Buffers of a plan on the device. */
enum { A, A_ROWS, B, PACKED, C, SUMS, VECTORS, BUFFERS };

enum {
    SIMPLE_BLOCK = 256,
    CHUNK = 16,
    WORD = 4,
    FOUR = 4,
    PART = 32 /* words */,
    USUAL_SHARED = 48 * 1024,
    ID_BYTES = HONE_PACK_ALIGN
};
enum { MOST_SPILLED = 256 }; /* bytes of a thread's registers; more never wins, and is not run */

struct hone_backend_plan {
    hone_problem problem;
    hone_cuda_config config;
    const hone_device *device;
    const hone_cuda_driver *cu;
    hone_cuda_timer timer; /* around a call's kernels */
    hone_cu_module modules[PROGRAMS];
    hone_cu_function kernels[KERNELS];
    hone_cu_address buffers[BUFFERS]; /* 0 where there is none */
    int64_t depth, row_words;         /* words of a row along k, and filled up to chunks */
    int64_t across, weight_rows;      /* packed weights: weight_rows of `across` words */
    size_t panels_size, sums_size;    /* of packed weights, each a multiple of HONE_PACK_ALIGN */
    size_t workspace;                 /* hone_plan_workspace */
    uint64_t packed_id;               /* of the weights in buffers[PACKED]; 0: none */
    float *vectors;                   /* what buffers[VECTORS] holds */
    size_t vectors_size;
    int vectors_there; /* buffers[VECTORS] has been written */
    int zeros_there;   /* with zero points that a call brought */
    int timed;         /* the events are a call's */
};

static size_t aligned(size_t bytes) {
    return (bytes + HONE_PACK_ALIGN - 1) / HONE_PACK_ALIGN * HONE_PACK_ALIGN;
}
static int64_t round_up(int64_t x, int64_t unit) { return hone_cuda_pieces(x, unit) * unit; }
/* Numbers of a vector, with what fills it up: kernels read up to eight at once. */
static size_t filled(size_t count) { return aligned(count * sizeof(float)) / sizeof(float); }
static int64_t row_values(const hone_problem *p) { return p->a_scale_per_row ? p->m : 1; }
static size_t element_size(const hone_problem *p) { return hone_dtype_size(p->dtype); }

static int weight_parts(const hone_backend_plan *p) {
    return hone_cuda_weight_parts(&p->config, &p->problem);
}
static int64_t shared_bytes(const hone_backend_plan *p) {
    return p->config.family->shared_bytes(&p->config, weight_parts(p));
}

/* ---- creating */

static void measure(hone_backend_plan *p) {
    const hone_problem *q = &p->problem;
    p->depth = hone_cuda_pieces(q->k * (int64_t)element_size(q), WORD);
    p->row_words = round_up(p->depth, CHUNK / WORD);
    p->across = !p->config.family->columns ? round_up(q->n, CHUNK / WORD)
                : weight_parts(p) > 1      ? 2 * round_up(p->depth, PART)
                                           : p->row_words;
    const int hand = hone_cuda_hand(&p->config);
    p->weight_rows = !p->config.family->columns ? p->depth : hand ? round_up(q->n, hand) : q->n;
    p->panels_size = aligned((size_t)(p->weight_rows * p->across) * WORD);
    p->sums_size = q->dtype == HONE_S8 ? aligned((size_t)q->n * sizeof(int32_t)) : 0;
    p->vectors_size = (3 * filled((size_t)q->n) + 2 * filled((size_t)row_values(q))) * sizeof(float);
}

static hone_status load_program(hone_backend_plan *p, int program) {
    const hone_cuda_source source = {&p->problem, &p->config};
    hone_cuda_code code;
    hone_status status =
        hone_cuda_compile(&code, hone_cuda_properties(p->device)->arch, writers[program], &source);
    if (status)
        return status;
    if (code.spilled_bytes > MOST_SPILLED || code.serialised) {
        free(code.image);
        return hone_fail(
            HONE_E_UNAVAILABLE, "the config's kernel %s, so that others are faster: %d bytes spilled",
            code.serialised ? "waits after every wgmma" : "has too few registers", code.spilled_bytes);
    }
    hone_cu_result error = p->cu->module_load(&p->modules[program], code.image);
    free(code.image);
    return error ? hone_cuda_fail(error, "load a program") : HONE_OK;
}

static hone_status create_kernels(hone_backend_plan *p) {
    const int64_t shared = shared_bytes(p);
    hone_status status = HONE_OK;
    hone_cu_result error = 0;
    for (int i = 0; i < PROGRAMS && !status; i++)
        status = load_program(p, i);
    for (int i = 0; i < KERNELS && !status && !error; i++)
        if (i != REDUCE || p->config.ks > 1)
            error = p->cu->function_get(&p->kernels[i], p->modules[kernels[i].program], kernels[i].name);
    if (!status && !error && shared > USUAL_SHARED)
        error = p->cu->function_set(p->kernels[GEMM], HONE_CU_FUNCTION_DYNAMIC_SHARED, (int)shared);
    return error && !status ? hone_cuda_fail(error, "prepare a kernel") : status;
}

static hone_status create_buffers(hone_backend_plan *p) {
    const hone_problem *q = &p->problem;
    const size_t outputs = (size_t)(q->m * q->n);
    const size_t bytes[BUFFERS] = {
        [A] = (size_t)(q->m * q->k) * element_size(q),
        [A_ROWS] = (size_t)(q->m * p->row_words) * WORD,
        [B] = q->weights_plain ? (size_t)(q->k * q->n) * element_size(q) : 0,
        [PACKED] = p->panels_size + p->sums_size,
        [C] = outputs * hone_dtype_size(q->c_type),
        [SUMS] = p->config.ks > 1 ? outputs * (size_t)p->config.ks * WORD : 0,
        [VECTORS] = p->vectors_size,
    };
    for (int i = 0; i < BUFFERS; i++) {
        hone_cu_result error = bytes[i] ? p->cu->allocate(&p->buffers[i], bytes[i]) : 0;
        if (error)
            return hone_cuda_fail(error, "allocate memory on the device");
        p->workspace += bytes[i];
    }
    p->vectors = calloc(1, p->vectors_size);
    return p->vectors ? HONE_OK : hone_fail(HONE_E_NOMEM, "no memory for a plan");
}

hone_status hone_cuda_plan_create(hone_backend_plan **out, const hone_device *device,
                                  const hone_problem *problem, const hone_config *config, hone_pool *pool) {
    (void)pool;
    hone_backend_plan *p = calloc(1, sizeof *p);
    if (!p)
        return hone_fail(HONE_E_NOMEM, "no memory for a plan");
    hone_status status;
    p->device = device;
    p->problem = *problem;
    if (!(status = hone_cuda_enter(&p->cu, device)) &&
        !(status = hone_cuda_config_read(&p->config, config))) {
        measure(p);
        if (!(status = hone_cuda_timer_create(&p->timer, device)) && !(status = create_kernels(p)))
            status = create_buffers(p);
    }
    if (status) {
        hone_cuda_plan_destroy(p);
        return status;
    }
    *out = p;
    return HONE_OK;
}

void hone_cuda_plan_destroy(hone_backend_plan *p) {
    const hone_cuda_driver *cu;
    if (!p)
        return;
    if (p->cu && !hone_cuda_enter(&cu, p->device)) {
        hone_cuda_timer_clear(&p->timer);
        for (int i = 0; i < BUFFERS; i++)
            if (p->buffers[i])
                cu->release(p->buffers[i]);
        for (int i = 0; i < PROGRAMS; i++)
            if (p->modules[i])
                cu->module_unload(p->modules[i]);
    }
    free(p->vectors);
    free(p);
}

/* ---- running kernels */

static hone_status launch(const hone_backend_plan *p, hone_cu_stream stream, int kernel, int64_t blocks,
                          int splits, int threads, int64_t shared, hone_cuda_call *call) {
    void *parameters[] = {call};
    if (blocks > INT32_MAX)
        return hone_fail(HONE_E_UNAVAILABLE, "the config makes %lld blocks, more than CUDA starts at once",
                         (long long)blocks);
    hone_cu_result error = p->cu->launch(p->kernels[kernel], (unsigned)blocks, 1, (unsigned)splits,
                                         (unsigned)threads, 1, 1, (unsigned)shared, stream, parameters, NULL);
    return error ? hone_cuda_fail(error, "start a kernel") : HONE_OK;
}

static hone_status launch_simple(const hone_backend_plan *p, hone_cu_stream stream, int kernel, int64_t items,
                                 hone_cuda_call *call) {
    return launch(p, stream, kernel, hone_cuda_pieces(items, SIMPLE_BLOCK), 1, SIMPLE_BLOCK, 0, call);
}

static const void *address(hone_cu_address at) { return (const void *)(uintptr_t)at; }

/* Weights as gemm reads them, and the sums of 8-bit ones behind them. */
static hone_status run_pack(const hone_backend_plan *p, hone_cu_stream stream, hone_cu_address packed,
                            hone_cu_address b, int64_t ldb) {
    const hone_problem *q = &p->problem;
    const int columns = p->config.family->columns, transposed = q->weights_transposed;
    hone_cuda_call call = {.k = (int)q->k,
                           .source = address(b),
                           .target = (void *)(uintptr_t)packed,
                           .source_row = transposed ? ldb : 1,
                           .source_step = transposed ? 1 : ldb,
                           .target_row = columns ? p->across : 1,
                           .target_step = columns ? 1 : p->across,
                           .rows = (int)q->n,
                           .hand = hone_cuda_hand(&p->config),
                           .target_rows = (int)(columns ? p->weight_rows : p->across),
                           .target_words = (int)(columns ? p->across : p->depth),
                           .parts = weight_parts(p),
                           .element_bytes = (int)element_size(q)};
    hone_status status = launch_simple(p, stream, GATHER, p->weight_rows * p->across, &call);
    if (status || q->dtype != HONE_S8)
        return status;
    call.target = (char *)call.target + p->panels_size;
    return launch_simple(p, stream, SUM_ROWS, q->n, &call);
}

static hone_status run_align(const hone_backend_plan *p, hone_cu_stream stream, hone_cu_address a,
                             int64_t lda) {
    const hone_problem *q = &p->problem;
    hone_cuda_call call = {.k = (int)q->k,
                           .source = address(a),
                           .target = (void *)(uintptr_t)p->buffers[A_ROWS],
                           .source_row = lda,
                           .source_step = 1,
                           .target_row = p->row_words,
                           .target_step = 1,
                           .rows = (int)q->m,
                           .target_rows = (int)q->m,
                           .target_words = (int)p->row_words,
                           .element_bytes = (int)element_size(q)};
    return launch_simple(p, stream, GATHER, q->m * p->row_words, &call);
}

static hone_cuda_rows rows_of_b(const hone_problem *q, const void *b, int64_t ldb) {
    return (hone_cuda_rows){(void *)(uintptr_t)b, q->weights_transposed ? q->n : q->k,
                            q->weights_transposed ? q->k : q->n, ldb, element_size(q)};
}

/* ---- packing */

size_t hone_cuda_plan_workspace(const hone_backend_plan *p) { return p->workspace; }

size_t hone_cuda_packed_size(const hone_backend_plan *p) {
    return p->problem.weights_plain ? 0 : p->panels_size + p->sums_size + ID_BYTES;
}

/* Packed weights of the host end in a number that no others of the process have: the device's copy is known
 * by it. */
static uint64_t *packed_id(const hone_backend_plan *p, const void *packed) {
    return (uint64_t *)(uintptr_t)((const char *)packed + p->panels_size + p->sums_size);
}

hone_status hone_cuda_pack(void *packed, const hone_backend_plan *p, const void *b, int64_t ldb) {
    static atomic_uint_fast64_t packs;
    const size_t bytes = p->panels_size + p->sums_size;
    const hone_cuda_rows from = rows_of_b(&p->problem, b, ldb),
                         to = {packed, 1, (int64_t)bytes, (int64_t)bytes, 1};
    const hone_cuda_driver *cu;
    hone_cu_address source = 0, target = 0, source_at, target_at;
    int64_t ld, unused;
    hone_status status = hone_cuda_enter(&cu, p->device);
    if (status)
        return status;
    hone_cu_result error =
        cu->allocate(&source, (size_t)(p->problem.k * p->problem.n) * element_size(&p->problem));
    if (!error)
        error = cu->allocate(&target, bytes);
    if (error)
        status = hone_cuda_fail(error, "allocate memory on the device");
    if (!status && !(status = hone_cuda_bind(&source_at, &ld, cu, p->timer.stream, source, &from, 1)) &&
        !(status = hone_cuda_bind(&target_at, &unused, cu, p->timer.stream, target, &to, 0)) &&
        !(status = run_pack(p, p->timer.stream, target_at, source_at, ld)))
        status = hone_cuda_fetch(cu, p->timer.stream, target, &to);
    error = cu->stream_wait(p->timer.stream);
    if (error && !status)
        status = hone_cuda_fail(error, "pack weights");
    if (!status && !hone_cuda_is_device(cu, packed)) {
        memset(packed_id(p, packed), 0, ID_BYTES);
        *packed_id(p, packed) = atomic_fetch_add(&packs, 1) + 1;
    }
    if (source)
        cu->release(source);
    if (target)
        cu->release(target);
    return status;
}

/* ---- executing */

/* The small operands, in one buffer; `call` gets where they are there. */
static hone_status bind_vectors(hone_cuda_call *call, hone_backend_plan *p, const hone_args *args) {
    const hone_problem *q = &p->problem;
    const size_t n = (size_t)q->n, rows = (size_t)row_values(q);
    const int s8 = q->dtype == HONE_S8, per_column = hone_activation_info(q->act)->per_column;
    const hone_cu_address at = p->buffers[VECTORS];
    const struct {
        const void *from;
        const void **to;
        size_t count;
    } parts[] = {{q->bias ? args->bias : NULL, (const void **)&call->bias, n},
                 {per_column ? args->alpha : NULL, (const void **)&call->alpha, n},
                 {s8 ? args->b_scale : NULL, (const void **)&call->b_scale, n},
                 {s8 ? args->a_scale : NULL, (const void **)&call->a_scale, rows},
                 {s8 ? args->a_zero : NULL, (const void **)&call->a_zero, rows}};
    int changed = !p->vectors_there;
    size_t offset = 0;
    for (int i = 0; i < COUNT(parts); offset += filled(parts[i++].count)) {
        const size_t bytes = parts[i].count * sizeof(float);
        float *mine = p->vectors + offset;
        *parts[i].to = address(at + offset * sizeof(float));
        if (!parts[i].from || memcmp(mine, parts[i].from, bytes) == 0)
            continue;
        memcpy(mine, parts[i].from, bytes);
        changed = 1;
    }
    if (s8 && !args->a_zero && p->zeros_there) {
        memset(p->vectors + offset - filled(rows), 0, rows * sizeof(float));
        changed = 1;
    }
    p->zeros_there = args->a_zero != NULL;
    if (!changed)
        return HONE_OK;
    hone_cu_result error = p->cu->write(at, p->vectors, p->vectors_size, p->timer.stream);
    p->vectors_there = !error;
    return error ? hone_cuda_fail(error, "write the bias to the device") : HONE_OK;
}

/* Weights that are packed, unless the device has them, or plain ones. */
static hone_status bind_weights(hone_cu_address *out, int64_t *ld, hone_backend_plan *p,
                                const hone_args *args) {
    const hone_problem *q = &p->problem;
    const size_t bytes = p->panels_size + p->sums_size;
    if (q->weights_plain) {
        const hone_cuda_rows rows = rows_of_b(q, args->b, args->ldb);
        return hone_cuda_bind(out, ld, p->cu, p->timer.stream, p->buffers[B], &rows, 1);
    }
    const hone_cuda_rows rows = {(void *)(uintptr_t)args->b, 1, (int64_t)bytes, (int64_t)bytes, 1};
    const int there = hone_cuda_is_device(p->cu, args->b);
    const uint64_t id = there ? 0 : *packed_id(p, args->b);
    hone_status status = hone_cuda_bind(out, ld, p->cu, p->timer.stream, p->buffers[PACKED], &rows,
                                        there || id != p->packed_id);
    if (!there)
        p->packed_id = status ? 0 : id;
    return status;
}

static int is_aligned(hone_cu_address at, int64_t row_bytes) {
    return at % CHUNK == 0 && row_bytes % CHUNK == 0;
}

/* Tensor maps of A and of packed weights. */
static hone_status map_operands(const hone_backend_plan *p, hone_cuda_call *call) {
    const hone_problem *q = &p->problem;
    hone_status status = hone_cuda_map(&call->map_a, p->cu, (hone_cu_address)(uintptr_t)call->a, q->m, q->k,
                                       call->lda, element_size(q), p->config.bm);
    return status ? status
                  : hone_cuda_map(&call->map_b, p->cu, (hone_cu_address)(uintptr_t)call->b, p->weight_rows,
                                  weight_parts(p) > 1 ? p->across : q->k, p->across * WORD, element_size(q),
                                  p->config.bn / p->config.cluster);
}

static hone_status run_gemm(const hone_backend_plan *p, hone_cu_stream stream, hone_cuda_call *call) {
    const hone_cuda_config *c = &p->config;
    const int64_t clusters =
        hone_cuda_pieces(p->problem.m, (int64_t)c->bm * c->cluster) * hone_cuda_pieces(p->problem.n, c->bn);
    const int64_t at_once = hone_cuda_properties(p->device)->units / c->cluster;
    const int64_t blocks = (c->family->persistent && clusters > at_once ? at_once : clusters) * c->cluster;
    hone_status status = c->family->by_tma ? map_operands(p, call) : HONE_OK;
    if (!status)
        status = launch(p, stream, GEMM, blocks, c->ks, c->family->threads(c), shared_bytes(p), call);
    const int64_t fours = p->problem.m * hone_cuda_pieces(p->problem.n, FOUR); /* a thread of `reduce` each */
    return status || c->ks == 1 ? status : launch_simple(p, stream, REDUCE, fours, call);
}

static hone_cuda_rows rows_of_a(const hone_problem *q, const hone_args *args) {
    return (hone_cuda_rows){(void *)(uintptr_t)args->a, q->m, q->k, args->lda, element_size(q)};
}

static hone_cuda_rows rows_of_c(const hone_problem *q, const hone_args *args) {
    return (hone_cuda_rows){args->c, q->m, q->n, args->ldc, hone_dtype_size(q->c_type)};
}

hone_status hone_cuda_plan_bind(hone_cuda_bound *out, hone_backend_plan *p, const hone_args *args) {
    const hone_problem *q = &p->problem;
    const hone_cuda_rows a_rows = rows_of_a(q, args), c_rows = rows_of_c(q, args);
    hone_cu_address c;
    int64_t ldc;
    hone_status status;
    *out = (hone_cuda_bound){.plan = p,
                             .call = {.sums = (int *)(uintptr_t)p->buffers[SUMS],
                                      .m = (int)q->m,
                                      .n = (int)q->n,
                                      .k = (int)q->k,
                                      .depth = (int)p->depth,
                                      .across = (int)p->across,
                                      .c_zero = args->c_zero,
                                      .p = (float)q->act_params[0],
                                      .q = (float)q->act_params[1],
                                      .c_inverse = 1.0f / args->c_scale}};
    if ((status = bind_vectors(&out->call, p, args)) ||
        (status = hone_cuda_bind(&out->a, &out->lda, p->cu, p->timer.stream, p->buffers[A], &a_rows, 1)) ||
        (status = bind_weights(&out->b, &out->ldb, p, args)) ||
        (status = hone_cuda_bind(&c, &ldc, p->cu, p->timer.stream, p->buffers[C], &c_rows, 0)))
        return status;
    out->call.c = (void *)(uintptr_t)c;
    out->call.ldc = ldc;
    out->call.c_aligned = is_aligned(c, ldc * (int64_t)c_rows.element);
    return HONE_OK;
}

hone_status hone_cuda_plan_enqueue(const void *what, hone_cu_stream stream) {
    const hone_cuda_bound *bound = what;
    const hone_backend_plan *p = bound->plan;
    const hone_problem *q = &p->problem;
    hone_cuda_call call = bound->call;
    hone_cu_address a = bound->a, b = bound->b;
    int64_t lda = bound->lda;
    hone_status status = HONE_OK;
    if (!is_aligned(a, lda * (int64_t)element_size(q))) {
        status = run_align(p, stream, a, lda);
        a = p->buffers[A_ROWS];
        lda = p->row_words * WORD / (int64_t)element_size(q);
    }
    if (q->weights_plain && !status) {
        status = run_pack(p, stream, p->buffers[PACKED], b, bound->ldb);
        b = p->buffers[PACKED];
    }
    call.a = address(a);
    call.lda = lda * (int64_t)element_size(q);
    call.b = address(b);
    call.column_sums = address(b + p->panels_size);
    return status ? status : run_gemm(p, stream, &call);
}

hone_status hone_cuda_plan_wait(const hone_backend_plan *p) {
    return hone_cuda_timer_wait(&p->timer, "finish a call");
}

hone_status hone_cuda_execute(hone_backend_plan *p, const hone_args *args) {
    const hone_cuda_rows c_rows = rows_of_c(&p->problem, args);
    const hone_cuda_driver *cu;
    hone_cuda_bound bound;
    hone_status status = hone_cuda_enter(&cu, p->device);
    if (status)
        return status;
    p->timed = 0;
    if (!(status = hone_cuda_plan_bind(&bound, p, args)) &&
        !(status = hone_cuda_timer_enqueue(&p->timer, hone_cuda_plan_enqueue, &bound)))
        status = hone_cuda_fetch(cu, p->timer.stream, p->buffers[C], &c_rows);
    const hone_status waited = hone_cuda_plan_wait(p); /* nothing touches the caller's memory after this */
    status = status ? status : waited;
    p->timed = !status;
    return status;
}

int hone_cuda_plan_is_device(const hone_backend_plan *p, const hone_args *args) {
    return hone_cuda_is_device(p->cu, args->a) && hone_cuda_is_device(p->cu, args->b) &&
           hone_cuda_is_device(p->cu, args->c);
}

const hone_device *hone_cuda_plan_device(const hone_backend_plan *p) { return p->device; }

double hone_cuda_device_us(const hone_backend_plan *p) {
    return p->timed ? hone_cuda_timer_us(&p->timer) : NAN;
}

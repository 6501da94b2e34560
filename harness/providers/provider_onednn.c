/* oneDNN's matmul primitive: weights reordered to the layout it likes best, bias, and the activation as a
 * post-op where oneDNN has the same formula; else matmul to fp32 and hone's separate pass.
 *
 * f16 on a CPU where oneDNN refuses it: A is widened to fp32 in each call and B once, oneDNN multiplies in
 * fp32, and hone's pass adds the bias, activates and rounds. That is the best that its user can compose;
 * oneDNN's own reorder of f16 is reference code.
 *
 * s8: version 2 adds the bias before it scales the integer sums, so the bias is divided by the scales
 * beforehand; see onednn_library.h for what else differs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../kernels/cpu/cpu_variants.h"
#include "../../kernels/status.h"
#include "../affinity.h"
#include "onednn_library.h"
#include "provider_parts.h"
#include "widen_f16.h"

/* Best first. */
typedef enum composition { FUSED, SEPARATE, WIDENED, COMPOSITIONS } composition;

static const char *const composition_texts[COMPOSITIONS] = {
    [FUSED] = "fused bias and activation",
    [SEPARATE] = "separate bias and activation",
    [WIDENED] = "f16 widened to f32 around it, separate bias and activation",
};

enum { MOST_ARGUMENTS = 9 };

struct hone_provider_case {
    const onednn_library *library;
    hone_separate_pass pass;
    composition how;
    int threads;
    onednn_engine engine;
    onednn_stream stream;
    onednn_primitive matmul;
    const hone_operands *operands;
    onednn_argument arguments[MOST_ARGUMENTS];
    int argument_count;
    void *packed, *wide_a; /* wide_a: M x K of fp32 where f16 is widened */
    float *scales, *scaled_bias;
    char label[256];
};

/* Post-ops with the formula of one of hone's activations, and its accuracy: elu and its kin are not here
 * because oneDNN computes e^x - 1 as written, which has few digits left near 0. `p` and `q` say which of
 * alpha and beta are parameters. */
typedef struct eltwise {
    const char *name;
    int kind_2, kind_3; /* 0: not in that version */
    float alpha, beta;
    int p, q;
} eltwise;

static const eltwise eltwises[] = {
    {"identity", 0x7f, 0x26, 1, 0, 0, 0},
    {"relu", 0x1f, 0x20, 0, 0, 0, 0},
    {"relu6", 0xff, 0x2e, 0, 6, 0, 0},
    {"clip", 0xff, 0x2e, 0, 0, 1, 1},
    {"leaky_relu", 0x1f, 0x20, 0, 0, 1, 0},
    {"gelu_erf", 0x30, 0x31, 0, 0, 0, 0},
    {"gelu_tanh", 0xcf, 0x2b, 0, 0, 0, 0},
    {"sigmoid", 0xaf, 0x29, 0, 0, 0, 0},
    {"hardsigmoid", 0, 0x28, 0, 0, 1, 1},
    {"tanh", 0x2f, 0x21, 0, 0, 0, 0},
    {"softplus", 0x9f, 0x27, 1, 0, 0, 0},
    {"silu", 0xdf, 0x2c, 1, 0, 0, 0},
    {"hardswish", 0x70, 0x34, 1.0f / 6, 0.5f, 0, 0},
    {"mish", 0x60, 0x33, 0, 0, 0, 0},
};

static const int types[HONE_DTYPE_COUNT] = {
    [HONE_F32] = ONEDNN_F32, [HONE_F16] = ONEDNN_F16, [HONE_BF16] = ONEDNN_BF16,
    [HONE_S8] = ONEDNN_S8,   [HONE_U8] = ONEDNN_U8,
};

static hone_status said(int code, const char *doing) {
    if (code == ONEDNN_OK)
        return HONE_OK;
    return hone_fail(code == ONEDNN_OUT_OF_MEMORY ? HONE_E_NOMEM : HONE_E_UNAVAILABLE, "onednn: %s: %s",
                     doing, onednn_library_get()->status_text(code));
}

static void set_threads(const onednn_library *library, int threads) {
    if (library->omp)
        library->omp->set_num_threads(threads);
}

static int is_identity(const hone_problem *problem) {
    return strcmp(hone_activation_name(problem->act), "identity") == 0;
}

static const eltwise *find_eltwise(const hone_problem *problem) {
    const char *name = hone_activation_name(problem->act);
    for (size_t i = 0; i < sizeof eltwises / sizeof *eltwises; i++)
        if (strcmp(eltwises[i].name, name) == 0)
            return &eltwises[i];
    return NULL;
}

static int kind_of(const eltwise *fused) {
    return onednn_library_get()->major == 2 ? fused->kind_2 : fused->kind_3;
}

static int is_8bit(hone_dtype type) { return type == HONE_S8 || type == HONE_U8; }

static int may(composition how, const hone_problem *problem) {
    const eltwise *fused = find_eltwise(problem);
    if (how == FUSED)
        return fused && kind_of(fused);
    return how == SEPARATE || problem->dtype == HONE_F16;
}

/* --------------------------------------------------------------- describing */

/* Where the matrices lie: the operands', or for a mere check as tight as can be. */
typedef struct layout {
    int64_t lda, ldb, ldc;
    int32_t a_zero, c_zero;
    float c_scale;
    const float *scales; /* N of them; NULL: all 1 */
} layout;

static hone_status append_activation(onednn_ops ops, const hone_problem *problem, const layout *where) {
    const eltwise *fused = find_eltwise(problem);
    float alpha = fused->p ? (float)problem->act_params[0] : fused->alpha;
    float beta = fused->q ? (float)problem->act_params[1] : fused->beta;
    float scale = is_8bit(problem->c_type) ? 1 / where->c_scale : 1;
    return said(onednn_ops_append(ops, scale, kind_of(fused), alpha, beta), "appending the activation");
}

static hone_status set_attributes(onednn_attr attr, const hone_problem *problem, const layout *where,
                                  composition how) {
    const onednn_library *library = onednn_library_get();
    const int quantises = how == FUSED && is_8bit(problem->c_type);
    const onednn_quantisation quantisation = {problem->n, where->scales, where->a_zero, where->c_zero,
                                              quantises};
    hone_status status = HONE_OK;
    onednn_ops ops = NULL;
    if (problem->dtype == HONE_S8)
        status = said(onednn_attr_quantise(attr, &quantisation), "setting scales and zero points");
    /* Version 2 scales C by way of a post-op. */
    if (status || how != FUSED || (is_identity(problem) && !(quantises && library->major == 2)))
        return status;
    status = said(library->ops_create(&ops), "creating post-ops");
    if (!status)
        status = append_activation(ops, problem, where);
    if (!status)
        status = said(library->attr_set_ops(attr, ops), "setting post-ops");
    library->ops_destroy(ops);
    return status;
}

static hone_status refused(const hone_problem *problem, composition how) {
    const onednn_version *version = onednn_library_get()->version();
    return hone_fail(HONE_E_UNAVAILABLE, "onednn %d.%d has no matmul of %s to %s on this CPU", version->major,
                     version->minor, how == WIDENED ? "f32" : hone_dtype_name(problem->a_type),
                     how == FUSED ? hone_dtype_name(problem->c_type) : "f32");
}

/* The matmul with its activation when FUSED, else to fp32 without bias. */
static hone_status describe(onednn_plan *out, onednn_engine engine, const hone_problem *problem,
                            const layout *where, composition how) {
    const onednn_library *library = onednn_library_get();
    onednn_desc src = NULL, weights = NULL, bias = NULL, dst = NULL;
    onednn_attr attr = NULL;
    hone_status status = HONE_OK;
    const int64_t m = problem->m, n = problem->n, k = problem->k;
    const int wide = how == WIDENED, transposed = problem->weights_transposed;
    const int plain = problem->weights_plain && !wide;
    int code =
        onednn_desc_create(&src, m, k, wide ? ONEDNN_F32 : types[problem->a_type], wide ? k : where->lda, 1);
    if (!code)
        code = onednn_desc_create(&weights, k, n, wide ? ONEDNN_F32 : types[problem->dtype],
                                  !plain       ? 0
                                  : transposed ? 1
                                               : where->ldb,
                                  plain && transposed ? where->ldb : 1);
    if (!code && how == FUSED && problem->bias)
        code = onednn_desc_create(&bias, 1, n, ONEDNN_F32, n, 1);
    if (!code)
        code =
            onednn_desc_create(&dst, m, n, how == FUSED ? types[problem->c_type] : ONEDNN_F32, where->ldc, 1);
    if (!code)
        code = library->attr_create(&attr);
    status = said(code, "describing the matmul");
    if (!status)
        status = set_attributes(attr, problem, where, how);
    if (!status) {
        code = onednn_matmul_plan(out, engine, src, weights, bias, dst, attr);
        status = code == ONEDNN_UNIMPLEMENTED ? refused(problem, how) : said(code, "creating the matmul");
    }
    library->attr_destroy(attr);
    onednn_desc_destroy(src);
    onednn_desc_destroy(weights);
    onednn_desc_destroy(bias);
    onednn_desc_destroy(dst);
    return status;
}

static const char *name_of(onednn_plan plan) {
    const char *name = "";
    return onednn_library_get()->plan_query(plan, ONEDNN_QUERY_NAME, 0, (void *)&name) ? "" : name;
}

/* The best composition that oneDNN has a kernel for. Its reference code, which no user would choose, is
 * taken where there is nothing else. */
static hone_status choose(composition *out, onednn_engine engine, const hone_problem *problem) {
    const layout tight = {.lda = problem->k,
                          .ldb = problem->weights_transposed ? problem->k : problem->n,
                          .ldc = problem->n,
                          .c_scale = 1};
    composition found = COMPOSITIONS;
    hone_status status = HONE_OK;
    for (composition how = FUSED; how < COMPOSITIONS; how++) {
        onednn_plan plan = NULL;
        if (!may(how, problem))
            continue;
        status = describe(&plan, engine, problem, &tight, how);
        int slow = !status && strncmp(name_of(plan), "ref", 3) == 0;
        if (plan)
            onednn_library_get()->plan_destroy(plan);
        if (status && status != HONE_E_UNAVAILABLE)
            return status;
        if (!status && (!slow || found == COMPOSITIONS))
            found = how;
        if (!status && !slow)
            break;
    }
    if (found == COMPOSITIONS)
        return status;
    *out = found;
    return HONE_OK;
}

/* Whether the CPU multiplies 8 bits by vpmaddubsw, an x86 without VNNI. s8 A oneDNN multiplies otherwise. */
static int saturates(void) {
    return hone_cpu_has("avx2") && !hone_cpu_has("avx512vnni") && !hone_cpu_has("avxvnni");
}

static hone_status check(const hone_device *device, const hone_problem *problem) {
    const onednn_library *library = onednn_library_get();
    onednn_engine engine = NULL;
    composition how;
    cpu_set_t pinned;
    hone_status status = hone_provider_needs_cpu("onednn", device);
    if (status)
        return status;
    if (!library)
        return hone_fail(HONE_E_UNAVAILABLE, "onednn: %s", onednn_library_missing());
    if (problem->a_scale_per_row)
        return hone_fail(HONE_E_UNAVAILABLE, "onednn has no scales per row of A; leave out --rowscale");
    if (problem->a_type == HONE_U8 && saturates())
        return hone_fail(
            HONE_E_UNAVAILABLE,
            "onednn adds pairs of u8 products in 16 bits where a CPU has no VNNI, as here, which is wrong "
            "where they exceed that");
    hone_affinity_widen(&pinned);
    status = said(library->engine_create(&engine, ONEDNN_CPU, 0), "creating an engine");
    if (!status)
        status = choose(&how, engine, problem);
    if (engine)
        library->engine_destroy(engine);
    hone_affinity_restore(&pinned);
    return status;
}

static void destroy(hone_provider_case *self) {
    if (!self)
        return;
    const onednn_library *library = self->library;
    for (int i = 0; i < self->argument_count; i++)
        library->memory_destroy(self->arguments[i].memory);
    if (self->matmul)
        library->primitive_destroy(self->matmul);
    if (self->stream)
        library->stream_destroy(self->stream);
    if (self->engine)
        library->engine_destroy(self->engine);
    hone_separate_pass_clear(&self->pass);
    free(self->packed);
    free(self->wide_a);
    free(self->scales);
    free(self->scaled_bias);
    free(self);
}

/* ---------------------------------------------------------------- preparing */

/* s8 in version 2: the scale of each column's sums, and the bias in units of it. */
static hone_status scale_columns(hone_provider_case *self, const hone_operands *operands) {
    const hone_problem *problem = &operands->problem;
    void *scales, *bias;
    hone_status status = hone_provider_allocate(&scales, (size_t)problem->n * sizeof(float));
    if (status)
        return status;
    self->scales = scales;
    status = hone_provider_allocate(&bias, (size_t)problem->n * sizeof(float));
    if (status)
        return status;
    self->scaled_bias = bias;
    for (int64_t j = 0; j < problem->n; j++) {
        self->scales[j] = operands->a_scale[0] * operands->b_scale[j];
        self->scaled_bias[j] = operands->bias ? operands->bias[j] / self->scales[j] : 0;
    }
    return HONE_OK;
}

static hone_status add_argument(hone_provider_case *self, int index, onednn_desc desc, void *data) {
    onednn_memory memory = NULL;
    hone_status status =
        said(self->library->memory_create(&memory, desc, self->engine, data), "describing an argument");
    if (!status)
        self->arguments[self->argument_count++] = (onednn_argument){index, memory};
    return status;
}

static hone_status add_vector(hone_provider_case *self, int index, int64_t count, int type, void *data) {
    onednn_desc desc = NULL;
    hone_status status = said(onednn_desc_create_vector(&desc, count, type), "describing a vector");
    if (!status)
        status = add_argument(self, index, desc, data);
    onednn_desc_destroy(desc);
    return status;
}

/* s8 in version 3: the numbers of the scales and zero points that were declared. */
static hone_status add_quantisation(hone_provider_case *self, const hone_operands *operands) {
    const hone_problem *problem = &operands->problem;
    hone_status status = add_vector(self, ONEDNN_SCALES | ONEDNN_SRC, 1, ONEDNN_F32, operands->a_scale);
    if (!status)
        status = add_vector(self, ONEDNN_SCALES | ONEDNN_WEIGHTS, problem->n, ONEDNN_F32, operands->b_scale);
    if (!status && operands->a_zero && operands->a_zero[0])
        status = add_vector(self, ONEDNN_ZERO_POINTS | ONEDNN_SRC, 1, ONEDNN_S32, operands->a_zero);
    if (status || self->how != FUSED || !is_8bit(problem->c_type))
        return status;
    status = add_vector(self, ONEDNN_SCALES | ONEDNN_DST, 1, ONEDNN_F32, (void *)&operands->c_scale);
    if (!status)
        status = add_vector(self, ONEDNN_ZERO_POINTS | ONEDNN_DST, 1, ONEDNN_S32, (void *)&operands->c_zero);
    return status;
}

static hone_status create_reorder(onednn_primitive *out, const hone_provider_case *self, onednn_desc from,
                                  onednn_desc to) {
    const onednn_library *library = self->library;
    onednn_plan plan = NULL;
    hone_status status = said(library->reorder_plan(&plan, from, self->engine, to, self->engine, NULL),
                              "describing a reorder");
    if (!status)
        status = said(library->primitive_create(out, plan), "creating a reorder");
    if (plan)
        library->plan_destroy(plan);
    return status;
}

static hone_status execute(const hone_provider_case *self, onednn_primitive primitive, int count,
                           const onednn_argument *arguments) {
    int code = self->library->primitive_execute(primitive, self->stream, count, arguments);
    if (!code)
        code = self->library->stream_wait(self->stream);
    return said(code, "running");
}

/* B without gaps between its rows, which some of oneDNN's packing refuses, and in the type to multiply. */
static hone_status copy_weights(void **out, const hone_operands *operands, int widened) {
    const hone_problem *problem = &operands->problem;
    const int64_t rows = problem->weights_transposed ? problem->n : problem->k;
    const int64_t columns = problem->weights_transposed ? problem->k : problem->n;
    const size_t size = hone_dtype_size(problem->dtype);
    void *copy;
    hone_status status =
        hone_provider_allocate(&copy, (size_t)(rows * columns) * (widened ? sizeof(float) : size));
    if (status)
        return status;
    for (int64_t i = 0; i < rows; i++) {
        const char *row = (const char *)operands->b + (size_t)(i * operands->ldb) * size;
        if (widened)
            hone_widen_f16((float *)copy + i * columns, (const uint16_t *)(const void *)row, columns);
        else
            memcpy((char *)copy + (size_t)(i * columns) * size, row, (size_t)columns * size);
    }
    *out = copy;
    return HONE_OK;
}

/* B in the layout that the matmul chose. */
static hone_status pack(hone_provider_case *self, const hone_operands *operands, onednn_desc chosen) {
    const onednn_library *library = self->library;
    const hone_problem *problem = &operands->problem;
    const int transposed = problem->weights_transposed, widened = self->how == WIDENED;
    onednn_desc stored = NULL;
    onednn_memory from = NULL, to = NULL;
    onednn_primitive reorder = NULL;
    void *copy = NULL;
    hone_status status = copy_weights(&copy, operands, widened);
    if (!status)
        status = said(onednn_desc_create(&stored, problem->k, problem->n,
                                         widened ? ONEDNN_F32 : types[problem->dtype],
                                         transposed ? 1 : problem->n, transposed ? problem->k : 1),
                      "describing B");
    if (!status)
        status = hone_provider_allocate(&self->packed, library->desc_size(chosen));
    if (!status)
        status = said(library->memory_create(&from, stored, self->engine, copy), "stored B");
    if (!status)
        status = said(library->memory_create(&to, chosen, self->engine, self->packed), "packed B");
    if (!status)
        status = create_reorder(&reorder, self, stored, chosen);
    const onednn_argument arguments[] = {{ONEDNN_SRC, from}, {ONEDNN_DST, to}};
    if (!status)
        status = execute(self, reorder, 2, arguments);
    if (!status)
        status = add_argument(self, ONEDNN_WEIGHTS, chosen, self->packed);
    if (reorder)
        library->primitive_destroy(reorder);
    if (from)
        library->memory_destroy(from);
    if (to)
        library->memory_destroy(to);
    onednn_desc_destroy(stored);
    free(copy);
    return status;
}

static hone_status create_memories(hone_provider_case *self, const hone_operands *operands,
                                   onednn_plan plan) {
    const onednn_library *library = self->library;
    const hone_problem *problem = &operands->problem;
    onednn_desc src = library->plan_desc(plan, ONEDNN_QUERY_SRC, 0);
    onednn_desc weights = library->plan_desc(plan, ONEDNN_QUERY_WEIGHTS, 0);
    hone_status status = HONE_OK;
    if (self->how == WIDENED)
        status = hone_provider_allocate(&self->wide_a, library->desc_size(src));
    if (!status)
        status = add_argument(self, ONEDNN_SRC, src, self->wide_a ? self->wide_a : operands->a);
    if (!status)
        status = add_argument(self, ONEDNN_DST, library->plan_desc(plan, ONEDNN_QUERY_DST, 0),
                              self->how == FUSED ? operands->c : (void *)self->pass.x);
    if (!status && operands->bias && self->how == FUSED)
        status = add_argument(self, ONEDNN_BIAS, library->plan_desc(plan, ONEDNN_QUERY_WEIGHTS, 1),
                              self->scaled_bias ? self->scaled_bias : operands->bias);
    if (!status && problem->dtype == HONE_S8 && library->major == 3)
        status = add_quantisation(self, operands);
    if (!status && problem->weights_plain && self->how != WIDENED)
        status = add_argument(self, ONEDNN_WEIGHTS, weights, operands->b);
    else if (!status)
        status = pack(self, operands, weights);
    return status;
}

/* The part of one of the team. */
static void widen_part(void *context, int index) {
    const hone_provider_case *self = context;
    const hone_operands *o = self->operands;
    const int64_t columns = o->problem.k;
    int64_t begin[2], end[2];
    hone_pass_team_part(&self->pass.team, index, o->problem.m, columns, begin, end);
    for (int64_t i = begin[0]; i < end[0]; i++)
        hone_widen_f16((float *)self->wide_a + i * columns + begin[1],
                       (const uint16_t *)o->a + i * o->lda + begin[1], end[1] - begin[1]);
}

static void run(hone_provider_case *self) {
    set_threads(self->library, self->threads);
    if (self->wide_a)
        hone_pass_team_run(&self->pass.team, widen_part, self);
    (void)execute(self, self->matmul, self->argument_count, self->arguments);
    if (self->how != FUSED)
        hone_separate_pass_run(&self->pass);
}

static hone_status create_matmul(hone_provider_case *self, const hone_operands *operands) {
    const onednn_library *library = self->library;
    const layout where = {.lda = operands->lda,
                          .ldb = operands->ldb,
                          .ldc = self->how == FUSED ? operands->ldc : self->pass.ldx,
                          .a_zero = operands->a_zero ? operands->a_zero[0] : 0,
                          .c_zero = operands->c_zero,
                          .c_scale = operands->c_scale,
                          .scales = self->scales};
    const onednn_version *version = library->version();
    onednn_plan plan = NULL;
    hone_status status = describe(&plan, self->engine, &operands->problem, &where, self->how);
    if (status)
        return status;
    status = said(library->primitive_create(&self->matmul, plan), "creating the matmul");
    if (!status)
        status = create_memories(self, operands, plan);
    if (!status)
        snprintf(self->label, sizeof self->label, "oneDNN %d.%d.%d %.100s; %s weights, %s", version->major,
                 version->minor, version->patch, name_of(plan),
                 operands->problem.weights_plain && self->how != WIDENED ? "plain" : "packed",
                 composition_texts[self->how]);
    library->plan_destroy(plan);
    return status;
}

/* Builds for other runtimes than OpenMP choose by themselves. */
static hone_status check_threads(const onednn_library *library, const hone_device *device, int threads) {
    const int own = library->version()->cpu_runtime == ONEDNN_RUNTIME_SEQUENTIAL ? 1 : device->threads;
    if (library->omp || threads == own)
        return HONE_OK;
    return hone_fail(HONE_E_UNAVAILABLE,
                     "onednn: %s is built for another runtime than OpenMP and uses %d threads, not %d",
                     library->file, own, threads);
}

static hone_status prepare(hone_provider_case **out, hone_context *context, const hone_device *device,
                           const hone_operands *operands, const char *config, int threads) {
    (void)config;
    hone_status status = check(device, &operands->problem);
    if (!status)
        status = check_threads(onednn_library_get(), device, threads);
    if (status)
        return status;
    hone_provider_case *self = calloc(1, sizeof *self);
    if (!self)
        return hone_fail(HONE_E_NOMEM, "out of memory for a case of onednn");
    cpu_set_t pinned;
    const onednn_library *library = self->library = onednn_library_get();
    hone_affinity_widen(&pinned); /* the first run starts its threads */
    set_threads(library, threads);
    self->operands = operands;
    self->threads = threads;
    status = said(library->engine_create(&self->engine, ONEDNN_CPU, 0), "creating an engine");
    if (!status)
        status = choose(&self->how, self->engine, &operands->problem);
    if (!status && self->how != FUSED)
        status = hone_separate_pass_create(&self->pass, context, device, operands, threads,
                                           HONE_PASS_AFTER_OTHERS, library->omp);
    if (!status)
        status =
            said(library->stream_create(&self->stream, self->engine, ONEDNN_IN_ORDER), "creating a stream");
    if (!status && operands->problem.dtype == HONE_S8 && library->major == 2)
        status = scale_columns(self, operands);
    if (!status)
        status = create_matmul(self, operands);
    if (!status)
        run(self);
    hone_affinity_restore(&pinned);
    if (status) {
        destroy(self);
        return status;
    }
    *out = self;
    return HONE_OK;
}

static const char *label(const hone_provider_case *self) { return self->label; }

const hone_provider hone_provider_onednn = {
    .name = "onednn",
    .description = "oneDNN matmul, activation as a post-op where it has one, else hone's separate pass",
    .unavailable = onednn_library_missing,
    .check = check,
    .prepare = prepare,
    .run = run,
    .label = label,
    .destroy = destroy,
};

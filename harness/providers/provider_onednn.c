/* oneDNN's matmul primitive: weights reordered to the layout it likes best,
 * bias, and the activation as a post-op where oneDNN has the same formula; else
 * matmul to fp32 and hone's separate pass.
 *
 * s8 problems: oneDNN 2 adds the bias before it scales the integer sums, so the
 * bias is divided by the scales beforehand. */
#include "provider_parts.h"

#ifdef HONE_HAVE_ONEDNN

#include <dlfcn.h>
#include <oneapi/dnnl/dnnl.h>
#include <oneapi/dnnl/dnnl_debug.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../kernels/status.h"
#include "../affinity.h"

struct hone_provider_case {
    hone_separate_pass pass;
    int separate, threads;
    dnnl_engine_t engine;
    dnnl_stream_t stream;
    dnnl_primitive_t matmul;
    dnnl_memory_t src, weights, bias, dst;
    void *packed;
    float *scales, *scaled_bias;
    char label[256];
};

/* Post-ops with the formula of one of hone's activations, and its accuracy: elu
 * is not here because oneDNN 2 computes e^x - 1 as written, which has few digits
 * left near 0. `p` and `q` say which of alpha and beta are parameters. */
typedef struct eltwise {
    const char *name;
    dnnl_alg_kind_t kind;
    float alpha, beta;
    int p, q;
} eltwise;

static const eltwise eltwises[] = {
    {"identity", dnnl_eltwise_linear, 1, 0, 0, 0},     {"relu", dnnl_eltwise_relu, 0, 0, 0, 0},
    {"relu6", dnnl_eltwise_clip, 0, 6, 0, 0},          {"clip", dnnl_eltwise_clip, 0, 0, 1, 1},
    {"leaky_relu", dnnl_eltwise_relu, 0, 0, 1, 0},     {"gelu_erf", dnnl_eltwise_gelu_erf, 0, 0, 0, 0},
    {"gelu_tanh", dnnl_eltwise_gelu_tanh, 0, 0, 0, 0}, {"sigmoid", dnnl_eltwise_logistic, 0, 0, 0, 0},
    {"tanh", dnnl_eltwise_tanh, 0, 0, 0, 0},           {"softplus", dnnl_eltwise_soft_relu, 0, 0, 0, 0},
    {"silu", dnnl_eltwise_swish, 1, 0, 0, 0},          {"hardswish", dnnl_eltwise_hardswish, 0, 0, 0, 0},
    {"mish", dnnl_eltwise_mish, 0, 0, 0, 0},
};

static const dnnl_data_type_t types[HONE_DTYPE_COUNT] = {
    [HONE_F32] = dnnl_f32, [HONE_F16] = dnnl_f16, [HONE_BF16] = dnnl_bf16,
    [HONE_S8] = dnnl_s8,   [HONE_U8] = dnnl_u8,
};

static hone_status said(dnnl_status_t code, const char *doing) {
    if (code == dnnl_success)
        return HONE_OK;
    return hone_fail(code == dnnl_out_of_memory ? HONE_E_NOMEM : HONE_E_UNAVAILABLE, "onednn: %s: %s", doing,
                     dnnl_status2str(code));
}

/* oneDNN takes its threads from the OpenMP runtime that it loaded. */
static void set_threads(int threads) {
    void (*set)(int) = NULL;
    *(void **)&set = dlsym(RTLD_DEFAULT, "omp_set_num_threads");
    if (set)
        set(threads);
}

static const eltwise *find_eltwise(const hone_problem *problem) {
    const char *name = hone_activation_name(problem->act);
    for (size_t i = 0; i < sizeof eltwises / sizeof *eltwises; i++)
        if (strcmp(eltwises[i].name, name) == 0)
            return &eltwises[i];
    return NULL;
}

static int is_8bit(hone_dtype type) { return type == HONE_S8 || type == HONE_U8; }

static dnnl_status_t matrix(dnnl_memory_desc_t *out, int64_t rows, int64_t columns, hone_dtype type,
                            int64_t row_stride, int64_t column_stride) {
    return dnnl_memory_desc_init_by_strides(out, 2, (dnnl_dims_t){rows, columns}, types[type],
                                            (dnnl_dims_t){row_stride, column_stride});
}

/* Where the matrices lie: the operands', or for a mere check as tight as can be. */
typedef struct layout {
    int64_t lda, ldb, ldc;
    int32_t a_zero, c_zero;
    float c_scale;
    const float *scales; /* N of them; NULL: all 1 */
} layout;

static hone_status set_attributes(dnnl_primitive_attr_t attr, const hone_problem *problem,
                                  const layout *where, const eltwise *fused) {
    static const float one = 1;
    hone_status status = HONE_OK;
    dnnl_post_ops_t ops = NULL;
    if (problem->dtype == HONE_S8) {
        status = where->scales
                     ? said(dnnl_primitive_attr_set_output_scales(attr, problem->n, 2, where->scales),
                            "setting scales")
                     : said(dnnl_primitive_attr_set_output_scales(attr, 1, 0, &one), "setting scales");
        if (!status && where->a_zero)
            status = said(dnnl_primitive_attr_set_zero_points(attr, DNNL_ARG_SRC, 1, 0, &where->a_zero),
                          "setting A's zero point");
        if (!status && fused && is_8bit(problem->c_type))
            status = said(dnnl_primitive_attr_set_zero_points(attr, DNNL_ARG_DST, 1, 0, &where->c_zero),
                          "setting C's zero point");
    }
    int quantises = is_8bit(problem->c_type);
    if (status || !fused || (fused->kind == dnnl_eltwise_linear && !quantises))
        return status;
    float alpha = fused->p ? (float)problem->act_params[0] : fused->alpha;
    float beta = fused->q ? (float)problem->act_params[1] : fused->beta;
    status = said(dnnl_post_ops_create(&ops), "creating post-ops");
    if (!status)
        status = said(
            dnnl_post_ops_append_eltwise(ops, quantises ? 1 / where->c_scale : 1, fused->kind, alpha, beta),
            "appending the activation");
    if (!status)
        status = said(dnnl_primitive_attr_set_post_ops(attr, ops), "setting post-ops");
    dnnl_post_ops_destroy(ops);
    return status;
}

/* The matmul with its activation when `fused` is one, else to fp32 without bias. */
static hone_status describe(dnnl_primitive_desc_t *out, dnnl_engine_t engine, const hone_problem *problem,
                            const layout *where, const eltwise *fused) {
    dnnl_memory_desc_t src, weights, bias, dst;
    dnnl_matmul_desc_t matmul;
    dnnl_primitive_attr_t attr = NULL;
    int64_t m = problem->m, n = problem->n, k = problem->k;
    int biased = fused && problem->bias, transposed = problem->weights_transposed;
    dnnl_status_t code = matrix(&src, m, k, problem->a_type, where->lda, 1);
    if (!code && problem->weights_plain)
        code =
            matrix(&weights, k, n, problem->dtype, transposed ? 1 : where->ldb, transposed ? where->ldb : 1);
    else if (!code)
        code = dnnl_memory_desc_init_by_tag(&weights, 2, (dnnl_dims_t){k, n}, types[problem->dtype],
                                            dnnl_format_tag_any);
    if (!code)
        code = matrix(&bias, 1, n, HONE_F32, n, 1);
    if (!code)
        code = matrix(&dst, m, n, fused ? problem->c_type : HONE_F32, where->ldc, 1);
    if (!code)
        code = dnnl_matmul_desc_init(&matmul, &src, &weights, biased ? &bias : NULL, &dst);
    if (!code)
        code = dnnl_primitive_attr_create(&attr);
    hone_status status = said(code, "describing the matmul");
    if (!status)
        status = set_attributes(attr, problem, where, fused);
    if (!status) {
        code = dnnl_primitive_desc_create(out, &matmul, attr, engine, NULL);
        if (code == dnnl_unimplemented)
            status = hone_fail(HONE_E_UNAVAILABLE, "onednn %d.%d has no matmul of %s to %s on this CPU",
                               dnnl_version()->major, dnnl_version()->minor, hone_dtype_name(problem->a_type),
                               hone_dtype_name(fused ? problem->c_type : HONE_F32));
        else
            status = said(code, "creating the matmul");
    }
    dnnl_primitive_attr_destroy(attr);
    return status;
}

static hone_status check(const hone_device *device, const hone_problem *problem) {
    dnnl_engine_t engine = NULL;
    dnnl_primitive_desc_t desc = NULL;
    const layout tight = {.lda = problem->k,
                          .ldb = problem->weights_transposed ? problem->k : problem->n,
                          .ldc = problem->n,
                          .c_scale = 1};
    hone_status status = hone_provider_needs_cpu("onednn", device);
    if (status)
        return status;
    if (problem->a_scale_per_row)
        return hone_fail(HONE_E_UNAVAILABLE, "onednn has no scales per row of A; leave out --rowscale");
    status = said(dnnl_engine_create(&engine, dnnl_cpu, 0), "creating an engine");
    if (!status)
        status = describe(&desc, engine, problem, &tight, find_eltwise(problem));
    dnnl_primitive_desc_destroy(desc);
    dnnl_engine_destroy(engine);
    return status;
}

static void destroy(hone_provider_case *self) {
    if (!self)
        return;
    const dnnl_memory_t memories[] = {self->src, self->weights, self->bias, self->dst};
    for (size_t i = 0; i < sizeof memories / sizeof *memories; i++)
        dnnl_memory_destroy(memories[i]);
    dnnl_primitive_destroy(self->matmul);
    dnnl_stream_destroy(self->stream);
    dnnl_engine_destroy(self->engine);
    hone_separate_pass_clear(&self->pass);
    free(self->packed);
    free(self->scales);
    free(self->scaled_bias);
    free(self);
}

/* s8: the scale of each column's sums, and the bias in units of it. */
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

/* B in the layout that the matmul chose. */
static hone_status pack(hone_provider_case *self, const hone_operands *operands,
                        const dnnl_memory_desc_t *chosen) {
    const hone_problem *problem = &operands->problem;
    const int transposed = problem->weights_transposed;
    dnnl_memory_desc_t stored;
    dnnl_memory_t from = NULL;
    dnnl_primitive_desc_t desc = NULL;
    dnnl_primitive_t reorder = NULL;
    hone_status status = said(matrix(&stored, problem->k, problem->n, problem->dtype,
                                     transposed ? 1 : operands->ldb, transposed ? operands->ldb : 1),
                              "describing B");
    if (!status)
        status = hone_provider_allocate(&self->packed, dnnl_memory_desc_get_size(chosen));
    if (!status)
        status = said(dnnl_memory_create(&self->weights, chosen, self->engine, self->packed), "packed B");
    if (!status)
        status = said(dnnl_memory_create(&from, &stored, self->engine, operands->b), "stored B");
    if (!status)
        status =
            said(dnnl_reorder_primitive_desc_create(&desc, &stored, self->engine, chosen, self->engine, NULL),
                 "describing the packing");
    if (!status)
        status = said(dnnl_primitive_create(&reorder, desc), "creating the packing");
    const dnnl_exec_arg_t args[] = {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, self->weights}};
    if (!status)
        status = said(dnnl_primitive_execute(reorder, self->stream, 2, args), "packing");
    if (!status)
        status = said(dnnl_stream_wait(self->stream), "packing");
    dnnl_primitive_destroy(reorder);
    dnnl_primitive_desc_destroy(desc);
    dnnl_memory_destroy(from);
    return status;
}

static hone_status create_memories(hone_provider_case *self, const hone_operands *operands,
                                   dnnl_primitive_desc_t desc) {
    const dnnl_memory_desc_t *weights = dnnl_primitive_desc_query_md(desc, dnnl_query_weights_md, 0);
    void *c = self->separate ? (void *)self->pass.x : operands->c;
    void *bias = self->scaled_bias ? self->scaled_bias : operands->bias;
    hone_status status =
        said(dnnl_memory_create(&self->src, dnnl_primitive_desc_query_md(desc, dnnl_query_src_md, 0),
                                self->engine, operands->a),
             "A");
    if (!status)
        status = said(dnnl_memory_create(&self->dst, dnnl_primitive_desc_query_md(desc, dnnl_query_dst_md, 0),
                                         self->engine, c),
                      "C");
    if (!status && operands->bias && !self->separate)
        status =
            said(dnnl_memory_create(&self->bias, dnnl_primitive_desc_query_md(desc, dnnl_query_weights_md, 1),
                                    self->engine, bias),
                 "the bias");
    if (!status && operands->problem.weights_plain)
        status = said(dnnl_memory_create(&self->weights, weights, self->engine, operands->b), "B");
    else if (!status)
        status = pack(self, operands, weights);
    return status;
}

static void run(hone_provider_case *self) {
    const dnnl_exec_arg_t args[] = {{DNNL_ARG_SRC, self->src},
                                    {DNNL_ARG_WEIGHTS, self->weights},
                                    {DNNL_ARG_DST, self->dst},
                                    {DNNL_ARG_BIAS, self->bias}};
    set_threads(self->threads);
    dnnl_primitive_execute(self->matmul, self->stream, self->bias ? 4 : 3, args);
    dnnl_stream_wait(self->stream);
    if (self->separate)
        hone_separate_pass_run(&self->pass);
}

static hone_status create_matmul(hone_provider_case *self, const hone_operands *operands) {
    const hone_problem *problem = &operands->problem;
    const eltwise *fused = find_eltwise(problem);
    const layout where = {.lda = operands->lda,
                          .ldb = operands->ldb,
                          .ldc = fused ? operands->ldc : self->pass.ldx,
                          .a_zero = operands->a_zero ? operands->a_zero[0] : 0,
                          .c_zero = operands->c_zero,
                          .c_scale = operands->c_scale,
                          .scales = self->scales};
    dnnl_primitive_desc_t desc = NULL;
    const char *implementation = "";
    hone_status status = describe(&desc, self->engine, problem, &where, fused);
    if (status)
        return status;
    status = said(dnnl_primitive_create(&self->matmul, desc), "creating the matmul");
    if (!status)
        status = create_memories(self, operands, desc);
    if (!status)
        status = said(dnnl_primitive_desc_query(desc, dnnl_query_impl_info_str, 0, &implementation),
                      "asking for its name");
    if (!status)
        snprintf(self->label, sizeof self->label, "oneDNN %d.%d.%d %.100s; %s weights, %s",
                 dnnl_version()->major, dnnl_version()->minor, dnnl_version()->patch, implementation,
                 problem->weights_plain ? "plain" : "packed",
                 fused ? "fused bias and activation" : "separate bias and activation");
    dnnl_primitive_desc_destroy(desc);
    return status;
}

static hone_status prepare(hone_provider_case **out, hone_context *context, const hone_device *device,
                           const hone_operands *operands, const char *config, int threads) {
    (void)config;
    hone_status status = check(device, &operands->problem);
    if (status)
        return status;
    hone_provider_case *self = calloc(1, sizeof *self);
    if (!self)
        return hone_fail(HONE_E_NOMEM, "out of memory for a case of onednn");
    cpu_set_t pinned;
    hone_affinity_widen(&pinned); /* the first run starts OpenMP's threads */
    set_threads(threads);
    self->threads = threads;
    self->separate = !find_eltwise(&operands->problem);
    if (self->separate)
        status = hone_separate_pass_create(&self->pass, context, device, operands, threads,
                                           HONE_PASS_AFTER_OTHERS);
    if (!status)
        status = said(dnnl_engine_create(&self->engine, dnnl_cpu, 0), "creating an engine");
    if (!status)
        status = said(dnnl_stream_create(&self->stream, self->engine, dnnl_stream_default_flags),
                      "creating a stream");
    if (!status && operands->problem.dtype == HONE_S8)
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

#endif

const hone_provider hone_provider_onednn = {
    .name = "onednn",
    .description = "oneDNN matmul, activation as a post-op where it has one, else hone's separate pass",
#ifdef HONE_HAVE_ONEDNN
    .check = check,
    .prepare = prepare,
    .run = run,
    .label = label,
    .destroy = destroy,
#else
    .unavailable = "not found when this was built; install libdnnl-dev and build again",
#endif
};

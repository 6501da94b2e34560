/* How a problem is composed is tried out, once for each problem: bias and activation in cuBLASLt's own
 * epilogue, or some of it in a separate pass; for each of these the algorithm is searched. Of the
 * compositions that compute the problem within its error bound the fastest is measured. */
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../kernels/activation.h"
#include "../../kernels/status.h"
#include "../verify.h"
#include "cublaslt_case.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof(array)[0]))

enum { KEY = 384, MOST_COMPOSITIONS = 4, BATCHES = 3, BATCH_RUNS = 5 };

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
static int list_compositions(cublaslt_composition out[MOST_COMPOSITIONS], const hone_problem *p) {
    const int own = own_epilogue(p), s8 = p->dtype == HONE_S8, f32 = p->dtype == HONE_F32;
    const cublaslt_composition all[MOST_COMPOSITIONS] = {{with_bias(own, p), 1, 0, 0},
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

/* ---- routes */

static int type_of(hone_dtype type) {
    static const int types[] = {[HONE_F32] = CUBLASLT_F32,
                                [HONE_F16] = CUBLASLT_F16,
                                [HONE_BF16] = CUBLASLT_BF16,
                                [HONE_S8] = CUBLASLT_S8,
                                [HONE_U8] = CUBLASLT_S8}; /* as copied */
    return types[type];
}

void cublaslt_route_destroy(cublaslt_route *r) {
    if (!r)
        return;
    cublaslt_gemm_clear(&r->gemm);
    hone_cuda_pass_destroy(r->pass);
    free(r);
}

static void describe_gemm(cublaslt_gemm *out, const hone_provider_case *self, const cublaslt_composition *c) {
    const hone_problem *p = &self->operands.problem;
    const int s8 = p->dtype == HONE_S8, type = type_of(p->dtype), copied = self->buffers[BUFFER_A_COPY] != 0;
    const int64_t row = cublaslt_bytes_row(p), n = s8 ? cublaslt_bytes_columns(p) : p->n;
    const int64_t k = copied ? row : p->k;
    const int transposed = s8 || p->weights_transposed;
    const int half_bias = c->to_c && p->dtype != HONE_F32;
    *out = (cublaslt_gemm){
        .device = self->lt,
        .a = {s8 ? self->buffers[BUFFER_B_COPY] : self->b, type, transposed ? k : n, transposed ? n : k,
              s8 ? row : self->ldb},
        .b = {copied ? self->buffers[BUFFER_A_COPY] : self->a, type, k, p->m, copied ? row : self->lda},
        .d = {c->to_c ? self->c : self->buffers[BUFFER_X],
              c->to_c ? type
              : s8    ? CUBLASLT_S32
                      : CUBLASLT_F32,
              n, p->m, c->to_c ? self->ldc : cublaslt_x_ld(p)},
        .a_transposed = transposed,
        .epilogue = c->epilogue,
        .bias = cublaslt_part(self, half_bias ? PART_BIAS_16 : PART_BIAS),
    };
}

/* What was found for a problem. */
typedef struct finding {
    struct finding *next;
    char key[KEY];
    cublaslt_composition composition;
    cublaslt_algorithm algorithm;
    char label[CUBLASLT_LABEL];
} finding;

/* `known`: by an equal case; NULL: the algorithm is searched. */
static hone_status create_route(cublaslt_route **out, const hone_provider_case *self,
                                const cublaslt_composition *c, const finding *known) {
    hone_problem rest = self->operands.problem;
    rest.bias = c->pass_bias;
    cublaslt_route *r = calloc(1, sizeof *r);
    if (!r)
        return hone_fail(HONE_E_NOMEM, "out of memory for a case of cublaslt");
    r->composition = *c;
    describe_gemm(&r->gemm, self, c);
    hone_status status = cublaslt_gemm_create(&r->gemm);
    if (!status && c->pass)
        status = hone_cuda_pass_create(&r->pass, self->device, &rest, c->to_c ? rest.c_type : HONE_F32);
    if (known) {
        r->gemm.algorithm = known->algorithm;
        memcpy(r->label, known->label, CUBLASLT_LABEL);
    } else if (!status) {
        status = cublaslt_gemm_search(&r->gemm, &self->timer);
        snprintf(r->label, CUBLASLT_LABEL, "%s epilogue%s; algorithm %d of %d", epilogue_name(c->epilogue),
                 c->pass ? ", then one pass" : "", r->gemm.chosen + 1, r->gemm.proposals);
    }
    if (status) {
        cublaslt_route_destroy(r);
        return status;
    }
    *out = r;
    return HONE_OK;
}

static void run_case(void *what) {
    hone_provider_case *self = what;
    self->status = cublaslt_run_once(self);
}

/* Whether the case's route keeps within the bound. */
static hone_status is_exact(int *exact, hone_provider_case *self, const hone_reference *reference) {
    hone_numerics numerics;
    hone_status status = hone_verify_run(&numerics, &self->operands, reference, run_case, self);
    *exact = !status && numerics.correct;
    return status ? status : self->status;
}

/* A composition's route; its time is INFINITY where it is not exact. */
static hone_status try_composition(cublaslt_route **out, hone_provider_case *self,
                                   const cublaslt_composition *c, const hone_reference *reference) {
    int exact = 0;
    hone_status status = create_route(out, self, c, NULL);
    if (status)
        return status;
    self->route = *out;
    self->route->us = INFINITY;
    status = is_exact(&exact, self, reference);
    if (!status && exact)
        status = cublaslt_time(&(*out)->us, &self->timer, BATCH_RUNS, BATCHES, cublaslt_enqueue, self);
    self->route = NULL;
    if (status)
        cublaslt_route_destroy(*out);
    return status;
}

/* Keeps the better of two routes; of two inexact ones the later, which has more in f32. */
static void keep_better(cublaslt_route **best, cublaslt_route *other) {
    cublaslt_route *worse = *best && (*best)->us < other->us ? other : *best;
    *best = worse == other ? *best : other;
    cublaslt_route_destroy(worse);
}

/* The fastest exact route or, if none is exact, one for the caller to find wrong. */
static hone_status find_best(cublaslt_route **best, hone_provider_case *self,
                             const hone_reference *reference) {
    cublaslt_composition list[MOST_COMPOSITIONS];
    const int count = list_compositions(list, &self->operands.problem);
    const cublaslt_composition *inexact = NULL; /* that has no pass */
    hone_status status = HONE_OK;
    *best = NULL;
    for (int i = 0; i < count; i++) {
        cublaslt_route *r;
        status = try_composition(&r, self, &list[i], reference);
        if (status == HONE_E_UNAVAILABLE)
            continue; /* refused */
        if (status)
            break;
        if (r->us == INFINITY && !list[i].pass)
            inexact = &list[i];
        keep_better(best, r);
    }
    if (!*best || (status && status != HONE_E_UNAVAILABLE)) {
        cublaslt_route_destroy(*best);
        return status;
    }
    if (inexact && (*best)->composition.pass)
        snprintf((*best)->label + strlen((*best)->label), CUBLASLT_LABEL - strlen((*best)->label),
                 "; %s epilogue beyond the error bound", epilogue_name(inexact->epilogue));
    return HONE_OK;
}

static hone_status search_routes(hone_provider_case *self) {
    const double products = 1 << 26; /* enough rows to judge by; at least two */
    hone_reference *reference;
    cublaslt_route *best;
    hone_status status = hone_reference_create(&reference, &self->operands, products);
    if (status)
        return status;
    status = find_best(&best, self, reference);
    hone_reference_destroy(reference);
    self->route = status ? NULL : best;
    return status;
}

/* ---- findings */

/* Kept by the process, so that the cases of a cold measurement do not search again. */
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

static void remember(const char *key, const cublaslt_route *r) {
    finding *f = calloc(1, sizeof *f);
    if (!f)
        return; /* the next case searches again */
    snprintf(f->key, KEY, "%s", key);
    f->composition = r->composition;
    f->algorithm = r->gemm.algorithm;
    memcpy(f->label, r->label, CUBLASLT_LABEL);
    pthread_mutex_lock(&findings_lock);
    f->next = findings;
    findings = f;
    pthread_mutex_unlock(&findings_lock);
}

hone_status cublaslt_route_choose(hone_provider_case *self) {
    char key[KEY];
    hone_status status = write_key(key, self);
    if (status)
        return status;
    const finding *known = find(key);
    if (known)
        return create_route(&self->route, self, &known->composition, known);
    status = search_routes(self);
    if (!status)
        remember(key, self->route);
    return status;
}

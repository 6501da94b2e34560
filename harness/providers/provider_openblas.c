/* OpenBLAS's sgemm to C, then hone's separate pass for bias and activation in
 * place. BLAS has no packed weights: packing is part of every call.
 *
 * The library is loaded when it is first asked for, because it chooses its
 * kernels while it is loaded: on a CPU newer than itself it takes those of a
 * Pentium 4, ten times too slow for a fair comparison. It is then loaded again
 * with OPENBLAS_CORETYPE set to the best that the CPU has. */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../kernels/status.h"
#include "peer_library.h"
#include "provider_parts.h"

struct hone_provider_case {
    hone_separate_pass pass;
    const hone_operands *operands;
    int threads;
    char label[256];
};

typedef struct openblas {
    void *handle;
    void (*sgemm)(int, int, int, int, int, int, float, const float *, int, const float *, int, float, float *,
                  int);
    void (*set_num_threads)(int);
    char *(*get_config)(void);
    char *(*get_corename)(void);
} openblas;

static openblas library;
static char missing[512];
static pthread_once_t loading = PTHREAD_ONCE_INIT;

static int load(openblas *out) {
    static const char *const names[] = {"libopenblas.so.0", NULL};
    static const peer_symbol symbols[] = {
        {"cblas_sgemm", offsetof(openblas, sgemm)},
        {"openblas_set_num_threads", offsetof(openblas, set_num_threads)},
        {"openblas_get_config", offsetof(openblas, get_config)},
        {"openblas_get_corename", offsetof(openblas, get_corename)},
    };
    char file[256];
    openblas lib = {.handle = peer_library_open(file, missing, sizeof file, "HONE_OPENBLAS", names,
                                                "install libopenblas0, or name the file in HONE_OPENBLAS")};
    if (!lib.handle)
        return 0;
    if (!peer_library_fill(&lib, missing, sizeof missing, lib.handle, file, symbols,
                           sizeof symbols / sizeof *symbols)) {
        dlclose(lib.handle);
        return 0;
    }
    *out = lib;
    return 1;
}

/* The best kernels for this CPU that every x86 OpenBLAS of the last years has. */
static const char *best_core(void) {
    const char *best = NULL;
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        best = "Haswell";
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq"))
        best = "SkylakeX";
#endif
    return best;
}

static void load_library(void) {
    const char *best = best_core();
    if (load(&library) && best && strcmp(library.get_corename(), "Prescott") == 0 &&
        setenv("OPENBLAS_CORETYPE", best, 0) == 0) {
        dlclose(library.handle);
        library.handle = NULL;
        load(&library);
    }
}

static const char *unavailable(void) {
    pthread_once(&loading, load_library);
    return library.handle ? NULL : missing;
}

static hone_status check(const hone_device *device, const hone_problem *problem) {
    if (problem->dtype != HONE_F32)
        return hone_fail(HONE_E_UNAVAILABLE, "openblas multiplies f32 only, not %s",
                         hone_dtype_name(problem->dtype));
    if (unavailable())
        return hone_fail(HONE_E_UNAVAILABLE, "openblas: %s", unavailable());
    return hone_provider_needs_cpu("openblas", device);
}

static void destroy(hone_provider_case *self) {
    if (!self)
        return;
    hone_separate_pass_clear(&self->pass);
    free(self);
}

static hone_status prepare(hone_provider_case **out, hone_context *context, const hone_device *device,
                           const hone_operands *operands, const char *config, int threads) {
    (void)config;
    hone_status status = check(device, &operands->problem);
    if (status)
        return status;
    hone_provider_case *self = calloc(1, sizeof *self);
    if (!self)
        return hone_fail(HONE_E_NOMEM, "out of memory for a case of openblas");
    status = hone_separate_pass_create(&self->pass, context, device, operands, threads,
                                       HONE_PASS_AFTER_OTHERS, NULL);
    if (status) {
        destroy(self);
        return status;
    }
    self->operands = operands;
    self->threads = threads;
    snprintf(self->label, sizeof self->label,
             "%.100s, %.30s kernels; plain weights, separate bias and activation", library.get_config(),
             library.get_corename());
    *out = self;
    return HONE_OK;
}

static void run(hone_provider_case *self) {
    const hone_operands *o = self->operands;
    const hone_problem *p = &o->problem;
    library.set_num_threads(self->threads);
    library.sgemm(CBLAS_ROW_MAJOR, CBLAS_NO_TRANS, p->weights_transposed ? CBLAS_TRANS : CBLAS_NO_TRANS,
                  (int)p->m, (int)p->n, (int)p->k, 1, o->a, (int)o->lda, o->b, (int)o->ldb, 0, self->pass.x,
                  (int)self->pass.ldx);
    hone_separate_pass_run(&self->pass);
}

static const char *label(const hone_provider_case *self) { return self->label; }

const hone_provider hone_provider_openblas = {
    .name = "openblas",
    .description = "OpenBLAS sgemm (f32), then hone's separate pass for bias and activation",
    .unavailable = unavailable,
    .check = check,
    .prepare = prepare,
    .run = run,
    .label = label,
    .destroy = destroy,
};

/* OpenBLAS's sgemm to C, then hone's separate pass for bias and activation in
 * place. BLAS has no packed weights: packing is part of every call. */
#include "provider_parts.h"

#ifdef HONE_HAVE_OPENBLAS

#include <cblas.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../kernels/status.h"

struct hone_provider_case {
    hone_separate_pass pass;
    const hone_operands *operands;
    int threads;
    char label[256];
};

/* A CPU newer than the library gets the kernels of a Pentium 4, which is no fair
 * comparison; the label then says what to set. */
static int knows_cpu(void) { return strcmp(openblas_get_corename(), "Prescott") != 0; }

static hone_status check(const hone_device *device, const hone_problem *problem) {
    if (problem->dtype != HONE_F32)
        return hone_fail(HONE_E_UNAVAILABLE, "openblas multiplies f32 only, not %s",
                         hone_dtype_name(problem->dtype));
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
    status = hone_separate_pass_create(&self->pass, context, device, operands, threads);
    if (status) {
        destroy(self);
        return status;
    }
    self->operands = operands;
    self->threads = threads;
    snprintf(self->label, sizeof self->label,
             "%.100s, %.30s kernels%s; plain weights, separate bias and activation", openblas_get_config(),
             openblas_get_corename(), knows_cpu() ? "" : " (set OPENBLAS_CORETYPE)");
    *out = self;
    return HONE_OK;
}

static void run(hone_provider_case *self) {
    const hone_operands *o = self->operands;
    const hone_problem *p = &o->problem;
    openblas_set_num_threads(self->threads);
    cblas_sgemm(CblasRowMajor, CblasNoTrans, p->weights_transposed ? CblasTrans : CblasNoTrans, (blasint)p->m,
                (blasint)p->n, (blasint)p->k, 1, o->a, (blasint)o->lda, o->b, (blasint)o->ldb, 0,
                self->pass.x, (blasint)self->pass.ldx);
    hone_separate_pass_run(&self->pass);
}

static const char *label(const hone_provider_case *self) { return self->label; }

#define UNAVAILABLE NULL
#else
#define UNAVAILABLE "not found when this was built; install libopenblas-dev and build again"
#define check       NULL
#define prepare     NULL
#define run         NULL
#define label       NULL
#define destroy     NULL
#endif

const hone_provider hone_provider_openblas = {
    .name = "openblas",
    .description = "OpenBLAS sgemm (f32), then hone's separate pass for bias and activation",
    .unavailable = UNAVAILABLE,
    .check = check,
    .prepare = prepare,
    .run = run,
    .label = label,
    .destroy = destroy,
};

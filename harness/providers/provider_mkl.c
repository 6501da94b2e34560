/* oneMKL's packed GEMMs, found at run time: B packed once, then per call the GEMM to fp32 (s8: to s32) and
 * hone's separate pass for bias and activation.
 *
 * s8: MKL multiplies u8 by s8 only. Signed A is shifted by 128 in each call; the shift and A's zero point
 * come off by a row of column sums that MKL adds. A pass of its own dequantises the sums. */
#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../kernels/status.h"
#include "../affinity.h"
#include "peer_library.h"
#include "peer_omp.h"
#include "provider_parts.h"

enum { PACKED = 151, B_MATRIX = 162, ROW_OFFSET = 171, THREADING_GNU = 3 };

typedef size_t size_function(int, int, int, int);
typedef void pack_function(int, int, int, int, int, int, const void *, int, void *);

typedef struct mkl_library {
    void *handle;
    int (*set_threading_layer)(int);
    void (*set_num_threads)(int);
    void (*set_dynamic)(int);
    void (*version_string)(char *, int);
    size_function *sgemm_size, *bf16_size, *f16_size, *s8_size;
    pack_function *bf16_pack, *f16_pack, *s8_pack;
    void (*sgemm_pack)(int, int, int, int, int, int, float, const void *, int, void *);
    void (*sgemm)(int, int, int, int, int, int, const void *, int, const void *, int, float, float *, int);
    void (*bf16_gemm)(int, int, int, int, int, int, float, const void *, int, const void *, int, float,
                      float *, int);
    void (*f16_gemm)(int, int, int, int, int, int, float, const void *, int, const void *, int, float,
                     float *, int);
    void (*s8_gemm)(int, int, int, int, int, int, int, float, const void *, int, signed char, const void *,
                    int, signed char, float, int32_t *, int, const int32_t *);
} mkl_library;

struct hone_provider_case {
    hone_separate_pass pass;
    const hone_operands *operands;
    int threads;
    void *packed;
    unsigned char *shifted; /* s8: A + 128, M x K */
    int32_t *sums;          /* s8: M x N */
    int32_t *offsets;       /* s8: N, takes zero point and shift off */
    float *scales;          /* s8: M x 1 or 1, times b_scale */
    char label[256];
};

static mkl_library library;
static peer_omp omp;
static char missing[512];
static pthread_once_t loading = PTHREAD_ONCE_INIT;

#define AT(member) offsetof(mkl_library, member)
static const peer_symbol symbols[] = {
    {"MKL_Set_Threading_Layer", AT(set_threading_layer)},
    {"MKL_Set_Num_Threads", AT(set_num_threads)},
    {"MKL_Set_Dynamic", AT(set_dynamic)},
    {"MKL_Get_Version_String", AT(version_string)},
    {"cblas_sgemm_pack_get_size", AT(sgemm_size)},
    {"cblas_sgemm_pack", AT(sgemm_pack)},
    {"cblas_sgemm_compute", AT(sgemm)},
    {"cblas_gemm_bf16bf16f32_pack_get_size", AT(bf16_size)},
    {"cblas_gemm_bf16bf16f32_pack", AT(bf16_pack)},
    {"cblas_gemm_bf16bf16f32_compute", AT(bf16_gemm)},
    {"cblas_gemm_f16f16f32_pack_get_size", AT(f16_size)},
    {"cblas_gemm_f16f16f32_pack", AT(f16_pack)},
    {"cblas_gemm_f16f16f32_compute", AT(f16_gemm)},
    {"cblas_gemm_s8u8s32_pack_get_size", AT(s8_size)},
    {"cblas_gemm_s8u8s32_pack", AT(s8_pack)},
    {"cblas_gemm_s8u8s32_compute", AT(s8_gemm)},
};

static int fill(void *handle, const char *file) {
    /* MKL uses the very object that this returns. */
    void *gomp = dlopen("libgomp.so.1", RTLD_NOW | RTLD_LOCAL);
    if (!gomp || !peer_omp_find(&omp, gomp)) {
        snprintf(missing, sizeof missing,
                 "libgomp.so.1, whose threads it is to use, is missing; install libgomp1");
        return 0;
    }
    return peer_library_fill(&library, missing, sizeof missing, handle, file, symbols,
                             sizeof symbols / sizeof *symbols);
}

/* GNU's OpenMP is the one that oneDNN and others use too: one set of threads in the process, not two. */
static void load(void) {
    static const char *const names[] = {"libmkl_rt.so.3", "libmkl_rt.so.2", "libmkl_rt.so", NULL};
    char file[256];
    void *handle = peer_library_open(file, missing, sizeof file, "HONE_MKL", names,
                                     "install it with pip or apt, and name libmkl_rt.so in HONE_MKL");
    if (!handle)
        return;
    if (!fill(handle, file)) {
        dlclose(handle);
        return;
    }
    library.handle = handle;
    library.set_threading_layer(THREADING_GNU);
    library.set_dynamic(0);
}

static const char *unavailable(void) {
    pthread_once(&loading, load);
    return library.handle ? NULL : missing;
}

static hone_status check(const hone_device *device, const hone_problem *problem) {
    hone_status status = hone_provider_needs_cpu("mkl", device);
    if (status)
        return status;
    if (unavailable())
        return hone_fail(HONE_E_UNAVAILABLE, "mkl: %s", unavailable());
    if (problem->weights_plain)
        return hone_fail(HONE_E_UNAVAILABLE,
                         "mkl is measured with packed weights only; leave out --weights plain");
    return HONE_OK;
}

static void destroy(hone_provider_case *self) {
    if (!self)
        return;
    hone_separate_pass_clear(&self->pass);
    free(self->packed);
    free(self->shifted);
    free(self->sums);
    free(self->offsets);
    free(self->scales);
    free(self);
}

/* ---------------------------------------------------------------------- s8 */

static hone_status prepare_s8(hone_provider_case *self) {
    const hone_operands *o = self->operands;
    const hone_problem *p = &o->problem;
    void *memory[4];
    const size_t bytes[4] = {p->a_type == HONE_S8 ? (size_t)(p->m * p->k) : 1,
                             (size_t)(p->m * p->n) * sizeof(int32_t), (size_t)p->n * sizeof(int32_t),
                             (size_t)p->n * sizeof(float)};
    if (p->a_scale_per_row)
        return hone_fail(HONE_E_UNAVAILABLE, "mkl has no zero points per row of A; leave out --rowscale");
    hone_status status = HONE_OK;
    for (int i = 0; i < 4; i++)
        memory[i] = NULL;
    for (int i = 0; i < 4 && !status; i++)
        status = hone_provider_allocate(&memory[i], bytes[i]);
    self->shifted = memory[0];
    self->sums = memory[1];
    self->offsets = memory[2];
    self->scales = memory[3];
    if (status)
        return status;
    const int32_t zero = (o->a_zero ? o->a_zero[0] : 0) + (p->a_type == HONE_S8 ? 128 : 0);
    for (int64_t j = 0; j < p->n; j++) {
        int32_t sum = 0;
        for (int64_t k = 0; k < p->k; k++)
            sum += ((const signed char *)o->b)[p->weights_transposed ? j * o->ldb + k : k * o->ldb + j];
        self->offsets[j] = -zero * sum;
        self->scales[j] = o->a_scale[0] * o->b_scale[j];
    }
    return HONE_OK;
}

static void shift_part(void *context, int index) {
    const hone_provider_case *self = context;
    const hone_operands *o = self->operands;
    const int64_t columns = o->problem.k;
    int64_t begin[2], end[2];
    hone_pass_team_part(&self->pass.team, index, self->operands->problem.m, columns, begin, end);
    for (int64_t i = begin[0]; i < end[0]; i++) {
        const unsigned char *restrict from = (const unsigned char *)o->a + i * o->lda;
        unsigned char *restrict to = self->shifted + i * columns;
        for (int64_t j = begin[1]; j < end[1]; j++)
            to[j] = from[j] ^ 0x80;
    }
}

static void dequantise_part(void *context, int index) {
    const hone_provider_case *self = context;
    const int64_t columns = self->operands->problem.n;
    int64_t begin[2], end[2];
    hone_pass_team_part(&self->pass.team, index, self->operands->problem.m, columns, begin, end);
    for (int64_t i = begin[0]; i < end[0]; i++) {
        const int32_t *restrict from = self->sums + i * columns;
        const float *restrict scales = self->scales;
        float *restrict to = self->pass.x + i * self->pass.ldx;
        for (int64_t j = begin[1]; j < end[1]; j++)
            to[j] = (float)from[j] * scales[j];
    }
}

static void run_s8(hone_provider_case *self, int m, int n, int k) {
    const hone_operands *o = self->operands;
    const int is_signed = o->problem.a_type == HONE_S8;
    if (is_signed)
        hone_pass_team_run(&self->pass.team, shift_part, self);
    library.s8_gemm(CBLAS_ROW_MAJOR, CBLAS_NO_TRANS, PACKED, ROW_OFFSET, m, n, k, 1,
                    is_signed ? self->shifted : o->a, is_signed ? k : (int)o->lda, 0, self->packed, n, 0, 0,
                    self->sums, n, self->offsets);
    hone_pass_team_run(&self->pass.team, dequantise_part, self);
}

/* --------------------------------------------------------------------- all */

static void run(hone_provider_case *self) {
    const hone_operands *o = self->operands;
    const hone_problem *p = &o->problem;
    const int m = (int)p->m, n = (int)p->n, k = (int)p->k, lda = (int)o->lda, ldx = (int)self->pass.ldx;
    library.set_num_threads(self->threads);
    if (p->dtype == HONE_F32)
        library.sgemm(CBLAS_ROW_MAJOR, CBLAS_NO_TRANS, PACKED, m, n, k, o->a, lda, self->packed, n, 0,
                      self->pass.x, ldx);
    else if (p->dtype == HONE_S8)
        run_s8(self, m, n, k);
    else
        (p->dtype == HONE_BF16 ? library.bf16_gemm : library.f16_gemm)(CBLAS_ROW_MAJOR, CBLAS_NO_TRANS,
                                                                       PACKED, m, n, k, 1, o->a, lda,
                                                                       self->packed, n, 0, self->pass.x, ldx);
    hone_separate_pass_run(&self->pass);
}

static hone_status pack(hone_provider_case *self) {
    const hone_operands *o = self->operands;
    const hone_problem *p = &o->problem;
    const int m = (int)p->m, n = (int)p->n, k = (int)p->k;
    const int trans = p->weights_transposed ? CBLAS_TRANS : CBLAS_NO_TRANS;
    size_function *const sizes[HONE_DTYPE_COUNT] = {[HONE_F32] = library.sgemm_size,
                                                    [HONE_F16] = library.f16_size,
                                                    [HONE_BF16] = library.bf16_size,
                                                    [HONE_S8] = library.s8_size};
    pack_function *const packs[HONE_DTYPE_COUNT] = {
        [HONE_F16] = library.f16_pack, [HONE_BF16] = library.bf16_pack, [HONE_S8] = library.s8_pack};
    hone_status status = hone_provider_allocate(&self->packed, sizes[p->dtype](B_MATRIX, m, n, k));
    if (status)
        return status;
    if (p->dtype == HONE_F32)
        library.sgemm_pack(CBLAS_ROW_MAJOR, B_MATRIX, trans, m, n, k, 1, o->b, (int)o->ldb, self->packed);
    else
        packs[p->dtype](CBLAS_ROW_MAJOR, B_MATRIX, trans, m, n, k, o->b, (int)o->ldb, self->packed);
    return HONE_OK;
}

static hone_status prepare(hone_provider_case **out, hone_context *context, const hone_device *device,
                           const hone_operands *operands, const char *config, int threads) {
    (void)config;
    hone_status status = check(device, &operands->problem);
    if (status)
        return status;
    hone_provider_case *self = calloc(1, sizeof *self);
    if (!self)
        return hone_fail(HONE_E_NOMEM, "out of memory for a case of mkl");
    char version[128] = "oneMKL";
    cpu_set_t pinned;
    hone_affinity_widen(&pinned); /* the first run starts its threads */
    self->operands = operands;
    self->threads = threads;
    library.set_num_threads(threads);
    status = hone_separate_pass_create(&self->pass, context, device, operands, threads,
                                       HONE_PASS_AFTER_OTHERS, &omp);
    if (!status && operands->problem.dtype == HONE_S8)
        status = prepare_s8(self);
    if (!status)
        status = pack(self);
    if (!status)
        run(self);
    hone_affinity_restore(&pinned);
    if (status) {
        destroy(self);
        return status;
    }
    library.version_string(version, sizeof version);
    version[strcspn(version, "\n")] = '\0';
    snprintf(self->label, sizeof self->label, "%.100s; packed weights, separate bias and activation",
             version);
    *out = self;
    return HONE_OK;
}

static const char *label(const hone_provider_case *self) { return self->label; }

const hone_provider hone_provider_mkl = {
    .name = "mkl",
    .description = "oneMKL's packed GEMM, then hone's separate pass for bias and activation",
    .unavailable = unavailable,
    .check = check,
    .prepare = prepare,
    .run = run,
    .label = label,
    .destroy = destroy,
};

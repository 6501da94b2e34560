#include "cublaslt_gemm.h"

#include <math.h>
#include <pthread.h>
#include <string.h>

#define COUNT(array) ((int)(sizeof(array) / sizeof(array)[0]))

enum { MAX_DEVICES = 64, MOST_PROPOSALS = 32, FIRST_RUNS = 2, SECOND_RUNS = 8, MOST_ALIGNMENT = 256 };

/* Algorithms of the first round that come to the second: as slow as this, compared with the fastest. */
static const double SECOND_CHANCE = 1.25;

static hone_status fail(cublaslt_status error, const char *what) {
    const hone_status status = error == CUBLASLT_NO_MEMORY ? HONE_E_NOMEM : HONE_E_UNAVAILABLE;
    if (error == CUBLASLT_UNSUPPORTED)
        return hone_fail(status, "cuBLASLt does not support %s", what);
    return hone_fail(status, "cuBLASLt could not do %s: its status %u", what, error);
}

static hone_status make_device(cublaslt_device *d, const cublaslt_library *library,
                               const hone_cuda_driver *cu) {
    cublaslt_handle handle;
    hone_cu_address workspace;
    const cublaslt_status refused = library->create(&handle);
    if (refused)
        return fail(refused, "start");
    const hone_cu_result error = cu->allocate(&workspace, CUBLASLT_WORKSPACE_BYTES);
    if (error) {
        library->destroy(handle);
        return hone_cuda_fail(error, "allocate a workspace");
    }
    *d = (cublaslt_device){library, cu, handle, workspace};
    return HONE_OK;
}

hone_status cublaslt_device_enter(const cublaslt_device **out, const hone_device *device) {
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static cublaslt_device devices[MAX_DEVICES];
    const char *reason;
    const cublaslt_library *library = cublaslt_open(&reason);
    const hone_cuda_driver *cu;
    if (!library)
        return hone_fail(HONE_E_UNAVAILABLE, "cublaslt: %s", reason);
    hone_status status = hone_cuda_enter(&cu, device);
    if (status)
        return status;
    pthread_mutex_lock(&lock);
    cublaslt_device *d = &devices[device->index];
    if (!d->handle)
        status = make_device(d, library, cu);
    pthread_mutex_unlock(&lock);
    *out = d;
    return status;
}

/* ---- one GEMM */

static int is_integer(const cublaslt_gemm *gemm) { return gemm->d.type == CUBLASLT_S32; }

hone_status cublaslt_gemm_create(cublaslt_gemm *gemm) {
    const cublaslt_library *lt = gemm->device->library;
    const cublaslt_matrix *const matrices[] = {&gemm->a, &gemm->b, &gemm->d};
    const int32_t transpose = gemm->a_transposed ? CUBLASLT_TRANSPOSED : CUBLASLT_AS_STORED;
    const uint32_t epilogue = gemm->epilogue;
    const void *bias = (const void *)(uintptr_t)gemm->bias;
    cublaslt_status error = 0;
    for (int i = 0; i < COUNT(matrices) && !error; i++)
        error = lt->layout_create(&gemm->layouts[i], (unsigned)matrices[i]->type, (uint64_t)matrices[i]->rows,
                                  (uint64_t)matrices[i]->columns, matrices[i]->ld);
    if (!error)
        error = lt->operation_create(&gemm->operation,
                                     is_integer(gemm) ? CUBLASLT_COMPUTE_S32 : CUBLASLT_COMPUTE_F32,
                                     is_integer(gemm) ? CUBLASLT_S32 : CUBLASLT_F32);
    if (!error)
        error = lt->operation_set(gemm->operation, CUBLASLT_TRANSPOSE_A, &transpose, sizeof transpose);
    if (!error)
        error = lt->operation_set(gemm->operation, CUBLASLT_EPILOGUE, &epilogue, sizeof epilogue);
    if (!error && epilogue & CUBLASLT_BIAS)
        error = lt->operation_set(gemm->operation, CUBLASLT_BIAS_POINTER, &bias, sizeof bias);
    return error ? fail(error, "such a GEMM") : HONE_OK;
}

void cublaslt_gemm_clear(cublaslt_gemm *gemm) {
    for (int i = 0; i < COUNT(gemm->layouts); i++)
        if (gemm->layouts[i])
            gemm->device->library->layout_destroy(gemm->layouts[i]);
    if (gemm->operation)
        gemm->device->library->operation_destroy(gemm->operation);
    *gemm = (cublaslt_gemm){0};
}

hone_status cublaslt_gemm_enqueue(const cublaslt_gemm *gemm, hone_cu_stream stream) {
    static const float one = 1, zero = 0;
    static const int32_t integer_one = 1, integer_zero = 0;
    const int integer = is_integer(gemm);
    const cublaslt_device *device = gemm->device;
    void *d = (void *)(uintptr_t)gemm->d.at;
    const cublaslt_status error = device->library->multiply(
        device->handle, gemm->operation, integer ? (const void *)&integer_one : &one,
        (const void *)(uintptr_t)gemm->a.at, gemm->layouts[0], (const void *)(uintptr_t)gemm->b.at,
        gemm->layouts[1], integer ? (const void *)&integer_zero : &zero, d, gemm->layouts[2], d,
        gemm->layouts[2], &gemm->algorithm, (void *)(uintptr_t)device->workspace, CUBLASLT_WORKSPACE_BYTES,
        stream);
    return error ? fail(error, "a GEMM") : HONE_OK;
}

/* ---- searching */

static uint32_t alignment(hone_cu_address at) {
    const hone_cu_address least = at & (~at + 1);
    return least && least < MOST_ALIGNMENT ? (uint32_t)least : MOST_ALIGNMENT;
}

/* Parts of K may be added up in f32, but not in 16 bits, which the error bound does not grant. */
static uint32_t reductions(const cublaslt_gemm *gemm) {
    const int is_half = gemm->d.type == CUBLASLT_F16 || gemm->d.type == CUBLASLT_BF16;
    return is_half ? CUBLASLT_REDUCE_AS_COMPUTED
                   : CUBLASLT_REDUCE_IN_PLACE | CUBLASLT_REDUCE_AS_COMPUTED | CUBLASLT_REDUCE_AS_STORED;
}

static hone_status propose(const cublaslt_gemm *gemm, cublaslt_proposal *proposals, int *count) {
    const cublaslt_library *lt = gemm->device->library;
    const uint64_t workspace = CUBLASLT_WORKSPACE_BYTES;
    const struct {
        unsigned attribute;
        uint32_t value;
    } wanted[] = {{CUBLASLT_REDUCTIONS, reductions(gemm)},
                  {CUBLASLT_ALIGNMENT_A, alignment(gemm->a.at)},
                  {CUBLASLT_ALIGNMENT_B, alignment(gemm->b.at)},
                  {CUBLASLT_ALIGNMENT_C, alignment(gemm->d.at)},
                  {CUBLASLT_ALIGNMENT_D, alignment(gemm->d.at)}};
    cublaslt_preference preference = NULL;
    cublaslt_status error = lt->preference_create(&preference);
    if (!error)
        error = lt->preference_set(preference, CUBLASLT_MOST_WORKSPACE, &workspace, sizeof workspace);
    for (int i = 0; i < COUNT(wanted) && !error; i++)
        error = lt->preference_set(preference, wanted[i].attribute, &wanted[i].value, sizeof(uint32_t));
    if (!error)
        error = lt->propose(gemm->device->handle, gemm->operation, gemm->layouts[0], gemm->layouts[1],
                            gemm->layouts[2], gemm->layouts[2], preference, MOST_PROPOSALS, proposals, count);
    if (preference)
        lt->preference_destroy(preference);
    return error ? fail(error, "such a GEMM") : HONE_OK;
}

/* The host gives them to the device one by one: those of a few microseconds wait for it. */
static hone_status time_stream(double *us, const hone_cuda_timer *timer, hone_cuda_enqueue *enqueue,
                               const void *what) {
    hone_status status = hone_cuda_timer_enqueue(timer, enqueue, what);
    const hone_status waited = hone_cuda_timer_wait(timer, "time a GEMM");
    *us = hone_cuda_timer_us(timer);
    return status ? status : waited;
}

hone_status cublaslt_time(double *us, const hone_cuda_timer *timer, int calls, int times,
                          hone_cuda_enqueue *enqueue, const void *what) {
    hone_batch *batch = NULL;
    /* The workspace is one for all streams. */
    hone_status status = hone_cuda_timer_wait(timer, "time a GEMM");
    const int joined = !status && !hone_cuda_capture(&batch, timer->device, enqueue, &what, 1, calls);
    const int more =
        joined ? times : times * calls; /* after the first, which has the way to the device in it */
    *us = INFINITY;
    for (int i = 0; i <= more && !status; i++) {
        double all = INFINITY;
        status = joined ? hone_cuda_batch_run(&all, batch) : time_stream(&all, timer, enqueue, what);
        *us = fmin(*us, joined ? all / calls : all);
    }
    hone_cuda_batch_destroy(batch);
    return status;
}

static hone_status enqueue_gemm(const void *gemm, hone_cu_stream stream) {
    return cublaslt_gemm_enqueue(gemm, stream);
}

/* INFINITY: it does not work, which a proposal's state need not tell. */
static double time_proposal(cublaslt_gemm *gemm, const cublaslt_proposal *proposal,
                            const hone_cuda_timer *timer, int runs) {
    double us;
    if (proposal->state || proposal->workspace > CUBLASLT_WORKSPACE_BYTES)
        return INFINITY;
    gemm->algorithm = proposal->algorithm;
    return cublaslt_gemm_enqueue(gemm, timer->stream) /* once, to load its code */ ||
                   cublaslt_time(&us, timer, runs, 1, enqueue_gemm, gemm)
               ? INFINITY
               : us;
}

static int fastest(const double *us, int count) {
    int best = 0;
    for (int i = 1; i < count; i++)
        best = us[i] < us[best] ? i : best;
    return best;
}

hone_status cublaslt_gemm_search(cublaslt_gemm *gemm, const hone_cuda_timer *timer) {
    cublaslt_proposal proposals[MOST_PROPOSALS];
    double us[MOST_PROPOSALS];
    int count = 0;
    hone_status status = propose(gemm, proposals, &count);
    if (status)
        return status;
    for (int i = 0; i < MOST_PROPOSALS; i++)
        us[i] = i < count ? time_proposal(gemm, &proposals[i], timer, FIRST_RUNS) : INFINITY;
    const int first = fastest(us, count);
    if (us[first] == INFINITY)
        return hone_fail(HONE_E_UNAVAILABLE, "none of cuBLASLt's %d proposals works", count);
    const double limit = SECOND_CHANCE * us[first];
    for (int i = 0; i < count; i++)
        us[i] = us[i] <= limit ? time_proposal(gemm, &proposals[i], timer, SECOND_RUNS) : INFINITY;
    gemm->chosen = fastest(us, count);
    gemm->proposals = count;
    gemm->algorithm = proposals[gemm->chosen].algorithm;
    return HONE_OK;
}

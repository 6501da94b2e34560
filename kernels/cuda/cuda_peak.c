#include "cuda_peak.h"

#include <pthread.h>
#include <stdlib.h>

#include "cuda_call.h"
#include "cuda_device.h"
#include "cuda_program.h"
#include "embedded.h"
#include "status.h"

enum { CHAINS = 8, THREADS = 256, WARPS = THREADS / 32, WARPGROUPS = THREADS / 128, MAX_DEVICES = 64 };

/* A way to multiply: what one block does in a round, in words, and what that takes. */
typedef struct way {
    const char *definition;
    double words;
    int blocks_of_unit, shared_bytes;
} way;

enum { SIMT, MMA, WGMMA };
static const way ways[] = {
    [SIMT] = {"PEAK_SIMT", CHAINS *THREADS, 8, 0},
    [MMA] = {"PEAK_MMA", CHAINS *WARPS * 16.0 * 8 * 8, 2, 0},
    [WGMMA] = {"PEAK_WGMMA", 4 * WARPGROUPS * 64.0 * 256 * 8, 1, (64 + 256) * 128},
};

/* sm_89 has more multipliers of f32 than tensor cores have of tf32 by three. */
static int way_of(int arch, hone_dtype dtype) {
    if (dtype == HONE_F32)
        return arch == 90 ? WGMMA : arch == 80 ? MMA : SIMT;
    return arch == 90 ? WGMMA : arch >= 80 ? MMA : SIMT;
}

/* A program of one device and type, compiled when it is first asked for and kept. */
typedef struct peak {
    hone_cu_module module;
    hone_cu_function kernel;
    hone_cu_address words;
} peak;
static struct {
    pthread_mutex_t lock;
    peak of[MAX_DEVICES][HONE_DTYPE_COUNT];
} peaks = {.lock = PTHREAD_MUTEX_INITIALIZER};

void hone_cuda_write_peak(FILE *out, const void *what) {
    const hone_cuda_peak_source *source = what;
    hone_cuda_define_type(out, source->dtype);
    fprintf(out, "#define %s 1\n", ways[way_of(source->arch, source->dtype)].definition);
    hone_embedded_write(out, "peak_program.cu");
}

static hone_status prepare(peak *p, const hone_cuda_driver *cu, int arch, hone_dtype dtype) {
    hone_cuda_code code;
    hone_status status =
        hone_cuda_compile(&code, arch, hone_cuda_write_peak, &(hone_cuda_peak_source){arch, dtype});
    if (status)
        return status;
    hone_cu_result error = cu->module_load(&p->module, code.image);
    free(code.image);
    if (!error)
        error = cu->allocate(&p->words, THREADS * sizeof(int32_t));
    if (!error)
        error = cu->function_get(&p->kernel, p->module, "peak");
    if (!error)
        return HONE_OK;
    if (p->words)
        cu->release(p->words);
    if (p->module)
        cu->module_unload(p->module);
    *p = (peak){0};
    return hone_cuda_fail(error, "prepare the measurement of its peak");
}

/* 0: it did not run. */
static int run(const peak *p, const hone_cuda_driver *cu, const way *by, int units, int rounds) {
    hone_cuda_call call = {.k = rounds, .c = (void *)(uintptr_t)p->words};
    void *parameters[] = {&call};
    return !cu->launch(p->kernel, (unsigned)(units * by->blocks_of_unit), 1, 1, THREADS, 1, 1,
                       (unsigned)by->shared_bytes, NULL, parameters, NULL) &&
           !cu->stream_wait(NULL);
}

double hone_cuda_peak_run(const hone_device *device, hone_dtype dtype, hone_pool *pool, int64_t rounds) {
    const hone_cuda_driver *cu;
    const hone_cuda_device *d = hone_cuda_properties(device);
    const way *by = &ways[way_of(d->arch, dtype)];
    /* A round of all multiprocessors is much; callers begin with thousands and double them while that is
     * short. */
    const int64_t shared_out = rounds / 1000;
    const int whole = shared_out < 1 ? 1 : shared_out < INT32_MAX ? (int)shared_out : INT32_MAX;
    double operations = 0;
    (void)pool;
    if (hone_cuda_enter(&cu, device))
        return 0;
    pthread_mutex_lock(&peaks.lock);
    peak *p = &peaks.of[device->index][dtype];
    if ((p->kernel || !prepare(p, cu, d->arch, dtype)) && run(p, cu, by, d->units, whole)) {
        const double group = 4.0 / (double)hone_dtype_size(dtype),
                     products = by != &ways[SIMT] && dtype == HONE_F32 ? 3 : 1;
        operations = 2 * by->words * group / products * d->units * by->blocks_of_unit * whole;
    }
    pthread_mutex_unlock(&peaks.lock);
    return operations;
}

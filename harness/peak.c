#include "peak.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../kernels/status.h"
#include "clock.h"

static const int64_t slice_ns = 2000000;
static const double default_seconds = 0.05;
static const size_t least_buffer = (size_t)256 << 20;
enum { READ_PASSES = 4, PAGE = 4096 };

/* ------------------------------------------------------------- arithmetic */

/* Best of the slices; 0 when the device has no such arithmetic. Whatever delays
 * a slice only makes it longer, so the rounds grow as long as one is too short. */
static double best_rate(const hone_device *device, hone_dtype dtype, hone_pool *pool, double seconds) {
    double best = 0;
    if (device->backend->peak_run(device, dtype, pool, 1) <= 0) /* what is compiled, is compiled now */
        return 0;
    int64_t rounds = 1000, end = hone_clock_now() + (int64_t)(1e9 * seconds);
    do {
        int64_t start = hone_clock_now();
        double operations = device->backend->peak_run(device, dtype, pool, rounds);
        int64_t ns = hone_clock_now() - start;
        if (operations <= 0)
            return 0;
        if (ns > 0)
            best = fmax(best, operations / (double)ns);
        if (ns < slice_ns && rounds < INT64_MAX / 2)
            rounds *= 2;
    } while (hone_clock_now() < end);
    return best;
}

/* -------------------------------------------------------------- bandwidth */

/* Four times the last-level cache, at most a quarter of the free memory. */
static size_t buffer_bytes(const hone_device *device) {
    size_t want = 4 * (size_t)device->cache_bytes;
    size_t most = (size_t)sysconf(_SC_AVPHYS_PAGES) * (size_t)sysconf(_SC_PAGESIZE) / 4;
    if (want < least_buffer)
        want = least_buffer;
    return want < most ? want : most;
}

/* NaN when the device cannot, or memory could not be had. */
static double read_bandwidth(const hone_device *device, hone_pool *pool) {
    void *buffer = NULL;
    double best = 0;
    const size_t bytes = buffer_bytes(device);
    if (!device->backend->read_run || !bytes || posix_memalign(&buffer, PAGE, bytes))
        return NAN;
    memset(buffer, 1, bytes); /* so that there are pages to read */
    for (int pass = 0; pass < READ_PASSES; pass++) {
        int64_t start = hone_clock_now();
        double read = device->backend->read_run(device, pool, &(hone_span){buffer, bytes}, 1, 1, pass);
        best = fmax(best, read / (double)(hone_clock_now() - start));
    }
    free(buffer);
    return best > 0 ? best : NAN;
}

/* Bandwidth does not depend on the data type, and takes the longest to measure:
 * the latest one is kept. */
static double known_bandwidth(const hone_device *device, hone_pool *pool, int threads) {
    static _Thread_local struct {
        char fingerprint[sizeof device->fingerprint];
        int threads;
        double gbps;
    } known;
    if (known.threads != threads || strcmp(known.fingerprint, device->fingerprint) != 0) {
        memcpy(known.fingerprint, device->fingerprint, sizeof known.fingerprint);
        known.threads = threads;
        known.gbps = read_bandwidth(device, pool);
    }
    return known.gbps;
}

hone_status hone_peak_measure(hone_peak *out, hone_context *context, const hone_device *device,
                              hone_dtype dtype, int threads, double seconds) {
    hone_pool *pool;
    if (!device->backend->peak_run)
        return hone_fail(HONE_E_UNAVAILABLE, "the peak of %s cannot be measured yet", device->name);
    if (threads < 1)
        return hone_fail(HONE_E_USAGE, "a peak of %d threads; give at least one", threads);
    hone_status status = hone_context_pool(&pool, context, threads);
    if (status)
        return status;
    double rate = best_rate(device, dtype, pool, seconds > 0 ? seconds : default_seconds);
    if (rate <= 0 && (dtype == HONE_F16 || dtype == HONE_BF16))
        rate = best_rate(device, HONE_F32, pool, seconds > 0 ? seconds : default_seconds);
    *out = (hone_peak){.gops = rate > 0 ? rate : NAN, .read_gbps = known_bandwidth(device, pool, threads)};
    return HONE_OK;
}

#include "clock.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

enum { CLOCK_READINGS = 1001 };

int64_t hone_clock_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static int compare_steps(const void *left, const void *right) {
    const int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

static int64_t measure_resolution(void) {
    int64_t steps[CLOCK_READINGS];
    int64_t previous = hone_clock_now();
    for (int i = 0; i < CLOCK_READINGS; ++i) {
        const int64_t now = hone_clock_now();
        steps[i] = now - previous;
        previous = now;
    }
    qsort(steps, CLOCK_READINGS, sizeof *steps, compare_steps);
    /* A clock that ticks more slowly than it is read repeats itself: then its tick counts. */
    int middle = CLOCK_READINGS / 2;
    while (middle < CLOCK_READINGS - 1 && steps[middle] == 0)
        ++middle;
    return steps[middle] > 0 ? steps[middle] : 1;
}

int64_t hone_clock_resolution(void) {
    /* Two threads may both measure at first; either answer will do. */
    static _Atomic int64_t cached = 0;
    int64_t resolution = atomic_load(&cached);
    if (resolution == 0) {
        resolution = measure_resolution();
        atomic_store(&cached, resolution);
    }
    return resolution;
}

void hone_clock_timestamp(char out[32]) {
    const time_t now = time(NULL);
    struct tm utc;
    if (gmtime_r(&now, &utc) == NULL || strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &utc) == 0)
        out[0] = '\0';
}

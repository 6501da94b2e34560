#include "cpu_pool.h"

#include <hwloc.h>
#include <pthread.h>
#include <pthreadpool.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

struct hone_pool {
    pthreadpool_t pool;
    int threads;
};

/* Where threads are bound: the hardware threads that the process was given when
 * it first bound one, one of each core before any core's second. */
static struct { int count, cpus[CPU_SETSIZE]; } places;
static pthread_once_t places_once = PTHREAD_ONCE_INIT;

/* Appends the allowed hardware thread of rank `sibling` of each core; 0 when no core has one. */
static int add_siblings(hwloc_topology_t topology, hwloc_const_cpuset_t allowed, int sibling) {
    int found = 0;
    for (hwloc_obj_t core = NULL; (core = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_CORE, core));) {
        int rank = 0, cpu;
        hwloc_bitmap_foreach_begin(cpu, core->cpuset) if (hwloc_bitmap_isset(allowed, (unsigned)cpu) &&
                                                          rank++ == sibling && places.count < CPU_SETSIZE) {
            places.cpus[places.count++] = cpu;
            found = 1;
        }
        hwloc_bitmap_foreach_end();
    }
    return found;
}

static void find_places(void) {
    hwloc_topology_t topology;
    if (hwloc_topology_init(&topology))
        return;
    hwloc_bitmap_t allowed = hwloc_bitmap_alloc();
    if (allowed && !hwloc_topology_load(topology) &&
        !hwloc_get_cpubind(topology, allowed, HWLOC_CPUBIND_THREAD))
        for (int sibling = 0; add_siblings(topology, allowed, sibling);)
            sibling++;
    hwloc_bitmap_free(allowed);
    hwloc_topology_destroy(topology);
}

int hone_pool_places(void) {
    pthread_once(&places_once, find_places);
    return places.count;
}

void hone_pool_pin_self(int index) {
    if (!hone_pool_places())
        return;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET((size_t)places.cpus[index % places.count], &one);
    /* A refusal leaves the thread where it is: slower, not wrong. */
    (void)sched_setaffinity(0, sizeof one, &one);
}

typedef struct pinning {
    atomic_int arrived;
    int threads;
} pinning;

/* Each task waits until all have begun, so every thread takes exactly one. */
static void pin_task(void *context, size_t index) {
    pinning *p = context;
    (void)index;
    hone_pool_pin_self(atomic_fetch_add(&p->arrived, 1));
    while (atomic_load(&p->arrived) < p->threads)
        ;
}

hone_status hone_pool_create(hone_pool **out, int threads, int pin) {
    hone_pool *pool = calloc(1, sizeof *pool);
    if (pool)
        pool->pool = pthreadpool_create((size_t)threads);
    if (!pool || !pool->pool || pthreadpool_get_threads_count(pool->pool) != (size_t)threads) {
        hone_pool_destroy(pool);
        return hone_fail(HONE_E_NOMEM, "%d threads could not be started; use fewer", threads);
    }
    pool->threads = threads;
    if (pin) {
        pinning p = {0, threads};
        pthreadpool_parallelize_1d(pool->pool, pin_task, &p, (size_t)threads, PTHREADPOOL_FLAG_YIELD_WORKERS);
    }
    *out = pool;
    return HONE_OK;
}

void hone_pool_destroy(hone_pool *pool) {
    if (pool && pool->pool)
        pthreadpool_destroy(pool->pool);
    free(pool);
}

int hone_pool_threads(const hone_pool *pool) { return pool ? pool->threads : 1; }

void hone_pool_run(hone_pool *pool, void (*task)(void *context, size_t index), void *context, size_t count) {
    if (pool && count > 1) {
        /* Workers that spin for the next call would hold their cores for tens of
         * milliseconds, against the caller's other threads. */
        pthreadpool_parallelize_1d(pool->pool, task, context, count, PTHREADPOOL_FLAG_YIELD_WORKERS);
        return;
    }
    for (size_t i = 0; i < count; i++)
        task(context, i);
}

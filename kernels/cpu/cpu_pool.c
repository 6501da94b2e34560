#include "cpu_pool.h"

#include <hwloc.h>
#include <pthreadpool.h>
#include <stdatomic.h>
#include <stdlib.h>

struct hone_pool {
    pthreadpool_t pool;
    int threads;
};

void hone_pool_pin_self(int core) {
    hwloc_topology_t topology;
    if (hwloc_topology_init(&topology))
        return;
    if (!hwloc_topology_load(topology)) {
        int cores = hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_CORE);
        hwloc_obj_t object =
            cores > 0 ? hwloc_get_obj_by_type(topology, HWLOC_OBJ_CORE, (unsigned)(core % cores)) : NULL;
        if (object) {
            hwloc_cpuset_t set = hwloc_bitmap_dup(object->cpuset);
            if (set) {
                hwloc_bitmap_singlify(set);
                hwloc_set_cpubind(topology, set, HWLOC_CPUBIND_THREAD);
                hwloc_bitmap_free(set);
            }
        }
    }
    hwloc_topology_destroy(topology);
}

typedef struct pinning {
    atomic_int arrived;
    int threads;
} pinning;

/* Each task waits until all have begun, so every thread takes exactly one. */
static void pin_task(void *context, size_t index) {
    pinning *p = context;
    (void)index;
    int core = atomic_fetch_add(&p->arrived, 1);
    hone_pool_pin_self(core);
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

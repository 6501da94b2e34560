/*
 * Thread 0 of a pool is whoever calls. Each worker has a word of its own and a
 * semaphore to sleep on:
 *
 *   IDLE    watched by the worker for IDLE_NS, so that the next call is met awake;
 *   ASLEEP  then the worker waits for its semaphore;
 *   BEGIN   set by whoever begins it, who posts the semaphore if it was ASLEEP.
 *
 * Every thread begins two more, so that the last of many is reached in few steps.
 * `left` counts the threads at work, the caller included, who watches it until no
 * one else is. If that takes too long the caller leaves too and sleeps: the last
 * to leave wakes it.
 */
#include "cpu_pool.h"

#include <hwloc.h>
#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

enum {
    IDLE_NS = 50000,  /* of a worker: little to whoever needs its core; kernels follow each other faster */
    CALL_NS = 200000, /* of the caller: waking a worker may take so long, and if the caller slept before,
                         the two would wake each other by turns in every call */
    PAUSES = 32,      /* between looks at the clock */
    APART = 128       /* bytes that two cores do not contend for: a pair of cache lines */
};

typedef enum { IDLE, ASLEEP, BEGIN } worker_state;

typedef struct worker {
    _Alignas(APART) atomic_int state;
    int index;
    hone_pool *pool;
    pthread_t thread;
    sem_t wake;
} worker;

struct hone_pool {
    pthread_mutex_t calls; /* held for a call: several threads may share a pool */
    int threads, pin;
    int64_t idle_ns; /* 0 where threads wait for each other's places */
    sem_t done;
    /* The call. Workers read it after they are begun and before they leave. */
    _Alignas(APART) atomic_int left;
    int used; /* threads that have a part */
    void (*task)(void *context, size_t index);
    void *context;
    size_t count;
    worker workers[]; /* by thread; the first is the caller's, and unused */
};

/* Where threads are bound: the hardware threads that the process was given when
 * it first bound one, one of each core before any core's second. hwloc counts
 * cores along its tree, so that those of a shared cache follow each other. */
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

int hone_pool_place(int index) { return hone_pool_places() ? places.cpus[index % places.count] : -1; }

void hone_pool_pin_self(int index) {
    int cpu = hone_pool_place(index);
    if (cpu < 0)
        return;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET((size_t)cpu, &one);
    /* A refusal leaves the thread where it is: slower, not wrong. */
    (void)sched_setaffinity(0, sizeof one, &one);
}

static void relax(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("isb"); /* `yield` takes no time on most */
#endif
}

static int64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Watches a word for `ns`, letting threads run that wait for this core; 0 if it
 * did not become `value`. */
static int watch(const atomic_int *word, int value, int64_t ns) {
    int64_t start = now_ns(), waited = 0;
    for (;;) {
        for (int i = 0; i < PAUSES; i++) {
            if (atomic_load(word) == value)
                return 1;
            relax();
        }
        if (waited >= ns)
            return 0;
        sched_yield();
        waited = now_ns() - start;
    }
}

static void sleep_on(sem_t *semaphore) {
    while (sem_wait(semaphore)) /* a signal's handler ran */
        ;
}

static void begin(worker *w) {
    if (atomic_exchange(&w->state, BEGIN) == ASLEEP)
        sem_post(&w->wake);
}

static void begin_next(hone_pool *pool, int index) {
    for (int next = 2 * index + 1; next <= 2 * index + 2 && next < pool->used; next++)
        begin(&pool->workers[next]);
}

static void await_begin(worker *self) {
    int idle = IDLE;
    if (!watch(&self->state, BEGIN, self->pool->idle_ns) &&
        atomic_compare_exchange_strong(&self->state, &idle, ASLEEP))
        sleep_on(&self->wake);
    /* Nobody begins it again before it has left. */
    atomic_store_explicit(&self->state, IDLE, memory_order_relaxed);
}

static void run_share(const hone_pool *pool, int index) {
    for (size_t i = (size_t)index; i < pool->count; i += (size_t)pool->threads)
        pool->task(pool->context, i);
}

static int leave(hone_pool *pool) { return atomic_fetch_sub(&pool->left, 1) == 1; }

static void *serve(void *context) {
    worker *self = context;
    hone_pool *pool = self->pool;
    if (pool->pin)
        hone_pool_pin_self(self->index);
    for (;;) {
        await_begin(self);
        begin_next(pool, self->index);
        if (!pool->task)
            return NULL;
        run_share(pool, self->index);
        if (leave(pool))
            sem_post(&pool->done);
    }
}

static int start_worker(hone_pool *pool, int index) {
    worker *w = &pool->workers[index];
    w->index = index;
    w->pool = pool;
    atomic_init(&w->state, IDLE);
    if (sem_init(&w->wake, 0, 0))
        return 0;
    if (pthread_create(&w->thread, NULL, serve, w) == 0)
        return 1;
    sem_destroy(&w->wake);
    return 0;
}

/* NULL: no memory. */
static hone_pool *create_empty(int threads, int pin) {
    hone_pool *pool = aligned_alloc(APART, sizeof *pool + (size_t)threads * sizeof *pool->workers);
    if (!pool)
        return NULL;
    *pool = (hone_pool){
        .threads = 1,
        .pin = pin,
        .idle_ns = threads <= hone_pool_places() ? IDLE_NS : 0,
    };
    if (sem_init(&pool->done, 0, 0)) {
        free(pool);
        return NULL;
    }
    pthread_mutex_init(&pool->calls, NULL);
    return pool;
}

hone_status hone_pool_create(hone_pool **out, int threads, int pin) {
    hone_pool *pool = create_empty(threads, pin);
    while (pool && pool->threads < threads && start_worker(pool, pool->threads))
        pool->threads++;
    if (!pool || pool->threads < threads) {
        hone_pool_destroy(pool);
        return hone_fail(HONE_E_NOMEM, "%d threads could not be started; use fewer", threads);
    }
    if (pin)
        hone_pool_pin_self(0);
    *out = pool;
    return HONE_OK;
}

static void start(hone_pool *pool, void (*task)(void *context, size_t index), void *context, size_t count) {
    pool->task = task;
    pool->context = context;
    pool->count = count;
    pool->used = count < (size_t)pool->threads ? (int)count : pool->threads;
    atomic_store(&pool->left, pool->used);
    begin_next(pool, 0);
}

void hone_pool_destroy(hone_pool *pool) {
    if (!pool)
        return;
    start(pool, NULL, NULL, (size_t)pool->threads);
    for (int i = 1; i < pool->threads; i++) {
        pthread_join(pool->workers[i].thread, NULL);
        sem_destroy(&pool->workers[i].wake);
    }
    sem_destroy(&pool->done);
    pthread_mutex_destroy(&pool->calls);
    free(pool);
}

int hone_pool_threads(const hone_pool *pool) { return pool ? pool->threads : 1; }

void hone_pool_run(hone_pool *pool, void (*task)(void *context, size_t index), void *context, size_t count) {
    if (!pool || count < 2) {
        for (size_t i = 0; i < count; i++)
            task(context, i);
        return;
    }
    pthread_mutex_lock(&pool->calls);
    start(pool, task, context, count);
    run_share(pool, 0);
    if (!watch(&pool->left, 1, CALL_NS) && !leave(pool))
        sleep_on(&pool->done);
    pthread_mutex_unlock(&pool->calls);
}

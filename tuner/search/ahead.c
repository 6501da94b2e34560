#include "ahead.h"

#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "../../kernels/status.h"

enum { MOST_THREADS = 8, CORES_A_THREAD = 4 };
enum { UNKNOWN, ASKED, COMPILING, DONE }; /* of a point */

struct hone_ahead {
    const hone_device *device;
    const hone_problem *problem;
    const hone_points *points;
    pthread_mutex_t lock;
    pthread_cond_t asked, done;
    pthread_t threads[MOST_THREADS];
    int thread_count, stop;
    unsigned char *states; /* by point */
    int64_t *stack;        /* points asked for, the latest on top */
    int64_t height;
};

/* The point that was asked for last, now being compiled; -1 to end. The lock is held. */
static int64_t take(hone_ahead *self) {
    for (;;) {
        while (!self->stop && self->height > 0) {
            const int64_t point = self->stack[--self->height];
            if (self->states[point] == ASKED) {
                self->states[point] = COMPILING;
                return point;
            }
        }
        if (self->stop)
            return -1;
        pthread_cond_wait(&self->asked, &self->lock);
    }
}

static void *work(void *context) {
    hone_ahead *self = context;
    int64_t point;
    pthread_mutex_lock(&self->lock);
    while ((point = take(self)) >= 0) {
        hone_config config;
        pthread_mutex_unlock(&self->lock);
        /* What fails here fails for the caller, who is told why. */
        if (!hone_points_config(&config, self->points, point))
            self->device->backend->compile(self->device, self->problem, &config);
        pthread_mutex_lock(&self->lock);
        self->states[point] = DONE;
        pthread_cond_broadcast(&self->done);
    }
    pthread_mutex_unlock(&self->lock);
    return NULL;
}

/* A quarter of the cores: 15 of 16 compiling with NVRTC in one process kept each other and the caller
 * waiting, so that an evaluation took as many seconds as it does without any. */
static int threads_to_spare(void) {
    const long cores = sysconf(_SC_NPROCESSORS_ONLN), threads = cores / CORES_A_THREAD;
    return cores <= 1 ? 0 : threads < 1 ? 1 : threads < MOST_THREADS ? (int)threads : MOST_THREADS;
}

hone_status hone_ahead_create(hone_ahead **out, const hone_device *device, const hone_problem *problem,
                              const hone_points *points) {
    const int threads = threads_to_spare();
    *out = NULL;
    if (!device->backend->compile || threads == 0)
        return HONE_OK;
    hone_ahead *self = calloc(1, sizeof *self);
    if (self) {
        *self = (hone_ahead){.device = device,
                             .problem = problem,
                             .points = points,
                             .lock = PTHREAD_MUTEX_INITIALIZER,
                             .asked = PTHREAD_COND_INITIALIZER,
                             .done = PTHREAD_COND_INITIALIZER,
                             .states = calloc((size_t)points->count + 1, 1),
                             .stack = malloc(((size_t)points->count + 1) * sizeof *self->stack)};
    }
    if (!self || !self->states || !self->stack) {
        hone_ahead_destroy(self);
        return hone_fail(HONE_E_NOMEM, "no memory to compile %lld configs ahead", (long long)points->count);
    }
    while (self->thread_count < threads &&
           !pthread_create(&self->threads[self->thread_count], NULL, work, self))
        self->thread_count++;
    if (self->thread_count == 0) {
        hone_ahead_destroy(self);
        return HONE_OK; /* configs are compiled when they are wanted */
    }
    *out = self;
    return HONE_OK;
}

void hone_ahead_destroy(hone_ahead *self) {
    if (!self)
        return;
    pthread_mutex_lock(&self->lock);
    self->stop = 1;
    pthread_cond_broadcast(&self->asked);
    pthread_mutex_unlock(&self->lock);
    for (int i = 0; i < self->thread_count; i++)
        pthread_join(self->threads[i], NULL);
    free(self->states);
    free(self->stack);
    free(self);
}

void hone_ahead_ask(hone_ahead *self, int64_t point) {
    if (!self)
        return;
    pthread_mutex_lock(&self->lock);
    if (self->states[point] == UNKNOWN) {
        self->states[point] = ASKED;
        self->stack[self->height++] = point;
        pthread_cond_signal(&self->asked);
    }
    pthread_mutex_unlock(&self->lock);
}

void hone_ahead_claim(hone_ahead *self, int64_t point) {
    if (!self)
        return;
    pthread_mutex_lock(&self->lock);
    while (self->states[point] == COMPILING)
        pthread_cond_wait(&self->done, &self->lock);
    self->states[point] = DONE;
    pthread_mutex_unlock(&self->lock);
}

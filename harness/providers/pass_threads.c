#include "pass_threads.h"

#include <errno.h>
#include <semaphore.h>

#include "../../kernels/status.h"
#include "../affinity.h"

enum { MAX_THREADS = 1024 };

typedef struct sleeper {
    sem_t go;
    int index;
} sleeper;

static sleeper sleepers[MAX_THREADS]; /* the first is the caller */
static int started = 1;
static sem_t done;
static void (*current_task)(void *context, int index);
static void *current_context;

static void wait_for(sem_t *semaphore) {
    while (sem_wait(semaphore) != 0 && errno == EINTR)
        ;
}

static void *serve(void *context) {
    sleeper *self = context;
    for (;;) {
        wait_for(&self->go);
        current_task(current_context, self->index);
        sem_post(&done);
    }
    return NULL;
}

hone_status hone_pass_threads_need(int threads) {
    if (started == 1 && sem_init(&done, 0, 0))
        return hone_fail(HONE_E_NOMEM, "no semaphore could be had");
    for (; started < threads; started++) {
        pthread_t thread;
        sleeper *next = started < MAX_THREADS ? &sleepers[started] : NULL;
        if (!next || sem_init(&next->go, 0, 0))
            return hone_fail(HONE_E_NOMEM, "%d threads could not be had; use fewer", threads);
        next->index = started;
        if (!hone_affinity_start(&thread, started, serve, next))
            return hone_fail(HONE_E_NOMEM, "%d threads could not be started; use fewer", threads);
        pthread_detach(thread);
    }
    return HONE_OK;
}

void hone_pass_threads_run(void (*task)(void *context, int index), void *context, int count) {
    current_task = task;
    current_context = context;
    for (int i = 1; i < count; i++)
        sem_post(&sleepers[i].go);
    task(context, 0);
    for (int i = 1; i < count; i++)
        wait_for(&done);
}

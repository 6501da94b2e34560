#include "peer_omp.h"

#include <dlfcn.h>
#include <stddef.h>

typedef struct call {
    const peer_omp *omp;
    void (*task)(void *context, int index);
    void *context;
    int count;
} call;

int peer_omp_find(peer_omp *out, void *handle) {
    peer_omp omp;
    *(void **)&omp.parallel = dlsym(handle, "GOMP_parallel");
    *(void **)&omp.thread_number = dlsym(handle, "omp_get_thread_num");
    *(void **)&omp.threads = dlsym(handle, "omp_get_num_threads");
    *(void **)&omp.set_num_threads = dlsym(handle, "omp_set_num_threads");
    if (!omp.parallel || !omp.thread_number || !omp.threads || !omp.set_num_threads)
        return 0;
    *out = omp;
    return 1;
}

static void enter(void *context) {
    const call *self = context;
    for (int i = self->omp->thread_number(); i < self->count; i += self->omp->threads())
        self->task(self->context, i);
}

void peer_omp_run(const peer_omp *omp, void (*task)(void *context, int index), void *context, int count) {
    call self = {omp, task, context, count};
    omp->parallel(enter, &self, (unsigned)count, 0);
}

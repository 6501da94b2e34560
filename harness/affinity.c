#include "affinity.h"

static cpu_set_t initial;

/* Before main, because nothing later can tell what the process started with. */
__attribute__((constructor)) static void remember(void) {
    if (sched_getaffinity(0, sizeof initial, &initial))
        CPU_ZERO(&initial);
}

void hone_affinity_widen(cpu_set_t *out) {
    if (sched_getaffinity(0, sizeof *out, out))
        *out = initial;
    hone_affinity_restore(&initial);
}

/* A refusal leaves the thread where it is: slower, not wrong. */
void hone_affinity_restore(const cpu_set_t *saved) {
    if (CPU_COUNT(saved))
        (void)sched_setaffinity(0, sizeof *saved, saved);
}

int hone_affinity_start(pthread_t *out, int index, void *(*run)(void *context), void *context) {
    const int count = CPU_COUNT(&initial);
    cpu_set_t one;
    pthread_attr_t attributes;
    CPU_ZERO(&one);
    int cpu = 0;
    for (int left = count ? index % count : 0; cpu < CPU_SETSIZE; cpu++)
        if (CPU_ISSET(cpu, &initial) && left-- == 0)
            break;
    if (pthread_attr_init(&attributes))
        return 0;
    if (cpu < CPU_SETSIZE) {
        CPU_SET(cpu, &one);
        pthread_attr_setaffinity_np(&attributes, sizeof one, &one);
    }
    int started = pthread_create(out, &attributes, run, context) == 0;
    pthread_attr_destroy(&attributes);
    return started;
}

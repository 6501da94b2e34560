#include "affinity.h"

static cpu_set_t initial;

/* Before main, because nothing later can tell what the process started with. */
__attribute__((constructor)) static void remember(void) {
    if (sched_getaffinity(0, sizeof initial, &initial))
        CPU_ZERO(&initial);
}

void hone_affinity_initial(cpu_set_t *out) { *out = initial; }

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

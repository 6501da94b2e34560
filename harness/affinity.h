/* Pinning the measuring thread pins every thread that a library starts from it
 * afterwards. These give such libraries the CPUs that the process started with. */
#ifndef HONE_HARNESS_AFFINITY_H
#define HONE_HARNESS_AFFINITY_H

#include <pthread.h>
#include <sched.h>

/* Lets the calling thread run on all CPUs that the process started with; returns through `out` what to give
 * to hone_affinity_restore. */
void hone_affinity_widen(cpu_set_t *out);
void hone_affinity_restore(const cpu_set_t *saved);

/* Starts a thread on the index-th of them, around again when there are fewer. 0
 * when there can be no more threads. */
int hone_affinity_start(pthread_t *out, int index, void *(*run)(void *context), void *context);

#endif

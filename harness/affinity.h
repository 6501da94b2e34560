/* Pinning the measuring thread pins every thread that a library starts from it
 * afterwards. These give such libraries the CPUs that the process started with. */
#ifndef HONE_HARNESS_AFFINITY_H
#define HONE_HARNESS_AFFINITY_H

#include <sched.h>

/* The CPUs that the process might run on when it started. */
void hone_affinity_initial(cpu_set_t *out);

/* Lets the calling thread run on all of them; returns through `out` what to give
 * to hone_affinity_restore. */
void hone_affinity_widen(cpu_set_t *out);
void hone_affinity_restore(const cpu_set_t *saved);

#endif

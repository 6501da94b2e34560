/* The conditions of a measurement. Each is text or a number that may be
 * unknown ("" or NaN), never guessed. */
#ifndef HONE_HARNESS_ENVIRONMENT_H
#define HONE_HARNESS_ENVIRONMENT_H

#include "hone/hone.h"

typedef struct hone_environment {
    char host[64];
    char os[128]; /* kernel name and release */
    char cpu_model[128];
    char governor[32];   /* of CPU 0; "" where the kernel does not say */
    double clock_mhz;    /* current, of CPU 0; NaN if unknown */
    double load;         /* 1-minute load average; NaN if unknown */
    char binding[256];   /* CPUs that the process may run on, as a list "0-3,8" */
    char huge_pages[32]; /* "always", "madvise", "never" or "" */
    char compiler[128];  /* of this build */
    char flags[256];
    char commit[64];     /* git commit of this build, "-dirty" appended; "" unknown */
    char libraries[256]; /* "hwloc 2.9.0, sqlite 3.40.1, ..." */
    char started_at[32];
} hone_environment;

void hone_environment_read(hone_environment *out);

/* Binds the calling thread to one core through hwloc, for measuring.
 * HONE_E_USAGE: no such core. HONE_E_UNAVAILABLE: the system refuses. */
hone_status hone_environment_pin(int core);

#endif

/* The limits of a machine for one problem, timed beside its samples: the clock
 * of a shared host moves by half within minutes, so a limit measured at another
 * moment says little.
 *
 * One runner multiplies as fast as the device can, about as long as the problem
 * would take at that rate; where the operands exceed a core's own cache (or are
 * cold), another reads them, where they lie: which of the caches hold them
 * depends on who used them when. */
#ifndef HONE_HARNESS_ROOF_H
#define HONE_HARNESS_ROOF_H

#include "../kernels/backend.h"
#include "sampler.h"

enum { HONE_ROOF_RUNNERS = 2 };

typedef struct hone_roof hone_roof;

enum { HONE_ROOF_SPANS = 3 }; /* A, weights, C */

/* `spans`: the operands' memory, HONE_ROOF_SPANS for each of the `copies` that cold
 * calls rotate through (1: warm); the list is copied. What the device cannot do
 * has no runner. HONE_E_USAGE: threads < 1. HONE_E_NOMEM. */
hone_status hone_roof_create(hone_roof **out, hone_context *context, const hone_device *device,
                             const hone_problem *problem, int threads, const hone_span *spans, int copies);
void hone_roof_destroy(hone_roof *roof);

/* Appends its runners to a group's: at most HONE_ROOF_RUNNERS, all `beside`; returns how many. */
int hone_roof_runners(hone_runner *runners, hone_roof *roof);

typedef struct hone_limits {
    double gops;      /* 1e9 multiply and add operations a second; NaN: unknown */
    double read_gbps; /* 1e9 bytes a second; NaN: unknown, or no limit */
    double us;        /* the least time of a call by the lower of them; NaN: unknown */
} hone_limits;

/* By the fastest samples so far; `first`: the place of its first runner.
 * All NaN for NULL. */
hone_limits hone_roof_limits(const hone_roof *roof, const hone_sampler *sampler, int first);

#endif

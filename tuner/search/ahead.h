/* Compiling ahead: while one config is measured on a device, the machine's other cores compile those that may
 * come next, for backends that compile their kernels (hone_backend.compile). What was compiled is found in
 * the program cache. */
#ifndef HONE_TUNER_AHEAD_H
#define HONE_TUNER_AHEAD_H

#include "../../kernels/backend.h"
#include "search.h"

typedef struct hone_ahead hone_ahead;

/* *out is NULL where there is nothing to compile, or no core for it; all functions take NULL. Everything is
 * borrowed. HONE_E_NOMEM. */
hone_status hone_ahead_create(hone_ahead **out, const hone_device *device, const hone_problem *problem,
                              const hone_points *points);
/* Waits for what is being compiled, and leaves out the rest. */
void hone_ahead_destroy(hone_ahead *ahead);
/* Asks for a point to be compiled, before those that were asked for earlier; once is enough. */
void hone_ahead_ask(hone_ahead *ahead, int64_t point);
/* The caller wants the point now: returns when it is compiled; at once where nobody has begun with it, and
 * then nobody will. */
void hone_ahead_claim(hone_ahead *ahead, int64_t point);

#endif

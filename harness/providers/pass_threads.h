/* Threads for the separate pass of baselines that bring their own: these sleep
 * between calls, where hone's pool would spin and slow the baseline's threads. */
#ifndef HONE_PASS_THREADS_H
#define HONE_PASS_THREADS_H

#include "hone/hone.h"

/* Makes sure that there are `threads`, the caller included. They live as long as
 * the process. HONE_E_NOMEM: that many cannot be had. One caller at a time. */
hone_status hone_pass_threads_need(int threads);

/* Calls task(context, 0) .. task(context, count - 1) on as many threads and returns
 * when all are done. `count` is at most what was asked for. */
void hone_pass_threads_run(void (*task)(void *context, int index), void *context, int count);

#endif

/* Worker threads of the CPU backend. They spin for tens of microseconds after a
 * call and then sleep. */
#ifndef HONE_CPU_POOL_H
#define HONE_CPU_POOL_H

#include "../backend.h"

/* `threads` >= 2, the caller included. `pin`: thread i is bound as by
 * hone_pool_pin_self(i). HONE_E_NOMEM. */
hone_status hone_pool_create(hone_pool **out, int threads, int pin);
void hone_pool_destroy(hone_pool *pool);
/* 1 for NULL. */
int hone_pool_threads(const hone_pool *pool);

/* Calls task(context, 0) .. task(context, count - 1), each once, in parallel,
 * and returns when all are done. Thread i takes index i, i + threads, ...; thread 0
 * is the caller. Several threads may call at once, and take turns; a task must not. */
void hone_pool_run(hone_pool *pool, void (*task)(void *context, size_t index), void *context, size_t count);

/* Hardware threads that the process was given when it first asked; 0: unknown. */
int hone_pool_places(void);

/* The number by which the system knows the hardware thread of `index`, counted as by
 * hone_pool_pin_self; -1: unknown. */
int hone_pool_place(int index);

/* Binds the calling thread to one of the hardware threads that the process was
 * given: `index` counts the cores first, those that share a cache in a row, then their
 * second threads, and wraps.
 * Refusal is not an error: the record of the environment says what binding there is. */
void hone_pool_pin_self(int index);

#endif

/* What the baselines share. Internal to the providers. */
#ifndef HONE_PROVIDER_PARTS_H
#define HONE_PROVIDER_PARTS_H

#include "../provider.h"
#include "peer_omp.h"

/* 64-byte aligned, for free(). HONE_E_NOMEM. */
hone_status hone_provider_allocate(void **out, size_t bytes);

/* The threads on which a baseline's passes run, apart from its GEMM. */
typedef struct hone_pass_team {
    const peer_omp *omp; /* NULL: those of pass_threads.h */
    int threads;
} hone_pass_team;

/* Calls task(context, 0) .. task(context, threads - 1). */
void hone_pass_team_run(const hone_pass_team *team, void (*task)(void *context, int index), void *context);

/* Begin and end of rows [0] and columns [1] for one of a team: it shares rows, or columns where rows are
 * fewer. */
void hone_pass_team_part(const hone_pass_team *team, int index, int64_t rows, int64_t columns,
                         int64_t begin[2], int64_t end[2]);

/* The separate pass C = act(X + bias) for baselines that cannot fuse it. */
typedef struct hone_separate_pass {
    const hone_device *device;
    hone_pool *pool;
    hone_pass_team team; /* unused after hone's own kernels */
    int pooled;          /* runs on the pool */
    hone_problem problem;
    hone_args args;
    float *x; /* C itself where C is f32, else `owned` */
    int64_t ldx;
    void *owned;
} hone_separate_pass;

/* Whose threads ran before the pass: hone's pool, which is used again, or those
 * of another library, which a spinning pool would slow. These are `omp`'s, which
 * is used again too, or are let be (NULL). */
typedef enum hone_pass_after { HONE_PASS_AFTER_HONE, HONE_PASS_AFTER_OTHERS } hone_pass_after;

/* HONE_E_UNAVAILABLE: the device's backend has no such pass. HONE_E_NOMEM. */
hone_status hone_separate_pass_create(hone_separate_pass *out, hone_context *context,
                                      const hone_device *device, const hone_operands *operands, int threads,
                                      hone_pass_after after, const peer_omp *omp);
void hone_separate_pass_run(hone_separate_pass *pass);
void hone_separate_pass_clear(hone_separate_pass *pass);

/* HONE_E_UNAVAILABLE unless the device is the host's CPU. */
hone_status hone_provider_needs_cpu(const char *provider, const hone_device *device);

#endif

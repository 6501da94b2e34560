/* Runs hone's separate pass on the threads of the OpenMP runtime that a baseline has just used: threads of
 * another kind would wait for these, which spin for a while after each call. */
#ifndef HONE_PEER_OMP_H
#define HONE_PEER_OMP_H

typedef struct peer_omp {
    void (*parallel)(void (*task)(void *), void *context, unsigned threads, unsigned flags);
    int (*thread_number)(void);
    int (*threads)(void); /* in the region that runs; it may have got fewer than it asked for */
    void (*set_num_threads)(int);
} peer_omp;

/* Of the runtime behind a handle of dlopen, GNU's or one that stands in for it. 0: there is none. */
int peer_omp_find(peer_omp *out, void *handle);

/* Calls task(context, 0) .. task(context, count - 1) and returns when all are done. */
void peer_omp_run(const peer_omp *omp, void (*task)(void *context, int index), void *context, int count);

#endif

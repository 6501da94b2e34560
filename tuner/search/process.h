/* A Gaussian process over index vectors: what a strategy believes of configs
 * that nobody has measured. Two configs are alike by
 *
 *     (1 + s / 2)^-2,  s = sum over the parameters that differ of
 *                          theta (jump + (1 - jump) |index - index'| / (values - 1))
 *
 * (words: theta), where each parameter's weight theta, and how much of a
 * difference is a jump rather than a slope, are learnt from the observations.
 * Beliefs are kept for a pool of candidates, so that another observation updates
 * them in time proportional to the pool. */
#ifndef HONE_TUNER_PROCESS_H
#define HONE_TUNER_PROCESS_H

#include "search.h"

typedef struct hone_process hone_process;

/* For at most `most` observations and `pool` candidates. HONE_E_NOMEM. */
hone_status hone_process_create(hone_process **out, const hone_space *space, int most, int pool);
void hone_process_destroy(hone_process *process);
/* Learns from scratch and empties the pool. `rows` point to param_count indices each and stay valid.
 * 1 <= count <= most; values are finite. */
void hone_process_learn(hone_process *process, const int *const *rows, const double *values, int count,
                        hone_random *random);
/* One more observation with the weights as they are; 0 when there is no room. */
int hone_process_add(hone_process *process, const int *row, double value);
/* Adds candidates to the pool, as many as there is room for. */
void hone_process_pool(hone_process *process, const int *const *rows, int count);
/* The belief about the candidate that was added as the i-th. */
void hone_process_belief(const hone_process *process, int candidate, double *mean, double *variance);

#endif

/* The final in two parts: tune_finalists.c chooses who takes part, tune_final.c
 * measures them side by side. */
#ifndef HONE_TUNER_TUNE_FINAL_H
#define HONE_TUNER_TUNE_FINAL_H

#include "tune_session.h"

enum {
    HONE_FINALISTS = 5,
    HONE_ENTRANTS = 12, /* of whom the rungs retire some */
    HONE_ACCURATE = 2,  /* slower but more accurate ones beside them */
    HONE_FINAL_LEAST = HONE_P95_MIN_SAMPLES,
    HONE_FINAL_WARM_CALLS = 1, /* warm: an untimed call brings the caches back */
    HONE_FINAL_RUNGS = 2
};

/* After so many samples at most so many are measured on. */
typedef struct hone_final_rung {
    int samples, most;
} hone_final_rung;
extern const hone_final_rung hone_final_rungs[HONE_FINAL_RUNGS];

/* Reorders the candidates: those that take part come first. How many do, at most HONE_ENTRANTS +
 * HONE_ACCURATE; `kept` says who is not retired. There are candidates. */
int64_t hone_final_choose(hone_tune_session *session);

/* The samples of a finalist: enough for a p95, even where one finalist exceeds the budget somewhat; fewer
 * when it would by far and p95 is not what decides; 0 when a final makes no sense. After hone_final_choose.
 */
int hone_final_samples(const hone_tune_session *session);

#endif

/* The winner of one problem with everything that is shown about it. Tuning
 * decides nothing beside the derivation: what it reports is read here. */
#ifndef HONE_TUNER_DB_WINNER_H
#define HONE_TUNER_DB_WINNER_H

#include "../../kernels/config.h"
#include "db.h"

/* Whose winner; of this build's kernels. */
typedef struct hone_winner_subject {
    const hone_device *device;
    const hone_problem *problem;
    int threads;
    const char *mode;      /* "warm" or "cold" */
    const char *objective; /* "p50", "p95" or "throughput" */
    double max_error;      /* largest err_rel_fro; 0: any correct config */
} hone_winner_subject;

typedef struct hone_winner {
    char config[HONE_CONFIG_TEXT];
    int is_final; /* 1: from an interleaved final; 0: from screening only */
    hone_stats stats;
    hone_numerics numerics; /* errors, `correct` and `seed`; the rest is 0 */
    double peak_gops;       /* NaN: unknown */
    double unfused_us;      /* p50 of the unfused provider in the same final; NaN: not measured */
} hone_winner;

/* *found 0: there is none. Without max_error it is the stored winner; with it,
 * the same derivation over the configs that are accurate enough. HONE_E_DATA. */
hone_status hone_db_winner(int *found, hone_winner *out, hone_db *db, const hone_winner_subject *subject);

/* The winner, then the winner among all that have at most nine tenths of its error, and so on: what a limit
 * on the error chooses from. *count 0: nothing is known. `*out` is malloc'ed. HONE_E_DATA, HONE_E_NOMEM. */
hone_status hone_db_tradeoffs(hone_winner **out, int *count, hone_db *db, const hone_winner_subject *subject);

#endif

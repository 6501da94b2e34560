/* The winner of one problem as the database has derived it, with what is shown
 * about it. Tuning decides nothing beside this: what it reports is read here. */
#ifndef HONE_TUNER_WINNER_H
#define HONE_TUNER_WINNER_H

#include "tune.h"

typedef struct hone_winner {
    char config[HONE_CONFIG_TEXT];
    int final; /* 1: from an interleaved final; 0: from screening only */
    hone_stats stats;
    hone_numerics numerics; /* the errors, `correct` and `seed`; health is left 0 */
    double peak_gops;       /* NaN: unknown */
    double unfused_us;      /* p50 of the unfused provider in the same run; NaN: not measured */
} hone_winner;

/* *found 0 when this build has no winner for the subject. `max_error` 0: any
 * correct config. HONE_E_DATA. */
hone_status hone_winner_read(int *found, hone_winner *out, hone_db *db, const hone_device *device,
                             const hone_problem *problem, const hone_tune_options *options);

#endif

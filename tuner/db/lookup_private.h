/* A lookup in two halves: db_lookup_find.c collects candidates from the
 * database, db_lookup.c decides which of them may answer. */
#ifndef HONE_TUNER_LOOKUP_PRIVATE_H
#define HONE_TUNER_LOOKUP_PRIVATE_H

#include "db_private.h"

/* Candidates looked at beyond the nearest few are not worth a lookup's time. */
enum { HONE_LOOKUP_CANDIDATES = 16 };

/* Shapes more than this factor away in any dimension are not near. */
#define HONE_LOOKUP_REACH 4

/* Another activation of the same smoothness counts as this much distance, in
 * doublings of one dimension: its code differs, the GEMM around it does not. */
#define HONE_LOOKUP_OTHER_ACTIVATION 1.0

/* The question, completed from its defaults. */
typedef struct hone_lookup {
    hone_db *db;
    const hone_device *device;
    const hone_problem *problem;
    char text[HONE_PROBLEM_TEXT]; /* of the problem */
    int threads;
    const char *objective;
    double max_error; /* NaN: any */
    int allow_stale;
    hone_space *space; /* of the problem; NULL when the backend has no kernels */
} hone_lookup;

/* Evidence that might answer: a winner, or with an error bound the best
 * measurement within it. */
typedef struct hone_candidate {
    int64_t device_id, problem_id, build_id, measurement_id;
    char problem[HONE_PROBLEM_TEXT];
    char mode[8];
    char measured_at[32];
    int stale;
    double distance; /* 0: this very problem */
} hone_candidate;

/* Nearest first; see the ordering in db_lookup_find.c. */
typedef struct hone_candidates {
    int count;
    hone_candidate items[HONE_LOOKUP_CANDIDATES];
} hone_candidates;

/* Adds the candidates measured on this very device, or on other devices of its
 * family; of this very problem, or of near ones. */
hone_status hone_lookup_find(hone_candidates *out, const hone_lookup *lookup, int family, int near_shapes);

/* Replaces the winner by the best measurement within the error bound;
 * *found 0 when there is none. */
hone_status hone_lookup_bound_error(int *found, hone_candidate *candidate, const hone_lookup *lookup);

/* hone_db_lookup for a device of any origin. */
hone_status hone_db_lookup_device(hone_match *out, hone_db *db, const hone_device *device,
                                  const hone_problem *problem, const hone_lookup_options *options);

#endif

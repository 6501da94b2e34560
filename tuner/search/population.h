/* The population of the strategies that breed: points with their values, a walk and moves. */
#ifndef HONE_TUNER_POPULATION_H
#define HONE_TUNER_POPULATION_H

#include "strategy.h"

enum { HONE_POPULATION = 20 };

typedef struct hone_member {
    int64_t point;
    double value; /* INFINITY: failed */
} hone_member;

typedef struct hone_population {
    const hone_points *points;
    hone_random random;
    hone_walk walk;
    hone_moves moves;
    hone_member members[HONE_POPULATION];
    int count;
    int64_t target,
        proposed; /* of differential evolution: whom the last proposal challenges, and what it was */
} hone_population;

/* As the strategies' own functions. HONE_E_NOMEM. */
hone_status hone_population_create(void **state, const hone_points *points,
                                   const hone_search_options *options);
void hone_population_destroy(void *state);
/* Marks the point as seen and takes it in while there is room: 1 when it was. */
int hone_population_join(hone_population *population, int64_t point, double value);

#endif

/* What strategies are written with. */
#ifndef HONE_TUNER_STRATEGY_H
#define HONE_TUNER_STRATEGY_H

#include "search.h"

#define HONE_STRATEGY(name) extern const hone_strategy hone_strategy_##name;
#include "strategies.def"
#undef HONE_STRATEGY

/* A walk over all points that never meets one twice. */
typedef struct hone_walk {
    int64_t count, next;
    uint32_t *order;     /* the order to take points in */
    unsigned char *seen; /* by point */
} hone_walk;

/* `random` shuffles the order; NULL keeps the declared one. HONE_E_NOMEM. */
hone_status hone_walk_create(hone_walk *walk, const hone_points *points, hone_random *random);
void hone_walk_clear(hone_walk *walk);
/* The next point not seen, which now is; -1 when none is left. */
int64_t hone_walk_next(hone_walk *walk);
/* Marks a point as seen; 1 if it was not before. */
int hone_walk_take(hone_walk *walk, int64_t point);

#endif

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

/* Moves between legal points, found through the index of points. */
typedef struct hone_moves {
    const hone_points *points; /* borrowed */
    hone_random *random;       /* borrowed */
    int64_t *neighbours;
} hone_moves;

/* HONE_E_NOMEM. */
hone_status hone_moves_create(hone_moves *moves, const hone_points *points, hone_random *random);
void hone_moves_clear(hone_moves *moves);
/* The indices of a point. */
const int *hone_moves_row(const hone_moves *moves, int64_t point);
/* A neighbour of `point` that the walk has not seen, now seen; -1 when there is none. */
int64_t hone_moves_fresh(hone_moves *moves, hone_walk *walk, int64_t point);
/* Takes `wanted` indices over into `from`, parameter by parameter in random order, each where the result is
 * legal; -1 leaves a parameter as it is. Returns a legal point, `from` when none could be taken over. */
int64_t hone_moves_towards(hone_moves *moves, int64_t from, const int *wanted);
/* `point` if it is fresh, else a fresh neighbour, else the walk's next; -1 when no point is left. */
int64_t hone_moves_settle(hone_moves *moves, hone_walk *walk, int64_t point);

#endif

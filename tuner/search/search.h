/* Searching a space: all legal points, enumerated without generating illegal
 * ones, and strategies behind a propose/observe interface. */
#ifndef HONE_TUNER_SEARCH_H
#define HONE_TUNER_SEARCH_H

#include "../../kernels/space.h"

/* The legal points of a space, in the order of the declaration. Immutable once
 * made, apart from hone_points_shard. */
typedef struct hone_points {
    const hone_space *space; /* borrowed */
    int64_t count;
    int *indices;    /* count x space->param_count */
    int64_t visited; /* nodes looked at while enumerating */
    int32_t *slots;  /* hash table over the points; -1: free */
    int64_t slot_count;
    uint64_t strides[HONE_SPACE_MAX_PARAMS]; /* of the table's keys */
} hone_points;

/* More legal points than this are refused: a space that large needs constraints. */
#define HONE_POINTS_MAX ((int64_t)1 << 24)

/* Depth first; a constraint prunes as soon as its parameters are chosen.
 * HONE_E_NOMEM; HONE_E_USAGE when no point is legal, or too many are. */
hone_status hone_points_create(hone_points **out, const hone_space *space);
void hone_points_destroy(hone_points *points);
/* The points of a list instead, `count` rows of indices, whatever the constraints say: those that somebody
 * measured. The list is copied, what is there again left out. HONE_E_NOMEM; HONE_E_USAGE: none. */
hone_status hone_points_create_listed(hone_points **out, const hone_space *space, const int *indices,
                                      int64_t count);
/* Keeps the points whose index % shards == shard (0 <= shard < shards), which
 * are renumbered; none may be left. HONE_E_USAGE, HONE_E_NOMEM. */
hone_status hone_points_shard(hone_points *points, int shard, int shards);
hone_status hone_points_config(hone_config *out, const hone_points *points, int64_t point);
/* The point of a config; -1 when it is not legal. */
int64_t hone_points_find(const hone_points *points, const hone_config *config);
/* The same of param_count indices. */
int64_t hone_points_find_indices(const hone_points *points, const int *indices);
/* The points that differ from `point` in one parameter, in the order of parameters and values. `out` has
 * room for hone_points_most_neighbours. Returns their number. */
int hone_points_neighbours(int64_t *out, const hone_points *points, int64_t point);
int hone_points_most_neighbours(const hone_points *points);

typedef struct hone_search_options {
    uint64_t seed;
    int64_t evaluations; /* that the search will have, as far as is known; 0: unknown */
} hone_search_options;

/* A strategy proposes points and is told their values (lower is better,
 * INFINITY for a failure). Same options and same observations: same proposals. */
typedef struct hone_strategy {
    const char *name, *description;
    int prunes; /* 1: a config that cannot beat the best (hone_backend.lower_bound) is not run */
    hone_status (*create)(void **state, const hone_points *points, const hone_search_options *options);
    /* The next point, never one proposed or observed before; -1 when none is left. */
    int64_t (*propose)(void *state);
    /* Also of points that it did not propose: a search starts from what is known. */
    void (*observe)(void *state, int64_t point, double value);
    void (*destroy)(void *state);
} hone_strategy;

int hone_strategy_count(void);
const hone_strategy *hone_strategy_at(int index);
/* NULL when unknown. "auto" is one of them. */
const hone_strategy *hone_strategy_find(const char *name);

/* A small seeded generator (splitmix64), so that searches repeat anywhere. */
typedef struct hone_random {
    uint64_t state;
} hone_random;
uint64_t hone_random_next(hone_random *random);
/* Uniform in [0, bound), bound >= 1. */
uint64_t hone_random_below(hone_random *random, uint64_t bound);
/* Uniform in [0, 1). */
double hone_random_unit(hone_random *random);
void hone_random_shuffle(int64_t *items, int64_t count, hone_random *random);

#endif

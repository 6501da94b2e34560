/* Every point once: in the declared order (exhaustive) or shuffled (random). */
#include <stdlib.h>

#include "../../kernels/status.h"
#include "strategy.h"

hone_status hone_walk_create(hone_walk *walk, const hone_points *points, hone_random *random) {
    *walk = (hone_walk){.count = points->count};
    walk->order = calloc((size_t)points->count + 1, sizeof *walk->order);
    walk->seen = calloc((size_t)points->count + 1, 1);
    if (!walk->order || !walk->seen) {
        hone_walk_clear(walk);
        return hone_fail(HONE_E_NOMEM, "no memory to search %lld points", (long long)points->count);
    }
    for (int64_t i = 0; i < points->count; i++) {
        /* Fisher-Yates, inside out. */
        int64_t place = random ? (int64_t)hone_random_below(random, (uint64_t)i + 1) : i;
        walk->order[i] = walk->order[place];
        walk->order[place] = (uint32_t)i;
    }
    return HONE_OK;
}

void hone_walk_clear(hone_walk *walk) {
    free(walk->order);
    free(walk->seen);
    *walk = (hone_walk){0};
}

int hone_walk_take(hone_walk *walk, int64_t point) {
    int fresh = !walk->seen[point];
    walk->seen[point] = 1;
    return fresh;
}

int64_t hone_walk_next(hone_walk *walk) {
    while (walk->next < walk->count) {
        int64_t point = walk->order[walk->next++];
        if (hone_walk_take(walk, point))
            return point;
    }
    return -1;
}

static hone_status create_walk(void **state, const hone_points *points, hone_random *random) {
    hone_walk *walk = malloc(sizeof *walk);
    if (!walk)
        return hone_fail(HONE_E_NOMEM, "no memory for a strategy");
    hone_status status = hone_walk_create(walk, points, random);
    if (status) {
        free(walk);
        return status;
    }
    *state = walk;
    return HONE_OK;
}

static hone_status exhaustive_create(void **state, const hone_points *points,
                                     const hone_search_options *options) {
    (void)options;
    return create_walk(state, points, NULL);
}

static hone_status random_create(void **state, const hone_points *points,
                                 const hone_search_options *options) {
    hone_random random = {options->seed};
    return create_walk(state, points, &random);
}

static int64_t propose(void *state) { return hone_walk_next(state); }

static void observe(void *state, int64_t point, double value) {
    (void)value;
    hone_walk_take(state, point);
}

static void destroy(void *state) {
    if (state)
        hone_walk_clear(state);
    free(state);
}

const hone_strategy hone_strategy_exhaustive = {
    .name = "exhaustive",
    .description = "every config, in the declared order",
    .create = exhaustive_create,
    .propose = propose,
    .observe = observe,
    .destroy = destroy,
};

const hone_strategy hone_strategy_random = {
    .name = "random",
    .description = "every config, in a random order",
    .create = random_create,
    .propose = propose,
    .observe = observe,
    .destroy = destroy,
};

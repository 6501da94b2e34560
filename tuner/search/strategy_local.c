/* Greedy local search with restarts.
 *
 *     a few random points -> climb from the best of them -> no neighbour is better
 *            ^                                                        |
 *            +--------------------------------------------------------+
 *
 * Neighbours differ in one parameter. The climb moves to the first better one.
 * What was known before the search (observed, not proposed) takes part in the
 * first climb. Given enough evaluations every point is proposed. */
#include <math.h>
#include <stdlib.h>

#include "../../kernels/status.h"
#include "strategy.h"

enum { FIRST_STARTS = 16, RESTARTS = 4 };

typedef struct local {
    const hone_points *points;
    hone_random random;
    hone_walk walk;
    int starts_left; /* random points before climbing */
    int64_t centre;  /* where the climb stands; -1: nowhere yet */
    double centre_value;
    int expanded; /* `neighbours` are those of the centre */
    int64_t *neighbours;
    int neighbour_count;
} local;

static void local_destroy(void *state) {
    local *self = state;
    if (!self)
        return;
    hone_walk_clear(&self->walk);
    free(self->neighbours);
    free(self);
}

static hone_status local_create(void **state, const hone_points *points, const hone_search_options *options) {
    size_t most = (size_t)hone_points_most_neighbours(points) + 1;
    local *self = calloc(1, sizeof *self);
    if (self)
        self->neighbours = calloc(most, sizeof *self->neighbours);
    if (!self || !self->neighbours) {
        local_destroy(self);
        return hone_fail(HONE_E_NOMEM, "no memory for a strategy");
    }
    self->points = points;
    self->random.state = options->seed;
    self->starts_left = FIRST_STARTS;
    self->centre = -1;
    self->centre_value = INFINITY;
    hone_status status = hone_walk_create(&self->walk, points, &self->random);
    if (status) {
        local_destroy(self);
        return status;
    }
    *state = self;
    return HONE_OK;
}

/* Lists the legal neighbours of the centre in random order. */
static void expand(local *self) {
    self->neighbour_count = 0;
    self->expanded = 1;
    if (self->centre < 0)
        return;
    self->neighbour_count = hone_points_neighbours(self->neighbours, self->points, self->centre);
    hone_random_shuffle(self->neighbours, self->neighbour_count, &self->random);
}

static int64_t next_neighbour(local *self) {
    if (!self->expanded)
        expand(self);
    while (self->neighbour_count > 0) {
        int64_t point = self->neighbours[--self->neighbour_count];
        if (hone_walk_take(&self->walk, point))
            return point;
    }
    return -1;
}

static int64_t local_propose(void *state) {
    local *self = state;
    if (self->starts_left == 0) {
        int64_t point = next_neighbour(self);
        if (point >= 0)
            return point;
        self->starts_left = RESTARTS;
        self->centre = -1;
        self->centre_value = INFINITY;
    }
    self->starts_left--;
    return hone_walk_next(&self->walk);
}

static void local_observe(void *state, int64_t point, double value) {
    local *self = state;
    hone_walk_take(&self->walk, point);
    if (value < self->centre_value) {
        self->centre = point;
        self->centre_value = value;
        self->expanded = 0;
    }
}

const hone_strategy hone_strategy_local = {
    .name = "local",
    .description = "random starts, then the best one's neighbours, with restarts",
    .prunes = 1,
    .create = local_create,
    .propose = local_propose,
    .observe = local_observe,
    .destroy = local_destroy,
};

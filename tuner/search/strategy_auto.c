/* The default: picks strategies by the size of the space, tells them the
 * evaluations expected, and lets them take turns. Each hears of every observation,
 * so that what one finds is where the other goes on. */
#include <stdlib.h>

#include "../../kernels/status.h"
#include "strategy.h"

enum {
    SMALL_SPACE = 128, /* is searched whole: the order matters little */
    ALONE = 64,        /* observations that the model has for itself, being better at the beginning */
    TURNS = 4          /* then each of so many is the genetic algorithm's, which finds where the model errs */
};

typedef struct part {
    const hone_strategy *strategy;
    void *state;
} part;

typedef struct chosen {
    part parts[2];
    int count;
    unsigned turn;
    unsigned char *seen; /* by point: proposed by a part, or observed */
    int64_t observed;
} chosen;

static void auto_destroy(void *state) {
    chosen *self = state;
    if (!self)
        return;
    for (int i = 0; i < self->count; i++)
        self->parts[i].strategy->destroy(self->parts[i].state);
    free(self->seen);
    free(self);
}

static hone_status add(chosen *self, const hone_strategy *strategy, const hone_points *points,
                       const hone_search_options *options) {
    part *added = &self->parts[self->count];
    added->strategy = strategy;
    hone_status status = strategy->create(&added->state, points, options);
    self->count += status == HONE_OK;
    return status;
}

static hone_status auto_create(void **state, const hone_points *points, const hone_search_options *options) {
    chosen *self = calloc(1, sizeof *self);
    if (!self)
        return hone_fail(HONE_E_NOMEM, "no memory for a strategy");
    hone_status status = HONE_OK;
    self->seen = calloc((size_t)points->count + 1, 1);
    if (!self->seen) {
        status = hone_fail(HONE_E_NOMEM, "no memory for a strategy");
    } else if (points->count <= SMALL_SPACE) {
        status = add(self, &hone_strategy_random, points, options);
    } else {
        status = add(self, &hone_strategy_model, points, options);
        if (!status)
            status = add(self, &hone_strategy_genetic, points, options);
    }
    if (status) {
        auto_destroy(self);
        return status;
    }
    *state = self;
    return HONE_OK;
}

/* A part does not know what another has proposed before that is observed. */
static int64_t propose_fresh(chosen *self, const part *turn) {
    int64_t point;
    do
        point = turn->strategy->propose(turn->state);
    while (point >= 0 && self->seen[point]);
    if (point >= 0)
        self->seen[point] = 1;
    return point;
}

static int64_t auto_propose(void *state) {
    chosen *self = state;
    int other = self->count > 1 && self->observed >= ALONE && self->turn++ % TURNS == TURNS - 1;
    int64_t point = propose_fresh(self, &self->parts[other]);
    return point < 0 && self->count > 1 ? propose_fresh(self, &self->parts[!other]) : point;
}

static void auto_observe(void *state, int64_t point, double value) {
    chosen *self = state;
    self->observed++;
    self->seen[point] = 1;
    for (int i = 0; i < self->count; i++)
        self->parts[i].strategy->observe(self->parts[i].state, point, value);
}

const hone_strategy hone_strategy_auto = {
    .name = "auto",
    .description = "random for spaces of at most 128 configs; else model, and genetic in between",
    .prunes = 1,
    .create = auto_create,
    .propose = auto_propose,
    .observe = auto_observe,
    .destroy = auto_destroy,
};

/* Simulated annealing.
 *
 * From where the walk stands, a random neighbour comes next. A better one is
 * moved to, one that is worse by a fraction d with the probability exp(-d / T);
 * the temperature T falls geometrically over the evaluations expected, and then
 * the next round begins at the best point. Where every neighbour was tried, the
 * walk goes on from a random point. */
#include <math.h>
#include <stdlib.h>

#include "../../kernels/status.h"
#include "strategy.h"

static const double HOT = 0.5, COLD = 0.005; /* as fractions of a value */
enum { ROUND_MOST = 500 }; /* evaluations of a round, when nothing says how many there will be */

typedef struct annealing {
    hone_random random;
    hone_walk walk;
    hone_moves moves;
    int64_t step, steps; /* in this round, and of a round */
    int64_t current, best;
    double value, best_value;
    int jumped; /* the last proposal was a random point: it is moved to whatever it is worth */
} annealing;

static void annealing_destroy(void *state) {
    annealing *self = state;
    if (!self)
        return;
    hone_walk_clear(&self->walk);
    hone_moves_clear(&self->moves);
    free(self);
}

static hone_status annealing_create(void **state, const hone_points *points,
                                    const hone_search_options *options) {
    annealing *self = calloc(1, sizeof *self);
    if (!self)
        return hone_fail(HONE_E_NOMEM, "no memory for a strategy");
    self->random.state = options->seed;
    self->steps = options->evaluations > 0 ? options->evaluations : ROUND_MOST;
    self->steps = self->steps < points->count ? self->steps : points->count;
    self->current = self->best = -1;
    self->value = self->best_value = INFINITY;
    hone_status status = hone_walk_create(&self->walk, points, &self->random);
    if (!status)
        status = hone_moves_create(&self->moves, points, &self->random);
    if (status) {
        annealing_destroy(self);
        return status;
    }
    *state = self;
    return HONE_OK;
}

static int64_t annealing_propose(void *state) {
    annealing *self = state;
    int64_t point = -1;
    self->jumped = 0;
    if (self->step == self->steps) {
        self->step = 0;
        self->current = self->best;
        self->value = self->best_value;
    }
    if (self->current >= 0)
        point = hone_moves_fresh(&self->moves, &self->walk, self->current);
    if (point >= 0)
        return point;
    self->jumped = 1;
    return hone_walk_next(&self->walk);
}

static int is_accepted(annealing *self, double value) {
    if (value <= self->value || self->jumped)
        return 1;
    double temperature = HOT * pow(COLD / HOT, (double)self->step / (double)self->steps);
    double worse = (value - self->value) / (fabs(self->value) + 1e-300);
    return hone_random_unit(&self->random) < exp(-worse / temperature);
}

static void annealing_observe(void *state, int64_t point, double value) {
    annealing *self = state;
    hone_walk_take(&self->walk, point);
    self->step += self->step < self->steps;
    if (!isfinite(value))
        return;
    if (value < self->best_value) {
        self->best = point;
        self->best_value = value;
    }
    if (is_accepted(self, value)) {
        self->current = point;
        self->value = value;
    }
    self->jumped = 0;
}

const hone_strategy hone_strategy_annealing = {
    .name = "annealing",
    .description = "a walk through neighbours that accepts worse ones, ever more rarely",
    .prunes = 1,
    .create = annealing_create,
    .propose = annealing_propose,
    .observe = annealing_observe,
    .destroy = annealing_destroy,
};

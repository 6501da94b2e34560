/* Differential evolution on the indices of values.
 *
 * Each member is challenged in turn: by a + f (b - c) of three others, rounded,
 * in about 70% of the parameters, and reached from the member by legal steps.
 * The challenger takes the member's place when it is not worse. */
#include <math.h>

#include "population.h"

static const double CROSSOVER = 0.7, WEIGHT_LEAST = 0.4, WEIGHT_MOST = 1.0;

/* Three members that are neither the target nor each other. */
static void draw(const hone_member *drawn[3], hone_population *self, int64_t target) {
    int64_t others[HONE_POPULATION];
    int count = 0;
    for (int64_t i = 0; i < self->count; i++)
        if (i != target)
            others[count++] = i;
    hone_random_shuffle(others, count, &self->random);
    for (int i = 0; i < 3; i++)
        drawn[i] = &self->members[others[i]];
}

static int64_t challenger(hone_population *self, int64_t target) {
    const hone_space *space = self->points->space;
    const hone_member *drawn[3];
    int wanted[HONE_SPACE_MAX_PARAMS];
    double weight = WEIGHT_LEAST + (WEIGHT_MOST - WEIGHT_LEAST) * hone_random_unit(&self->random);
    draw(drawn, self, target);
    const int *a = hone_moves_row(&self->moves, drawn[0]->point);
    const int *b = hone_moves_row(&self->moves, drawn[1]->point);
    const int *c = hone_moves_row(&self->moves, drawn[2]->point);
    for (int i = 0; i < space->param_count; i++) {
        double index = round(a[i] + weight * (b[i] - c[i])), last = space->params[i].count - 1;
        wanted[i] = hone_random_unit(&self->random) < CROSSOVER ? (int)fmin(fmax(index, 0), last) : -1;
    }
    return hone_moves_towards(&self->moves, self->members[target].point, wanted);
}

static int64_t differential_propose(void *state) {
    hone_population *self = state;
    if (self->count < HONE_POPULATION)
        return hone_walk_next(&self->walk);
    self->target = (self->target + 1) % self->count;
    self->proposed = hone_moves_settle(&self->moves, &self->walk, challenger(self, self->target));
    return self->proposed;
}

static void differential_observe(void *state, int64_t point, double value) {
    hone_population *self = state;
    if (hone_population_join(self, point, value) || point != self->proposed)
        return;
    if (value <= self->members[self->target].value)
        self->members[self->target] = (hone_member){point, value};
}

const hone_strategy hone_strategy_differential = {
    .name = "differential",
    .description = "differential evolution of 20 members on the indices of values",
    .prunes = 1,
    .create = hone_population_create,
    .propose = differential_propose,
    .observe = differential_observe,
    .destroy = hone_population_destroy,
};

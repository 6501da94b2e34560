/* A steady-state genetic algorithm.
 *
 * Two parents are chosen, each the best of three drawn; the child is the first
 * one, moved towards the second in half of the parameters, one legal step at a
 * time, so that it is legal without repair. Now and then it mutates into a
 * neighbour. It replaces the worst member when it is better. */
#include <math.h>
#include <stddef.h>

#include "population.h"

enum { DRAWN = 3, MUTATES_ONE_IN = 4 };

static const hone_member *choose_parent(hone_population *self) {
    const hone_member *best = NULL;
    for (int i = 0; i < DRAWN; i++) {
        const hone_member *drawn = &self->members[hone_random_below(&self->random, (uint64_t)self->count)];
        if (!best || drawn->value < best->value)
            best = drawn;
    }
    return best;
}

static int64_t genetic_propose(void *state) {
    hone_population *self = state;
    if (self->count < HONE_POPULATION)
        return hone_walk_next(&self->walk);
    const hone_member *first = choose_parent(self), *second = choose_parent(self);
    const int *row = hone_moves_row(&self->moves, second->point);
    int wanted[HONE_SPACE_MAX_PARAMS];
    for (int i = 0; i < self->points->space->param_count; i++)
        wanted[i] = hone_random_below(&self->random, 2) ? row[i] : -1;
    int64_t child = hone_moves_towards(&self->moves, first->point, wanted);
    if (hone_random_below(&self->random, MUTATES_ONE_IN) == 0) {
        int64_t mutant = hone_moves_fresh(&self->moves, &self->walk, child);
        if (mutant >= 0)
            return mutant;
    }
    return hone_moves_settle(&self->moves, &self->walk, child);
}

static void genetic_observe(void *state, int64_t point, double value) {
    hone_population *self = state;
    if (hone_population_join(self, point, value))
        return;
    int worst = 0;
    for (int i = 1; i < self->count; i++)
        if (self->members[i].value > self->members[worst].value)
            worst = i;
    if (value < self->members[worst].value)
        self->members[worst] = (hone_member){point, value};
}

const hone_strategy hone_strategy_genetic = {
    .name = "genetic",
    .description = "a population of 20; children of two members replace the worst",
    .prunes = 1,
    .create = hone_population_create,
    .propose = genetic_propose,
    .observe = genetic_observe,
    .destroy = hone_population_destroy,
};

#include "population.h"

#include <math.h>
#include <stdlib.h>

#include "../../kernels/status.h"

hone_status hone_population_create(void **state, const hone_points *points,
                                   const hone_search_options *options) {
    hone_population *self = calloc(1, sizeof *self);
    if (!self)
        return hone_fail(HONE_E_NOMEM, "no memory for a strategy");
    self->points = points;
    self->random.state = options->seed;
    self->proposed = -1;
    hone_status status = hone_walk_create(&self->walk, points, &self->random);
    if (!status)
        status = hone_moves_create(&self->moves, points, &self->random);
    if (status) {
        hone_population_destroy(self);
        return status;
    }
    *state = self;
    return HONE_OK;
}

void hone_population_destroy(void *state) {
    hone_population *self = state;
    if (!self)
        return;
    hone_walk_clear(&self->walk);
    hone_moves_clear(&self->moves);
    free(self);
}

int hone_population_join(hone_population *self, int64_t point, double value) {
    hone_walk_take(&self->walk, point);
    if (self->count == HONE_POPULATION)
        return 0;
    self->members[self->count++] = (hone_member){point, isnan(value) ? INFINITY : value};
    return 1;
}

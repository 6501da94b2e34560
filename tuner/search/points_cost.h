/* Points by what the backend's cost model thinks of them. */
#ifndef HONE_TUNER_POINTS_COST_H
#define HONE_TUNER_POINTS_COST_H

#include "../../kernels/backend.h"
#include "search.h"

/* The points of which the model knows a cost, in rising order; those of equal cost in their own. `*out` is to
 * be freed. HONE_E_NOMEM. */
hone_status hone_points_by_cost(int64_t **out, int64_t *count, const hone_points *points,
                                const hone_device *device, const hone_problem *problem, int threads);

#endif

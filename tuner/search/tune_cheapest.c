/* Where every config is compiled before it runs, an evaluation is dear: the configs that the backend's model
 * thinks the cheapest are tried first, before a strategy looks where nobody has pointed. */
#include <stdlib.h>

#include "points_cost.h"
#include "tune_session.h"

/* Parameters in which two of them differ at least: the model's choice is of tiles, not of one tile's
 * variants. */
enum { APART = 3 };

static int differ(const hone_points *points, int64_t a, int64_t b) {
    const int count = points->space->param_count;
    int apart = 0;
    for (int i = 0; i < count; i++)
        apart += points->indices[a * count + i] != points->indices[b * count + i];
    return apart;
}

static int is_apart(const hone_tune_session *session, int64_t point) {
    for (int i = 0; i < session->cheapest_count; i++)
        if (differ(session->points, session->cheapest[i], point) < APART)
            return 0;
    return 1;
}

hone_status hone_session_choose_cheapest(hone_tune_session *session) {
    int64_t *order, count;
    if (!session->device->backend->compiles)
        return HONE_OK;
    hone_status status = hone_points_by_cost(&order, &count, session->points, session->device,
                                             session->problem, session->options->threads);
    if (status)
        return status;
    for (int64_t i = 0; i < count && session->cheapest_count < HONE_MOST_CHEAPEST; i++)
        if (is_apart(session, order[i]))
            session->cheapest[session->cheapest_count++] = order[i];
    free(order);
    return HONE_OK;
}

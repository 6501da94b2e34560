/* Which configs are compiled ahead of their turn: those that the backend's model thinks the cheapest, and the
 * neighbours of the best so far. The cheapest are also tried first, before a strategy looks where nobody has
 * pointed. */
#include <math.h>
#include <stdlib.h>

#include "../../kernels/status.h"
#include "tune_session.h"

enum { CHEAPEST = 32 };

typedef struct priced {
    int64_t point;
    double cost;
} priced;

static int compare(const void *left, const void *right) {
    const priced *a = left, *b = right;
    return a->cost != b->cost ? (a->cost < b->cost ? -1 : 1) : (a->point > b->point) - (a->point < b->point);
}

/* INFINITY: not worth compiling. */
static double price(const hone_tune_session *session, int64_t point) {
    const hone_backend *backend = session->device->backend;
    hone_config config;
    if (hone_points_config(&config, session->points, point))
        return INFINITY;
    const double cost = hone_session_cost(session, &config);
    if (!isfinite(cost) ||
        (backend->lower_bound && backend->lower_bound(session->device, session->problem, &config,
                                                      session->options->threads) > session->best))
        return INFINITY;
    return cost;
}

/* The cheapest of some points, in rising order: their number. */
static int choose(priced *all, const hone_tune_session *session, const int64_t *points, int64_t count) {
    int kept = 0;
    for (int64_t i = 0; i < count; i++) {
        const int64_t point = points ? points[i] : i;
        const double cost = session->seen[point] ? INFINITY : price(session, point);
        if (isfinite(cost))
            all[kept++] = (priced){point, cost};
    }
    qsort(all, (size_t)kept, sizeof *all, compare);
    return kept < CHEAPEST ? kept : CHEAPEST;
}

/* The first of them is compiled first. */
static void ask(const hone_tune_session *session, const priced *list, int count) {
    while (count > 0)
        hone_ahead_ask(session->ahead, list[--count].point);
}

hone_status hone_session_begin_ahead(hone_tune_session *session) {
    hone_status status =
        hone_ahead_create(&session->ahead, session->device, session->problem, session->points);
    if (status || !session->device->backend->compile)
        return status;
    priced *all = malloc((size_t)session->points->count * sizeof *all);
    if (!all)
        return hone_fail(HONE_E_NOMEM, "no memory to compare %lld configs",
                         (long long)session->points->count);
    const int count = choose(all, session, NULL, session->points->count);
    ask(session, all, count);
    session->cheapest_count = count < HONE_MOST_CHEAPEST ? count : HONE_MOST_CHEAPEST;
    for (int i = 0; i < session->cheapest_count; i++)
        session->cheapest[i] = all[i].point;
    free(all);
    return HONE_OK;
}

void hone_session_ask_around(const hone_tune_session *session, int64_t point) {
    if (!session->ahead)
        return;
    const size_t most = (size_t)hone_points_most_neighbours(session->points);
    int64_t *points = malloc((most + 1) * sizeof *points);
    priced *all = malloc((most + 1) * sizeof *all);
    if (points && all)
        ask(session, all,
            choose(all, session, points, hone_points_neighbours(points, session->points, point)));
    free(points);
    free(all);
}

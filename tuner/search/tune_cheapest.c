/* Where every config is compiled before it runs, an evaluation is dear: the configs that the backend's model thinks the
 * cheapest are tried first, before a strategy looks where nobody has pointed. */
#include <math.h>
#include <stdlib.h>

#include "../../kernels/status.h"
#include "tune_session.h"

/* Parameters in which two of them differ at least: the model's choice is of tiles, not of one tile's variants. */
enum { APART = 3 };

typedef struct priced {
    int64_t point;
    double cost;
} priced;

static int compare(const void *left, const void *right) {
    const priced *a = left, *b = right;
    return a->cost != b->cost ? (a->cost < b->cost ? -1 : 1) : (a->point > b->point) - (a->point < b->point);
}

/* Parameters of which two points have other values. */
static int differ(const hone_points *points, int64_t a, int64_t b) {
    const int count = points->space->param_count;
    int apart = 0;
    for (int i = 0; i < count; i++)
        apart += points->indices[a * count + i] != points->indices[b * count + i];
    return apart;
}

static int is_apart(const hone_tune_session *session, const priced *chosen, int count, int64_t point) {
    for (int i = 0; i < count; i++)
        if (differ(session->points, chosen[i].point, point) < APART)
            return 0;
    return 1;
}

/* The first of `all`, in rising order: how many. */
static int choose(priced *all, const hone_tune_session *session) {
    int64_t count = 0;
    int kept = 0;
    for (int64_t point = 0; point < session->points->count; point++) {
        hone_config config;
        if (hone_points_config(&config, session->points, point))
            continue;
        const double cost = hone_session_cost(session, &config);
        if (isfinite(cost))
            all[count++] = (priced){point, cost};
    }
    qsort(all, (size_t)count, sizeof *all, compare);
    for (int64_t i = 0; i < count && kept < HONE_MOST_CHEAPEST; i++)
        if (is_apart(session, all, kept, all[i].point))
            all[kept++] = all[i];
    return kept;
}

hone_status hone_session_choose_cheapest(hone_tune_session *session) {
    if (!session->device->backend->compiles)
        return HONE_OK;
    priced *all = malloc((size_t)session->points->count * sizeof *all);
    if (!all)
        return hone_fail(HONE_E_NOMEM, "no memory to compare %lld configs", (long long)session->points->count);
    session->cheapest_count = choose(all, session);
    for (int i = 0; i < session->cheapest_count; i++)
        session->cheapest[i] = all[i].point;
    free(all);
    return HONE_OK;
}

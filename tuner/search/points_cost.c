#include "points_cost.h"

#include <math.h>
#include <stdlib.h>

#include "../../kernels/status.h"

typedef struct priced {
    int64_t point;
    double cost;
} priced;

static int compare(const void *left, const void *right) {
    const priced *a = left, *b = right;
    return a->cost != b->cost ? (a->cost < b->cost ? -1 : 1) : (a->point > b->point) - (a->point < b->point);
}

hone_status hone_points_by_cost(int64_t **out, int64_t *count, const hone_points *points,
                                const hone_device *device, const hone_problem *problem, int threads) {
    priced *all = malloc((size_t)points->count * sizeof *all + 1);
    int64_t *order = malloc((size_t)points->count * sizeof *order + 1);
    int64_t kept = 0;
    if (!all || !order) {
        free(all);
        free(order);
        return hone_fail(HONE_E_NOMEM, "no memory to compare %lld configs", (long long)points->count);
    }
    for (int64_t point = 0; point < points->count && device->backend->cost; point++) {
        hone_config config;
        const double cost = hone_points_config(&config, points, point)
                                ? INFINITY
                                : device->backend->cost(device, problem, &config, threads);
        if (isfinite(cost))
            all[kept++] = (priced){point, cost};
    }
    qsort(all, (size_t)kept, sizeof *all, compare);
    for (int64_t i = 0; i < kept; i++)
        order[i] = all[i].point;
    free(all);
    *out = order;
    *count = kept;
    return HONE_OK;
}

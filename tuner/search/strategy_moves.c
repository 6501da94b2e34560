#include <stdlib.h>
#include <string.h>

#include "../../kernels/status.h"
#include "strategy.h"

hone_status hone_moves_create(hone_moves *moves, const hone_points *points, hone_random *random) {
    size_t most = (size_t)hone_points_most_neighbours(points) + 1;
    *moves = (hone_moves){.points = points, .random = random};
    moves->neighbours = malloc(most * sizeof *moves->neighbours);
    return moves->neighbours ? HONE_OK : hone_fail(HONE_E_NOMEM, "no memory for %zu neighbours", most);
}

void hone_moves_clear(hone_moves *moves) { free(moves->neighbours); }

const int *hone_moves_row(const hone_moves *moves, int64_t point) {
    return moves->points->indices + point * moves->points->space->param_count;
}

int64_t hone_moves_fresh(hone_moves *moves, hone_walk *walk, int64_t point) {
    int count = hone_points_neighbours(moves->neighbours, moves->points, point), fresh = 0;
    for (int i = 0; i < count; i++)
        if (!walk->seen[moves->neighbours[i]])
            moves->neighbours[fresh++] = moves->neighbours[i];
    if (fresh == 0)
        return -1;
    int64_t chosen = moves->neighbours[hone_random_below(moves->random, (uint64_t)fresh)];
    hone_walk_take(walk, chosen);
    return chosen;
}

int64_t hone_moves_towards(hone_moves *moves, int64_t from, const int *wanted) {
    enum { PASSES = 2 }; /* a value may become legal by what came after it */
    int params = moves->points->space->param_count, indices[HONE_SPACE_MAX_PARAMS];
    int64_t order[HONE_SPACE_MAX_PARAMS], now = from;
    memcpy(indices, hone_moves_row(moves, from), (size_t)params * sizeof *indices);
    for (int i = 0; i < params; i++)
        order[i] = i;
    hone_random_shuffle(order, params, moves->random);
    for (int i = 0; i < PASSES * params; i++) {
        int64_t param = order[i % params];
        int old = indices[param];
        if (wanted[param] < 0 || wanted[param] == old)
            continue;
        indices[param] = wanted[param];
        int64_t point = hone_points_find_indices(moves->points, indices);
        if (point < 0)
            indices[param] = old;
        else
            now = point;
    }
    return now;
}

int64_t hone_moves_settle(hone_moves *moves, hone_walk *walk, int64_t point) {
    if (hone_walk_take(walk, point))
        return point;
    int64_t fresh = hone_moves_fresh(moves, walk, point);
    return fresh >= 0 ? fresh : hone_walk_next(walk);
}

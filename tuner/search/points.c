/* Legal points by depth-first search over the parameters in declared order.
 *
 * Each constraint is filed under the last parameter that it uses, and tested
 * when that parameter gets a value: a partial assignment that breaks one is
 * never extended. Constants are always known, so a constraint over constants
 * alone is tested once, before the first parameter. */
#include "search.h"

#include <stdlib.h>
#include <string.h>

#include "../../kernels/status.h"

enum { MAX_NAMES = HONE_SPACE_MAX_CONSTANTS + HONE_SPACE_MAX_PARAMS };

typedef struct enumeration {
    hone_points *points;
    int64_t capacity;
    const hone_value *values[MAX_NAMES]; /* constants, then the parameters chosen so far */
    int chosen[HONE_SPACE_MAX_PARAMS];
} enumeration;

/* -------------------------------------------------------------- hash index */

static uint64_t hash_indices(const int *indices, int count) {
    hone_random state = {0};
    for (int i = 0; i < count; i++)
        state.state = hone_random_next(&state) ^ (uint64_t)indices[i];
    return hone_random_next(&state);
}

static const int *point_indices(const hone_points *points, int64_t point) {
    return points->indices + point * points->space->param_count;
}

/* The slot that holds the point of `indices`, or the free one where it belongs. */
static int64_t *find_slot(const hone_points *points, const int *indices) {
    size_t bytes = (size_t)points->space->param_count * sizeof *indices;
    uint64_t mask = (uint64_t)points->slot_count - 1;
    uint64_t slot = hash_indices(indices, points->space->param_count) & mask;
    while (points->slots[slot] >= 0 &&
           memcmp(point_indices(points, points->slots[slot]), indices, bytes) != 0)
        slot = (slot + 1) & mask;
    return &points->slots[slot];
}

static hone_status build_index(hone_points *points) {
    int64_t slot_count = 4;
    while (slot_count < 2 * points->count)
        slot_count *= 2;
    int64_t *slots = realloc(points->slots, (size_t)slot_count * sizeof *slots);
    if (!slots)
        return hone_fail(HONE_E_NOMEM, "no memory to index %lld points", (long long)points->count);
    points->slots = slots;
    points->slot_count = slot_count;
    for (int64_t i = 0; i < slot_count; i++)
        slots[i] = -1;
    for (int64_t i = 0; i < points->count; i++)
        *find_slot(points, point_indices(points, i)) = i;
    return HONE_OK;
}

/* ------------------------------------------------------------- enumeration */

static hone_status append_point(enumeration *e) {
    hone_points *points = e->points;
    size_t width = (size_t)points->space->param_count;
    if (points->count == HONE_POINTS_MAX)
        return hone_fail(HONE_E_USAGE, "the space has more than %lld legal configs; constrain it more",
                         (long long)HONE_POINTS_MAX);
    if (points->count == e->capacity) {
        int64_t capacity = e->capacity ? 2 * e->capacity : 64;
        int *indices = realloc(points->indices, (size_t)capacity * (width ? width : 1) * sizeof *indices);
        if (!indices)
            return hone_fail(HONE_E_NOMEM, "no memory for %lld points of a space", (long long)capacity);
        points->indices = indices;
        e->capacity = capacity;
    }
    memcpy(points->indices + (size_t)points->count * width, e->chosen, width * sizeof(int));
    points->count++;
    return HONE_OK;
}

/* Whether the constraints that parameter `param` completes hold (-1: those over constants). */
static int holds(const enumeration *e, int param) {
    const hone_space *space = e->points->space;
    for (int i = 0; i < space->constraint_count; i++) {
        const hone_expr *constraint = space->constraints[i];
        int last = hone_expr_last_name(constraint) - space->constant_count;
        if ((last < 0 ? -1 : last) == param && !hone_expr_eval(constraint, e->values))
            return 0;
    }
    return 1;
}

static hone_status enumerate(enumeration *e, int param) {
    const hone_space *space = e->points->space;
    if (param == space->param_count)
        return append_point(e);
    const hone_param *declared = &space->params[param];
    hone_status status = HONE_OK;
    for (int i = 0; i < declared->count && !status; i++) {
        e->chosen[param] = i;
        e->values[space->constant_count + param] = &declared->values[i];
        e->points->visited++;
        if (holds(e, param))
            status = enumerate(e, param + 1);
    }
    return status;
}

hone_status hone_points_create(hone_points **out, const hone_space *space) {
    hone_points *points = calloc(1, sizeof *points);
    if (!points)
        return hone_fail(HONE_E_NOMEM, "no memory for the points of a space");
    points->space = space;
    enumeration e = {.points = points};
    for (int i = 0; i < space->constant_count; i++)
        e.values[i] = &space->constants[i].value;

    hone_status status = holds(&e, -1) ? enumerate(&e, 0) : HONE_OK;
    if (!status && points->count == 0)
        status = hone_fail(HONE_E_USAGE, "no config of the space meets its constraints");
    if (!status)
        status = build_index(points);
    if (status) {
        hone_points_destroy(points);
        return status;
    }
    *out = points;
    return HONE_OK;
}

/* Keeps the first of equal points; returns whether there were any. */
static int drop_repeated(hone_points *points) {
    size_t width = (size_t)points->space->param_count;
    int64_t kept = 0, count = points->count;
    for (int64_t i = 0; i < count; i++) {
        if (hone_points_find_indices(points, point_indices(points, i)) == i)
            memmove(points->indices + (size_t)kept++ * width, point_indices(points, i), width * sizeof(int));
    }
    points->count = kept;
    return kept < count;
}

hone_status hone_points_create_listed(hone_points **out, const hone_space *space, const int *indices,
                                      int64_t count) {
    size_t bytes = (size_t)space->param_count * sizeof *indices;
    if (count < 1)
        return hone_fail(HONE_E_USAGE, "the list of configs is empty");
    hone_points *points = calloc(1, sizeof *points);
    if (points)
        points->indices = malloc((size_t)count * bytes + 1);
    if (!points || !points->indices) {
        hone_points_destroy(points);
        return hone_fail(HONE_E_NOMEM, "no memory for %lld points of a space", (long long)count);
    }
    points->space = space;
    points->count = count;
    memcpy(points->indices, indices, (size_t)count * bytes);
    hone_status status = build_index(points);
    if (!status && drop_repeated(points))
        status = build_index(points);
    if (status) {
        hone_points_destroy(points);
        return status;
    }
    *out = points;
    return HONE_OK;
}

void hone_points_destroy(hone_points *points) {
    if (!points)
        return;
    free(points->indices);
    free(points->slots);
    free(points);
}

hone_status hone_points_shard(hone_points *points, int shard, int shards) {
    if (shards < 1 || shard < 0 || shard >= shards)
        return hone_fail(HONE_E_USAGE, "shard %d/%d is not legal; I/N with 0 <= I < N", shard, shards);
    size_t width = (size_t)points->space->param_count;
    int64_t kept = 0;
    for (int64_t i = shard; i < points->count; i += shards)
        memmove(points->indices + (size_t)kept++ * width, point_indices(points, i), width * sizeof(int));
    points->count = kept;
    return build_index(points);
}

hone_status hone_points_config(hone_config *out, const hone_points *points, int64_t point) {
    return hone_space_config(out, points->space, point_indices(points, point));
}

int64_t hone_points_find_indices(const hone_points *points, const int *indices) {
    return *find_slot(points, indices);
}

int64_t hone_points_find(const hone_points *points, const hone_config *config) {
    int indices[HONE_SPACE_MAX_PARAMS];
    if (hone_space_indices(indices, points->space, config))
        return -1;
    return hone_points_find_indices(points, indices);
}

int hone_points_most_neighbours(const hone_points *points) {
    int most = 0;
    for (int i = 0; i < points->space->param_count; i++)
        most += points->space->params[i].count - 1;
    return most;
}

int hone_points_neighbours(int64_t *out, const hone_points *points, int64_t point) {
    const hone_space *space = points->space;
    int indices[HONE_SPACE_MAX_PARAMS], count = 0;
    memcpy(indices, point_indices(points, point), (size_t)space->param_count * sizeof *indices);
    for (int i = 0; i < space->param_count; i++) {
        int own = indices[i];
        for (int j = 0; j < space->params[i].count; j++) {
            indices[i] = j;
            int64_t found = j == own ? -1 : hone_points_find_indices(points, indices);
            if (found >= 0)
                out[count++] = found;
        }
        indices[i] = own;
    }
    return count;
}

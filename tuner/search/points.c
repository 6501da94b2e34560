/* Points and the index that finds them. A point's key is its place among all
 * combinations, a sum over the parameters; a hash table leads from it to the point. */
#include "points_private.h"

#include <stdlib.h>
#include <string.h>

#include "../../kernels/status.h"

/* -------------------------------------------------------------- hash index */

static const int *point_indices(const hone_points *points, int64_t point) {
    return points->indices + point * points->space->param_count;
}

static uint64_t key_of(const hone_points *points, const int *indices) {
    uint64_t key = 0; /* may wrap around: rows are compared as well */
    for (int i = 0; i < points->space->param_count; i++)
        key += (uint64_t)indices[i] * points->strides[i];
    return key;
}

static uint64_t scatter(uint64_t key) {
    key *= 0x9e3779b97f4a7c15u;
    return key ^ key >> 32;
}

/* The slot that holds the point of `indices`, or the free one where it belongs. */
static int32_t *find_slot(const hone_points *points, const int *indices, uint64_t key) {
    size_t bytes = (size_t)points->space->param_count * sizeof *indices;
    uint64_t mask = (uint64_t)points->slot_count - 1;
    uint64_t slot = scatter(key) & mask;
    while (points->slots[slot] >= 0 &&
           memcmp(point_indices(points, points->slots[slot]), indices, bytes) != 0)
        slot = (slot + 1) & mask;
    return &points->slots[slot];
}

static hone_status build_index(hone_points *points) {
    int64_t slot_count = 4;
    while (slot_count < 2 * points->count)
        slot_count *= 2;
    int32_t *slots = realloc(points->slots, (size_t)slot_count * sizeof *slots);
    if (!slots)
        return hone_fail(HONE_E_NOMEM, "no memory to index %lld points", (long long)points->count);
    points->slots = slots;
    points->slot_count = slot_count;
    memset(slots, -1, (size_t)slot_count * sizeof *slots);
    uint64_t stride = 1;
    for (int i = points->space->param_count - 1; i >= 0; i--) {
        points->strides[i] = stride;
        stride *= (uint64_t)points->space->params[i].count;
    }
    for (int64_t i = 0; i < points->count; i++) {
        int32_t *slot = find_slot(points, point_indices(points, i), key_of(points, point_indices(points, i)));
        *slot = *slot < 0 ? (int32_t)i : *slot;
    }
    return HONE_OK;
}

/* ---------------------------------------------------------------- creation */

hone_status hone_points_create(hone_points **out, const hone_space *space) {
    hone_points *points = calloc(1, sizeof *points);
    if (!points)
        return hone_fail(HONE_E_NOMEM, "no memory for the points of a space");
    points->space = space;
    hone_status status = hone_points_enumerate(points);
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
    return *find_slot(points, indices, key_of(points, indices));
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
    uint64_t key = key_of(points, indices);
    for (int i = 0; i < space->param_count; i++) {
        int own = indices[i];
        for (int j = 0; j < space->params[i].count; j++) {
            indices[i] = j;
            int64_t found =
                j == own ? -1 : *find_slot(points, indices, key + (uint64_t)(j - own) * points->strides[i]);
            if (found >= 0)
                out[count++] = found;
        }
        indices[i] = own;
    }
    return count;
}

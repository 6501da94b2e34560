#include "cache_build.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../kernels/status.h"

/* -------------------------------------------------------------- collecting */

hone_status hone_cache_value(hone_value *out, const json_t *value) {
    char text[32];
    if (json_is_integer(value))
        snprintf(text, sizeof text, "%lld", (long long)json_integer_value(value));
    else if (json_is_real(value)) /* 16.0 is the integer */
        snprintf(text, sizeof text, "%.15g", json_real_value(value));
    else if (json_is_boolean(value))
        snprintf(text, sizeof text, "%d", json_is_true(value));
    else if (json_is_string(value))
        snprintf(text, sizeof text, "%s", json_string_value(value));
    else
        return hone_fail(HONE_E_DATA, "a value is neither a number nor a word");
    return hone_value_parse(out, text) ? HONE_E_DATA : HONE_OK;
}

hone_status hone_cache_build_param(hone_cache_build *build, const char *name) {
    if (build->param_count == HONE_SPACE_MAX_PARAMS)
        return hone_fail(HONE_E_DATA, "there are more than %d parameters", HONE_SPACE_MAX_PARAMS);
    if (strlen(name) >= HONE_CONFIG_KEY)
        return hone_fail(HONE_E_DATA, "parameter '%.60s' has more than %d characters", name,
                         HONE_CONFIG_KEY - 1);
    for (int i = 0; i < build->param_count; i++) {
        if (strcmp(build->params[i].name, name) == 0)
            return hone_fail(HONE_E_DATA, "parameter '%s' is there twice", name);
    }
    hone_cache_param *param = &build->params[build->param_count++];
    *param = (hone_cache_param){0};
    memcpy(param->name, name, strlen(name) + 1);
    return HONE_OK;
}

/* The index of a value, which is added when it is new. */
static hone_status intern(int *out, hone_cache_param *param, const hone_value *value) {
    for (int i = 0; i < param->count; i++) {
        if (hone_value_equal(&param->values[i], value)) {
            *out = i;
            return HONE_OK;
        }
    }
    if (param->count == param->capacity) {
        int capacity = param->capacity ? 2 * param->capacity : 16;
        hone_value *values = realloc(param->values, (size_t)capacity * sizeof *values);
        if (!values)
            return hone_fail(HONE_E_NOMEM, "no memory for the values of '%s'", param->name);
        param->values = values;
        param->capacity = capacity;
    }
    *out = param->count;
    param->values[param->count++] = *value;
    return HONE_OK;
}

static hone_status grow(hone_cache_build *build) {
    if (build->count < build->capacity)
        return HONE_OK;
    if (build->count == HONE_POINTS_MAX)
        return hone_fail(HONE_E_DATA, "there are more than %lld configs", (long long)HONE_POINTS_MAX);
    int64_t capacity = build->capacity ? 2 * build->capacity : 1024;
    int *indices = realloc(build->indices, (size_t)capacity * (size_t)build->param_count * sizeof *indices);
    build->indices = indices ? indices : build->indices;
    double *values = realloc(build->values, (size_t)capacity * sizeof *values);
    build->values = values ? values : build->values;
    double *seconds = realloc(build->seconds, (size_t)capacity * sizeof *seconds);
    build->seconds = seconds ? seconds : build->seconds;
    if (!indices || !values || !seconds)
        return hone_fail(HONE_E_NOMEM, "no memory for %lld configs", (long long)capacity);
    build->capacity = capacity;
    return HONE_OK;
}

hone_status hone_cache_build_add(hone_cache_build *build, const json_t *config, double value,
                                 double seconds) {
    if (build->param_count == 0)
        return hone_fail(HONE_E_DATA, "it has no parameters");
    if (value < 0)
        return hone_fail(HONE_E_DATA, "its time of %g is negative", value);
    hone_status status = grow(build);
    for (int i = 0; i < build->param_count && !status; i++) {
        hone_value read;
        const json_t *item = json_object_get(config, build->params[i].name);
        if (!item)
            return hone_fail(HONE_E_DATA, "it lacks the parameter '%s'", build->params[i].name);
        status = hone_cache_value(&read, item);
        if (!status)
            status = intern(&build->indices[build->count * build->param_count + i], &build->params[i], &read);
    }
    if (status)
        return status;
    build->values[build->count] = isfinite(value) ? value : INFINITY;
    build->seconds[build->count] = isfinite(seconds) && seconds > 0 ? seconds : 0;
    build->count++;
    return HONE_OK;
}

void hone_cache_build_clear(hone_cache_build *build) {
    for (int i = 0; i < build->param_count; i++)
        free(build->params[i].values);
    free(build->indices);
    free(build->values);
    free(build->seconds);
    *build = (hone_cache_build){0};
}

/* ------------------------------------------------------------------- space */

/* Numbers before words, each in rising order, so that neighbouring values are alike.
 * What looks like a fraction is a word to the space, and still ordered as a number. */
static int compare_values(const void *left, const void *right) {
    const hone_value *a = left, *b = right;
    char *end_a, *end_b;
    double x = a->word[0] ? strtod(a->word, &end_a) : (double)a->number;
    double y = b->word[0] ? strtod(b->word, &end_b) : (double)b->number;
    int word_a = a->word[0] && (end_a == a->word || *end_a),
        word_b = b->word[0] && (end_b == b->word || *end_b);
    if (word_a || word_b)
        return word_a && word_b ? strcmp(a->word, b->word) : word_a - word_b;
    return (x > y) - (x < y);
}

static hone_status declare(hone_space *space, const hone_cache_param *param) {
    hone_value *sorted = malloc((size_t)param->count * sizeof *sorted + 1);
    char *text = malloc((size_t)param->count * 24 + 1), *at = text;
    hone_status status = HONE_OK;
    if (sorted && text) {
        memcpy(sorted, param->values, (size_t)param->count * sizeof *sorted);
        qsort(sorted, (size_t)param->count, sizeof *sorted, compare_values);
        for (int i = 0; i < param->count; i++) {
            hone_value_format(at, &sorted[i]);
            at = strchr(at, '\0');
            *at++ = ' ';
        }
        *at = '\0';
        status = hone_space_param(space, param->name, text) ? HONE_E_DATA : HONE_OK;
    } else {
        status = hone_fail(HONE_E_NOMEM, "no memory for the values of '%s'", param->name);
    }
    free(sorted);
    free(text);
    return status;
}

static hone_status make_space(hone_cache *cache, const hone_cache_build *build) {
    hone_status status = hone_space_create(&cache->space);
    for (int i = 0; i < build->param_count && !status; i++)
        status = declare(cache->space, &build->params[i]);
    return status;
}

/* ------------------------------------------------------------------ points */

/* Where the space's parameters come from in the collected configs. */
typedef struct mapping {
    int from[HONE_SPACE_MAX_PARAMS];   /* parameter of the build; -1: none, it has one value */
    int *index[HONE_SPACE_MAX_PARAMS]; /* by value of the build's parameter: the space's; -1: none */
} mapping;

static int find_param(const hone_cache_build *build, const char *name) {
    for (int i = 0; i < build->param_count; i++) {
        if (strcmp(build->params[i].name, name) == 0)
            return i;
    }
    return -1;
}

static hone_status map_param(mapping *map, int p, const hone_space *space, const hone_cache_build *build) {
    const hone_param *param = &space->params[p];
    map->from[p] = find_param(build, param->name);
    if (map->from[p] < 0)
        return param->count == 1
                   ? HONE_OK
                   : hone_fail(HONE_E_DATA, "the configs lack the space's parameter '%s'", param->name);
    const hone_cache_param *recorded = &build->params[map->from[p]];
    map->index[p] = malloc((size_t)recorded->count * sizeof *map->index[p] + 1);
    if (!map->index[p])
        return hone_fail(HONE_E_NOMEM, "no memory for the values of '%s'", param->name);
    for (int i = 0; i < recorded->count; i++) {
        map->index[p][i] = -1;
        for (int j = 0; j < param->count; j++) {
            if (hone_value_equal(&param->values[j], &recorded->values[i]))
                map->index[p][i] = j;
        }
    }
    return HONE_OK;
}

/* The space's indices of a collected config; 0 when a value is none of the space's. */
static int translate(int *indices, const mapping *map, int count, const int *row) {
    for (int i = 0; i < count; i++) {
        indices[i] = map->from[i] < 0 ? 0 : map->index[i][row[map->from[i]]];
        if (indices[i] < 0)
            return 0;
    }
    return 1;
}

/* Points of the configs that were collected, each once. */
static hone_status list_points(hone_cache *cache, const hone_cache_build *build, const mapping *map) {
    int width = cache->space->param_count;
    int *rows = malloc((size_t)build->count * (size_t)width * sizeof *rows + 1);
    if (!rows)
        return hone_fail(HONE_E_NOMEM, "no memory for %lld configs", (long long)build->count);
    for (int64_t i = 0; i < build->count; i++)
        translate(rows + i * width, map, width, build->indices + i * build->param_count);
    hone_status status = hone_points_create_listed(&cache->points, cache->space, rows, build->count);
    free(rows);
    return status;
}

static hone_status fill(hone_cache *cache, const hone_cache_build *build, const mapping *map) {
    size_t count = (size_t)cache->points->count;
    cache->values = malloc(count * sizeof *cache->values);
    cache->seconds = calloc(count, sizeof *cache->seconds);
    if (!cache->values || !cache->seconds)
        return hone_fail(HONE_E_NOMEM, "no memory for %zu configs", count);
    for (size_t i = 0; i < count; i++)
        cache->values[i] = NAN; /* missing */
    int indices[HONE_SPACE_MAX_PARAMS];
    for (int64_t i = 0; i < build->count; i++) {
        const int *row = build->indices + i * build->param_count;
        int64_t point = translate(indices, map, cache->space->param_count, row)
                            ? hone_points_find_indices(cache->points, indices)
                            : -1;
        if (point < 0) {
            cache->outside++;
        } else if (!isnan(cache->values[point])) {
            cache->repeated++;
        } else {
            cache->values[point] = build->values[i];
            cache->seconds[point] = build->seconds[i];
            cache->failures += !isfinite(build->values[i]);
        }
    }
    int64_t valid = 0;
    for (size_t i = 0; i < count; i++) {
        cache->missing += isnan(cache->values[i]);
        cache->values[i] = isnan(cache->values[i]) ? INFINITY : cache->values[i];
        valid += isfinite(cache->values[i]);
    }
    return valid ? HONE_OK
                 : hone_fail(HONE_E_DATA, "none of its %lld configs has a value%s", (long long)build->count,
                             cache->outside ? " and is in the space" : "");
}

hone_status hone_cache_build_finish(hone_cache *cache, const hone_cache_build *build) {
    mapping map = {{0}, {NULL}};
    hone_status status = HONE_OK;
    if (build->count == 0)
        return hone_fail(HONE_E_DATA, "it has no configs");
    if (!cache->space)
        status = make_space(cache, build);
    for (int i = 0; !status && i < cache->space->param_count; i++)
        status = map_param(&map, i, cache->space, build);
    if (!status && !cache->points)
        status = list_points(cache, build, &map);
    if (!status)
        status = fill(cache, build, &map);
    for (int i = 0; i < HONE_SPACE_MAX_PARAMS; i++)
        free(map.index[i]);
    return status;
}

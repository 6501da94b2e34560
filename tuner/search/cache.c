#include "cache.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../kernels/status.h"
#include "cache_build.h"
#include "json_items.h"

typedef struct time_unit {
    const char *name, *symbol;
    double seconds;
} time_unit;

static const time_unit units[] = {
    {"millisecond", "ms", 1e-3}, {"milisecond", "ms", 1e-3}, /* as the hub's files spell it */
    {"second", "s", 1},          {"microsecond", "us", 1e-6}, {"nanosecond", "ns", 1e-9},
};
static const time_unit *const usual_unit = &units[0];

/* "seconds" too. NULL: it is no time's. */
static const time_unit *find_unit(const char *text) {
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        size_t length = strlen(units[i].name);
        if (strcmp(text, units[i].symbol) == 0 || strcmp(text, units[i].name) == 0 ||
            (strncmp(text, units[i].name, length) == 0 && strcmp(text + length, "s") == 0))
            return &units[i];
    }
    return NULL;
}

typedef struct loader {
    hone_cache *cache;
    hone_cache_build build;
    const time_unit *unit;       /* of the file's times where they do not say */
    int is_space;                /* a T1 file */
    int described;               /* the objective and its unit are known */
    const struct format *format; /* of the items, once they have come */
    char subject[256];           /* what Hone's own results say they are of */
} loader;

/* How one format's items are read. */
typedef struct format {
    const char *member; /* holds the items */
    const char *name;
    hone_status (*item)(loader *l, const json_t *entry);
} format;

static double number_or(const json_t *value, double otherwise) {
    return json_is_number(value) ? json_number_value(value) : otherwise;
}

/* The sum of a number or of an array of numbers. */
static double sum_of(const json_t *value) {
    double sum = number_or(value, 0);
    for (size_t i = 0; i < json_array_size(value); i++)
        sum += number_or(json_array_get(value, i), 0);
    return sum;
}

/* ------------------------------------------------------------ Kernel Tuner */

/* What an evaluation spent, the search that recorded it left out. */
static const char *const kt_costs[] = {"compile_time", "verification_time", "benchmark_time",
                                       "framework_time"};
/* Kernel Tuner's older files mark a failure by this time. */
static const double KT_FAILED = 1e19;

static hone_status kt_item(loader *l, const json_t *entry) {
    double value = number_or(json_object_get(entry, "time"), INFINITY), cost = 0;
    for (size_t i = 0; i < sizeof kt_costs / sizeof kt_costs[0]; i++)
        cost += number_or(json_object_get(entry, kt_costs[i]), 0);
    if (l->build.param_count == 0)
        return hone_fail(HONE_E_DATA, "no tune_params_keys before the cache name its parameters");
    if (value >= KT_FAILED || json_object_get(entry, "__error__"))
        value = INFINITY;
    return hone_cache_build_add(&l->build, entry, value, cost * l->unit->seconds);
}

/* ---------------------------------------------------------------------- T4 */

static hone_status t4_params(loader *l, const json_t *config) {
    const char *name;
    json_t *value;
    hone_status status = HONE_OK;
    json_object_foreach((json_t *)config, name, value) {
        if (!status)
            status = hone_cache_build_param(&l->build, name);
    }
    return status;
}

static double t4_cost(const json_t *times) {
    const char *name;
    json_t *value;
    double cost = 0;
    json_object_foreach((json_t *)times, name, value) {
        if (strncmp(name, "search_algorithm", strlen("search_algorithm")) != 0)
            cost += sum_of(value);
    }
    return cost;
}

/* The measurement that the first objective names; without objectives the time, else the first. NULL: the
 * objective was not measured. */
static const json_t *t4_measurement(const json_t *entry) {
    const char *objective = json_string_value(json_array_get(json_object_get(entry, "objectives"), 0));
    const json_t *all = json_object_get(entry, "measurements");
    for (size_t i = 0; i < json_array_size(all); i++) {
        const json_t *one = json_array_get(all, i);
        const char *name = json_string_value(json_object_get(one, "name"));
        if (name && strcmp(name, objective ? objective : "time") == 0)
            return one;
    }
    return objective ? NULL : json_array_get(all, 0);
}

/* The format has no word for whether more is better, so that only what is known to be a time is replayed;
 * what has no unit is known by its name. All results are of one objective in one unit. */
static hone_status t4_describe(loader *l, const json_t *measurement) {
    hone_cache *cache = l->cache;
    const char *name = json_string_value(json_object_get(measurement, "name"));
    const char *text = json_string_value(json_object_get(measurement, "unit"));
    if (!measurement)
        return HONE_OK;
    name = name ? name : "time";
    text = text ? text : "";
    const time_unit *unit = *text ? find_unit(text) : strcasestr(name, "time") ? l->unit : NULL;
    if (!unit)
        return hone_fail(
            HONE_E_DATA,
            "its objective '%.48s' (unit '%.24s') is no time, of which less is better; only times "
            "are replayed",
            name, text);
    if (l->described && (strncmp(name, cache->objective, sizeof cache->objective - 1) != 0 ||
                         strcmp(unit->symbol, cache->unit) != 0))
        return hone_fail(HONE_E_DATA, "its objective is '%.48s' in %s, that of others is '%s' in %s", name,
                         unit->symbol, cache->objective, cache->unit);
    snprintf(cache->objective, sizeof cache->objective, "%s", name);
    snprintf(cache->unit, sizeof cache->unit, "%s", unit->symbol);
    l->described = 1;
    return HONE_OK;
}

/* Hone's export holds all problems of a database; a search is over one. */
static hone_status t4_subject(loader *l, const json_t *entry) {
    char subject[sizeof l->subject];
    const char *problem = json_string_value(json_object_get(entry, "problem"));
    const char *device = json_string_value(json_object_get(entry, "device"));
    const char *mode = json_string_value(json_object_get(entry, "mode"));
    if (!problem)
        return HONE_OK;
    snprintf(subject, sizeof subject, "%s%s%s%s%s, %.0f threads", problem, device ? ", " : "",
             device ? device : "", mode ? ", " : "", mode ? mode : "",
             number_or(json_object_get(entry, "threads"), 0));
    if (l->subject[0] && strcmp(l->subject, subject) != 0)
        return hone_fail(HONE_E_DATA,
                         "it is of '%s', and others are of '%s'; export one with --problem and --device",
                         subject, l->subject);
    memcpy(l->subject, subject, sizeof subject);
    snprintf(l->cache->problem, sizeof l->cache->problem, "%s", problem);
    snprintf(l->cache->device, sizeof l->cache->device, "%s", device ? device : "");
    return HONE_OK;
}

static hone_status t4_item(loader *l, const json_t *entry) {
    const json_t *config = json_object_get(entry, "configuration");
    const json_t *measurement = t4_measurement(entry);
    const char *invalidity = json_string_value(json_object_get(entry, "invalidity"));
    double value = number_or(json_object_get(measurement, "value"), INFINITY);
    if (!json_is_object(config))
        return hone_fail(HONE_E_DATA, "it has no configuration");
    if ((invalidity && strcmp(invalidity, "correct") != 0) ||
        number_or(json_object_get(entry, "correctness"), 1) <= 0)
        value = INFINITY;
    hone_status status = t4_subject(l, entry);
    if (!status)
        status = t4_describe(l, measurement);
    if (!status && l->build.param_count == 0)
        status = t4_params(l, config);
    double cost = t4_cost(json_object_get(entry, "times")) * l->unit->seconds;
    return status ? status : hone_cache_build_add(&l->build, config, value, cost);
}

static const format formats[] = {
    {"cache", "Kernel Tuner's cache", kt_item},
    {"results", "T4 results", t4_item},
};
enum { FORMATS = sizeof formats / sizeof formats[0] };

/* ------------------------------------------------------------------ header */

static void use_unit(loader *l, const char *text) {
    const time_unit *unit = find_unit(text);
    if (unit) {
        l->unit = unit;
        snprintf(l->cache->unit, sizeof l->cache->unit, "%s", unit->symbol);
    }
}

static void use_size(hone_cache *cache, const json_t *size) {
    const char *separator = " ";
    for (size_t i = 0; i < json_array_size(size); i++) {
        size_t used = strlen(cache->problem);
        const json_t *extent = json_array_get(size, i);
        if (json_is_integer(extent))
            snprintf(cache->problem + used, sizeof cache->problem - used, "%s%lld", separator,
                     (long long)json_integer_value(extent));
        separator = "x";
    }
}

static hone_status use_params(loader *l, const json_t *keys) {
    hone_status status = HONE_OK;
    for (size_t i = 0; i < json_array_size(keys) && !status; i++) {
        const char *name = json_string_value(json_array_get(keys, i));
        status = name ? hone_cache_build_param(&l->build, name)
                      : hone_fail(HONE_E_DATA, "tune_params_keys holds more than names");
    }
    return status;
}

static hone_status read_member(void *context, const char *key, const json_t *value) {
    loader *l = context;
    const char *text = json_string_value(value);
    if (strcmp(key, "tune_params_keys") == 0)
        return use_params(l, value);
    if (strcmp(key, "kernel_name") == 0 && text)
        snprintf(l->cache->problem, sizeof l->cache->problem, "%s", text);
    else if (strcmp(key, "problem_size") == 0)
        use_size(l->cache, value);
    else if (strcmp(key, "device_name") == 0 && text)
        snprintf(l->cache->device, sizeof l->cache->device, "%s", text);
    else if (strcmp(key, "metadata") == 0 && json_string_value(json_object_get(value, "timeunit")))
        use_unit(l, json_string_value(json_object_get(value, "timeunit")));
    else if (strcmp(key, "ConfigurationSpace") == 0)
        l->is_space = 1;
    return HONE_OK;
}

static int splits(void *context, const char *key) {
    loader *l = context;
    for (int i = 0; i < FORMATS; i++) {
        if (strcmp(formats[i].member, key) == 0) {
            l->format = &formats[i];
            return 1;
        }
    }
    return 0;
}

static hone_status read_item(void *context, const char *key, const json_t *value) {
    loader *l = context;
    if (!json_is_object(value))
        return hone_fail(HONE_E_DATA, "config %lld of it is no object", (long long)l->build.count + 1);
    hone_status status = l->format->item(l, value);
    return status ? hone_fail_context(status, "config %lld%s%.80s of the cache",
                                      (long long)l->build.count + 1, *key ? ", " : "", key)
                  : HONE_OK;
}

/* ----------------------------------------------------------------- loading */

/* Apart from the cache's own, so that what is wrong with the space is not said of the cache. */
static hone_status load_space(hone_cache *cache, const char *path) {
    hone_status status = hone_space_load_t1(&cache->space, path);
    if (status)
        return status;
    status = hone_points_create(&cache->points, cache->space);
    if (status)
        return hone_fail_context(status == HONE_E_USAGE ? HONE_E_DATA : status, "space '%s'", path);
    return HONE_OK;
}

static hone_status load(loader *l, const char *path, const char *space_path) {
    hone_json_visitor visitor = {splits, read_member, read_item, l};
    hone_status status = hone_json_visit(path, &visitor);
    if (status)
        return status;
    if (!l->format)
        return l->is_space ? hone_fail(HONE_E_DATA,
                                       "'%s' describes a space (T1) and holds no results; name it beside a "
                                       "cache, by --space",
                                       path)
                           : hone_fail(HONE_E_DATA,
                                       "'%s' has an unknown format; a Kernel Tuner cache (with \"cache\") or "
                                       "T4 results (with \"results\") are read",
                                       path);
    if (space_path)
        status = load_space(l->cache, space_path);
    if (status)
        return status;
    status = hone_cache_build_finish(l->cache, &l->build);
    return status ? hone_fail_context(status, "'%s', %s", path, l->format->name) : HONE_OK;
}

hone_status hone_cache_load(hone_cache **out, const char *path, const char *space_path) {
    const char *base = strrchr(path, '/');
    loader l = {.unit = usual_unit, .cache = calloc(1, sizeof *l.cache)};
    if (!l.cache)
        return hone_fail(HONE_E_NOMEM, "no memory for a cache");
    snprintf(l.cache->problem, sizeof l.cache->problem, "%s", base ? base + 1 : path);
    strcpy(l.cache->objective, "time");
    strcpy(l.cache->unit, "ms");
    hone_status status = load(&l, path, space_path);
    hone_cache_build_clear(&l.build);
    if (status) {
        hone_cache_destroy(l.cache);
        return status;
    }
    *out = l.cache;
    return HONE_OK;
}

void hone_cache_destroy(hone_cache *cache) {
    if (!cache)
        return;
    hone_points_destroy(cache->points);
    hone_space_destroy(cache->space);
    free(cache->values);
    free(cache->seconds);
    free(cache);
}

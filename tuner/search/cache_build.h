/* Collecting the configs of a cache one by one, before its parameters' values are all known. */
#ifndef HONE_TUNER_CACHE_BUILD_H
#define HONE_TUNER_CACHE_BUILD_H

#include <jansson.h>

#include "cache.h"

typedef struct hone_cache_param {
    char name[HONE_CONFIG_KEY];
    hone_value *values; /* in the order of their appearance */
    int count, capacity;
} hone_cache_param;

typedef struct hone_cache_build {
    hone_cache_param params[HONE_SPACE_MAX_PARAMS];
    int param_count;
    int *indices; /* count x param_count: into the params' values */
    double *values, *seconds;
    int64_t count, capacity;
} hone_cache_build;

/* HONE_E_DATA: too many, twice, or no name. */
hone_status hone_cache_build_param(hone_cache_build *build, const char *name);
/* `config` has a member for each parameter. A value that is not finite is a failure. HONE_E_DATA,
 * HONE_E_NOMEM. */
hone_status hone_cache_build_add(hone_cache_build *build, const json_t *config, double value, double seconds);
/* Makes values and seconds of `cache`, and its space and points where it has none: those of the configs
 * collected, values in rising order. HONE_E_DATA, HONE_E_NOMEM; the cache is then to be destroyed. */
hone_status hone_cache_build_finish(hone_cache *cache, const hone_cache_build *build);
void hone_cache_build_clear(hone_cache_build *build);

/* A JSON value as a parameter's. HONE_E_DATA. */
hone_status hone_cache_value(hone_value *out, const json_t *value);

#endif

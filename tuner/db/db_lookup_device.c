/* Lookups for a device at hand: what its backend knows of legality and defaults. */
#include "lookup_private.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../../kernels/backend.h"
#include "../../kernels/status.h"

static hone_status usual(char *out, size_t size, const hone_lookup *lookup) {
    const hone_backend *backend = lookup->device->backend;
    hone_config config = {0};
    if (!backend->default_config)
        return hone_fail(HONE_E_UNAVAILABLE,
                         "backend '%s' lists devices but has no kernels in this build; use another device",
                         backend->name);
    DB_TRY(backend->default_config(&config, lookup->device, lookup->problem, lookup->threads, lookup->isa));
    return hone_config_format(out, size, &config);
}

/* Nothing was measured, and the limits that can be kept to without are. */
static hone_status default_match(hone_match *match, const hone_lookup *lookup) {
    if (lookup->max_workspace > 0)
        return HONE_E_NOMATCH;
    *match = (hone_match){.kind = HONE_MATCH_DEFAULT,
                          .p50_us = NAN,
                          .p95_us = NAN,
                          .gflops = NAN,
                          .err_rel_fro = NAN,
                          .err_bound_ratio = NAN,
                          .workspace = -1};
    snprintf(match->problem, sizeof match->problem, "%s", lookup->text);
    snprintf(match->device, sizeof match->device, "%s", lookup->fingerprint);
    snprintf(match->build, sizeof match->build, "%s", hone_build_id());
    return usual(match->config, sizeof match->config, lookup);
}

static hone_status check_isa(const hone_device *device, const char *isa) {
    const char *const *paths = device->backend->code_paths ? device->backend->code_paths(device) : NULL;
    char names[256] = "";
    size_t used = 0;
    if (!isa || !paths)
        return HONE_OK;
    for (; *paths; paths++) {
        if (strcmp(*paths, isa) == 0)
            return HONE_OK;
        int length = snprintf(names + used, sizeof names - used, "%s%s", used ? ", " : "", *paths);
        used += length > 0 && used + (size_t)length < sizeof names ? (size_t)length : 0;
    }
    return hone_fail(HONE_E_UNAVAILABLE, "device '%s' has no isa '%s'; it has %s", device->name, isa, names);
}

/* What the database answers, up to `most`; *count 0: nothing. */
static hone_status search(hone_match *matches, int *count, int most, hone_lookup *lookup,
                          const hone_device *device, const hone_lookup_options *options) {
    hone_space *space = NULL;
    *count = 0;
    DB_TRY(hone_lookup_complete(lookup, options, device->threads));
    DB_TRY(check_isa(device, lookup->isa));
    if (device->backend->space)
        DB_TRY(device->backend->space(&space, device, lookup->problem, lookup->threads));
    lookup->space = space;
    hone_status status = lookup->db ? hone_lookup_search(matches, count, most, lookup) : HONE_OK;
    lookup->space = NULL;
    hone_space_destroy(space);
    return status;
}

static hone_status look_up(hone_match *match, hone_lookup *lookup, const hone_device *device,
                           const hone_lookup_options *options) {
    int found = 0;
    DB_TRY(search(match, &found, 1, lookup, device, options));
    return found ? HONE_OK : default_match(match, lookup);
}

static hone_lookup lookup_for(hone_db *db, const hone_device *device, const hone_problem *problem) {
    return (hone_lookup){.db = db,
                         .fingerprint = device->fingerprint,
                         .family = device->family,
                         .problem = problem,
                         .usual = usual,
                         .device = device};
}

hone_status hone_db_starts(hone_match *out, int *count, int most, hone_db *db, const hone_device *device,
                           const hone_problem *problem, const hone_lookup_options *options) {
    hone_lookup lookup = lookup_for(db, device, problem);
    pthread_mutex_lock(&db->lock);
    hone_status status = search(out, count, most, &lookup, device, options);
    pthread_mutex_unlock(&db->lock);
    return status;
}

/* The same words for an answer that is given again. */
static hone_status no_match(const hone_problem *problem) {
    char text[HONE_PROBLEM_TEXT];
    DB_TRY(hone_problem_format(text, sizeof text, problem));
    return hone_fail(
        HONE_E_NOMATCH,
        "nothing known about %s keeps to the limits, and what the default config takes shows only in "
        "a plan; 'hone tune' finds out",
        text);
}

hone_status hone_db_lookup_device(hone_match *out, hone_db *db, const hone_device *device,
                                  const hone_problem *problem, const hone_lookup_options *options) {
    hone_lookup lookup = lookup_for(db, device, problem);
    hone_lookup_key key;
    hone_match match = {0};
    hone_status status;
    DB_TRY(hone_lookup_key_fill(&key, problem, options, 0));
    if (!db) {
        status = look_up(&match, &lookup, device, options);
        if (status == HONE_OK)
            *out = match;
        return status == HONE_E_NOMATCH ? no_match(problem) : status;
    }
    if (!hone_lookup_cache_get(out, &status, db, &key, device->fingerprint)) {
        pthread_mutex_lock(&db->lock);
        /* Another thread may have asked the same meanwhile. */
        if (!hone_lookup_cache_get(&match, &status, db, &key, device->fingerprint)) {
            status = look_up(&match, &lookup, device, options);
            hone_lookup_cache_put(db, &key, device->fingerprint, status, &match);
        }
        pthread_mutex_unlock(&db->lock);
        if (status == HONE_OK)
            *out = match;
    }
    return status == HONE_E_NOMATCH ? no_match(problem) : status;
}

hone_status hone_db_lookup(hone_match *out, hone_db *db, const hone_context *context, const char *device,
                           const hone_problem *problem, const hone_lookup_options *options) {
    const hone_device *found;
    DB_TRY(hone_context_device(&found, context, device));
    return hone_db_lookup_device(out, db, found, problem, options);
}

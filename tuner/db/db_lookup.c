/* The order of a lookup: exact, near, family; each over all layers. */
#include "lookup_private.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../../kernels/status.h"

static const char *const kind_names[] = {[HONE_MATCH_EXACT] = "exact",
                                         [HONE_MATCH_NEAR] = "near",
                                         [HONE_MATCH_FAMILY] = "family",
                                         [HONE_MATCH_DEFAULT] = "default"};

const char *hone_match_kind_name(hone_match_kind kind) {
    return kind >= 0 && (size_t)kind < sizeof kind_names / sizeof kind_names[0] ? kind_names[kind] : NULL;
}

double hone_problem_operations(const hone_problem *problem) {
    return 2.0 * (double)problem->m * (double)problem->n * (double)problem->k;
}

/* The order of a lookup; the default comes after. */
static const struct {
    hone_match_kind kind;
    int family, near_shapes;
} steps[] = {
    {HONE_MATCH_EXACT, 0, 0},
    {HONE_MATCH_NEAR, 0, 1},
    {HONE_MATCH_FAMILY, 1, 0},
    {HONE_MATCH_FAMILY, 1, 1},
};

static void keep_finding(const char *finding, void *context) { snprintf(context, 256, "%s", finding); }

/* A column that another has declared may compute for ever. */
static hone_status check_declared(hone_db *db) {
    char finding[256] = "";
    for (hone_db *layer = db; layer; layer = layer->below) {
        if (layer->declared)
            continue;
        DB_TRY(hone_db_compare_schema(layer, 0, keep_finding, finding));
        if (finding[0])
            return hone_fail(HONE_E_DATA, "database '%s': %s", layer->path, finding);
        layer->declared = 1;
    }
    return HONE_OK;
}

static int is_among(const hone_match *matches, int count, const char *config) {
    while (count > 0 && strcmp(matches[count - 1].config, config) != 0)
        count--;
    return count > 0;
}

static hone_status search(hone_match *matches, int *count, int most, const hone_lookup *lookup) {
    for (size_t step = 0; step < sizeof steps / sizeof steps[0]; step++) {
        hone_candidates candidates = {.count = 0};
        if (steps[step].family && lookup->family[0] == '\0')
            continue;
        DB_TRY(hone_lookup_find(&candidates, lookup, steps[step].family, steps[step].near_shapes));
        for (int i = 0; i < candidates.count && *count < most; i++) {
            hone_match *match = &matches[*count];
            int accepted = 0;
            DB_TRY(hone_lookup_consider(&accepted, match, lookup, &candidates.items[i], steps[step].kind));
            if (!accepted || is_among(matches, *count, match->config))
                continue;
            hone_db_copy_text(match->problem, sizeof match->problem, lookup->text);
            ++*count;
        }
        if (*count == most)
            return HONE_OK;
    }
    return HONE_OK;
}

/* One snapshot of each layer for all of a lookup's queries, and one lock instead of one a query. */
static hone_status read_together(hone_db *db, const char *sql, int when_autocommit) {
    hone_status status = HONE_OK;
    for (hone_db *layer = db; layer; layer = layer->below) {
        sqlite3_stmt *statement;
        if (sqlite3_get_autocommit(layer->handle) != when_autocommit)
            continue; /* the caller's own transaction */
        hone_status one = hone_db_prepare(&statement, layer, sql);
        if (one == HONE_OK)
            one = hone_db_complete(layer, statement, "reading");
        status = status ? status : one;
    }
    return status;
}

hone_status hone_lookup_search(hone_match *matches, int *count, int most, const hone_lookup *lookup) {
    static const char begin[] = "BEGIN", end[] = "COMMIT";
    const int own = sqlite3_get_autocommit(lookup->db->handle);
    *count = 0;
    DB_TRY(check_declared(lookup->db));
    hone_status status = own ? read_together(lookup->db, begin, 1) : HONE_OK;
    if (status == HONE_OK)
        status = search(matches, count, most, lookup);
    hone_status ended = own ? read_together(lookup->db, end, 0) : HONE_OK;
    return status ? status : ended;
}

hone_status hone_lookup_complete(hone_lookup *lookup, const hone_lookup_options *options, int threads) {
    hone_lookup_options given = options ? *options : (hone_lookup_options){0};
    if (given.threads < 0 || given.threads > HONE_MAX_THREADS)
        return hone_fail(HONE_E_USAGE, "threads is %d; give 1 to %d, or 0 for all", given.threads,
                         HONE_MAX_THREADS);
    if (!(given.max_rel_error >= 0))
        return hone_fail(HONE_E_USAGE, "the largest error is %g; give a positive number, or 0 for any",
                         given.max_rel_error);
    if (given.max_workspace < 0)
        return hone_fail(HONE_E_USAGE,
                         "the largest workspace is %lld bytes; give a positive number, or 0 for any",
                         (long long)given.max_workspace);
    const int objective = hone_lookup_objective(given.objective);
    if (objective < 0)
        return hone_fail(HONE_E_USAGE, "objective '%s' is unknown; one of p50, p95, throughput",
                         given.objective);
    lookup->objective = hone_lookup_objectives[objective];
    lookup->threads = given.threads ? given.threads : threads;
    lookup->max_error = given.max_rel_error > 0 ? given.max_rel_error * HONE_ERROR_SLACK : NAN;
    lookup->max_workspace = given.max_workspace;
    lookup->isa = given.isa;
    if (given.isa) {
        snprintf(lookup->parts[0], sizeof lookup->parts[0], ",isa=%s,", given.isa);
        snprintf(lookup->parts[1], sizeof lookup->parts[1], ",family=%s,", given.isa);
    }
    lookup->allow_stale = given.allow_stale != 0;
    DB_TRY(hone_problem_check(lookup->problem));
    return hone_problem_format(lookup->text, sizeof lookup->text, lookup->problem);
}

/* What the layers know of a device; *threads 0 and family "" when none does. */
static hone_status describe_device(char family[256], int *threads, hone_db *db, const char *fingerprint) {
    *threads = 0;
    family[0] = '\0';
    for (hone_db *layer = db; layer && *threads == 0; layer = layer->below) {
        sqlite3_stmt *find;
        int row = 0;
        DB_TRY(
            hone_db_prepare(&find, layer, "SELECT family, threads FROM devices WHERE fingerprint = :text"));
        hone_db_bind_text(find, ":text", fingerprint);
        DB_TRY(hone_db_step(&row, layer, find, "looking a device up"));
        if (row && hone_db_copy_text(family, 256, hone_db_text(find, 0)))
            *threads = sqlite3_column_int(find, 1);
        sqlite3_reset(find);
    }
    return HONE_OK;
}

static hone_status find_by_fingerprint(hone_match *match, hone_lookup *lookup, const char *family,
                                       const hone_lookup_options *options) {
    char known_family[256];
    int threads = 0, found = 0;
    DB_TRY(describe_device(known_family, &threads, lookup->db, lookup->fingerprint));
    if (threads == 0 && (!options || options->threads == 0))
        return hone_fail(HONE_E_USAGE,
                         "the database has nothing of device '%s', so threads 0 stands for no number; give "
                         "the threads, and its family",
                         lookup->fingerprint);
    lookup->family = family ? family : known_family;
    DB_TRY(hone_lookup_complete(lookup, options, threads));
    DB_TRY(hone_lookup_search(match, &found, 1, lookup));
    return found ? HONE_OK : HONE_E_NOMATCH;
}

hone_status hone_db_find(hone_match *out, hone_db *db, const char *fingerprint, const char *family,
                         const hone_problem *problem, const hone_lookup_options *options) {
    hone_lookup_key key;
    hone_match match = {0};
    hone_status status;
    if (!db || !fingerprint || !problem)
        return hone_fail(HONE_E_USAGE,
                         "hone_db_find was given NULL; it needs a database, a fingerprint and a problem");
    DB_TRY(hone_lookup_key_fill(&key, problem, options, 1));
    char subject[600]; /* longer ones than the cache takes are not kept */
    snprintf(subject, sizeof subject, "%s\n%s", fingerprint, family ? family : "");
    if (!hone_lookup_cache_get(out, &status, db, &key, subject)) {
        hone_lookup lookup = {.db = db, .fingerprint = fingerprint, .problem = problem};
        pthread_mutex_lock(&db->lock);
        /* Another thread may have asked the same meanwhile. */
        if (!hone_lookup_cache_get(&match, &status, db, &key, subject)) {
            status = find_by_fingerprint(&match, &lookup, family, options);
            hone_lookup_cache_put(db, &key, subject, status, &match);
        }
        pthread_mutex_unlock(&db->lock);
        if (status == HONE_OK)
            *out = match;
    }
    char text[HONE_PROBLEM_TEXT];
    if (status == HONE_E_NOMATCH && hone_problem_format(text, sizeof text, problem) == HONE_OK)
        return hone_fail(status,
                         "nothing is known about %s on '%s' or its family; 'hone tune' finds out, and "
                         "allow_stale takes what other builds measured",
                         text, fingerprint);
    return status;
}

/* The layers stay open. */
void hone_db_refresh(hone_db *db) {
    if (!db)
        return;
    hone_lookup_cache_destroy(db->cache);
    db->cache = NULL;
    for (hone_db *layer = db; layer; layer = layer->below) {
        hone_winner_index_destroy(layer->indexes);
        layer->indexes = NULL;
    }
}

/* Which config answers for a problem: exact, near, family.
 *
 * A candidate answers when it keeps to the question's limits, its config is legal
 * for the problem that was asked and has never failed on it, and, unless it was
 * measured for that very problem, it was not slower than the default config where
 * it was measured. */
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

static int copy_text(char *out, size_t size, const char *text) {
    int length = snprintf(out, size, "%s", text);
    return length >= 0 && (size_t)length < size;
}

/* Everything about a measurement that an answer tells; *fits 0 for texts that
 * no build writes. */
static hone_status read_match(int *fits, hone_match *match, hone_candidate *candidate) {
    static const char sql[] =
        "SELECT p.text, d.fingerprint, c.text, b.identity, m.measured_at, m.p50_us, m.p95_us, m.err_rel_fro, "
        "m.err_bound_ratio, m.sample_count, m.workspace_bytes, m.is_default IS 1 FROM measurements m "
        "JOIN problems p ON p.id = m.problem_id JOIN devices d ON d.id = m.device_id "
        "JOIN configs c ON c.id = m.config_id JOIN runs r ON r.id = m.run_id "
        "JOIN builds b ON b.id = r.build_id WHERE m.id = :id AND m.device_id = :device AND "
        "m.problem_id = :problem AND r.build_id = :build AND m.provider = 'hone' AND m.correct = 1";
    sqlite3_stmt *find;
    hone_problem matched;
    DB_TRY(hone_db_prepare(&find, candidate->layer, sql));
    /* The id may be of a row that came after the one it was read of, or a file may say so. */
    hone_db_bind_int(find, ":id", candidate->measurement_id);
    hone_db_bind_int(find, ":device", candidate->device_id);
    hone_db_bind_int(find, ":problem", candidate->problem_id);
    hone_db_bind_int(find, ":build", candidate->build_id);
    DB_TRY(hone_db_step(fits, candidate->layer, find, "reading a measurement"));
    if (!*fits)
        return HONE_OK;
    *fits = copy_text(match->matched_problem, sizeof match->matched_problem, hone_db_text(find, 0)) &&
            copy_text(match->device, sizeof match->device, hone_db_text(find, 1)) &&
            copy_text(match->config, sizeof match->config, hone_db_text(find, 2)) &&
            copy_text(match->build, sizeof match->build, hone_db_text(find, 3)) &&
            copy_text(match->measured_at, sizeof match->measured_at, hone_db_text(find, 4)) &&
            hone_problem_parse(&matched, match->matched_problem) == HONE_OK;
    if (*fits) {
        match->p50_us = hone_db_real(find, 5);
        match->p95_us = hone_db_real(find, 6);
        match->err_rel_fro = hone_db_real(find, 7);
        match->err_bound_ratio = hone_db_real(find, 8);
        match->samples = sqlite3_column_int64(find, 9);
        match->workspace = sqlite3_column_type(find, 10) == SQLITE_NULL ? -1 : sqlite3_column_int64(find, 10);
        match->gflops = hone_problem_operations(&matched) / match->p50_us * 1e-3;
        match->stale = candidate->stale;
        candidate->is_default = sqlite3_column_int(find, 11) != 0;
        snprintf(match->database, sizeof match->database, "%.*s", (int)sizeof match->database - 1,
                 candidate->layer->path);
        /* Another's file may hold what no clock has measured. */
        *fits = match->p50_us > 0 && isfinite(match->p50_us) && isfinite(match->gflops) && match->samples > 0;
    }
    sqlite3_reset(find);
    return HONE_OK;
}

static int is_within(const hone_match *match, const hone_lookup *lookup) {
    char config[sizeof match->config + 2];
    snprintf(config, sizeof config, ",%s,", match->config);
    return (isnan(lookup->max_error) || match->err_rel_fro <= lookup->max_error) &&
           (lookup->max_workspace <= 0 ||
            (match->workspace >= 0 && match->workspace <= lookup->max_workspace)) &&
           (!lookup->isa || strstr(config, lookup->parts[0]) || strstr(config, lookup->parts[1]));
}

/* Whether the config is one, and of the space of the problem that was asked. */
static hone_status check_legal(int *legal, const hone_lookup *lookup, const char *text) {
    hone_config config;
    hone_status status = hone_config_parse(&config, text);
    if (status == HONE_OK && lookup->space)
        status = hone_space_check(lookup->space, &config);
    *legal = status == HONE_OK;
    return status == HONE_E_USAGE ? HONE_OK : status;
}

/* A config that failed in that build on the very problem that was asked is no
 * answer, whatever it did on others, and whichever layer knows. One that has been
 * measured there is none when it was wrong: other failures were the moment's. */
static hone_status check_never_failed(int *good, const hone_lookup *lookup, const hone_match *match) {
    static const char sql[] =
        /* CROSS JOIN keeps the order: from the few rows of the subject, not from all of a build. */
        "WITH subject AS (SELECT d.id AS device, p.id AS problem, c.id AS config FROM devices d, problems p, "
        "configs c WHERE d.fingerprint = :device AND p.text = :problem AND c.text = :config) "
        "SELECT 1 FROM subject s CROSS JOIN failures f ON f.device_id = s.device AND "
        "f.problem_id = s.problem AND f.config_id = s.config CROSS JOIN runs r ON r.id = f.run_id "
        "CROSS JOIN builds b ON b.id = r.build_id WHERE f.provider = 'hone' AND b.identity = :build AND "
        "(f.kind = 'wrong' OR NOT :measured) UNION ALL "
        "SELECT 1 FROM subject s CROSS JOIN measurements m ON m.device_id = s.device AND "
        "m.problem_id = s.problem AND m.config_id = s.config CROSS JOIN runs r ON r.id = m.run_id "
        "CROSS JOIN builds b ON b.id = r.build_id WHERE m.provider = 'hone' AND m.correct = 0 AND "
        "b.identity = :build LIMIT 1";
    int failed = 0;
    for (hone_db *layer = lookup->db; layer && !failed; layer = layer->below) {
        sqlite3_stmt *find;
        DB_TRY(hone_db_prepare(&find, layer, sql));
        hone_db_bind_text(find, ":device", lookup->fingerprint);
        hone_db_bind_text(find, ":problem", lookup->text);
        hone_db_bind_text(find, ":config", match->config);
        hone_db_bind_text(find, ":build", match->build);
        hone_db_bind_int(find, ":measured", match->kind == HONE_MATCH_EXACT);
        DB_TRY(hone_db_step(&failed, layer, find, "looking failures up"));
        sqlite3_reset(find);
    }
    *good = !failed;
    return HONE_OK;
}

/* *good 0 when the default config was measured in the same run as the candidate, on its device and problem,
 * keeps to the limits, and was faster. */
static hone_status check_against_default(int *good, const hone_lookup *lookup,
                                         const hone_candidate *candidate) {
#define VALUE(m)                                                                                             \
    "CASE :objective WHEN 'p50' THEN " m ".p50_us WHEN 'p95' THEN " m ".p95_us ELSE " m ".mean_us END"
    static const char sql[] = "SELECT " VALUE("rival") " AS rival_value, " VALUE(
        "own") ", c.text, rival.err_rel_fro, rival.workspace_bytes "
               "FROM measurements own JOIN measurements rival ON rival.device_id = own.device_id AND "
               "rival.problem_id = own.problem_id AND rival.threads = own.threads JOIN configs c ON c.id = "
               "rival.config_id "
               "WHERE own.id = :id AND own.is_default IS NOT 1 AND rival.is_default = 1 AND rival.run_id = "
               "own.run_id AND "
               "rival.mode = own.mode AND rival.provider = 'hone' AND rival_value IS NOT NULL "
               "ORDER BY rival.stage = 'final' DESC, rival.stage = own.stage DESC, rival.sample_count DESC, "
               "rival.measured_at DESC, rival.uid";
#undef VALUE
    hone_match rival = {0};
    sqlite3_stmt *find;
    int row = 0;
    DB_TRY(hone_db_prepare(&find, candidate->layer, sql));
    hone_db_bind_text(find, ":objective", lookup->objective);
    hone_db_bind_int(find, ":id", candidate->measurement_id);
    DB_TRY(hone_db_step(&row, candidate->layer, find, "comparing with the default config"));
    *good = 1;
    if (row && copy_text(rival.config, sizeof rival.config, hone_db_text(find, 2))) {
        rival.err_rel_fro = hone_db_real(find, 3);
        rival.workspace = sqlite3_column_type(find, 4) == SQLITE_NULL ? -1 : sqlite3_column_int64(find, 4);
        *good = hone_db_real(find, 1) <= hone_db_real(find, 0) || !is_within(&rival, lookup);
    }
    sqlite3_reset(find);
    return HONE_OK;
}

static int is_limited(const hone_lookup *lookup) {
    return !isnan(lookup->max_error) || lookup->max_workspace > 0 || lookup->isa;
}

/* Where the default config won, the default for the problem that was asked is what is likely to: it follows
 * the shape. With a limit on the workspace only what was measured is known. */
static int is_transferred(const hone_lookup *lookup, const hone_candidate *candidate, hone_match_kind kind) {
    return kind != HONE_MATCH_EXACT && candidate->is_default && lookup->usual && lookup->max_workspace <= 0;
}

/* Whether a config that is not the default was measured with much the same K. */
static int has_like_depth(const hone_match *match, const hone_lookup *lookup) {
    hone_problem known;
    return hone_problem_parse(&known, match->matched_problem) == HONE_OK &&
           known.k <= HONE_LOOKUP_K_REACH * lookup->problem->k &&
           lookup->problem->k <= HONE_LOOKUP_K_REACH * known.k;
}

/* Fills the match if the candidate may answer; *accepted says whether. */
static hone_status consider(int *accepted, hone_match *match, const hone_lookup *lookup,
                            hone_candidate *candidate, hone_match_kind kind) {
    *accepted = 1;
    match->kind = kind;
    /* Most that do not suit the shape are told by what is in memory; limits may choose another config. */
    if (candidate->config && !is_limited(lookup) && !is_transferred(lookup, candidate, kind))
        DB_TRY(check_legal(accepted, lookup, candidate->config));
    if (*accepted)
        DB_TRY(read_match(accepted, match, candidate));
    if (*accepted && !is_within(match, lookup)) {
        DB_TRY(hone_lookup_within(accepted, candidate, lookup));
        if (*accepted)
            DB_TRY(read_match(accepted, match, candidate));
    }
    if (*accepted && is_transferred(lookup, candidate, kind)) {
        DB_TRY(lookup->usual(match->config, sizeof match->config, lookup));
        match->workspace = -1;
    } else if (*accepted && kind != HONE_MATCH_EXACT) {
        *accepted = candidate->is_default || has_like_depth(match, lookup);
    }
    if (*accepted)
        DB_TRY(check_legal(accepted, lookup, match->config));
    /* The derivation of a layer's winners has seen that layer's failures. */
    if (*accepted && (kind != HONE_MATCH_EXACT || lookup->db->below))
        DB_TRY(check_never_failed(accepted, lookup, match));
    if (*accepted && kind != HONE_MATCH_EXACT)
        DB_TRY(check_against_default(accepted, lookup, candidate));
    return HONE_OK;
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

static hone_status search(int *found, hone_match *match, const hone_lookup *lookup) {
    for (size_t step = 0; step < sizeof steps / sizeof steps[0]; step++) {
        hone_candidates candidates = {.count = 0};
        if (steps[step].family && lookup->family[0] == '\0')
            continue;
        DB_TRY(hone_lookup_find(&candidates, lookup, steps[step].family, steps[step].near_shapes));
        for (int i = 0; i < candidates.count && !*found; i++)
            DB_TRY(consider(found, match, lookup, &candidates.items[i], steps[step].kind));
        if (*found) {
            copy_text(match->problem, sizeof match->problem, lookup->text);
            return HONE_OK;
        }
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

hone_status hone_lookup_search(int *found, hone_match *match, const hone_lookup *lookup) {
    static const char begin[] = "BEGIN", end[] = "COMMIT";
    const int own = sqlite3_get_autocommit(lookup->db->handle);
    *found = 0;
    DB_TRY(check_declared(lookup->db));
    hone_status status = own ? read_together(lookup->db, begin, 1) : HONE_OK;
    if (status == HONE_OK)
        status = search(found, match, lookup);
    hone_status ended = own ? read_together(lookup->db, end, 0) : HONE_OK;
    return status ? status : ended;
}

hone_status hone_lookup_complete(hone_lookup *lookup, const hone_lookup_options *options, int threads) {
    static const char *const objectives[] = {"p50", "p95", "throughput"};
    hone_lookup_options given = options ? *options : (hone_lookup_options){0};
    if (given.threads < 0)
        return hone_fail(HONE_E_USAGE, "threads is %d; give 1 or more, or 0 for all", given.threads);
    if (!(given.max_rel_error >= 0))
        return hone_fail(HONE_E_USAGE, "the largest error is %g; give a positive number, or 0 for any",
                         given.max_rel_error);
    if (given.max_workspace < 0)
        return hone_fail(HONE_E_USAGE,
                         "the largest workspace is %lld bytes; give a positive number, or 0 for any",
                         (long long)given.max_workspace);
    for (size_t i = 0; i < sizeof objectives / sizeof objectives[0] && !lookup->objective; i++)
        if (!given.objective || strcmp(given.objective, objectives[i]) == 0)
            lookup->objective = objectives[i];
    lookup->threads = given.threads ? given.threads : threads;
    lookup->max_error = given.max_rel_error > 0 ? given.max_rel_error : NAN;
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
        if (row && copy_text(family, 256, hone_db_text(find, 0)))
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
    DB_TRY(hone_lookup_search(&found, match, lookup));
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
        return hone_fail(status, "nothing is known about %s on '%s' or its family; 'hone tune' finds out",
                         text, fingerprint);
    return status;
}

/* What lookups have read; the layers stay. */
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

/* Which config answers for a problem: exact, near, family, default.
 *
 * A candidate answers when its config is legal for the problem that was asked,
 * has never failed on it, and, unless it was measured for that very problem, was
 * not slower than the default config where it was measured. */
#include "lookup_private.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../../kernels/space.h"
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
static hone_status read_match(int *fits, hone_match *match, const hone_lookup *lookup,
                              const hone_candidate *candidate) {
    static const char sql[] =
        "SELECT p.text, d.fingerprint, c.text, b.identity, m.measured_at, m.p50_us, m.p95_us, m.err_rel_fro, "
        "m.err_bound_ratio, m.sample_count FROM measurements m JOIN problems p ON p.id = m.problem_id "
        "JOIN devices d ON d.id = m.device_id JOIN configs c ON c.id = m.config_id "
        "JOIN runs r ON r.id = m.run_id JOIN builds b ON b.id = r.build_id WHERE m.id = :id";
    sqlite3_stmt *find;
    hone_problem matched;
    DB_TRY(hone_db_prepare(&find, lookup->db, sql));
    hone_db_bind_int(find, ":id", candidate->measurement_id);
    DB_TRY(hone_db_step(fits, lookup->db, find, "reading a measurement"));
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
        match->gflops = hone_problem_operations(&matched) / match->p50_us * 1e-3;
        match->stale = candidate->stale;
        /* Another's file may hold what no clock has measured. */
        *fits = match->p50_us > 0 && isfinite(match->p50_us) && isfinite(match->gflops) && match->samples > 0;
    }
    sqlite3_reset(find);
    return HONE_OK;
}

/* Whether the config belongs to the space of the problem that was asked. */
static hone_status check_legal(int *legal, const hone_lookup *lookup, const char *text) {
    hone_config config;
    hone_status status = hone_config_parse(&config, text);
    if (status == HONE_OK && lookup->space)
        status = hone_space_check(lookup->space, &config);
    *legal = status == HONE_OK;
    return status == HONE_E_USAGE ? HONE_OK : status;
}

/* A config that failed in that build on the very problem that was asked is no
 * answer, whatever it did on others. */
static hone_status check_never_failed(int *good, const hone_lookup *lookup, const hone_candidate *candidate,
                                      const char *config) {
    static const char sql[] =
        "WITH subject AS (SELECT d.id AS device, p.id AS problem, c.id AS config FROM devices d, problems p, "
        "configs c WHERE d.fingerprint = :device AND p.text = :problem AND c.text = :config) "
        "SELECT 1 FROM subject s JOIN failures f ON f.device_id = s.device AND f.problem_id = s.problem AND "
        "f.config_id = s.config JOIN runs r ON r.id = f.run_id "
        "WHERE f.provider = 'hone' AND r.build_id = :build UNION ALL "
        "SELECT 1 FROM subject s JOIN measurements m ON m.device_id = s.device AND m.problem_id = s.problem "
        "AND "
        "m.config_id = s.config JOIN runs r ON r.id = m.run_id "
        "WHERE m.provider = 'hone' AND m.correct = 0 AND r.build_id = :build LIMIT 1";
    sqlite3_stmt *find;
    int failed = 0;
    DB_TRY(hone_db_prepare(&find, lookup->db, sql));
    hone_db_bind_text(find, ":device", lookup->device->fingerprint);
    hone_db_bind_text(find, ":problem", lookup->text);
    hone_db_bind_text(find, ":config", config);
    hone_db_bind_int(find, ":build", candidate->build_id);
    DB_TRY(hone_db_step(&failed, lookup->db, find, "looking failures up"));
    sqlite3_reset(find);
    *good = !failed;
    return HONE_OK;
}

/* The default config's text for a problem. */
static hone_status default_config(char *out, size_t size, const hone_device *device,
                                  const hone_problem *problem, int threads) {
    hone_config config = {0};
    if (!device->backend->default_config)
        return hone_fail(HONE_E_UNAVAILABLE,
                         "backend '%s' lists devices but has no kernels in this build; use "
                         "another device",
                         device->backend->name);
    DB_TRY(device->backend->default_config(&config, device, problem, threads));
    return hone_config_format(out, size, &config);
}

/* *good 0 when the default config was measured beside the candidate, on its
 * device, problem and build, and was faster. */
static hone_status check_against_default(int *good, const hone_lookup *lookup,
                                         const hone_candidate *candidate) {
#define VALUE(m)                                                                                             \
    "CASE :objective WHEN 'p50' THEN " m ".p50_us WHEN 'p95' THEN " m ".p95_us ELSE " m ".mean_us END"
    static const char sql[] = "SELECT " VALUE("rival") " AS rival_value, " VALUE(
        "own") " FROM measurements own "
               "JOIN runs own_run ON own_run.id = own.run_id "
               "JOIN measurements rival ON rival.device_id = own.device_id AND rival.problem_id = "
               "own.problem_id AND "
               "rival.config_id = (SELECT id FROM configs WHERE text = :config) AND rival.threads = "
               "own.threads "
               "JOIN runs rival_run ON rival_run.id = rival.run_id AND rival_run.build_id = own_run.build_id "
               "WHERE own.id = :id AND rival.mode = own.mode AND rival.provider = 'hone' AND rival_value IS "
               "NOT NULL "
               "ORDER BY rival.stage = 'final' DESC, rival.stage = own.stage DESC, rival.sample_count DESC, "
               "rival.measured_at DESC, rival.uid";
#undef VALUE
    char config[HONE_CONFIG_TEXT];
    hone_problem matched;
    sqlite3_stmt *find;
    int row = 0;
    *good = 0;
    if (!lookup->device->backend->default_config ||
        hone_problem_parse(&matched, candidate->problem) != HONE_OK)
        return HONE_OK;
    DB_TRY(default_config(config, sizeof config, lookup->device, &matched, lookup->threads));
    DB_TRY(hone_db_prepare(&find, lookup->db, sql));
    hone_db_bind_text(find, ":objective", lookup->objective);
    hone_db_bind_text(find, ":config", config);
    hone_db_bind_int(find, ":id", candidate->measurement_id);
    DB_TRY(hone_db_step(&row, lookup->db, find, "comparing with the default config"));
    *good = !row || hone_db_real(find, 1) <= hone_db_real(find, 0);
    sqlite3_reset(find);
    return HONE_OK;
}

/* Fills the match if the candidate may answer; *accepted says whether. */
static hone_status consider(int *accepted, hone_match *match, const hone_lookup *lookup,
                            hone_candidate *candidate, hone_match_kind kind) {
    *accepted = 1;
    DB_TRY(read_match(accepted, match, lookup, candidate));
    if (*accepted && !isnan(lookup->max_error) && !(match->err_rel_fro <= lookup->max_error)) {
        DB_TRY(hone_lookup_bound_error(accepted, candidate, lookup));
        if (*accepted)
            DB_TRY(read_match(accepted, match, lookup, candidate));
    }
    if (*accepted)
        DB_TRY(check_legal(accepted, lookup, match->config));
    if (*accepted && kind != HONE_MATCH_EXACT)
        DB_TRY(check_never_failed(accepted, lookup, candidate, match->config));
    if (*accepted && kind != HONE_MATCH_EXACT)
        DB_TRY(check_against_default(accepted, lookup, candidate));
    match->kind = kind;
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

static hone_status search(int *found, hone_match *match, const hone_lookup *lookup) {
    *found = 0;
    for (size_t step = 0; step < sizeof steps / sizeof steps[0]; step++) {
        hone_candidates candidates = {.count = 0};
        if (steps[step].family && lookup->device->family[0] == '\0')
            continue;
        DB_TRY(hone_lookup_find(&candidates, lookup, steps[step].family, steps[step].near_shapes));
        for (int i = 0; i < candidates.count && !*found; i++)
            DB_TRY(consider(found, match, lookup, &candidates.items[i], steps[step].kind));
        if (*found)
            return HONE_OK;
    }
    return HONE_OK;
}

static hone_status default_match(hone_match *match, const hone_lookup *lookup) {
    *match = (hone_match){.kind = HONE_MATCH_DEFAULT,
                          .p50_us = NAN,
                          .p95_us = NAN,
                          .gflops = NAN,
                          .err_rel_fro = NAN,
                          .err_bound_ratio = NAN};
    snprintf(match->device, sizeof match->device, "%s", lookup->device->fingerprint);
    snprintf(match->build, sizeof match->build, "%s", hone_build_id());
    return default_config(match->config, sizeof match->config, lookup->device, lookup->problem,
                          lookup->threads);
}

static hone_status complete(hone_lookup *lookup, const hone_lookup_options *options) {
    static const char *const objectives[] = {"p50", "p95", "throughput"};
    hone_lookup_options given = options ? *options : (hone_lookup_options){0};
    if (given.threads < 0)
        return hone_fail(HONE_E_USAGE, "threads is %d; give 1 or more, or 0 for all", given.threads);
    if (!(given.max_rel_error >= 0))
        return hone_fail(HONE_E_USAGE, "the largest error is %g; give a positive number, or 0 for any",
                         given.max_rel_error);
    for (size_t i = 0; i < sizeof objectives / sizeof objectives[0]; i++)
        if (!given.objective || strcmp(given.objective, objectives[i]) == 0) {
            lookup->objective = objectives[i];
            break;
        }
    if (!lookup->objective)
        return hone_fail(HONE_E_USAGE, "objective '%s' is unknown; one of p50, p95, throughput",
                         given.objective);
    lookup->threads = given.threads ? given.threads : lookup->device->threads;
    lookup->max_error = given.max_rel_error > 0 ? given.max_rel_error : NAN;
    lookup->allow_stale = given.allow_stale != 0;
    DB_TRY(hone_problem_check(lookup->problem));
    return hone_problem_format(lookup->text, sizeof lookup->text, lookup->problem);
}

hone_status hone_db_lookup_device(hone_match *out, hone_db *db, const hone_device *device,
                                  const hone_problem *problem, const hone_lookup_options *options) {
    hone_lookup lookup = {.db = db, .device = device, .problem = problem};
    hone_match match = {0};
    int found = 0;
    DB_TRY(complete(&lookup, options));
    if (device->backend->space)
        DB_TRY(device->backend->space(&lookup.space, device, problem, lookup.threads));
    hone_status status = db ? search(&found, &match, &lookup) : HONE_OK;
    if (status == HONE_OK && !found)
        status = default_match(&match, &lookup);
    hone_space_destroy(lookup.space);
    if (status != HONE_OK)
        return status;
    copy_text(match.problem, sizeof match.problem, lookup.text);
    *out = match;
    return HONE_OK;
}

hone_status hone_db_lookup(hone_match *out, hone_db *db, const hone_context *context, const char *device,
                           const hone_problem *problem, const hone_lookup_options *options) {
    const hone_device *found;
    DB_TRY(hone_context_device(&found, context, device));
    return hone_db_lookup_device(out, db, found, problem, options);
}

/* Whether a candidate may answer.
 *
 * It may when it keeps to the question's limits, its config is legal for the problem
 * that was asked and has never failed on it, and, unless it was measured for that very
 * problem, it was not slower than the default config where it was measured. */
#include "lookup_private.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../../kernels/status.h"

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
    *fits = hone_db_copy_text(match->matched_problem, sizeof match->matched_problem, hone_db_text(find, 0)) &&
            hone_db_copy_text(match->device, sizeof match->device, hone_db_text(find, 1)) &&
            hone_db_copy_text(match->config, sizeof match->config, hone_db_text(find, 2)) &&
            hone_db_copy_text(match->build, sizeof match->build, hone_db_text(find, 3)) &&
            hone_db_copy_text(match->measured_at, sizeof match->measured_at, hone_db_text(find, 4)) &&
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
    if (row && hone_db_copy_text(rival.config, sizeof rival.config, hone_db_text(find, 2))) {
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

hone_status hone_lookup_consider(int *accepted, hone_match *match, const hone_lookup *lookup,
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

#include "db_winner.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "../../kernels/status.h"
#include "db_private.h"

static const char select_sql[] =
    "SELECT c.text, m.stage = 'final', m.sample_count, m.min_us, m.max_us, m.mean_us, m.cv, m.p50_us,"
    "  m.p50_low_us, m.p50_high_us, m.p95_us, m.p95_low_us, m.p95_high_us, m.p99_us, m.correct, m.seed,"
    "  m.err_max_abs, m.err_rel_fro, m.err_bound_ratio, m.quant_sqnr_db, m.peak_gops,"
    "  (SELECT u.p50_us FROM measurements u WHERE u.run_id = m.run_id AND u.device_id = m.device_id AND"
    "   u.problem_id = m.problem_id AND u.threads = m.threads AND u.mode = m.mode AND u.stage = 'final' AND"
    "   m.stage = 'final' AND u.provider = 'unfused' ORDER BY u.id DESC LIMIT 1) ";
static const char from_table_sql[] = "FROM (SELECT * FROM winners";
static const char from_derivation_sql[] = "FROM (";
static const char where_sql[] =
    ") w JOIN measurements m ON m.id = w.measurement_id JOIN configs c ON c.id = m.config_id"
    "  JOIN builds b ON b.id = w.build_id JOIN devices d ON d.id = w.device_id"
    "  JOIN problems p ON p.id = w.problem_id "
    "WHERE d.fingerprint = :fingerprint AND p.text = :text AND b.identity = :build AND"
    "  w.threads = :threads AND w.mode = :mode AND w.objective = :objective";

static hone_status prepare_select(sqlite3_stmt **out, hone_db *db, double max_error) {
    char before[sizeof select_sql + sizeof from_table_sql];
    snprintf(before, sizeof before, "%s%s", select_sql, max_error > 0 ? from_derivation_sql : from_table_sql);
    if (max_error > 0) {
        DB_TRY(hone_db_prepare_winners(out, db, before, where_sql));
        hone_db_bind_real(*out, ":max_error", max_error * HONE_ERROR_SLACK);
        return HONE_OK;
    }
    char sql[sizeof before + sizeof where_sql];
    snprintf(sql, sizeof sql, "%s%s", before, where_sql);
    return sqlite3_prepare_v2(db->handle, sql, -1, out, NULL) == SQLITE_OK
               ? HONE_OK
               : hone_db_error(db, "preparing to read a winner");
}

/* Reads the columns of select_sql, in their order. */
static void read_row(hone_winner *out, sqlite3_stmt *row) {
    int at = 0;
    *out = (hone_winner){0};
    snprintf(out->config, sizeof out->config, "%s", hone_db_text(row, at++));
    out->is_final = sqlite3_column_int(row, at++);
    out->stats.count = sqlite3_column_int64(row, at++);
    double *stats[] = {&out->stats.min,     &out->stats.max,      &out->stats.mean,     &out->stats.cv,
                       &out->stats.p50,     &out->stats.p50_low,  &out->stats.p50_high, &out->stats.p95,
                       &out->stats.p95_low, &out->stats.p95_high, &out->stats.p99};
    for (size_t i = 0; i < sizeof stats / sizeof stats[0]; i++)
        *stats[i] = hone_db_real(row, at++);
    out->numerics.correct = sqlite3_column_int(row, at++);
    out->numerics.seed = (uint64_t)sqlite3_column_int64(row, at++);
    double *rest[] = {&out->numerics.err_max_abs,
                      &out->numerics.err_rel_fro,
                      &out->numerics.err_bound_ratio,
                      &out->numerics.quant_sqnr_db,
                      &out->peak_gops,
                      &out->unfused_us};
    for (size_t i = 0; i < sizeof rest / sizeof rest[0]; i++)
        *rest[i] = hone_db_real(row, at++);
}

/* `text` is the problem's, and stays while the statement is used. */
static void bind_subject(sqlite3_stmt *select, const hone_winner_subject *subject, const char *text) {
    hone_db_bind_text(select, ":fingerprint", subject->device->fingerprint);
    hone_db_bind_text(select, ":text", text);
    hone_db_bind_text(select, ":build", hone_build_id());
    hone_db_bind_int(select, ":threads", subject->threads);
    hone_db_bind_text(select, ":mode", subject->mode);
    hone_db_bind_text(select, ":objective", subject->objective);
}

/* So that a derivation reads the evidence of one problem, not of all. */
static hone_status bind_ids(int *known, sqlite3_stmt *derive, hone_db *db, const char *fingerprint,
                            const char *text) {
    static const char sql[] =
        "SELECT d.id, p.id FROM devices d, problems p WHERE d.fingerprint = :fingerprint "
        "AND p.text = :text";
    sqlite3_stmt *find;
    DB_TRY(hone_db_prepare(&find, db, sql));
    hone_db_bind_text(find, ":fingerprint", fingerprint);
    hone_db_bind_text(find, ":text", text);
    DB_TRY(hone_db_step(known, db, find, "looking a problem up"));
    if (*known) {
        hone_db_bind_int(derive, ":device", sqlite3_column_int64(find, 0));
        hone_db_bind_int(derive, ":problem", sqlite3_column_int64(find, 1));
    }
    sqlite3_reset(find);
    return HONE_OK;
}

hone_status hone_db_winner(int *found, hone_winner *out, hone_db *db, const hone_winner_subject *subject) {
    sqlite3_stmt *select;
    char text[HONE_PROBLEM_TEXT];
    int row = 0, known = 1;
    DB_TRY(hone_problem_format(text, sizeof text, subject->problem));
    DB_TRY(prepare_select(&select, db, subject->max_error));
    bind_subject(select, subject, text);
    hone_status status = HONE_OK;
    if (subject->max_error > 0)
        status = bind_ids(&known, select, db, subject->device->fingerprint, text);
    if (!status && known)
        status = hone_db_step(&row, db, select, "reading a winner");
    if (!status && row)
        read_row(out, select);
    if (!status)
        *found = row;
    sqlite3_finalize(select);
    return status;
}

/* A smaller difference in error is one that operands of another seed may turn round. */
static const double MORE_ACCURATE = 0.9;

hone_status hone_db_tradeoffs(hone_winner **out, int *count, hone_db *db,
                              const hone_winner_subject *subject) {
    hone_winner_subject limited = *subject;
    hone_winner *list = NULL;
    int rows = 0, found = 1;
    for (;;) {
        hone_winner winner;
        hone_status status = hone_db_winner(&found, &winner, db, &limited);
        hone_winner *grown = status || !found ? NULL : realloc(list, (size_t)(rows + 1) * sizeof *list);
        if (!status && found && !grown)
            status = hone_fail(HONE_E_NOMEM, "no memory for %d trade-offs", rows + 1);
        if (status) {
            free(list);
            return status;
        }
        if (!found)
            break;
        list = grown;
        list[rows++] = winner;
        limited.max_error = MORE_ACCURATE * winner.numerics.err_rel_fro;
        if (!(limited.max_error > 0))
            break;
    }
    *out = list;
    *count = rows;
    return HONE_OK;
}

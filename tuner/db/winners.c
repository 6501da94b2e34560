/* What the evidence says: winners, and what is known about one config. */
#include "db_private.h"

#include <stdio.h>
#include <stdlib.h>

#include "../../kernels/status.h"

static const char winners_sql[] =
    "SELECT device_id, problem_id, threads, objective, mode, build_id, id AS measurement_id "
    "FROM ranked WHERE rank = 1";

hone_status hone_db_prepare_winners(sqlite3_stmt **out, hone_db *db, const char *before, const char *after) {
    char *sql = NULL;
    if (asprintf(&sql, "%s%s%s%s", before, hone_embedded_ranking_sql, winners_sql, after) < 0)
        return hone_fail(HONE_E_NOMEM, "no memory for a statement");
    int code = sqlite3_prepare_v2(db->handle, sql, -1, out, NULL);
    free(sql);
    return code == SQLITE_OK ? HONE_OK : hone_db_error(db, "preparing the derivation of winners");
}

hone_status hone_db_keep_winners(sqlite3_stmt **out, hone_db *db, const char *before, const char *after) {
    if (hone_db_find_statement(out, db, before))
        return HONE_OK;
    DB_TRY(hone_db_prepare_winners(out, db, before, after));
    return hone_db_keep_statement(db, before, *out);
}

/* An id as the bounds that ranking.sql understands: 0 stands for all. */
static void bind_id(sqlite3_stmt *statement, const char *name, int64_t id) {
    if (id > 0)
        hone_db_bind_int(statement, name, id);
}

hone_status hone_db_replace_winners(hone_db *db, int64_t device, int64_t problem) {
    sqlite3_stmt *clear, *derive;
    DB_TRY(hone_db_prepare(&clear, db,
                           "DELETE FROM winners WHERE device_id = coalesce(:device, device_id) AND "
                           "problem_id = coalesce(:problem, problem_id)"));
    bind_id(clear, ":device", device);
    bind_id(clear, ":problem", problem);
    DB_TRY(hone_db_complete(db, clear, "clearing winners"));
    DB_TRY(hone_db_prepare_winners(&derive, db, "INSERT INTO winners\n", ""));
    bind_id(derive, ":device", device);
    bind_id(derive, ":problem", problem);
    hone_status status = hone_db_complete(db, derive, "deriving winners");
    sqlite3_finalize(derive);
    return status;
}

/* 0 when the text is not in the database. `sql` has one parameter, ":text". */
static hone_status id_of(int64_t *id, hone_db *db, const char *sql, const char *text) {
    sqlite3_stmt *find;
    int row = 0;
    DB_TRY(hone_db_prepare(&find, db, sql));
    hone_db_bind_text(find, ":text", text);
    DB_TRY(hone_db_step(&row, db, find, "looking a name up"));
    *id = row ? sqlite3_column_int64(find, 0) : 0;
    sqlite3_reset(find);
    return HONE_OK;
}

hone_status hone_db_derive_winners(hone_db *db, const hone_device *device, const hone_problem *problem) {
    int64_t device_id = 0, problem_id = 0;
    char text[HONE_PROBLEM_TEXT];
    if (device)
        DB_TRY(
            id_of(&device_id, db, "SELECT id FROM devices WHERE fingerprint = :text", device->fingerprint));
    if (problem) {
        DB_TRY(hone_problem_format(text, sizeof text, problem));
        DB_TRY(id_of(&problem_id, db, "SELECT id FROM problems WHERE text = :text", text));
    }
    if ((device && device_id == 0) || (problem && problem_id == 0))
        return HONE_OK; /* no evidence, no winners */
    DB_TRY(hone_db_begin(db));
    return hone_db_end(db, hone_db_replace_winners(db, device_id, problem_id));
}

/* Failures count for any mode, since a config that cannot run cannot run cold
 * either; a wrong one counts for any number of threads. Of several measurements
 * the first screening one, so that a resumed search sees what the killed one
 * saw and proposes the same. */
static const char known_sql[] =
    "WITH subject AS (SELECT d.id AS device, p.id AS problem, c.id AS config, b.id AS build"
    "  FROM devices d, problems p, configs c, builds b WHERE d.fingerprint = :device AND p.text = :problem"
    "  AND c.text = :config AND b.identity = :build)"
    "SELECT 2 AS found, NULL AS value, NULL AS error, 0 AS screen, '' AS at, '' AS uid"
    "  FROM subject s JOIN failures f ON f.device_id = s.device AND f.problem_id = s.problem AND"
    "  f.config_id = s.config JOIN runs r ON r.id = f.run_id AND r.build_id = s.build"
    "  WHERE f.provider = 'hone' AND (f.threads = :threads OR f.kind = 'wrong') "
    "UNION ALL "
    "SELECT CASE m.correct WHEN 0 THEN 2 ELSE 1 END,"
    "  CASE :objective WHEN 'p50' THEN m.p50_us WHEN 'p95' THEN m.p95_us ELSE m.mean_us END,"
    "  m.err_rel_fro, m.stage = 'screen', m.measured_at, m.uid"
    "  FROM subject s JOIN measurements m ON m.device_id = s.device AND m.problem_id = s.problem AND"
    "  m.config_id = s.config JOIN runs r ON r.id = m.run_id AND r.build_id = s.build"
    "  WHERE m.provider = 'hone' AND (m.correct = 0 OR (m.threads = :threads AND m.mode = :mode AND"
    "  m.stage <> 'bench' AND (:objective <> 'p95' OR m.p95_us IS NOT NULL))) "
    "ORDER BY found DESC, screen DESC, at, uid LIMIT 1";

hone_status hone_db_known(int *found, hone_known *out, hone_db *db, const hone_device *device,
                          const hone_problem *problem, const char *config, int threads, const char *mode,
                          const char *objective) {
    char text[HONE_PROBLEM_TEXT];
    sqlite3_stmt *known;
    int row = 0;
    DB_TRY(hone_problem_format(text, sizeof text, problem));
    DB_TRY(hone_db_prepare(&known, db, known_sql));
    hone_db_bind_text(known, ":device", device->fingerprint);
    hone_db_bind_text(known, ":problem", text);
    hone_db_bind_text(known, ":config", config);
    hone_db_bind_text(known, ":build", hone_build_id());
    hone_db_bind_int(known, ":threads", threads);
    hone_db_bind_text(known, ":mode", mode);
    hone_db_bind_text(known, ":objective", objective);
    DB_TRY(hone_db_step(&row, db, known, "looking up what is known"));
    *found = row ? sqlite3_column_int(known, 0) : 0;
    if (*found == 1)
        *out = (hone_known){hone_db_real(known, 1), hone_db_real(known, 2)};
    sqlite3_reset(known);
    return HONE_OK;
}

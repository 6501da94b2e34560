/* Pruning: evidence that no longer matters, and names that nothing refers to. */
#include "db_care.h"
#include "db_private.h"

#include <math.h>
#include <time.h>

#include "../../kernels/status.h"

extern const char hone_embedded_prune_sql[];

/* The moment `days` ago, as the database writes it. */
static hone_status moment_ago(char out[32], double days) {
    time_t then = time(NULL) - (time_t)(days * 86400);
    struct tm parts;
    if (!(days >= 0 && days < 365e3) || !gmtime_r(&then, &parts) ||
        strftime(out, 32, "%Y-%m-%dT%H:%M:%SZ", &parts) == 0)
        return hone_fail(HONE_E_USAGE, "an age of %g days is out of range; give 0 .. 365000", days);
    return HONE_OK;
}

static hone_status mark(hone_db *db, const hone_db_prune_options *options) {
    char before[32];
    sqlite3_stmt *mark_doomed;
    DB_TRY(hone_db_execute(db, "DROP TABLE IF EXISTS temp.doomed", "pruning"));
    /* CREATE TABLE AS takes no parameters in a persistent statement: its schema changes. */
    if (sqlite3_prepare_v2(db->handle, hone_embedded_prune_sql, -1, &mark_doomed, NULL) != SQLITE_OK)
        return hone_db_error(db, "pruning");
    hone_status status = HONE_OK;
    if (options->older_than_days > 0) {
        status = moment_ago(before, options->older_than_days);
        if (status == HONE_OK)
            hone_db_bind_text(mark_doomed, ":before", before);
    }
    hone_db_bind_text(mark_doomed, ":build", options->build);
    hone_db_bind_text(mark_doomed, ":device", options->device);
    if (status == HONE_OK)
        status = hone_db_complete(db, mark_doomed, "pruning");
    sqlite3_finalize(mark_doomed);
    return status;
}

#define DOOMED                                                                                               \
    "(device_id, problem_id, config_id, (SELECT build_id FROM runs WHERE runs.id = run_id)) IN "             \
    "(SELECT device_id, problem_id, config_id, build_id FROM temp.doomed)"

/* A young run may still be going on and about to refer to its row. */
static const char sweep_sql[] =
    "DELETE FROM runs WHERE started_at < strftime('%Y-%m-%dT%H:%M:%SZ', 'now', '-1 day')"
    "  AND id NOT IN (SELECT run_id FROM measurements) AND id NOT IN (SELECT run_id FROM failures);"
    "DELETE FROM builds WHERE id NOT IN (SELECT build_id FROM runs) AND id NOT IN (SELECT build_id FROM "
    "winners);"
    "DELETE FROM environments WHERE id NOT IN (SELECT environment_id FROM runs);"
    "DELETE FROM devices WHERE id NOT IN (SELECT device_id FROM measurements)"
    "  AND id NOT IN (SELECT device_id FROM failures);"
    "DELETE FROM problems WHERE id NOT IN (SELECT problem_id FROM measurements)"
    "  AND id NOT IN (SELECT problem_id FROM failures);"
    "DELETE FROM configs WHERE id NOT IN (SELECT config_id FROM measurements)"
    "  AND id NOT IN (SELECT config_id FROM failures);"
    "DROP TABLE temp.doomed";

static hone_status prune(int64_t *measurements, int64_t *failures, hone_db *db,
                         const hone_db_prune_options *options) {
    DB_TRY(mark(db, options));
    DB_TRY(hone_db_execute(db, "DELETE FROM measurements WHERE " DOOMED, "removing measurements"));
    *measurements = sqlite3_changes64(db->handle);
    DB_TRY(hone_db_execute(db, "DELETE FROM failures WHERE " DOOMED, "removing failures"));
    *failures = sqlite3_changes64(db->handle);
    return hone_db_execute(db, sweep_sql, "removing names without use");
}

hone_status hone_db_prune(int64_t *measurements, int64_t *failures, hone_db *db,
                          const hone_db_prune_options *options) {
    int64_t removed[2] = {0, 0};
    if (!(options->older_than_days > 0) && !options->build && !options->device)
        return hone_fail(HONE_E_USAGE, "nothing says what to prune; give an age, a build or a device");
    DB_TRY(hone_db_begin(db));
    DB_TRY(hone_db_end(db, prune(&removed[0], &removed[1], db, options)));
    *measurements = removed[0];
    *failures = removed[1];
    return HONE_OK;
}

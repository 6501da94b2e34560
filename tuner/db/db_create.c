/* Opening a database for writing: making the file, its folders and its schema. */
#include "db_private.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../kernels/status.h"

/* Makes every folder above the file. */
static hone_status make_folders(const char *path) {
    char folder[HONE_DB_PATH];
    int length = snprintf(folder, sizeof folder, "%s", path);
    if (length < 0 || (size_t)length >= sizeof folder)
        return hone_fail(HONE_E_USAGE, "the database's path is longer than %d bytes; use a shorter one",
                         HONE_DB_PATH);
    for (char *slash = strchr(folder + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(folder, 0777) != 0 && errno != EEXIST)
            return hone_fail(HONE_E_DATA,
                             "folder '%s' for the database cannot be made: %s; make it, or name another file "
                             "with --db",
                             folder, strerror(errno));
        *slash = '/';
    }
    return HONE_OK;
}

/* The schema goes in, or is migrated, with one transaction, so that of several
 * processes that find no or an old one one does it and the others see it whole. */
static hone_status bring_schema(hone_db *db) {
    int empty = 0;
    DB_TRY(hone_db_begin(db));
    hone_status status = hone_db_check_identity(db, &empty);
    if (status == HONE_OK)
        status = empty ? hone_db_execute(db, hone_embedded_schema_sql, "creating the schema")
                       : hone_db_migrate(db);
    return hone_db_end(db, status);
}

/* Changing the journal asks for exclusive access and does not wait for it. */
static hone_status use_write_ahead_log(hone_db *db) {
    for (int attempt = 0;; attempt++) {
        int code = sqlite3_exec(db->handle, "PRAGMA journal_mode = WAL", NULL, NULL, NULL);
        if (code == SQLITE_OK)
            return HONE_OK;
        int milliseconds = code == SQLITE_BUSY ? hone_db_backoff(attempt) : 0;
        if (milliseconds == 0)
            return hone_db_error(db, "switching to the write-ahead log");
        sqlite3_sleep(milliseconds);
    }
}

static hone_status prepare_for_writing(hone_db *db) {
    int empty = 0;
    DB_TRY(hone_db_check_identity(db, &empty));
    if (sqlite3_db_readonly(db->handle, "main") == 1)
        return hone_fail(
            HONE_E_DATA,
            "database '%s' is read-only; change the permissions of the file, or name another one "
            "with --db",
            db->path);
    if (empty || db->schema < HONE_DB_SCHEMA)
        DB_TRY(bring_schema(db));
    DB_TRY(use_write_ahead_log(db));
    /* With a write-ahead log a commit survives the end of the process at once;
     * a power cut may cost the last ones but leaves the file whole. */
    return hone_db_execute(db, "PRAGMA synchronous = NORMAL", "setting up");
}

/* Fails nobody: -1 where there is no number. */
static int64_t first_integer(hone_db *db, const char *sql) {
    sqlite3_stmt *statement = NULL;
    int64_t number = -1;
    if (sqlite3_prepare_v2(db->handle, sql, -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW)
        number = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return number;
}

static int succeeds(hone_db *db, const char *sql) {
    return sqlite3_exec(db->handle, sql, NULL, NULL, NULL) == SQLITE_OK;
}

void hone_db_abandon(hone_db *db) {
    if (db) /* there is nothing to wait for */
        sqlite3_busy_handler(db->handle, NULL, NULL);
    /* Only who is alone can leave the write-ahead log, and nobody else comes while the file is locked. All
     * evidence belongs to a run. */
    if (db && db->made && succeeds(db, "PRAGMA journal_mode = DELETE") && succeeds(db, "BEGIN EXCLUSIVE") &&
        (first_integer(db, "SELECT count(*) FROM sqlite_schema") == 0 ||
         first_integer(db, "SELECT EXISTS (SELECT 1 FROM runs)") == 0))
        unlink(db->path);
    hone_db_close(db);
}

hone_status hone_db_open_write(hone_db **out, const char *path) {
    char chosen[HONE_DB_PATH];
    struct stat info;
    hone_db *db = NULL;
    if (!path) {
        DB_TRY(hone_db_default_path(chosen, sizeof chosen));
        path = chosen;
    }
    const int there = stat(path, &info) == 0, missing = !there && errno == ENOENT;
    if (there && !S_ISREG(info.st_mode))
        return hone_fail(HONE_E_DATA, "'%s' is not a file; name a database file with --db or $HONE_DB", path);
    DB_TRY(make_folders(path));
    DB_TRY(hone_db_connect(&db, path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE));
    db->made = missing;
    hone_status status = prepare_for_writing(db);
    if (status != HONE_OK) {
        hone_db_abandon(db);
        return status;
    }
    *out = db;
    return HONE_OK;
}

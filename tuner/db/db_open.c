/* Opening a database for reading, and what every user of one needs.
 *
 * A database may come from anywhere, so it is opened as an untrusted file:
 * defensive mode, no trusted schema, no triggers, no views, bounded sizes. */
#include "lookup_private.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../../kernels/status.h"

/* No value of a Hone database comes near; a hostile one may claim to. */
enum { MAX_VALUE_BYTES = 4 << 20 };

enum {
    LONGEST_WAIT_MS = 100,
    WAIT_ATTEMPTS = 800,
    READER_ATTEMPTS = 24 /* two seconds: other lookups wait meanwhile */
};

hone_status hone_db_default_path(char *out, size_t size) {
    const char *variable = getenv("HONE_DB");
    const char *data = getenv("XDG_DATA_HOME");
    const char *home = getenv("HOME");
    int length;
    if (variable && variable[0])
        length = snprintf(out, size, "%s", variable);
    else if (data && data[0] == '/') /* the XDG rule: relative paths are ignored */
        length = snprintf(out, size, "%s/hone/hone.db", data);
    else if (home && home[0])
        length = snprintf(out, size, "%s/.local/share/hone/hone.db", home);
    else
        return hone_fail(HONE_E_USAGE, "no place for the database: $HONE_DB, $XDG_DATA_HOME and $HOME are "
                                       "unset; set one or name a file with --db");
    if (length < 0 || (size_t)length >= size)
        return hone_fail(HONE_E_USAGE, "the database's path is longer than %zu bytes; use a shorter one",
                         size);
    return HONE_OK;
}

/* What to do about SQLite's primary result codes. */
static const char *advice(int code) {
    static const struct {
        int code;
        const char *text;
    } table[] = {
        {SQLITE_NOTADB, "it is not a SQLite database; name another file"},
        {SQLITE_CORRUPT, "the file is damaged; restore a copy, or save what can be read with 'sqlite3 FILE "
                         ".recover' and run 'hone db check' on the result"},
        {SQLITE_FULL, "the disk is full; free some space and run again, what was stored is kept"},
        {SQLITE_IOERR,
         "reading or writing failed; check the disk, its free space and its quota, then run again"},
        {SQLITE_READONLY, "the file or its folder is read-only; change its permissions or name another file"},
        {SQLITE_CANTOPEN, "it cannot be opened; check that the file exists and its folder can be used"},
        {SQLITE_BUSY, "another process kept it locked for too long; end that process or try again"},
        {SQLITE_LOCKED, "another process kept it locked for too long; end that process or try again"},
        {SQLITE_PERM, "access is not permitted; check the permissions of the file and its folder"},
        {SQLITE_AUTH, "access is not permitted; check the permissions of the file and its folder"},
        {SQLITE_CONSTRAINT, "a value contradicts the schema; this should be reported"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (table[i].code == (code & 0xff))
            return table[i].text;
    return "run 'hone db check' on it";
}

hone_status hone_db_error(hone_db *db, const char *doing) {
    int code = sqlite3_errcode(db->handle);
    if (code == SQLITE_NOMEM)
        return hone_fail(HONE_E_NOMEM, "database '%s': %s: out of memory", db->path, doing);
    return hone_fail(HONE_E_DATA, "database '%s': %s: %s; %s", db->path, doing, sqlite3_errmsg(db->handle),
                     advice(code));
}

int hone_db_backoff(int attempt) {
    static _Thread_local unsigned seed;
    if (attempt >= WAIT_ATTEMPTS)
        return 0;
    if (seed == 0)
        seed = (unsigned)getpid() * 2654435761u ^ (unsigned)time(NULL);
    int longest = attempt < 6 ? 2 << attempt : LONGEST_WAIT_MS;
    return longest / 2 + (int)((unsigned)rand_r(&seed) % (unsigned)(longest / 2 + 1));
}

static int wait_when_busy(void *context, int attempt) {
    const hone_db *db = context;
    int milliseconds = db->writable || attempt < READER_ATTEMPTS ? hone_db_backoff(attempt) : 0;
    if (milliseconds == 0)
        return 0;
    sqlite3_sleep(milliseconds);
    return 1;
}

static void defend(sqlite3 *handle) {
    sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_FKEY, 1, NULL);
    sqlite3_limit(handle, SQLITE_LIMIT_LENGTH, MAX_VALUE_BYTES);
}

hone_status hone_db_connect(hone_db **out, const char *path, int flags) {
    hone_db *db = calloc(1, sizeof *db);
    if (!db)
        return hone_fail(HONE_E_NOMEM, "database '%s': out of memory", path);
    pthread_mutex_init(&db->lock, NULL);
    int length = snprintf(db->path, sizeof db->path, "%s", path);
    if (length < 0 || (size_t)length >= sizeof db->path) {
        hone_db_close(db);
        return hone_fail(HONE_E_USAGE, "the database's path is longer than %d bytes; use a shorter one",
                         HONE_DB_PATH);
    }
    /* Without SQLite's mutex: lookups hold db->lock, all else is for one thread. */
    if (sqlite3_open_v2(path, &db->handle, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE, NULL) !=
        SQLITE_OK) {
        hone_status status = db->handle ? hone_db_error(db, "opening")
                                        : hone_fail(HONE_E_NOMEM, "database '%s': out of memory", path);
        hone_db_close(db);
        return status;
    }
    defend(db->handle);
    sqlite3_busy_handler(db->handle, wait_when_busy, db);
    db->writable = (flags & SQLITE_OPEN_READWRITE) != 0;
    *out = db;
    return HONE_OK;
}

void hone_db_close(hone_db *db) {
    if (!db)
        return;
    hone_lookup_cache_destroy(db->cache);
    hone_winner_index_destroy(db->indexes);
    hone_db_close(db->below);
    for (int i = 0; i < db->statement_count; i++)
        sqlite3_finalize(db->statements[i].statement);
    sqlite3_close(db->handle);
    pthread_mutex_destroy(&db->lock);
    free(db);
}

typedef struct identity {
    int64_t application, version, tables;
} identity;

/* One statement, hence one snapshot: another process may be creating the
 * schema, and is to be seen before it or after it. */
static hone_status read_identity(identity *out, hone_db *db) {
    static const char sql[] = "SELECT application_id, user_version,"
                              " (SELECT count(*) FROM sqlite_schema WHERE type = 'table')"
                              " FROM pragma_application_id, pragma_user_version";
    sqlite3_stmt *statement;
    if (sqlite3_prepare_v2(db->handle, sql, -1, &statement, NULL) != SQLITE_OK)
        return hone_db_error(db, "reading its identity");
    hone_status status = HONE_OK;
    if (sqlite3_step(statement) == SQLITE_ROW)
        *out = (identity){sqlite3_column_int64(statement, 0), sqlite3_column_int64(statement, 1),
                          sqlite3_column_int64(statement, 2)};
    else
        status = hone_db_error(db, "reading its identity");
    sqlite3_finalize(statement);
    return status;
}

hone_status hone_db_check_identity(hone_db *db, int *empty) {
    identity is = {0};
    DB_TRY(read_identity(&is, db));
    if (empty)
        *empty = is.application == 0 && is.version == 0 && is.tables == 0;
    if (empty && *empty)
        return HONE_OK;
    if (is.application != HONE_DB_APPLICATION_ID)
        return hone_fail(HONE_E_DATA,
                         "'%s' is a SQLite database, but not one of Hone (application_id %lld); name another "
                         "file with --db",
                         db->path, (long long)is.application);
    if (is.version > HONE_DB_SCHEMA)
        return hone_fail(HONE_E_DATA,
                         "database '%s' has schema %lld, written by a newer Hone; this one knows up to %d: "
                         "upgrade Hone or name another file",
                         db->path, (long long)is.version, HONE_DB_SCHEMA);
    if (is.version < 1 || is.tables == 0)
        return hone_fail(HONE_E_DATA,
                         "database '%s' is damaged: schema version %lld and %lld tables; restore a copy",
                         db->path, (long long)is.version, (long long)is.tables);
    db->schema = (int)is.version;
    if (!db->stored_schema && !db->made)
        db->stored_schema = db->schema;
    return HONE_OK;
}

/* "file:PATH?immutable=1" with the characters that a URI reserves escaped. */
static hone_status immutable_uri(char *out, size_t size, const char *path) {
    size_t used = (size_t)snprintf(out, size, "file:");
    for (; *path && used + 4 < size; path++) {
        const char *format = strchr("%?#", *path) ? "%%%02X" : "%c";
        used += (size_t)snprintf(out + used, size - used, format, (unsigned char)*path);
    }
    int length = snprintf(out + used, size - used, "?immutable=1");
    if (*path || length < 0 || (size_t)length >= size - used)
        return hone_fail(HONE_E_USAGE, "the database's path is longer than %zu bytes; use a shorter one",
                         size);
    return HONE_OK;
}

/* Bytes in the write-ahead log beside a database; 0 when there is none. */
static int64_t log_size(const char *path) {
    char name[HONE_DB_PATH + 8];
    struct stat info;
    snprintf(name, sizeof name, "%s-wal", path);
    return stat(name, &info) == 0 ? info.st_size : 0;
}

static int needs_immutable(hone_db *db) {
    switch (sqlite3_errcode(db->handle) & 0xff) {
    case SQLITE_CANTOPEN:
    case SQLITE_READONLY:
    case SQLITE_PERM:
        return 1;
    default:
        return 0;
    }
}

/* Connects and checks; on failure *retry says whether the file might be read as immutable. */
static hone_status open_checked(hone_db **out, int *retry, const char *path, int flags) {
    hone_db *db;
    DB_TRY(hone_db_connect(&db, path, SQLITE_OPEN_READONLY | flags));
    hone_status status = hone_db_check_identity(db, NULL);
    if (status != HONE_OK) {
        *retry = needs_immutable(db);
        hone_db_close(db);
        return status;
    }
    *out = db;
    return HONE_OK;
}

/* A database in WAL mode needs a shared-memory file beside it even to be read.
 * Where none can be made (a read-only folder) the file is opened as immutable,
 * which is sound only when no log beside it holds newer pages. */
static hone_status open_immutable(hone_db **out, const char *path) {
    char uri[HONE_DB_PATH];
    int retry;
    if (log_size(path) > 0)
        return hone_fail(
            HONE_E_DATA,
            "database '%s' has changes in '%s-wal' that cannot be read in a read-only folder; copy "
            "both files to a folder that can be written, or run 'hone db check' with permission",
            path, path);
    DB_TRY(immutable_uri(uri, sizeof uri, path));
    DB_TRY(open_checked(out, &retry, uri, SQLITE_OPEN_URI));
    snprintf((*out)->path, sizeof(*out)->path, "%s", path);
    return HONE_OK;
}

/* A copy in a temporary file, brought up to date: what reads databases knows one schema. */
static hone_status copy_migrated(hone_db **out, hone_db *old) {
    hone_db *copy;
    DB_TRY(hone_db_connect(&copy, "", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE));
    copy->schema = copy->stored_schema = old->schema;
    copy->writable = 0;
    snprintf(copy->path, sizeof copy->path, "%s", old->path);
    sqlite3_backup *backup = sqlite3_backup_init(copy->handle, "main", old->handle, "main");
    int code = backup ? sqlite3_backup_step(backup, -1) : SQLITE_ERROR;
    sqlite3_backup_finish(backup);
    hone_status status = code == SQLITE_DONE ? HONE_OK : hone_db_error(copy, "copying an older schema");
    if (status == HONE_OK)
        status = hone_db_migrate(copy);
    if (status == HONE_OK)
        status = hone_db_execute(copy, "PRAGMA query_only = ON", "setting up");
    if (status != HONE_OK) {
        hone_db_close(copy);
        return status;
    }
    *out = copy;
    return HONE_OK;
}

static hone_status open_current(hone_db **out, const char *path) {
    hone_db *db = NULL;
    int retry = 0;
    hone_status status = open_checked(&db, &retry, path, 0);
    if (status != HONE_OK && retry)
        status = open_immutable(&db, path);
    if (status == HONE_OK && db->schema < HONE_DB_SCHEMA) {
        hone_db *old = db;
        status = copy_migrated(&db, old);
        hone_db_close(old);
    }
    if (status == HONE_OK)
        *out = db;
    return status;
}

hone_status hone_db_open_one(hone_db **out, const char *path) {
    char chosen[HONE_DB_PATH];
    struct stat info;
    if (!path) {
        DB_TRY(hone_db_default_path(chosen, sizeof chosen));
        path = chosen;
    }
    if (stat(path, &info) != 0)
        return hone_fail(HONE_E_DATA,
                         "database '%s' cannot be found: %s; name another with --db or $HONE_DB, or make one "
                         "with 'hone tune'",
                         path, strerror(errno));
    if (!S_ISREG(info.st_mode))
        return hone_fail(HONE_E_DATA, "'%s' is not a file; name a database file with --db or $HONE_DB", path);
    return open_current(out, path);
}

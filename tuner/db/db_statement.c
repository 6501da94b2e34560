/* Statements, transactions and bindings: SQLite in this project's manner. */
#include "db_private.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>

#include "../../kernels/status.h"

int hone_db_find_statement(sqlite3_stmt **out, hone_db *db, const char *key) {
    for (int i = 0; i < db->statement_count; i++)
        if (db->statements[i].sql == key) {
            *out = db->statements[i].statement;
            sqlite3_reset(*out);
            sqlite3_clear_bindings(*out);
            return 1;
        }
    return 0;
}

hone_status hone_db_keep_statement(hone_db *db, const char *key, sqlite3_stmt *statement) {
    if (db->statement_count == HONE_DB_STATEMENTS) {
        sqlite3_finalize(statement);
        return hone_fail(HONE_E_NOMEM, "database '%s': more than %d statements", db->path,
                         HONE_DB_STATEMENTS);
    }
    db->statements[db->statement_count].sql = key;
    db->statements[db->statement_count++].statement = statement;
    return HONE_OK;
}

hone_status hone_db_prepare(sqlite3_stmt **out, hone_db *db, const char *sql) {
    if (hone_db_find_statement(out, db, sql))
        return HONE_OK;
    if (sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, out, NULL) != SQLITE_OK)
        return hone_db_error(db, "preparing a statement");
    return hone_db_keep_statement(db, sql, *out);
}

hone_status hone_db_step(int *row, hone_db *db, sqlite3_stmt *statement, const char *doing) {
    if (db->stop && *db->stop) {
        sqlite3_reset(statement);
        return hone_fail(HONE_E_INTERRUPTED, "stopped by a signal while %s", doing);
    }
    int code = sqlite3_step(statement);
    if (code != SQLITE_ROW && code != SQLITE_DONE) {
        hone_status status = hone_db_error(db, doing);
        sqlite3_reset(statement);
        return status;
    }
    *row = code == SQLITE_ROW;
    if (code == SQLITE_DONE)
        sqlite3_reset(statement); /* ends the read transaction */
    return HONE_OK;
}

hone_status hone_db_complete(hone_db *db, sqlite3_stmt *statement, const char *doing) {
    int row = 0;
    return hone_db_step(&row, db, statement, doing);
}

hone_status hone_db_execute(hone_db *db, const char *sql, const char *doing) {
    return sqlite3_exec(db->handle, sql, NULL, NULL, NULL) == SQLITE_OK ? HONE_OK : hone_db_error(db, doing);
}

hone_status hone_db_integer(int64_t *out, hone_db *db, const char *sql, const char *doing) {
    sqlite3_stmt *statement;
    if (sqlite3_prepare_v2(db->handle, sql, -1, &statement, NULL) != SQLITE_OK)
        return hone_db_error(db, doing);
    hone_status status = HONE_OK;
    if (sqlite3_step(statement) == SQLITE_ROW)
        *out = sqlite3_column_int64(statement, 0);
    else
        status = hone_db_error(db, doing);
    sqlite3_finalize(statement);
    return status;
}

hone_status hone_db_begin(hone_db *db) {
    return hone_db_execute(db, "BEGIN IMMEDIATE", "taking the write lock");
}

hone_status hone_db_end(hone_db *db, hone_status status) {
    if (status == HONE_OK)
        status = hone_db_execute(db, "COMMIT", "committing");
    /* Some failures (a full disk) have rolled back by themselves. */
    if (status != HONE_OK && !sqlite3_get_autocommit(db->handle))
        sqlite3_exec(db->handle, "ROLLBACK", NULL, NULL, NULL);
    return status;
}

static int parameter(sqlite3_stmt *statement, const char *name) {
    int index = sqlite3_bind_parameter_index(statement, name);
    assert(index > 0);
    return index;
}

void hone_db_bind_text(sqlite3_stmt *statement, const char *name, const char *text) {
    sqlite3_bind_text(statement, parameter(statement, name), text, -1, SQLITE_STATIC);
}

void hone_db_bind_int(sqlite3_stmt *statement, const char *name, int64_t value) {
    sqlite3_bind_int64(statement, parameter(statement, name), value);
}

void hone_db_bind_real(sqlite3_stmt *statement, const char *name, double value) {
    /* SQLite stores NaN as NULL, which is what an unknown number is here. */
    sqlite3_bind_double(statement, parameter(statement, name), value);
}

const char *hone_db_text(sqlite3_stmt *statement, int column) {
    const unsigned char *text = sqlite3_column_text(statement, column);
    return text ? (const char *)text : "";
}

int hone_db_copy_text(char *out, size_t size, const char *text) {
    int length = snprintf(out, size, "%s", text);
    return length >= 0 && (size_t)length < size;
}

double hone_db_real(sqlite3_stmt *statement, int column) {
    return sqlite3_column_type(statement, column) == SQLITE_NULL ? NAN
                                                                 : sqlite3_column_double(statement, column);
}

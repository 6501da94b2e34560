#include "db_record.h"

#include <string.h>

#include "../../kernels/status.h"

const hone_record_kind hone_record_kinds[] = {
    {"device", "devices", "fingerprint", 1},
    {"build", "builds", "identity", 1},
    {"environment", "environments", "identity", 0},
    {"run", "runs", "uid", 0},
    {"problem", "problems", "text", 0},
    {"config", "configs", "text", 0},
    {"measurement", "measurements", "uid", 0},
    {"failure", "failures", "uid", 0},
};
const int hone_record_kind_count = sizeof hone_record_kinds / sizeof hone_record_kinds[0];

const hone_record_kind *hone_record_kind_find(const char *name) {
    for (int i = 0; i < hone_record_kind_count; i++)
        if (strcmp(hone_record_kinds[i].name, name) == 0)
            return &hone_record_kinds[i];
    return NULL;
}

/* The kind that a column such as "run_id" refers to; NULL for a plain column. */
static const hone_record_kind *referred(const char *column) {
    for (int i = 0; i < hone_record_kind_count; i++) {
        size_t length = strlen(hone_record_kinds[i].name);
        if (strncmp(column, hone_record_kinds[i].name, length) == 0 && strcmp(column + length, "_id") == 0)
            return &hone_record_kinds[i];
    }
    return NULL;
}

/* Adds what one column contributes to a list of the statement. `fallback`: the column's default as SQL; NULL:
 * none. */
typedef void (*column_writer)(sqlite3_str *sql, const char *column, const hone_record_kind *reference,
                              const char *fallback);

static void write_field(sqlite3_str *sql, const char *column, const hone_record_kind *reference,
                        const char *fallback) {
    (void)fallback;
    if (reference)
        sqlite3_str_appendf(sql, "(SELECT p.%s FROM %s p WHERE p.id = t.\"%w\") AS %s", reference->key,
                            reference->table, column, reference->name);
    else
        sqlite3_str_appendf(sql, "t.\"%w\"", column); /* another's file may name a column anything */
}

static void write_column(sqlite3_str *sql, const char *column, const hone_record_kind *reference,
                         const char *fallback) {
    (void)reference;
    (void)fallback;
    sqlite3_str_appendall(sql, column);
}

static void write_parameter(sqlite3_str *sql, const char *column, const hone_record_kind *reference,
                            const char *fallback) {
    if (reference)
        sqlite3_str_appendf(sql, "(SELECT id FROM %s WHERE %s = :%s)", reference->table, reference->key,
                            reference->name);
    else if (fallback) /* records of a schema that did not have the column */
        sqlite3_str_appendf(sql, "coalesce(:%s, %s)", column, fallback);
    else
        sqlite3_str_appendf(sql, ":%s", column);
}

static void write_settled(sqlite3_str *sql, const char *column, const hone_record_kind *reference,
                          const char *fallback) {
    (void)reference;
    (void)fallback;
    sqlite3_str_appendf(sql, "%s = min(%s, excluded.%s)", column, column, column);
}

/* A list over the table's columns, without the local id and computed ones. */
static hone_status write_list(sqlite3_str *sql, hone_db *db, const hone_record_kind *kind,
                              column_writer write) {
    sqlite3_stmt *columns;
    int row = 0, written = 0;
    DB_TRY(hone_db_prepare(&columns, db, "SELECT name, dflt_value FROM pragma_table_info(:table)"));
    hone_db_bind_text(columns, ":table", kind->table);
    for (;;) {
        DB_TRY(hone_db_step(&row, db, columns, "reading the schema"));
        if (!row)
            return HONE_OK;
        const char *column = hone_db_text(columns, 0);
        if (strcmp(column, "id") == 0)
            continue;
        if (written++)
            sqlite3_str_appendall(sql, ", ");
        write(sql, column, referred(column), (const char *)sqlite3_column_text(columns, 1));
    }
}

/* Prepares and frees the text; returns `status` when that is a failure already. */
static hone_status prepare_text(sqlite3_stmt **out, hone_db *db, sqlite3_str *sql, hone_status status) {
    char *text = sqlite3_str_finish(sql);
    if (status == HONE_OK && !text)
        status = hone_fail(HONE_E_NOMEM, "no memory for a statement");
    if (status == HONE_OK && sqlite3_prepare_v2(db->handle, text, -1, out, NULL) != SQLITE_OK)
        status = hone_db_error(db, "preparing a statement");
    sqlite3_free(text);
    return status;
}

hone_status hone_record_select(sqlite3_stmt **out, hone_db *db, const hone_record_kind *kind) {
    sqlite3_str *sql = sqlite3_str_new(db->handle);
    sqlite3_str_appendall(sql, "SELECT ");
    hone_status status = write_list(sql, db, kind, write_field);
    sqlite3_str_appendf(sql, " FROM %s t ORDER BY t.%s", kind->table, kind->key);
    return prepare_text(out, db, sql, status);
}

hone_status hone_record_insert(sqlite3_stmt **out, hone_db *db, const hone_record_kind *kind) {
    sqlite3_str *sql = sqlite3_str_new(db->handle);
    sqlite3_str_appendf(sql, "INSERT INTO %s (", kind->table);
    hone_status status = write_list(sql, db, kind, write_column);
    sqlite3_str_appendall(sql, ") VALUES (");
    if (status == HONE_OK)
        status = write_list(sql, db, kind, write_parameter);
    sqlite3_str_appendf(sql, ") ON CONFLICT (%s) DO ", kind->key);
    sqlite3_str_appendall(sql, kind->settle ? "UPDATE SET " : "NOTHING");
    if (status == HONE_OK && kind->settle)
        status = write_list(sql, db, kind, write_settled);
    return prepare_text(out, db, sql, status);
}

void hone_record_count(hone_db_added *added, const hone_db *db, const hone_record_kind *kind) {
    const int stored = sqlite3_changes(db->handle) > 0;
    added->measurements += stored && strcmp(kind->name, "measurement") == 0;
    added->failures += stored && strcmp(kind->name, "failure") == 0;
}

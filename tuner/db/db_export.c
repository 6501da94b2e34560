/* Export and import: records as JSON lines. A field that is NULL is left out;
 * an infinite number, which JSON lacks, is {"infinite":1} or {"infinite":-1}. */
#include "db_care.h"
#include "db_record.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../kernels/status.h"

/* ---- export */

/* A blob of binary32 values, little-endian. */
static json_t *samples_to_json(const unsigned char *blob, int size) {
    json_t *array = json_array();
    for (int i = 0; i + 4 <= size; i += 4) {
        uint32_t bits =
            blob[i] | (uint32_t)blob[i + 1] << 8 | (uint32_t)blob[i + 2] << 16 | (uint32_t)blob[i + 3] << 24;
        float value;
        memcpy(&value, &bits, sizeof value);
        if (json_array_append_new(array, json_real((double)value)) != 0) {
            json_decref(array);
            return NULL;
        }
    }
    return array;
}

static json_t *real_to_json(double value) {
    return isinf(value) ? json_pack("{s:i}", "infinite", value > 0 ? 1 : -1) : json_real(value);
}

static json_t *value_to_json(sqlite3_stmt *row, int column) {
    switch (sqlite3_column_type(row, column)) {
    case SQLITE_INTEGER:
        return json_integer(sqlite3_column_int64(row, column));
    case SQLITE_FLOAT:
        return real_to_json(sqlite3_column_double(row, column));
    case SQLITE_BLOB:
        return samples_to_json(sqlite3_column_blob(row, column), sqlite3_column_bytes(row, column));
    default:
        return json_string(hone_db_text(row, column));
    }
}

static hone_status write_line(FILE *out, json_t *object) {
    int failed =
        json_dumpf(object, out, JSON_COMPACT | JSON_REAL_PRECISION(17)) != 0 || putc('\n', out) == EOF;
    json_decref(object);
    return failed
               ? hone_fail(HONE_E_DATA, "the export cannot be written: %s; check the disk and its free space",
                           strerror(errno))
               : HONE_OK;
}

static hone_status export_record(FILE *out, const hone_record_kind *kind, sqlite3_stmt *row) {
    json_t *object = json_pack("{s:s}", "record", kind->name);
    for (int i = 0; object && i < sqlite3_column_count(row); i++) {
        if (sqlite3_column_type(row, i) == SQLITE_NULL)
            continue;
        if (json_object_set_new(object, sqlite3_column_name(row, i), value_to_json(row, i)) != 0) {
            json_decref(object);
            return hone_fail(HONE_E_DATA,
                             "a %s cannot be exported: field '%s' is not text or a number; run 'hone "
                             "db check'",
                             kind->name, sqlite3_column_name(row, i));
        }
    }
    return object ? write_line(out, object) : hone_fail(HONE_E_NOMEM, "no memory for a record");
}

static hone_status export_kind(FILE *out, hone_db *db, const hone_record_kind *kind) {
    sqlite3_stmt *select = NULL;
    int row = 0;
    hone_status status = hone_record_select(&select, db, kind);
    while (status == HONE_OK) {
        status = hone_db_step(&row, db, select, "reading records");
        if (status != HONE_OK || !row)
            break;
        status = export_record(out, kind, select);
    }
    sqlite3_finalize(select);
    return status;
}

static hone_status export_all(FILE *out, hone_db *db) {
    json_t *header = json_pack("{s:s, s:i}", "record", "hone", "schema", HONE_DB_SCHEMA);
    if (!header)
        return hone_fail(HONE_E_NOMEM, "no memory for a record");
    DB_TRY(write_line(out, header));
    for (int i = 0; i < hone_record_kind_count; i++)
        DB_TRY(export_kind(out, db, &hone_record_kinds[i]));
    if (fflush(out) != 0)
        return hone_fail(HONE_E_DATA, "the export cannot be written: %s; check the disk and its free space",
                         strerror(errno));
    return HONE_OK;
}

hone_status hone_db_export(FILE *out, hone_db *db) {
    DB_TRY(hone_db_execute(db, "BEGIN", "reading"));
    return hone_db_end(db, export_all(out, db));
}

/* ---- import */

enum { MAX_KINDS = 16 };

typedef struct importer {
    hone_db *db;
    sqlite3_stmt *inserts[MAX_KINDS]; /* prepared when the first record of a kind comes */
    int headed;                       /* 1: the schema line was read */
    hone_db_added added;
} importer;

static hone_status bind_samples(sqlite3_stmt *insert, int index, const json_t *array) {
    size_t count = json_array_size(array);
    unsigned char *blob = malloc(count ? 4 * count : 1);
    if (!blob)
        return hone_fail(HONE_E_NOMEM, "no memory for %zu samples", count);
    for (size_t i = 0; i < count; i++) {
        const json_t *item = json_array_get(array, i);
        /* What has no place in binary32 would come out as infinite, which no array of numbers holds. */
        if (!json_is_number(item) || !isfinite((float)json_number_value(item))) {
            free(blob);
            return hone_fail(HONE_E_DATA, "sample %zu is not a number, or too large for one", i);
        }
        hone_db_pack_sample(blob + 4 * i, json_number_value(item));
    }
    if (sqlite3_bind_blob64(insert, index, blob, 4 * (sqlite3_uint64)count, free) != SQLITE_OK)
        return hone_fail(HONE_E_DATA, "%zu samples are more than a record can hold", count);
    return HONE_OK;
}

static hone_status bind_value(sqlite3_stmt *insert, int index, const char *field, const json_t *value) {
    int code = SQLITE_OK;
    if (json_is_string(value))
        code = sqlite3_bind_text(insert, index, json_string_value(value), -1, SQLITE_TRANSIENT);
    else if (json_is_integer(value))
        code = sqlite3_bind_int64(insert, index, json_integer_value(value));
    else if (json_is_real(value))
        code = sqlite3_bind_double(insert, index, json_real_value(value));
    else if (json_is_array(value))
        return bind_samples(insert, index, value);
    else if (json_is_integer(json_object_get(value, "infinite")))
        code = sqlite3_bind_double(
            insert, index, json_integer_value(json_object_get(value, "infinite")) > 0 ? INFINITY : -INFINITY);
    else if (!json_is_null(value))
        return hone_fail(HONE_E_DATA, "field '%s' is not text, a number or an array of numbers", field);
    return code == SQLITE_OK ? HONE_OK : hone_fail(HONE_E_DATA, "field '%s' is too long", field);
}

static hone_status import_header(importer *import, const json_t *object) {
    const json_t *schema = json_object_get(object, "schema");
    if (!json_is_integer(schema) || json_integer_value(schema) < 1)
        return hone_fail(HONE_E_DATA, "the first record has no schema number; it is not an export of hone");
    if (json_integer_value(schema) > HONE_DB_SCHEMA)
        return hone_fail(HONE_E_DATA,
                         "schema %lld was written by a newer Hone; this one knows up to %d: upgrade",
                         (long long)json_integer_value(schema), HONE_DB_SCHEMA);
    import->headed = 1;
    return HONE_OK;
}

static hone_status import_record(importer *import, json_t *object, const hone_record_kind *kind) {
    sqlite3_stmt **insert = &import->inserts[kind - hone_record_kinds];
    const char *field;
    json_t *value;
    char name[64];
    if (!*insert)
        DB_TRY(hone_record_insert(insert, import->db, kind));
    sqlite3_clear_bindings(*insert);
    json_object_foreach(object, field, value) {
        if (strcmp(field, "record") == 0)
            continue;
        snprintf(name, sizeof name, ":%s", field);
        int index = sqlite3_bind_parameter_index(*insert, name);
        if (index == 0)
            return hone_fail(HONE_E_DATA, "a %s has no field '%.60s'", kind->name, field);
        DB_TRY(bind_value(*insert, index, field, value));
    }
    hone_status status = hone_db_complete(import->db, *insert, "storing a record");
    if (status == HONE_OK)
        hone_record_count(&import->added, import->db, kind);
    if (status == HONE_E_DATA && sqlite3_extended_errcode(import->db->handle) == SQLITE_CONSTRAINT_NOTNULL)
        return hone_fail(HONE_E_DATA,
                         "a %s lacks a field, or refers to something that no line before it "
                         "describes: %s",
                         kind->name, sqlite3_errmsg(import->db->handle));
    return status;
}

static hone_status import_line(importer *import, const char *line, size_t length) {
    json_error_t error;
    json_t *object = json_loadb(line, length, JSON_REJECT_DUPLICATES, &error);
    if (!object)
        return hone_fail(HONE_E_DATA, "not JSON: %s", error.text);
    const char *name = json_string_value(json_object_get(object, "record"));
    const hone_record_kind *kind = name ? hone_record_kind_find(name) : NULL;
    hone_status status;
    if (name && strcmp(name, "hone") == 0)
        status = import_header(import, object);
    else if (!import->headed)
        status =
            hone_fail(HONE_E_DATA, "the first record is not {\"record\":\"hone\",...}; it is not an export "
                                   "of hone");
    else if (!kind)
        status = hone_fail(HONE_E_DATA, "record '%.60s' is unknown", name ? name : "");
    else
        status = import_record(import, object, kind);
    json_decref(object);
    return status;
}

/* Files that are taken for exports, by a member near their beginning. */
static const struct {
    const char *member, *what;
} foreign[] = {
    {"\"tune_params_keys\"", "a cache of Kernel Tuner, which 'hone tune --simulate' replays"},
    {"\"benchmarks\"",
     "a results file of hone bench, which 'hone gate' compares and 'hone report --peers' shows"},
    {"\"ConfigurationSpace\"", "a space in T1, which 'hone tune --simulate CACHE --space' takes"},
    {"\"results\"", "results in T4, which 'hone tune --simulate' replays; evidence is what 'hone db export' "
                    "writes without --format"},
};
enum { FOREIGN_BYTES = 1 << 16 };

static const char *find_foreign(const char *text, size_t size) {
    for (size_t i = 0; i < sizeof foreign / sizeof foreign[0]; i++)
        if (memmem(text, size, foreign[i].member, strlen(foreign[i].member)))
            return foreign[i].what;
    return NULL;
}

/* Where the file is another's, says what it is instead of what is wrong with its first line. An object may go
 * on in the lines that follow. */
static hone_status explain_first(hone_status status, FILE *in, const char *name, const char *line,
                                 size_t length) {
    char *more = NULL;
    size_t capacity = 0;
    ssize_t next = 0;
    const char *what = find_foreign(line, length);
    for (size_t used = length; !what && line[0] == '{' && used < FOREIGN_BYTES && next >= 0;
         used += (size_t)next)
        if ((next = getline(&more, &capacity, in)) > 0)
            what = find_foreign(more, (size_t)next);
    free(more);
    return what ? hone_fail(status, "'%s' is no export of hone but %s", name, what) : status;
}

static hone_status import_lines(importer *import, FILE *in, const char *name) {
    char *line = NULL;
    size_t capacity = 0;
    ssize_t length;
    hone_status status = HONE_OK;
    for (long number = 1; status == HONE_OK && (length = getline(&line, &capacity, in)) >= 0; number++) {
        if (length == 1 && line[0] == '\n')
            continue;
        status = import_line(import, line, (size_t)length);
        if (status != HONE_OK)
            hone_fail_context(status, "'%s', line %ld", name, number);
        if (status == HONE_E_DATA && !import->headed)
            status = explain_first(status, in, name, line, (size_t)length);
    }
    free(line);
    if (status == HONE_OK && ferror(in))
        status = hone_fail(HONE_E_DATA, "'%s' cannot be read: %s", name, strerror(errno));
    if (status == HONE_OK && !import->headed)
        status = hone_fail(HONE_E_DATA, "'%s' is empty; it is not an export of hone", name);
    return status;
}

static hone_status import_all(hone_db_added *added, hone_db *db, FILE *in, const char *name) {
    importer import = {.db = db};
    hone_status status = import_lines(&import, in, name);
    for (int i = 0; i < MAX_KINDS; i++)
        sqlite3_finalize(import.inserts[i]);
    if (status == HONE_OK)
        status = hone_db_check_problems(db);
    if (status == HONE_OK)
        status = hone_db_replace_winners(db, 0, 0);
    if (status == HONE_OK && added)
        *added = import.added;
    return status;
}

hone_status hone_db_import(hone_db_added *added, hone_db *db, FILE *in, const char *name) {
    if (hone_record_kind_count > MAX_KINDS)
        return hone_fail(HONE_E_DATA, "more than %d kinds of records", MAX_KINDS);
    DB_TRY(hone_db_begin(db));
    return hone_db_end(db, import_all(added, db, in, name));
}

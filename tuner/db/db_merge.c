/* Merging: copying records by their natural keys. */
#include "db_care.h"
#include "db_record.h"

#include "../../kernels/status.h"

/* Binds every field of a record to the parameter of its name. */
static hone_status bind_record(sqlite3_stmt *insert, sqlite3_stmt *record, const hone_record_kind *kind) {
    char name[64];
    for (int i = 0; i < sqlite3_column_count(record); i++) {
        snprintf(name, sizeof name, ":%s", sqlite3_column_name(record, i));
        int index = sqlite3_bind_parameter_index(insert, name);
        if (index == 0)
            return hone_fail(HONE_E_DATA,
                             "table %s has a column '%.60s' that no Hone makes; run 'hone db check'",
                             kind->table, sqlite3_column_name(record, i));
        if (sqlite3_bind_value(insert, index, sqlite3_column_value(record, i)) != SQLITE_OK)
            return hone_fail(HONE_E_NOMEM, "no memory for a record");
    }
    return HONE_OK;
}

static hone_status copy_kind(hone_db_added *added, hone_db *to, hone_db *from, const hone_record_kind *kind) {
    sqlite3_stmt *select = NULL, *insert = NULL;
    int row = 0;
    hone_status status = hone_record_select(&select, from, kind);
    if (status == HONE_OK)
        status = hone_record_insert(&insert, to, kind);
    while (status == HONE_OK) {
        status = hone_db_step(&row, from, select, "reading records");
        if (status != HONE_OK || !row)
            break;
        status = bind_record(insert, select, kind);
        if (status == HONE_OK)
            status = hone_db_complete(to, insert, "storing a record");
        if (status == HONE_OK)
            hone_record_count(added, to, kind);
    }
    sqlite3_finalize(select);
    sqlite3_finalize(insert);
    return status;
}

static hone_status copy_all(hone_db_added *added, hone_db *to, hone_db *from) {
    /* One read transaction, so that no record comes without those it refers to. */
    DB_TRY(hone_db_execute(from, "BEGIN", "reading"));
    hone_status status = HONE_OK;
    for (int i = 0; i < hone_record_kind_count && status == HONE_OK; i++)
        status = copy_kind(added, to, from, &hone_record_kinds[i]);
    return hone_db_end(from, status);
}

static hone_status merge_inputs(hone_db_added *added, hone_db *to, const char *const *inputs, int count) {
    hone_db_added copied = {0};
    for (int i = 0; i < count; i++) {
        hone_db *from;
        DB_TRY(hone_db_open(&from, inputs[i]));
        hone_status status = copy_all(&copied, to, from);
        hone_db_close(from);
        if (status != HONE_OK)
            return hone_fail_context(status, "merging '%s'", inputs[i]);
    }
    DB_TRY(hone_db_check_problems(to));
    DB_TRY(hone_db_replace_winners(to, 0, 0));
    if (added)
        *added = copied;
    return HONE_OK;
}

hone_status hone_db_add_database(hone_db_added *added, hone_db *db, const char *input) {
    DB_TRY(hone_db_begin(db));
    return hone_db_end(db, merge_inputs(added, db, &input, 1));
}

hone_status hone_db_merge(hone_db_added *added, const char *output, const char *const *inputs, int count) {
    hone_db *to;
    /* A bad input is found before an output file is made for it. */
    for (int i = 0; i < count; i++) {
        hone_db *from;
        DB_TRY(hone_db_open(&from, inputs[i]));
        hone_db_close(from);
    }
    DB_TRY(hone_db_open_write(&to, output));
    hone_status status = hone_db_begin(to);
    if (status == HONE_OK)
        status = hone_db_end(to, merge_inputs(added, to, inputs, count));
    if (status != HONE_OK) {
        hone_db_abandon(to);
        return status;
    }
    if (added)
        added->stored_schema = to->stored_schema;
    hone_db_close(to);
    return HONE_OK;
}

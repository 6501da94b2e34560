/* Reading databases into a report. */
#include "report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../harness/clock.h"
#include "../../kernels/status.h"
#include "../db/db.h"

extern const char hone_embedded_report_winners_sql[];
extern const char hone_embedded_report_rivals_sql[];
extern const char hone_embedded_report_failures_sql[];
extern const char hone_embedded_report_runs_sql[];

/* ---- memory */

/* A new zeroed item at the end; NULL when memory is short. Moves the others. */
static void *append(hone_report_array *array) {
    if (array->count == array->capacity) {
        size_t capacity = array->capacity ? 2 * array->capacity : 32;
        void *grown = realloc(array->items, capacity * array->size);
        if (!grown)
            return NULL;
        array->items = grown;
        array->capacity = capacity;
    }
    void *item = (char *)array->items + array->count++ * array->size;
    return memset(item, 0, array->size);
}

static hone_status no_memory(void) { return hone_fail(HONE_E_NOMEM, "no memory for the report"); }

/* A copy that lives as long as the report; NULL when memory is short. */
static const char *keep(hone_report *report, const char *text) {
    char **slot = append(&report->texts);
    if (!slot)
        return NULL;
    *slot = strdup(text);
    return *slot;
}

void hone_report_destroy(hone_report *report) {
    if (!report)
        return;
    for (size_t i = 0; i < report->texts.count; i++)
        free(((char **)report->texts.items)[i]);
    hone_report_array *arrays[] = {&report->rows, &report->rivals,  &report->failures,
                                   &report->runs, &report->devices, &report->texts};
    for (size_t i = 0; i < sizeof arrays / sizeof arrays[0]; i++)
        free(arrays[i]->items);
    free(report);
}

/* ---- reading */

/* Empty texts and unknown numbers. */
static void clear_record(void *record, const hone_report_field *fields) {
    static const char *const empty = "";
    static const double unknown = NAN;
    for (const hone_report_field *f = fields; f->name; f++) {
        if (hone_report_is_text(f))
            memcpy((char *)record + f->offset, &empty, sizeof empty);
        else
            memcpy((char *)record + f->offset, &unknown, sizeof unknown);
    }
}

/* Fills the fields that the statement's row has, by name. */
static hone_status read_record(hone_report *report, void *record, const hone_report_field *fields,
                               sqlite3_stmt *statement) {
    clear_record(record, fields);
    for (int column = 0; column < sqlite3_column_count(statement); column++) {
        const hone_report_field *f = fields;
        while (f->name && strcmp(f->name, sqlite3_column_name(statement, column)) != 0)
            f++;
        if (!f->name || sqlite3_column_type(statement, column) == SQLITE_NULL)
            continue;
        if (hone_report_is_text(f)) {
            const char *text = (const char *)sqlite3_column_text(statement, column);
            text = text ? keep(report, text) : NULL;
            if (!text)
                return no_memory();
            memcpy((char *)record + f->offset, &text, sizeof text);
        } else {
            double value = sqlite3_column_double(statement, column);
            memcpy((char *)record + f->offset, &value, sizeof value);
        }
    }
    return HONE_OK;
}

/* Appends all rows of a query to an array. `parameter` and `value`: one binding, or NULL. */
static hone_status read_all(hone_report *report, hone_report_array *array, const hone_report_field *fields,
                            hone_db *db, const char *sql, const char *parameter, const char *value) {
    hone_status status = HONE_OK;
    sqlite3_stmt *statement = NULL;
    int step;
    if (sqlite3_prepare_v2(db->handle, sql, -1, &statement, NULL) != SQLITE_OK)
        return hone_db_error(db, "preparing the report");
    if (parameter && sqlite3_bind_text(statement, sqlite3_bind_parameter_index(statement, parameter), value,
                                       -1, SQLITE_STATIC) != SQLITE_OK) {
        status = hone_db_error(db, "preparing the report");
        goto cleanup;
    }
    while ((step = sqlite3_step(statement)) == SQLITE_ROW) {
        void *record = append(array);
        status = record ? read_record(report, record, fields, statement) : no_memory();
        if (status != HONE_OK)
            goto cleanup;
    }
    if (step != SQLITE_DONE)
        status = hone_db_error(db, "reading the report");
cleanup:
    sqlite3_finalize(statement);
    return status;
}

static hone_status read_rivals(hone_report *report, hone_db *db, size_t first_row) {
    for (size_t i = first_row; i < report->rows.count; i++) {
        hone_report_row *row = (hone_report_row *)report->rows.items + i;
        row->first_rival = report->rivals.count;
        hone_status status = read_all(report, &report->rivals, hone_report_rival_fields, db,
                                      hone_embedded_report_rivals_sql, ":measurement", row->measurement);
        if (status != HONE_OK)
            return status;
        row->rival_count = report->rivals.count - row->first_rival;
        const hone_report_rival *rivals = report->rivals.items;
        for (size_t r = row->first_rival; r < report->rivals.count; r++)
            if (strcmp(rivals[r].provider, "unfused") == 0)
                row->speedup_unfused = rivals[r].speedup;
    }
    return HONE_OK;
}

/* Whether something in the report refers to a run. */
static int is_cited(const hone_report *report, const char *run) {
    const hone_report_row *rows = report->rows.items;
    const hone_report_rival *rivals = report->rivals.items;
    const hone_report_failure *failures = report->failures.items;
    for (size_t i = 0; i < report->rows.count; i++)
        if (strcmp(rows[i].run, run) == 0)
            return 1;
    for (size_t i = 0; i < report->rivals.count; i++)
        if (strcmp(rivals[i].run, run) == 0)
            return 1;
    for (size_t i = 0; i < report->failures.count; i++)
        if (strcmp(failures[i].run, run) == 0)
            return 1;
    return 0;
}

/* Runs that an earlier database had too are listed once: a uid is one run. */
static hone_status read_runs(hone_report *report, hone_db *db) {
    size_t kept = report->runs.count;
    hone_status status = read_all(report, &report->runs, hone_report_run_fields, db,
                                  hone_embedded_report_runs_sql, NULL, NULL);
    if (status != HONE_OK)
        return status;
    hone_report_run *runs = report->runs.items;
    for (size_t i = kept; i < report->runs.count; i++) {
        int known = !is_cited(report, runs[i].run);
        for (size_t j = 0; j < kept && !known; j++)
            known = strcmp(runs[j].run, runs[i].run) == 0;
        if (!known)
            runs[kept++] = runs[i];
    }
    report->runs.count = kept;
    return HONE_OK;
}

static hone_status read_database(hone_report *report, const char *path) {
    hone_db *db = NULL;
    hone_status status = hone_db_open(&db, path);
    if (status != HONE_OK)
        return status;
    size_t first_row = report->rows.count, first_failure = report->failures.count;
    const char *database = keep(report, db->path);
    if (!database) {
        status = no_memory();
        goto cleanup;
    }
    status = read_all(report, &report->rows, hone_report_row_fields, db, hone_embedded_report_winners_sql,
                      ":objective", report->objective);
    if (status == HONE_OK)
        status = read_rivals(report, db, first_row);
    if (status == HONE_OK)
        status = read_all(report, &report->failures, hone_report_failure_fields, db,
                          hone_embedded_report_failures_sql, NULL, NULL);
    if (status == HONE_OK)
        status = read_runs(report, db);
    for (size_t i = first_row; i < report->rows.count; i++)
        ((hone_report_row *)report->rows.items)[i].database = database;
    for (size_t i = first_failure; i < report->failures.count; i++)
        ((hone_report_failure *)report->failures.items)[i].database = database;
cleanup:
    hone_db_close(db);
    return status;
}

/* ---- devices */

static int same_device(const hone_report_row *a, const hone_report_row *b) {
    return a->database == b->database && strcmp(a->fingerprint, b->fingerprint) == 0;
}

static hone_status group_devices(hone_report *report) {
    const hone_report_row *rows = report->rows.items;
    for (size_t first = 0, end; first < report->rows.count; first = end) {
        hone_report_device *device = append(&report->devices);
        if (!device)
            return no_memory();
        device->rows = device->latest = &rows[first];
        double logs = 0;
        size_t compared = 0;
        for (end = first; end < report->rows.count && same_device(&rows[first], &rows[end]); end++) {
            if (strcmp(rows[end].measured_at, device->latest->measured_at) > 0)
                device->latest = &rows[end];
            if (rows[end].speedup_unfused > 0) {
                logs += log(rows[end].speedup_unfused);
                compared++;
            }
        }
        device->row_count = end - first;
        device->unfused_speedup = compared ? exp(logs / (double)compared) : NAN;
    }
    return HONE_OK;
}

/* The model, and what tells devices of one model apart. */
static void label_devices(hone_report *report) {
    hone_report_device *devices = report->devices.items;
    for (size_t i = 0; i < report->devices.count; i++) {
        const char *model = devices[i].rows->model;
        int alike = 0, place = 1;
        for (size_t j = 0; j < report->devices.count; j++) {
            int same = strcmp(devices[j].rows->model, model) == 0;
            alike += same;
            place += same && j < i;
        }
        if (alike > 1)
            snprintf(devices[i].label, sizeof devices[i].label, "%s (%d)", model, place);
        else
            snprintf(devices[i].label, sizeof devices[i].label, "%s", model);
    }
}

hone_status hone_report_create(hone_report **out, const char *const *paths, size_t count,
                               const char *objective) {
    static const char *const objectives[] = {"p50", "p95", "throughput"};
    size_t known = 0;
    while (known < 3 && strcmp(objectives[known], objective) != 0)
        known++;
    if (known == 3)
        return hone_fail(HONE_E_USAGE, "objective '%s' is unknown; one of p50, p95, throughput", objective);
    hone_report *report = calloc(1, sizeof *report);
    if (!report)
        return no_memory();
    report->objective = objectives[known];
    report->rows.size = sizeof(hone_report_row);
    report->rivals.size = sizeof(hone_report_rival);
    report->failures.size = sizeof(hone_report_failure);
    report->runs.size = sizeof(hone_report_run);
    report->devices.size = sizeof(hone_report_device);
    report->texts.size = sizeof(char *);
    hone_clock_timestamp(report->created_at);
    hone_status status = HONE_OK;
    for (size_t i = 0; i < count && status == HONE_OK; i++)
        status = read_database(report, paths[i]);
    if (status == HONE_OK)
        status = group_devices(report);
    if (status != HONE_OK) {
        hone_report_destroy(report);
        return status;
    }
    label_devices(report);
    *out = report;
    return HONE_OK;
}

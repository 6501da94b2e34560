/* Export in the T4 results format of the autotuning community, for its tools
 * and for `hone tune --simulate`. Beyond the format's own members each result
 * says which problem, device, threads and mode it is of. */
#include "db_care.h"
#include "db_private.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <string.h>

#include "../../kernels/config.h"
#include "../../kernels/status.h"

extern const char hone_embedded_export_t4_sql[];

enum { AT, PROBLEM, DEVICE, THREADS, MODE, CONFIG, INVALIDITY, P50, SAMPLES };

static hone_status config_to_json(json_t **out, const char *text) {
    hone_config config;
    hone_status status = hone_config_parse(&config, text);
    if (status != HONE_OK)
        return hone_fail(HONE_E_DATA, "config '%.120s' cannot be exported; run 'hone db check'", text);
    json_t *object = json_object();
    for (int i = 0; i < config.count; i++) {
        int64_t number;
        json_t *value = hone_config_get_int(&number, &config, config.items[i].key) == HONE_OK
                            ? json_integer(number)
                            : json_string(config.items[i].value);
        if (json_object_set_new(object, config.items[i].key, value) != 0) {
            json_decref(object);
            return hone_fail(HONE_E_NOMEM, "no memory for a config");
        }
    }
    *out = object;
    return HONE_OK;
}

/* A blob of binary32 microseconds, little-endian, as milliseconds. */
static json_t *runtimes(sqlite3_stmt *row) {
    const unsigned char *blob = sqlite3_column_blob(row, SAMPLES);
    int size = sqlite3_column_bytes(row, SAMPLES);
    json_t *array = json_array();
    for (int i = 0; i + 4 <= size; i += 4) {
        uint32_t bits =
            blob[i] | (uint32_t)blob[i + 1] << 8 | (uint32_t)blob[i + 2] << 16 | (uint32_t)blob[i + 3] << 24;
        float us;
        memcpy(&us, &bits, sizeof us);
        json_array_append_new(array, json_real((double)us / 1e3));
    }
    return array;
}

/* Hone compiles no kernel while it tunes a CPU, so that compiling took no time. */
static json_t *result_to_json(sqlite3_stmt *row, json_t *config) {
    const char *invalidity = hone_db_text(row, INVALIDITY);
    int correct = strcmp(invalidity, "correct") == 0;
    json_t *value = correct ? json_real(hone_db_real(row, P50) / 1e3) : json_string(invalidity);
    return json_pack("{s:s, s:o, s:{s:i, s:o}, s:s, s:i, s:[{s:s, s:o, s:s}], s:[s], s:s, s:s, s:I, s:s}",
                     "timestamp", hone_db_text(row, AT), "configuration", config, "times", "compilation", 0,
                     "runtimes", runtimes(row), "invalidity", invalidity, "correctness", correct,
                     "measurements", "name", "time", "value", value, "unit", "ms", "objectives", "time",
                     "problem", hone_db_text(row, PROBLEM), "device", hone_db_text(row, DEVICE), "threads",
                     (json_int_t)sqlite3_column_int64(row, THREADS), "mode", hone_db_text(row, MODE));
}

static hone_status cannot_write(void) {
    return hone_fail(HONE_E_DATA, "the export cannot be written: %s; check the disk and its free space",
                     strerror(errno));
}

static const char head[] = "{\"metadata\":{\"timeunit\":\"milliseconds\",\"tool\":\"hone\"},\"schema_"
                           "version\":\"1.0.0\",\"results\":[\n";

/* The head comes with the first result: where there is none, nothing is written. */
static hone_status write_result(FILE *out, sqlite3_stmt *row, int first) {
    json_t *config = NULL;
    hone_status status = config_to_json(&config, hone_db_text(row, CONFIG));
    if (status != HONE_OK)
        return status;
    json_t *result = result_to_json(row, config);
    if (!result)
        return hone_fail(
            HONE_E_DATA,
            "the result of config '%.120s' cannot be exported: its time is not finite, or a text "
            "is damaged; run 'hone db check'",
            hone_db_text(row, CONFIG));
    int failed = fputs(first ? head : ",\n", out) == EOF ||
                 json_dumpf(result, out, JSON_COMPACT | JSON_REAL_PRECISION(9)) != 0;
    json_decref(result);
    return failed ? cannot_write() : HONE_OK;
}

static hone_status no_results(const char *problem, const char *device) {
    return hone_fail(
        HONE_E_NOMATCH,
        "the database has no results of hone's kernels for %s%s%s; tune first, or choose another "
        "problem or device",
        problem ? problem : "any problem", device ? " on device " : "", device ? device : "");
}

static hone_status write_results(int64_t *count, FILE *out, hone_db *db, sqlite3_stmt *select) {
    for (int row;; ++*count) {
        DB_TRY(hone_db_step(&row, db, select, "reading results"));
        if (!row)
            return HONE_OK;
        DB_TRY(write_result(out, select, *count == 0));
    }
}

static hone_status export_all(FILE *out, hone_db *db, const char *problem, const char *device) {
    sqlite3_stmt *select = NULL;
    DB_TRY(hone_db_prepare(&select, db, hone_embedded_export_t4_sql));
    hone_db_bind_text(select, ":problem", problem);
    hone_db_bind_text(select, ":device", device);
    int64_t count = 0;
    hone_status status = write_results(&count, out, db, select);
    sqlite3_reset(select);
    if (status == HONE_OK && count == 0)
        status = no_results(problem, device);
    if (status == HONE_OK && (fputs("\n]}\n", out) == EOF || fflush(out) != 0))
        status = cannot_write();
    return status;
}

hone_status hone_db_export_t4(FILE *out, hone_db *db, const char *problem, const char *device) {
    DB_TRY(hone_db_execute(db, "BEGIN", "reading"));
    return hone_db_end(db, export_all(out, db, problem, device));
}

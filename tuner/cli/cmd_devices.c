/* hone devices: what can be measured on this machine. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../harness/peak.h"
#include "../../kernels/status.h"
#include "../db/db.h"
#include "cli.h"

/* Measured limits of one device; NaN: not known. */
typedef struct device_peaks {
    double gops[HONE_DTYPE_COUNT];
    double read_gbps;
} device_peaks;

static const hone_dtype peak_dtypes[] = {HONE_F32, HONE_F16, HONE_BF16, HONE_S8};
enum { PEAK_DTYPES = sizeof peak_dtypes / sizeof peak_dtypes[0] };

typedef struct devices_arguments {
    const char *db;
    int json, measure;
} devices_arguments;

/* ---- peaks */

static void no_peaks(device_peaks *peaks) {
    for (int i = 0; i < HONE_DTYPE_COUNT; i++)
        peaks->gops[i] = NAN;
    peaks->read_gbps = NAN;
}

/* The best peak that any run stored; devices lists what is known, it does not average it. */
static hone_status peaks_from_db(device_peaks *peaks, hone_db *db, const hone_device *device) {
    static const char sql[] = "SELECT p.dtype, max(m.peak_gops) FROM measurements m "
                              "JOIN devices d ON d.id = m.device_id JOIN problems p ON p.id = m.problem_id "
                              "WHERE d.fingerprint = ?1 AND m.peak_gops IS NOT NULL GROUP BY p.dtype";
    sqlite3_stmt *query = NULL;
    int code = sqlite3_prepare_v2(db->handle, sql, -1, &query, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_bind_text(query, 1, device->fingerprint, -1, SQLITE_STATIC);
    while (code == SQLITE_OK || code == SQLITE_ROW) {
        code = sqlite3_step(query);
        hone_dtype dtype;
        if (code == SQLITE_ROW &&
            hone_dtype_parse(&dtype, (const char *)sqlite3_column_text(query, 0)) == HONE_OK)
            peaks->gops[dtype] = sqlite3_column_double(query, 1);
    }
    hone_status status = HONE_OK;
    if (code != SQLITE_DONE)
        status =
            hone_fail(HONE_E_DATA, "%s: reading measured peaks: %s", db->path, sqlite3_errmsg(db->handle));
    sqlite3_finalize(query);
    return status;
}

static hone_status measure_peaks(device_peaks *peaks, hone_context *context, const hone_device *device) {
    for (int i = 0; i < PEAK_DTYPES; i++) {
        hone_peak peak;
        char text[96];
        snprintf(text, sizeof text, "measuring the %s peak of %s", hone_dtype_name(peak_dtypes[i]),
                 device->name);
        cli_progress((double)i / PEAK_DTYPES, text);
        hone_status status = hone_peak_measure(&peak, context, device, peak_dtypes[i], device->threads, 0);
        if (status == HONE_E_UNAVAILABLE) /* this device lacks the type, or cannot be measured yet */
            continue;
        if (status != HONE_OK)
            return status;
        peaks->gops[peak_dtypes[i]] = peak.gops;
        if (isfinite(peak.read_gbps))
            peaks->read_gbps = fmax(peak.read_gbps, isnan(peaks->read_gbps) ? 0 : peaks->read_gbps);
    }
    return HONE_OK;
}

/* The database when there is one. One that was named must open; a default one
 * that does not is said and left out. */
static hone_status open_db(hone_db **out, const char *path) {
    char usual[1024];
    *out = NULL;
    if (!path && (hone_db_default_path(usual, sizeof usual) != HONE_OK || access(usual, F_OK) != 0))
        return HONE_OK;
    hone_status status = hone_db_open_one(out, path);
    if (status == HONE_OK || path)
        return status;
    fprintf(stderr, "hone devices: %s; measured peaks are left out\n", hone_error_detail());
    return HONE_OK;
}

static hone_status find_peaks(device_peaks *peaks, const hone_device *devices, int count,
                              hone_context *context, const devices_arguments *arguments) {
    hone_db *db = NULL;
    hone_status status = open_db(&db, arguments->db);
    for (int i = 0; i < count && status == HONE_OK; i++) {
        no_peaks(&peaks[i]);
        if (arguments->measure)
            status = measure_peaks(&peaks[i], context, &devices[i]);
        else if (db)
            status = peaks_from_db(&peaks[i], db, &devices[i]);
    }
    cli_progress_end();
    hone_db_close(db);
    return status;
}

/* ---- obstacles */

/* Why there is not even a default config for a device that is there, such as a compiler that is missing;
 * NULL: there is one, or its backend only lists. Valid until the next call that fails. */
static const char *find_obstacle(const hone_device *device) {
    hone_problem problem;
    hone_config config;
    if (!device->backend->plan_create || hone_problem_parse(&problem, "gemm/f32/identity/16x16x16"))
        return NULL;
    const hone_status status = device->backend->default_config(&config, device, &problem, 1, NULL);
    return status == HONE_E_UNAVAILABLE ? hone_error_detail() : NULL;
}

/* ---- for people */

static void print_peaks(const device_peaks *peaks) {
    const char *separator = "";
    printf("  peaks        ");
    for (int i = 0; i < PEAK_DTYPES; i++) {
        double gops = peaks->gops[peak_dtypes[i]];
        if (!isfinite(gops))
            continue;
        printf("%s%s %.1f", separator, hone_dtype_name(peak_dtypes[i]), gops);
        separator = ", ";
    }
    printf("%s", *separator ? " GOP/s" : "not measured; see --measure");
    if (isfinite(peaks->read_gbps))
        printf("; memory %.1f GB/s", peaks->read_gbps);
    putchar('\n');
}

static void print_paths(const hone_device *device) {
    const char *const *path = device->backend->code_paths ? device->backend->code_paths(device) : NULL;
    if (!device->backend->plan_create)
        puts("  code paths   none yet: listed only");
    if (!device->backend->plan_create || !path || !*path)
        return;
    printf("  code paths  ");
    for (; *path; path++)
        printf(" %s", *path);
    putchar('\n');
}

static void print_device(const hone_device *device, const device_peaks *peaks) {
    printf("%s\n  model        %s\n", device->name, device->model);
    if (strcmp(device->backend->name, "cpu") == 0)
        printf("  threads      %d\n", device->threads);
    if (device->cache_bytes > 0)
        printf("  cache        %.1f MiB, last level\n", (double)device->cache_bytes / (1 << 20));
    print_paths(device);
    const char *obstacle = find_obstacle(device);
    if (obstacle)
        printf("  obstacle     %s\n", obstacle);
    print_peaks(peaks);
    printf("  family       %s\n  fingerprint  %s\n", device->family, device->fingerprint);
}

static void print_devices(const hone_device *devices, const device_peaks *peaks, int count,
                          const hone_context *context) {
    for (int i = 0; i < count; i++)
        print_device(&devices[i], &peaks[i]);
    for (const hone_backend *const *backend = hone_backends; *backend; backend++) {
        const char *reason = hone_context_backend_reason(context, (*backend)->name);
        if (reason)
            printf("%s\n  no device    %s\n", (*backend)->name, reason);
    }
}

/* ---- JSON */

static json_t *peaks_json(const device_peaks *peaks) {
    json_t *object = json_object();
    for (int i = 0; i < PEAK_DTYPES; i++)
        json_object_set_new(object, hone_dtype_name(peak_dtypes[i]),
                            cli_json_number(peaks->gops[peak_dtypes[i]]));
    return object;
}

static json_t *device_json(const hone_device *device, const device_peaks *peaks) {
    json_t *paths = json_array();
    for (const char *const *path = device->backend->code_paths ? device->backend->code_paths(device) : NULL;
         path && *path; path++)
        json_array_append_new(paths, json_string(*path));
    const char *obstacle = find_obstacle(device);
    return json_pack("{s:s, s:b, s:s*, s:s, s:s, s:s, s:s, s:i, s:I, s:b, s:o, s:o, s:o}", "name",
                     device->name, "available", obstacle == NULL, "reason", obstacle, "backend",
                     device->backend->name, "model", device->model, "fingerprint", device->fingerprint,
                     "family", device->family, "threads", device->threads, "cache_bytes",
                     (json_int_t)device->cache_bytes, "kernels", device->backend->plan_create != NULL,
                     "code_paths", paths, "peak_gops", peaks_json(peaks), "peak_read_gbps",
                     cli_json_number(peaks->read_gbps));
}

static json_t *devices_json(const hone_device *devices, const device_peaks *peaks, int count,
                            const hone_context *context) {
    json_t *array = json_array();
    for (int i = 0; i < count; i++)
        json_array_append_new(array, device_json(&devices[i], &peaks[i]));
    for (const hone_backend *const *backend = hone_backends; *backend; backend++) {
        const char *reason = hone_context_backend_reason(context, (*backend)->name);
        if (reason)
            json_array_append_new(array,
                                  json_pack("{s:s, s:b, s:s, s:s}", "name", (*backend)->name, "available", 0,
                                            "backend", (*backend)->name, "reason", reason));
    }
    return array;
}

/* ---- the command */

static hone_status run(int *code, const devices_arguments *arguments) {
    hone_context *context = NULL;
    device_peaks *peaks = NULL;
    hone_status status = hone_context_create_pinned(&context, arguments->measure);
    if (status != HONE_OK)
        return status;
    const hone_device *devices = NULL;
    int count = hone_context_devices(&devices, context);
    peaks = calloc((size_t)count + 1, sizeof *peaks);
    if (!peaks) {
        status = hone_fail(HONE_E_NOMEM, "no memory for %d devices", count);
        goto cleanup;
    }
    status = find_peaks(peaks, devices, count, context, arguments);
    if (status != HONE_OK)
        goto cleanup;
    if (arguments->json)
        *code = cli_print_json(devices_json(devices, peaks, count, context));
    else
        print_devices(devices, peaks, count, context);
cleanup:
    free(peaks);
    hone_context_destroy(context);
    return status;
}

int cli_run_devices(int argc, char **argv) {
    devices_arguments arguments = {0};
    const cli_option options[] = {
        {"measure", CLI_FLAG, &arguments.measure, NULL, "measure the peaks now; takes about a second"},
        {"db", CLI_TEXT, &arguments.db, "FILE",
         "database to read measured peaks from; default: $HONE_DB, else hone/hone.db in the XDG data folder"},
        {"json", CLI_FLAG, &arguments.json, NULL, "print machine-readable results"},
        {NULL, CLI_FLAG, NULL, NULL, NULL},
    };
    int operands, help, code = 0;
    hone_status status = cli_parse(&operands, &help, argc, argv, options, "hone devices [options]",
                                   "Lists the devices found, and why a backend has none.", NULL);
    if (status == HONE_OK && help)
        return 0;
    if (status == HONE_OK && operands > 0)
        status = hone_fail(HONE_E_USAGE, "operand '%s' is not expected; see 'hone devices --help'", argv[1]);
    if (status == HONE_OK)
        status = run(&code, &arguments);
    return status == HONE_OK ? code : cli_fail("devices", status);
}

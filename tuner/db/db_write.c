/* Storing evidence: each measurement or failure is one transaction, so that a
 * killed process loses at most the one in flight. */
#include "db_private.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "../../harness/clock.h"
#include "../../kernels/status.h"

enum { UID_TEXT = 33 };

static hone_status make_uid(char out[UID_TEXT]) {
    unsigned char bytes[(UID_TEXT - 1) / 2];
    if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
        return hone_fail(HONE_E_UNAVAILABLE, "the system gives no random bytes to name a record with");
    for (size_t i = 0; i < sizeof bytes; i++)
        snprintf(out + 2 * i, 3, "%02x", bytes[i]);
    return HONE_OK;
}

/* The id that `find` gives, after `insert` has made sure that there is one.
 * Both statements have the same bindings. */
static hone_status found_id(int64_t *id, hone_db *db, sqlite3_stmt *find, const char *what) {
    int row = 0;
    DB_TRY(hone_db_step(&row, db, find, what));
    if (!row)
        return hone_fail(HONE_E_DATA,
                         "database '%s': %s: the row just stored is missing; run 'hone db check'", db->path,
                         what);
    *id = sqlite3_column_int64(find, 0);
    sqlite3_reset(find);
    return HONE_OK;
}

static hone_status device_id(int64_t *id, hone_db *db, const hone_device *device) {
    sqlite3_stmt *insert, *find;
    DB_TRY(hone_db_prepare(&insert, db,
                           "INSERT INTO devices (fingerprint, backend, model, family, threads) "
                           "VALUES (:fingerprint, :backend, :model, :family, :threads) "
                           "ON CONFLICT (fingerprint) DO NOTHING"));
    hone_db_bind_text(insert, ":fingerprint", device->fingerprint);
    hone_db_bind_text(insert, ":backend", device->backend->name);
    hone_db_bind_text(insert, ":model", device->model);
    hone_db_bind_text(insert, ":family", device->family);
    hone_db_bind_int(insert, ":threads", device->threads);
    DB_TRY(hone_db_complete(db, insert, "storing a device"));
    DB_TRY(hone_db_prepare(&find, db, "SELECT id FROM devices WHERE fingerprint = :fingerprint"));
    hone_db_bind_text(find, ":fingerprint", device->fingerprint);
    return found_id(id, db, find, "storing a device");
}

static hone_status config_id(int64_t *id, hone_db *db, const char *config) {
    sqlite3_stmt *insert, *find;
    DB_TRY(hone_db_prepare(&insert, db,
                           "INSERT INTO configs (text) VALUES (:text) ON CONFLICT (text) DO NOTHING"));
    hone_db_bind_text(insert, ":text", config);
    DB_TRY(hone_db_complete(db, insert, "storing a config"));
    DB_TRY(hone_db_prepare(&find, db, "SELECT id FROM configs WHERE text = :text"));
    hone_db_bind_text(find, ":text", config);
    return found_id(id, db, find, "storing a config");
}

hone_status hone_db_store_problem(int64_t *id, hone_db *db, const hone_problem *problem) {
    char text[HONE_PROBLEM_TEXT];
    sqlite3_stmt *insert, *find;
    DB_TRY(hone_problem_format(text, sizeof text, problem));
    DB_TRY(hone_db_prepare(&insert, db,
                           "INSERT INTO problems (text, dtype, a_type, c_type, activation, m, n, k, bias, "
                           "weights, layout, a_scales) VALUES (:text, :dtype, :a_type, :c_type, :activation, "
                           ":m, :n, :k, :bias, :weights, :layout, :a_scales) ON CONFLICT (text) DO NOTHING"));
    hone_db_bind_text(insert, ":text", text);
    hone_db_bind_text(insert, ":dtype", hone_dtype_name(problem->dtype));
    hone_db_bind_text(insert, ":a_type", hone_dtype_name(problem->a_type));
    hone_db_bind_text(insert, ":c_type", hone_dtype_name(problem->c_type));
    hone_db_bind_text(insert, ":activation", hone_activation_name(problem->act));
    hone_db_bind_int(insert, ":m", problem->m);
    hone_db_bind_int(insert, ":n", problem->n);
    hone_db_bind_int(insert, ":k", problem->k);
    hone_db_bind_int(insert, ":bias", problem->bias != 0);
    hone_db_bind_text(insert, ":weights", HONE_DB_WEIGHTS(problem));
    hone_db_bind_text(insert, ":layout", HONE_DB_LAYOUT(problem));
    hone_db_bind_text(insert, ":a_scales", HONE_DB_A_SCALES(problem));
    DB_TRY(hone_db_complete(db, insert, "storing a problem"));
    DB_TRY(hone_db_prepare(&find, db, "SELECT id FROM problems WHERE text = :text"));
    hone_db_bind_text(find, ":text", text);
    return found_id(id, db, find, "storing a problem");
}

static hone_status build_id(int64_t *id, hone_db *db, const hone_environment *environment) {
    sqlite3_stmt *insert, *find;
    DB_TRY(hone_db_prepare(&insert, db,
                           "INSERT INTO builds (identity, compiler, flags) VALUES (:identity, :compiler, "
                           ":flags) ON CONFLICT (identity) DO NOTHING"));
    hone_db_bind_text(insert, ":identity", hone_build_id());
    hone_db_bind_text(insert, ":compiler", environment->compiler);
    hone_db_bind_text(insert, ":flags", environment->flags);
    DB_TRY(hone_db_complete(db, insert, "storing a build"));
    DB_TRY(hone_db_prepare(&find, db, "SELECT id FROM builds WHERE identity = :identity"));
    hone_db_bind_text(find, ":identity", hone_build_id());
    return found_id(id, db, find, "storing a build");
}

static void bind_environment(sqlite3_stmt *statement, const hone_environment *environment) {
    hone_db_bind_text(statement, ":host", environment->host);
    hone_db_bind_text(statement, ":os", environment->os);
    hone_db_bind_text(statement, ":cpu_model", environment->cpu_model);
    hone_db_bind_text(statement, ":governor", environment->governor);
    hone_db_bind_text(statement, ":binding", environment->binding);
    hone_db_bind_text(statement, ":huge_pages", environment->huge_pages);
    hone_db_bind_text(statement, ":libraries", environment->libraries);
}

static hone_status environment_id(int64_t *id, hone_db *db, const hone_environment *environment) {
    sqlite3_stmt *insert, *find;
    DB_TRY(hone_db_prepare(
        &insert, db,
        "INSERT INTO environments (host, os, cpu_model, governor, binding, huge_pages, libraries) VALUES "
        "(:host, :os, :cpu_model, :governor, :binding, :huge_pages, :libraries) ON CONFLICT DO NOTHING"));
    bind_environment(insert, environment);
    DB_TRY(hone_db_complete(db, insert, "storing an environment"));
    DB_TRY(hone_db_prepare(&find, db,
                           "SELECT id FROM environments WHERE host = :host AND os = :os AND cpu_model = "
                           ":cpu_model AND governor = :governor AND binding = :binding AND huge_pages = "
                           ":huge_pages AND libraries = :libraries"));
    bind_environment(find, environment);
    return found_id(id, db, find, "storing an environment");
}

static hone_status insert_run(int64_t *run, hone_db *db, const char *command_line,
                              const hone_environment *environment) {
    char uid[UID_TEXT], now[32];
    int64_t build = 0, conditions = 0;
    sqlite3_stmt *insert;
    DB_TRY(make_uid(uid));
    DB_TRY(build_id(&build, db, environment));
    DB_TRY(environment_id(&conditions, db, environment));
    hone_clock_timestamp(now);
    DB_TRY(hone_db_prepare(&insert, db,
                           "INSERT INTO runs (uid, build_id, environment_id, command_line, git_commit, "
                           "clock_mhz, load, started_at) VALUES (:uid, :build, :environment, :command_line, "
                           ":git_commit, :clock_mhz, :load, :started_at)"));
    hone_db_bind_text(insert, ":uid", uid);
    hone_db_bind_int(insert, ":build", build);
    hone_db_bind_int(insert, ":environment", conditions);
    hone_db_bind_text(insert, ":command_line", command_line);
    hone_db_bind_text(insert, ":git_commit", environment->commit);
    hone_db_bind_real(insert, ":clock_mhz", environment->clock_mhz);
    hone_db_bind_real(insert, ":load", environment->load);
    hone_db_bind_text(insert, ":started_at", environment->started_at[0] ? environment->started_at : now);
    DB_TRY(hone_db_complete(db, insert, "storing a run"));
    *run = sqlite3_last_insert_rowid(db->handle);
    return HONE_OK;
}

hone_status hone_db_run_begin(int64_t *run, hone_db *db, const char *command_line,
                              const hone_environment *environment) {
    int64_t id = 0;
    DB_TRY(hone_db_begin(db));
    DB_TRY(hone_db_end(db, insert_run(&id, db, command_line, environment)));
    *run = id;
    return HONE_OK;
}

/* Binds what a measurement and a failure share. */
static hone_status bind_subject(sqlite3_stmt *statement, hone_db *db, int64_t run,
                                const hone_measurement *measurement) {
    int64_t device = 0, problem = 0, config = 0;
    DB_TRY(device_id(&device, db, measurement->device));
    DB_TRY(hone_db_store_problem(&problem, db, measurement->problem));
    DB_TRY(config_id(&config, db, measurement->config));
    hone_db_bind_int(statement, ":run", run);
    hone_db_bind_int(statement, ":device", device);
    hone_db_bind_int(statement, ":problem", problem);
    hone_db_bind_int(statement, ":config", config);
    hone_db_bind_text(statement, ":provider", measurement->provider);
    hone_db_bind_int(statement, ":threads", measurement->threads);
    return HONE_OK;
}

static void bind_stats(sqlite3_stmt *statement, const hone_stats *stats) {
    hone_db_bind_real(statement, ":p50_us", stats->p50);
    hone_db_bind_real(statement, ":p50_low_us", stats->p50_low);
    hone_db_bind_real(statement, ":p50_high_us", stats->p50_high);
    hone_db_bind_real(statement, ":p95_us", stats->p95);
    hone_db_bind_real(statement, ":p95_low_us", stats->p95_low);
    hone_db_bind_real(statement, ":p95_high_us", stats->p95_high);
    hone_db_bind_real(statement, ":p99_us", stats->p99);
    hone_db_bind_real(statement, ":min_us", stats->min);
    hone_db_bind_real(statement, ":max_us", stats->max);
    hone_db_bind_real(statement, ":mean_us", stats->mean);
    hone_db_bind_real(statement, ":cv", stats->cv);
}

/* What is not bound stays NULL: not verified. */
static void bind_numerics(sqlite3_stmt *statement, const hone_numerics *numerics) {
    if (!numerics)
        return;
    hone_db_bind_int(statement, ":correct", numerics->correct != 0);
    hone_db_bind_int(statement, ":seed", (int64_t)numerics->seed);
    hone_db_bind_real(statement, ":err_max_abs", numerics->err_max_abs);
    hone_db_bind_real(statement, ":err_rel_fro", numerics->err_rel_fro);
    hone_db_bind_real(statement, ":err_bound_ratio", numerics->err_bound_ratio);
    hone_db_bind_real(statement, ":quant_sqnr_db", numerics->quant_sqnr_db);
    hone_db_bind_real(statement, ":zero_fraction", numerics->health.zero_fraction);
    hone_db_bind_real(statement, ":negative_fraction", numerics->health.negative_fraction);
    hone_db_bind_real(statement, ":saturated_fraction", numerics->health.saturated_fraction);
    hone_db_bind_int(statement, ":dead_columns", numerics->health.dead_columns);
    hone_db_bind_int(statement, ":nan_count", numerics->health.nan_count);
    hone_db_bind_int(statement, ":inf_count", numerics->health.inf_count);
    hone_db_bind_real(statement, ":entropy_bits", numerics->health.entropy_bits);
}

void hone_db_pack_sample(unsigned char out[4], double us) {
    float value = (float)us;
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    for (int byte = 0; byte < 4; byte++)
        out[byte] = (unsigned char)(bits >> 8 * byte);
}

static hone_status pack_samples(unsigned char **out, const hone_samples *samples) {
    size_t count = samples->count > 0 ? (size_t)samples->count : 0;
    unsigned char *blob = count <= SIZE_MAX / 4 ? malloc(count ? 4 * count : 1) : NULL;
    if (!blob)
        return hone_fail(HONE_E_NOMEM, "no memory for %zu samples", count);
    for (size_t i = 0; i < count; i++)
        hone_db_pack_sample(blob + 4 * i, samples->us[i]);
    *out = blob;
    return HONE_OK;
}

static const char insert_measurement_sql[] =
    "INSERT INTO measurements (uid, run_id, device_id, problem_id, config_id, provider, mode, stage, "
    "threads, "
    "measured_at, sample_count, batch, disturbed, settled, samples, p50_us, p50_low_us, p50_high_us, p95_us, "
    "p95_low_us, p95_high_us, p99_us, min_us, max_us, mean_us, cv, peak_gops, read_gbps, correct, seed, "
    "err_max_abs, "
    "err_rel_fro, err_bound_ratio, quant_sqnr_db, zero_fraction, negative_fraction, saturated_fraction, "
    "dead_columns, nan_count, inf_count, entropy_bits, clock, workspace_bytes, is_default) VALUES (:uid, "
    ":run, :device, :problem, :config, "
    ":provider, :mode, :stage, :threads, :measured_at, :sample_count, :batch, :disturbed, :settled, "
    ":samples, "
    ":p50_us, :p50_low_us, :p50_high_us, :p95_us, :p95_low_us, :p95_high_us, :p99_us, :min_us, :max_us, "
    ":mean_us, :cv, :peak_gops, :read_gbps, :correct, :seed, :err_max_abs, :err_rel_fro, :err_bound_ratio, "
    ":quant_sqnr_db, :zero_fraction, :negative_fraction, :saturated_fraction, :dead_columns, :nan_count, "
    ":inf_count, :entropy_bits, :clock, :workspace_bytes, :is_default)";

static hone_status insert_measurement(hone_db *db, int64_t run, const hone_measurement *measurement,
                                      const unsigned char *blob) {
    const hone_samples *samples = measurement->samples;
    char uid[UID_TEXT], now[32];
    sqlite3_stmt *insert;
    DB_TRY(make_uid(uid));
    hone_clock_timestamp(now);
    DB_TRY(hone_db_prepare(&insert, db, insert_measurement_sql));
    DB_TRY(bind_subject(insert, db, run, measurement));
    hone_db_bind_text(insert, ":uid", uid);
    hone_db_bind_text(insert, ":mode", measurement->mode);
    hone_db_bind_text(insert, ":stage", measurement->stage);
    hone_db_bind_text(insert, ":measured_at", now);
    hone_db_bind_int(insert, ":sample_count", samples->count);
    hone_db_bind_int(insert, ":batch", samples->batch);
    hone_db_bind_int(insert, ":disturbed", samples->disturbed);
    hone_db_bind_int(insert, ":settled", samples->settled != 0);
    sqlite3_bind_blob64(insert, sqlite3_bind_parameter_index(insert, ":samples"), blob,
                        4 * (sqlite3_uint64)samples->count, SQLITE_STATIC);
    hone_db_bind_real(insert, ":peak_gops", measurement->peak_gops);
    hone_db_bind_real(insert, ":read_gbps", measurement->read_gbps);
    hone_db_bind_text(insert, ":clock", measurement->by_device ? "device" : "host");
    if (measurement->workspace >= 0)
        hone_db_bind_int(insert, ":workspace_bytes", measurement->workspace);
    if (measurement->is_default >= 0)
        hone_db_bind_int(insert, ":is_default", measurement->is_default);
    bind_stats(insert, measurement->stats);
    bind_numerics(insert, measurement->numerics);
    return hone_db_complete(db, insert, "storing a measurement");
}

hone_status hone_db_add_measurement(hone_db *db, int64_t run, const hone_measurement *measurement) {
    unsigned char *blob = NULL;
    DB_TRY(pack_samples(&blob, measurement->samples));
    hone_status status = hone_db_begin(db);
    if (status == HONE_OK)
        status = hone_db_end(db, insert_measurement(db, run, measurement, blob));
    free(blob);
    return status;
}

/* Whether a measurement just stored leaves the winners as they are. Deriving them reads all evidence of the
 * problem, which a long search must not do for each of its thousands of configs. True of a config's first
 * screening, other than the default's, where the winners of its condition have been in a final, or are faster
 * by more than ranking.sql's ties allow. */
static hone_status leaves_winners(int *out, hone_db *db, int64_t run, int64_t device, int64_t problem,
                                  const hone_measurement *measurement) {
    static const char sql[] =
        "SELECT (SELECT count(*) FROM measurements m JOIN configs c ON c.id = m.config_id JOIN runs o ON "
        "o.id = m.run_id JOIN runs r ON r.id = :run AND r.build_id = o.build_id WHERE m.device_id = :device "
        "AND "
        "m.problem_id = :problem AND c.text = :config AND m.threads = :threads AND m.mode = :mode) = 1 AND "
        "(SELECT count(*) FROM winners w JOIN measurements m ON m.id = w.measurement_id JOIN runs r ON "
        "r.id = :run AND r.build_id = w.build_id WHERE w.device_id = :device AND w.problem_id = :problem AND "
        "w.threads = :threads AND w.mode = :mode AND w.objective IN ('p50', 'throughput') AND "
        "(m.stage = 'final' OR iif(w.objective = 'p50', :p50 > 1.02 * m.p50_us, :mean > 1.02 * m.mean_us))"
        ") = 2";
    sqlite3_stmt *ask;
    int row = 0;
    *out = 0;
    if (measurement->is_default > 0 || strcmp(measurement->stage, "screen") != 0 ||
        strcmp(measurement->provider, "hone") != 0 || !measurement->numerics ||
        !measurement->numerics->correct || !isnan(measurement->stats->p95))
        return HONE_OK;
    DB_TRY(hone_db_prepare(&ask, db, sql));
    hone_db_bind_int(ask, ":device", device);
    hone_db_bind_int(ask, ":problem", problem);
    hone_db_bind_text(ask, ":config", measurement->config);
    hone_db_bind_int(ask, ":run", run);
    hone_db_bind_int(ask, ":threads", measurement->threads);
    hone_db_bind_text(ask, ":mode", measurement->mode);
    hone_db_bind_real(ask, ":p50", measurement->stats->p50);
    hone_db_bind_real(ask, ":mean", measurement->stats->mean);
    DB_TRY(hone_db_step(&row, db, ask, "comparing with the winners"));
    *out = row && sqlite3_column_int(ask, 0);
    sqlite3_reset(ask);
    return HONE_OK;
}

static hone_status insert_and_derive(hone_db *db, int64_t run, const hone_measurement *list, int count) {
    int64_t device, problem;
    for (int i = 0; i < count; i++) {
        unsigned char *blob = NULL;
        DB_TRY(pack_samples(&blob, list[i].samples));
        hone_status status = insert_measurement(db, run, &list[i], blob);
        free(blob);
        if (status != HONE_OK)
            return status;
    }
    DB_TRY(device_id(&device, db, list[0].device));
    DB_TRY(hone_db_store_problem(&problem, db, list[0].problem));
    int same = 0;
    if (count == 1)
        DB_TRY(leaves_winners(&same, db, run, device, problem, &list[0]));
    return same ? HONE_OK : hone_db_replace_winners(db, device, problem);
}

hone_status hone_db_add_measurements(hone_db *db, int64_t run, const hone_measurement *list, int count) {
    if (count < 1)
        return HONE_OK;
    DB_TRY(hone_db_begin(db));
    return hone_db_end(db, insert_and_derive(db, run, list, count));
}

static hone_status insert_failure(hone_db *db, int64_t run, const hone_measurement *measurement,
                                  const char *kind, const char *reason, uint64_t seed) {
    char uid[UID_TEXT], now[32];
    sqlite3_stmt *insert;
    DB_TRY(make_uid(uid));
    hone_clock_timestamp(now);
    DB_TRY(hone_db_prepare(&insert, db,
                           "INSERT INTO failures (uid, run_id, device_id, problem_id, config_id, provider, "
                           "threads, kind, reason, seed, failed_at) VALUES (:uid, :run, :device, :problem, "
                           ":config, :provider, :threads, :kind, :reason, :seed, :failed_at)"));
    DB_TRY(bind_subject(insert, db, run, measurement));
    hone_db_bind_text(insert, ":uid", uid);
    hone_db_bind_text(insert, ":kind", kind);
    hone_db_bind_text(insert, ":reason", reason);
    hone_db_bind_int(insert, ":seed", (int64_t)seed);
    hone_db_bind_text(insert, ":failed_at", now);
    return hone_db_complete(db, insert, "storing a failure");
}

/* A config that was measured before may have won until it was found wrong. */
static hone_status take_back(hone_db *db, const hone_measurement *measurement) {
    static const char sql[] =
        "SELECT 1 FROM measurements m JOIN configs c ON c.id = m.config_id WHERE "
        "m.device_id = :device AND m.problem_id = :problem AND c.text = :config LIMIT 1";
    int64_t device, problem;
    sqlite3_stmt *ask;
    int measured = 0;
    DB_TRY(device_id(&device, db, measurement->device));
    DB_TRY(hone_db_store_problem(&problem, db, measurement->problem));
    DB_TRY(hone_db_prepare(&ask, db, sql));
    hone_db_bind_int(ask, ":device", device);
    hone_db_bind_int(ask, ":problem", problem);
    hone_db_bind_text(ask, ":config", measurement->config);
    DB_TRY(hone_db_step(&measured, db, ask, "looking a config up"));
    sqlite3_reset(ask);
    return measured ? hone_db_replace_winners(db, device, problem) : HONE_OK;
}

hone_status hone_db_add_failure(hone_db *db, int64_t run, const hone_measurement *measurement,
                                const char *kind, const char *reason, uint64_t seed) {
    DB_TRY(hone_db_begin(db));
    hone_status status = insert_failure(db, run, measurement, kind, reason, seed);
    if (status == HONE_OK && strcmp(kind, "wrong") == 0)
        status = take_back(db, measurement);
    return hone_db_end(db, status);
}

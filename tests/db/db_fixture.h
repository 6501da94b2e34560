/* What the database tests share: a made-up device and measurements of it in a
 * database of their own in a folder that is removed at the end. */
#ifndef HONE_TESTS_DB_FIXTURE_H
#define HONE_TESTS_DB_FIXTURE_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../kernels/status.h"
#include "../../tuner/db/db.h"
#include "../../tuner/db/db_care.h"
#include "../../tuner/db/db_private.h"

/* A space in which a kernel tile must fit the problem's rows. */
static inline hone_status fixture_space(hone_space **out, const hone_device *device,
                                        const hone_problem *problem, int threads) {
    hone_space *space = NULL;
    (void)device;
    (void)threads;
    hone_status status = hone_space_create(&space);
    if (status == HONE_OK)
        status = hone_space_param(space, "mr", "1 2 4 8 16");
    if (status == HONE_OK)
        status = hone_space_param(space, "nr", "8 16 32");
    if (status == HONE_OK)
        status = hone_space_constant(space, "m", problem->m);
    if (status == HONE_OK)
        status = hone_space_require(space, "mr <= m");
    if (status != HONE_OK) {
        hone_space_destroy(space);
        return status;
    }
    *out = space;
    return HONE_OK;
}

#define FIXTURE_DEFAULT_CONFIG "mr=1,nr=8"

static inline hone_status fixture_default(hone_config *out, const hone_device *device,
                                          const hone_problem *problem, int threads, const char *code_path) {
    (void)device;
    (void)problem;
    (void)threads;
    (void)code_path;
    return hone_config_parse(out, FIXTURE_DEFAULT_CONFIG);
}

static const hone_backend fixture_backend = {
    .name = "cpu", .space = fixture_space, .default_config = fixture_default};

static const hone_device fixture_device = {.backend = &fixture_backend,
                                           .name = "cpu",
                                           .model = "Test 9000",
                                           .fingerprint = "cpu/test-9000/avx2/2c",
                                           .family = "cpu/test/avx2",
                                           .threads = 2};
static const hone_device fixture_sibling = {.backend = &fixture_backend,
                                            .name = "cpu",
                                            .model = "Test 8000",
                                            .fingerprint = "cpu/test-8000/avx2/2c",
                                            .family = "cpu/test/avx2",
                                            .threads = 2};

static inline const hone_environment *fixture_environment(void) {
    static const hone_environment environment = {.host = "host",
                                                 .os = "Linux 6.1",
                                                 .cpu_model = "Test 9000",
                                                 .binding = "0-1",
                                                 .clock_mhz = 2500,
                                                 .load = NAN,
                                                 .compiler = "cc 1",
                                                 .flags = "-O2",
                                                 .commit = "0123456789ab",
                                                 .libraries = "sqlite 3"};
    return &environment;
}

static inline hone_problem fixture_problem(const char *text) {
    hone_problem problem;
    assert_int_equal(hone_problem_parse(&problem, text), HONE_OK);
    return problem;
}

/* One row of evidence. Zero fields take the defaults in brackets. */
typedef struct fixture_row {
    const hone_device *device; /* [fixture_device] */
    const char *problem;       /* ["gemm/f32/relu/64x64x64"] */
    const char *config;        /* ["mr=4,nr=16"] */
    const char *provider;      /* ["hone"] */
    const char *mode;          /* ["warm"] */
    const char *stage;         /* ["final"] */
    int threads;               /* [2] */
    int samples;               /* [60] */
    double us;                 /* [10]: the median; p95 is 1.5 times that, the mean 1.1 times */
    double spread;             /* [0.01]: from the median to either end of its interval, a share of it */
    double error;              /* [1e-6]: err_rel_fro */
    int wrong;                 /* 1: verified and wrong */
    int unverified;            /* 1: no numerics */
    int64_t workspace;         /* [1000] */
    int by_device;
    int derives; /* 1: stored as tuning does, with the winners that follow */
} fixture_row;

static inline hone_status fixture_add(hone_db *db, int64_t run, fixture_row row) {
    enum { MOST = 600 };
    static double us[MOST];
    hone_problem problem = fixture_problem(row.problem ? row.problem : "gemm/f32/relu/64x64x64");
    int count = row.samples ? row.samples : 60;
    double median = row.us > 0 ? row.us : 10, spread = row.spread > 0 ? row.spread : 0.01;
    assert_in_range(count, 1, MOST);
    for (int i = 0; i < count; i++)
        us[i] = median * (0.75 + 0.5 * (i + 1) / count);
    hone_samples samples = {.us = us, .count = count, .capacity = MOST, .batch = 1, .settled = 1};
    hone_stats stats = {.count = count,
                        .min = us[0],
                        .max = 2 * median,
                        .mean = 1.1 * median,
                        .cv = 0.1,
                        .p50 = median,
                        .p50_low = (1 - spread) * median,
                        .p50_high = (1 + spread) * median,
                        .p95 = count >= HONE_P95_MIN_SAMPLES ? 1.5 * median : NAN,
                        .p95_low = NAN,
                        .p95_high = NAN,
                        .p99 = NAN};
    hone_numerics numerics = {.err_max_abs = 1e-6,
                              .err_rel_fro = row.error > 0 ? row.error : 1e-6,
                              .err_bound_ratio = row.wrong ? 3 : 0.1,
                              .quant_sqnr_db = NAN,
                              .checked = 100,
                              .correct = !row.wrong,
                              .seed = 7};
    hone_measurement measurement = {.device = row.device ? row.device : &fixture_device,
                                    .problem = &problem,
                                    .provider = row.provider ? row.provider : "hone",
                                    .config = row.config ? row.config : "mr=4,nr=16",
                                    .threads = row.threads ? row.threads : 2,
                                    .mode = row.mode ? row.mode : "warm",
                                    .stage = row.stage ? row.stage : "final",
                                    .samples = &samples,
                                    .stats = &stats,
                                    .numerics = row.unverified ? NULL : &numerics,
                                    .peak_gops = 100,
                                    .read_gbps = 10,
                                    .by_device = row.by_device,
                                    .workspace = row.workspace ? row.workspace : 1000};
    measurement.is_default = strcmp(measurement.config, FIXTURE_DEFAULT_CONFIG) == 0;
    return row.derives ? hone_db_add_measurements(db, run, &measurement, 1)
                       : hone_db_add_measurement(db, run, &measurement);
}

static inline hone_status fixture_fail(hone_db *db, int64_t run, fixture_row row, const char *kind) {
    hone_problem problem = fixture_problem(row.problem ? row.problem : "gemm/f32/relu/64x64x64");
    hone_measurement measurement = {.device = row.device ? row.device : &fixture_device,
                                    .problem = &problem,
                                    .provider = "hone",
                                    .config = row.config ? row.config : "mr=4,nr=16",
                                    .threads = row.threads ? row.threads : 2,
                                    .mode = "warm",
                                    .stage = "screen"};
    return hone_db_add_failure(db, run, &measurement, kind, "because", UINT64_MAX);
}

/* A folder for one test file, made by fixture_setup and removed by fixture_teardown. */
static char fixture_folder[64];

static inline int fixture_setup(void **state) {
    (void)state;
    snprintf(fixture_folder, sizeof fixture_folder, "/tmp/hone_db_XXXXXX");
    return mkdtemp(fixture_folder) ? 0 : -1;
}

/* The same in memory where the system has a folder there, for tests of very many files. */
static inline int fixture_setup_in_memory(void **state) {
    snprintf(fixture_folder, sizeof fixture_folder, "/dev/shm/hone_db_XXXXXX");
    return mkdtemp(fixture_folder) ? 0 : fixture_setup(state);
}

static inline int fixture_teardown(void **state) {
    char command[128];
    (void)state;
    snprintf(command, sizeof command, "rm -rf '%s'", fixture_folder);
    return system(command);
}

/* A path in the folder; a few may be in use at once. */
static inline const char *fixture_path(const char *name) {
    static char paths[8][256];
    static int next;
    char *path = paths[next++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", fixture_folder, name);
    return path;
}

/* A new database with one run. */
static inline hone_db *fixture_open(const char *name, int64_t *run) {
    hone_db *db = NULL;
    unlink(fixture_path(name));
    assert_int_equal(hone_db_open_write(&db, fixture_path(name)), HONE_OK);
    assert_int_equal(hone_db_run_begin(run, db, "hone test", fixture_environment()), HONE_OK);
    return db;
}

static inline int64_t fixture_count(hone_db *db, const char *sql) {
    int64_t count = -1;
    hone_status status = hone_db_integer(&count, db, sql, "counting");
    if (status != HONE_OK)
        fail_msg("%s", hone_error_detail());
    return count;
}

/* The first column of the first row, "" when there is none. */
static inline const char *fixture_text(hone_db *db, const char *sql) {
    static char text[512];
    sqlite3_stmt *statement = NULL;
    assert_int_equal(sqlite3_prepare_v2(db->handle, sql, -1, &statement, NULL), SQLITE_OK);
    snprintf(text, sizeof text, "%s",
             sqlite3_step(statement) == SQLITE_ROW ? hone_db_text(statement, 0) : "");
    sqlite3_finalize(statement);
    return text;
}

/* The export of a file as one text; the caller frees it. */
static inline char *fixture_export(const char *path) {
    static char *text; /* static, since gcc 12 takes what the stream has written to for dangling */
    static size_t size;
    hone_db *db = NULL;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    assert_int_equal(hone_db_open(&db, path), HONE_OK);
    assert_int_equal(hone_db_export(out, db), HONE_OK);
    hone_db_close(db);
    assert_int_equal(fclose(out), 0);
    return text;
}

/* Everything about a file that is derived: winners by natural keys. */
static inline char *fixture_winners(const char *path) {
    static const char sql[] =
        "SELECT group_concat(line, char(10)) FROM (SELECT d.fingerprint || ' ' || p.text || ' ' || w.threads "
        "|| "
        "' ' || w.objective || ' ' || w.mode || ' ' || b.identity || ' ' || m.uid AS line FROM winners w "
        "JOIN devices d ON d.id = w.device_id JOIN problems p ON p.id = w.problem_id "
        "JOIN builds b ON b.id = w.build_id JOIN measurements m ON m.id = w.measurement_id ORDER BY line)";
    hone_db *db = NULL;
    sqlite3_stmt *statement = NULL;
    assert_int_equal(hone_db_open(&db, path), HONE_OK);
    assert_int_equal(sqlite3_prepare_v2(db->handle, sql, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    char *text = strdup(hone_db_text(statement, 0));
    sqlite3_finalize(statement);
    hone_db_close(db);
    return text;
}

static inline void fixture_assert_same_text(char *first, char *second) {
    assert_string_equal(first, second);
    free(first);
    free(second);
}

/* The same evidence and the same winners. */
static inline void fixture_assert_same(const char *a, const char *b) {
    fixture_assert_same_text(fixture_winners(a), fixture_winners(b));
    fixture_assert_same_text(fixture_export(a), fixture_export(b));
}

/* Through a connection of its own, without this project's defences. */
static inline void fixture_damage(const char *path, const char *sql) {
    sqlite3 *handle = NULL;
    assert_int_equal(sqlite3_open(path, &handle), SQLITE_OK);
    if (sqlite3_exec(handle, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(handle));
    sqlite3_close(handle);
}

#endif

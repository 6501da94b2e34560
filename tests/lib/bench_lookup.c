/* Not a test: times lookups in a database of many measurements; scripts/bench-lookup runs it.
 *
 *     bench_lookup FILE [MEASUREMENTS]
 *
 * FILE is made, with MEASUREMENTS (default 1,000,000) rows of made-up evidence of this machine's CPU, 100
 * configs a problem, unless it is there. Prints percentiles in microseconds, one line a kind of lookup. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sqlite3.h>

#include "../../tuner/db/lookup_private.h"

enum { CONFIGS = 100, SIZES = 24, CALLS = 4000 };

static double now_us(void) {
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec * 1e6 + (double)at.tv_nsec * 1e-3;
}

static void check(hone_status status, const char *what) {
    if (status == HONE_OK)
        return;
    fprintf(stderr, "bench_lookup: %s: %s\n", what, hone_error_detail());
    exit(1);
}

static uint64_t state = 1;
static uint64_t draw(uint64_t below) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state % below;
}

/* Sizes of layers: powers of two and what lies between. */
static int64_t size_at(int i) { return (int64_t)lround(16 * pow(2, i * 8.0 / SIZES)); }

/* What is asked: a shape of the grid; one beside it, never measured; one of a type that nothing was measured
 * of. */
typedef enum question { EXACT, NEAR, UNKNOWN, LIMITED } question;

static hone_problem problem_at(int64_t number, question asked) {
    static const char *const acts[] = {"relu", "gelu_tanh", "silu", "identity"};
    hone_activation act;
    hone_problem problem;
    check(hone_activation_parse(&act, acts[number / SIZES / SIZES / SIZES % 4]), "activation");
    hone_problem_init(&problem, asked == UNKNOWN ? HONE_BF16 : HONE_F32, act,
                      size_at((int)(number % SIZES)) + (asked == NEAR),
                      size_at((int)(number / SIZES % SIZES)), size_at((int)(number / SIZES / SIZES % SIZES)));
    return problem;
}

static void run_sql(hone_db *db, const char *sql) {
    check(hone_db_execute(db, sql, "making the database"), sql);
}

static void add_problem(hone_db *db, const hone_device *device, const hone_problem *problem) {
    static const char config_sql[] =
        "INSERT INTO configs (text) VALUES (:text) ON CONFLICT (text) DO NOTHING";
    static const char row_sql[] = "INSERT INTO measurements (uid, run_id, device_id, problem_id, config_id, "
                                  "provider, mode, stage, threads,"
                                  " measured_at, sample_count, batch, disturbed, settled, samples, p50_us, "
                                  "min_us, max_us, mean_us, correct,"
                                  " err_rel_fro, err_bound_ratio) SELECT lower(hex(randomblob(16))), 1, 1, "
                                  ":problem, c.id, 'hone', 'warm',"
                                  " 'screen', :threads, '2026-01-01T00:00:00Z', 20, 1, 0, 1, zeroblob(80), "
                                  ":us, :us, :us, :us, 1, :error, 0.1"
                                  " FROM configs c WHERE c.text = :text";
    hone_config config;
    int64_t id = 0;
    check(hone_db_store_problem(&id, db, problem), "problem");
    check(device->backend->default_config(&config, device, problem, device->threads, NULL), "default");
    for (int i = 0; i < CONFIGS; i++) {
        char text[HONE_CONFIG_TEXT];
        sqlite3_stmt *insert;
        check(hone_config_set_int(&config, "pf", 256 * i), "config");
        check(hone_config_format(text, sizeof text, &config), "config");
        check(hone_db_prepare(&insert, db, config_sql), "prepare");
        hone_db_bind_text(insert, ":text", text);
        check(hone_db_complete(db, insert, "config"), "config");
        check(hone_db_prepare(&insert, db, row_sql), "prepare");
        hone_db_bind_int(insert, ":problem", id);
        hone_db_bind_text(insert, ":text", text);
        hone_db_bind_int(insert, ":threads", device->threads);
        hone_db_bind_real(insert, ":error", i == 0 ? 1e-8 : 1e-7);
        hone_db_bind_real(insert, ":us", 10.0 + (double)(i == 16 ? 0 : i + 1));
        check(hone_db_complete(db, insert, "measurement"), "measurement");
    }
}

static void make(const char *path, const hone_device *device, int64_t measurements) {
    hone_db *db;
    hone_environment environment;
    int64_t run, stride = (int64_t)SIZES * SIZES * SIZES * 4 / (measurements / CONFIGS);
    fprintf(stderr, "bench_lookup: making '%s'\n", path);
    check(hone_db_open_write(&db, path), "creating");
    hone_environment_read(&environment);
    check(hone_db_run_begin(&run, db, "bench_lookup", &environment), "run");
    run_sql(db, "PRAGMA synchronous = OFF");
    run_sql(db, "BEGIN");
    sqlite3_stmt *insert;
    check(hone_db_prepare(&insert, db,
                          "INSERT INTO devices (fingerprint, backend, model, family, threads) VALUES"
                          " (:fingerprint, 'cpu', '', :family, :threads)"),
          "device");
    hone_db_bind_text(insert, ":fingerprint", device->fingerprint);
    hone_db_bind_text(insert, ":family", device->family);
    hone_db_bind_int(insert, ":threads", device->threads);
    check(hone_db_complete(db, insert, "device"), "device");
    for (int64_t i = 0; i < measurements / CONFIGS; i++) {
        hone_problem problem = problem_at(i * stride, EXACT);
        add_problem(db, device, &problem);
    }
    run_sql(db, "COMMIT");
    check(hone_db_derive_winners(db, NULL, NULL), "winners");
    hone_db_close(db);
}

static int by_value(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void print(const char *name, double *us, int count, int kinds[4]) {
    qsort(us, (size_t)count, sizeof *us, by_value);
    printf("%-22s p50 %9.3f  p99 %9.3f  max %9.3f us   exact %d near %d family %d default %d\n", name,
           us[count / 2], us[count * 99 / 100], us[count - 1], kinds[0], kinds[1], kinds[2], kinds[3]);
}

/* `distinct` problems in turn: more than one call each is a cached one. */
static void time_lookups(const char *name, const char *path, const hone_context *context,
                         int64_t measurements, question asked, int repeated) {
    static double us[CALLS];
    int kinds[4] = {0};
    hone_db *db;
    int64_t problems = measurements / CONFIGS, stride = (int64_t)SIZES * SIZES * SIZES * 4 / problems;
    check(hone_db_open(&db, path), "opening");
    hone_problem same = problem_at(7 * stride, asked);
    for (int i = 0; i < CALLS; i++) {
        hone_problem problem =
            repeated ? same : problem_at((int64_t)draw((uint64_t)problems) * stride, asked);
        hone_match match;
        hone_lookup_options options = {.max_rel_error = asked == LIMITED ? 5e-8 : 0};
        if (!repeated) { /* what near shapes are found by stays */
            hone_lookup_cache_destroy(db->cache);
            db->cache = NULL;
        }
        double start = now_us();
        check(hone_db_lookup(&match, db, context, "cpu", &problem, &options), "lookup");
        us[i] = now_us() - start;
        kinds[match.kind]++;
    }
    hone_db_close(db);
    print(name, us, CALLS, kinds);
}

int main(int argc, char **argv) {
    hone_context *context;
    const hone_device *device;
    int64_t measurements = argc > 2 ? atoll(argv[2]) : 1000000;
    if (argc < 2 || measurements < CONFIGS)
        return 2;
    check(hone_context_create(&context), "context");
    check(hone_context_device(&device, context, "cpu"), "device");
    if (access(argv[1], F_OK) != 0)
        make(argv[1], device, measurements);
    for (int again = 0; again < 2; again++) {
        time_lookups(again ? "exact, again" : "exact, cold", argv[1], context, measurements, EXACT, again);
        time_lookups(again ? "near, again" : "near, cold", argv[1], context, measurements, NEAR, again);
        time_lookups(again ? "default, again" : "default, cold", argv[1], context, measurements, UNKNOWN,
                     again);
        time_lookups(again ? "limited, again" : "limited, cold", argv[1], context, measurements, LIMITED,
                     again);
    }
    hone_context_destroy(context);
    return 0;
}

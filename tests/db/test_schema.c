/* The schema refuses rows that contradict themselves, and is made once. */
#include "db_fixture.h"

static hone_db *db;
static int64_t run;

static int open_db(void **state) {
    (void)state;
    db = fixture_open("schema.db", &run);
    assert_int_equal(fixture_add(db, run, (fixture_row){0}), HONE_OK);
    assert_int_equal(fixture_fail(db, run, (fixture_row){0}, "run"), HONE_OK);
    assert_int_equal(hone_db_derive_winners(db, NULL, NULL), HONE_OK);
    return 0;
}

static int close_db(void **state) {
    (void)state;
    hone_db_close(db);
    return 0;
}

static void it_says_what_it_is(void **state) {
    (void)state;
    assert_int_equal(fixture_count(db, "PRAGMA user_version"), HONE_DB_SCHEMA);
    assert_int_equal(fixture_count(db, "PRAGMA application_id"), HONE_DB_APPLICATION_ID);
    assert_string_equal(fixture_text(db, "PRAGMA journal_mode"), "wal");
    assert_int_equal(fixture_count(db, "PRAGMA foreign_keys"), 1);
}

static void opening_again_changes_nothing(void **state) {
    int64_t version = fixture_count(db, "PRAGMA schema_version");
    hone_db *again = NULL;
    (void)state;
    assert_int_equal(hone_db_open_write(&again, db->path), HONE_OK);
    assert_int_equal(fixture_count(again, "PRAGMA schema_version"), version);
    assert_int_equal(fixture_count(again, "SELECT count(*) FROM measurements"), 1);
    hone_db_close(again);
}

static void bad_rows_are_refused(void **state) {
    static const char *const bad[] = {
        "UPDATE measurements SET mode = 'tepid'",
        "UPDATE measurements SET stage = 'guess'",
        "UPDATE measurements SET threads = 0",
        "UPDATE measurements SET provider = ''",
        "UPDATE measurements SET sample_count = sample_count + 1",
        "UPDATE measurements SET samples = x'00'",
        "UPDATE measurements SET samples = 'text'",
        "UPDATE measurements SET p50_us = 0",
        "UPDATE measurements SET p50_us = 'fast'",
        "UPDATE measurements SET p50_us = NULL",
        "UPDATE measurements SET p95_us = p50_us / 2",
        "UPDATE measurements SET disturbed = sample_count + 1",
        "UPDATE measurements SET correct = 2",
        "UPDATE measurements SET zero_fraction = 1.5",
        "UPDATE measurements SET measured_at = 'yesterday'",
        "UPDATE measurements SET uid = 'short'",
        "UPDATE measurements SET run_id = 999",
        "UPDATE measurements SET device_id = 999",
        "UPDATE measurements SET problem_id = NULL",
        "INSERT INTO measurements SELECT id + 1, uid, run_id, device_id, problem_id, config_id, provider, "
        "mode, "
        "stage, threads, measured_at, sample_count, batch, disturbed, settled, samples, p50_us, p50_low_us, "
        "p50_high_us, p95_us, p95_low_us, p95_high_us, p99_us, min_us, max_us, mean_us, cv, peak_gops, "
        "read_gbps, correct, "
        "seed, err_max_abs, err_rel_fro, err_bound_ratio, quant_sqnr_db, zero_fraction, negative_fraction, "
        "saturated_fraction, dead_columns, nan_count, inf_count, entropy_bits, clock, workspace_bytes, "
        "is_default "
        "FROM measurements",
        "UPDATE measurements SET clock = 'sundial'",
        "UPDATE measurements SET clock = NULL",
        "UPDATE measurements SET workspace_bytes = -1",
        "UPDATE measurements SET is_default = 2",
        "DELETE FROM measurements", /* a winner rests on it */
        "DELETE FROM runs",
        "DELETE FROM devices",
        "INSERT INTO devices (fingerprint, backend, model, family, threads) SELECT fingerprint, 'cpu', '', "
        "'', 1 "
        "FROM devices",
        "UPDATE devices SET fingerprint = ''",
        "UPDATE devices SET threads = 0",
        "INSERT INTO configs (text) SELECT text FROM configs",
        "UPDATE problems SET m = 0",
        "UPDATE problems SET dtype = 'f64'",
        "UPDATE problems SET weights = 'loose'",
        "UPDATE problems SET text = 'conv/3x3'",
        "UPDATE failures SET kind = 'slow'",
        "UPDATE failures SET seed = 'abc'",
        "UPDATE winners SET objective = 'p42'",
        "UPDATE winners SET measurement_id = 999",
        "UPDATE runs SET clock_mhz = -1",
        "INSERT INTO environments (host, os, cpu_model, governor, binding, huge_pages, libraries) SELECT "
        "host, os, "
        "cpu_model, governor, binding, huge_pages, libraries FROM environments",
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int code = sqlite3_exec(db->handle, bad[i], NULL, NULL, NULL);
        if (code != SQLITE_CONSTRAINT)
            fail_msg("%s: gave %d (%s)", bad[i], code, sqlite3_errmsg(db->handle));
    }
}

/* Each question that the code asks of a large table finds an index. */
static void lookups_use_indexes(void **state) {
    static const char *const plans[] = {
        "SELECT * FROM measurements WHERE device_id = 1 AND problem_id = 2 AND config_id = 3 AND threads = 4",
        "SELECT id FROM measurements WHERE device_id = 1 AND problem_id = 2 AND threads = 4 AND is_default=1",
        "SELECT * FROM failures WHERE device_id = 1 AND problem_id = 2 AND config_id = 3",
        "SELECT * FROM winners WHERE device_id = 1 AND problem_id = 2 AND threads = 3 AND objective = 'p50'",
        "SELECT * FROM winners WHERE device_id = 1 AND threads = 3 AND objective = 'p50'",
        "SELECT * FROM winners WHERE measurement_id = 1",
        "SELECT * FROM problems WHERE text = 'x'",
        "SELECT * FROM configs WHERE text = 'x'",
        "SELECT * FROM devices WHERE family = 'x'",
        "SELECT * FROM runs WHERE uid = 'x'",
    };
    char sql[512];
    (void)state;
    for (size_t i = 0; i < sizeof plans / sizeof plans[0]; i++) {
        sqlite3_stmt *statement = NULL;
        snprintf(sql, sizeof sql, "EXPLAIN QUERY PLAN %s", plans[i]);
        assert_int_equal(sqlite3_prepare_v2(db->handle, sql, -1, &statement, NULL), SQLITE_OK);
        assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
        if (strncmp(hone_db_text(statement, 3), "SEARCH", 6) != 0)
            fail_msg("%s: %s", plans[i], hone_db_text(statement, 3));
        sqlite3_finalize(statement);
    }
}

int main(void) {
#define DB_TEST(name) cmocka_unit_test_setup_teardown(name, open_db, close_db)
    const struct CMUnitTest tests[] = {
        DB_TEST(it_says_what_it_is),
        DB_TEST(opening_again_changes_nothing),
        DB_TEST(bad_rows_are_refused),
        DB_TEST(lookups_use_indexes),
    };
    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}

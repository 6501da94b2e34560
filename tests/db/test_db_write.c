/* Storing measurements and failures, and asking what is known. */
#include "db_fixture.h"

static hone_db *db;
static int64_t run;

static int open_db(void **state) {
    (void)state;
    db = fixture_open("write.db", &run);
    return 0;
}

static int close_db(void **state) {
    (void)state;
    hone_db_close(db);
    return 0;
}

static int known(double *value, const char *config, int threads, const char *mode, const char *objective) {
    hone_problem problem = fixture_problem("gemm/f32/relu/64x64x64");
    hone_known what = {*value, NAN};
    int found = -1;
    assert_int_equal(
        hone_db_known(&found, &what, db, &fixture_device, &problem, config, threads, mode, objective),
        HONE_OK);
    *value = what.value;
    return found;
}

static void a_measurement_keeps_its_samples_and_provenance(void **state) {
    (void)state;
    assert_int_equal(fixture_add(db, run, (fixture_row){.samples = 64, .us = 20}), HONE_OK);
    assert_int_equal(fixture_count(db, "SELECT count(*) FROM measurements"), 1);
    assert_string_equal(fixture_text(db, "SELECT d.fingerprint FROM measurements m JOIN devices d ON d.id = "
                                         "m.device_id"),
                        fixture_device.fingerprint);
    assert_string_equal(fixture_text(db, "SELECT identity FROM builds"), hone_build_id());
    assert_string_equal(fixture_text(db, "SELECT git_commit FROM runs"), "0123456789ab");
    assert_string_equal(fixture_text(db, "SELECT load IS NULL FROM runs"), "1");
    assert_string_equal(fixture_text(db, "SELECT m || 'x' || n || 'x' || k || dtype || activation || bias || "
                                         "weights || layout FROM problems"),
                        "64x64x64f32relu1packedkxn");
    /* The last of 64 samples is 1.25 times the median: 25.0 is 0x41c80000. */
    assert_string_equal(fixture_text(db, "SELECT hex(substr(samples, -4)) FROM measurements"), "0000C841");
    assert_string_equal(fixture_text(db, "SELECT p99_us IS NULL AND quant_sqnr_db IS NULL FROM measurements"),
                        "1");
}

static void names_are_stored_once(void **state) {
    (void)state;
    for (int i = 0; i < 3; i++)
        assert_int_equal(fixture_add(db, run, (fixture_row){0}), HONE_OK);
    assert_int_equal(fixture_count(db, "SELECT count(*) FROM measurements"), 3);
    assert_int_equal(fixture_count(db, "SELECT count(*) FROM devices"), 1);
    assert_int_equal(fixture_count(db, "SELECT count(*) FROM problems"), 1);
    assert_int_equal(fixture_count(db, "SELECT count(*) FROM configs"), 1);
    int64_t second;
    assert_int_equal(hone_db_run_begin(&second, db, "hone test", fixture_environment()), HONE_OK);
    assert_int_not_equal(second, run);
    assert_int_equal(fixture_count(db, "SELECT count(*) FROM environments"), 1);
    assert_int_equal(fixture_count(db, "SELECT count(*) FROM builds"), 1);
}

static void text_is_data(void **state) {
    (void)state;
#define HOSTILE "x'); DROP TABLE measurements; --\"%s[`]"
    static const char hostile[] = HOSTILE;
    const hone_device device = {.backend = &fixture_backend,
                                .name = "cpu",
                                .model = HOSTILE,
                                .fingerprint = HOSTILE,
                                .family = HOSTILE,
                                .threads = 2};
#undef HOSTILE
    fixture_row row = {.device = &device, .provider = hostile, .config = hostile};
    assert_int_equal(fixture_add(db, run, row), HONE_OK);
    assert_int_equal(fixture_fail(db, run, row, "run"), HONE_OK);
    assert_int_equal(hone_db_run_begin(&run, db, hostile, fixture_environment()), HONE_OK);
    static const char *const sql[] = {
        "SELECT provider FROM measurements", "SELECT text FROM configs",
        "SELECT fingerprint FROM devices",   "SELECT model FROM devices",
        "SELECT family FROM devices",        "SELECT command_line FROM runs ORDER BY id DESC LIMIT 1",
    };
    for (size_t i = 0; i < sizeof sql / sizeof sql[0]; i++)
        assert_string_equal(fixture_text(db, sql[i]), hostile);
    /* And asked for by these names, exported and merged. */
    hone_problem problem = fixture_problem("gemm/f32/relu/64x64x64");
    hone_known value;
    int found = -1;
    assert_int_equal(hone_db_known(&found, &value, db, &device, &problem, hostile, 2, "warm", "p50"),
                     HONE_OK);
    assert_int_equal(found, 2);
    assert_int_equal(hone_db_derive_winners(db, &device, &problem), HONE_OK);
    const char *const inputs[] = {fixture_path("write.db")};
    assert_int_equal(hone_db_merge(NULL, fixture_path("merged.db"), inputs, 1), HONE_OK);
    fixture_assert_same(fixture_path("write.db"), fixture_path("merged.db"));
}

static void a_contradiction_is_refused_and_leaves_nothing(void **state) {
    (void)state;
    assert_int_equal(fixture_add(db, run, (fixture_row){.stage = "guess", .config = "mr=8,nr=8"}),
                     HONE_E_DATA);
    assert_non_null(strstr(hone_error_detail(), "CHECK"));
    assert_int_equal(fixture_count(db, "SELECT count(*) FROM configs"), 0);
    assert_int_equal(fixture_add(db, run + 1000, (fixture_row){0}), HONE_E_DATA);
    assert_int_equal(fixture_add(db, run, (fixture_row){0}), HONE_OK);
}

static void known_says_measured_failed_or_nothing(void **state) {
    double value = NAN;
    (void)state;
    assert_int_equal(known(&value, "mr=4,nr=16", 2, "warm", "p50"), 0);
    assert_int_equal(fixture_add(db, run, (fixture_row){.stage = "screen", .us = 12, .samples = 20}),
                     HONE_OK);
    assert_int_equal(fixture_add(db, run, (fixture_row){.stage = "final", .us = 10}), HONE_OK);
    assert_int_equal(known(&value, "mr=4,nr=16", 2, "warm", "p50"), 1);
    assert_true(value == 12); /* what the search saw first */
    assert_int_equal(known(&value, "mr=4,nr=16", 2, "warm", "p95"), 1);
    assert_true(value == 15); /* the screening had too few samples for a p95 */
    assert_int_equal(known(&value, "mr=4,nr=16", 2, "cold", "p50"), 0);
    assert_int_equal(known(&value, "mr=4,nr=16", 1, "warm", "p50"), 0);
    assert_int_equal(known(&value, "mr=8,nr=16", 2, "warm", "p50"), 0);

    assert_int_equal(fixture_fail(db, run, (fixture_row){.config = "mr=8,nr=8"}, "build"), HONE_OK);
    assert_int_equal(known(&value, "mr=8,nr=8", 2, "cold", "p50"), 2);
    assert_int_equal(known(&value, "mr=8,nr=8", 1, "warm", "p50"), 0);
    assert_int_equal(fixture_fail(db, run, (fixture_row){.config = "mr=8,nr=8"}, "wrong"), HONE_OK);
    assert_int_equal(known(&value, "mr=8,nr=8", 1, "warm", "p50"), 2);
    assert_string_equal(fixture_text(db, "SELECT seed FROM failures"), "-1");
}

static void another_build_is_not_known(void **state) {
    double value = NAN;
    (void)state;
    assert_int_equal(fixture_add(db, run, (fixture_row){0}), HONE_OK);
    assert_int_equal(hone_db_execute(db, "UPDATE builds SET identity = 'other'", "changing"), HONE_OK);
    assert_int_equal(known(&value, "mr=4,nr=16", 2, "warm", "p50"), 0);
}

int main(void) {
#define DB_TEST(name) cmocka_unit_test_setup_teardown(name, open_db, close_db)
    const struct CMUnitTest tests[] = {
        DB_TEST(a_measurement_keeps_its_samples_and_provenance),
        DB_TEST(names_are_stored_once),
        DB_TEST(text_is_data),
        DB_TEST(a_contradiction_is_refused_and_leaves_nothing),
        DB_TEST(known_says_measured_failed_or_nothing),
        DB_TEST(another_build_is_not_known),
    };
    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}

/* Databases of earlier schemas: schema_<version>.sql is the schema as it was. */
#include <sys/stat.h>

#include "db_fixture.h"

#include "../../tuner/db/db_care.h"

static char *read_text(const char *path) {
    char *text = NULL;
    size_t size = 0;
    FILE *in = fopen(path, "r");
    if (!in)
        fail_msg("%s cannot be opened", path);
    if (getdelim(&text, &size, '\0', in) < 0)
        fail_msg("%s cannot be read", path);
    fclose(in);
    return text;
}

/* What evidence of any earlier version refers to. */
static const char subject[] =
    "INSERT INTO devices VALUES (1, 'cpu/test-9000/avx2/2c', 'cpu', 'Test 9000', 'cpu/test/avx2', 2);"
    "INSERT INTO builds VALUES (1, 'another', 'cc', '-O2');"
    "INSERT INTO environments VALUES (1, 'host', 'os', 'cpu', '', '0-1', '', 'none');"
    "INSERT INTO runs VALUES (1, '0123456789abcdef0123456789abcdef', 1, 1, 'hone tune', '', NULL, NULL,"
    " '2026-01-02T03:04:05Z');"
    "INSERT INTO problems VALUES (1, 'gemm/f32/relu/64x64x64', 'f32', 'f32', 'f32', 'relu', 64, 64, 64, "
    "1,"
    " 'packed', 'kxn', 'tensor');";

/* Measurements 1 and 2 of two configs, the second the default, begin with this. */
#define TWO_CONFIGS                                                                                          \
    "INSERT INTO configs VALUES (1, 'mr=4,nr=16'), (2, 'mr=1,nr=8');"                                        \
    "INSERT INTO measurements (id, uid, run_id, device_id, problem_id, config_id, provider, mode, stage, "   \
    "threads, measured_at, sample_count, batch, disturbed, settled, samples, p50_us, p50_low_us, "           \
    "p50_high_us, min_us, max_us, mean_us, correct, is_default)"

static void make(const char *name, int version, const char *rows) {
    hone_db *db;
    char path[512];
    snprintf(path, sizeof path, HONE_SOURCE_DIR "/tests/db/schema_%d.sql", version);
    char *schema = read_text(path);
    assert_int_equal(hone_db_connect(&db, fixture_path(name), SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE),
                     HONE_OK);
    if (hone_db_execute(db, schema, "making") != HONE_OK ||
        hone_db_execute(db, subject, "filling") != HONE_OK ||
        hone_db_execute(db, rows, "filling") != HONE_OK ||
        hone_db_execute(db, "PRAGMA journal_mode = WAL", "switching") != HONE_OK)
        fail_msg("%s", hone_error_detail());
    hone_db_close(db);
    free(schema);
}

/* A database of version 1 with one winner, as that version wrote it. */
static void make_version_1(const char *name) {
    static const char rows[] =
        "INSERT INTO configs VALUES (1, 'mr=4,nr=16');"
        "INSERT INTO measurements (id, uid, run_id, device_id, problem_id, config_id, provider, mode, stage, "
        "threads,"
        " measured_at, sample_count, batch, disturbed, settled, samples, p50_us, min_us, max_us, mean_us, "
        "correct)"
        " VALUES (1, 'ffffffffffffffffffffffffffffffff', 1, 1, 1, 1, 'hone', 'warm', 'final', 2,"
        " '2026-01-02T03:04:05Z', 1, 1, 0, 1, x'00002041', 10, 10, 10, 10, 1);"
        "INSERT INTO winners VALUES (1, 1, 2, 'p50', 'warm', 1, 1), (1, 1, 2, 'throughput', 'warm', 1, 1);";
    make(name, 1, rows);
}

static void fail_with(const char *finding, void *context) {
    (void)context;
    fail_msg("%s", finding);
}

static void assert_whole(hone_db *db) {
    hone_db_report report;
    assert_int_equal(hone_db_check(&report, db, fail_with, NULL), HONE_OK);
    assert_int_equal(report.ok, 1);
    assert_int_equal(report.schema, HONE_DB_SCHEMA);
    assert_int_equal(report.measurements, 1);
    assert_int_equal(report.winners, 2);
}

static void assert_answers(hone_db *db) {
    hone_problem problem = fixture_problem("gemm/f32/relu/64x64x64");
    hone_lookup_options options = {.allow_stale = 1}, small = {.allow_stale = 1, .max_workspace = 1 << 30};
    hone_match match;
    assert_int_equal(hone_db_lookup_device(&match, db, &fixture_device, &problem, &options), HONE_OK);
    assert_int_equal(match.kind, HONE_MATCH_EXACT);
    assert_string_equal(match.config, "mr=4,nr=16");
    assert_int_equal(match.workspace, -1); /* version 1 did not know it */
    assert_int_equal(hone_db_find(&match, db, fixture_device.fingerprint, NULL, &problem, &small),
                     HONE_E_NOMATCH);
}

static void writing_migrates_the_file(void **state) {
    hone_db *db = NULL;
    (void)state;
    make_version_1("write.db");
    for (int again = 0; again < 2; again++) {
        if (hone_db_open_write(&db, fixture_path("write.db")) != HONE_OK)
            fail_msg("%s", hone_error_detail());
        assert_int_equal(fixture_count(db, "PRAGMA user_version"), HONE_DB_SCHEMA);
        assert_string_equal(fixture_text(db, "SELECT clock FROM measurements"), "host");
        assert_whole(db);
        assert_answers(db);
        hone_db_close(db);
    }
}

static void reading_leaves_the_file_alone(void **state) {
    hone_db *db = NULL;
    (void)state;
    make_version_1("read.db");
    if (hone_db_open(&db, fixture_path("read.db")) != HONE_OK)
        fail_msg("%s", hone_error_detail());
    assert_string_equal(db->path, fixture_path("read.db"));
    assert_whole(db);
    assert_answers(db);
    assert_int_not_equal(hone_db_execute(db, "DELETE FROM winners", "trying to write"), HONE_OK);
    hone_db_close(db);
    assert_int_equal(hone_db_connect(&db, fixture_path("read.db"), SQLITE_OPEN_READONLY), HONE_OK);
    assert_int_equal(fixture_count(db, "PRAGMA user_version"), 1);
    hone_db_close(db);
}

/* Version 2 took the faster one, whose interval does not overlap; now the default wins by up to 2%. */
static void winners_follow_the_rule_of_this_version(void **state) {
    static const char rows[] = TWO_CONFIGS
        " VALUES (1, 'fffffffffffffffffffffffffffffff0', 1, 1, 1, 1, 'hone', 'warm', 'final', 2,"
        " '2026-01-02T03:04:05Z', 1, 1, 0, 1, x'00002041', 10, 9.99, 10.01, 10, 10, 10, 1, 0),"
        " (2, 'fffffffffffffffffffffffffffffff1', 1, 1, 1, 2, 'hone', 'warm', 'final', 2,"
        " '2026-01-02T03:04:05Z', 1, 1, 0, 1, x'00002041', 10.19, 10.18, 10.2, 10, 11, 10.19, 1, 1);"
        "INSERT INTO winners VALUES (1, 1, 2, 'p50', 'warm', 1, 1), (1, 1, 2, 'throughput', 'warm', 1, 1);";
    hone_db *db = NULL;
    hone_db_report report;
    (void)state;
    make("two.db", 2, rows);
    if (hone_db_open_write(&db, fixture_path("two.db")) != HONE_OK)
        fail_msg("%s", hone_error_detail());
    assert_int_equal(fixture_count(db, "PRAGMA user_version"), HONE_DB_SCHEMA);
    assert_int_equal(fixture_count(db, "SELECT count(*) FROM winners WHERE measurement_id = 2"), 2);
    assert_int_equal(hone_db_check(&report, db, fail_with, NULL), HONE_OK);
    assert_int_equal(report.ok, 1);
    hone_db_close(db);
}

/* Version 3, whose tables are those of version 2, let a default of twice the time win where intervals are
 * wide. */
static void winners_of_version_3_are_derived_anew(void **state) {
    static const char rows[] = TWO_CONFIGS
        " VALUES (1, 'fffffffffffffffffffffffffffffff0', 1, 1, 1, 1, 'hone', 'warm', 'final', 2,"
        " '2026-01-02T03:04:05Z', 1, 1, 0, 1, x'00002041', 10, 5, 30, 5, 30, 10, 1, 0),"
        " (2, 'fffffffffffffffffffffffffffffff1', 1, 1, 1, 2, 'hone', 'warm', 'final', 2,"
        " '2026-01-02T03:04:05Z', 1, 1, 0, 1, x'0000a041', 20, 10, 30, 10, 30, 20, 1, 1);"
        "INSERT INTO winners VALUES (1, 1, 2, 'p50', 'warm', 1, 2), (1, 1, 2, 'throughput', 'warm', 1, 1);"
        "PRAGMA user_version = 3;";
    hone_db *db = NULL;
    (void)state;
    make("three.db", 2, rows);
    if (hone_db_open_write(&db, fixture_path("three.db")) != HONE_OK)
        fail_msg("%s", hone_error_detail());
    assert_int_equal(fixture_count(db, "PRAGMA user_version"), HONE_DB_SCHEMA);
    assert_int_equal(fixture_count(db, "SELECT count(*) FROM winners WHERE measurement_id = 1"), 2);
    hone_db_close(db);
}

static void an_export_of_an_earlier_version_is_read(void **state) {
    static char text[] =
        "{\"record\":\"hone\",\"schema\":1}\n"
        "{\"record\":\"device\",\"fingerprint\":\"f\",\"backend\":\"cpu\",\"model\":\"m\",\"family\":\"\","
        "\"threads\":1}\n"
        "{\"record\":\"build\",\"identity\":\"b\",\"compiler\":\"\",\"flags\":\"\"}\n"
        "{\"record\":\"environment\",\"host\":\"\",\"os\":\"\",\"cpu_model\":\"\",\"governor\":\"\","
        "\"binding\":\"\","
        "\"huge_pages\":\"\",\"libraries\":\"\"}\n"
        "{\"record\":\"run\",\"uid\":\"0123456789abcdef0123456789abcdef\",\"build\":\"b\",\"environment\":"
        "\" |  |  |  |  |  | "
        "\",\"command_line\":\"\",\"git_commit\":\"\",\"started_at\":\"2026-01-02T03:04:05Z\"}\n"
        "{\"record\":\"problem\",\"text\":\"gemm/f32/relu/"
        "64x64x64\",\"dtype\":\"f32\",\"a_type\":\"f32\",\"c_type\":\"f32\","
        "\"activation\":\"relu\",\"m\":64,\"n\":64,\"k\":64,\"bias\":1,\"weights\":\"packed\",\"layout\":"
        "\"kxn\","
        "\"a_scales\":\"tensor\"}\n"
        "{\"record\":\"config\",\"text\":\"mr=4\"}\n"
        "{\"record\":\"measurement\",\"uid\":\"ffffffffffffffffffffffffffffffff\",\"run\":"
        "\"0123456789abcdef0123456789abcdef\",\"device\":\"f\",\"problem\":\"gemm/f32/relu/"
        "64x64x64\",\"config\":\"mr=4\","
        "\"provider\":\"hone\",\"mode\":\"warm\",\"stage\":\"final\",\"threads\":1,\"measured_at\":"
        "\"2026-01-02T03:04:05Z\",\"sample_count\":1,\"batch\":1,\"disturbed\":0,\"settled\":1,\"samples\":["
        "1],"
        "\"p50_us\":1,\"min_us\":1,\"max_us\":1,\"mean_us\":1}\n";
    int64_t run;
    hone_db *db = fixture_open("import.db", &run);
    FILE *in = fmemopen(text, sizeof text - 1, "r");
    (void)state;
    assert_non_null(in);
    if (hone_db_import(NULL, db, in, "text") != HONE_OK)
        fail_msg("%s", hone_error_detail());
    assert_string_equal(fixture_text(db, "SELECT clock FROM measurements"), "host");
    fclose(in);
    hone_db_close(db);
}

static void versions_are_merged(void **state) {
    int64_t run;
    hone_db *db = fixture_open("new.db", &run);
    (void)state;
    assert_int_equal(fixture_add(db, run, (fixture_row){.by_device = 1, .workspace = 77}), HONE_OK);
    hone_db_close(db);
    make_version_1("old.db");
    const char *inputs[] = {fixture_path("old.db"), fixture_path("new.db")};
    if (hone_db_merge(NULL, fixture_path("both.db"), inputs, 2) != HONE_OK)
        fail_msg("%s", hone_error_detail());
    assert_int_equal(hone_db_open(&db, fixture_path("both.db")), HONE_OK);
    assert_int_equal(fixture_count(db, "SELECT count(*) FROM measurements"), 2);
    assert_int_equal(
        fixture_count(db, "SELECT sum(workspace_bytes) FROM measurements WHERE clock = 'device'"), 77);
    hone_db_close(db);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writing_migrates_the_file),
        cmocka_unit_test(reading_leaves_the_file_alone),
        cmocka_unit_test(winners_follow_the_rule_of_this_version),
        cmocka_unit_test(winners_of_version_3_are_derived_anew),
        cmocka_unit_test(an_export_of_an_earlier_version_is_read),
        cmocka_unit_test(versions_are_merged),
    };
    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}

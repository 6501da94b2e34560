/* Checking, export, import and pruning; merging is test_db_merge.c. */
#include "db_fixture.h"

#include "../../tuner/db/db_care.h"

static void add(hone_db *db, int64_t run, fixture_row row) {
    if (fixture_add(db, run, row) != HONE_OK)
        fail_msg("%s", hone_error_detail());
}

/* Findings of a check, one a line. */
static char findings[4096];

static void hear(const char *finding, void *context) {
    (void)context;
    strncat(findings, finding, sizeof findings - strlen(findings) - 2);
    strcat(findings, "\n");
}

static hone_db_report check(hone_db *db) {
    hone_db_report report;
    findings[0] = '\0';
    assert_int_equal(hone_db_check(&report, db, hear, NULL), HONE_OK);
    return report;
}

static unsigned draw(unsigned *seed, unsigned bound) {
    *seed = *seed * 1103515245u + 12345u;
    return (*seed >> 16) % bound;
}

/* A file of random evidence, with everything that two files may disagree on. */
static void make_random(const char *name, unsigned seed) {
    static const char *const problems[] = {"gemm/f32/relu/64x64x64", "gemm/f32/relu/128x64x64",
                                           "gemm/f16/gelu_tanh/64x64x64/tb"};
    static const char *const configs[] = {"mr=1,nr=8", "mr=2,nr=8", "mr=4,nr=8", "mr=8,nr=8"};
    static const char *const stages[] = {"screen", "final", "bench"};
    static const hone_device renamed = {.backend = &fixture_backend,
                                        .name = "cpu",
                                        .model = "Another name for the same",
                                        .fingerprint = "cpu/test-9000/avx2/2c",
                                        .family = "cpu/test/avx2",
                                        .threads = 2};
    const hone_device *const devices[] = {&fixture_device, &fixture_sibling, &renamed};
    int64_t run = 0;
    hone_db *db = fixture_open(name, &run);
    for (int i = 0; i < 25; i++) {
        fixture_row row = {.device = devices[draw(&seed, 3)],
                           .problem = problems[draw(&seed, 3)],
                           .config = configs[draw(&seed, 4)],
                           .stage = stages[draw(&seed, 3)],
                           .threads = 1 + (int)draw(&seed, 2),
                           .mode = draw(&seed, 2) ? "warm" : "cold",
                           .samples = 40 + 10 * (int)draw(&seed, 4),
                           .us = 5 + draw(&seed, 6),
                           .wrong = draw(&seed, 12) == 0};
        if (draw(&seed, 10) == 0)
            assert_int_equal(fixture_fail(db, run, row, draw(&seed, 2) ? "wrong" : "run"), HONE_OK);
        else
            add(db, run, row);
        if (i == 12)
            assert_int_equal(hone_db_run_begin(&run, db, "hone again", fixture_environment()), HONE_OK);
    }
    assert_int_equal(hone_db_derive_winners(db, NULL, NULL), HONE_OK);
    hone_db_close(db);
}

static void import_reads_what_export_wrote(void **state) {
    (void)state;
    make_random("source", 5);
    char *text = fixture_export(fixture_path("source"));
    for (int round = 0; round < 2; round++) {
        hone_db *db = NULL;
        FILE *in = fmemopen(text, strlen(text), "r");
        assert_int_equal(hone_db_open_write(&db, fixture_path("imported")), HONE_OK);
        if (hone_db_import(NULL, db, in, "text") != HONE_OK)
            fail_msg("%s", hone_error_detail());
        fclose(in);
        hone_db_close(db);
        fixture_assert_same(fixture_path("source"), fixture_path("imported"));
    }
    assert_non_null(strstr(text, "\"record\":\"hone\",\"schema\":4"));
    assert_non_null(strstr(text, "\"device\":\"cpu/test-9000/avx2/2c\""));
    free(text);
}

static void infinite_numbers_survive(void **state) {
    int64_t run;
    (void)state;
    hone_db *db = fixture_open("infinite", &run);
    add(db, run, (fixture_row){.wrong = 1});
    assert_int_equal(hone_db_execute(db, "UPDATE measurements SET err_bound_ratio = 9e999", "changing"),
                     HONE_OK);
    hone_db_close(db);
    char *text = fixture_export(fixture_path("infinite"));
    FILE *in = fmemopen(text, strlen(text), "r");
    assert_int_equal(hone_db_open_write(&db, fixture_path("infinite_copy")), HONE_OK);
    assert_int_equal(hone_db_import(NULL, db, in, "text"), HONE_OK);
    assert_int_equal(fixture_count(db, "SELECT err_bound_ratio > 1e308 FROM measurements"), 1);
    hone_db_close(db);
    fclose(in);
    free(text);
}

static void a_bad_import_adds_nothing(void **state) {
#define HEAD "{\"record\":\"hone\",\"schema\":1}\n"
#define DEVICE                                                                                               \
    "{\"record\":\"device\",\"fingerprint\":\"f\",\"backend\":\"cpu\",\"model\":\"\",\"family\":\"\","       \
    "\"threads\":1}\n"
    static const struct {
        const char *text, *reason;
    } bad[] = {
        {"", "empty"},
        {"\n\n", "empty"},
        {DEVICE, "not an export"},
        {"not json\n", "line 1"},
        {HEAD DEVICE "{\"record\":", "line 3"},
        {HEAD DEVICE "[1,2]\n", "line 3"},
        {"{\"record\":\"hone\"}\n", "no schema"},
        {"{\"record\":\"hone\",\"schema\":99}\n", "newer"},
        {HEAD "{\"record\":\"winner\"}\n", "'winner' is unknown"},
        {HEAD DEVICE "{\"record\":\"config\",\"text\":\"a=1\",\"id\":7}\n", "no field 'id'"},
        {HEAD DEVICE "{\"record\":\"config\",\"text\":{\"a\":1}}\n", "field 'text'"},
        {HEAD DEVICE "{\"record\":\"config\",\"text\":[1,2]}\n", "BLOB"},
        {HEAD DEVICE "{\"record\":\"config\"}\n", "lacks a field"},
        {HEAD DEVICE "{\"record\":\"run\",\"uid\":\"00000000000000000000000000000000\",\"build\":\"none\"}\n",
         "no line before it"},
        {HEAD DEVICE
         "{\"record\":\"device\",\"fingerprint\":\"g\",\"backend\":\"cpu\",\"model\":\"\",\"family\":"
         "\"\",\"threads\":0}\n",
         "CHECK"},
        {HEAD DEVICE "{\"record\":\"problem\",\"text\":\"gemm/f32/relu/2x2x2\",\"dtype\":\"f32\",\"a_type\":"
                     "\"f32\",\"c_type\":\"f32\",\"activation\":\"relu\",\"m\":3,\"n\":2,\"k\":2,\"bias\":1,"
                     "\"weights\":\"packed\",\"layout\":\"kxn\",\"a_scales\":\"tensor\"}\n",
         "contradict"},
    };
    int64_t run;
    (void)state;
    hone_db *db = fixture_open("bad_import", &run);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        /* One byte more, since fmemopen takes no empty buffer; a trailing newline is a blank line. */
        char text[2048];
        int length = snprintf(text, sizeof text, "%s\n", bad[i].text);
        FILE *in = fmemopen(text, (size_t)length, "r");
        assert_non_null(in);
        assert_int_equal(hone_db_import(NULL, db, in, "text"), HONE_E_DATA);
        if (!strstr(hone_error_detail(), bad[i].reason))
            fail_msg("'%s' is not in '%s'", bad[i].reason, hone_error_detail());
        fclose(in);
        assert_int_equal(fixture_count(db, "SELECT count(*) FROM devices"), 0);
    }
    hone_db_close(db);
}

/* What is imported can be exported again. */
static void a_sample_without_end_is_refused(void **state) {
    int64_t run;
    hone_db *db = fixture_open("samples", &run);
    (void)state;
    add(db, run, (fixture_row){.samples = 2});
    hone_db_close(db);
    char *text = fixture_export(fixture_path("samples")), *changed = NULL;
    const char *samples = strstr(text, "\"samples\":[") + strlen("\"samples\":[");
    assert_true(asprintf(&changed, "%.*s1e300%s", (int)(samples - text), text, strchr(samples, ',')) > 0);
    FILE *in = fmemopen(changed, strlen(changed), "r");
    db = fixture_open("samples_copy", &run);
    assert_int_equal(hone_db_import(NULL, db, in, "text"), HONE_E_DATA);
    assert_non_null(strstr(hone_error_detail(), "sample 0"));
    assert_int_equal(fixture_count(db, "SELECT count(*) FROM measurements"), 0);
    hone_db_close(db);
    fclose(in);
    free(changed);
    free(text);
}

static void check_finds_what_is_wrong(void **state) {
    static const struct {
        const char *sql, *finding;
    } damage[] = {
        {"DELETE FROM winners", "winners do not follow"},
        {"UPDATE winners SET measurement_id = (SELECT max(id) FROM measurements)", "winners do not follow"},
        {"PRAGMA foreign_keys = 0; DELETE FROM runs", "is missing"},
        {"PRAGMA ignore_check_constraints = 1; UPDATE measurements SET mode = 'odd'", "CHECK"},
        {"UPDATE problems SET m = 65", "contradict"},
        {"UPDATE problems SET text = 'gemm/f32/RELU/64x64x64/'", "canonical"},
        {"DROP INDEX runs_by_build", "lacks index runs_by_build"},
        {"DROP INDEX runs_by_build; CREATE INDEX runs_by_build ON runs (load)", "not as this build declares"},
        {"CREATE TRIGGER t AFTER INSERT ON runs BEGIN DELETE FROM winners; END", "foreign trigger t"},
        {"DROP TABLE winners", "winners"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof damage / sizeof damage[0]; i++) {
        int64_t run;
        hone_db *db = fixture_open("damaged", &run);
        add(db, run, (fixture_row){0});
        add(db, run, (fixture_row){.config = "mr=1,nr=8", .us = 20});
        assert_int_equal(hone_db_derive_winners(db, NULL, NULL), HONE_OK);
        hone_db_report report = check(db);
        if (!report.ok)
            fail_msg("%s", findings);
        assert_int_equal(report.schema, HONE_DB_SCHEMA);
        assert_int_equal(report.measurements, 2);
        assert_int_equal(report.winners, 3);
        fixture_damage(db->path, damage[i].sql);
        report = check(db);
        assert_int_equal(report.ok, 0);
        if (!strstr(findings, damage[i].finding))
            fail_msg("%s: '%s' is not in '%s'", damage[i].sql, damage[i].finding, findings);
        hone_db_close(db);
    }
}

/* Makes the evidence on a config look old. */
static void age(hone_db *db, const char *config) {
    char sql[256];
    snprintf(sql, sizeof sql,
             "UPDATE measurements SET measured_at = '2001-01-01T00:00:00Z' WHERE config_id = "
             "(SELECT id FROM configs WHERE text = '%s')",
             config);
    assert_int_equal(hone_db_execute(db, sql, "aging"), HONE_OK);
}

static void pruning_keeps_the_winners(void **state) {
    int64_t run, measurements = -1, failures = -1;
    (void)state;
    hone_db *db = fixture_open("prune", &run);
    add(db, run, (fixture_row){.config = "mr=1,nr=8", .us = 5}); /* wins, old */
    add(db, run, (fixture_row){.config = "mr=2,nr=8", .us = 6}); /* old */
    add(db, run, (fixture_row){.config = "mr=4,nr=8", .us = 7}); /* young */
    age(db, "mr=1,nr=8");
    age(db, "mr=2,nr=8");
    assert_int_equal(hone_db_derive_winners(db, NULL, NULL), HONE_OK);
    hone_db_prune_options old = {.older_than_days = 30};
    assert_int_equal(hone_db_prune(&measurements, &failures, db, &old), HONE_OK);
    assert_int_equal(measurements, 1);
    assert_int_equal(failures, 0);
    assert_int_equal(fixture_count(db, "SELECT count(*) FROM configs WHERE text = 'mr=2,nr=8'"), 0);
    assert_int_equal(fixture_count(db, "SELECT count(*) FROM measurements"), 2);
    hone_db_report report = check(db);
    if (!report.ok)
        fail_msg("%s", findings);
    /* A run that may be going on keeps its row. */
    assert_int_equal(fixture_count(db, "SELECT count(*) FROM runs"), 1);
    hone_db_close(db);
}

/* Old evidence that a config is wrong, or slow, outlives its age as long as
 * younger evidence that would tell otherwise. */
static void pruning_makes_no_config_better(void **state) {
    int64_t run, measurements = -1, failures = -1;
    (void)state;
    hone_db *db = fixture_open("prune_wrong", &run);
    add(db, run, (fixture_row){.config = "mr=1,nr=8", .us = 10});
    add(db, run, (fixture_row){.config = "mr=2,nr=8", .us = 5});
    assert_int_equal(fixture_fail(db, run, (fixture_row){.config = "mr=2,nr=8"}, "wrong"), HONE_OK);
    add(db, run, (fixture_row){.config = "mr=4,nr=8", .us = 20, .samples = 300});
    age(db, "mr=4,nr=8");
    add(db, run, (fixture_row){.config = "mr=4,nr=8", .us = 4});
    assert_int_equal(hone_db_execute(db, "UPDATE failures SET failed_at = '2001-01-01T00:00:00Z'", "aging"),
                     HONE_OK);
    assert_int_equal(hone_db_derive_winners(db, NULL, NULL), HONE_OK);
    hone_db_prune_options old = {.older_than_days = 30};
    assert_int_equal(hone_db_prune(&measurements, &failures, db, &old), HONE_OK);
    assert_int_equal(measurements, 0);
    assert_int_equal(failures, 0);
    hone_db_report report = check(db);
    if (!report.ok)
        fail_msg("%s", findings);
    hone_db_close(db);
}

static void pruning_by_device_and_build(void **state) {
    int64_t run, measurements = -1, failures = -1;
    (void)state;
    hone_db *db = fixture_open("prune_device", &run);
    for (int i = 0; i < 2; i++) {
        const hone_device *device = i ? &fixture_sibling : &fixture_device;
        add(db, run, (fixture_row){.device = device, .config = "mr=1,nr=8", .us = 5});
        add(db, run, (fixture_row){.device = device, .config = "mr=2,nr=8", .us = 6});
    }
    assert_int_equal(hone_db_derive_winners(db, NULL, NULL), HONE_OK);
    hone_db_prune_options options = {.build = "unknown"};
    assert_int_equal(hone_db_prune(&measurements, &failures, db, &options), HONE_OK);
    assert_int_equal(measurements, 0);
    options = (hone_db_prune_options){.build = hone_build_id(), .device = fixture_sibling.fingerprint};
    assert_int_equal(hone_db_prune(&measurements, &failures, db, &options), HONE_OK);
    assert_int_equal(measurements, 1);
    options = (hone_db_prune_options){0};
    assert_int_equal(hone_db_prune(&measurements, &failures, db, &options), HONE_E_USAGE);
    hone_db_close(db);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(import_reads_what_export_wrote), cmocka_unit_test(infinite_numbers_survive),
        cmocka_unit_test(a_bad_import_adds_nothing),      cmocka_unit_test(a_sample_without_end_is_refused),
        cmocka_unit_test(check_finds_what_is_wrong),      cmocka_unit_test(pruning_keeps_the_winners),
        cmocka_unit_test(pruning_makes_no_config_better), cmocka_unit_test(pruning_by_device_and_build),
    };
    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}

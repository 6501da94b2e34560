/* Merging as properties over random files: deterministic, idempotent, commutative, associative, nothing lost
 * and nothing added, and the winners those of all the evidence together. */
#include "db_fixture.h"

#include "../../tuner/db/db_care.h"

enum { GROUPS = 80 /* of three files */, ROWS = 9 };

static uint64_t random_state;

static int draw(int bound) {
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return (int)((random_state >> 33) % (uint64_t)bound);
}

/* ---- random files */

/* Two files may describe the same build, or the same device, in different words. */
static void begin_run(int64_t *run, hone_db *db) {
    static const char *const changes[] = {
        "UPDATE builds SET compiler = 'another word for it'",
        "INSERT INTO builds (identity, compiler, flags) VALUES ('older', 'cc 1', '-O1') ON CONFLICT DO "
        "NOTHING;"
        "UPDATE runs SET build_id = (SELECT id FROM builds WHERE identity = 'older') WHERE id = "
        "(SELECT max(id) FROM runs)",
    };
    assert_int_equal(hone_db_run_begin(run, db, "hone test", fixture_environment()), HONE_OK);
    int change = draw(5);
    if (change < 2)
        assert_int_equal(hone_db_execute(db, changes[change], "changing"), HONE_OK);
}

static fixture_row random_row(void) {
    static const hone_device renamed = {.backend = &fixture_backend,
                                        .name = "cpu",
                                        .model = "Another name for the same",
                                        .fingerprint = "cpu/test-9000/avx2/2c",
                                        .family = "cpu/test/avx2",
                                        .threads = 4};
    static const hone_device *const devices[] = {&fixture_device, &fixture_sibling, &renamed};
    static const char *const problems[] = {"gemm/f32/relu/64x64x64", "gemm/f32/relu/128x64x64",
                                           "gemm/f16/gelu_tanh/64x64x64/tb",
                                           "gemm/s8/relu/8x8x8/a=u8/out=u8"};
    static const char *const configs[] = {"mr=1,nr=8", "mr=2,nr=8", "mr=4,nr=8", "mr=8,nr=8"};
    static const char *const stages[] = {"screen", "final", "bench"};
    static const char *const providers[] = {"hone", "hone", "hone", "unfused"};
    return (fixture_row){.device = devices[draw(3)],
                         .problem = problems[draw(4)],
                         .config = configs[draw(4)],
                         .provider = providers[draw(4)],
                         .stage = stages[draw(3)],
                         .mode = draw(2) ? "warm" : "cold",
                         .threads = 1 + draw(2),
                         .samples = 40 + 10 * draw(4),
                         .us = 5 + draw(6),
                         .wrong = draw(12) == 0,
                         .unverified = draw(12) == 0};
}

/* More evidence into a file, which is made when missing. */
static void go_on(const char *path) {
    static const char *const failures[] = {"wrong", "build", "run"};
    hone_db *db = NULL;
    int64_t run = 0;
    assert_int_equal(hone_db_open_write(&db, path), HONE_OK);
    begin_run(&run, db);
    for (int rows = draw(ROWS); rows > 0; rows--) {
        fixture_row row = random_row();
        hone_status status =
            draw(8) == 0 ? fixture_fail(db, run, row, failures[draw(3)]) : fixture_add(db, run, row);
        if (status != HONE_OK)
            fail_msg("%s", hone_error_detail());
    }
    assert_int_equal(hone_db_derive_winners(db, NULL, NULL), HONE_OK);
    hone_db_close(db);
}

static void copy_file(const char *to, const char *from) {
    char command[600];
    snprintf(command, sizeof command, "cp '%s' '%s'", from, to);
    assert_int_equal(system(command), 0);
}

/* Three files; often the second began as a copy of the first, and both went on. */
static void make_group(const char *const paths[3]) {
    go_on(paths[0]);
    if (draw(2)) {
        copy_file(paths[1], paths[0]);
        go_on(paths[0]);
    }
    go_on(paths[1]);
    go_on(paths[2]);
}

/* ---- properties */

static void merge(const char *output, const char *a, const char *b) {
    const char *const inputs[] = {a, b};
    if (hone_db_merge(NULL, output, inputs, b ? 2 : 1) != HONE_OK)
        fail_msg("%s", hone_error_detail());
}

static int by_text(const void *a, const void *b) { return strcmp(*(char *const *)a, *(char *const *)b); }

/* The lines of exports, one after the other, that are evidence: each once, sorted. */
static char *evidence(char *text) {
    char *lines[2048], *save = NULL, *out = calloc(1, strlen(text) + 2);
    int count = 0;
    assert_non_null(out);
    for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
        assert_in_range(count, 0, 2047);
        if (strstr(line, "\"record\":\"measurement\"") || strstr(line, "\"record\":\"failure\""))
            lines[count++] = line;
    }
    qsort(lines, (size_t)count, sizeof lines[0], by_text);
    char *end = out;
    for (int i = 0; i < count; i++)
        if (i == 0 || strcmp(lines[i], lines[i - 1]) != 0)
            end = stpcpy(stpcpy(end, lines[i]), "\n");
    free(text);
    return out;
}

static char *joined(char *a, char *b, char *c) {
    char *text = NULL;
    assert_true(asprintf(&text, "%s%s%s", a, b, c) >= 0);
    free(a);
    free(b);
    free(c);
    return text;
}

static void assert_is_union(const char *merged, const char *const inputs[3]) {
    char *all = joined(fixture_export(inputs[0]), fixture_export(inputs[1]), fixture_export(inputs[2]));
    fixture_assert_same_text(evidence(fixture_export(merged)), evidence(all));
}

static void hear(const char *finding, void *context) {
    (void)context;
    print_message("%s\n", finding);
}

/* Among other things, that the winners follow from the evidence. */
static void assert_sound(const char *path) {
    hone_db *db = NULL;
    hone_db_report report;
    assert_int_equal(hone_db_open(&db, path), HONE_OK);
    assert_int_equal(hone_db_check(&report, db, hear, NULL), HONE_OK);
    assert_int_equal(report.ok, 1);
    hone_db_close(db);
}

/* The winners by another way than merging: all exports read into one file. */
static void assert_winners_of_all(const char *merged, const char *const inputs[3], const char *scratch) {
    hone_db *db = NULL;
    assert_int_equal(hone_db_open_write(&db, scratch), HONE_OK);
    for (int i = 2; i >= 0; i--) {
        char *text = fixture_export(inputs[i]);
        FILE *in = fmemopen(text, strlen(text), "r");
        assert_non_null(in);
        if (hone_db_import(NULL, db, in, inputs[i]) != HONE_OK)
            fail_msg("%s", hone_error_detail());
        fclose(in);
        free(text);
    }
    hone_db_close(db);
    fixture_assert_same(merged, scratch);
}

static void check_group(const char *const group[3], char path[][128]) {
    const char *a = group[0], *b = group[1], *c = group[2];
    merge(path[0], a, NULL);
    fixture_assert_same(path[0], a); /* changes nothing but local ids */
    merge(path[1], a, a);
    fixture_assert_same(path[1], a); /* idempotent */
    merge(path[2], a, b);
    merge(path[3], b, a);
    fixture_assert_same(path[2], path[3]); /* commutative */
    merge(path[3], a, path[2]);
    fixture_assert_same(path[2], path[3]); /* what is there already stays */
    merge(path[4], path[2], c);
    merge(path[5], b, c);
    merge(path[6], a, path[5]);
    fixture_assert_same(path[4], path[6]); /* associative */
    assert_is_union(path[4], group);
    assert_sound(path[4]);
    assert_winners_of_all(path[4], group, path[7]);
}

static void merging_is_a_union(void **state) {
    (void)state;
    for (int group = 0; group < GROUPS; group++) {
        char path[11][128];
        for (int i = 0; i < 11; i++) {
            snprintf(path[i], sizeof path[i], "%s/%d.db", fixture_folder, i);
            unlink(path[i]);
        }
        const char *const inputs[3] = {path[8], path[9], path[10]};
        random_state = (uint64_t)group;
        make_group(inputs);
        check_group(inputs, path);
    }
}

/* ---- what cannot be merged */

static void assert_no_merge(const char *bad, const char *reason) {
    const char *const inputs[] = {fixture_path("good"), bad};
    hone_status status = hone_db_merge(NULL, fixture_path("never"), inputs, 2);
    assert_int_equal(status, HONE_E_DATA);
    if (!strstr(hone_error_detail(), reason))
        fail_msg("'%s' is not in '%s'", reason, hone_error_detail());
}

static void a_bad_input_leaves_no_merge(void **state) {
    (void)state;
    random_state = 9;
    go_on(fixture_path("good"));
    assert_no_merge(fixture_path("missing"), "missing");
    assert_int_not_equal(access(fixture_path("never"), F_OK), 0);
}

static hone_db_added merged(const char *output, const char *input) {
    hone_db_added added = {-1, -1, 0};
    assert_int_equal(hone_db_merge(&added, output, &input, 1), HONE_OK);
    return added;
}

static int64_t count_of(const char *path, const char *sql) {
    hone_db *db = NULL;
    assert_int_equal(hone_db_open_one(&db, path), HONE_OK);
    int64_t count = fixture_count(db, sql);
    hone_db_close(db);
    return count;
}

/* What was there already is not counted. */
static void what_is_new_is_counted(void **state) {
    (void)state;
    random_state = 10;
    const char *first = fixture_path("first"), *second = fixture_path("second"),
               *all = fixture_path("counted");
    go_on(first);
    hone_db_added one = merged(all, first);
    copy_file(second, first);
    go_on(second);
    hone_db_added two = merged(all, second), none = merged(all, second);
    static const char measurements[] = "SELECT count(*) FROM measurements",
                      failures[] = "SELECT count(*) FROM failures";
    assert_int_equal(one.measurements, count_of(first, measurements));
    assert_int_equal(one.failures, count_of(first, failures));
    assert_int_equal(one.measurements + two.measurements, count_of(all, measurements));
    assert_int_equal(one.failures + two.failures, count_of(all, failures));
    assert_int_equal(none.measurements + none.failures, 0);
}

/* A file that merging has made goes when it fails; one that others have open, or that has evidence, does not.
 */
static void a_failed_merge_takes_its_file_away(void **state) {
    (void)state;
    random_state = 12;
    go_on(fixture_path("foreign"));
    fixture_damage(fixture_path("foreign"), "ALTER TABLE devices ADD COLUMN watts REAL");
    unlink(fixture_path("never"));
    assert_no_merge(fixture_path("foreign"), "'watts'");
    assert_int_not_equal(access(fixture_path("never"), F_OK), 0);
    assert_int_not_equal(access(fixture_path("never-wal"), F_OK), 0);

    hone_db *maker, *other;
    assert_int_equal(hone_db_open_write(&maker, fixture_path("shared")), HONE_OK);
    assert_int_equal(hone_db_open_write(&other, fixture_path("shared")), HONE_OK);
    hone_db_abandon(maker);
    assert_int_equal(access(fixture_path("shared"), F_OK), 0);
    hone_db_abandon(other); /* was there when it came */
    assert_int_equal(access(fixture_path("shared"), F_OK), 0);

    int64_t run;
    assert_int_equal(hone_db_open_write(&maker, fixture_path("used")), HONE_OK);
    begin_run(&run, maker);
    hone_db_abandon(maker);
    assert_int_equal(access(fixture_path("used"), F_OK), 0);
}

/* What this build cannot hold is refused by name, and adds nothing. */
static void a_foreign_column_is_refused(void **state) {
    static const struct {
        const char *change, *column;
    } rows[] = {
        {"ALTER TABLE devices ADD COLUMN watts REAL", "'watts'"},
        {"ALTER TABLE devices ADD COLUMN \"model, t.family\" TEXT", "'model, t.family'"},
    };
    (void)state;
    random_state = 11;
    go_on(fixture_path("good"));
    go_on(fixture_path("kept"));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        unlink(fixture_path("foreign"));
        unlink(fixture_path("never"));
        go_on(fixture_path("foreign"));
        fixture_damage(fixture_path("foreign"), rows[i].change);
        copy_file(fixture_path("never"), fixture_path("kept"));
        assert_no_merge(fixture_path("foreign"), rows[i].column);
        fixture_assert_same(fixture_path("never"), fixture_path("kept"));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(merging_is_a_union),          cmocka_unit_test(a_bad_input_leaves_no_merge),
        cmocka_unit_test(what_is_new_is_counted),      cmocka_unit_test(a_failed_merge_takes_its_file_away),
        cmocka_unit_test(a_foreign_column_is_refused),
    };
    return cmocka_run_group_tests(tests, fixture_setup_in_memory, fixture_teardown);
}

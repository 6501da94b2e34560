/* A user's database over those of the system. */
#include "db_fixture.h"

#define ASKED "gemm/f32/relu/64x64x64"

static void set(const char *name, const char *value) {
    assert_int_equal(value ? setenv(name, value, 1) : unsetenv(name), 0);
}

/* A database of one measurement, and its winner. */
static void make(const char *name, fixture_row row) {
    int64_t run;
    hone_db *db = fixture_open(name, &run);
    assert_int_equal(fixture_add(db, run, row), HONE_OK);
    assert_int_equal(hone_db_derive_winners(db, NULL, NULL), HONE_OK);
    hone_db_close(db);
}

static void name_layers(const char *user, const char *first, const char *second) {
    char list[600];
    snprintf(list, sizeof list, "%s:%s", fixture_path(first), second ? fixture_path(second) : "");
    set("HONE_DB", user ? fixture_path(user) : NULL);
    set("HONE_DB_PATH", list);
}

static hone_match look(const char *problem_text) {
    hone_problem problem = fixture_problem(problem_text);
    hone_match match = {0};
    hone_db *db = NULL;
    if (hone_db_open(&db, NULL) != HONE_OK ||
        hone_db_lookup_device(&match, db, &fixture_device, &problem, NULL) != HONE_OK)
        fail_msg("%s", hone_error_detail());
    hone_db_close(db);
    return match;
}

#define assert_match(match_, kind_, config_, database_)                                                      \
    do {                                                                                                     \
        hone_match got = (match_);                                                                           \
        assert_string_equal(hone_match_kind_name(got.kind), hone_match_kind_name(kind_));                    \
        assert_string_equal(got.config, config_);                                                            \
        assert_string_equal(got.database[0] ? strrchr(got.database, '/') + 1 : "", database_);               \
    } while (0)

static int make_layers(void **state) {
    (void)state;
    if (fixture_setup(state) != 0)
        return -1;
    set("XDG_DATA_HOME", fixture_path("home"));
    set("XDG_DATA_DIRS", fixture_path("nowhere"));
    make("user.db", (fixture_row){.config = "mr=2,nr=8"});
    make("exact.db", (fixture_row){.config = "mr=4,nr=8", .us = 1});
    make("near.db", (fixture_row){.config = "mr=8,nr=8", .problem = "gemm/f32/relu/80x64x64"});
    make("far.db", (fixture_row){.config = "mr=16,nr=8", .problem = "gemm/f32/relu/128x64x64"});
    make("sibling.db", (fixture_row){.config = "mr=16,nr=16", .device = &fixture_sibling});
    return 0;
}

static void the_upper_of_two_exact_ones_answers(void **state) {
    (void)state;
    name_layers("user.db", "exact.db", NULL);
    assert_match(look(ASKED), HONE_MATCH_EXACT, "mr=2,nr=8", "user.db");
    name_layers("exact.db", "user.db", NULL);
    assert_match(look(ASKED), HONE_MATCH_EXACT, "mr=4,nr=8", "exact.db");
}

static void the_better_kind_goes_before_the_upper_layer(void **state) {
    (void)state;
    name_layers("near.db", "sibling.db", "exact.db");
    assert_match(look(ASKED), HONE_MATCH_EXACT, "mr=4,nr=8", "exact.db");
    name_layers("sibling.db", "near.db", NULL);
    assert_match(look(ASKED), HONE_MATCH_NEAR, "mr=8,nr=8", "near.db");
}

static void the_nearer_goes_before_the_upper_layer(void **state) {
    (void)state;
    name_layers("far.db", "near.db", NULL);
    assert_match(look(ASKED), HONE_MATCH_NEAR, "mr=8,nr=8", "near.db");
}

static void a_failure_in_any_layer_counts(void **state) {
    int64_t run;
    hone_db *db = fixture_open("failed.db", &run);
    (void)state;
    assert_int_equal(fixture_fail(db, run, (fixture_row){.config = "mr=8,nr=8", .problem = ASKED}, "wrong"),
                     HONE_OK);
    assert_int_equal(fixture_fail(db, run, (fixture_row){.config = "mr=2,nr=8", .problem = ASKED}, "wrong"),
                     HONE_OK);
    assert_int_equal(fixture_fail(db, run, (fixture_row){.config = "mr=4,nr=8", .problem = ASKED}, "run"),
                     HONE_OK);
    hone_db_close(db);
    name_layers("user.db", "exact.db", "failed.db");
    assert_match(look(ASKED), HONE_MATCH_EXACT, "mr=4,nr=8", "exact.db");
    name_layers("near.db", "far.db", "failed.db");
    assert_match(look(ASKED), HONE_MATCH_NEAR, "mr=16,nr=8", "far.db");
}

static void the_system_alone_is_enough(void **state) {
    (void)state;
    name_layers(NULL, "exact.db", NULL);
    assert_match(look(ASKED), HONE_MATCH_EXACT, "mr=4,nr=8", "exact.db");
}

static void data_folders_are_looked_through(void **state) {
    char list[600];
    (void)state;
    make("share/hone/hone.db", (fixture_row){.config = "mr=16,nr=32"});
    snprintf(list, sizeof list, "relative:%s::%s", fixture_path("nowhere"), fixture_path("share"));
    set("HONE_DB", NULL);
    set("HONE_DB_PATH", NULL);
    set("XDG_DATA_DIRS", list);
    assert_match(look(ASKED), HONE_MATCH_EXACT, "mr=16,nr=32", "hone.db");
    set("XDG_DATA_DIRS", fixture_path("nowhere"));
}

static void what_is_named_must_be_there(void **state) {
    hone_db *db = NULL;
    (void)state;
    name_layers("user.db", "missing.db", NULL);
    assert_int_equal(hone_db_open(&db, NULL), HONE_E_DATA);
    assert_non_null(strstr(hone_error_detail(), "missing.db"));
    name_layers("missing.db", "user.db", NULL);
    assert_int_equal(hone_db_open(&db, NULL), HONE_E_DATA);
    set("HONE_DB_PATH", NULL);
    assert_int_equal(hone_db_open_layers(&db, 0), HONE_E_DATA);
    assert_int_equal(hone_db_open_layers(&db, 1), HONE_OK);
    assert_null(db);
    set("HONE_DB", NULL);
    assert_int_equal(hone_db_open(&db, NULL), HONE_E_DATA); /* none at all */
    assert_int_equal(hone_db_open_layers(&db, 0), HONE_OK);
    assert_null(db);
}

/* One that is named is that one alone, and one named twice is one layer. */
static void layers_are_counted(void **state) {
    hone_db *db = NULL;
    (void)state;
    name_layers("user.db", "exact.db", "exact.db");
    assert_int_equal(hone_db_open(&db, NULL), HONE_OK);
    assert_non_null(db->below);
    assert_null(db->below->below);
    hone_db_close(db);
    assert_int_equal(hone_db_open(&db, fixture_path("near.db")), HONE_OK);
    assert_null(db->below);
    hone_db_close(db);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_upper_of_two_exact_ones_answers),
        cmocka_unit_test(the_better_kind_goes_before_the_upper_layer),
        cmocka_unit_test(the_nearer_goes_before_the_upper_layer),
        cmocka_unit_test(a_failure_in_any_layer_counts),
        cmocka_unit_test(the_system_alone_is_enough),
        cmocka_unit_test(data_folders_are_looked_through),
        cmocka_unit_test(what_is_named_must_be_there),
        cmocka_unit_test(layers_are_counted),
    };
    return cmocka_run_group_tests(tests, make_layers, fixture_teardown);
}

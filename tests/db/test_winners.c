/* Winners are a function of the evidence. */
#include "../../tuner/db/db_winner.h"
#include "db_fixture.h"

static hone_db *db;
static int64_t run;

static int open_db(void **state) {
    (void)state;
    db = fixture_open("winners.db", &run);
    return 0;
}

static int close_db(void **state) {
    (void)state;
    hone_db_close(db);
    return 0;
}

static void add(fixture_row row) { assert_int_equal(fixture_add(db, run, row), HONE_OK); }

/* The winning config and stage for an objective on the default device, problem and threads. */
static const char *winner(const char *objective) {
    char sql[512];
    assert_int_equal(hone_db_derive_winners(db, NULL, NULL), HONE_OK);
    snprintf(sql, sizeof sql,
             "SELECT c.text || ' ' || m.stage FROM winners w JOIN measurements m ON m.id = w.measurement_id "
             "JOIN configs c ON c.id = m.config_id WHERE w.objective = '%s'",
             objective);
    return fixture_text(db, sql);
}

static void the_fastest_correct_config_wins(void **state) {
    (void)state;
    assert_string_equal(winner("p50"), "");
    add((fixture_row){.config = "mr=4,nr=8", .us = 10});
    add((fixture_row){.config = "mr=8,nr=8", .us = 9});
    add((fixture_row){.config = "mr=2,nr=8", .us = 5, .wrong = 1});
    add((fixture_row){.config = "mr=1,nr=8", .us = 5, .unverified = 1});
    assert_string_equal(winner("p50"), "mr=8,nr=8 final");
    assert_string_equal(winner("throughput"), "mr=8,nr=8 final");
}

static void a_config_that_was_wrong_once_never_wins(void **state) {
    (void)state;
    add((fixture_row){.config = "mr=4,nr=8", .us = 10});
    add((fixture_row){.config = "mr=8,nr=8", .us = 9});
    add((fixture_row){.config = "mr=8,nr=8", .us = 9, .threads = 1, .wrong = 1});
    assert_string_equal(winner("p50"), "mr=4,nr=8 final");
    assert_int_equal(fixture_fail(db, run, (fixture_row){.config = "mr=4,nr=8"}, "run"), HONE_OK);
    assert_string_equal(winner("p50"), "mr=4,nr=8 final");
    assert_int_equal(fixture_fail(db, run, (fixture_row){.config = "mr=4,nr=8"}, "wrong"), HONE_OK);
    assert_string_equal(winner("p50"), "");
}

static void a_final_measurement_counts_before_screening(void **state) {
    (void)state;
    add((fixture_row){.config = "mr=4,nr=8", .us = 5, .stage = "screen"});
    assert_string_equal(winner("p50"), "mr=4,nr=8 screen");
    add((fixture_row){.config = "mr=8,nr=8", .us = 9});
    assert_string_equal(winner("p50"), "mr=8,nr=8 final");
    add((fixture_row){.config = "mr=4,nr=8", .us = 8});
    assert_string_equal(winner("p50"), "mr=4,nr=8 final");
    add((fixture_row){.config = "mr=1,nr=8", .us = 1, .stage = "bench"});
    add((fixture_row){.config = "openblas 0.3", .us = 1, .provider = "openblas"});
    assert_string_equal(winner("p50"), "mr=4,nr=8 final");
}

static void the_measurement_with_most_samples_speaks_for_a_config(void **state) {
    (void)state;
    add((fixture_row){.config = "mr=4,nr=8", .us = 8, .samples = 60});
    add((fixture_row){.config = "mr=4,nr=8", .us = 12, .samples = 200});
    add((fixture_row){.config = "mr=8,nr=8", .us = 10, .samples = 100});
    assert_string_equal(winner("p50"), "mr=8,nr=8 final");
}

static void a_p95_needs_enough_samples(void **state) {
    (void)state;
    add((fixture_row){.config = "mr=4,nr=8", .us = 8, .samples = 59});
    assert_string_equal(winner("p50"), "mr=4,nr=8 final");
    assert_string_equal(winner("p95"), "");
    add((fixture_row){.config = "mr=8,nr=8", .us = 10, .samples = 60});
    assert_string_equal(winner("p95"), "mr=8,nr=8 final");
}

static void ties_are_broken_by_config_text(void **state) {
    (void)state;
    add((fixture_row){.config = "mr=8,nr=8"});
    add((fixture_row){.config = "mr=4,nr=8"});
    add((fixture_row){.config = "mr=4,nr=16"});
    assert_string_equal(winner("p50"), "mr=4,nr=16 final");
}

/* The fixture's intervals of the median are 1% wide to each side; of a p95 there are none. */
static void what_noise_may_have_ordered_ties(void **state) {
    (void)state;
    add((fixture_row){.config = "mr=8,nr=8", .us = 10, .workspace = 500});
    add((fixture_row){.config = "mr=4,nr=8", .us = 10.1, .workspace = 400});
    assert_string_equal(winner("p50"), "mr=4,nr=8 final");
    assert_string_equal(winner("p95"), "mr=4,nr=8 final");
    assert_string_equal(winner("throughput"), "mr=4,nr=8 final");
    add((fixture_row){.config = "mr=16,nr=8", .us = 10.18, .workspace = 300}); /* by its interval alone */
    assert_string_equal(winner("p50"), "mr=16,nr=8 final");
    assert_string_equal(winner("p95"), "mr=4,nr=8 final");
    add((fixture_row){.config = "mr=2,nr=8", .us = 10.14, .workspace = 300}); /* the lesser text among them */
    assert_string_equal(winner("p50"), "mr=16,nr=8 final");
    assert_string_equal(winner("p95"), "mr=2,nr=8 final");
    add((fixture_row){.config = FIXTURE_DEFAULT_CONFIG, .us = 10.19, .workspace = 9000});
    assert_string_equal(winner("p50"), FIXTURE_DEFAULT_CONFIG " final");
}

static void more_than_noise_does_not_tie(void **state) {
    (void)state;
    add((fixture_row){.config = "mr=8,nr=8", .us = 10});
    add((fixture_row){.config = FIXTURE_DEFAULT_CONFIG, .us = 10.42});
    add((fixture_row){.config = "mr=4,nr=8", .us = 10.1, .stage = "screen", .workspace = 1});
    assert_string_equal(winner("p50"), "mr=8,nr=8 final");
    add((fixture_row){.config = "mr=16,nr=8", .us = 10.1, .workspace = 1, .wrong = 1});
    assert_string_equal(winner("p50"), "mr=8,nr=8 final");
}

/* It has to be shown that the default is more than 2% slower: 0.99 * 10.4 is within 1.02 * 1.01 * 10. */
static void the_default_stays_until_it_is_shown_slower(void **state) {
    (void)state;
    add((fixture_row){.config = "mr=8,nr=8", .us = 10});
    add((fixture_row){.config = "mr=4,nr=8", .us = 10.21});
    add((fixture_row){.config = FIXTURE_DEFAULT_CONFIG, .us = 10.4});
    assert_string_equal(winner("p50"), FIXTURE_DEFAULT_CONFIG " final");
    assert_string_equal(winner("throughput"), "mr=8,nr=8 final"); /* means have no intervals here */
    add((fixture_row){.config = FIXTURE_DEFAULT_CONFIG, .us = 10.42, .samples = 90});
    assert_string_equal(winner("p50"), "mr=8,nr=8 final");
}

/* On a noisy machine the best of few samples may have an interval that excludes nothing. */
static void the_default_does_not_win_by_noise_alone(void **state) {
    (void)state;
    add((fixture_row){.config = "mr=8,nr=8", .us = 10, .spread = 0.9});
    add((fixture_row){.config = FIXTURE_DEFAULT_CONFIG, .us = 11.1, .spread = 0.9});
    assert_string_equal(winner("p50"), "mr=8,nr=8 final");
    add((fixture_row){.config = FIXTURE_DEFAULT_CONFIG, .us = 10.9, .spread = 0.9, .samples = 90});
    assert_string_equal(winner("p50"), FIXTURE_DEFAULT_CONFIG " final");
}

/* Of equals the one that has most of the default's values; then memory and text decide. */
static void the_likest_to_the_default_wins_a_tie(void **state) {
    (void)state;
    add((fixture_row){.config = FIXTURE_DEFAULT_CONFIG, .us = 12});
    add((fixture_row){.config = "mr=2,nr=16", .us = 10, .workspace = 1});
    add((fixture_row){.config = "mr=2,nr=8", .us = 10.14, .workspace = 9000});
    assert_string_equal(winner("p50"), "mr=2,nr=8 final");
    add((fixture_row){.config = "mr=1,nr=16", .us = 10.1, .workspace = 8000});
    assert_string_equal(winner("p50"), "mr=1,nr=16 final");
    add((fixture_row){.config = "mr=1,nr=32", .us = 10.4, .workspace = 1});
    add((fixture_row){.config = "mr=1,nr=81", .us = 9.99, .workspace = 7000}); /* not nr=8 */
    assert_string_equal(winner("p50"), "mr=1,nr=81 final");
    /* A text that no build writes breaks nothing. */
    add((fixture_row){.config = "\"],[\\,mr=1", .us = 9.9, .workspace = 1e6});
    assert_string_equal(winner("p50"), "mr=1,nr=81 final");
}

static void each_condition_has_its_own_winner(void **state) {
    (void)state;
    add((fixture_row){0});
    add((fixture_row){.threads = 1});
    add((fixture_row){.mode = "cold"});
    add((fixture_row){.device = &fixture_sibling});
    add((fixture_row){.problem = "gemm/f32/relu/65x64x64"});
    assert_int_equal(hone_db_derive_winners(db, NULL, NULL), HONE_OK);
    assert_int_equal(fixture_count(db, "SELECT count(*) FROM winners WHERE objective = 'p50'"), 5);
    assert_int_equal(fixture_count(db, "SELECT count(*) FROM winners"), 15);
}

static void deriving_one_problem_leaves_the_others(void **state) {
    (void)state;
    hone_problem one = fixture_problem("gemm/f32/relu/64x64x64");
    hone_problem none = fixture_problem("gemm/f32/relu/1x1x1");
    add((fixture_row){0});
    add((fixture_row){.problem = "gemm/f32/relu/65x64x64"});
    assert_int_equal(hone_db_derive_winners(db, &fixture_device, &none), HONE_OK);
    assert_int_equal(fixture_count(db, "SELECT count(*) FROM winners"), 0);
    assert_int_equal(hone_db_derive_winners(db, &fixture_device, &one), HONE_OK);
    assert_int_equal(fixture_count(db, "SELECT count(*) FROM winners"), 3);
    assert_int_equal(hone_db_derive_winners(db, &fixture_device, NULL), HONE_OK);
    assert_int_equal(fixture_count(db, "SELECT count(*) FROM winners"), 6);
    assert_int_equal(hone_db_derive_winners(db, NULL, &one), HONE_OK);
    assert_int_equal(fixture_count(db, "SELECT count(*) FROM winners"), 6);
}

/* The same evidence in another order of insertion gives the same winners. */
static void the_order_of_evidence_does_not_matter(void **state) {
    static const fixture_row rows[] = {
        {.config = "mr=8,nr=8", .us = 9},
        {.config = "mr=4,nr=8", .us = 9},
        {.config = "mr=4,nr=8", .us = 8, .samples = 80},
        {.config = "mr=2,nr=8", .us = 1, .stage = "screen"},
        {.config = "mr=1,nr=8", .us = 2, .wrong = 1},
    };
    enum { COUNT = sizeof rows / sizeof rows[0] };
    (void)state;
    for (int first = 0; first < COUNT; first++) {
        assert_int_equal(hone_db_execute(db,
                                         "DELETE FROM winners; DELETE FROM measurements; DELETE FROM configs",
                                         "clearing"),
                         HONE_OK);
        for (int i = 0; i < COUNT; i++)
            add(rows[(first + 2 * i) % COUNT]);
        assert_string_equal(winner("p50"), "mr=4,nr=8 final");
    }
}

/* The configs of the trade-offs in their order, within a limit on the error. */
static const char *tradeoffs(double max_error) {
    static char text[512];
    const hone_problem problem = fixture_problem("gemm/f32/relu/64x64x64");
    const hone_winner_subject subject = {.device = &fixture_device,
                                         .problem = &problem,
                                         .threads = 2,
                                         .mode = "warm",
                                         .objective = "p50",
                                         .max_error = max_error};
    hone_winner *list = NULL;
    int count = 0, used = 0;
    assert_int_equal(hone_db_derive_winners(db, NULL, NULL), HONE_OK);
    assert_int_equal(hone_db_tradeoffs(&list, &count, db, &subject), HONE_OK);
    text[0] = '\0';
    for (int i = 0; i < count; i++)
        used += snprintf(text + used, sizeof text - (size_t)used, "%s%s", i ? " " : "", list[i].config);
    free(list);
    return text;
}

static void tradeoffs_are_slower_and_more_accurate(void **state) {
    (void)state;
    assert_string_equal(tradeoffs(0), "");
    add((fixture_row){.config = "mr=1,nr=8", .us = 10, .error = 1e-6});
    add((fixture_row){.config = "mr=2,nr=8", .us = 11, .error = 2e-6});    /* worse in both */
    add((fixture_row){.config = "mr=4,nr=8", .us = 12, .error = 0.95e-6}); /* no better to speak of */
    add((fixture_row){.config = "mr=8,nr=8", .us = 13, .error = 5e-7});
    add((fixture_row){.config = "mr=16,nr=8", .us = 14, .error = 5e-7});
    add((fixture_row){.config = "mr=1,nr=16", .us = 20, .error = 1e-7});
    add((fixture_row){
        .config = "mr=2,nr=16", .us = 5, .error = 1e-8, .stage = "screen"}); /* few samples flatter */
    add((fixture_row){.config = "mr=4,nr=16", .us = 15, .error = 1e-9, .wrong = 1});
    add((fixture_row){.config = "mr=8,nr=16", .us = 5, .error = 1e-9, .threads = 1});
    add((fixture_row){.config = "mr=1,nr=32", .us = 5, .error = 1e-9, .problem = "gemm/f32/relu/64x64x65"});
    assert_string_equal(tradeoffs(0), "mr=1,nr=8 mr=8,nr=8 mr=1,nr=16 mr=2,nr=16");
    assert_string_equal(tradeoffs(5e-7), "mr=8,nr=8 mr=1,nr=16 mr=2,nr=16");
    assert_string_equal(tradeoffs(1e-9), "");
}

static void store(fixture_row row) {
    row.derives = 1;
    add(row);
}

/* The winners as they are stored and as they would be derived. */
static void assert_derived(void) {
    static const char difference[] =
        "SELECT count(*) FROM (SELECT * FROM (SELECT * FROM kept EXCEPT SELECT * FROM winners) UNION ALL "
        "SELECT * FROM (SELECT * FROM winners EXCEPT SELECT * FROM kept))";
    assert_int_equal(hone_db_execute(db, "CREATE TEMP TABLE kept AS SELECT * FROM winners", "keeping"),
                     HONE_OK);
    assert_int_equal(hone_db_derive_winners(db, NULL, NULL), HONE_OK);
    assert_string_equal(fixture_text(db, difference), "0");
    assert_int_equal(hone_db_execute(db, "DROP TABLE kept", "forgetting"), HONE_OK);
}

/* Storing derives winners only where they may change: what each shortcut must not miss. */
static void what_changes_winners_is_seen(void **state) {
    (void)state;
    store((fixture_row){.config = "mr=4,nr=8", .us = 10, .stage = "screen", .samples = 20});
    store(
        (fixture_row){.config = "mr=2,nr=8", .us = 10.1, .stage = "screen", .samples = 20}); /* ties: text */
    assert_derived();
    store((fixture_row){.config = "mr=8,nr=8", .us = 12, .stage = "screen", .samples = 20});
    assert_derived();
    /* The winner's own time gets worse, then another's better, with more samples. */
    store((fixture_row){.config = "mr=2,nr=8", .us = 14, .stage = "screen", .samples = 30});
    assert_derived();
    store((fixture_row){.config = "mr=8,nr=8", .us = 9, .stage = "screen", .samples = 30});
    assert_derived();
    /* Only this has a p95. */
    store((fixture_row){.config = "mr=16,nr=8", .us = 20, .stage = "screen", .samples = 60});
    assert_derived();
    /* Of another condition it says nothing here, and is the first there. */
    store((fixture_row){.config = "mr=16,nr=16", .us = 20, .stage = "screen", .samples = 20, .mode = "cold"});
    assert_derived();
    store((fixture_row){.config = "mr=16,nr=32", .us = 20, .stage = "screen", .samples = 20, .threads = 1});
    assert_derived();
    /* A final beats it, however slow; what is screened after that does not matter. */
    store((fixture_row){.config = "mr=4,nr=16", .us = 30});
    assert_derived();
    store((fixture_row){.config = "mr=4,nr=32", .us = 1, .stage = "screen", .samples = 20});
    assert_derived();
    /* The winner is found wrong. */
    assert_int_equal(fixture_fail(db, run, (fixture_row){.config = "mr=4,nr=16"}, "wrong"), HONE_OK);
    assert_derived();
}

/* The same for random evidence of few configs, so that winners are measured again and found wrong. */
static void winners_are_always_those_of_the_evidence(void **state) {
    unsigned seed = 5;
    (void)state;
    for (int i = 0; i < 200; i++) {
        char config[32];
        /* The default comes late and is slow, and then changes what is likest to it. */
        const int is_default = i == 100;
        snprintf(config, sizeof config, "mr=%d,nr=%d", is_default ? 1 : 2 + rand_r(&seed) % 12,
                 is_default ? 8 : 8 + rand_r(&seed) % 4);
        store((fixture_row){.config = config,
                            .us = is_default ? 12 : 10 + (rand_r(&seed) % 60) * 0.01,
                            .stage = i > 110 && rand_r(&seed) % 20 == 0 ? "final" : "screen",
                            .samples = 20 + rand_r(&seed) % 41,
                            .threads = 1 + (!is_default && rand_r(&seed) % 8 == 0),
                            .mode = is_default || rand_r(&seed) % 8 ? "warm" : "cold",
                            .wrong = !is_default && rand_r(&seed) % 100 == 0});
        if (i % 40 == 39)
            assert_int_equal(fixture_fail(db, run, (fixture_row){.config = config}, "wrong"), HONE_OK);
        assert_derived();
    }
}

int main(void) {
#define DB_TEST(name) cmocka_unit_test_setup_teardown(name, open_db, close_db)
    const struct CMUnitTest tests[] = {
        DB_TEST(the_fastest_correct_config_wins),
        DB_TEST(a_config_that_was_wrong_once_never_wins),
        DB_TEST(a_final_measurement_counts_before_screening),
        DB_TEST(the_measurement_with_most_samples_speaks_for_a_config),
        DB_TEST(a_p95_needs_enough_samples),
        DB_TEST(ties_are_broken_by_config_text),
        DB_TEST(what_noise_may_have_ordered_ties),
        DB_TEST(more_than_noise_does_not_tie),
        DB_TEST(the_default_stays_until_it_is_shown_slower),
        DB_TEST(the_default_does_not_win_by_noise_alone),
        DB_TEST(the_likest_to_the_default_wins_a_tie),
        DB_TEST(each_condition_has_its_own_winner),
        DB_TEST(deriving_one_problem_leaves_the_others),
        DB_TEST(the_order_of_evidence_does_not_matter),
        DB_TEST(tradeoffs_are_slower_and_more_accurate),
        DB_TEST(what_changes_winners_is_seen),
        DB_TEST(winners_are_always_those_of_the_evidence),
    };
    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}

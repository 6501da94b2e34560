/* The order of a lookup and what keeps a candidate from answering. */
#include "db_fixture.h"

#include "../../tuner/db/lookup_private.h"

#define ASKED "gemm/f32/relu/64x64x64"

static hone_db *db;
static int64_t run;

static int open_db(void **state) {
    (void)state;
    db = fixture_open("lookup.db", &run);
    return 0;
}

static int close_db(void **state) {
    (void)state;
    hone_db_close(db);
    return 0;
}

static void add(fixture_row row) { assert_int_equal(fixture_add(db, run, row), HONE_OK); }

static hone_match look(const char *problem_text, const hone_lookup_options *options) {
    hone_problem problem = fixture_problem(problem_text);
    hone_match match;
    assert_int_equal(hone_db_derive_winners(db, NULL, NULL), HONE_OK);
    hone_db_refresh(db);
    if (hone_db_lookup_device(&match, db, &fixture_device, &problem, options) != HONE_OK)
        fail_msg("%s", hone_error_detail());
    assert_string_equal(match.problem, problem_text);
    return match;
}

#define assert_match(match, expected_kind, expected_config)                                                  \
    do {                                                                                                     \
        assert_string_equal(hone_match_kind_name((match).kind), hone_match_kind_name(expected_kind));        \
        assert_string_equal((match).config, expected_config);                                                \
    } while (0)

static void the_exact_winner_comes_with_its_evidence(void **state) {
    (void)state;
    add((fixture_row){.config = "mr=8,nr=16", .us = 8, .error = 2e-7, .samples = 70});
    add((fixture_row){.config = "mr=4,nr=16", .us = 9});
    hone_match match = look(ASKED, NULL);
    assert_match(match, HONE_MATCH_EXACT, "mr=8,nr=16");
    assert_string_equal(match.matched_problem, ASKED);
    assert_string_equal(match.device, fixture_device.fingerprint);
    assert_string_equal(match.build, hone_build_id());
    assert_int_equal(match.stale, 0);
    assert_int_equal(match.samples, 70);
    assert_true(match.p50_us == 8 && match.p95_us == 12 && match.err_rel_fro == 2e-7);
    assert_true(fabs(match.gflops - 2.0 * 64 * 64 * 64 / 8e3) < 1e-9);
    assert_int_equal(strlen(match.measured_at), 20);
}

static void nothing_known_gives_the_default(void **state) {
    hone_problem problem = fixture_problem(ASKED);
    hone_match match = look(ASKED, NULL);
    (void)state;
    assert_match(match, HONE_MATCH_DEFAULT, FIXTURE_DEFAULT_CONFIG);
    assert_string_equal(match.matched_problem, "");
    assert_string_equal(match.device, fixture_device.fingerprint);
    assert_true(isnan(match.p50_us) && isnan(match.p95_us) && isnan(match.err_rel_fro) && match.samples == 0);
    assert_int_equal(hone_db_lookup_device(&match, NULL, &fixture_device, &problem, NULL), HONE_OK);
    assert_match(match, HONE_MATCH_DEFAULT, FIXTURE_DEFAULT_CONFIG);
}

static void objectives_and_threads_are_kept_apart(void **state) {
    (void)state;
    add((fixture_row){.config = "mr=8,nr=16", .us = 8, .samples = 30});
    add((fixture_row){.config = "mr=4,nr=16", .us = 9});
    add((fixture_row){.config = "mr=2,nr=16", .us = 20, .threads = 1});
    assert_match(look(ASKED, NULL), HONE_MATCH_EXACT, "mr=8,nr=16");
    assert_match(look(ASKED, &(hone_lookup_options){.objective = "p95"}), HONE_MATCH_EXACT, "mr=4,nr=16");
    assert_match(look(ASKED, &(hone_lookup_options){.threads = 1}), HONE_MATCH_EXACT, "mr=2,nr=16");
    assert_int_equal(look(ASKED, &(hone_lookup_options){.threads = 3}).kind, HONE_MATCH_DEFAULT);
}

static void the_nearest_shape_answers(void **state) {
    (void)state;
    add((fixture_row){.problem = "gemm/f32/relu/128x64x64", .config = "mr=8,nr=16"});
    add((fixture_row){.problem = "gemm/f32/relu/80x64x64", .config = "mr=4,nr=16"});
    hone_match match = look(ASKED, NULL);
    assert_match(match, HONE_MATCH_NEAR, "mr=4,nr=16");
    assert_string_equal(match.matched_problem, "gemm/f32/relu/80x64x64");
    assert_match(look("gemm/f32/relu/256x64x64", NULL), HONE_MATCH_NEAR, "mr=8,nr=16");
    assert_int_equal(look("gemm/f32/relu/64x64x257", NULL).kind, HONE_MATCH_DEFAULT);
    assert_int_equal(look("gemm/f32/relu/64x64x15", NULL).kind, HONE_MATCH_DEFAULT);
}

static void near_means_the_same_types_and_options(void **state) {
    static const char *const others[] = {"gemm/f16/relu/64x64x64", "gemm/f32/relu/64x64x64/tb",
                                         "gemm/f32/relu/64x64x64/plain", "gemm/f32/relu/64x64x64/nobias",
                                         "gemm/f32/gelu_tanh/64x64x64"};
    (void)state;
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        add((fixture_row){.problem = others[i]});
    assert_int_equal(look(ASKED, NULL).kind, HONE_MATCH_DEFAULT);
}

static void the_same_activation_is_preferred_to_one_as_smooth(void **state) {
    (void)state;
    add((fixture_row){.problem = "gemm/f32/relu6/64x64x64", .config = "mr=8,nr=8"});
    hone_match match = look(ASKED, NULL);
    assert_match(match, HONE_MATCH_NEAR, "mr=8,nr=8");
    assert_string_equal(match.matched_problem, "gemm/f32/relu6/64x64x64");
    add((fixture_row){.problem = "gemm/f32/relu/96x64x64", .config = "mr=16,nr=8"});
    assert_match(look(ASKED, NULL), HONE_MATCH_NEAR, "mr=16,nr=8");
}

static void an_illegal_config_is_passed_over(void **state) {
    (void)state;
    add((fixture_row){.problem = "gemm/f32/relu/4x64x64", .config = "mr=4,nr=16"});
    add((fixture_row){.problem = "gemm/f32/relu/6x64x64", .config = "mr=2,nr=16"});
    /* mr=4 does not fit into 3 rows, although 4 rows are nearer. */
    assert_match(look("gemm/f32/relu/3x64x64", NULL), HONE_MATCH_NEAR, "mr=2,nr=16");
    assert_match(look("gemm/f32/relu/5x64x64", NULL), HONE_MATCH_NEAR, "mr=2,nr=16");
    assert_match(look("gemm/f32/relu/4x64x65", NULL), HONE_MATCH_NEAR, "mr=4,nr=16");
    /* What a file says is not believed, even about the very problem. */
    add((fixture_row){.config = "mr=3,nr=16", .us = 1});
    assert_int_equal(look(ASKED, NULL).kind, HONE_MATCH_DEFAULT);
    add((fixture_row){.problem = "gemm/f32/relu/100x64x64", .config = "no config at all"});
    assert_int_equal(look("gemm/f32/relu/100x64x64", NULL).kind, HONE_MATCH_DEFAULT);
}

static void a_config_that_failed_on_the_problem_is_passed_over(void **state) {
    (void)state;
    add((fixture_row){.problem = "gemm/f32/relu/80x64x64", .config = "mr=8,nr=16"});
    add((fixture_row){.problem = "gemm/f32/relu/128x64x64", .config = "mr=4,nr=16"});
    assert_match(look(ASKED, NULL), HONE_MATCH_NEAR, "mr=8,nr=16");
    assert_int_equal(fixture_fail(db, run, (fixture_row){.problem = ASKED, .config = "mr=8,nr=16"}, "wrong"),
                     HONE_OK);
    assert_match(look(ASKED, NULL), HONE_MATCH_NEAR, "mr=4,nr=16");
    add((fixture_row){.problem = ASKED, .config = "mr=4,nr=16", .wrong = 1});
    assert_int_equal(look(ASKED, NULL).kind, HONE_MATCH_DEFAULT);
}

static void a_near_config_must_have_beaten_the_default(void **state) {
    const char *near = "gemm/f32/relu/80x64x64";
    (void)state;
    add((fixture_row){.problem = near, .config = "mr=8,nr=16", .us = 10});
    add((fixture_row){.problem = near, .config = FIXTURE_DEFAULT_CONFIG, .stage = "bench", .us = 11});
    assert_match(look(ASKED, NULL), HONE_MATCH_NEAR, "mr=8,nr=16");
    add((fixture_row){
        .problem = near, .config = FIXTURE_DEFAULT_CONFIG, .stage = "bench", .us = 9, .samples = 90});
    assert_int_equal(look(ASKED, NULL).kind, HONE_MATCH_DEFAULT);
    assert_match(look(near, NULL), HONE_MATCH_EXACT, "mr=8,nr=16");
}

static void the_family_comes_after_this_device(void **state) {
    (void)state;
    add((fixture_row){.device = &fixture_sibling, .config = "mr=16,nr=16"});
    hone_match match = look(ASKED, NULL);
    assert_match(match, HONE_MATCH_FAMILY, "mr=16,nr=16");
    assert_string_equal(match.device, fixture_sibling.fingerprint);
    match = look("gemm/f32/relu/64x64x70", NULL);
    assert_match(match, HONE_MATCH_FAMILY, "mr=16,nr=16");
    add((fixture_row){.problem = "gemm/f32/relu/200x64x64", .config = "mr=8,nr=16"});
    assert_match(look(ASKED, NULL), HONE_MATCH_NEAR, "mr=8,nr=16");
    static const hone_device stranger = {.backend = &fixture_backend,
                                         .name = "cpu",
                                         .fingerprint = "cpu/other",
                                         .family = "cpu/other",
                                         .threads = 2};
    hone_problem problem = fixture_problem(ASKED);
    assert_int_equal(hone_db_lookup_device(&match, db, &stranger, &problem, NULL), HONE_OK);
    assert_match(match, HONE_MATCH_DEFAULT, FIXTURE_DEFAULT_CONFIG);
}

static void another_build_is_stale(void **state) {
    hone_lookup_options stale = {.allow_stale = 1};
    (void)state;
    add((fixture_row){.config = "mr=8,nr=16"});
    assert_int_equal(hone_db_execute(db, "UPDATE builds SET identity = 'older'", "changing"), HONE_OK);
    assert_int_equal(look(ASKED, NULL).kind, HONE_MATCH_DEFAULT);
    hone_match match = look(ASKED, &stale);
    assert_match(match, HONE_MATCH_EXACT, "mr=8,nr=16");
    assert_int_equal(match.stale, 1);
    assert_string_equal(match.build, "older");
    /* This build's own evidence goes before, even when slower. */
    assert_int_equal(hone_db_run_begin(&run, db, "hone test", fixture_environment()), HONE_OK);
    add((fixture_row){.config = "mr=4,nr=16", .us = 30});
    match = look(ASKED, &stale);
    assert_match(match, HONE_MATCH_EXACT, "mr=4,nr=16");
    assert_int_equal(match.stale, 0);
}

static void the_error_bound_chooses_another_measurement(void **state) {
    (void)state;
    add((fixture_row){.config = "mr=8,nr=16", .us = 8, .error = 1e-5});
    add((fixture_row){.config = "mr=4,nr=16", .us = 9, .error = 1e-6});
    add((fixture_row){.config = "mr=2,nr=16", .us = 10, .error = 1e-7});
    assert_match(look(ASKED, NULL), HONE_MATCH_EXACT, "mr=8,nr=16");
    assert_match(look(ASKED, &(hone_lookup_options){.max_rel_error = 1e-5}), HONE_MATCH_EXACT, "mr=8,nr=16");
    hone_match match = look(ASKED, &(hone_lookup_options){.max_rel_error = 2e-6});
    assert_match(match, HONE_MATCH_EXACT, "mr=4,nr=16");
    assert_true(match.err_rel_fro == 1e-6 && match.p50_us == 9);
    assert_int_equal(look(ASKED, &(hone_lookup_options){.max_rel_error = 1e-9}).kind, HONE_MATCH_DEFAULT);
}

static void warm_evidence_goes_before_cold(void **state) {
    (void)state;
    add((fixture_row){.config = "mr=8,nr=16", .us = 8, .mode = "cold"});
    assert_match(look(ASKED, NULL), HONE_MATCH_EXACT, "mr=8,nr=16");
    add((fixture_row){.config = "mr=4,nr=16", .us = 9});
    assert_match(look(ASKED, NULL), HONE_MATCH_EXACT, "mr=4,nr=16");
}

static void the_workspace_bound_chooses_another_measurement(void **state) {
    hone_problem problem = fixture_problem(ASKED);
    hone_lookup_options least = {.max_workspace = 10}, some = {.max_workspace = 100};
    hone_match match;
    (void)state;
    add((fixture_row){.config = "mr=8,nr=16", .us = 8, .workspace = 5000});
    add((fixture_row){.config = "mr=4,nr=16", .us = 9, .workspace = 100});
    match = look(ASKED, NULL);
    assert_match(match, HONE_MATCH_EXACT, "mr=8,nr=16");
    assert_int_equal(match.workspace, 5000);
    assert_match(look(ASKED, &some), HONE_MATCH_EXACT, "mr=4,nr=16");
    /* The default's workspace is not known. */
    assert_int_equal(hone_db_lookup_device(&match, db, &fixture_device, &problem, &least), HONE_E_NOMATCH);
    assert_int_equal(hone_db_lookup_device(&match, db, &fixture_device, &problem, &least), HONE_E_NOMATCH);
    assert_non_null(strstr(hone_error_detail(), "limits"));
}

static hone_match find(const char *fingerprint, const char *family, const hone_lookup_options *options) {
    hone_problem problem = fixture_problem(ASKED);
    hone_match match;
    hone_db_refresh(db);
    if (hone_db_find(&match, db, fingerprint, family, &problem, options) != HONE_OK)
        fail_msg("%s", hone_error_detail());
    return match;
}

static void the_isa_is_a_part_of_the_config(void **state) {
    hone_lookup_options avx2 = {.isa = "avx2"}, avx = {.isa = "avx"}, mma = {.isa = "mma"};
    hone_problem problem = fixture_problem(ASKED);
    hone_match match;
    (void)state;
    add((fixture_row){.config = "isa=avx512,mr=8", .us = 8});
    add((fixture_row){.config = "isa=avx2,mr=4", .us = 9});
    add((fixture_row){.config = "bm=64,family=mma", .us = 10});
    assert_int_equal(hone_db_derive_winners(db, NULL, NULL), HONE_OK);
    assert_match(find(fixture_device.fingerprint, NULL, NULL), HONE_MATCH_EXACT, "isa=avx512,mr=8");
    assert_match(find(fixture_device.fingerprint, NULL, &avx2), HONE_MATCH_EXACT, "isa=avx2,mr=4");
    assert_match(find(fixture_device.fingerprint, NULL, &mma), HONE_MATCH_EXACT, "bm=64,family=mma");
    assert_int_equal(hone_db_find(&match, db, fixture_device.fingerprint, NULL, &problem, &avx),
                     HONE_E_NOMATCH);
}

static void a_fingerprint_is_enough(void **state) {
    hone_problem problem = fixture_problem(ASKED);
    hone_lookup_options two = {.threads = 2};
    hone_match match = {.kind = HONE_MATCH_DEFAULT};
    (void)state;
    add((fixture_row){.config = "anything=1", .us = 8});
    assert_int_equal(hone_db_derive_winners(db, NULL, NULL), HONE_OK);
    assert_match(find(fixture_device.fingerprint, NULL, NULL), HONE_MATCH_EXACT, "anything=1");
    hone_db_refresh(db);
    assert_int_equal(hone_db_find(&match, db, "another", NULL, &problem, &two), HONE_E_NOMATCH);
    assert_int_equal(hone_db_find(&match, db, "another", fixture_device.family, &problem, &two), HONE_OK);
    assert_match(match, HONE_MATCH_FAMILY, "anything=1");
    match.kind = HONE_MATCH_DEFAULT;
    assert_int_equal(hone_db_find(&match, db, "another", "stranger", &problem, &two), HONE_E_NOMATCH);
    assert_int_equal(hone_db_find(&match, db, "another", NULL, &problem, &two), HONE_E_NOMATCH);
    assert_int_equal(hone_db_find(&match, db, "another", NULL, &problem, NULL), HONE_E_USAGE);
    assert_int_equal(hone_db_find(&match, NULL, "another", NULL, &problem, NULL), HONE_E_USAGE);
    assert_int_equal(hone_db_find(&match, db, NULL, NULL, &problem, NULL), HONE_E_USAGE);
    assert_int_equal(match.kind, HONE_MATCH_DEFAULT); /* untouched */
}

static void an_answer_is_given_again_until_refreshed(void **state) {
    hone_problem problem = fixture_problem(ASKED);
    hone_match match;
    (void)state;
    add((fixture_row){.config = "mr=8,nr=16", .us = 8});
    assert_match(look(ASKED, NULL), HONE_MATCH_EXACT, "mr=8,nr=16");
    add((fixture_row){.config = "mr=4,nr=16", .us = 4});
    assert_int_equal(hone_db_derive_winners(db, NULL, NULL), HONE_OK);
    assert_int_equal(hone_db_lookup_device(&match, db, &fixture_device, &problem, NULL), HONE_OK);
    assert_match(match, HONE_MATCH_EXACT, "mr=8,nr=16");
    hone_db_refresh(db);
    assert_int_equal(hone_db_lookup_device(&match, db, &fixture_device, &problem, NULL), HONE_OK);
    assert_match(match, HONE_MATCH_EXACT, "mr=4,nr=16");
    /* Another device, another question. */
    assert_int_equal(hone_db_lookup_device(&match, db, &fixture_sibling, &problem, NULL), HONE_OK);
    assert_match(match, HONE_MATCH_FAMILY, "mr=4,nr=16");
}

/* The default is no rival where it does not keep to the limits itself. */
static void a_limited_near_config_has_limited_rivals(void **state) {
    const char *near = "gemm/f32/relu/80x64x64";
    hone_lookup_options small = {.max_workspace = 100}, exact = {.max_rel_error = 1e-8};
    (void)state;
    add((fixture_row){
        .problem = near, .config = FIXTURE_DEFAULT_CONFIG, .us = 8, .workspace = 5000, .error = 1e-6});
    add((fixture_row){.problem = near, .config = "mr=8,nr=16", .us = 12, .workspace = 50, .error = 1e-9});
    assert_match(look(ASKED, &small), HONE_MATCH_NEAR, "mr=8,nr=16");
    assert_match(look(ASKED, &exact), HONE_MATCH_NEAR, "mr=8,nr=16");
    /* Without limits the default won there, so that it is the default here. */
    assert_match(look(ASKED, NULL), HONE_MATCH_NEAR, FIXTURE_DEFAULT_CONFIG);
}

static void rivals_ran_side_by_side(void **state) {
    const char *near = "gemm/f32/relu/80x64x64";
    int64_t first = run;
    (void)state;
    add((fixture_row){.problem = near, .config = "mr=8,nr=16", .us = 9});
    assert_int_equal(hone_db_run_begin(&run, db, "another", fixture_environment()), HONE_OK);
    add((fixture_row){.problem = near, .config = FIXTURE_DEFAULT_CONFIG, .stage = "bench", .us = 8});
    assert_match(look(ASKED, NULL), HONE_MATCH_NEAR, "mr=8,nr=16");
    run = first;
    add((fixture_row){.problem = near, .config = FIXTURE_DEFAULT_CONFIG, .stage = "bench", .us = 8});
    assert_int_equal(look(ASKED, NULL).kind, HONE_MATCH_DEFAULT);
}

static void another_depth_needs_the_default(void **state) {
    (void)state;
    add((fixture_row){.problem = "gemm/f32/relu/64x64x192", .config = "mr=8,nr=16"});
    assert_int_equal(look(ASKED, NULL).kind, HONE_MATCH_DEFAULT);
    assert_match(look("gemm/f32/relu/64x64x96", NULL), HONE_MATCH_NEAR, "mr=8,nr=16");
    add((fixture_row){.problem = "gemm/f32/relu/64x64x32", .config = FIXTURE_DEFAULT_CONFIG});
    assert_match(look("gemm/f32/relu/64x64x9", NULL), HONE_MATCH_NEAR, FIXTURE_DEFAULT_CONFIG);
}

static void a_winner_must_be_of_its_problem(void **state) {
    hone_problem problem = fixture_problem(ASKED);
    hone_match match;
    (void)state;
    add((fixture_row){.config = "mr=8,nr=16", .us = 9});
    add((fixture_row){.problem = "gemm/f32/silu/64x64x64", .config = "mr=4,nr=16"});
    assert_int_equal(hone_db_derive_winners(db, NULL, NULL), HONE_OK);
    assert_int_equal(hone_db_execute(db,
                                     "UPDATE winners SET measurement_id = (SELECT max(id) FROM measurements)",
                                     "pointing elsewhere"),
                     HONE_OK);
    assert_int_equal(hone_db_lookup_device(&match, db, &fixture_device, &problem, NULL), HONE_OK);
    assert_int_equal(match.kind, HONE_MATCH_DEFAULT);
}

static void tables_of_another_are_not_asked(void **state) {
    hone_problem problem = fixture_problem(ASKED);
    hone_match match;
    (void)state;
    assert_int_equal(hone_db_execute(db,
                                     "ALTER TABLE builds ADD COLUMN slow TEXT AS (hex(zeroblob(1000000)))",
                                     "declaring"),
                     HONE_OK);
    assert_int_equal(hone_db_lookup_device(&match, db, &fixture_device, &problem, NULL), HONE_E_DATA);
    assert_non_null(strstr(hone_error_detail(), "builds"));
}

static void bad_questions_are_refused(void **state) {
    hone_problem problem = fixture_problem(ASKED);
    static const hone_lookup_options bad[] = {{.threads = -1},
                                              {.objective = "mean"},
                                              {.max_rel_error = -1},
                                              {.max_rel_error = NAN},
                                              {.max_workspace = -1},
                                              {.isa = "avx2,mr=4"},
                                              {.isa = ""},
                                              {.threads = 5000},
                                              {.isa = "the longest name that any instruction set has had"}};
    hone_match match = {.kind = HONE_MATCH_FAMILY};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(hone_db_lookup_device(&match, db, &fixture_device, &problem, &bad[i]), HONE_E_USAGE);
    problem.m = 0;
    assert_int_equal(hone_db_lookup_device(&match, db, &fixture_device, &problem, NULL), HONE_E_USAGE);
    assert_int_equal(match.kind, HONE_MATCH_FAMILY); /* untouched */
    assert_null(hone_match_kind_name((hone_match_kind)4));
}

int main(void) {
#define DB_TEST(name) cmocka_unit_test_setup_teardown(name, open_db, close_db)
    const struct CMUnitTest tests[] = {
        DB_TEST(the_exact_winner_comes_with_its_evidence),
        DB_TEST(nothing_known_gives_the_default),
        DB_TEST(objectives_and_threads_are_kept_apart),
        DB_TEST(the_nearest_shape_answers),
        DB_TEST(near_means_the_same_types_and_options),
        DB_TEST(the_same_activation_is_preferred_to_one_as_smooth),
        DB_TEST(an_illegal_config_is_passed_over),
        DB_TEST(a_config_that_failed_on_the_problem_is_passed_over),
        DB_TEST(a_near_config_must_have_beaten_the_default),
        DB_TEST(the_family_comes_after_this_device),
        DB_TEST(another_build_is_stale),
        DB_TEST(the_error_bound_chooses_another_measurement),
        DB_TEST(warm_evidence_goes_before_cold),
        DB_TEST(the_workspace_bound_chooses_another_measurement),
        DB_TEST(the_isa_is_a_part_of_the_config),
        DB_TEST(a_fingerprint_is_enough),
        DB_TEST(an_answer_is_given_again_until_refreshed),
        DB_TEST(a_limited_near_config_has_limited_rivals),
        DB_TEST(rivals_ran_side_by_side),
        DB_TEST(another_depth_needs_the_default),
        DB_TEST(a_winner_must_be_of_its_problem),
        DB_TEST(tables_of_another_are_not_asked),
        DB_TEST(bad_questions_are_refused),
    };
    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}

/* Near winners from the index in memory are those that reading all of them finds. */
#include "../../tuner/db/lookup_private.h"
#include "db_fixture.h"

enum { KNOWN = 150, ASKED = 200 };

static unsigned seed = 3;

static hone_problem draw(char text[HONE_PROBLEM_TEXT]) {
    static const char *const acts[] = {"relu", "gelu_tanh", "relu6"};
    static const char *const dtypes[] = {"f32", "bf16"};
    static const char *const options[] = {"", "/tb", "/plain"};
    /* Few sizes, so that many are equally far, and powers of two, so that some are just within reach. */
    int m = 1 << (rand_r(&seed) % 8), n = 1 << (4 + rand_r(&seed) % 5), k = 16 * (1 + rand_r(&seed) % 6);
    char words[HONE_PROBLEM_TEXT];
    snprintf(words, sizeof words, "gemm/%s/%s/%dx%dx%d%s", dtypes[rand_r(&seed) % 2], acts[rand_r(&seed) % 3],
             m, n, k, options[rand_r(&seed) % 3]);
    hone_problem problem = fixture_problem(words);
    assert_int_equal(hone_problem_format(text, HONE_PROBLEM_TEXT, &problem), HONE_OK);
    return problem;
}

/* The same by reading every winner's problem. */
static void find_by_scan(hone_candidates *out, const hone_lookup *lookup, hone_db *db, int64_t device) {
    sqlite3_stmt *rows;
    size_t order = 0;
    int row = 0;
    assert_int_equal(hone_db_prepare(&rows, db, HONE_LOOKUP_SELECT " ORDER BY m.uid"), HONE_OK);
    hone_lookup_bind_subject(rows, lookup, device);
    for (;;) {
        hone_candidate candidate = {.layer = db, .order = order++};
        hone_problem known;
        assert_int_equal(hone_db_step(&row, db, rows, "scanning"), HONE_OK);
        if (!row)
            return;
        assert_true(hone_lookup_read_row(&candidate, &known, rows, db, device));
        const hone_problem *asked = lookup->problem;
        const double m = fabs(log2((double)known.m / (double)asked->m)),
                     n = fabs(log2((double)known.n / (double)asked->n)),
                     k = fabs(log2((double)known.k / (double)asked->k));
        candidate.distance = hone_lookup_distance(asked, &known);
        if (known.dtype == asked->dtype && known.weights_plain == asked->weights_plain &&
            known.weights_transposed == asked->weights_transposed && m <= log2(HONE_LOOKUP_REACH) &&
            n <= log2(HONE_LOOKUP_REACH) && k <= log2(HONE_LOOKUP_REACH) && candidate.distance > 0 &&
            isfinite(candidate.distance))
            hone_candidates_insert(out, &candidate);
    }
}

static void the_index_finds_what_a_scan_finds(void **state) {
    int64_t run;
    hone_db *db = fixture_open("index.db", &run);
    int found = 0, full = 0;
    (void)state;
    for (int i = 0; i < KNOWN; i++) {
        char text[HONE_PROBLEM_TEXT];
        draw(text);
        assert_int_equal(fixture_add(db, run, (fixture_row){.problem = text}), HONE_OK);
    }
    assert_int_equal(hone_db_derive_winners(db, NULL, NULL), HONE_OK);
    const int64_t device = fixture_count(db, "SELECT id FROM devices");
    for (int i = 0; i < ASKED; i++) {
        hone_lookup lookup = {.db = db, .threads = 2, .objective = "p50", .max_error = NAN};
        const hone_problem problem = draw(lookup.text);
        hone_candidates index = {0}, scan = {0};
        lookup.problem = &problem;
        assert_int_equal(hone_winner_index_find(&index, &lookup, db, device), HONE_OK);
        find_by_scan(&scan, &lookup, db, device);
        assert_int_equal(index.count, scan.count);
        for (int j = 0; j < scan.count; j++)
            assert_int_equal(index.items[j].measurement_id, scan.items[j].measurement_id);
        found += scan.count > 0;
        full += scan.count == HONE_LOOKUP_CANDIDATES;
    }
    assert_true(found > ASKED / 2);
    assert_true(full < found); /* some questions have few answers */
    hone_db_close(db);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_index_finds_what_a_scan_finds)};
    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}

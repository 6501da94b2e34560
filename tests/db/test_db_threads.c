/* Many threads look up in one database at once, with questions that were asked
 * before and questions that were not, while the table of answers grows. */
#include <pthread.h>

#include "db_fixture.h"

enum { THREADS = 8, SHAPES = 600, ROUNDS = 4 };

static hone_db *db;

static hone_problem shape(int i) {
    char text[64];
    snprintf(text, sizeof text, "gemm/f32/relu/%dx64x64", 16 + i);
    return fixture_problem(text);
}

/* Each thread goes its own way through the shapes; returns what was wrong, or NULL. */
static void *look_many_up(void *argument) {
    static const int strides[THREADS] = {1, 7, 11, 13, 17, 19, 23, 29}; /* prime to SHAPES */
    int stride = strides[(intptr_t)argument];
    for (int i = 0; i < SHAPES * ROUNDS; i++) {
        int number = i * stride % SHAPES;
        hone_problem problem = shape(number);
        hone_match match;
        char matched[HONE_PROBLEM_TEXT];
        if (hone_db_lookup_device(&match, db, &fixture_device, &problem, NULL) != HONE_OK)
            return "a lookup failed";
        if (hone_problem_format(matched, sizeof matched, &problem) != HONE_OK ||
            strcmp(match.problem, matched) != 0)
            return "an answer to another question";
        if (match.kind != (number % 2 ? HONE_MATCH_NEAR : HONE_MATCH_EXACT))
            return "another kind of match";
        if (strcmp(match.database, db->path) != 0)
            return "another database";
    }
    return NULL;
}

static void every_thread_gets_its_answers(void **state) {
    pthread_t threads[THREADS];
    int64_t run;
    (void)state;
    db = fixture_open("threads.db", &run);
    for (int i = 0; i < SHAPES; i += 2) {
        char text[64];
        snprintf(text, sizeof text, "gemm/f32/relu/%dx64x64", 16 + i);
        assert_int_equal(fixture_add(db, run, (fixture_row){.problem = text}), HONE_OK);
    }
    assert_int_equal(hone_db_derive_winners(db, NULL, NULL), HONE_OK);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, look_many_up, (void *)(intptr_t)i), 0);
    for (int i = 0; i < THREADS; i++) {
        void *wrong = NULL;
        assert_int_equal(pthread_join(threads[i], &wrong), 0);
        if (wrong)
            fail_msg("thread %d: %s", i, (const char *)wrong);
    }
    hone_db_close(db);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_thread_gets_its_answers)};
    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}

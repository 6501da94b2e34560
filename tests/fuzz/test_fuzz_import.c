/* Mutated exports: an import takes all of one or nothing, and what it takes is a sound database that can be
 * exported and read again. */
#include "../db/db_fixture.h"
#include "mutate.h"

enum { ROUNDS = 900, ROOM = 1 << 15 };

static const char *const words[] = {"1",
                                    "2",
                                    "64",
                                    "\"f16\"",
                                    "\"u8\"",
                                    "\"relu\"",
                                    "\"plain\"",
                                    "\"nxk\"",
                                    "\"row\"",
                                    "null",
                                    "true",
                                    "0",
                                    "-1",
                                    "1e300",
                                    "-1e-300",
                                    "1e999",
                                    "0.5",
                                    "\"\"",
                                    "[]",
                                    "[1e300]",
                                    "[-1,0]",
                                    "{}",
                                    "{\"infinite\":1}",
                                    "{\"infinite\":-1}",
                                    "9223372036854775807",
                                    "-9223372036854775808",
                                    "99999999999999999999",
                                    "\"hone\"",
                                    "\"warm\"",
                                    "\"final\"",
                                    "\"measurement\"",
                                    "\"config\"",
                                    "\"mr=1,nr=8\"",
                                    "\"'; DROP TABLE runs; --\"",
                                    "\"\\u0000\"",
                                    "\"\\ud800\"",
                                    "\"\xff\"",
                                    "\"gemm/f32/relu/64x64x64\"",
                                    "\"2026-01-31T12:00:00Z\"",
                                    "\n",
                                    ",\"id\":1",
                                    ",\"identity\":\"x\"",
                                    "\"00000000000000000000000000000000\"",
                                    "\"text\":",
                                    "\n{\"record\":\"hone\",\"schema\":1}\n"};

/* A small file with every kind of record. */
static char *make_export(void) {
    int64_t run;
    hone_db *db = fixture_open("source.db", &run);
    assert_int_equal(fixture_add(db, run, (fixture_row){.samples = 3, .stage = "screen"}), HONE_OK);
    assert_int_equal(fixture_add(db, run, (fixture_row){.samples = 4, .config = "mr=8,nr=8", .us = 7}),
                     HONE_OK);
    assert_int_equal(fixture_add(db, run,
                                 (fixture_row){.samples = 2,
                                               .wrong = 1,
                                               .config = "mr=2,nr=8",
                                               .device = &fixture_sibling,
                                               .problem = "gemm/s8/elu/4x5x6/alpha=0.5/a=u8"}),
                     HONE_OK);
    assert_int_equal(fixture_fail(db, run, (fixture_row){.config = "mr=1,nr=8"}, "build"), HONE_OK);
    assert_int_equal(hone_db_derive_winners(db, NULL, NULL), HONE_OK);
    hone_db_close(db);
    return fixture_export(fixture_path("source.db"));
}

/* Half of the time a value of the right place: a record that is JSON still, which bytes at random seldom
 * leave. */
static void mutate_export(mutator *m, char *text) {
    if (mutator_draw(m, 2)) {
        mutate_text(m, text, ROOM);
        return;
    }
    for (size_t times = 1 + mutator_draw(m, 2); times > 0; times--) {
        char *at = strchr(text + mutator_draw(m, strlen(text)), ':');
        if (!at)
            continue;
        const char *word = mutator_word(m);
        size_t size = mutate_replace((unsigned char *)text, strlen(text), ROOM - 1, (size_t)(at + 1 - text),
                                     strcspn(at + 1, ",}\n"), word, strlen(word));
        text[size] = '\0';
    }
}

static hone_status import(const char *path, const char *text) {
    hone_db *db = NULL;
    FILE *in = fmemopen((void *)text, strlen(text), "r");
    assert_non_null(in);
    assert_int_equal(hone_db_open_write(&db, path), HONE_OK);
    hone_status status = hone_db_import(NULL, db, in, "text");
    assert_int_equal(fclose(in), 0);
    hone_db_close(db);
    return status;
}

static void hear(const char *finding, void *context) {
    print_message("%s\n%s\n", finding, (const char *)context);
}

/* What was taken passes the check, and travels. */
static void assert_sound(const char *path, const char *text) {
    hone_db_report report;
    hone_db *db = NULL;
    assert_int_equal(hone_db_open(&db, path), HONE_OK);
    assert_int_equal(hone_db_check(&report, db, hear, (void *)text), HONE_OK);
    assert_int_equal(report.ok, 1);
    hone_db_close(db);
    unlink(fixture_path("copy.db"));
    char *again = fixture_export(path);
    if (import(fixture_path("copy.db"), again) != HONE_OK)
        fail_msg("%s\n%s", hone_error_detail(), text);
    free(again);
    fixture_assert_same(path, fixture_path("copy.db"));
}

static void an_import_is_whole_or_nothing(void **state) {
    mutator m = MUTATOR(1, words);
    int taken = 0, refused = 0;
    char *source = make_export(), text[ROOM];
    char into[256];
    (void)state;
    snprintf(into, sizeof into, "%s", fixture_path("into.db"));
    assert_in_range(strlen(source), 1000, ROOM / 2);
    for (int round = 0; round < ROUNDS; round++) {
        /* Into an empty database and into one that has the records as they were. */
        unlink(into);
        assert_int_equal(import(into, round % 2 ? source : "{\"record\":\"hone\",\"schema\":1}\n"), HONE_OK);
        char *before = fixture_export(into), *winners = fixture_winners(into);
        strcpy(text, source);
        mutate_export(&m, text);
        hone_status status = import(into, text);
        if (status == HONE_OK) {
            taken++;
            assert_sound(into, text);
            free(before);
            free(winners);
        } else {
            refused++;
            assert_int_equal(status, HONE_E_DATA);
            assert_non_null(strstr(hone_error_detail(), "text"));
            fixture_assert_same_text(fixture_export(into), before);
            fixture_assert_same_text(fixture_winners(into), winners);
        }
    }
    /* Both happen, or the mutations are too weak or too strong. */
    assert_in_range(taken, ROUNDS / 40, ROUNDS);
    assert_in_range(refused, ROUNDS / 4, ROUNDS);
    free(source);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(an_import_is_whole_or_nothing)};
    return cmocka_run_group_tests(tests, fixture_setup_in_memory, fixture_teardown);
}

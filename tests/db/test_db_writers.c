/* Many processes write into one database at once and lose nothing; one that is
 * killed loses at most what it had not committed. */
#include <signal.h>
#include <sys/wait.h>

#include "db_fixture.h"

#include "../../tuner/db/db_care.h"

enum { WRITERS = 8, MEASUREMENTS = 50 };

static void assert_whole(hone_db *db) {
    hone_db_report report;
    assert_int_equal(hone_db_check(&report, db, NULL, NULL), HONE_OK);
    assert_int_equal(report.ok, 1);
}

/* Opens, perhaps creates, stores and derives, as a tuning process does. */
static int write_some(int writer, const char *path) {
    hone_db *db = NULL;
    int64_t run = 0;
    if (hone_db_open_write(&db, path) != HONE_OK ||
        hone_db_run_begin(&run, db, "hone test", fixture_environment()) != HONE_OK)
        return 1;
    hone_problem problem = fixture_problem("gemm/f32/relu/64x64x64");
    for (int i = 0; i < MEASUREMENTS; i++) {
        char config[32];
        snprintf(config, sizeof config, "mr=%d,nr=%d", writer, i);
        if (fixture_add(db, run, (fixture_row){.config = config, .us = 5 + i}) != HONE_OK)
            return 1;
        if (i % 10 == 9 && hone_db_derive_winners(db, &fixture_device, &problem) != HONE_OK)
            return 1;
    }
    hone_db_close(db);
    return 0;
}

static void many_writers_lose_nothing(void **state) {
    pid_t children[WRITERS];
    char path[256];
    (void)state;
    snprintf(path, sizeof path, "%s/many/hone.db", fixture_folder);
    fflush(NULL);
    for (int i = 0; i < WRITERS; i++) {
        children[i] = fork();
        assert_true(children[i] >= 0);
        if (children[i] == 0) {
            int failed = write_some(i, path);
            if (failed)
                fprintf(stderr, "writer %d: %s\n", i, hone_error_detail());
            _exit(failed);
        }
    }
    for (int i = 0; i < WRITERS; i++) {
        int status = 0;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    hone_db *db = NULL;
    assert_int_equal(hone_db_open(&db, path), HONE_OK);
    assert_int_equal(fixture_count(db, "SELECT count(*) FROM measurements"), WRITERS * MEASUREMENTS);
    assert_int_equal(fixture_count(db, "SELECT count(*) FROM runs"), WRITERS);
    assert_int_equal(fixture_count(db, "SELECT count(*) FROM devices"), 1);
    assert_whole(db);
    hone_db_close(db);
}

/* Stores for ever, and tells after each commit. */
static void write_until_killed(const char *path, int tell) {
    hone_db *db = NULL;
    int64_t run = 0;
    if (hone_db_open_write(&db, path) != HONE_OK ||
        hone_db_run_begin(&run, db, "hone test", fixture_environment()) != HONE_OK)
        _exit(1);
    for (;;) {
        if (fixture_add(db, run, (fixture_row){0}) != HONE_OK || write(tell, "x", 1) != 1)
            _exit(1);
    }
}

static void a_killed_writer_loses_nothing_committed(void **state) {
    int64_t committed = 0;
    char path[256];
    (void)state;
    snprintf(path, sizeof path, "%s/killed.db", fixture_folder);
    for (int round = 0; round < 5; round++) {
        int ends[2];
        char told[64];
        assert_int_equal(pipe(ends), 0);
        fflush(NULL);
        pid_t child = fork();
        assert_true(child >= 0);
        if (child == 0) {
            close(ends[0]);
            write_until_killed(path, ends[1]);
        }
        close(ends[1]);
        int64_t wanted = committed + 7 + 11 * round;
        while (committed < wanted) {
            ssize_t got = read(ends[0], told, 1);
            assert_int_equal(got, 1);
            committed += got;
        }
        kill(child, SIGKILL);
        assert_int_equal(waitpid(child, NULL, 0), child);
        for (ssize_t got; (got = read(ends[0], told, sizeof told)) > 0;)
            committed += got;
        close(ends[0]);

        hone_db *db = NULL;
        assert_int_equal(hone_db_open_write(&db, path), HONE_OK);
        int64_t stored = fixture_count(db, "SELECT count(*) FROM measurements");
        /* The last commit may have been made but not told any more. */
        assert_in_range(stored, committed, committed + 1);
        committed = stored;
        assert_int_equal(hone_db_derive_winners(db, NULL, NULL), HONE_OK);
        assert_whole(db);
        hone_db_close(db);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_writers_lose_nothing),
        cmocka_unit_test(a_killed_writer_loses_nothing_committed),
    };
    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}

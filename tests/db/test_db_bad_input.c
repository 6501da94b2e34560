/* Files that are no database, or one that cannot be used: a clear message, the
 * right status, and nothing lost. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "db_fixture.h"

#include "../../tuner/db/db_care.h"
#include "../../tuner/db/lookup_private.h"

static void write_file(const char *path, const void *bytes, size_t size) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
}

static size_t read_file(const char *path, unsigned char *out, size_t room) {
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t size = fread(out, 1, room, file);
    fclose(file);
    return size;
}

static void assert_detail(const char *word) {
    if (!strstr(hone_error_detail(), word))
        fail_msg("'%s' is not in '%s'", word, hone_error_detail());
}

/* Refused both for reading and for writing, and left as it was. */
static void assert_refused(const char *path, const char *word) {
    static unsigned char before[1 << 16], after[1 << 16];
    hone_db *db = NULL;
    size_t size = read_file(path, before, sizeof before);
    assert_int_equal(hone_db_open(&db, path), HONE_E_DATA);
    assert_detail(word);
    assert_int_equal(hone_db_open_write(&db, path), HONE_E_DATA);
    assert_detail(word);
    assert_null(db);
    assert_int_equal(read_file(path, after, sizeof after), size);
    assert_memory_equal(before, after, size);
}

/* A closed database of some pages. */
static const char *make_database(const char *name, int rows) {
    int64_t run;
    hone_db *db = fixture_open(name, &run);
    for (int i = 0; i < rows; i++) {
        char config[32];
        snprintf(config, sizeof config, "mr=4,nr=%d", i);
        assert_int_equal(fixture_add(db, run, (fixture_row){.config = config, .samples = 500}), HONE_OK);
    }
    assert_int_equal(hone_db_derive_winners(db, NULL, NULL), HONE_OK);
    hone_db_close(db);
    return fixture_path(name);
}

static void a_missing_file(void **state) {
    hone_db *db = NULL;
    (void)state;
    assert_int_equal(hone_db_open(&db, fixture_path("missing.db")), HONE_E_DATA);
    assert_detail("missing.db");
    assert_detail("hone tune");
    assert_int_not_equal(access(fixture_path("missing.db"), F_OK), 0);
}

static void what_is_no_file(void **state) {
    hone_db *db = NULL;
    char longest[HONE_DB_PATH + 100];
    (void)state;
    assert_int_equal(hone_db_open(&db, fixture_folder), HONE_E_DATA);
    assert_detail("not a file");
    assert_int_equal(hone_db_open_write(&db, fixture_folder), HONE_E_DATA);
    assert_int_equal(hone_db_open_write(&db, "/dev/null"), HONE_E_DATA);
    write_file(fixture_path("file"), "x", 1);
    assert_int_equal(hone_db_open_write(&db, fixture_path("file/hone.db")), HONE_E_DATA);
    memset(longest, 'a', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    assert_int_equal(hone_db_open_write(&db, longest), HONE_E_USAGE);
    assert_int_not_equal(hone_db_open(&db, longest), HONE_OK);
    assert_null(db);
}

static void folders_are_made(void **state) {
    hone_db *db = NULL;
    (void)state;
    assert_int_equal(hone_db_open_write(&db, fixture_path("new/folder with spaces/a?b%23#.db")), HONE_OK);
    hone_db_close(db);
    assert_int_equal(hone_db_open(&db, fixture_path("new/folder with spaces/a?b%23#.db")), HONE_OK);
    hone_db_close(db);
}

static void a_text_file(void **state) {
    static const char text[] = "This is not a database at all, however long it may be.\n";
    char long_text[8192];
    (void)state;
    memset(long_text, 'x', sizeof long_text);
    write_file(fixture_path("text.db"), text, sizeof text - 1);
    assert_refused(fixture_path("text.db"), "text.db");
    write_file(fixture_path("long.db"), long_text, sizeof long_text);
    assert_refused(fixture_path("long.db"), "not a database");
}

static void a_database_of_another_application(void **state) {
    sqlite3 *handle = NULL;
    (void)state;
    assert_int_equal(sqlite3_open(fixture_path("foreign.db"), &handle), SQLITE_OK);
    assert_int_equal(sqlite3_exec(handle, "CREATE TABLE bookmarks (url)", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(handle);
    assert_refused(fixture_path("foreign.db"), "not one of Hone");
}

static void an_empty_file(void **state) {
    hone_db *db = NULL;
    (void)state;
    write_file(fixture_path("empty.db"), "", 0);
    assert_int_equal(hone_db_open(&db, fixture_path("empty.db")), HONE_E_DATA);
    assert_int_equal(hone_db_open_write(&db, fixture_path("empty.db")), HONE_OK); /* a fresh temporary file */
    hone_db_close(db);
}

static void a_newer_schema(void **state) {
    sqlite3 *handle = NULL;
    (void)state;
    const char *path = make_database("newer.db", 1);
    assert_int_equal(sqlite3_open(path, &handle), SQLITE_OK);
    assert_int_equal(sqlite3_exec(handle, "PRAGMA user_version = 99", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(handle);
    assert_refused(path, "newer");
    assert_int_equal(sqlite3_open(path, &handle), SQLITE_OK);
    assert_int_equal(sqlite3_exec(handle, "PRAGMA user_version = 0", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(handle);
    assert_refused(path, "damaged");
}

/* Whatever is done with it, a damaged file is refused or found damaged. */
static int survives(const char *path) {
    hone_db *db = NULL;
    hone_db_report report;
    hone_match match;
    hone_problem problem = fixture_problem("gemm/f32/relu/65x64x64");
    if (hone_db_open(&db, path) != HONE_OK)
        return 0;
    assert_int_equal(hone_db_check(&report, db, NULL, NULL), HONE_OK);
    hone_status status = hone_db_lookup_device(&match, db, &fixture_device, &problem, NULL);
    assert_true(status == HONE_OK || status == HONE_E_DATA);
    FILE *out = fopen("/dev/null", "w");
    assert_non_null(out);
    status = hone_db_export(out, db);
    assert_true(status == HONE_OK || status == HONE_E_DATA);
    fclose(out);
    hone_db_close(db);
    return report.ok;
}

static void a_truncated_file(void **state) {
    static unsigned char bytes[1 << 20];
    (void)state;
    const char *path = make_database("whole.db", 20);
    size_t size = read_file(path, bytes, sizeof bytes);
    assert_in_range(size, 40000, sizeof bytes - 1);
    assert_true(survives(path));
    for (size_t cut = 4096; cut < size; cut += size / 23) { /* from one page on */
        write_file(fixture_path("cut.db"), bytes, size - cut);
        if (survives(fixture_path("cut.db")))
            fail_msg("%zu bytes of %zu passed for a whole database", size - cut, size);
    }
}

static void a_damaged_file(void **state) {
    static unsigned char bytes[1 << 20], damaged[1 << 20];
    unsigned seed = 1;
    (void)state;
    size_t size = read_file(make_database("sound.db", 5), bytes, sizeof bytes);
    for (int round = 0; round < 150; round++) {
        memcpy(damaged, bytes, size);
        for (int i = 0; i <= round % 8; i++) {
            seed = seed * 1103515245u + 12345u;
            damaged[(seed >> 4) % size] ^= (unsigned char)(1 + (seed >> 20) % 255);
        }
        write_file(fixture_path("damaged.db"), damaged, size);
        survives(fixture_path("damaged.db")); /* some damage falls on free space or changes a number */
    }
}

/* ---- in a child, as a user whom permissions bind and limits hit */

/* Runs `body` as nobody when the tests run as root; its exit status must be 0. */
static void as_plain_user(void (*body)(void)) {
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (geteuid() == 0 && (setgid(65534) != 0 || setuid(65534) != 0))
            _exit(3);
        body();
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        fail_msg("the child ended with %d", status);
}

/* cmocka's own assertions do not cross processes. */
#define child_expects(condition)                                                                             \
    do {                                                                                                     \
        if (!(condition)) {                                                                                  \
            fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, #condition, hone_error_detail());         \
            _exit(1);                                                                                        \
        }                                                                                                    \
    } while (0)

static char protected_path[512];

static void read_but_not_write(void) {
    hone_db *db = NULL;
    int64_t count = 0;
    child_expects(hone_db_open(&db, protected_path) == HONE_OK);
    child_expects(hone_db_integer(&count, db, "SELECT count(*) FROM measurements", "counting") == HONE_OK);
    child_expects(count == 3);
    hone_db_close(db);
    child_expects(hone_db_open_write(&db, protected_path) == HONE_E_DATA);
    child_expects(strstr(hone_error_detail(), "read-only") != NULL);
}

static void create_nothing(void) {
    hone_db *db = NULL;
    child_expects(hone_db_open_write(&db, protected_path) == HONE_E_DATA);
    child_expects(strstr(hone_error_detail(), "/protected/") != NULL);
}

static void read_nothing(void) {
    hone_db *db = NULL;
    child_expects(hone_db_open(&db, protected_path) == HONE_E_DATA);
    child_expects(hone_db_open_write(&db, protected_path) == HONE_E_DATA);
}

static void a_read_only_file_and_folder(void **state) {
    char folder[128];
    (void)state;
    snprintf(folder, sizeof folder, "%s/protected", fixture_folder);
    assert_int_equal(mkdir(folder, 0755), 0);
    assert_int_equal(chmod(fixture_folder, 0755), 0);
    snprintf(protected_path, sizeof protected_path, "%s", make_database("protected/it.db", 3));
    assert_int_equal(chmod(protected_path, 0444), 0);
    assert_int_equal(chmod(folder, 0777), 0);
    as_plain_user(read_but_not_write); /* the file */
    assert_int_equal(chmod(folder, 0555), 0);
    as_plain_user(read_but_not_write); /* the file and the folder */
    assert_int_equal(chmod(protected_path, 0000), 0);
    as_plain_user(read_nothing);
    snprintf(protected_path, sizeof protected_path, "%s/none.db", folder);
    as_plain_user(create_nothing);
    snprintf(protected_path, sizeof protected_path, "%s/deep/none.db", folder);
    as_plain_user(create_nothing);
    assert_int_equal(chmod(folder, 0755), 0);
}

static void read_with_leftovers(void) {
    hone_db *db = NULL;
    int64_t count = 0;
    if (hone_db_open(&db, protected_path) == HONE_OK) {
        child_expects(hone_db_integer(&count, db, "SELECT count(*) FROM measurements", "counting") ==
                      HONE_OK);
        child_expects(count == 3);
    } else {
        child_expects(strstr(hone_error_detail(), "-wal") != NULL);
    }
    hone_db_close(db);
}

/* What a killed writer left in the log is read or reported, never dropped. */
static void a_read_only_folder_with_a_log(void **state) {
    char folder[128], name[600];
    (void)state;
    snprintf(folder, sizeof folder, "%s/logged", fixture_folder);
    snprintf(protected_path, sizeof protected_path, "%s/it.db", folder);
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        hone_db *db = NULL;
        int64_t run = 0;
        child_expects(hone_db_open_write(&db, protected_path) == HONE_OK);
        child_expects(hone_db_run_begin(&run, db, "hone test", fixture_environment()) == HONE_OK);
        for (int i = 0; i < 3; i++)
            child_expects(fixture_add(db, run, (fixture_row){0}) == HONE_OK);
        _exit(0); /* without closing */
    }
    assert_int_equal(waitpid(child, NULL, 0), child);
    snprintf(name, sizeof name, "%s-wal", protected_path);
    assert_int_equal(access(name, F_OK), 0);
    assert_int_equal(chmod(fixture_folder, 0755), 0);
    assert_int_equal(chmod(folder, 0555), 0);
    as_plain_user(read_with_leftovers);
    snprintf(name, sizeof name, "%s-shm", protected_path);
    assert_int_equal(unlink(name), 0);
    as_plain_user(read_with_leftovers);
    assert_int_equal(chmod(folder, 0755), 0);
}

/* Stores until no file may grow any more: the failure says so, and what was
 * committed before is there. */
static void fill_the_disk(void) {
    hone_db *db = NULL;
    int64_t run = 0, count = -1;
    int stored = 0;
    struct rlimit limit = {256 << 10, 256 << 10};
    hone_status status = HONE_OK;
    signal(SIGXFSZ, SIG_IGN);
    child_expects(setrlimit(RLIMIT_FSIZE, &limit) == 0);
    child_expects(hone_db_open_write(&db, protected_path) == HONE_OK);
    child_expects(hone_db_run_begin(&run, db, "hone test", fixture_environment()) == HONE_OK);
    while (stored < 10000 && (status = fixture_add(db, run, (fixture_row){.samples = 500})) == HONE_OK)
        stored++;
    child_expects(status == HONE_E_DATA);
    child_expects(stored > 0);
    child_expects(strstr(hone_error_detail(), "disk") != NULL);
    hone_db_close(db);
    child_expects(hone_db_open(&db, protected_path) == HONE_OK);
    child_expects(hone_db_integer(&count, db, "SELECT count(*) FROM measurements", "counting") == HONE_OK);
    child_expects(count == stored);
    hone_db_close(db);
}

static void a_full_disk(void **state) {
    (void)state;
    assert_int_equal(chmod(fixture_folder, 0777), 0);
    snprintf(protected_path, sizeof protected_path, "%s/full.db", fixture_folder);
    as_plain_user(fill_the_disk);
}

static void a_locked_file(void **state) {
    int64_t run;
    sqlite3 *other = NULL;
    (void)state;
    hone_db *db = fixture_open("locked.db", &run);
    assert_int_equal(sqlite3_open(db->path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_busy_timeout(db->handle, 20); /* instead of a minute's back-off */
    assert_int_equal(fixture_add(db, run, (fixture_row){0}), HONE_E_DATA);
    assert_detail("locked");
    assert_int_equal(fixture_count(db, "SELECT count(*) FROM measurements"), 0); /* reading goes on */
    assert_int_equal(sqlite3_exec(other, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(fixture_add(db, run, (fixture_row){0}), HONE_OK);
    sqlite3_close(other);
    hone_db_close(db);
}

static void waiting_ends(void **state) {
    int64_t total = 0;
    int attempt = 0;
    (void)state;
    for (int wait; (wait = hone_db_backoff(attempt)) > 0; attempt++) {
        assert_in_range(wait, 1, 100);
        total += wait;
    }
    assert_in_range(total, 30000, 90000); /* milliseconds */
}

static void the_default_path_follows_the_environment(void **state) {
    char path[HONE_DB_PATH], small[8];
    (void)state;
    setenv("HONE_DB", "/a/b.db", 1);
    assert_int_equal(hone_db_default_path(path, sizeof path), HONE_OK);
    assert_string_equal(path, "/a/b.db");
    assert_int_equal(hone_db_default_path(small, sizeof small - 1), HONE_E_USAGE);
    setenv("HONE_DB", "", 1);
    setenv("XDG_DATA_HOME", "/data", 1);
    assert_int_equal(hone_db_default_path(path, sizeof path), HONE_OK);
    assert_string_equal(path, "/data/hone/hone.db");
    setenv("XDG_DATA_HOME", "relative", 1);
    setenv("HOME", "/home/x", 1);
    assert_int_equal(hone_db_default_path(path, sizeof path), HONE_OK);
    assert_string_equal(path, "/home/x/.local/share/hone/hone.db");
    unsetenv("HOME");
    assert_int_equal(hone_db_default_path(path, sizeof path), HONE_E_USAGE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_missing_file),
        cmocka_unit_test(what_is_no_file),
        cmocka_unit_test(folders_are_made),
        cmocka_unit_test(a_text_file),
        cmocka_unit_test(a_database_of_another_application),
        cmocka_unit_test(an_empty_file),
        cmocka_unit_test(a_newer_schema),
        cmocka_unit_test(a_truncated_file),
        cmocka_unit_test(a_damaged_file),
        cmocka_unit_test(a_read_only_file_and_folder),
        cmocka_unit_test(a_read_only_folder_with_a_log),
        cmocka_unit_test(a_full_disk),
        cmocka_unit_test(a_locked_file),
        cmocka_unit_test(waiting_ends),
        cmocka_unit_test(the_default_path_follows_the_environment),
    };
    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}

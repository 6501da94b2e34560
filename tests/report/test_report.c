/* The report over databases made by hand: what it reads, and that each form is
 * well-formed whatever the texts hold. */
#include <ctype.h>
#include <dirent.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../kernels/status.h"
#include "../../tuner/db/db.h"
#include "../../tuner/report/report.h"

/* A device with names that are markup everywhere, one winner with two rivals in
 * its run (one of them wrong), an older build's winner, and a failure. %d: a
 * number that makes the uids of a database its own. */
static const char evidence[] =
    "INSERT INTO devices VALUES (1, 'cpu:<b>&\"x\"|y', 'cpu', 'A <script>alert(1)</script> & \"B\", |C|', "
    "'f', 4);"
    "INSERT INTO builds VALUES (1, '0.1.0+old', 'cc', '-O3'), (2, '0.1.0+new', 'cc', '-O3');"
    "INSERT INTO environments VALUES (1, 'h', 'os', 'cpu', '', '0-3', 'madvise', 'lib');"
    "INSERT INTO runs VALUES"
    " (1, printf('%%032d', 1%d), 1, 1, 'hone tune', 'c1', NULL, NULL, '2026-01-01T00:00:00Z'),"
    " (2, printf('%%032d', 2%d), 2, 1, 'hone tune --x \"<&>\"', 'c2', 3000, 0.5, '2026-01-02T00:00:00Z'),"
    " (3, printf('%%032d', 3%d), 2, 1, 'hone tune', 'c2', NULL, NULL, '2026-01-03T00:00:00Z');"
    "INSERT INTO problems VALUES"
    " (1, 'gemm/f32/relu/100x200x50', 'f32', 'f32', 'f32', 'relu', 100, 200, 50, 1, 'packed', 'kxn', "
    "'tensor');"
    "INSERT INTO configs VALUES (1, 'a=1,b=2'), (2, 'unfused'), (3, 'wrong one'), (4, 'a=9,b=\"q\"');"
    "INSERT INTO measurements (id, uid, run_id, device_id, problem_id, config_id, provider, mode, stage, "
    "threads,"
    " measured_at, sample_count, batch, disturbed, settled, samples, p50_us, p95_us, min_us, max_us, mean_us,"
    " peak_gops, read_gbps, correct, err_rel_fro) VALUES"
    " (1, printf('%%032d', 4%d), 1, 1, 1, 4, 'hone', 'warm', 'final', 4, '2026-01-01T00:00:01Z', 1, 1, 0, 1,"
    "  zeroblob(4), 5, NULL, 5, 5, 5, NULL, NULL, 1, NULL),"
    " (2, printf('%%032d', 5%d), 2, 1, 1, 1, 'hone', 'warm', 'final', 4, '2026-01-02T00:00:01Z', 2, 1, 0, 1,"
    "  zeroblob(8), 20, 25, 19, 30, 21, 400, 10, 1, 1e-7),"
    " (3, printf('%%032d', 6%d), 2, 1, 1, 2, 'unfused', 'warm', 'final', 4, '2026-01-02T00:00:01Z', 2, 1, 0, "
    "1,"
    "  zeroblob(8), 30, 35, 29, 40, 31, 400, 10, 1, 1e-7),"
    " (4, printf('%%032d', 7%d), 2, 1, 1, 3, 'other', 'warm', 'final', 4, '2026-01-02T00:00:01Z', 2, 1, 0, 1,"
    "  zeroblob(8), 1, 1, 1, 1, 1, 400, 10, 0, 1),"
    " (5, printf('%%032d', 8%d), 3, 1, 1, 2, 'unfused', 'warm', 'bench', 4, '2026-01-03T00:00:01Z', 2, 1, 0, "
    "1,"
    "  zeroblob(8), 90, 95, 89, 96, 91, 400, 10, 1, 1e-7);"
    "INSERT INTO winners VALUES (1, 1, 4, 'p50', 'warm', 1, 1), (1, 1, 4, 'p50', 'warm', 2, 2);"
    "INSERT INTO failures VALUES (1, printf('%%032d', 9%d), 3, 1, 1, 4, 'hone', 4, 'wrong', 'row <1> & "
    "\"more\"',"
    " -1, '2026-01-03T00:00:02Z');";

static void make_database(const char *path, const char *sql) {
    hone_db *db = NULL;
    remove(path);
    assert_int_equal(hone_db_open_write(&db, path), HONE_OK);
    if (sqlite3_exec(db->handle, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s", sqlite3_errmsg(db->handle));
    hone_db_close(db);
}

static void make_evidence(const char *path, int n) {
    char sql[8192];
    snprintf(sql, sizeof sql, evidence, n, n, n, n, n, n, n, n, n);
    make_database(path, sql);
}

/* A form of the report as text; the caller frees it. */
static char *written(const hone_report *report, hone_report_writer writer) {
    char *text = NULL;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    assert_non_null(file);
    writer(file, report);
    assert_int_equal(fclose(file), 0);
    return text;
}

static void test_contents(void **state) {
    (void)state;
    hone_report *report = NULL;
    const char *paths[] = {"one.db"};
    make_evidence("one.db", 1);
    assert_int_equal(hone_report_create(&report, paths, 1, "p50"), HONE_OK);
    assert_int_equal(report->rows.count, 1); /* of the latest build, though the older was faster */
    const hone_report_row *row = report->rows.items;
    assert_string_equal(row->build, "0.1.0+new");
    assert_true(fabs(row->gflops - 2e6 / 20 * 1e-3) < 1e-9);
    assert_true(fabs(row->pct_peak - 25) < 1e-9);
    /* 140800 bytes at 10 GB/s take 14.08 us: longer than the arithmetic. */
    assert_true(fabs(row->pct_roof - 70.4) < 1e-9);
    assert_true(fabs(row->op_per_byte - 2e6 / (4.0 * (5000 + 10000 + 20000 + 200))) < 1e-9);
    assert_true(isnan(row->p99_us));
    /* Of the same run, not of the later one; and none that was wrong. */
    assert_int_equal(row->rival_count, 1);
    assert_true(fabs(row->speedup_unfused - 1.5) < 1e-9);
    assert_int_equal(report->failures.count, 1);
    assert_string_equal(((hone_report_failure *)report->failures.items)->seed, "18446744073709551615");
    assert_int_equal(report->runs.count, 2); /* the older build's run is not cited */
    assert_int_equal(report->devices.count, 1);
    hone_report_destroy(report);

    assert_int_equal(hone_report_create(&report, paths, 1, "p95"), HONE_OK);
    assert_int_equal(report->rows.count, 0);
    hone_report_destroy(report);
    assert_int_equal(hone_report_create(&report, paths, 1, "p42"), HONE_E_USAGE);
}

/* Every tag closed in order, every & the start of a known entity, no stray <. */
static void assert_well_formed(const char *page) {
    static const char *const entities[] = {"&amp;", "&lt;", "&gt;", "&quot;", "&#39;"};
    char open[64][24];
    int depth = 0;
    const char *at = strstr(page, "<html");
    assert_non_null(at);
    for (; *at; at++) {
        if (*at == '&') {
            size_t i = 0;
            while (i < 5 && strncmp(at, entities[i], strlen(entities[i])) != 0)
                i++;
            assert_in_range(i, 0, 4);
        }
        if (*at != '<')
            continue;
        int closing = at[1] == '/';
        const char *name = at + 1 + closing;
        size_t length = 0;
        while (isalnum((unsigned char)name[length]))
            length++;
        assert_in_range(length, 1, sizeof open[0] - 1);
        at = name;
        for (int quoted = 0; *at && (quoted || *at != '>'); at++) {
            assert_int_not_equal(*at, '<');
            quoted ^= *at == '"';
        }
        assert_int_equal(*at, '>');
        if (closing) {
            assert_true(depth > 0);
            depth--;
            assert_true(strlen(open[depth]) == length && strncmp(open[depth], name, length) == 0);
        } else if (at[-1] != '/') {
            assert_true(depth < 64);
            snprintf(open[depth++], sizeof open[0], "%.*s", (int)length, name);
        }
    }
    assert_int_equal(depth, 0);
}

static void test_html(void **state) {
    (void)state;
    hone_report *report = NULL;
    const char *paths[] = {"one.db", "two.db"};
    make_evidence("one.db", 1);
    make_evidence("two.db", 2);
    for (size_t count = 1; count <= 2; count++) {
        assert_int_equal(hone_report_create(&report, paths, count, "p50"), HONE_OK);
        char *page = written(report, hone_report_write_html);
        assert_well_formed(page);
        assert_null(strstr(page, "<script"));
        assert_null(strstr(page, "<link"));
        assert_null(strstr(page, " src="));
        assert_non_null(strstr(page, "&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;B&quot;"));
        assert_non_null(strstr(page, "row &lt;1&gt; &amp; &quot;more&quot;"));
        assert_non_null(strstr(page, "<svg"));
        assert_int_equal(strstr(page, "Devices compared") != NULL, count == 2);
        free(page);
        hone_report_destroy(report);
    }
}

enum { CSV_WIDTH = 64, CSV_FIELD = 256 };

/* Splits CSV; returns the number of records, each of `width` fields. Those of
 * record `wanted` go to `fields`. */
static int parse_csv(const char *text, int width, char fields[CSV_WIDTH][CSV_FIELD], int wanted) {
    int records = 0, field = 0, quoted = 0;
    size_t used = 0;
    for (; *text; text++) {
        if (*text == '"' && quoted && text[1] == '"') {
            text++; /* a quote within quotes */
        } else if (*text == '"') {
            quoted = !quoted;
            continue;
        } else if (!quoted && (*text == ',' || *text == '\r')) {
            field++;
            used = 0;
            if (*text == '\r') {
                assert_int_equal(*++text, '\n');
                assert_int_equal(field, width);
                records++;
                field = 0;
            }
            continue;
        }
        if (records == wanted && used + 1 < CSV_FIELD) {
            fields[field][used++] = *text;
            fields[field][used] = '\0';
        }
    }
    assert_false(quoted);
    assert_int_equal(field, 0);
    return records;
}

static void test_csv(void **state) {
    (void)state;
    static char fields[CSV_WIDTH][CSV_FIELD];
    hone_report *report = NULL;
    const char *paths[] = {"one.db", "two.db"};
    make_evidence("one.db", 1);
    make_evidence("two.db", 2);
    assert_int_equal(hone_report_create(&report, paths, 2, "p50"), HONE_OK);
    char *csv = written(report, hone_report_write_csv);
    int width = 0, model = -1, problem = -1, p99 = -1;
    for (; hone_report_row_fields[width].name; width++) {
        const char *name = hone_report_row_fields[width].name;
        model = strcmp(name, "model") == 0 ? width : model;
        problem = strcmp(name, "problem") == 0 ? width : problem;
        p99 = strcmp(name, "p99_us") == 0 ? width : p99;
    }
    assert_in_range(width, 1, CSV_WIDTH);
    assert_int_equal(parse_csv(csv, width, fields, 1), 3);
    assert_string_equal(fields[model], "A <script>alert(1)</script> & \"B\", |C|");
    assert_string_equal(fields[problem], "gemm/f32/relu/100x200x50");
    assert_string_equal(fields[p99], "");
    free(csv);
    hone_report_destroy(report);
}

/* Each row of a table has as many cells as its header. */
static void test_markdown(void **state) {
    (void)state;
    hone_report *report = NULL;
    const char *paths[] = {"one.db"};
    make_evidence("one.db", 1);
    assert_int_equal(hone_report_create(&report, paths, 1, "p50"), HONE_OK);
    char *text = written(report, hone_report_write_markdown);
    int columns = 0, tables = 0;
    for (char *rest = text, *line; (line = strsep(&rest, "\n"));) {
        int bars = 0;
        for (const char *c = line; *c; c++)
            bars += *c == '|' && (c == line || c[-1] != '\\');
        if (line[0] != '|') {
            columns = 0;
            continue;
        }
        tables += columns == 0;
        assert_true(columns == 0 || bars == columns);
        columns = bars;
    }
    assert_int_equal(tables, 4);
    free(text);
    hone_report_destroy(report);
}

static void test_saving(void **state) {
    (void)state;
    hone_report *report = NULL;
    const char *paths[] = {"one.db"};
    make_evidence("one.db", 1);
    assert_int_equal(hone_report_create(&report, paths, 1, "p50"), HONE_OK);
    assert_int_equal(hone_report_save(report, hone_report_write_csv, "saved.csv"), HONE_OK);
    assert_int_equal(hone_report_save(report, hone_report_write_csv, "saved.csv"), HONE_OK);
    assert_int_equal(access("saved.csv", R_OK), 0);
    assert_int_equal(hone_report_save(report, hone_report_write_csv, "no/such/folder/x.csv"), HONE_E_DATA);
    if (access("/dev/full", W_OK) == 0) {
        assert_int_equal(hone_report_save(report, hone_report_write_html, "/dev/full"), HONE_E_DATA);
        assert_int_equal(access("/dev/full", W_OK), 0); /* written to, not replaced */
    }
    hone_report_destroy(report);
}

static void test_empty_and_unreadable(void **state) {
    (void)state;
    hone_report *report = NULL;
    const char *empty[] = {"empty.db"}, *missing[] = {"missing.db"}, *foreign[] = {"foreign.db"};
    make_database("empty.db", "SELECT 1");
    assert_int_equal(hone_report_create(&report, empty, 1, "p50"), HONE_OK);
    assert_int_equal(report->rows.count, 0);
    char *page = written(report, hone_report_write_html);
    assert_well_formed(page);
    free(page);
    hone_report_destroy(report);
    report = NULL;
    remove("missing.db");
    assert_int_equal(hone_report_create(&report, missing, 1, "p50"), HONE_E_DATA);
    FILE *file = fopen("foreign.db", "w");
    assert_non_null(file);
    fputs("not a database, and long enough to be taken for one", file);
    fclose(file);
    assert_int_equal(hone_report_create(&report, foreign, 1, "p50"), HONE_E_DATA);
    assert_null(report);
}

static char folder[] = "/tmp/hone_test_report_XXXXXX";

static int enter_folder(void **state) {
    (void)state;
    return mkdtemp(folder) && chdir(folder) == 0 ? 0 : -1;
}

/* SQLite may have left files of its own beside the databases. */
static int leave_folder(void **state) {
    (void)state;
    DIR *entries = opendir(".");
    if (!entries)
        return -1;
    for (struct dirent *entry; (entry = readdir(entries));)
        if (entry->d_name[0] != '.')
            remove(entry->d_name);
    closedir(entries);
    return chdir("/") == 0 && rmdir(folder) == 0 ? 0 : -1;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_contents), cmocka_unit_test(test_html),
        cmocka_unit_test(test_csv),      cmocka_unit_test(test_markdown),
        cmocka_unit_test(test_saving),   cmocka_unit_test(test_empty_and_unreadable),
    };
    return cmocka_run_group_tests(tests, enter_folder, leave_folder);
}

/* Checking: everything that should hold in a database. */
#include "db_care.h"
#include "db_private.h"

#include <string.h>

#include "../../kernels/status.h"

enum { FINDING = 1200 };

typedef struct checker {
    hone_db *db;
    hone_db_report *report;
    hone_db_listener listener;
    void *context;
} checker;

__attribute__((format(printf, 2, 3))) static void found(checker *check, const char *format, ...) {
    char text[FINDING];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    check->report->ok = 0;
    if (check->listener)
        check->listener(text, check->context);
}

/* PRAGMA integrity_check also covers NOT NULL, CHECK and UNIQUE. */
static hone_status check_pages(checker *check) {
    sqlite3_stmt *statement;
    int row = 0;
    DB_TRY(hone_db_prepare(&statement, check->db, "PRAGMA integrity_check(20)"));
    for (;;) {
        DB_TRY(hone_db_step(&row, check->db, statement, "checking pages"));
        if (!row)
            return HONE_OK;
        if (strcmp(hone_db_text(statement, 0), "ok") != 0)
            found(check, "damaged: %s; restore a copy, or save what can be read with 'sqlite3 FILE .recover'",
                  hone_db_text(statement, 0));
    }
}

static hone_status check_references(checker *check) {
    sqlite3_stmt *statement;
    int row = 0;
    DB_TRY(hone_db_prepare(&statement, check->db, "PRAGMA foreign_key_check"));
    for (;;) {
        DB_TRY(hone_db_step(&row, check->db, statement, "checking references"));
        if (!row)
            return HONE_OK;
        found(check, "row %s of %s refers to a row of %s that is missing; restore a copy",
              hone_db_text(statement, 1), hone_db_text(statement, 0), hone_db_text(statement, 2));
    }
}

static void tell(const char *finding, void *context) { found(context, "%s", finding); }

static hone_status check_schema(checker *check) { return hone_db_compare_schema(check->db, 1, tell, check); }

static hone_status check_problems(checker *check) {
    hone_status status = hone_db_check_problems(check->db);
    if (status != HONE_E_DATA)
        return status;
    found(check, "%s", hone_error_detail());
    return HONE_OK;
}

static hone_status count_difference(int64_t *out, hone_db *db, const char *before, const char *after) {
    sqlite3_stmt *statement;
    int row = 0;
    DB_TRY(hone_db_prepare_winners(&statement, db, before, after));
    hone_status status = hone_db_step(&row, db, statement, "deriving winners");
    *out = row ? sqlite3_column_int64(statement, 0) : 0;
    sqlite3_finalize(statement);
    return status;
}

static hone_status check_winners(checker *check) {
    int64_t missing = 0, wrong = 0;
    DB_TRY(count_difference(&missing, check->db, "SELECT count(*) FROM (SELECT * FROM (\n",
                            ") EXCEPT SELECT * FROM winners)"));
    DB_TRY(count_difference(&wrong, check->db,
                            "SELECT count(*) FROM (SELECT * FROM winners EXCEPT SELECT * FROM (\n", "))"));
    if (missing || wrong)
        found(check,
              "the winners do not follow from the evidence: %lld are missing, %lld should not be; tune again "
              "or "
              "merge the file into a new one",
              (long long)missing, (long long)wrong);
    return HONE_OK;
}

static hone_status count_rows(checker *check) {
    hone_db_report *report = check->report;
    const struct {
        int64_t *out;
        const char *sql;
    } counts[] = {
        {&report->measurements, "SELECT count(*) FROM measurements"},
        {&report->failures, "SELECT count(*) FROM failures"},
        {&report->winners, "SELECT count(*) FROM winners"},
        {&report->devices, "SELECT count(*) FROM devices"},
        {&report->problems, "SELECT count(*) FROM problems"},
    };
    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++)
        DB_TRY(hone_db_integer(counts[i].out, check->db, counts[i].sql, "counting"));
    return HONE_OK;
}

hone_status hone_db_check(hone_db_report *out, hone_db *db, hone_db_listener listener, void *context) {
    static hone_status (*const checks[])(checker *) = {check_pages,    check_schema,  check_references,
                                                       check_problems, check_winners, count_rows};
    int64_t schema = 0;
    *out = (hone_db_report){1, -1, db->stored_schema, -1, -1, -1, -1, -1};
    checker check = {.db = db, .report = out, .listener = listener, .context = context};
    /* One snapshot for all checks, while others may be writing. */
    hone_status status = hone_db_execute(db, "BEGIN", "reading");
    if (status == HONE_OK &&
        hone_db_integer(&schema, db, "PRAGMA user_version", "reading its version") == HONE_OK)
        out->schema = (int)schema;
    for (size_t i = 0; i < sizeof checks / sizeof checks[0] && status != HONE_E_NOMEM; i++) {
        status = checks[i](&check);
        if (status != HONE_OK && status != HONE_E_NOMEM)
            found(&check, "%s", hone_error_detail()); /* so damaged that a check cannot be made */
    }
    /* Nothing was changed, so nothing is lost if this fails on a damaged file. */
    (void)hone_db_end(db, HONE_OK);
    return status == HONE_E_NOMEM ? status : HONE_OK;
}

static int same_problem(sqlite3_stmt *row, const hone_problem *problem) {
    return strcmp(hone_db_text(row, 1), hone_dtype_name(problem->dtype)) == 0 &&
           strcmp(hone_db_text(row, 2), hone_dtype_name(problem->a_type)) == 0 &&
           strcmp(hone_db_text(row, 3), hone_dtype_name(problem->c_type)) == 0 &&
           strcmp(hone_db_text(row, 4), hone_activation_name(problem->act)) == 0 &&
           sqlite3_column_int64(row, 5) == problem->m && sqlite3_column_int64(row, 6) == problem->n &&
           sqlite3_column_int64(row, 7) == problem->k && sqlite3_column_int(row, 8) == (problem->bias != 0) &&
           strcmp(hone_db_text(row, 9), HONE_DB_WEIGHTS(problem)) == 0 &&
           strcmp(hone_db_text(row, 10), HONE_DB_LAYOUT(problem)) == 0 &&
           strcmp(hone_db_text(row, 11), HONE_DB_A_SCALES(problem)) == 0;
}

hone_status hone_db_check_problems(hone_db *db) {
    static const char sql[] =
        "SELECT text, dtype, a_type, c_type, activation, m, n, k, bias, weights, layout, "
        "a_scales FROM problems ORDER BY text";
    sqlite3_stmt *row;
    int more = 0;
    DB_TRY(hone_db_prepare(&row, db, sql));
    for (;;) {
        hone_problem problem;
        char canonical[HONE_PROBLEM_TEXT];
        DB_TRY(hone_db_step(&more, db, row, "reading problems"));
        if (!more)
            return HONE_OK;
        const char *text = hone_db_text(row, 0);
        hone_status status = hone_problem_parse(&problem, text);
        if (status == HONE_OK)
            status = hone_problem_format(canonical, sizeof canonical, &problem);
        if (status != HONE_OK || strcmp(canonical, text) != 0)
            status = hone_fail(HONE_E_DATA,
                               "problem '%.200s' is not a canonical text; it was not written by hone", text);
        else if (!same_problem(row, &problem))
            status = hone_fail(HONE_E_DATA,
                               "problem '%s' has columns that contradict its text; it was not "
                               "written by hone",
                               text);
        if (status != HONE_OK) {
            sqlite3_reset(row);
            return status;
        }
    }
}

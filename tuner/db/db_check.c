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

static const char schema_sql[] = "SELECT type || ' ' || name, sql FROM sqlite_schema WHERE sql IS NOT NULL "
                                 "AND name NOT LIKE 'sqlite_%' ORDER BY 1";

/* The next character that is neither white space nor of a comment. */
static char next_character(const char **text) {
    for (;;) {
        *text += strspn(*text, " \t\n");
        if (strncmp(*text, "--", 2) != 0)
            return *(*text)++;
        *text += strcspn(*text, "\n");
    }
}

/* A migrated table has the columns that came later without comments and line breaks. */
static int same_declaration(const char *a, const char *b) {
    for (;;) {
        char one = next_character(&a), other = next_character(&b);
        if (one != other || one == '\0')
            return one == other;
    }
}

/* Compares two sorted lists of (name, text). */
static hone_status compare_schemas(checker *check, hone_db *model) {
    sqlite3_stmt *have, *want;
    int more_have = 1, more_want = 1;
    DB_TRY(hone_db_prepare(&have, check->db, schema_sql));
    DB_TRY(hone_db_prepare(&want, model, schema_sql));
    DB_TRY(hone_db_step(&more_have, check->db, have, "reading the schema"));
    DB_TRY(hone_db_step(&more_want, model, want, "reading the schema"));
    while (more_have || more_want) {
        int order = !more_have ? 1 : !more_want ? -1 : strcmp(hone_db_text(have, 0), hone_db_text(want, 0));
        if (order < 0)
            found(check, "the schema has a foreign %s; remove it", hone_db_text(have, 0));
        else if (order > 0)
            found(check, "the schema lacks %s; restore a copy", hone_db_text(want, 0));
        else if (!same_declaration(hone_db_text(have, 1), hone_db_text(want, 1)))
            found(check, "%s is not as this build declares it; restore a copy", hone_db_text(have, 0));
        if (order <= 0)
            DB_TRY(hone_db_step(&more_have, check->db, have, "reading the schema"));
        if (order >= 0)
            DB_TRY(hone_db_step(&more_want, model, want, "reading the schema"));
    }
    return HONE_OK;
}

static hone_status check_schema(checker *check) {
    hone_db *model;
    DB_TRY(hone_db_connect(&model, ":memory:", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE));
    hone_status status = hone_db_execute(model, hone_embedded_schema_sql, "creating the schema");
    if (status == HONE_OK)
        status = compare_schemas(check, model);
    hone_db_close(model);
    return status;
}

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
    *out = (hone_db_report){.ok = 1, -1, -1, -1, -1, -1, -1};
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

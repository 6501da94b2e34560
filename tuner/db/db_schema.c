/* Whether a database is declared as this build declares it. */
#include "db_private.h"

#include <stdio.h>
#include <string.h>

#include "../../kernels/status.h"

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

typedef struct comparison {
    hone_db_listener listener;
    void *context;
} comparison;

static void found(const comparison *to, const char *before, const char *name, const char *after) {
    char text[1200];
    snprintf(text, sizeof text, "%s%s%s", before, name, after);
    to->listener(text, to->context);
}

/* Compares two sorted lists of (name, text). */
static hone_status compare(hone_db *db, hone_db *model, int foreign, const comparison *to) {
    sqlite3_stmt *have, *want;
    int more_have = 1, more_want = 1;
    DB_TRY(hone_db_prepare(&have, db, schema_sql));
    DB_TRY(hone_db_prepare(&want, model, schema_sql));
    DB_TRY(hone_db_step(&more_have, db, have, "reading the schema"));
    DB_TRY(hone_db_step(&more_want, model, want, "reading the schema"));
    while (more_have || more_want) {
        int order = !more_have ? 1 : !more_want ? -1 : strcmp(hone_db_text(have, 0), hone_db_text(want, 0));
        if (order < 0 && foreign)
            found(to, "the schema has a foreign ", hone_db_text(have, 0), "; remove it");
        else if (order > 0)
            found(to, "the schema lacks ", hone_db_text(want, 0), "; restore a copy");
        else if (order == 0 && !same_declaration(hone_db_text(have, 1), hone_db_text(want, 1)))
            found(to, "", hone_db_text(have, 0), " is not as this build declares it; restore a copy");
        if (order <= 0)
            DB_TRY(hone_db_step(&more_have, db, have, "reading the schema"));
        if (order >= 0)
            DB_TRY(hone_db_step(&more_want, model, want, "reading the schema"));
    }
    return HONE_OK;
}

hone_status hone_db_compare_schema(hone_db *db, int foreign, hone_db_listener listener, void *context) {
    const comparison to = {listener, context};
    hone_db *model;
    DB_TRY(hone_db_connect(&model, ":memory:", SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE));
    hone_status status = hone_db_execute(model, hone_embedded_schema_sql, "creating the schema");
    if (status == HONE_OK)
        status = compare(db, model, foreign, &to);
    hone_db_close(model);
    return status;
}

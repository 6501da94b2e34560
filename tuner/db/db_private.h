/* What the database's own files share. */
#ifndef HONE_TUNER_DB_PRIVATE_H
#define HONE_TUNER_DB_PRIVATE_H

#include <sqlite3.h>

#include "db.h"

/* The text files of this folder (embedded at build time). */
extern const char hone_embedded_schema_sql[];
extern const char hone_embedded_ranking_sql[];

/* Returns from the calling function with the status of a call that failed. */
#define DB_TRY(call)                                                                                         \
    do {                                                                                                     \
        hone_status db_try_status = (call);                                                                  \
        if (db_try_status != HONE_OK)                                                                        \
            return db_try_status;                                                                            \
    } while (0)

/* Opens the file itself, with back-off and every defence against a hostile
 * file; checks nothing. `flags` are sqlite3_open_v2's. `path` may be a URI
 * with SQLITE_OPEN_URI. */
hone_status hone_db_connect(hone_db **out, const char *path, int flags);

/* HONE_E_DATA unless the file is a Hone database of a schema that this build
 * knows; sets db->schema. *empty (may be NULL: then empty is an error) is set to 1
 * for a database without any content. */
hone_status hone_db_check_identity(hone_db *db, int *empty);

/* Brings an older schema up to this build's; within a transaction. */
hone_status hone_db_migrate(hone_db *db);

/* Told of each finding: one sentence. */
typedef void (*hone_db_listener)(const char *finding, void *context);

/* Tells how the declarations of tables and indexes differ from this build's; with `foreign`, also which
 * others there are. */
hone_status hone_db_compare_schema(hone_db *db, int foreign, hone_db_listener listener, void *context);

/* Milliseconds to wait before attempt `attempt` + 1 (0-based): doubling up to a
 * tenth of a second, with jitter so that writers fall out of step; 0 when the
 * attempts have taken about a minute. */
int hone_db_backoff(int attempt);

/* A statement, reset and without bindings. `sql` must be a constant: its
 * address is the key. Owned by the database. */
hone_status hone_db_prepare(sqlite3_stmt **out, hone_db *db, const char *sql);

/* 1 with the statement kept under a key; and keeping one that was prepared, which is the database's then,
 * also on failure. */
int hone_db_find_statement(sqlite3_stmt **out, hone_db *db, const char *key);
hone_status hone_db_keep_statement(hone_db *db, const char *key, sqlite3_stmt *statement);

/* Steps once: HONE_OK with *row 1 for a row, 0 at the end. */
hone_status hone_db_step(int *row, hone_db *db, sqlite3_stmt *statement, const char *doing);
/* Runs a statement that gives no rows, and resets it. */
hone_status hone_db_complete(hone_db *db, sqlite3_stmt *statement, const char *doing);
/* Runs text that needs no parameters. */
hone_status hone_db_execute(hone_db *db, const char *sql, const char *doing);
/* The first column of the first row as an integer. */
hone_status hone_db_integer(int64_t *out, hone_db *db, const char *sql, const char *doing);

/* The words of the problems table for a problem's options. */
#define HONE_DB_WEIGHTS(problem)  ((problem)->weights_plain ? "plain" : "packed")
#define HONE_DB_LAYOUT(problem)   ((problem)->weights_transposed ? "nxk" : "kxn")
#define HONE_DB_A_SCALES(problem) ((problem)->a_scale_per_row ? "row" : "tensor")

/* The id of a problem, stored if it was not. Within a transaction. */
hone_status hone_db_store_problem(int64_t *id, hone_db *db, const hone_problem *problem);

/* One sample as the blob of schema.sql holds it. */
void hone_db_pack_sample(unsigned char out[4], double us);

/* The winners between two pieces of text; the caller binds what ranking.sql names
 * (NULL: all) and finalises. */
hone_status hone_db_prepare_winners(sqlite3_stmt **out, hone_db *db, const char *before, const char *after);

/* The same, kept like other statements: `before` must be a constant, its address is the key. Not for the
 * caller to finalise, but to reset. */
hone_status hone_db_keep_winners(sqlite3_stmt **out, hone_db *db, const char *before, const char *after);

/* hone_db_derive_winners by ids (0: all), within a transaction. */
hone_status hone_db_replace_winners(hone_db *db, int64_t device_id, int64_t problem_id);

/* Write transactions take the lock at once, so that none fails half-way. */
hone_status hone_db_begin(hone_db *db);
/* Commits when `status` is HONE_OK, else rolls back; returns the first failure. */
hone_status hone_db_end(hone_db *db, hone_status status);

/* Binding by name (":device"). NaN and a NULL text become NULL. Text is not
 * copied: it stays unchanged until the statement has run. A text that cannot be
 * bound (over the size limit) stays NULL and meets the schema's NOT NULL. */
void hone_db_bind_text(sqlite3_stmt *statement, const char *name, const char *text);
void hone_db_bind_int(sqlite3_stmt *statement, const char *name, int64_t value);
void hone_db_bind_real(sqlite3_stmt *statement, const char *name, double value);

/* A column as text, "" for NULL; valid until the next step. */
const char *hone_db_text(sqlite3_stmt *statement, int column);
/* 1 when all of the text fits: a database may hold anything. */
int hone_db_copy_text(char *out, size_t size, const char *text);
/* A column as a number, NaN for NULL. */
double hone_db_real(sqlite3_stmt *statement, int column);

#endif

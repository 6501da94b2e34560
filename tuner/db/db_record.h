/* Records: the rows of a database without local ids, for moving them between
 * files. A reference is the natural key of the row it points to, under the name
 * of its kind: a measurement has run=<uid>, device=<fingerprint>,
 * problem=<text>, config=<text>.
 *
 * The columns come from the schema, so a new one travels by itself. */
#ifndef HONE_TUNER_DB_RECORD_H
#define HONE_TUNER_DB_RECORD_H

#include "db_care.h"

typedef struct hone_record_kind {
    const char *name;  /* "measurement" */
    const char *table; /* "measurements" */
    const char *key;   /* the column that identifies a row in any database */
    int settle;        /* 1: two files may describe the same key differently; the
                          lesser text stays, so that merging commutes */
} hone_record_kind;

/* All kinds, every one after those it refers to. */
extern const hone_record_kind hone_record_kinds[];
extern const int hone_record_kind_count;

/* NULL when unknown. */
const hone_record_kind *hone_record_kind_find(const char *name);

/* A statement that gives all records of a kind in the order of their keys; the
 * column names are the fields'. The caller finalises it. */
hone_status hone_record_select(sqlite3_stmt **out, hone_db *db, const hone_record_kind *kind);

/* A statement that stores one record, whose parameters are the fields' names
 * with ':'; a record that is there already stays. The caller finalises it. */
hone_status hone_record_insert(sqlite3_stmt **out, hone_db *db, const hone_record_kind *kind);

/* Counts the record that an insert has just stored, if it was new. */
void hone_record_count(hone_db_added *added, const hone_db *db, const hone_record_kind *kind);

#endif

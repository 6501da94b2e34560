/* Care of a database: checking, merging, export, import, pruning. */
#ifndef HONE_TUNER_DB_CARE_H
#define HONE_TUNER_DB_CARE_H

#include <stdio.h>

#include "db_private.h"

typedef struct hone_db_report {
    int ok;                    /* 1: nothing was found wrong */
    int schema, stored_schema; /* of what was checked; of the file: where it is older, a copy was checked */
    int64_t measurements, failures, winners, devices, problems;
} hone_db_report;

/* Checks pages, references, constraints, the schema itself, problem texts, and
 * that the winners follow from the evidence. What is wrong goes to `listener`
 * (may be NULL) and clears out->ok; counts that cannot be had are -1.
 * HONE_E_NOMEM. */
hone_status hone_db_check(hone_db_report *out, hone_db *db, hone_db_listener listener, void *context);

/* Evidence that came to a database: what was there already does not count. */
typedef struct hone_db_added {
    int64_t measurements, failures;
    int stored_schema; /* hone_db_merge: hone_db.stored_schema of the output */
} hone_db_added;

/* Adds the evidence of the `inputs` to `output`, which is made when missing, and
 * derives its winners; all in one transaction. The result is the union of the
 * evidence: the same in any order, any grouping, and when repeated. Evidence is
 * of no objective (winners of all three are derived from it), so that there are
 * no mixed ones to refuse. `added` may be NULL. HONE_E_DATA. */
hone_status hone_db_merge(hone_db_added *added, const char *output, const char *const *inputs, int count);

/* Adds the evidence of the database at `input` to one that is open, as merging does. HONE_E_DATA. */
hone_status hone_db_add_database(hone_db_added *added, hone_db *db, const char *input);

/* Writes all records as JSON lines: {"record":"hone","schema":1}, then one
 * object a record ("record" is its kind), each after those it refers to; see
 * db_record.h. Samples are an array of microseconds. Equal databases give equal
 * text. HONE_E_DATA. */
hone_status hone_db_export(FILE *out, hone_db *db);

/* Writes what the tuner measured of hone's own configs in the T4 results format, one result a config: of a
 * problem and device, or of all (NULL). Times are milliseconds. HONE_E_NOMATCH: there is nothing;
 * HONE_E_DATA. */
hone_status hone_db_export_t4(FILE *out, hone_db *db, const char *problem, const char *device);

/* Reads what hone_db_export wrote (also several exports, one after the other),
 * in one transaction: all of it or nothing. `name` is for messages, `added` as above.
 * HONE_E_DATA with the line. */
hone_status hone_db_import(hone_db_added *added, hone_db *db, FILE *in, const char *name);

/* What to prune; all conditions that are given must hold. */
typedef struct hone_db_prune_options {
    double older_than_days; /* 0: any age */
    const char *build;      /* hone_build_id; NULL: any */
    const char *device;     /* fingerprint; NULL: any */
} hone_db_prune_options;

/* Removes evidence, never a winner's. All evidence on one config (of a device,
 * problem and build) goes together or stays together, so the winners are the
 * same afterwards. Names that nothing refers to any more go too.
 * HONE_E_USAGE without any condition. */
hone_status hone_db_prune(int64_t *measurements, int64_t *failures, hone_db *db,
                          const hone_db_prune_options *options);

/* HONE_E_DATA when a stored problem's columns are not those of its text. */
hone_status hone_db_check_problems(hone_db *db);

#endif

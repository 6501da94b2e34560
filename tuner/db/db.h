/* The tuning database: one SQLite file; schema.sql is its documentation.
 *
 * Reading and lookup (HONE_DB_READ_SOURCES in kernels/CMakeLists.txt) are part of
 * libhone-db and depend on SQLite and the names in kernels/ only; what asks a
 * backend is db_lookup_device.c, of libhone. Writing (db_create.c, db_write.c) and
 * care (db_care.h) are for the command. */
#ifndef HONE_TUNER_DB_H
#define HONE_TUNER_DB_H

#include <pthread.h>
#include <sqlite3.h>

#include "../../harness/environment.h"
#include "../../harness/sampler.h"
#include "../../harness/stats.h"
#include "../../harness/verify.h"
#include "../../kernels/backend.h"

/* Schema version this build writes; older ones are migrated on writing, and a copy of them on reading. */
#define HONE_DB_SCHEMA 4
/* PRAGMA application_id of a Hone database: "Hone". */
#define HONE_DB_APPLICATION_ID 0x486f6e65

/* Statements are prepared once a database and found again by their text's address. */
enum { HONE_DB_STATEMENTS = 48, HONE_DB_PATH = 1024 };

typedef struct hone_lookup_cache hone_lookup_cache;
typedef struct hone_winner_index hone_winner_index;

struct hone_db {
    sqlite3 *handle;
    char path[HONE_DB_PATH];
    int writable;
    int made;                           /* 1: opening it for writing has made the file */
    int schema;                         /* of what is open: the file, or a copy brought up to date */
    int stored_schema;                  /* user_version of the file as it was found; 0: it was made */
    const volatile int *stop;           /* not 0: statements end with HONE_E_INTERRUPTED; NULL: they do not */
    int declared;                       /* 1: its tables are this build's, so that a lookup may ask them */
    hone_db *below;                     /* the next layer: answers where this one has nothing better; owned */
    pthread_mutex_t lock;               /* a lookup that the cache cannot answer */
    _Atomic(hone_lookup_cache *) cache; /* answers given by this and the layers below; NULL: none yet */
    hone_winner_index *indexes;         /* winners of this layer, read for near shapes so far */
    int statement_count;
    struct {
        const char *sql;
        sqlite3_stmt *statement;
    } statements[HONE_DB_STATEMENTS];
};

/* hone_db_lookup for a device of any origin. */
hone_status hone_db_lookup_device(hone_match *out, hone_db *db, const hone_device *device,
                                  const hone_problem *problem, const hone_lookup_options *options);

/* Up to `most` configs that a search may start from, each once, the likeliest first: what a lookup answers,
 * and what it would answer if that were not known. Statuses of hone_db_lookup, but for HONE_E_NOMATCH. */
hone_status hone_db_starts(hone_match *out, int *count, int most, hone_db *db, const hone_device *device,
                           const hone_problem *problem, const hone_lookup_options *options);

/* Opens one file for reading, without any below it; path NULL: the user's. As hone_db_open. */
hone_status hone_db_open_one(hone_db **out, const char *path);

/* hone_db_open(out, NULL), but *out NULL where there is none. `may_miss`: also a user's that $HONE_DB names,
 * which may be yet to be made. */
hone_status hone_db_open_layers(hone_db **out, int may_miss);

/* Adds the system's databases below `*top`, which may be NULL. */
hone_status hone_db_add_system(hone_db **top);

/* $HONE_DB, else hone/hone.db in $XDG_DATA_HOME, else in ~/.local/share.
 * HONE_E_USAGE when it does not fit or there is no home. */
hone_status hone_db_default_path(char *out, size_t size);

/* Opens for writing; creates the file and its folder, or migrates an older
 * schema. path NULL: the default. HONE_E_DATA: foreign, damaged, newer,
 * read-only, no space, locked beyond the time-out. */
hone_status hone_db_open_write(hone_db **out, const char *path);

/* Closes after what it was opened for has failed. A file that opening has made goes with it, unless something
 * was stored in it or others have it open. The detail of the error stays. NULL is let be. */
void hone_db_abandon(hone_db *db);

/* HONE_E_DATA with SQLite's reason and advice for the last failed call. */
hone_status hone_db_error(hone_db *db, const char *doing);

/* A run: one invocation of the command with its conditions. */
hone_status hone_db_run_begin(int64_t *run, hone_db *db, const char *command_line,
                              const hone_environment *environment);

/* One measurement, ready to be stored. Pointers are borrowed. */
typedef struct hone_measurement {
    const hone_device *device;
    const hone_problem *problem;
    const char *provider; /* "hone", "unfused", ... */
    const char *config;   /* canonical text; a baseline's label */
    int threads;
    const char *mode;  /* "warm" or "cold" */
    const char *stage; /* "screen", "final" or "bench" */
    const hone_samples *samples;
    const hone_stats *stats;       /* of the samples, microseconds */
    const hone_numerics *numerics; /* NULL: not verified */
    double peak_gops;              /* NaN: unknown */
    double read_gbps;              /* NaN: unknown */
    int by_device;                 /* 1: the samples are the device's own times */
    int64_t workspace;             /* hone_plan_workspace; negative: unknown */
    int is_default;                /* 1: the config is what the backend takes by itself; negative: unknown */
} hone_measurement;

hone_status hone_db_add_measurement(hone_db *db, int64_t run, const hone_measurement *measurement);

/* Stores measurements of one device and problem and derives its winners, in one
 * transaction: whoever reads sees all of it or nothing, whenever this is killed. */
hone_status hone_db_add_measurements(hone_db *db, int64_t run, const hone_measurement *list, int count);

/* A config that is wrong, cannot be built or cannot run; never a winner.
 * `kind`: "wrong", "build", "run". */
hone_status hone_db_add_failure(hone_db *db, int64_t run, const hone_measurement *measurement,
                                const char *kind, const char *reason, uint64_t seed);

/* Times a limit on the error: so much a number may have lost that was printed and typed in again. */
#define HONE_ERROR_SLACK (1 + 1e-11)

/* The objective's value in microseconds a call, and err_rel_fro. */
typedef struct hone_known {
    double value, error;
} hone_known;

/* What is already known in this build about a config: for resuming. *found is 1
 * when it was measured (then *out says what; of several measurements the first screening one, so that a
 * resumed search sees what the first one saw), 2 when it failed or was wrong, else 0. A measurement without a
 * value for the objective, and a bench, do not count. */
hone_status hone_db_known(int *found, hone_known *out, hone_db *db, const hone_device *device,
                          const hone_problem *problem, const char *config, int threads, const char *mode,
                          const char *objective);

/* Derives the winners of a device and problem (NULL: all) from the evidence:
 * of each build, thread count, mode and objective the correct config with the
 * best value, final measurements before screening ones, ties by config text; a
 * config that was wrong once never wins, and a bench is no evidence. The rule in
 * full is ranking.sql. A pure function of the measurements and failures. */
hone_status hone_db_derive_winners(hone_db *db, const hone_device *device, const hone_problem *problem);

/* Operations of a problem: 2 M N K. */
double hone_problem_operations(const hone_problem *problem);

#endif

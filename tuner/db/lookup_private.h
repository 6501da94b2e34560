/* A lookup in parts: lookup_cache.c gives an answer again, db_lookup_find.c collects
 * candidates from the layers, with winner_index.c for near shapes, lookup_judge.c
 * decides which of them may answer, and db_lookup.c is the order of it all. db_lookup_device.c adds what a
 * backend knows. */
#ifndef HONE_TUNER_LOOKUP_PRIVATE_H
#define HONE_TUNER_LOOKUP_PRIVATE_H

#include "../../kernels/space.h"
#include "db_private.h"

/* Candidates looked at beyond the nearest few are not worth a lookup's time. */
enum { HONE_LOOKUP_CANDIDATES = 16 };

/* Shapes more than this factor away in any dimension are not near. */
#define HONE_LOOKUP_REACH 4

/* K decides how operands are blocked, so it counts as that many dimensions, and a config that is not the
 * default is not taken over a greater factor of it: of 81 held-out shapes all ten that such a config slowed
 * down by more than 5% had been answered from another K (scripts/bench-near). */
#define HONE_LOOKUP_K_WEIGHT 2
#define HONE_LOOKUP_K_REACH  2

/* Another activation of the same smoothness counts as this much distance, in
 * doublings of one dimension: its code differs, the GEMM around it does not. */
#define HONE_LOOKUP_OTHER_ACTIVATION 1.0

/* The question, completed from its defaults. */
typedef struct hone_lookup hone_lookup;
struct hone_lookup {
    hone_db *db;                      /* the top layer; NULL: none */
    const char *fingerprint, *family; /* family "": none */
    const hone_problem *problem;
    char text[HONE_PROBLEM_TEXT]; /* of the problem */
    int threads;
    const char *objective;
    double max_error;      /* NaN: any */
    int64_t max_workspace; /* 0: any */
    const char *isa;       /* NULL: any */
    char parts[2][48];     /* what a config of that isa contains, one or the other */
    int allow_stale;
    const hone_space *space; /* of the problem; NULL: legality is for the caller to see */
    /* The device's default config for the problem, within its isa. NULL: there is no device at hand. */
    hone_status (*usual)(char *out, size_t size, const hone_lookup *lookup);
    const hone_device *device;
};

/* A winner that might answer, or the best measurement within the question's limits. */
typedef struct hone_candidate {
    hone_db *layer;
    int64_t device_id, problem_id, build_id, measurement_id;
    char problem[HONE_PROBLEM_TEXT];
    char mode[8];
    char measured_at[32];
    const char *config; /* of a near one, until hone_db_refresh; NULL: not read yet */
    int stale, is_default;
    size_t order;    /* of a near one: among the rows of its layer, by uid */
    double distance; /* 0: this very problem */
} hone_candidate;

/* Nearest first; see the ordering in db_lookup_find.c. */
typedef struct hone_candidates {
    int count;
    hone_candidate items[HONE_LOOKUP_CANDIDATES];
} hone_candidates;

/* Keeps the nearest in order; a farther one falls off the end. */
void hone_candidates_insert(hone_candidates *candidates, const hone_candidate *candidate);

/* Adds the candidates measured on this very device, or on other devices of its
 * family; of this very problem, or of near ones. From all layers. */
hone_status hone_lookup_find(hone_candidates *out, const hone_lookup *lookup, int family, int near_shapes);

/* Replaces the winner by the best measurement within the limits on error, isa and
 * workspace; *found 0 when there is none. */
hone_status hone_lookup_within(int *found, hone_candidate *candidate, const hone_lookup *lookup);

/* Rows of the winners table, as db_lookup_find.c and winner_index.c read them: columns in the order of
 * hone_lookup_read_row; bind :build, :device, :threads and :objective. */
#define HONE_LOOKUP_SELECT                                                                                   \
    "SELECT w.problem_id, w.build_id, w.measurement_id, p.text, w.mode, m.measured_at, "                     \
    "b.identity <> :build, m.is_default IS 1, (SELECT c.text FROM configs c WHERE c.id = m.config_id) "      \
    "FROM winners w JOIN problems p ON p.id = w.problem_id "                                                 \
    "JOIN builds b ON b.id = w.build_id JOIN measurements m ON m.id = w.measurement_id "                     \
    "WHERE w.device_id = :device AND w.threads = :threads AND w.objective = :objective"

/* 0 when the row is nothing that a build writes. `distance` is left alone. */
int hone_lookup_read_row(hone_candidate *out, hone_problem *known, sqlite3_stmt *row, hone_db *layer,
                         int64_t device_id);
void hone_lookup_bind_subject(sqlite3_stmt *find, const hone_lookup *lookup, int64_t device_id);

/* The distance between problems that only differ in shape and activation; INFINITY when too unlike. It is the
 * Euclidean one of the logarithms to base 2 of M, N and, weighted, K: a problem twice as wide is 1 away. */
double hone_lookup_distance(const hone_problem *asked, const hone_problem *known);

/* Adds the near winners of a layer's device, which are read from the file when they are first asked for. */
hone_status hone_winner_index_find(hone_candidates *out, const hone_lookup *lookup, hone_db *layer,
                                   int64_t device_id);
void hone_winner_index_destroy(hone_winner_index *indexes);

/* Fills the match if the candidate may answer as that kind; *accepted says whether. */
hone_status hone_lookup_consider(int *accepted, hone_match *match, const hone_lookup *lookup,
                                 hone_candidate *candidate, hone_match_kind kind);

/* Fills the lookup's question from the caller's; `threads` is what 0 stands for. HONE_E_USAGE. */
hone_status hone_lookup_complete(hone_lookup *lookup, const hone_lookup_options *options, int threads);
/* The first `most` that may answer, exact, near, family over all layers, each config once. */
hone_status hone_lookup_search(hone_match *matches, int *count, int most, const hone_lookup *lookup);

/* Names of objectives, and the place of one among them; NULL is the first. -1: unknown. */
extern const char *const hone_lookup_objectives[3];
int hone_lookup_objective(const char *name);

/* ---- the cache */

/* What an answer depends on. Zeroed before it is filled: it is compared as bytes. */
typedef struct hone_lookup_key {
    int64_t m, n, k, max_workspace;
    double params[HONE_ACT_MAX_PARAMS], max_error;
    int32_t dtype, a_type, c_type, act, bias, transposed, plain, rowscale;
    int32_t threads, objective, allow_stale, by_fingerprint;
    char isa[24];
} hone_lookup_key;

/* HONE_E_USAGE for what no key can hold. `by_fingerprint`: of hone_db_find. */
hone_status hone_lookup_key_fill(hone_lookup_key *key, const hone_problem *problem,
                                 const hone_lookup_options *options, int by_fingerprint);

/* 1 with the answer, or the lack of one in *status; 0 when this was not asked before. `subject`: whose
 * answer, a fingerprint, and a family where one was given. Any thread, at any time, without a lock. */
int hone_lookup_cache_get(hone_match *out, hone_status *status, const hone_db *db, const hone_lookup_key *key,
                          const char *subject);
/* Keeps HONE_OK with its answer, or HONE_E_NOMATCH. With db->lock. Without memory for it, or with very many
 * answers kept already, nothing is kept. */
void hone_lookup_cache_put(hone_db *db, const hone_lookup_key *key, const char *subject, hone_status status,
                           const hone_match *match);
void hone_lookup_cache_destroy(hone_lookup_cache *cache);

#endif

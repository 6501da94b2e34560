/* The half of a lookup that reads winners: which evidence might answer.
 *
 * The distance between shapes is the Euclidean one of the logarithms to base 2
 * of M, N and K: a problem twice as long in one dimension is 1 away. */
#include "lookup_private.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../../kernels/activation.h"
#include "../../kernels/status.h"

#define SELECT_WINNERS                                                                                       \
    "SELECT w.problem_id, w.build_id, w.measurement_id, p.text, w.mode, m.measured_at, "                     \
    "b.identity <> :build FROM winners w JOIN problems p ON p.id = w.problem_id "                            \
    "JOIN builds b ON b.id = w.build_id JOIN measurements m ON m.id = w.measurement_id "                     \
    "WHERE w.device_id = :device AND w.threads = :threads AND w.objective = :objective AND "                 \
    "(:allow_stale OR b.identity = :build) AND "

static const char exact_sql[] = SELECT_WINNERS "p.text = :text";
static const char near_sql[] = SELECT_WINNERS
    "p.text <> :text AND p.dtype = :dtype AND p.a_type = :a_type AND p.c_type = :c_type AND "
    "p.bias = :bias AND p.weights = :weights AND p.layout = :layout AND p.a_scales = :a_scales AND "
    "p.m BETWEEN :m_low AND :m_high AND p.n BETWEEN :n_low AND :n_high AND p.k BETWEEN :k_low AND :k_high";

static int same_activation(const hone_problem *a, const hone_problem *b) {
    if (a->act != b->act)
        return 0;
    for (int i = 0; i < HONE_ACT_MAX_PARAMS; i++)
        if (a->act_params[i] != b->act_params[i])
            return 0;
    return 1;
}

static int same_smoothness(hone_activation a, hone_activation b) {
    const hone_act_info *first = hone_activation_info(a), *second = hone_activation_info(b);
    return first && second && first->smooth == second->smooth;
}

/* INFINITY when too unlike. */
static double distance(const hone_problem *asked, const hone_problem *known) {
    double m = log2((double)known->m / (double)asked->m);
    double n = log2((double)known->n / (double)asked->n);
    double k = log2((double)known->k / (double)asked->k);
    double shape = sqrt(m * m + n * n + k * k);
    if (same_activation(asked, known))
        return shape;
    return same_smoothness(asked->act, known->act) ? shape + HONE_LOOKUP_OTHER_ACTIVATION : INFINITY;
}

/* Nearest first; then this build's, warm, the latest; then by text, so that
 * equal databases give equal answers. */
static int before(const hone_candidate *a, const hone_candidate *b) {
    if (a->distance != b->distance)
        return a->distance < b->distance;
    if (a->stale != b->stale)
        return a->stale < b->stale;
    int order = strcmp(b->mode, a->mode); /* "warm" before "cold" */
    if (order == 0)
        order = strcmp(b->measured_at, a->measured_at);
    return order < 0 || (order == 0 && strcmp(a->problem, b->problem) < 0);
}

/* Keeps the nearest in order; a farther one falls off the end. */
static void insert(hone_candidates *candidates, const hone_candidate *candidate) {
    int place = candidates->count;
    while (place > 0 && before(candidate, &candidates->items[place - 1]))
        place--;
    if (place == HONE_LOOKUP_CANDIDATES)
        return;
    if (candidates->count < HONE_LOOKUP_CANDIDATES)
        candidates->count++;
    for (int i = candidates->count - 1; i > place; i--)
        candidates->items[i] = candidates->items[i - 1];
    candidates->items[place] = *candidate;
}

/* 1 when all of the text fits; a database may hold anything. */
static int copy_text(char *out, size_t size, const char *text) {
    int length = snprintf(out, size, "%s", text);
    return length >= 0 && (size_t)length < size;
}

/* A row of SELECT_WINNERS; 0 when it cannot answer. */
static int read_candidate(hone_candidate *out, sqlite3_stmt *row, int64_t device_id,
                          const hone_lookup *lookup) {
    hone_problem known;
    out->device_id = device_id;
    out->problem_id = sqlite3_column_int64(row, 0);
    out->build_id = sqlite3_column_int64(row, 1);
    out->measurement_id = sqlite3_column_int64(row, 2);
    out->stale = sqlite3_column_int(row, 6) != 0;
    if (!copy_text(out->problem, sizeof out->problem, hone_db_text(row, 3)) ||
        !copy_text(out->mode, sizeof out->mode, hone_db_text(row, 4)) ||
        !copy_text(out->measured_at, sizeof out->measured_at, hone_db_text(row, 5)))
        return 0;
    if (hone_problem_parse(&known, out->problem) != HONE_OK)
        return 0;
    out->distance = distance(lookup->problem, &known);
    return isfinite(out->distance);
}

static void bind_range(sqlite3_stmt *statement, const char *low, const char *high, int64_t size) {
    hone_db_bind_int(statement, low, (size + HONE_LOOKUP_REACH - 1) / HONE_LOOKUP_REACH);
    hone_db_bind_int(statement, high, size * HONE_LOOKUP_REACH);
}

static void bind_near(sqlite3_stmt *statement, const hone_problem *problem) {
    hone_db_bind_text(statement, ":dtype", hone_dtype_name(problem->dtype));
    hone_db_bind_text(statement, ":a_type", hone_dtype_name(problem->a_type));
    hone_db_bind_text(statement, ":c_type", hone_dtype_name(problem->c_type));
    hone_db_bind_int(statement, ":bias", problem->bias != 0);
    hone_db_bind_text(statement, ":weights", HONE_DB_WEIGHTS(problem));
    hone_db_bind_text(statement, ":layout", HONE_DB_LAYOUT(problem));
    hone_db_bind_text(statement, ":a_scales", HONE_DB_A_SCALES(problem));
    bind_range(statement, ":m_low", ":m_high", problem->m);
    bind_range(statement, ":n_low", ":n_high", problem->n);
    bind_range(statement, ":k_low", ":k_high", problem->k);
}

static hone_status find_on_device(hone_candidates *out, const hone_lookup *lookup, int64_t device_id,
                                  int near_shapes) {
    sqlite3_stmt *find;
    int row = 0;
    DB_TRY(hone_db_prepare(&find, lookup->db, near_shapes ? near_sql : exact_sql));
    hone_db_bind_text(find, ":build", hone_build_id());
    hone_db_bind_int(find, ":device", device_id);
    hone_db_bind_int(find, ":threads", lookup->threads);
    hone_db_bind_text(find, ":objective", lookup->objective);
    hone_db_bind_int(find, ":allow_stale", lookup->allow_stale);
    hone_db_bind_text(find, ":text", lookup->text);
    if (near_shapes)
        bind_near(find, lookup->problem);
    for (;;) {
        hone_candidate candidate;
        DB_TRY(hone_db_step(&row, lookup->db, find, "looking winners up"));
        if (!row)
            return HONE_OK;
        if (read_candidate(&candidate, find, device_id, lookup))
            insert(out, &candidate);
    }
}

hone_status hone_lookup_find(hone_candidates *out, const hone_lookup *lookup, int family, int near_shapes) {
    static const char self_sql[] = "SELECT id FROM devices WHERE fingerprint = :fingerprint";
    static const char family_sql[] =
        "SELECT id FROM devices WHERE family = :family AND fingerprint <> :fingerprint";
    sqlite3_stmt *devices;
    int row = 0;
    DB_TRY(hone_db_prepare(&devices, lookup->db, family ? family_sql : self_sql));
    hone_db_bind_text(devices, ":fingerprint", lookup->device->fingerprint);
    if (family)
        hone_db_bind_text(devices, ":family", lookup->device->family);
    for (;;) {
        DB_TRY(hone_db_step(&row, lookup->db, devices, "looking devices up"));
        if (!row)
            return HONE_OK;
        hone_status status = find_on_device(out, lookup, sqlite3_column_int64(devices, 0), near_shapes);
        if (status != HONE_OK) {
            sqlite3_reset(devices);
            return status;
        }
    }
}

hone_status hone_lookup_bound_error(int *found, hone_candidate *candidate, const hone_lookup *lookup) {
    sqlite3_stmt *derive;
    DB_TRY(
        hone_db_prepare_winners(&derive, lookup->db, "SELECT measurement_id FROM (",
                                ") WHERE threads = :threads AND objective = :objective AND mode = :mode AND "
                                "build_id = :build"));
    hone_db_bind_int(derive, ":device", candidate->device_id);
    hone_db_bind_int(derive, ":problem", candidate->problem_id);
    hone_db_bind_real(derive, ":max_error", lookup->max_error);
    hone_db_bind_int(derive, ":threads", lookup->threads);
    hone_db_bind_text(derive, ":objective", lookup->objective);
    hone_db_bind_text(derive, ":mode", candidate->mode);
    hone_db_bind_int(derive, ":build", candidate->build_id);
    hone_status status = hone_db_step(found, lookup->db, derive, "looking for a smaller error");
    if (status == HONE_OK && *found)
        candidate->measurement_id = sqlite3_column_int64(derive, 0);
    sqlite3_finalize(derive);
    return status;
}

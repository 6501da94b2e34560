/* The part of a lookup that reads winners: which evidence might answer. */
#include "lookup_private.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "../../kernels/activation.h"
#include "../../kernels/status.h"

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

double hone_lookup_distance(const hone_problem *asked, const hone_problem *known) {
    double m = log2((double)known->m / (double)asked->m);
    double n = log2((double)known->n / (double)asked->n);
    double k = HONE_LOOKUP_K_WEIGHT * log2((double)known->k / (double)asked->k);
    double shape = sqrt(m * m + n * n + k * k);
    if (same_activation(asked, known))
        return shape;
    return same_smoothness(asked->act, known->act) ? shape + HONE_LOOKUP_OTHER_ACTIVATION : INFINITY;
}

/* Nearest first; then this build's, warm, the latest; then by text, so that
 * equal databases give equal answers. The upper of two layers was there before. */
static int before(const hone_candidate *a, const hone_candidate *b) {
    if (a->distance != b->distance)
        return a->distance < b->distance;
    if (a->stale != b->stale)
        return a->stale < b->stale;
    if (a->layer != b->layer)
        return 0;
    int order = strcmp(b->mode, a->mode); /* "warm" before "cold" */
    if (order == 0)
        order = strcmp(b->measured_at, a->measured_at);
    if (order == 0)
        order = strcmp(a->problem, b->problem);
    return order < 0 || (order == 0 && a->order < b->order);
}

void hone_candidates_insert(hone_candidates *candidates, const hone_candidate *candidate) {
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

int hone_lookup_read_row(hone_candidate *out, hone_problem *known, sqlite3_stmt *row, hone_db *layer,
                         int64_t device_id) {
    out->layer = layer;
    out->device_id = device_id;
    out->problem_id = sqlite3_column_int64(row, 0);
    out->build_id = sqlite3_column_int64(row, 1);
    out->measurement_id = sqlite3_column_int64(row, 2);
    out->stale = sqlite3_column_int(row, 6) != 0;
    out->is_default = sqlite3_column_int(row, 7) != 0;
    return hone_db_copy_text(out->problem, sizeof out->problem, hone_db_text(row, 3)) &&
           hone_db_copy_text(out->mode, sizeof out->mode, hone_db_text(row, 4)) &&
           hone_db_copy_text(out->measured_at, sizeof out->measured_at, hone_db_text(row, 5)) &&
           hone_problem_parse(known, out->problem) == HONE_OK;
}

void hone_lookup_bind_subject(sqlite3_stmt *find, const hone_lookup *lookup, int64_t device_id) {
    hone_db_bind_text(find, ":build", hone_build_id());
    hone_db_bind_int(find, ":device", device_id);
    hone_db_bind_int(find, ":threads", lookup->threads);
    hone_db_bind_text(find, ":objective", lookup->objective);
}

static hone_status find_exact(hone_candidates *out, const hone_lookup *lookup, hone_db *layer,
                              int64_t device_id) {
    static const char sql[] =
        HONE_LOOKUP_SELECT " AND w.problem_id = (SELECT id FROM problems WHERE text = "
                           ":text) AND (:allow_stale OR b.identity = :build) ORDER BY m.uid";
    sqlite3_stmt *find;
    int row = 0;
    DB_TRY(hone_db_prepare(&find, layer, sql));
    hone_lookup_bind_subject(find, lookup, device_id);
    hone_db_bind_int(find, ":allow_stale", lookup->allow_stale);
    hone_db_bind_text(find, ":text", lookup->text);
    for (;;) {
        hone_candidate candidate = {.distance = 0};
        hone_problem known;
        DB_TRY(hone_db_step(&row, layer, find, "looking winners up"));
        if (!row)
            return HONE_OK;
        if (hone_lookup_read_row(&candidate, &known, find, layer, device_id))
            hone_candidates_insert(out, &candidate);
    }
}

static hone_status find_in_layer(hone_candidates *out, const hone_lookup *lookup, hone_db *layer, int family,
                                 int near_shapes) {
    static const char self_sql[] = "SELECT id FROM devices WHERE fingerprint = :fingerprint";
    static const char family_sql[] =
        "SELECT id FROM devices WHERE family = :family AND fingerprint <> :fingerprint ORDER BY fingerprint";
    sqlite3_stmt *devices;
    int row = 0;
    DB_TRY(hone_db_prepare(&devices, layer, family ? family_sql : self_sql));
    hone_db_bind_text(devices, ":fingerprint", lookup->fingerprint);
    if (family)
        hone_db_bind_text(devices, ":family", lookup->family);
    for (;;) {
        DB_TRY(hone_db_step(&row, layer, devices, "looking devices up"));
        if (!row)
            return HONE_OK;
        hone_status status = (near_shapes ? hone_winner_index_find
                                          : find_exact)(out, lookup, layer, sqlite3_column_int64(devices, 0));
        if (status != HONE_OK) {
            sqlite3_reset(devices);
            return status;
        }
    }
}

hone_status hone_lookup_find(hone_candidates *out, const hone_lookup *lookup, int family, int near_shapes) {
    for (hone_db *layer = lookup->db; layer; layer = layer->below)
        DB_TRY(find_in_layer(out, lookup, layer, family, near_shapes));
    return HONE_OK;
}

hone_status hone_lookup_within(int *found, hone_candidate *candidate, const hone_lookup *lookup) {
    sqlite3_stmt *derive;
    /* +build_id: the derivation is to begin with the problem's evidence, not with the build's. */
    static const char before[] = "SELECT measurement_id FROM (";
    DB_TRY(hone_db_keep_winners(&derive, candidate->layer, before,
                                ") WHERE threads = :threads AND objective = :objective AND mode = :mode AND "
                                "+build_id = :build"));
    hone_db_bind_int(derive, ":device", candidate->device_id);
    hone_db_bind_int(derive, ":problem", candidate->problem_id);
    hone_db_bind_real(derive, ":max_error", lookup->max_error);
    if (lookup->max_workspace > 0)
        hone_db_bind_int(derive, ":max_workspace", lookup->max_workspace);
    if (lookup->isa) {
        hone_db_bind_text(derive, ":part", lookup->parts[0]);
        hone_db_bind_text(derive, ":other_part", lookup->parts[1]);
    }
    hone_db_bind_int(derive, ":threads", lookup->threads);
    hone_db_bind_text(derive, ":objective", lookup->objective);
    hone_db_bind_text(derive, ":mode", candidate->mode);
    hone_db_bind_int(derive, ":build", candidate->build_id);
    hone_status status =
        hone_db_step(found, candidate->layer, derive, "looking for what keeps to the limits");
    if (status == HONE_OK && *found)
        candidate->measurement_id = sqlite3_column_int64(derive, 0);
    sqlite3_reset(derive);
    return status;
}

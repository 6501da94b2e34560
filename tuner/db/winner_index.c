/* Winners in memory, one list a device, thread count and objective of a layer, sorted by class of problem and
 * M: the nearest shape among thousands is found by reading 20 bytes of each whose M is near. */
#include "lookup_private.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../kernels/status.h"

/* More than any tuning leaves behind; a file may claim to have more. */
enum { MOST_WINNERS = 1 << 18 };

/* What most winners fail by: another class of problem, or a dimension too far. */
typedef struct place {
    float m, n, k; /* logarithms to base 2 */
    uint32_t class;
    int32_t act;
} place;

typedef struct winner {
    hone_problem problem;
    hone_candidate candidate; /* without its distance */
    char *config;
    uint32_t class;
} winner;

struct hone_winner_index {
    hone_winner_index *next;
    int64_t device_id;
    int threads;
    char objective[16];
    size_t count, room;
    place *places;
    winner *winners;
};

/* Everything that near problems have in common. */
static uint32_t class_of(const hone_problem *p) {
    return (uint32_t)p->dtype | (uint32_t)p->a_type << 3 | (uint32_t)p->c_type << 6 |
           (uint32_t)(p->bias != 0) << 9 | (uint32_t)(p->weights_plain != 0) << 10 |
           (uint32_t)(p->weights_transposed != 0) << 11 | (uint32_t)(p->a_scale_per_row != 0) << 12;
}

static place place_of(const hone_problem *p) {
    return (place){log2f((float)p->m), log2f((float)p->n), log2f((float)p->k), class_of(p), p->act};
}

static hone_status append(hone_winner_index *index, const hone_problem *problem,
                          const hone_candidate *candidate, const char *config) {
    if (index->count == index->room) {
        size_t room = index->room ? 2 * index->room : 64;
        place *places = realloc(index->places, room * sizeof *places);
        if (places)
            index->places = places;
        winner *winners = realloc(index->winners, room * sizeof *winners);
        if (winners)
            index->winners = winners;
        if (!places || !winners)
            return hone_fail(HONE_E_NOMEM, "no memory for %zu winners", room);
        index->room = room;
    }
    winner *added = &index->winners[index->count];
    *added = (winner){*problem, *candidate, strdup(config), class_of(problem)};
    if (!added->config)
        return hone_fail(HONE_E_NOMEM, "no memory for a config");
    added->candidate.config = added->config;
    added->candidate.order = index->count;
    index->count++;
    return HONE_OK;
}

static int by_place(const void *left, const void *right) {
    const winner *a = left, *b = right;
    if (a->class != b->class)
        return a->class < b->class ? -1 : 1;
    if (a->problem.m != b->problem.m)
        return a->problem.m < b->problem.m ? -1 : 1;
    return a->candidate.order < b->candidate.order ? -1 : 1;
}

static void sort(hone_winner_index *index) {
    if (index->count > 0)
        qsort(index->winners, index->count, sizeof *index->winners, by_place);
    for (size_t i = 0; i < index->count; i++)
        index->places[i] = place_of(&index->winners[i].problem);
}

static hone_status read_all(hone_winner_index *index, const hone_lookup *lookup, hone_db *layer) {
    sqlite3_stmt *find;
    int row = 0;
    DB_TRY(hone_db_prepare(&find, layer, HONE_LOOKUP_SELECT " ORDER BY m.uid"));
    hone_lookup_bind_subject(find, lookup, index->device_id);
    for (;;) {
        hone_candidate candidate = {.layer = layer};
        hone_problem known;
        DB_TRY(hone_db_step(&row, layer, find, "reading winners"));
        if (!row)
            return HONE_OK;
        if (index->count == MOST_WINNERS) {
            sqlite3_reset(find);
            return HONE_OK;
        }
        hone_status status = hone_lookup_read_row(&candidate, &known, find, layer, index->device_id) &&
                                     sqlite3_column_bytes(find, 8) < HONE_CONFIG_TEXT
                                 ? append(index, &known, &candidate, hone_db_text(find, 8))
                                 : HONE_OK;
        if (status != HONE_OK) {
            sqlite3_reset(find);
            return status;
        }
    }
}

static void destroy_one(hone_winner_index *index) {
    for (size_t i = 0; i < index->count; i++)
        free(index->winners[i].config);
    free(index->places);
    free(index->winners);
    free(index);
}

void hone_winner_index_destroy(hone_winner_index *indexes) {
    while (indexes) {
        hone_winner_index *next = indexes->next;
        destroy_one(indexes);
        indexes = next;
    }
}

static hone_status index_of(const hone_winner_index **out, const hone_lookup *lookup, hone_db *layer,
                            int64_t device_id) {
    for (hone_winner_index *index = layer->indexes; index; index = index->next)
        if (index->device_id == device_id && index->threads == lookup->threads &&
            strcmp(index->objective, lookup->objective) == 0) {
            *out = index;
            return HONE_OK;
        }
    hone_winner_index *index = calloc(1, sizeof *index);
    if (!index)
        return hone_fail(HONE_E_NOMEM, "no memory for winners");
    index->device_id = device_id;
    index->threads = lookup->threads;
    snprintf(index->objective, sizeof index->objective, "%s", lookup->objective);
    hone_status status = read_all(index, lookup, layer);
    if (status != HONE_OK) {
        destroy_one(index);
        return status;
    }
    sort(index);
    index->next = layer->indexes;
    layer->indexes = index;
    *out = index;
    return HONE_OK;
}

/* What rounding takes is given back, so that nothing is left out that belongs. */
static const float SLACK = 1e-4f;
static const float ANY = 1e9f;

static float reach_of_dimension(void) { return log2f(HONE_LOOKUP_REACH) + SLACK; }

/* The first place of the class whose M is not below the asked one. */
static size_t first_above(const hone_winner_index *index, const place *asked) {
    size_t low = 0, high = index->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const place *at = &index->places[middle];
        if (at->class < asked->class || (at->class == asked->class && at->m < asked->m))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* How far M is from the asked one; ANY for another class, and beyond the ends. */
static float m_distance(const hone_winner_index *index, size_t i, const place *asked) {
    if (i >= index->count || index->places[i].class != asked->class)
        return ANY;
    return fabsf(index->places[i].m - asked->m);
}

/* Whether it may be nearer than `farthest`. Without branches: which of thousands are far cannot be
 * foreseen. */
static int may_be_near(const place *at, const place *asked, float farthest) {
    const float reach = reach_of_dimension();
    const float m = at->m - asked->m, n = at->n - asked->n, k = at->k - asked->k;
    const float deep = HONE_LOOKUP_K_WEIGHT * k;
    const float left = farthest + SLACK - (at->act == asked->act ? 0 : (float)HONE_LOOKUP_OTHER_ACTIVATION);
    return (fabsf(m) <= reach) & (fabsf(n) <= reach) & (fabsf(k) <= reach) & (left >= 0) &
           (m * m + n * n + deep * deep <= left * left);
}

static void consider(hone_candidates *out, const hone_lookup *lookup, const winner *known) {
    if (known->candidate.stale && !lookup->allow_stale)
        return;
    const double distance = hone_lookup_distance(lookup->problem, &known->problem);
    if (!isfinite(distance) || distance == 0)
        return;
    hone_candidate candidate = known->candidate;
    candidate.distance = distance;
    hone_candidates_insert(out, &candidate);
}

/* From the asked M outwards, until M alone is farther than what was found. */
hone_status hone_winner_index_find(hone_candidates *out, const hone_lookup *lookup, hone_db *layer,
                                   int64_t device_id) {
    const place asked = place_of(lookup->problem);
    const hone_winner_index *index = NULL;
    DB_TRY(index_of(&index, lookup, layer, device_id));
    size_t above = first_above(index, &asked), below = above - 1; /* before the first one: SIZE_MAX */
    for (;;) {
        const int full = out->count == HONE_LOOKUP_CANDIDATES;
        const float farthest = full ? (float)out->items[out->count - 1].distance : reach_of_dimension();
        const float up = m_distance(index, above, &asked), down = m_distance(index, below, &asked);
        if (fminf(up, down) > farthest + SLACK)
            return HONE_OK;
        const size_t i = up <= down ? above++ : below--;
        if (may_be_near(&index->places[i], &asked, full ? farthest : ANY))
            consider(out, lookup, &index->winners[i]);
    }
}

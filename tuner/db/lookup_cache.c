/* Answers given before: a hash table with open addressing that readers enter
 * without a lock. Entries do not change once a slot shows them; a table that has
 * become too small is replaced and kept until all goes, for whoever still reads it. */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "lookup_private.h"

#include "../../kernels/status.h"

enum { FIRST_SLOTS = 256, MOST_ENTRIES = 1 << 14 /* of about 2 KiB */ };

typedef struct entry {
    uint64_t hash;
    hone_lookup_key key;
    hone_status status;
    hone_match match;
    char subject[512];
} entry;

typedef struct table {
    struct table *older; /* replaced by this one */
    size_t slots;        /* a power of two, more than twice the entries */
    _Atomic(const entry *) at[];
} table;

struct hone_lookup_cache {
    _Atomic(table *) table;
    size_t entries;
};

_Static_assert(sizeof(hone_lookup_key) % sizeof(uint64_t) == 0, "the key is hashed by words");

/* Multiply and fold, by words: the finaliser of splitmix64 at the end spreads it over all bits. */
static uint64_t hash_key(const hone_lookup_key *key) {
    uint64_t hash = 0, word;
    for (size_t i = 0; i < sizeof *key; i += sizeof word) {
        memcpy(&word, (const char *)key + i, sizeof word);
        hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
        hash ^= hash >> 32;
    }
    hash = (hash ^ hash >> 30) * 0xbf58476d1ce4e5b9u;
    hash = (hash ^ hash >> 27) * 0x94d049bb133111ebu;
    return hash ^ hash >> 31;
}

const char *const hone_lookup_objectives[3] = {"p50", "p95", "throughput"};

int hone_lookup_objective(const char *name) {
    for (int i = 0; i < 3 && name; i++)
        if (strcmp(name, hone_lookup_objectives[i]) == 0)
            return i;
    return name ? -1 : 0;
}

hone_status hone_lookup_key_fill(hone_lookup_key *key, const hone_problem *problem,
                                 const hone_lookup_options *options, int by_fingerprint) {
    memset(key, 0, sizeof *key);
    key->m = problem->m;
    key->n = problem->n;
    key->k = problem->k;
    for (int i = 0; i < HONE_ACT_MAX_PARAMS; i++)
        key->params[i] = problem->act_params[i];
    key->dtype = problem->dtype;
    key->a_type = problem->a_type;
    key->c_type = problem->c_type;
    key->act = problem->act;
    key->bias = problem->bias;
    key->transposed = problem->weights_transposed;
    key->plain = problem->weights_plain;
    key->rowscale = problem->a_scale_per_row;
    key->by_fingerprint = by_fingerprint;
    if (!options)
        return HONE_OK;
    key->threads = options->threads;
    key->objective = hone_lookup_objective(options->objective);
    key->max_error = options->max_rel_error;
    key->max_workspace = options->max_workspace;
    key->allow_stale = options->allow_stale;
    if (options->isa) {
        if (!options->isa[0] || strlen(options->isa) >= sizeof key->isa || strchr(options->isa, ','))
            return hone_fail(HONE_E_USAGE, "isa '%s' is unknown; `hone devices` prints the names",
                             options->isa);
        strcpy(key->isa, options->isa);
    }
    return HONE_OK;
}

static const entry *find(const table *in, uint64_t hash, const hone_lookup_key *key, const char *subject) {
    for (size_t i = hash;; i++) {
        const entry *found = atomic_load_explicit(&in->at[i & (in->slots - 1)], memory_order_acquire);
        if (!found || (found->hash == hash && memcmp(&found->key, key, sizeof *key) == 0 &&
                       strcmp(found->subject, subject) == 0))
            return found;
    }
}

int hone_lookup_cache_get(hone_match *out, hone_status *status, const hone_db *db, const hone_lookup_key *key,
                          const char *subject) {
    hone_lookup_cache *cache = atomic_load_explicit(&db->cache, memory_order_acquire);
    const table *in = cache ? atomic_load_explicit(&cache->table, memory_order_acquire) : NULL;
    const entry *found = in ? find(in, hash_key(key), key, subject) : NULL;
    if (!found)
        return 0;
    *status = found->status;
    if (found->status == HONE_OK)
        *out = found->match;
    return 1;
}

static void place(table *in, const entry *added) {
    size_t i = added->hash;
    while (atomic_load_explicit(&in->at[i & (in->slots - 1)], memory_order_relaxed))
        i++;
    atomic_store_explicit(&in->at[i & (in->slots - 1)], added, memory_order_release);
}

/* The table with room for one more; NULL without memory. */
static table *roomy(hone_lookup_cache *cache) {
    table *now = atomic_load_explicit(&cache->table, memory_order_relaxed);
    if (now && now->slots > 2 * (cache->entries + 1))
        return now;
    size_t slots = now ? 2 * now->slots : FIRST_SLOTS;
    table *grown = malloc(sizeof *grown + slots * sizeof grown->at[0]);
    if (!grown)
        return NULL;
    grown->older = now;
    grown->slots = slots;
    for (size_t i = 0; i < slots; i++)
        atomic_init(&grown->at[i], NULL);
    for (size_t i = 0; now && i < now->slots; i++) {
        const entry *kept = atomic_load_explicit(&now->at[i], memory_order_relaxed);
        if (kept)
            place(grown, kept);
    }
    atomic_store_explicit(&cache->table, grown, memory_order_release);
    return grown;
}

static hone_lookup_cache *cache_of(hone_db *db) {
    hone_lookup_cache *cache = atomic_load_explicit(&db->cache, memory_order_relaxed);
    if (!cache && (cache = calloc(1, sizeof *cache)))
        atomic_store_explicit(&db->cache, cache, memory_order_release);
    return cache;
}

void hone_lookup_cache_put(hone_db *db, const hone_lookup_key *key, const char *subject, hone_status status,
                           const hone_match *match) {
    hone_lookup_cache *cache = cache_of(db);
    if (!cache || cache->entries >= MOST_ENTRIES || strlen(subject) >= sizeof((entry *)0)->subject ||
        (status != HONE_OK && status != HONE_E_NOMATCH))
        return;
    entry *added = malloc(sizeof *added);
    table *in = added ? roomy(cache) : NULL;
    if (!in) {
        free(added);
        return;
    }
    *added = (entry){.hash = hash_key(key), .key = *key, .status = status};
    if (status == HONE_OK)
        added->match = *match;
    strcpy(added->subject, subject);
    place(in, added);
    cache->entries++;
}

void hone_lookup_cache_destroy(hone_lookup_cache *cache) {
    table *now = cache ? atomic_load_explicit(&cache->table, memory_order_relaxed) : NULL;
    for (size_t i = 0; now && i < now->slots; i++)
        free((void *)(uintptr_t)atomic_load_explicit(&now->at[i], memory_order_relaxed));
    while (now) {
        table *older = now->older;
        free(now);
        now = older;
    }
    free(cache);
}

/* Hone beside other libraries, out of results files of `hone bench --provider all`.
 *
 * A case is a problem on a number of threads. Its ratio is the time of the fastest
 * peer over hone's: above 1 hone is faster. `unfused` is hone's own GEMM and no
 * peer. Means of ratios are geometric.
 *
 * A case's roof is the least time that the machine's limits allow, measured beside
 * it (harness/roof.h). */
#ifndef HONE_TUNER_PEERS_H
#define HONE_TUNER_PEERS_H

#include <stdio.h>

#include "hone/hone.h"

typedef enum hone_peers_class {
    HONE_PEERS_SQUARE, /* M = N = K */
    HONE_PEERS_SMALL,  /* less than 5 million multiplications and additions */
    HONE_PEERS_DECODE, /* M <= 4 */
    HONE_PEERS_SKINNY, /* M <= 35 */
    HONE_PEERS_NARROW, /* N <= 64 */
    HONE_PEERS_REGULAR,
    HONE_PEERS_CLASSES
} hone_peers_class;

/* The first class that a shape fits. */
hone_peers_class hone_peers_classify(int64_t m, int64_t n, int64_t k);
/* "square", "small", ... */
const char *hone_peers_class_name(hone_peers_class kind);

typedef struct hone_peers_case {
    char problem[HONE_PROBLEM_TEXT];
    char types[32]; /* "f32", "s8", "u8 -> f32" */
    const char *activation;
    int threads;
    hone_peers_class kind;
    double hone_us, peer_us; /* medians; NaN: not measured */
    char peer[32];           /* the fastest */
    double hone_share, peer_share; /* percent of the roof reached; NaN: unknown */
} hone_peers_case;

typedef struct hone_peers {
    hone_peers_case *cases;
    size_t count, capacity;
    int failed;        /* entries that ended with an error, as a wrong result, but for what is unavailable */
    char machine[256]; /* of the first file */
    char libraries[512]; /* "onednn: oneDNN 3.2.0; ..." */
} hone_peers;

/* Of the same case in several files the last counts.
 * HONE_E_DATA: a file cannot be read or is not one of hone bench. HONE_E_NOMEM. */
hone_status hone_peers_create(hone_peers **out, const char *const *paths, size_t count);
void hone_peers_destroy(hone_peers *peers);

/* Geometric mean of the ratios of the cases that match (kind: HONE_PEERS_CLASSES: all; types, activation:
 * NULL: all; threads: 0: all) and how many these are; NaN without any. */
double hone_peers_ratio(size_t *count, const hone_peers *peers, hone_peers_class kind, const char *types,
                        const char *activation, int threads);

/* Tables in Markdown: ratios and percent of the roof by class, data type, threads and activation; then the
 * `worst` cases with the lowest ratios. */
void hone_peers_write_markdown(FILE *file, const hone_peers *peers, int worst);

#endif

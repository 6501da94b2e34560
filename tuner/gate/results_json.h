/* Results files, Google Benchmark's JSON as `hone bench --out` writes it, as JSON objects. */
#ifndef HONE_TUNER_RESULTS_JSON_H
#define HONE_TUNER_RESULTS_JSON_H

#include <jansson.h>

#include "hone/hone.h"

/* Parses a file's text, which is changed; `source` names it in messages. The object has a "context" and an
 * array of "benchmarks"; the caller releases it. HONE_E_DATA: damaged or another kind of file. */
hone_status hone_results_parse(json_t **out, char *text, size_t size, const char *source);
/* The same for a file. HONE_E_DATA also: it cannot be read. */
hone_status hone_results_load(json_t **out, const char *path);

/* A counter of an entry; NaN when there is none. */
double hone_results_number(const json_t *entry, const char *key);
/* 1 when an entry ended with an error instead of counters. */
int hone_results_failed(const json_t *entry);

#endif

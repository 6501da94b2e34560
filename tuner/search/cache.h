/* Brute-forced tuning caches measured by others: every config of a space with
 * its value and what it cost to find out, so that a search can be replayed
 * without a device. Two formats are read, plain or gzipped:
 *
 *     Kernel Tuner's cache   {"tune_params_keys": [...], "cache": {"16,8,...": {...}}}
 *     T4 results             {"metadata": {...}, "results": [{"configuration": {...}}]}
 *
 * and the space's description in T1, {"ConfigurationSpace": {...}}. */
#ifndef HONE_TUNER_CACHE_H
#define HONE_TUNER_CACHE_H

#include "search.h"

typedef struct hone_cache {
    char problem[128];  /* kernel and problem size, or the file's name */
    char device[160];   /* "" where the file does not say */
    char objective[48]; /* what the values are: "time" */
    char unit[24];      /* of the values: "ms" */
    hone_space *space;
    hone_points *points; /* the configs recorded; with a T1 space, its legal points */
    double *values;      /* by point, lower is better; INFINITY: failed or missing */
    double *seconds;     /* by point: compiling, running, checking; 0 for missing ones */
    int64_t failures;    /* recorded as failed */
    int64_t missing;     /* points that the file lacks (T1 only) */
    int64_t outside;     /* configs that are not points (T1 only) */
    int64_t repeated;    /* configs that are there again; the first counts */
} hone_cache;

/* `space_path`: a T1 file, or NULL for the configs that are there. HONE_E_DATA: damaged, cut off, empty, of
 * an unknown format, of an objective that is no time, without one valid config. HONE_E_NOMEM. */
hone_status hone_cache_load(hone_cache **out, const char *path, const char *space_path);
void hone_cache_destroy(hone_cache *cache);

/* A space from a T1 file; conditions become constraints. HONE_E_DATA, HONE_E_NOMEM. */
hone_status hone_space_load_t1(hone_space **out, const char *path);

/* A Python expression over names, numbers, words, `and or not in`, comparisons, also chained, and
 * + - * / // % **, as one of Hone's (expr.h) that is malloc'ed. `/` divides exactly: a comparison with a
 * quotient that is no integer is false. HONE_E_DATA: what has no counterpart, with its place. */
hone_status hone_python_translate(char **out, const char *text);
/* The values of a Python list: "[1, 2]", "[2**i for i in range(0, 6)] + list(range(8, 33, 8))", separated by
 * spaces; malloc'ed. HONE_E_DATA. */
hone_status hone_python_list(char **out, const char *text);

#endif

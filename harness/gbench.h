/* Google Benchmark through a C interface: each case is one benchmark whose
 * iterations are timed by the harness' own clock and counted by the library. */
#ifndef HONE_HARNESS_GBENCH_H
#define HONE_HARNESS_GBENCH_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct hone_gbench_counter {
    const char *name;
    double value; /* left out of the output unless finite */
} hone_gbench_counter;

typedef struct hone_gbench_case {
    const char *name; /* reported exactly as given */
    void *context;
    /* One iteration; returns its time in seconds, negative to stop with `error`. */
    double (*iterate)(void *context);
    /* After the last iteration, once for each repetition (and for a warm-up that
     * flags ask for), not after an error: fills counters (at most *count of them,
     * sets *count) and returns the label. Strings live until the next call. */
    const char *(*finish)(void *context, hone_gbench_counter *counters, int *count);
    const char *(*error)(void *context);
    /* Iterations wanted for a minimum time in seconds (0: the default), >= 1. */
    int64_t (*iterations)(void *context, double min_seconds);
} hone_gbench_case;

typedef enum hone_gbench_format { HONE_GBENCH_CONSOLE, HONE_GBENCH_JSON } hone_gbench_format;

/* Runs the cases under the library's flags (argv without the program's own
 * options; unknown ones are an error, returned as -1 with the text on stderr).
 * `json_path`: also write JSON there (NULL: no, unless --benchmark_out says so).
 * `keys` and `values`: `pairs` entries added to the JSON context.
 * --benchmark_format overrides `format`; csv is not known. Times are in
 * microseconds unless --benchmark_time_unit says otherwise. Filters see the
 * cases' own names; nothing matching gives an empty document. Counters that are
 * not finite are left out. One call at a time, any number in a process.
 *
 * Returns the number of cases run (or listed, with --benchmark_list_tests), -1
 * on bad flags or without memory, -2 when the file cannot be written: found out
 * before anything runs, or after it when the disk filled up meanwhile. */
int hone_gbench_run(int argc, char **argv, const hone_gbench_case *cases, int count,
                    hone_gbench_format format, const char *json_path, const char *const *keys,
                    const char *const *values, int pairs);

/* The library's version text. */
const char *hone_gbench_version(void);

#ifdef __cplusplus
}
#endif

#endif

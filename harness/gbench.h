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
    double value; /* NaN is left out of the output */
} hone_gbench_counter;

typedef struct hone_gbench_case {
    const char *name; /* reported exactly as given */
    void *context;
    /* One iteration; returns its time in seconds, negative to stop with `error`. */
    double (*iterate)(void *context);
    /* After the last iteration: fills counters (at most *count of them, sets
     * *count) and returns the label. Strings live until the next call. */
    const char *(*finish)(void *context, hone_gbench_counter *counters, int *count);
    const char *(*error)(void *context);
    /* Iterations wanted for a minimum time in seconds (0: the default). */
    int64_t (*iterations)(void *context, double min_seconds);
} hone_gbench_case;

typedef enum hone_gbench_format { HONE_GBENCH_CONSOLE, HONE_GBENCH_JSON } hone_gbench_format;

/* Runs the cases under the library's flags (argv without the program's own
 * options; unknown ones are an error, returned as -1 with the text on stderr).
 * `json_path`: also write JSON there (NULL: no). `keys` and `values`: `pairs`
 * entries added to the JSON context. Returns the number of cases run, -1 on bad
 * flags, -2 when json_path cannot be written. */
int hone_gbench_run(int argc, char **argv, const hone_gbench_case *cases, int count,
                    hone_gbench_format format, const char *json_path, const char *const *keys,
                    const char *const *values, int pairs);

/* The library's version text. */
const char *hone_gbench_version(void);

#ifdef __cplusplus
}
#endif

#endif

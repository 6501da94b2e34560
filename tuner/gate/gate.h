/* The gate: is a candidate slower than a baseline?
 *
 * Each case has values of one metric from both sides, lower being better (a
 * rate is turned into its inverse). The ratio is candidate over baseline: above
 * 1 the candidate is slower, whatever the metric. A case is
 *
 *     SLOW    the interval of the ratio lies above 1 + threshold, and the rank
 *             test is significant after Holm's correction over all cases
 *     FAST    the same below 1 / (1 + threshold)
 *     SAME    the interval lies between these two
 *     UNSURE  neither
 *     WRONG   the candidate ended with an error: a wrong kernel
 *     MISSING one side has no value; what only the baseline has leaves no verdict
 *
 * so that exchanging the sides exchanges SLOW and FAST, and two runs of one
 * build are SLOW no more often than alpha, over all cases together. An UNSURE
 * case whose interval lies above 1 + threshold keeps the whole from passing:
 * with few rounds and many cases nothing can be significant.
 *
 * With too few values for a rank test (one run a side in two results files) the
 * intervals stored with the values decide alone. They know the noise within a
 * run only, not that between runs: comparing builds is the better mode.
 *
 * A gate is for one thread at a time. */
#ifndef HONE_TUNER_GATE_H
#define HONE_TUNER_GATE_H

#include <stdio.h>

#include "hone/hone.h"

typedef enum hone_gate_verdict {
    HONE_GATE_SAME,
    HONE_GATE_FAST,
    HONE_GATE_SLOW,
    HONE_GATE_UNSURE,
    HONE_GATE_WRONG,
    HONE_GATE_MISSING,
    HONE_GATE_VERDICTS
} hone_gate_verdict;

/* "SAME", "FAST", ... */
const char *hone_gate_verdict_name(hone_gate_verdict verdict);

/* A counter of a results file that can be compared. */
typedef struct hone_gate_metric {
    const char *name;       /* "p50_us" */
    const char *low, *high; /* counters that hold its interval; NULL: none */
    int rate;               /* 1: higher is better */
} hone_gate_metric;

/* NULL when unknown. */
const hone_gate_metric *hone_gate_metric_find(const char *name);
/* "p50_us, p95_us, gflops", for messages. */
const char *hone_gate_metric_names(void);

typedef struct hone_gate_options {
    const hone_gate_metric *metric;
    double threshold; /* smallest relative change that matters, >= 0 */
    double alpha;     /* chance of a false SLOW or FAST over all cases, in (0, 1) */
} hone_gate_options;

typedef enum hone_gate_side_name { HONE_GATE_BASELINE, HONE_GATE_CANDIDATE } hone_gate_side_name;

typedef struct hone_gate_side {
    double *values; /* lower is better */
    size_t count, capacity;
    double low, high; /* hull of the stored intervals; NaN: none */
    int seen;         /* entries, with or without a value */
    char error[128];  /* of the first entry that ended with one; "" if none did */
} hone_gate_side;

typedef struct hone_gate_case {
    char *name;
    hone_gate_side sides[2];
    /* set by hone_gate_decide */
    hone_gate_verdict verdict;
    double ratio, low, high; /* candidate over baseline with its 95% interval; NaN: unknown */
    double p_value;          /* of the rank test, corrected over the cases; NaN: none possible */
    char reason[192];        /* why not SAME, FAST or SLOW; else "" */
} hone_gate_case;

typedef struct hone_gate {
    hone_gate_options options;
    hone_gate_case *cases; /* in the order in which they were met */
    size_t count, capacity;
    /* set by hone_gate_decide */
    hone_gate_verdict verdict; /* worst of the cases; UNSURE: no verdict */
    size_t counts[HONE_GATE_VERDICTS];
} hone_gate;

/* HONE_E_USAGE: an option out of range. HONE_E_NOMEM. */
hone_status hone_gate_create(hone_gate **out, const hone_gate_options *options);
void hone_gate_destroy(hone_gate *gate);

/* One value of a case as the metric gives it, with its interval (NaN: none). A
 * value of NaN says that the case was run without that metric.
 * HONE_E_DATA: zero, negative or infinite. HONE_E_NOMEM. */
hone_status hone_gate_add(hone_gate *gate, hone_gate_side_name side, const char *name, double value,
                          double low, double high);
/* The case ended with an error. HONE_E_NOMEM. */
hone_status hone_gate_add_error(hone_gate *gate, hone_gate_side_name side, const char *name,
                                const char *error);

/* Adds all entries of a results file as `hone bench --out` writes it; entries
 * of one name are values of one case.
 * HONE_E_DATA: unreadable, damaged, or not such a file. HONE_E_NOMEM. */
hone_status hone_gate_add_file(hone_gate *gate, hone_gate_side_name side, const char *path);
/* The same for its text, which is changed; `source` names it in messages. */
hone_status hone_gate_add_text(hone_gate *gate, hone_gate_side_name side, char *text, size_t size,
                               const char *source);
/* Reads a stream to its end; the caller frees *out. HONE_E_DATA. */
hone_status hone_gate_read_stream(char **out, size_t *size, FILE *file, const char *source);

typedef struct hone_gate_builds {
    const char *paths[2]; /* executables: baseline, candidate */
    int argument_count;   /* selectors for `PATH bench ... --json` */
    const char *const *arguments;
    int rounds; /* each runs both, in alternating order: AB BA AB ... */
    void (*progress)(double fraction, const char *text); /* may be NULL */
} hone_gate_builds;

/* Runs two builds of the command alternately and adds what they print. What they
 * write to stderr is passed on.
 * HONE_E_WRONG: the candidate crashed. HONE_E_DATA: the baseline crashed, or a
 * build cannot be run or prints no results. HONE_E_USAGE, HONE_E_UNAVAILABLE or
 * HONE_E_INCONCLUSIVE: a build ended with that exit code. HONE_E_NOMEM. */
hone_status hone_gate_run_builds(hone_gate *gate, const hone_gate_builds *builds);

/* 1 when `path` is an executable rather than a results file. */
int hone_gate_is_executable(const char *path);

/* Decides each case and the whole; may be called again after adding values.
 * HONE_OK whatever the verdict. HONE_E_NOMEM. */
hone_status hone_gate_decide(hone_gate *gate);

/* The verdict as a status with its reason: HONE_OK, HONE_E_WRONG (SLOW or WRONG)
 * or HONE_E_INCONCLUSIVE (nothing compared, more than half UNSURE, or one of
 * them with its interval above the threshold). */
hone_status hone_gate_status(const hone_gate *gate);

#endif

/* The results of `hone tune`: a table for people, JSON for programs. */
#ifndef HONE_TUNER_CLI_TUNE_PRINT_H
#define HONE_TUNER_CLI_TUNE_PRINT_H

#include "../search/tune.h"
#include "cli.h"

typedef struct cli_tuned {
    const hone_problem *problem;
    const char *shape; /* its name in a suite, or "" */
    hone_tune_result result;
    hone_winner *tradeoffs; /* for JSON */
    int tradeoff_count;
} cli_tuned;

/* Problems without a winner are left out. HONE_E_NOMEM. */
hone_status cli_tuned_print(const cli_tuned *tuned, int count);

/* Winners that are faster than the peak that was measured. */
int cli_tuned_above_peak(const cli_tuned *tuned, int count);

/* On stderr: what configs known from elsewhere were worth; nothing where there were none. */
void cli_tuned_explain(const cli_tuned *tuned, int count);

/* The contract's array; numbers that are not known are null. */
json_t *cli_tuned_json(const cli_tuned *tuned, int count, const hone_device *device,
                       hone_objective objective);

#endif

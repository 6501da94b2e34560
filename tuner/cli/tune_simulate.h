/* `hone tune --simulate`: a search over a recorded cache, without a device. */
#ifndef HONE_TUNER_CLI_TUNE_SIMULATE_H
#define HONE_TUNER_CLI_TUNE_SIMULATE_H

#include "../search/simulate.h"

typedef struct cli_simulation {
    const char *cache, *space; /* files; space NULL: the configs that the cache has */
    hone_simulation_options options;
    int json;
} cli_simulation;

/* Runs it and prints the result. Returns the exit code. */
int cli_simulate(const cli_simulation *simulation);

#endif

/* Time against error: the configs that a limit on the error chooses between. */
#ifndef HONE_TUNER_CLI_TRADEOFFS_H
#define HONE_TUNER_CLI_TRADEOFFS_H

#include "../db/db_winner.h"
#include "cli.h"

/* An array of objects, the fastest first. */
json_t *cli_tradeoffs_json(const hone_winner *tradeoffs, int count);
/* A table on stdout. */
hone_status cli_tradeoffs_print(const hone_winner *tradeoffs, int count);

#endif

/* What --config means: "best", "default" or "k=v,...". */
#ifndef HONE_TUNER_CHOOSE_CONFIG_H
#define HONE_TUNER_CHOOSE_CONFIG_H

#include "../../kernels/backend.h"
#include "../../kernels/config.h"

typedef struct config_choice {
    const char *text;    /* of --config; NULL: best where there is a database, else default */
    const char *db_path; /* of --db */
    hone_db *db;         /* opened by config_choice_open; NULL: none */
    int weights;         /* "weights=plain" or "weights=packed" in the text: 1 or 0; else -1 */
    hone_config given;   /* the k=v pairs but for weights */
    int skipped;         /* problems that config_choice_skip has left out */
    hone_status refusal; /* of the first of them */
} config_choice;

/* Parses the text and opens the database that "best" needs.
 * HONE_E_USAGE, HONE_E_DATA. Clear it whatever the outcome. */
hone_status config_choice_open(config_choice *choice, const char *text, const char *db_path);
void config_choice_clear(config_choice *choice);

/* The canonical config of a problem, checked against its space; keys that were
 * not given have the default's values where these are legal, else those that the backend's model finds
 * cheapest. "weights" changes the problem. HONE_E_USAGE, HONE_E_UNAVAILABLE, HONE_E_DATA. */
hone_status config_choice_find(char out[HONE_CONFIG_TEXT], const config_choice *choice, hone_problem *problem,
                               const hone_context *context, const hone_device *device, int threads);

/* After config_choice_find has failed with `status` for one of `count` problems: HONE_OK where that is about
 * this problem and there are others, which go on; the reason is told as of "hone <command>". Else `status`.
 */
hone_status config_choice_skip(config_choice *choice, hone_status status, const char *command,
                               const hone_problem *problem, int count);
/* The status of the first that was left out, with how many of `count` were. */
hone_status config_choice_refusal(const config_choice *choice, int count);

#endif

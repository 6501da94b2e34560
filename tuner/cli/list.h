/* The larger topics of `hone list`, a file each. */
#ifndef HONE_TUNER_CLI_LIST_H
#define HONE_TUNER_CLI_LIST_H

#include "cli.h"

hone_status list_print_activations(const cli_selectors *selectors);
hone_status list_activations_json(json_t *array, const cli_selectors *selectors);
/* docs/activations.md */
void list_print_activations_page(void);

/* What each can run on each device of this machine. */
hone_status list_print_providers(const cli_selectors *selectors);
hone_status list_providers_json(json_t *array, const cli_selectors *selectors);

/* The spaces of the device's problems: those selected, else one shape in every data type. */
hone_status list_print_spaces(const cli_selectors *selectors);
hone_status list_spaces_json(json_t *array, const cli_selectors *selectors);

#endif

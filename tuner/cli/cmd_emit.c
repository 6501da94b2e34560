/* hone emit: the source of the variant that a config selects. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../kernels/status.h"
#include "choose_config.h"
#include "cli.h"

typedef struct emit_arguments {
    cli_selectors selectors;
    const char *config, *out;
} emit_arguments;

static hone_status emit_to(FILE *file, const emit_arguments *arguments, const hone_context *context,
                           hone_problem *problem) {
    const hone_device *device;
    config_choice choice = {0};
    char text[HONE_CONFIG_TEXT];
    hone_config config;
    int threads;
    hone_status status = cli_described_device(&device, &threads, context, &arguments->selectors);
    if (status != HONE_OK)
        return status;
    if (!device->backend->emit)
        return hone_fail(HONE_E_UNAVAILABLE, "the %s backend of this version has no kernels; use cpu",
                         device->backend->name);
    status = config_choice_open(&choice, arguments->config, arguments->selectors.db);
    if (status == HONE_OK)
        status = config_choice_find(text, &choice, problem, context, device, threads);
    if (status == HONE_OK)
        status = hone_config_parse(&config, text);
    if (status == HONE_OK)
        status = device->backend->emit(file, device, problem, &config);
    config_choice_clear(&choice);
    return status;
}

static hone_status emit(const emit_arguments *arguments) {
    hone_context *context = NULL;
    hone_problem *problems = NULL;
    FILE *file = stdout;
    int count;
    hone_status status = cli_selected_problems(&problems, NULL, &count, &arguments->selectors, NULL);
    if (status != HONE_OK)
        return status;
    if (count != 1) {
        status = hone_fail(HONE_E_USAGE, "%d problems are selected; choose one by --shape, --dtype and --act",
                           count);
        goto cleanup;
    }
    if (arguments->out && !(file = fopen(arguments->out, "w"))) {
        status = hone_fail(HONE_E_DATA, "'%s' cannot be written: %m", arguments->out);
        goto cleanup;
    }
    status = hone_context_create(&context);
    if (status == HONE_OK)
        status = emit_to(file, arguments, context, problems);
    if (arguments->out && fclose(file) && status == HONE_OK)
        status = hone_fail(HONE_E_DATA, "'%s' cannot be written: %m", arguments->out);
cleanup:
    hone_context_destroy(context);
    free(problems);
    return status;
}

int cli_run_emit(int argc, char **argv) {
    emit_arguments arguments = {0};
    cli_selectors_init(&arguments.selectors);
    cli_option table[20];
    cli_selector_options(&arguments.selectors, table);
    int operands, help;
    const cli_option options[] = {
        {"config", CLI_TEXT, &arguments.config, "CONFIG",
         "best (of the database), default, or k=v,... (other keys: default, or the cheapest that fit); "
         "without "
         "it: best where there is a database, else default"},
        {"out", CLI_TEXT, &arguments.out, "FILE", "write here instead of standard output"},
        {NULL, CLI_GROUP, table, NULL, "Of which device and problem"},
        {NULL, CLI_FLAG, NULL, NULL, NULL},
    };
    hone_status status =
        cli_parse(&operands, &help, argc, argv, options, "hone emit [options]",
                  "Prints the source of a variant as one file that compiles by itself.", NULL);
    if (status == HONE_OK && help)
        return 0;
    if (status == HONE_OK && operands)
        status = hone_fail(HONE_E_USAGE, "'%s' is not an option; see `hone emit --help`", argv[1]);
    if (status == HONE_OK && arguments.selectors.json)
        status = hone_fail(HONE_E_USAGE, "--json: a source is text; use `hone emit` without it");
    if (status == HONE_OK)
        status = emit(&arguments);
    return status == HONE_OK ? 0 : cli_fail("emit", status);
}

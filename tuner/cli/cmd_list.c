/* hone list: what there is. A topic prints itself as a table or as JSON. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../harness/suites.h"
#include "../../kernels/status.h"
#include "list.h"

/* ---- suites */

static int suite_shapes(const hone_suite *suite) {
    int count = 0;
    for (int i = 0; i < hone_shape_count(); i++)
        count += strcmp(hone_shape_at(i)->suite, suite->name) == 0;
    return count;
}

static hone_status print_suites(const cli_selectors *selectors) {
    (void)selectors;
    cli_grid grid = {0};
    cli_grid_row(&grid, 6, "suite", "shapes", "data types", "activations", "description", "source");
    for (int i = 0; i < hone_suite_count(); i++) {
        const hone_suite *suite = hone_suite_at(i);
        cli_grid_add(&grid, "%s", suite->name);
        cli_grid_add(&grid, "%d", suite_shapes(suite));
        cli_grid_row(&grid, 4, suite->dtypes, suite->activations, suite->description, suite->source);
    }
    hone_status status = cli_grid_print(&grid, "010000");
    if (status != HONE_OK)
        return status;
    putchar('\n');
    cli_grid_row(&grid, 5, "suite", "M", "N", "K", "shape");
    for (int i = 0; i < hone_shape_count(); i++) {
        const hone_shape *shape = hone_shape_at(i);
        cli_grid_add(&grid, "%s", shape->suite);
        cli_grid_add(&grid, "%lld", (long long)shape->m);
        cli_grid_add(&grid, "%lld", (long long)shape->n);
        cli_grid_add(&grid, "%lld", (long long)shape->k);
        cli_grid_add(&grid, "%s", shape->name);
    }
    return cli_grid_print(&grid, "01110");
}

static hone_status suites_json(json_t *array, const cli_selectors *selectors) {
    (void)selectors;
    for (int i = 0; i < hone_suite_count(); i++) {
        const hone_suite *suite = hone_suite_at(i);
        json_t *shapes = json_array();
        for (int j = 0; j < hone_shape_count(); j++) {
            const hone_shape *shape = hone_shape_at(j);
            if (strcmp(shape->suite, suite->name) == 0)
                json_array_append_new(shapes, json_pack("{s:s, s:I, s:I, s:I}", "name", shape->name, "m",
                                                        (json_int_t)shape->m, "n", (json_int_t)shape->n, "k",
                                                        (json_int_t)shape->k));
        }
        json_array_append_new(array,
                              json_pack("{s:s, s:s, s:s, s:s, s:s, s:o}", "name", suite->name, "description",
                                        suite->description, "source", suite->source, "dtypes", suite->dtypes,
                                        "activations", suite->activations, "shapes", shapes));
    }
    return HONE_OK;
}

/* ---- the command */

typedef struct list_topic {
    const char *name;
    hone_status (*print)(const cli_selectors *selectors);
    hone_status (*json)(json_t *array, const cli_selectors *selectors);
} list_topic;

static const list_topic topics[] = {
    {"activations", list_print_activations, list_activations_json},
    {"suites", print_suites, suites_json},
    {"providers", list_print_providers, list_providers_json},
    {"spaces", list_print_spaces, list_spaces_json},
};
enum { TOPIC_COUNT = sizeof topics / sizeof topics[0] };

static hone_status find_topic(const list_topic **out, int operands, char **argv) {
    if (operands != 1)
        return hone_fail(HONE_E_USAGE,
                         "%d topics were named; give one of activations, suites, providers, spaces",
                         operands);
    const char *names[TOPIC_COUNT];
    for (int i = 0; i < TOPIC_COUNT; i++) {
        names[i] = topics[i].name;
        if (strcmp(names[i], argv[1]) == 0) {
            *out = &topics[i];
            return HONE_OK;
        }
    }
    return cli_unknown("topic", argv[1], names, TOPIC_COUNT);
}

int cli_run_list(int argc, char **argv) {
    cli_selectors selectors;
    cli_selectors_init(&selectors);
    cli_option table[20];
    cli_selector_options(&selectors, table);
    int markdown = 0, operands, help;
    const cli_option options[] = {
        {"markdown", CLI_FLAG, &markdown, NULL, "activations: print docs/activations.md"},
        {NULL, CLI_GROUP, table, NULL, "Of which device and problem (spaces)"},
        {NULL, CLI_FLAG, NULL, NULL, NULL},
    };
    const list_topic *topic = NULL;
    hone_status status =
        cli_parse(&operands, &help, argc, argv, options,
                  "hone list activations|suites|providers|spaces [options]", "Lists what there is.", NULL);
    if (status == HONE_OK && help)
        return 0;
    if (status == HONE_OK)
        status = find_topic(&topic, operands, argv);
    if (status == HONE_OK && markdown && topic != &topics[0])
        status = hone_fail(HONE_E_USAGE, "--markdown is for activations, not for '%s'", topic->name);
    if (status == HONE_OK && markdown)
        list_print_activations_page();
    else if (status == HONE_OK && !selectors.json)
        status = topic->print(&selectors);
    if (status != HONE_OK || markdown || !selectors.json)
        return status == HONE_OK ? 0 : cli_fail("list", status);

    json_t *array = json_array();
    status = topic->json(array, &selectors);
    if (status == HONE_OK)
        return cli_print_json(array);
    json_decref(array);
    return cli_fail("list", status);
}

/* hone verify: numeric error of configs and accuracy of activations, without timing. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../harness/verify.h"
#include "../../kernels/status.h"
#include "../search/search.h"
#include "choose_config.h"
#include "cli.h"

/* Odd leading dimensions, and gaps that show a write beyond a row's end. */
enum { PADDING = 3, MAX_CODE_PARAMS = 7, BLOCKINGS = 3 };

typedef struct verify_arguments {
    cli_selectors selectors;
    const char *config;
    int64_t seed;
} verify_arguments;

typedef struct verify_run {
    const verify_arguments *arguments;
    hone_context *context;
    const hone_device *device;
    int threads;
    config_choice choice;
    int count;               /* of problems */
    hone_operands *operands; /* of the latest problem; kept while only the activation changes */
    hone_reference *reference;
    json_t *array; /* with --json, else NULL */
    cli_grid grid;
    int checked, wrong;
    char first_wrong[512];
} verify_run;

/* ------------------------------------------------------------------- output */

static json_t *health_json(const hone_health *health) {
    return json_pack(
        "{s:o, s:o, s:o, s:I, s:I, s:I, s:o}", "zero_fraction", cli_json_number(health->zero_fraction),
        "negative_fraction", cli_json_number(health->negative_fraction), "saturated_fraction",
        cli_json_number(health->saturated_fraction), "dead_columns", (json_int_t)health->dead_columns,
        "nan_count", (json_int_t)health->nan_count, "inf_count", (json_int_t)health->inf_count,
        "entropy_bits", cli_json_number(health->entropy_bits));
}

static json_t *result_json(const verify_run *run, const char *problem, const char *config,
                           const hone_numerics *n) {
    return json_pack(
        "{s:s, s:s, s:s, s:b, s:o, s:o, s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "name", problem,
        "device", run->device->name, "config", config, "correct", n->correct, "err_max_abs",
        cli_json_number(n->err_max_abs), "err_rel_fro", cli_json_number(n->err_rel_fro), "err_bound_ratio",
        cli_json_number(n->err_bound_ratio), "quant_sqnr_db", cli_json_number(n->quant_sqnr_db), "unwritten",
        (json_int_t)n->unwritten, "touched", (json_int_t)n->touched, "checked", (json_int_t)n->checked,
        "worst_row", (json_int_t)n->worst_row, "worst_column", (json_int_t)n->worst_column, "seed",
        (json_int_t)n->seed, "health", health_json(&n->health));
}

static void add_row(cli_grid *grid, const char *problem, const char *config, const hone_numerics *n) {
    const hone_health *h = &n->health;
    cli_grid_row(grid, 2, problem, config);
    cli_grid_add(grid, "%.3g", n->err_max_abs);
    cli_grid_add(grid, "%.3g", n->err_rel_fro);
    cli_grid_add(grid, "%.3g", n->err_bound_ratio);
    cli_grid_add(grid, "%lld", (long long)n->unwritten);
    cli_grid_add(grid, "%.1f", 100 * h->zero_fraction);
    cli_grid_add(grid, "%.1f", 100 * h->negative_fraction);
    cli_grid_add(grid, "%.1f", 100 * h->saturated_fraction);
    cli_grid_add(grid, "%lld", (long long)h->dead_columns);
    cli_grid_add(grid, "%lld", (long long)(h->nan_count + h->inf_count));
    cli_grid_add(grid, "%.1f", h->entropy_bits);
    cli_grid_add(grid, "%s", n->correct ? "ok" : "WRONG");
}

static void add_header(cli_grid *grid) {
    cli_grid_row(grid, 13, "problem", "config", "max abs", "rel fro", "/ bound", "unwritten", "zero %",
                 "negative %", "saturated %", "dead", "nan, inf", "entropy", "verdict");
}

/* ------------------------------------------------------------------- one run */

static hone_status verify_one(verify_run *run, const char *problem, const char *config) {
    hone_numerics numerics;
    hone_status status = hone_verify_config(&numerics, run->context, run->device->name, run->operands,
                                            run->reference, config, run->threads);
    if (status)
        return hone_fail_context(status, "%s with %s", problem, config);
    run->checked++;
    if (!numerics.correct && !run->wrong++) {
        char reason[200];
        hone_numerics_reason(reason, sizeof reason, &numerics);
        snprintf(run->first_wrong, sizeof run->first_wrong, "%s with %s: %s", problem, config, reason);
    }
    if (run->array) {
        json_array_append_new(run->array, result_json(run, problem, config, &numerics));
        return HONE_OK;
    }
    if (run->checked == 1)
        add_header(&run->grid);
    add_row(&run->grid, problem, config, &numerics);
    return HONE_OK;
}

/* ------------------------------------------------------- all of the code paths */

/* Parameters that choose generated code; the others only block its loops. */
static const char *const code_params[MAX_CODE_PARAMS] = {"isa", "family", "wtype", "mr", "nr", "epi", "form"};

/* Points that run the same code. */
typedef struct code_path {
    int64_t count, seen;
    const int *indices; /* of its first point */
} code_path;

static int same_code(const hone_space *space, const int *a, const int *b) {
    for (int p = 0; p < space->param_count; p++)
        for (int c = 0; c < MAX_CODE_PARAMS; c++)
            if (strcmp(space->params[p].name, code_params[c]) == 0 && a[p] != b[p])
                return 0;
    return 1;
}

static code_path *find_path(code_path *paths, int64_t *count, const hone_space *space, const int *indices) {
    for (int64_t i = *count - 1; i >= 0; i--)
        if (same_code(space, paths[i].indices, indices))
            return &paths[i];
    paths[*count] = (code_path){.indices = indices};
    return &paths[(*count)++];
}

/* Of each path's points a few, evenly spaced, beginning elsewhere for each path. */
static int is_chosen(const code_path *path, int64_t number) {
    int64_t step = (path->count + BLOCKINGS - 1) / BLOCKINGS;
    return (path->seen + 7 * number) % step == 0;
}

static hone_status verify_points(verify_run *run, const char *problem, const hone_points *points) {
    const int params = points->space->param_count;
    int64_t path_count = 0;
    hone_status status = HONE_OK;
    code_path *paths = calloc((size_t)points->count, sizeof *paths);
    if (!paths)
        return hone_fail(HONE_E_NOMEM, "out of memory for %lld points", (long long)points->count);
    for (int64_t i = 0; i < points->count; i++)
        find_path(paths, &path_count, points->space, points->indices + i * params)->count++;
    for (int64_t i = 0; i < points->count && !status; i++) {
        code_path *path = find_path(paths, &path_count, points->space, points->indices + i * params);
        int chosen = is_chosen(path, path - paths);
        path->seen++;
        hone_config config;
        char text[HONE_CONFIG_TEXT];
        if (!chosen)
            continue;
        status = hone_points_config(&config, points, i);
        if (!status)
            status = hone_config_format(text, sizeof text, &config);
        if (!status)
            status = verify_one(run, problem, text);
    }
    free(paths);
    return status;
}

static hone_status verify_space(verify_run *run, const hone_problem *problem, const char *text) {
    hone_space *space = NULL;
    hone_points *points = NULL;
    if (!run->device->backend->space)
        return hone_fail(HONE_E_UNAVAILABLE, "hone has no kernels for %s yet; use --device cpu",
                         run->device->name);
    hone_status status = run->device->backend->space(&space, run->device, problem, run->threads);
    if (!status)
        status = hone_points_create(&points, space);
    if (!status)
        status = verify_points(run, text, points);
    hone_points_destroy(points);
    hone_space_destroy(space);
    return status;
}

/* ----------------------------------------------------------------- problems */

static void drop_operands(verify_run *run) {
    hone_reference_destroy(run->reference);
    hone_operands_destroy(run->operands);
    run->reference = NULL;
    run->operands = NULL;
}

/* Whether two problems differ at most in their activation. */
static int same_data(const hone_problem *a, const hone_problem *b) {
    return a->m == b->m && a->n == b->n && a->k == b->k && a->dtype == b->dtype && a->a_type == b->a_type &&
           a->c_type == b->c_type && a->bias == b->bias && a->weights_transposed == b->weights_transposed &&
           a->a_scale_per_row == b->a_scale_per_row;
}

static hone_status take_operands(verify_run *run, const hone_problem *problem) {
    if (run->operands && same_data(&run->operands->problem, problem)) {
        run->operands->problem = *problem;
        return hone_reference_activate(run->reference, problem);
    }
    drop_operands(run);
    hone_status status =
        hone_operands_create(&run->operands, problem, (uint64_t)run->arguments->seed, PADDING);
    return status ? status : hone_reference_create(&run->reference, run->operands, 0);
}

static hone_status verify_problem(verify_run *run, hone_problem *problem) {
    const int all = run->arguments->config && strcmp(run->arguments->config, "all") == 0;
    char text[HONE_PROBLEM_TEXT], config[HONE_CONFIG_TEXT];
    hone_status status = HONE_OK;
    if (!all)
        status = config_choice_find(config, &run->choice, problem, run->context, run->device, run->threads);
    if (status)
        return config_choice_skip(&run->choice, status, "verify", problem, run->count);
    status = hone_problem_format(text, sizeof text, problem);
    if (!status)
        status = take_operands(run, problem);
    if (status)
        return status;
    return all ? verify_space(run, problem, text) : verify_one(run, text, config);
}

/* ------------------------------------------------------------------ command */

/* What was found is printed even when a later problem cannot be verified. */
static hone_status print_results(verify_run *run) {
    if (!run->array)
        return run->checked ? cli_grid_print(&run->grid, "0011111111110") : HONE_OK;
    json_t *array = run->array;
    run->array = NULL;
    return cli_print_json(array) ? HONE_E_DATA : HONE_OK;
}

static hone_status verify(const verify_arguments *arguments) {
    verify_run run = {.arguments = arguments};
    hone_problem *problems = NULL;
    hone_status status = cli_selected_problems(&problems, NULL, &run.count, &arguments->selectors, NULL);
    if (status)
        goto cleanup;
    status = hone_context_create(&run.context);
    if (status)
        goto cleanup;
    status = cli_selected_device(&run.device, &run.threads, run.context, &arguments->selectors);
    if (status)
        goto cleanup;
    int all = arguments->config && strcmp(arguments->config, "all") == 0;
    status = config_choice_open(&run.choice, all ? "default" : arguments->config, arguments->selectors.db);
    if (status)
        goto cleanup;
    if (arguments->selectors.json)
        run.array = json_array();
    for (int i = 0; i < run.count && !status; i++) {
        char text[HONE_PROBLEM_TEXT];
        if (hone_problem_format(text, sizeof text, &problems[i]) == HONE_OK)
            cli_progress((double)i / run.count, text);
        status = verify_problem(&run, &problems[i]);
    }
    cli_progress_end();
    hone_status printed = run.checked || (!status && !run.choice.skipped) ? print_results(&run) : HONE_OK;
    if (!status)
        status = printed;
    if (!status && run.wrong)
        status = hone_fail(HONE_E_WRONG, "%d of %d results are wrong; the first: %s", run.wrong, run.checked,
                           run.first_wrong);
    if (!status && run.choice.skipped) /* what was asked for is not verified */
        status = config_choice_refusal(&run.choice, run.count);
cleanup:
    drop_operands(&run);
    json_decref(run.array);
    config_choice_clear(&run.choice);
    hone_context_destroy(run.context);
    free(problems);
    return status;
}

int cli_run_verify(int argc, char **argv) {
    verify_arguments arguments = {.seed = 1};
    cli_option table[20];
    cli_selectors_init(&arguments.selectors);
    cli_selector_options(&arguments.selectors, table);
    const cli_option options[] = {
        {NULL, CLI_GROUP, table, NULL, "What to verify"},
        {"config", CLI_TEXT, &arguments.config, "CONFIG",
         "best (of the database), default, k=v,... (other keys: default, or the cheapest that fit), or all: "
         "every code path, with "
         "several blockings; without it: best where there is a database, else default"},
        {"seed", CLI_INT, &arguments.seed, "N", "of the operands; 1"},
        {NULL, CLI_FLAG, NULL, NULL, NULL},
    };
    int operands, help;
    hone_status status = cli_parse(&operands, &help, argc, argv, options,
                                   "hone verify (--shape MxNxK | --suite NAME) [options]",
                                   "Compares kernels with a fp64 reference: error, error bound and the "
                                   "health of the activation's outputs.",
                                   NULL);
    if (!status && help)
        return 0;
    if (!status && operands > 0)
        status = hone_fail(HONE_E_USAGE, "operand '%s' is not expected; see 'hone verify --help'", argv[1]);
    if (!status)
        status = verify(&arguments);
    return status ? cli_fail("verify", status) : 0;
}

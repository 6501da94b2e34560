/* hone gate: compares a candidate with a baseline. */
#include "cli_complete.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../kernels/status.h"
#include "../gate/gate.h"

typedef struct gate_arguments {
    const char *metric;
    double threshold, alpha;
    int64_t rounds;
    int json;
    const char *paths[2];
    char **selectors; /* after "--" */
    int selector_count;
} gate_arguments;

static const char description[] =
    "Compares two builds of the command (better: runs them alternately, the way to use it in CI) or two\n"
    "results files of hone bench --out. Each case is SAME, FAST, SLOW or UNSURE; a ratio above 1 is slower,\n"
    "whatever the metric. Exit code: 0 no case is slower, 1 a case is slower or wrong, 4 unreadable,\n"
    "5 no verdict: nothing to compare, more than half UNSURE, or a case that looks slower without proof.\n"
    "\n"
    "  hone gate old/hone new/hone -- --suite bert_base --dtype f32\n"
    "  hone gate monday.json tuesday.json";

/* Splits off what follows "--", for the builds. */
static int split(gate_arguments *arguments, int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--") == 0) {
            arguments->selectors = argv + i + 1;
            arguments->selector_count = argc - i - 1;
            return i;
        }
    }
    return argc;
}

/* Reads or measures both sides. */
static hone_status collect(hone_gate *gate, const gate_arguments *arguments) {
    int executables =
        hone_gate_is_executable(arguments->paths[0]) + hone_gate_is_executable(arguments->paths[1]);
    if (executables == 1)
        return hone_fail(HONE_E_USAGE, "'%s' and '%s' are a build and a results file; give two of a kind",
                         arguments->paths[0], arguments->paths[1]);
    if (executables == 2) {
        hone_gate_builds builds = {{arguments->paths[0], arguments->paths[1]},
                                   arguments->selector_count,
                                   (const char *const *)arguments->selectors,
                                   (int)arguments->rounds,
                                   cli_progress};
        hone_status status = hone_gate_run_builds(gate, &builds);
        cli_progress_end();
        return status;
    }
    if (arguments->selector_count > 0)
        return hone_fail(HONE_E_USAGE, "'%s' after --: results files are compared as they are",
                         arguments->selectors[0]);
    for (int side = 0; side < 2; side++) {
        hone_status status = hone_gate_add_file(gate, (hone_gate_side_name)side, arguments->paths[side]);
        if (status != HONE_OK)
            return status;
    }
    return HONE_OK;
}

/* ---- output */

static int is_compared(const hone_gate_case *c) {
    return c->verdict != HONE_GATE_MISSING && c->verdict != HONE_GATE_WRONG;
}

static json_t *case_json(const hone_gate *gate, const hone_gate_case *c) {
    return json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:s}", "name", c->name, "metric",
                     gate->options.metric->name, "verdict", hone_gate_verdict_name(c->verdict), "ratio",
                     cli_json_number(c->ratio), "ci_low", cli_json_number(c->low), "ci_high",
                     cli_json_number(c->high), "p_value", cli_json_number(c->p_value), "reason", c->reason);
}

static int print_json(const hone_gate *gate) {
    json_t *cases = json_array(), *missing = json_array();
    for (size_t i = 0; i < gate->count; i++) {
        const hone_gate_case *c = &gate->cases[i];
        if (c->verdict == HONE_GATE_MISSING)
            json_array_append_new(missing, json_pack("{s:s, s:s}", "name", c->name, "reason", c->reason));
        else
            json_array_append_new(cases, case_json(gate, c));
    }
    return cli_print_json(json_pack("{s:s, s:s, s:f, s:f, s:o, s:o}", "verdict",
                                    hone_gate_verdict_name(gate->verdict), "metric",
                                    gate->options.metric->name, "threshold", gate->options.threshold, "alpha",
                                    gate->options.alpha, "cases", cases, "missing", missing));
}

enum { COLUMNS = 5, CELL = 32 };

static hone_status print_table(const hone_gate *gate) {
    static const char *const header[COLUMNS] = {"case", "verdict", "ratio", "95% interval", ""};
    size_t rows = 1;
    for (size_t i = 0; i < gate->count; i++)
        rows += is_compared(&gate->cases[i]);
    const char **cells = calloc(rows * COLUMNS, sizeof *cells);
    char(*texts)[2][CELL] = calloc(rows, sizeof *texts);
    hone_status status = HONE_OK;
    if (!cells || !texts) {
        status = hone_fail(HONE_E_NOMEM, "no memory for a table of %zu rows", rows);
        goto cleanup;
    }
    memcpy(cells, header, sizeof header);
    size_t row = 1;
    for (size_t i = 0; i < gate->count; i++) {
        const hone_gate_case *c = &gate->cases[i];
        if (!is_compared(c))
            continue;
        snprintf(texts[row][0], CELL, "%.3f", c->ratio);
        if (isnan(c->low) || isnan(c->high))
            snprintf(texts[row][1], CELL, "unknown");
        else
            snprintf(texts[row][1], CELL, "%.3f to %.3f", c->low, c->high);
        const char *values[COLUMNS] = {c->name, hone_gate_verdict_name(c->verdict), texts[row][0],
                                       texts[row][1], c->reason};
        memcpy(cells + row * COLUMNS, values, sizeof values);
        row++;
    }
    if (rows > 1)
        cli_table(cells, (int)rows, COLUMNS, "00110");
    printf("%s: %s over %zu cases; ratio = candidate / baseline in time, above 1 is slower\n",
           hone_gate_verdict_name(gate->verdict), gate->options.metric->name, rows - 1);
cleanup:
    free(texts);
    free(cells);
    return status;
}

/* What was not compared, on stderr in both forms of output. */
static void print_left_out(const hone_gate *gate) {
    for (size_t i = 0; i < gate->count; i++)
        if (!is_compared(&gate->cases[i]))
            fprintf(stderr, "hone gate: %s %s: %s\n", hone_gate_verdict_name(gate->cases[i].verdict),
                    gate->cases[i].name, gate->cases[i].reason);
}

static hone_status run(const gate_arguments *arguments) {
    hone_gate *gate = NULL;
    hone_gate_options options = {hone_gate_metric_find(arguments->metric), arguments->threshold,
                                 arguments->alpha};
    if (!options.metric)
        return hone_fail(HONE_E_USAGE, "metric '%s' is unknown; one of %s", arguments->metric,
                         hone_gate_metric_names());
    if (arguments->rounds < 4 || arguments->rounds > 1000)
        return hone_fail(HONE_E_USAGE, "%lld rounds are out of range; 4 to 1000",
                         (long long)arguments->rounds);
    hone_status status = hone_gate_create(&gate, &options);
    if (status != HONE_OK)
        return status;
    status = collect(gate, arguments);
    if (status == HONE_OK)
        status = hone_gate_decide(gate);
    if (status != HONE_OK)
        goto cleanup;
    if (!arguments->json)
        status = print_table(gate);
    else if (print_json(gate) != 0)
        status = hone_fail(HONE_E_DATA, "cannot write to the standard output");
    print_left_out(gate);
    if (status == HONE_OK)
        status = hone_gate_status(gate);
cleanup:
    hone_gate_destroy(gate);
    return status;
}

int cli_run_gate(int argc, char **argv) {
    gate_arguments arguments = {.metric = "p50_us", .threshold = 0.05, .alpha = 0.01, .rounds = 10};
    const cli_option options[] = {
        {"metric", CLI_TEXT, &arguments.metric, "NAME", "p50_us (default), p95_us or gflops"},
        {"threshold", CLI_NUMBER, &arguments.threshold, "X",
         "smallest change that matters; 0.05 (default) is 5%"},
        {"rounds", CLI_INT, &arguments.rounds, "N", "rounds of both builds (default 10)"},
        {"alpha", CLI_NUMBER, &arguments.alpha, "P", "chance of a false alarm over all cases (default 0.01)"},
        {"json", CLI_FLAG, &arguments.json, NULL, "print the verdict and the cases as JSON"},
        {0},
    };
    int operands = 0, help = 0;
    int own = split(&arguments, argc, argv);
    if (cli_completing() && own < argc - 1)
        return cli_run_bench(argc - own, argv + own);
    if (cli_completing())
        own = argc;
    hone_status status =
        cli_parse(&operands, &help, own, argv, options,
                  "hone gate BASELINE CANDIDATE [options] [-- bench selectors]", description, NULL);
    if (help)
        return 0;
    if (status == HONE_OK && operands != 2)
        status = hone_fail(HONE_E_USAGE, "%d operands; give a baseline and a candidate", operands);
    if (status != HONE_OK)
        return cli_fail("gate", status);
    arguments.paths[0] = argv[1];
    arguments.paths[1] = argv[2];
    status = run(&arguments);
    return status == HONE_OK ? 0 : cli_fail("gate", status);
}

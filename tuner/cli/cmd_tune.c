/* hone tune: search the best configs of problems and store them. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../harness/clock.h"
#include "../../harness/environment.h"
#include "../../kernels/status.h"
#include "tune_print.h"
#include "tune_simulate.h"

/* Of a problem, when neither --budget nor --max-evals is given. */
static const double DEFAULT_BUDGET = 10;

typedef struct tune_arguments {
    cli_selectors selectors;
    const char *strategy, *objective, *shard;
    const char *cache, *space; /* of a simulation */
    double budget;             /* seconds of the whole command; 0: none; negative: not given */
    double max_error;
    int64_t max_evaluations, seed;
    int cold, again, no_transfer;
} tune_arguments;

typedef struct tune_command {
    const tune_arguments *arguments;
    hone_tune_options options;
    hone_problem *problems;
    const char **shapes;
    cli_tuned *tuned; /* of the problems done so far */
    int count, done, up_to_date, left_out;
    int64_t started;
    double budget;
    hone_context *context;
    const hone_device *device;
    hone_db *db;
    int64_t run;
    hone_status failure; /* of the first problem that failed by itself */
} tune_command;

/* ---- arguments */

static hone_status find_strategy(const hone_strategy **out, const char *name) {
    enum { MOST = 32 };
    const char *names[MOST];
    int count = hone_strategy_count() < MOST ? hone_strategy_count() : MOST;
    for (int i = 0; i < count; i++)
        names[i] = hone_strategy_at(i)->name;
    *out = hone_strategy_find(name);
    return *out ? HONE_OK : cli_unknown("strategy", name, names, count);
}

static hone_status parse_shard(hone_tune_options *options, const char *text) {
    int shard, shards, used = 0;
    if (!text)
        return HONE_OK;
    if (sscanf(text, "%9d/%9d%n", &shard, &shards, &used) != 2 || text[used] != '\0' || shard < 0 ||
        shard >= shards)
        return hone_fail(HONE_E_USAGE, "--shard '%s' is not I/N with 0 <= I < N, as in 0/4", text);
    options->shard = shard;
    options->shards = shards;
    return HONE_OK;
}

static hone_status resolve_options(tune_command *command) {
    const tune_arguments *arguments = command->arguments;
    hone_tune_options *options = &command->options;
    options->max_evaluations = arguments->max_evaluations;
    options->max_error = arguments->max_error;
    options->seed = (uint64_t)arguments->seed;
    options->cold = arguments->cold;
    options->no_transfer = arguments->no_transfer;
    if (arguments->max_error < 0)
        return hone_fail(HONE_E_USAGE,
                         "--max-error %g is negative; give the largest err_rel_fro, or 0 for any",
                         arguments->max_error);
    hone_status status = find_strategy(&options->strategy, arguments->strategy);
    if (status == HONE_OK)
        status =
            hone_objective_parse(&options->objective, arguments->objective ? arguments->objective : "p50");
    if (status == HONE_OK)
        status = parse_shard(options, arguments->shard);
    return status;
}

/* ---- one problem */

static double seconds_since(int64_t start) { return (double)(hone_clock_now() - start) / 1e9; }

/* How much of one problem is done, by whichever limit comes first. */
static double fraction_done(const tune_command *command, const hone_tune_progress *progress) {
    double evaluations = (double)progress->evaluations;
    double fraction = evaluations / (double)progress->space_size;
    if (command->options.max_evaluations > 0)
        fraction = fmax(fraction, evaluations / (double)command->options.max_evaluations);
    if (progress->budget_seconds > 0)
        fraction = fmax(fraction, progress->seconds / progress->budget_seconds);
    return fmin(fraction, 1);
}

/* Seconds until the end: of the budget, else as long as it has taken so far for each part; NaN at first. */
static double seconds_left(const tune_command *command, double fraction) {
    const double spent = seconds_since(command->started);
    if (command->budget > 0)
        return fmax(0, command->budget - spent);
    return fraction > 0.01 ? spent * (1 - fraction) / fraction : NAN;
}

static void show_progress(const hone_tune_progress *progress, void *context) {
    const tune_command *command = context;
    const double fraction = (command->done + fraction_done(command, progress)) / command->count;
    const double left = seconds_left(command, fraction);
    char text[320], best[48] = "", left_text[48] = "";
    if (isfinite(progress->best_us))
        snprintf(best, sizeof best, ", best %.*f us", progress->best_us < 100 ? 2 : 0, progress->best_us);
    if (strcmp(progress->stage, "search") != 0)
        snprintf(left_text, sizeof left_text, ", %s", progress->stage);
    else if (isfinite(left))
        snprintf(left_text, sizeof left_text, ", %.0f s left", left);
    /* What matters most comes first: a terminal may be narrow. */
    snprintf(text, sizeof text, "%d/%d%s%s, %" PRId64 " of %" PRId64 " configs of %s", command->done + 1,
             command->count, best, left_text, progress->evaluations, progress->space_size, progress->problem);
    cli_progress(fraction, text);
}

/* Whether a status ends the command rather than one problem. */
static int ends_command(hone_status status) {
    return status == HONE_E_DATA || status == HONE_E_NOMEM || status == HONE_E_INTERRUPTED;
}

/* Tunes a problem with its share of the budget left. */
static hone_status tune_anew(tune_command *command, cli_tuned *tuned) {
    if (command->budget > 0)
        command->options.budget_seconds =
            fmax(1e-3, command->budget - seconds_since(command->started)) / (command->count - command->done);
    return hone_tune_problem(&tuned->result, command->db, command->run, command->context, command->device,
                             tuned->problem, &command->options);
}

static hone_status find_tradeoffs(cli_tuned *tuned, const tune_command *command) {
    const hone_winner_subject subject = {
        .device = command->device,
        .problem = tuned->problem,
        .threads = command->options.threads,
        .mode = command->options.cold ? "cold" : "warm",
        .objective = hone_objective_name(command->options.objective),
        .max_error = command->options.max_error,
    };
    return command->arguments->selectors.json
               ? hone_db_tradeoffs(&tuned->tradeoffs, &tuned->tradeoff_count, command->db, &subject)
               : HONE_OK;
}

/* A failure of one problem is told, and leaves the others their turn. */
static hone_status tune_next(tune_command *command) {
    cli_tuned *tuned = &command->tuned[command->done];
    tuned->problem = &command->problems[command->done];
    tuned->shape = command->shapes[command->done];
    int known = 0;
    hone_status status = HONE_OK;
    /* A shard cannot tell from a winner whether its own configs have had their turn. */
    if (!command->arguments->again && command->options.shards == 0)
        status = hone_tune_known(&known, &tuned->result, command->db, command->device, tuned->problem,
                                 &command->options);
    if (status == HONE_OK && !known)
        status = tune_anew(command, tuned);
    if (status == HONE_OK)
        status = find_tradeoffs(tuned, command);
    command->up_to_date += known;
    command->done++;
    if (status == HONE_OK || ends_command(status))
        return status;
    command->failure = command->failure ? command->failure : status;
    cli_fail("tune", status);
    return HONE_OK;
}

/* A budget that is spent leaves problems out; running again goes on with them. */
static hone_status tune_all(tune_command *command) {
    hone_status status = HONE_OK;
    while (status == HONE_OK && command->done < command->count) {
        if (*command->options.stop)
            return hone_fail(HONE_E_INTERRUPTED, "stopped after %d of %d problems; what was measured is kept",
                             command->done, command->count);
        if (command->budget > 0 && seconds_since(command->started) >= command->budget) {
            command->left_out = command->count - command->done;
            return hone_fail(
                HONE_E_INCONCLUSIVE,
                "the budget of %g s ended before %d of %d problems; run again to go on, or give more",
                command->budget, command->left_out, command->count);
        }
        status = tune_next(command);
    }
    return status;
}

/* ---- the command */

static hone_status prepare(tune_command *command, const char *command_line) {
    const cli_selectors *selectors = &command->arguments->selectors;
    hone_status status = resolve_options(command);
    if (status == HONE_OK)
        status =
            cli_selected_problems(&command->problems, &command->shapes, &command->count, selectors, "quick");
    if (status != HONE_OK)
        return status;
    command->tuned = calloc((size_t)command->count + 1, sizeof *command->tuned);
    if (!command->tuned)
        return hone_fail(HONE_E_NOMEM, "no memory for %d problems", command->count);

    double budget = command->arguments->budget;
    if (budget < 0)
        budget = command->options.max_evaluations > 0 ? 0 : DEFAULT_BUDGET * command->count;
    command->budget = budget;

    hone_environment environment;
    hone_environment_read(&environment);
    status = hone_context_create_pinned(&command->context, 1);
    if (status == HONE_OK)
        status =
            cli_selected_device(&command->device, &command->options.threads, command->context, selectors);
    if (status == HONE_OK)
        status = cli_open_for_writing(&command->db, selectors->db);
    if (status == HONE_OK && !selectors->db) /* what the system's know is a start */
        status = hone_db_add_system(&command->db);
    if (status == HONE_OK)
        status = hone_db_run_begin(&command->run, command->db, command_line, &environment);
    return status;
}

static void release(tune_command *command) {
    for (int i = 0; i < command->done; i++) {
        hone_tune_result_clear(&command->tuned[i].result);
        free(command->tuned[i].tradeoffs);
    }
    free(command->tuned);
    free(command->problems);
    free(command->shapes);
    hone_db_close(command->db);
    hone_context_destroy(command->context);
}

/* Whether the budget or the evaluations were over with the default config. */
static int tried_one(const hone_tune_result *result) {
    return result->config[0] && result->evaluations == 1 && result->known == 0 && result->space_size > 1;
}

/* Results on stdout, then what became of the rest. Returns the exit code. */
static int print_results(const tune_command *command) {
    int64_t evaluations = 0;
    int hurried = 0, alone = 0;
    for (int i = 0; i < command->done; i++) {
        evaluations += command->tuned[i].result.evaluations;
        alone += tried_one(&command->tuned[i].result);
        hurried += command->tuned[i].result.config[0] && !isfinite(command->tuned[i].result.stats.p95);
    }
    cli_progress_end();
    int code = 0;
    if (command->arguments->selectors.json) {
        code = cli_print_json(
            cli_tuned_json(command->tuned, command->done, command->device, command->options.objective));
    } else {
        hone_status status = cli_tuned_print(command->tuned, command->done);
        code = status == HONE_OK ? 0 : cli_fail("tune", status);
    }
    fprintf(stderr, "%d problem%s, %d up to date%s, %" PRId64 " evaluation%s in %.1f s; database: %s\n",
            command->done, command->done == 1 ? "" : "s", command->up_to_date,
            command->up_to_date > 0 ? " (--again searches on)" : "", evaluations, evaluations == 1 ? "" : "s",
            seconds_since(command->started), command->db->path);
    cli_tuned_explain(command->tuned, command->done);
    cli_note_above_peak("tune", cli_tuned_above_peak(command->tuned, command->done), command->done);
    if (alone > 0)
        fprintf(stderr, "%d searched no further than the default config; --again with more goes on\n", alone);
    if (hurried > 0)
        fprintf(stderr, "%d without a p95, for want of %s; run again to go on\n", hurried,
                *command->options.stop ? "samples when it was stopped" : "time");
    return code;
}

static int tune(const tune_arguments *arguments, const char *command_line) {
    tune_command command = {.arguments = arguments, .started = hone_clock_now()};
    command.options.progress = show_progress;
    command.options.progress_context = &command;
    command.options.stop = cli_catch_stop();
    int code;
    hone_status status = prepare(&command, command_line);
    if (status == HONE_OK) {
        status = tune_all(&command);
        code = status == HONE_OK ? 0 : cli_fail("tune", status);
        int printed = print_results(&command);
        if (code == 0)
            code = printed ? printed : hone_status_exit_code(command.failure);
    } else {
        code = cli_fail("tune", status);
    }
    release(&command);
    return code;
}

/* What a cache has decided already cannot be chosen. */
static hone_status refuse_with_simulate(const tune_arguments *arguments) {
    const cli_selectors *selectors = &arguments->selectors;
    cli_selectors usual;
    cli_selectors_init(&usual);
    const struct {
        const char *name;
        int given;
    } refused[] = {
        {"shape", selectors->shapes.count},
        {"suite", selectors->suite != NULL},
        {"dtype", selectors->dtypes.count},
        {"act", selectors->acts.count},
        {"objective", arguments->objective != NULL},
        {"max-error", arguments->max_error != 0},
        {"shard", arguments->shard != NULL},
        {"cold", arguments->cold},
        {"again", arguments->again},
        {"no-transfer", arguments->no_transfer},
        {"threads", selectors->threads != 0},
        {"device", strcmp(selectors->device, usual.device) != 0},
        {"weights", strcmp(selectors->weights, usual.weights) != 0},
        {"transposed", selectors->transposed},
        {"nobias", selectors->nobias},
        {"rowscale", selectors->rowscale},
        {"a-type", selectors->a_type != NULL},
        {"out-type", selectors->out_type != NULL},
        {"db", selectors->db != NULL},
    };
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        if (refused[i].given)
            return hone_fail(HONE_E_USAGE,
                             "--%s does nothing with --simulate: the cache is of one problem, already "
                             "measured; leave it out",
                             refused[i].name);
    return HONE_OK;
}

static int simulate(const tune_arguments *arguments) {
    cli_simulation job = {
        .cache = arguments->cache,
        .space = arguments->space,
        .json = arguments->selectors.json,
        .options = {.seed = (uint64_t)arguments->seed,
                    .budget_seconds = fmax(0, arguments->budget),
                    .max_evaluations = arguments->max_evaluations,
                    .stop = cli_catch_stop()},
    };
    hone_status status = refuse_with_simulate(arguments);
    if (status == HONE_OK)
        status = find_strategy(&job.options.strategy, arguments->strategy);
    return status == HONE_OK ? cli_simulate(&job) : cli_fail("tune", status);
}

static hone_status check_arguments(const tune_arguments *arguments, const char *operand) {
    if (operand)
        return hone_fail(HONE_E_USAGE, "operand '%s' is not expected; see 'hone tune --help'", operand);
    if (arguments->space && !arguments->cache)
        return hone_fail(HONE_E_USAGE, "--space needs --simulate FILE, the cache whose space it is");
    return HONE_OK;
}

/* The command as it was typed, for the record of the run; malloc'ed. */
static char *join_command_line(int argc, char **argv) {
    size_t size = sizeof "hone";
    for (int i = 0; i < argc; i++)
        size += strlen(argv[i]) + 1;
    char *text = malloc(size);
    if (!text)
        return NULL;
    char *at = stpcpy(text, "hone");
    for (int i = 0; i < argc; i++)
        at = stpcpy(stpcpy(at, " "), argv[i]);
    return text;
}

int cli_run_tune(int argc, char **argv) {
    tune_arguments arguments = {.strategy = "auto", .budget = -1};
    cli_selectors_init(&arguments.selectors);
    cli_option table[20];
    cli_selector_options(&arguments.selectors, table);
    const cli_option options[] = {
        {"strategy", CLI_TEXT, &arguments.strategy, "NAME",
         "auto (default), exhaustive, random, local, genetic, annealing, differential or model"},
        {"budget", CLI_DURATION, &arguments.budget, "TIME",
         "of the whole command, as in 60s; 0: no limit; default: 10s a problem, none with --max-evals "
         "or --simulate"},
        {"max-evals", CLI_INT, &arguments.max_evaluations, "N",
         "new configs to evaluate per problem; 0 (default): any number"},
        {"objective", CLI_TEXT, &arguments.objective, "NAME", "p50 (default), p95 or throughput"},
        {"max-error", CLI_NUMBER, &arguments.max_error, "X",
         "largest relative error (Frobenius) of a winner; 0 (default): any within the error bound"},
        {"seed", CLI_INT, &arguments.seed, "N", "seed of the operands and of the search; default 0"},
        {"shard", CLI_TEXT, &arguments.shard, "I/N",
         "only every N-th config from the I-th on, 0 <= I < N; with --strategy exhaustive --budget 0 all N "
         "together evaluate what one search does"},
        {"cold", CLI_FLAG, &arguments.cold, NULL, "rotate operands through more than the last-level cache"},
        {"simulate", CLI_TEXT, &arguments.cache, "FILE",
         "replay a brute-forced cache instead of measuring: Kernel Tuner's or T4 results, plain or gzipped; "
         "--budget and --max-evals count its recorded times"},
        {"space", CLI_TEXT, &arguments.space, "FILE",
         "with --simulate: the space in T1; default: the configs that the cache has"},
        {"no-transfer", CLI_FLAG, &arguments.no_transfer, NULL,
         "start from the default config alone, not from what won on near shapes, other devices and builds"},
        {"again", CLI_FLAG, &arguments.again, NULL, "search on where a winner is known already"},
        {NULL, CLI_GROUP, table, NULL, "What to tune"},
        {NULL, CLI_FLAG, NULL, NULL, NULL},
    };
    char *command_line = join_command_line(argc, argv);
    if (!command_line) {
        hone_fail(HONE_E_NOMEM, "no memory for the command line");
        return cli_fail("tune", HONE_E_NOMEM);
    }
    int operands, help, code;
    hone_status status = cli_parse(
        &operands, &help, argc, argv, options, "hone tune [options]",
        "Searches the best config of each problem (default: suite quick), verifies and measures it,\n"
        "and stores everything in the database. Run again, it does only what is left to do.",
        NULL);
    if (status == HONE_OK && !help)
        status = check_arguments(&arguments, operands > 0 ? argv[1] : NULL);
    if (status != HONE_OK)
        code = cli_fail("tune", status);
    else
        code = help ? 0 : arguments.cache ? simulate(&arguments) : tune(&arguments, command_line);
    free(command_line);
    return code;
}

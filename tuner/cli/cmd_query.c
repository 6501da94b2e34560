/* hone query: the best known config of a problem, and how it matched. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../kernels/status.h"
#include "../db/db.h"
#include "cli_complete.h"
#include "tradeoffs.h"

typedef struct query_options {
    cli_selectors selectors;
    hone_lookup_options lookup;
    int pareto;
    int require; /* 1: the match must be of `worst` kind or better */
    hone_match_kind worst;
} query_options;

/* ---- options */

/* "--require=KIND" becomes "--require", since an option's value is not optional
 * elsewhere; without KIND only an exact match will do. */
static hone_status take_required_kind(query_options *options, int argc, char **argv) {
    static char plain[] = "--require";
    size_t length = strlen("--require=");
    options->worst = HONE_MATCH_EXACT;
    if (cli_completing()) {
        static const char *const words[] = {"--require=exact", "--require=near", "--require=family"};
        if (strncmp(argv[argc - 1], words[0], length) == 0)
            cli_complete_names(argv[argc - 1], words, 3);
        return HONE_OK;
    }
    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "--require=", length) != 0)
            continue;
        int kind = 0;
        while (kind < HONE_MATCH_DEFAULT &&
               strcmp(argv[i] + length, hone_match_kind_name((hone_match_kind)kind)) != 0)
            kind++;
        if (kind == HONE_MATCH_DEFAULT)
            return hone_fail(HONE_E_USAGE, "--require '%s' is unknown; one of exact, near, family",
                             argv[i] + length);
        options->worst = (hone_match_kind)kind;
        argv[i] = plain;
    }
    return HONE_OK;
}

static hone_status parse(query_options *options, int *help, int argc, char **argv) {
    cli_option selectors[20];
    int operands = 0;
    double max_error = 0;
    cli_selectors_init(&options->selectors);
    const cli_option table[] = {
        {"objective", CLI_TEXT, &options->lookup.objective, "NAME", "p50 (default), p95 or throughput"},
        {"max-error", CLI_NUMBER, &max_error, "X", "largest acceptable err_rel_fro; default: any"},
        {"isa", CLI_TEXT, &options->lookup.isa, "NAME",
         "only configs of this instruction set, or of this family of a GPU's kernels; default: any"},
        {"max-workspace", CLI_INT, &options->lookup.max_workspace, "BYTES",
         "largest acceptable memory of a plan beside its operands; default: any"},
        {"pareto", CLI_FLAG, &options->pareto, NULL,
         "of an exact match also the configs that are slower but more accurate, which --max-error chooses "
         "from"},
        {"require", CLI_FLAG, &options->require, NULL,
         "exit 1 unless the match is exact; --require=near or --require=family accept those too"},
        {"allow-stale", CLI_FLAG, &options->lookup.allow_stale, NULL,
         "answer with measurements of other kernel builds too"},
        {"Problem", CLI_GROUP, (void *)cli_selector_options(&options->selectors, selectors), NULL, "Problem"},
        {NULL, CLI_FLAG, NULL, NULL, NULL},
    };
    hone_status status = take_required_kind(options, argc, argv);
    if (status == HONE_OK)
        status = cli_parse(&operands, help, argc, argv, table, "hone query --shape MxNxK [options]",
                           "Prints the best known config of a problem, its measured time and error, and how "
                           "it matched.",
                           NULL);
    if (status == HONE_OK && operands > 0)
        status = hone_fail(HONE_E_USAGE, "'%s' is not an option; name a shape with --shape MxNxK", argv[1]);
    if (status == HONE_OK && max_error < 0)
        status = hone_fail(HONE_E_USAGE, "--max-error %g is negative; give a positive number", max_error);
    if (status == HONE_OK && options->pareto && (options->lookup.isa || options->lookup.max_workspace > 0))
        status = hone_fail(HONE_E_USAGE,
                           "--pareto is over all configs; leave --isa and --max-workspace out, or ask with "
                           "--max-error instead");
    options->lookup.max_rel_error = max_error;
    return status;
}

typedef struct answer {
    hone_match match;
    hone_winner *tradeoffs; /* of an exact match, with --pareto */
    int tradeoff_count;
} answer;

typedef struct answers {
    answer *list;
    int asked, count;
    int code; /* exit code of the first problem that has none; 0: all have */
} answers;

static void free_answers(answers *all) {
    for (int i = 0; i < all->count; i++)
        free(all->list[i].tradeoffs);
    free(all->list);
}

/* ---- the database */

/* A database that was named has to be there; the usual ones need not. */
static hone_status open_database(hone_db **out, const char *named) {
    char path[HONE_DB_PATH];
    hone_status status = named ? hone_db_open(out, named) : hone_db_open_layers(out, 0);
    if (status == HONE_OK && !*out && hone_db_default_path(path, sizeof path) == HONE_OK)
        fprintf(
            stderr,
            "hone query: there is no database at '%s' yet, so the answer is the default config; 'hone tune' "
            "makes one\n",
            path);
    return status;
}

/* ---- output */

static json_t *text_or_null(const char *text) { return text[0] ? json_string(text) : json_null(); }

static json_t *answer_to_json(const answer *one, int pareto) {
    const hone_match *match = &one->match;
    json_t *object = json_pack(
        "{s:s, s:s, s:o, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:I, s:o, s:s, s:b, s:o, s:o}", "match",
        hone_match_kind_name(match->kind), "problem", match->problem, "matched_problem",
        text_or_null(match->matched_problem), "device", match->device, "config", match->config, "p50_us",
        cli_json_number(match->p50_us), "p95_us", cli_json_number(match->p95_us), "gflops",
        cli_json_number(match->gflops), "err_rel_fro", cli_json_number(match->err_rel_fro), "err_bound_ratio",
        cli_json_number(match->err_bound_ratio), "samples", (json_int_t)match->samples, "measured_at",
        text_or_null(match->measured_at), "build", match->build, "stale", match->stale, "workspace_bytes",
        match->workspace >= 0 ? json_integer(match->workspace) : json_null(), "database",
        text_or_null(match->database));
    if (pareto)
        json_object_set_new(object, "pareto", cli_tradeoffs_json(one->tradeoffs, one->tradeoff_count));
    return object;
}

static void explain(const hone_match *match) {
    switch (match->kind) {
    case HONE_MATCH_EXACT:
        printf("exact: tuned for this problem on this device\n");
        return;
    case HONE_MATCH_NEAR:
        printf("near: this problem has no winner for these options; %s, the nearest that suits it, has\n",
               match->matched_problem);
        return;
    case HONE_MATCH_FAMILY:
        printf("family: nothing near was tuned on this device; %s was on %s\n", match->matched_problem,
               match->device);
        return;
    case HONE_MATCH_DEFAULT:
        printf("default: no winner for these options near this problem, on this device or its family; 'hone "
               "tune' "
               "finds one\n");
        return;
    }
}

/* Decimals that give at least three digits of a time or rate, and no exponent. */
static int decimals(double value) { return value < 10 ? 3 : value < 100 ? 2 : 1; }

static void print_match(const hone_match *match, double max_error) {
    printf("problem  %s\nmatch    ", match->problem);
    explain(match);
    printf("config   %s\n", match->config);
    if (match->kind == HONE_MATCH_DEFAULT && max_error > 0)
        printf("error    not known for this answer: it may exceed %g\n", max_error);
    if (match->kind == HONE_MATCH_DEFAULT)
        return;
    if (match->kind != HONE_MATCH_EXACT)
        printf("         what follows was measured on %s, with the config that won there\n",
               match->matched_problem);
    printf("time     p50 %.*f us", decimals(match->p50_us), match->p50_us);
    if (!isnan(match->p95_us))
        printf(", p95 %.*f us", decimals(match->p95_us), match->p95_us);
    printf(", %.*f GFLOP/s\n", decimals(match->gflops), match->gflops);
    printf("error    %.3g relative, %.3g of its bound\n", match->err_rel_fro, match->err_bound_ratio);
    if (match->workspace >= 0)
        printf("memory   %lld bytes beside the operands\n", (long long)match->workspace);
    printf("source   %lld samples, %s, build %s%s\n         %s\n", (long long)match->samples,
           match->measured_at, match->build, match->stale ? " (stale: not this build's kernels)" : "",
           match->database);
}

static void print_answer(const answer *one, const query_options *options) {
    print_match(&one->match, options->lookup.max_rel_error);
    if (one->tradeoff_count == 1)
        printf("pareto   nothing known is more accurate\n");
    if (one->tradeoff_count > 1) {
        printf("pareto   time against error\n");
        cli_tradeoffs_print(one->tradeoffs, one->tradeoff_count);
    }
}

/* What programs read depends on how many were asked, not on how many have an answer. */
static int print_all(const answers *all, const query_options *options) {
    int json = options->selectors.json;
    if (json && all->asked == 1)
        return all->count ? cli_print_json(answer_to_json(&all->list[0], options->pareto)) : 0;
    json_t *array = json ? json_array() : NULL;
    for (int i = 0; i < all->count; i++) {
        if (json)
            json_array_append_new(array, answer_to_json(&all->list[i], options->pareto));
        else
            print_answer(&all->list[i], options);
        if (!json && i + 1 < all->count)
            putchar('\n');
    }
    return json ? cli_print_json(array) : 0;
}

/* ---- the command */

/* Says so when kernels of another build would have had a better match. */
static hone_status note_stale(const hone_match *match, hone_db *db, const hone_context *context,
                              const query_options *options, const hone_lookup_options *asked,
                              const hone_problem *problem) {
    if (asked->allow_stale || match->kind == HONE_MATCH_EXACT)
        return HONE_OK;
    hone_match stale;
    hone_lookup_options lookup = *asked;
    lookup.allow_stale = 1;
    hone_status status = hone_db_lookup(&stale, db, context, options->selectors.device, problem, &lookup);
    if (status == HONE_OK && stale.stale && stale.kind < match->kind)
        fprintf(stderr,
                "hone query: %s: there is a stale %s match, measured with other kernels (build %s); "
                "'hone tune' measures it again, --allow-stale shows it\n",
                match->problem, hone_match_kind_name(stale.kind), stale.build);
    return status;
}

/* From the layer that answered; cold where it knows nothing warm. */
static hone_status find_tradeoffs(answer *one, hone_db *db, const hone_device *device,
                                  const hone_problem *problem, const hone_lookup_options *asked) {
    static const char *const modes[] = {"warm", "cold"};
    hone_winner_subject subject = {
        .device = device,
        .problem = problem,
        .threads = asked->threads,
        .objective = asked->objective ? asked->objective : "p50",
        .max_error = asked->max_rel_error,
    };
    hone_status status = HONE_OK;
    if (one->match.kind != HONE_MATCH_EXACT || one->match.stale)
        return HONE_OK;
    for (hone_db *layer = db; layer; layer = layer->below)
        for (int i = 0; i < 2 && !status && one->tradeoff_count == 0; i++) {
            subject.mode = modes[i];
            if (strcmp(layer->path, one->match.database) == 0)
                status = hone_db_tradeoffs(&one->tradeoffs, &one->tradeoff_count, layer, &subject);
        }
    return status;
}

static hone_status look_up(answer *one, hone_db *db, const hone_context *context, const hone_device *device,
                           const hone_problem *problem, const query_options *options,
                           const hone_lookup_options *lookup) {
    hone_match *match = &one->match;
    hone_status status = hone_db_lookup(match, db, context, options->selectors.device, problem, lookup);
    if (status == HONE_OK)
        status = note_stale(match, db, context, options, lookup, problem);
    if (status == HONE_OK && options->pareto)
        status = find_tradeoffs(one, db, device, problem, lookup);
    return status;
}

/* A problem without an answer keeps none from the others. HONE_OK: it is told, and the next can be asked. */
static hone_status note_missing(answers *all, hone_status status, const hone_problem *problem) {
    char text[HONE_PROBLEM_TEXT];
    if (all->asked == 1 || (status != HONE_E_NOMATCH && status != HONE_E_UNAVAILABLE))
        return status;
    if (hone_problem_format(text, sizeof text, problem) == HONE_OK && !strstr(hone_error_detail(), text))
        hone_fail_context(status, "%s", text);
    int code = cli_fail("query", status);
    all->code = all->code ? all->code : code;
    return HONE_OK;
}

static hone_status look_up_all(answers *all, const query_options *options) {
    hone_problem *problems = NULL;
    hone_context *context = NULL;
    hone_db *db = NULL;
    const hone_device *device;
    hone_lookup_options lookup = options->lookup;
    hone_status status = cli_selected_problems(&problems, NULL, &all->asked, &options->selectors, NULL);
    if (status == HONE_OK)
        status = hone_context_create(&context);
    if (status == HONE_OK)
        status = cli_selected_device(&device, &lookup.threads, context, &options->selectors);
    if (status == HONE_OK)
        status = open_database(&db, options->selectors.db);
    if (status == HONE_OK && !(all->list = calloc((size_t)all->asked, sizeof *all->list)))
        status = hone_fail(HONE_E_NOMEM, "no memory for %d answers", all->asked);
    for (int i = 0; i < all->asked && status == HONE_OK; i++) {
        status = look_up(&all->list[all->count], db, context, device, &problems[i], options, &lookup);
        if (status == HONE_OK)
            all->count++;
        else
            status = note_missing(all, status, &problems[i]);
    }
    hone_db_close(db);
    hone_context_destroy(context);
    free(problems);
    return status;
}

/* HONE_E_NOMATCH when an answer is worse than what was required. */
static hone_status check_required(const query_options *options, const answers *all) {
    for (int i = 0; i < all->count && options->require; i++) {
        const hone_match *match = &all->list[i].match;
        if (match->kind > options->worst)
            return hone_fail(
                HONE_E_NOMATCH, "%s: the best match is '%s' where '%s' is required; run 'hone tune' for it",
                match->problem, hone_match_kind_name(match->kind), hone_match_kind_name(options->worst));
    }
    return HONE_OK;
}

int cli_run_query(int argc, char **argv) {
    query_options options = {.lookup = {.threads = 0}};
    answers all = {0};
    int help = 0;
    hone_status status = parse(&options, &help, argc, argv);
    if (status != HONE_OK)
        return cli_fail("query", status);
    if (help)
        return 0;
    int code = 0;
    status = look_up_all(&all, &options);
    if (status == HONE_OK) {
        code = print_all(&all, &options);
        status = check_required(&options, &all);
    }
    free_answers(&all);
    code = code ? code : all.code;
    if (status != HONE_OK) {
        int failed = cli_fail("query", status);
        code = code ? code : failed;
    }
    return code;
}

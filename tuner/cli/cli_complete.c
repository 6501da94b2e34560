/* What a shell offers when the user asks it to complete a command line: names of
 * commands, then what the command's own option table has, then names from the
 * tables that the values are looked up in. */
#include <stdio.h>
#include <string.h>

#include "../../harness/provider.h"
#include "../../harness/suites.h"
#include "../../kernels/status.h"
#include "../gate/gate.h"
#include "../search/tune.h"
#include "cli_complete.h"

static int completing; /* a process completes one line, or none */

void cli_complete_start(void) { completing = 1; }

int cli_completing(void) { return completing; }

/* ---- candidates */

/* The word to complete; candidates repeat its first `kept` characters. */
typedef struct partial {
    const char *word;
    int kept;
} partial;

static void offer(partial at, const char *name) {
    const char *typed = at.word + at.kept;
    if (strncmp(name, typed, strlen(typed)) == 0)
        printf("%.*s%s\n", at.kept, at.word, name);
}

void cli_complete_names(const char *word, const char *const *names, int count) {
    for (int i = 0; i < count; i++)
        offer((partial){word, 0}, names[i]);
}

/* Offers the names in a text that has other characters between them. */
static void offer_listed(partial at, const char *text, const char *between) {
    char name[64];
    for (text += strspn(text, between); *text; text += strspn(text, between)) {
        int length = (int)strcspn(text, between);
        if (snprintf(name, sizeof name, "%.*s", length, text) == length)
            offer(at, name);
        text += length;
    }
}

/* ---- values */

/* What --dtype, --a-type and --out-type take is what a problem may have. */
static int is_dtype(hone_dtype dtype) {
    hone_problem problem;
    hone_problem_init(&problem, dtype, 0, 1, 1, 1);
    return hone_problem_check(&problem) == HONE_OK;
}

static int is_a_type(hone_dtype dtype) {
    hone_problem problem;
    hone_problem_init(&problem, HONE_S8, 0, 1, 1, 1);
    problem.a_type = dtype;
    return hone_problem_check(&problem) == HONE_OK;
}

static int is_out_type(hone_dtype dtype) {
    hone_problem problem;
    hone_problem_init(&problem, HONE_S8, 0, 1, 1, 1);
    problem.c_type = dtype;
    return hone_problem_check(&problem) == HONE_OK;
}

static void offer_types(partial at, int (*is_right)(hone_dtype dtype)) {
    for (int i = 0; i < HONE_DTYPE_COUNT; i++)
        if (is_right((hone_dtype)i))
            offer(at, hone_dtype_name((hone_dtype)i));
}

static void offer_dtypes(partial at) { offer_types(at, is_dtype); }
static void offer_a_types(partial at) { offer_types(at, is_a_type); }
static void offer_out_types(partial at) { offer_types(at, is_out_type); }

static void offer_activations(partial at) {
    for (int i = 0; i < hone_activation_count(); i++)
        offer(at, hone_activation_name(i));
}

static void offer_devices(partial at) {
    hone_context *context;
    if (hone_context_create(&context) != HONE_OK)
        return;
    const hone_device *devices;
    int count = hone_context_devices(&devices, context);
    for (int i = 0; i < count; i++)
        offer(at, devices[i].name);
    hone_context_destroy(context);
}

static void offer_code_paths(partial at) {
    hone_context *context;
    if (hone_context_create(&context) != HONE_OK)
        return;
    const hone_device *devices;
    int count = hone_context_devices(&devices, context);
    for (int i = 0; i < count; i++) {
        const hone_backend *backend = devices[i].backend;
        const char *const *path = backend->code_paths ? backend->code_paths(&devices[i]) : NULL;
        for (; path && *path; path++)
            offer(at, *path);
    }
    hone_context_destroy(context);
}

static void offer_suites(partial at) {
    for (int i = 0; i < hone_suite_count(); i++)
        offer(at, hone_suite_at(i)->name);
}

static void offer_providers(partial at) {
    for (int i = 0; i < hone_provider_count(); i++)
        offer(at, hone_provider_at(i)->name);
    offer(at, "all");
}

static void offer_strategies(partial at) {
    for (int i = 0; i < hone_strategy_count(); i++)
        offer(at, hone_strategy_at(i)->name);
}

static void offer_objectives(partial at) {
    for (int i = 0; i <= HONE_OBJECTIVE_THROUGHPUT; i++)
        offer(at, hone_objective_name((hone_objective)i));
}

static void offer_metrics(partial at) { offer_listed(at, hone_gate_metric_names(), ", "); }

/* Options whose values have names: from a function, or the names themselves. */
static const struct {
    const char *option, *value; /* as in the option's row */
    void (*offer)(partial at);
    const char *names;
} values[] = {
    {"dtype", "TYPE", offer_dtypes, NULL},        {"a-type", "TYPE", offer_a_types, NULL},
    {"out-type", "TYPE", offer_out_types, NULL},  {"act", "NAME", offer_activations, NULL},
    {"device", "NAME", offer_devices, NULL},      {"isa", "NAME", offer_code_paths, NULL},
    {"suite", "NAME", offer_suites, NULL},        {"provider", "NAME", offer_providers, NULL},
    {"strategy", "NAME", offer_strategies, NULL}, {"objective", "NAME", offer_objectives, NULL},
    {"metric", "NAME", offer_metrics, NULL},      {"weights", "HOW", NULL, "packed plain"},
    {"format", "NAME", NULL, "jsonl t4"},         {"config", "CONFIG", NULL, "best default"},
};

/* Files and folders are the shell's to name. */
static void offer_value(const cli_option *row, partial at) {
    if (strcmp(row->value, "FILE") == 0)
        puts(":files");
    if (strcmp(row->value, "DIR") == 0)
        puts(":folders");
    const char *comma = row->kind == CLI_LIST ? strrchr(at.word + at.kept, ',') : NULL;
    if (comma)
        at.kept = (int)(comma + 1 - at.word);
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        if (strcmp(values[i].option, row->name) != 0 || strcmp(values[i].value, row->value) != 0)
            continue;
        if (values[i].offer)
            values[i].offer(at);
        else
            offer_listed(at, values[i].names, " ");
    }
}

/* ---- a command's words */

static void offer_options(const char *word, const cli_option *const *rows, int count) {
    partial at = {word, 2};
    for (int i = 0; i < count; i++)
        offer(at, rows[i]->name);
    offer(at, "help");
}

/* What the synopsis has after the command's words: alternatives in small letters,
 * as in "activations|suites", or files, as in "[FILE]" and "DB...". */
static int offer_operands(const char *word, const char *synopsis) {
    char first[128] = "";
    for (const char *at = synopsis; *at; at += strspn(at, " ")) {
        int length = (int)strcspn(at, " ");
        snprintf(first, sizeof first, "%.*s", length, at);
        if (strpbrk(first, "|-[(") || first[0] < 'a' || first[0] > 'z')
            break;
        at += length;
    }
    if (strchr(first, '|')) {
        offer_listed((partial){word, 0}, first, "|");
        return 1;
    }
    if (first[strspn(first, "[")] < 'A' || first[strspn(first, "[")] > 'Z')
        return 0;
    puts(":files");
    return 1;
}

/* The row of an option that takes a value, by "name" or "name=..."; NULL: none. */
static const cli_option *find_valued(const char *text, const cli_option *const *rows, int count) {
    size_t length = strcspn(text, "=");
    for (int i = 0; i < count; i++)
        if (rows[i]->value && strlen(rows[i]->name) == length && strncmp(rows[i]->name, text, length) == 0)
            return rows[i];
    return NULL;
}

void cli_complete(int argc, char **argv, const cli_option *const *rows, int count, const char *synopsis) {
    if (argc < 2)
        return;
    const char *word = argv[argc - 1], *before = argc > 2 ? argv[argc - 2] : "";
    const char *equals = strncmp(word, "--", 2) == 0 ? strchr(word, '=') : NULL;
    const cli_option *row = NULL;
    if (equals)
        row = find_valued(word + 2, rows, count);
    else if (strncmp(before, "--", 2) == 0 && !strchr(before, '='))
        row = find_valued(before + 2, rows, count);

    if (row)
        offer_value(row, (partial){word, equals ? (int)(equals + 1 - word) : 0});
    else if (strcmp(word, "-") == 0)
        offer_options("--", rows, count);
    else if (strncmp(word, "--", 2) == 0)
        offer_options(word, rows, count);
    else if (!offer_operands(word, synopsis) && *word == '\0')
        offer_options("--", rows, count);
}

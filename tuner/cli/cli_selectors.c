/* The selectors: from --suite, --shape, --dtype and --act to problems. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../harness/suites.h"
#include "../../kernels/activation.h"
#include "../../kernels/status.h"
#include "cli.h"

void cli_selectors_init(cli_selectors *selectors) {
    memset(selectors, 0, sizeof *selectors);
    selectors->device = "cpu";
    selectors->weights = "packed";
}

const cli_option *cli_selector_options(cli_selectors *selectors, cli_option table[20]) {
    const cli_option rows[] = {
        {"device", CLI_TEXT, &selectors->device, "NAME",
         "device to run on: cpu (default), opencl, cuda, opencl:1; emit and `list spaces` also take "
         "descriptions, as cuda:h200"},
        {"suite", CLI_TEXT, &selectors->suite, "NAME", "a suite of real shapes; see 'hone list suites'"},
        {"shape", CLI_LIST, &selectors->shapes, "MxNxK", "shapes, separated by commas"},
        {"dtype", CLI_LIST, &selectors->dtypes, "TYPE",
         "data types: f32 (default; `list spaces`: all), f16, bf16, s8; separated by commas; default of a "
         "suite: all "
         "of its own"},
        {"act", CLI_LIST, &selectors->acts, "NAME",
         "activations, separated by commas; parameters as in clip:min=0:max=6; default: identity, of a suite "
         "its own"},
        {"threads", CLI_INT, &selectors->threads, "N", "threads; 0 (default): all of the device"},
        {"weights", CLI_TEXT, &selectors->weights, "HOW",
         "packed (default): B is packed once, outside the time; plain: in every call"},
        {"transposed", CLI_FLAG, &selectors->transposed, NULL, "B is stored N x K"},
        {"nobias", CLI_FLAG, &selectors->nobias, NULL, "no bias is added"},
        {"rowscale", CLI_FLAG, &selectors->rowscale, NULL, "s8: A has a scale and a zero point per row"},
        {"a-type", CLI_TEXT, &selectors->a_type, "TYPE", "s8: type of A; s8 (default) or u8"},
        {"out-type", CLI_TEXT, &selectors->out_type, "TYPE", "s8: type of C; s8 (default), u8, f16 or f32"},
        {"db", CLI_TEXT, &selectors->db, "FILE",
         "database; default: $HONE_DB, else hone/hone.db in the XDG data folder"},
        {"json", CLI_FLAG, &selectors->json, NULL, "print machine-readable results"},
        {NULL, CLI_FLAG, NULL, NULL, NULL},
    };
    _Static_assert(sizeof rows <= 20 * sizeof rows[0], "the table has room for 20 rows");
    memcpy(table, rows, sizeof rows);
    return table;
}

/* ---- one word each */

static hone_status parse_dimension(int64_t *out, const char **text, const char *shape, char name, char end) {
    char *stop;
    errno = 0;
    long long value = strtoll(*text, &stop, 10);
    int negative = **text == '-';
    if (stop == *text || *stop != end || !(negative || (**text >= '0' && **text <= '9')))
        return hone_fail(HONE_E_USAGE, "shape '%s' is not MxNxK, three whole numbers as in 128x3072x768",
                         shape);
    if (errno == ERANGE || value < 1 || value > HONE_MAX_DIM)
        return hone_fail(HONE_E_USAGE, "shape '%s': %c = %.*s is out of range; 1 .. %lld", shape, name,
                         (int)(stop - *text), *text, (long long)HONE_MAX_DIM);
    *out = value;
    *text = end ? stop + 1 : stop;
    return HONE_OK;
}

static hone_status parse_shape(hone_shape *out, const char *text) {
    hone_shape shape = {.suite = "", .name = ""};
    const char *at = text;
    hone_status status = parse_dimension(&shape.m, &at, text, 'M', 'x');
    if (status == HONE_OK)
        status = parse_dimension(&shape.n, &at, text, 'N', 'x');
    if (status == HONE_OK)
        status = parse_dimension(&shape.k, &at, text, 'K', '\0');
    if (status == HONE_OK)
        *out = shape;
    return status;
}

static hone_status parse_dtype(hone_dtype *out, const char *name) {
    if (hone_dtype_parse(out, name) == HONE_OK)
        return HONE_OK;
    return hone_fail(HONE_E_USAGE, "data type '%s' is unknown; one of f32, f16, bf16, s8", name);
}

static hone_status parse_act_param(double params[HONE_ACT_MAX_PARAMS], const hone_act_info *info,
                                   char *text) {
    char *value = strchr(text, '=');
    if (!value)
        return hone_fail(HONE_E_USAGE, "activation parameter '%s' has no value; write %s:name=value", text,
                         info->name);
    *value++ = '\0';
    const char *names[HONE_ACT_MAX_PARAMS];
    for (int i = 0; i < info->param_count; i++) {
        names[i] = info->params[i].name;
        if (strcmp(names[i], text) != 0)
            continue;
        char *end;
        double number = strtod(value, &end);
        if (end == value || *end != '\0' || !(number >= info->params[i].min && number <= info->params[i].max))
            return hone_fail(HONE_E_USAGE, "%s: %s '%s' is not a number in %g .. %g", info->name, text, value,
                             info->params[i].min, info->params[i].max);
        params[i] = number;
        return HONE_OK;
    }
    if (info->param_count == 0)
        return hone_fail(HONE_E_USAGE, "activation '%s' has no parameters, got '%s'", info->name, text);
    char what[64];
    snprintf(what, sizeof what, "parameter of %s", info->name);
    return cli_unknown(what, text, names, info->param_count);
}

typedef struct activation_choice {
    hone_activation act;
    double params[HONE_ACT_MAX_PARAMS];
} activation_choice;

static hone_status unknown_activation(const char *name) {
    enum { MOST = 64 };
    const char *names[MOST];
    if (strchr(name, '='))
        return hone_fail(HONE_E_USAGE,
                         "'%s' is no activation; a parameter follows its activation after a colon, as in "
                         "clip:min=0:max=6",
                         name);
    int count = hone_activation_count() < MOST ? hone_activation_count() : MOST;
    for (int i = 0; i < count; i++)
        names[i] = hone_activation_name(i);
    return cli_unknown("activation", name, names, count);
}

/* "name" or "name:key=value:key=value" */
static hone_status parse_activation(activation_choice *out, const char *text) {
    char copy[128];
    if ((size_t)snprintf(copy, sizeof copy, "%s", text) >= sizeof copy)
        return hone_fail(HONE_E_USAGE, "activation '%s' is too long", text);
    char *save = NULL;
    const char *name = strtok_r(copy, ":", &save);
    activation_choice choice = {0};
    if (!name || hone_activation_parse(&choice.act, name) != HONE_OK)
        return unknown_activation(name ? name : text);
    const hone_act_info *info = hone_activation_info(choice.act);
    for (int i = 0; i < info->param_count; i++)
        choice.params[i] = info->params[i].value;
    if (save && *save && info->per_column)
        return hone_fail(HONE_E_USAGE, "'%s': the %s of %s is a value per column of the operands, no option",
                         text, info->params[0].name, info->name);
    for (char *item = strtok_r(NULL, ":", &save); item; item = strtok_r(NULL, ":", &save)) {
        hone_status status = parse_act_param(choice.params, info, item);
        if (status != HONE_OK)
            return status;
    }
    *out = choice;
    return HONE_OK;
}

/* One of two words; `out` is set to whether it is the second. */
static hone_status parse_either(int *out, const char *option, const char *word, const char *first,
                                const char *second) {
    if (strcmp(word, first) != 0 && strcmp(word, second) != 0)
        return hone_fail(HONE_E_USAGE, "--%s '%s' is unknown; %s or %s", option, word, first, second);
    *out = strcmp(word, second) == 0;
    return HONE_OK;
}

/* ---- lists of choices, on the way to their product */

enum { MAX_CHOICES = 256 };

typedef struct choices {
    int shape_count, dtype_count, act_count;
    hone_shape shapes[MAX_CHOICES];
    hone_dtype dtypes[64];
    activation_choice acts[64];
} choices;

static hone_status unknown_suite(const char *name) {
    const char *names[MAX_CHOICES];
    int count = hone_suite_count() < MAX_CHOICES ? hone_suite_count() : MAX_CHOICES;
    for (int i = 0; i < count; i++)
        names[i] = hone_suite_at(i)->name;
    return cli_unknown("suite", name, names, count);
}

static hone_status choose_suite(choices *chosen, const hone_suite *suite) {
    for (int i = 0; i < hone_shape_count(); i++) {
        const hone_shape *shape = hone_shape_at(i);
        if (strcmp(shape->suite, suite->name) != 0)
            continue;
        if (chosen->shape_count == MAX_CHOICES)
            return hone_fail(HONE_E_USAGE, "suite '%s' has more than %d shapes", suite->name, MAX_CHOICES);
        chosen->shapes[chosen->shape_count++] = *shape;
    }
    return HONE_OK;
}

static hone_status choose_shapes(choices *chosen, const cli_list *list) {
    for (int i = 0; i < list->count; i++) {
        hone_status status = parse_shape(&chosen->shapes[i], list->items[i]);
        if (status != HONE_OK)
            return status;
    }
    chosen->shape_count = list->count;
    return HONE_OK;
}

static hone_status choose_dtypes(choices *chosen, const cli_list *list) {
    for (int i = 0; i < list->count; i++) {
        hone_status status = parse_dtype(&chosen->dtypes[i], list->items[i]);
        if (status != HONE_OK)
            return status;
    }
    chosen->dtype_count = list->count;
    return HONE_OK;
}

static hone_status choose_acts(choices *chosen, const cli_list *list) {
    for (int i = 0; i < list->count; i++) {
        hone_status status = parse_activation(&chosen->acts[i], list->items[i]);
        if (status != HONE_OK)
            return status;
    }
    chosen->act_count = list->count;
    return HONE_OK;
}

/* What was chosen for an option, else the items of `text`, kept in `fallback`. */
static const cli_list *or_default(const cli_list *list, cli_list *fallback, const char *text) {
    memset(fallback, 0, sizeof *fallback);
    if (list->count > 0 || cli_list_add(fallback, "default", text) != HONE_OK)
        return list;
    return fallback;
}

static hone_status choose(choices *chosen, const cli_selectors *selectors, const char *default_suite) {
    memset(chosen, 0, sizeof *chosen);
    if (selectors->suite && selectors->shapes.count > 0)
        return hone_fail(HONE_E_USAGE, "--suite '%s' and --shape '%s' exclude each other; give one",
                         selectors->suite, selectors->shapes.items[0]);
    const hone_suite *suite = NULL;
    hone_status status;
    if (selectors->shapes.count > 0) {
        status = choose_shapes(chosen, &selectors->shapes);
    } else {
        const char *name = selectors->suite ? selectors->suite : default_suite;
        if (!name)
            return hone_fail(HONE_E_USAGE, "no problem was named; give --shape MxNxK or --suite NAME");
        suite = hone_suite_find(name);
        status = suite ? choose_suite(chosen, suite) : unknown_suite(name);
    }
    cli_list fallback;
    if (status == HONE_OK)
        status =
            choose_dtypes(chosen, or_default(&selectors->dtypes, &fallback, suite ? suite->dtypes : "f32"));
    if (status == HONE_OK)
        status = choose_acts(
            chosen, or_default(&selectors->acts, &fallback, suite ? suite->activations : "identity"));
    if (status == HONE_OK && (!chosen->shape_count || !chosen->dtype_count || !chosen->act_count))
        status = hone_fail(HONE_E_USAGE, "suite '%s' holds no problem", suite ? suite->name : "");
    return status;
}

/* ---- problems */

/* The fields that do not come from a list. */
static hone_status apply_options(hone_problem *problem, const cli_selectors *selectors) {
    problem->bias = !selectors->nobias;
    problem->weights_transposed = selectors->transposed;
    problem->a_scale_per_row = selectors->rowscale;
    hone_status status =
        parse_either(&problem->weights_plain, "weights", selectors->weights, "packed", "plain");
    if (status == HONE_OK && selectors->a_type)
        status = parse_dtype(&problem->a_type, selectors->a_type);
    if (status == HONE_OK && selectors->out_type)
        status = parse_dtype(&problem->c_type, selectors->out_type);
    return status == HONE_OK ? hone_problem_check(problem) : status;
}

hone_status cli_selected_problems(hone_problem **out, const char ***names, int *count,
                                  const cli_selectors *selectors, const char *default_suite) {
    choices chosen;
    hone_status status = choose(&chosen, selectors, default_suite);
    if (status != HONE_OK)
        return status;
    size_t total = (size_t)chosen.shape_count * (size_t)chosen.dtype_count * (size_t)chosen.act_count;
    hone_problem *problems = calloc(total + 1, sizeof *problems);
    const char **labels = calloc(total + 1, sizeof *labels);
    if (!problems || !labels) {
        status = hone_fail(HONE_E_NOMEM, "no memory for %zu problems", total);
        goto cleanup;
    }
    for (size_t i = 0; i < total; i++) {
        const hone_shape *shape = &chosen.shapes[i / (size_t)(chosen.dtype_count * chosen.act_count)];
        const activation_choice *act = &chosen.acts[i % (size_t)chosen.act_count];
        hone_dtype dtype = chosen.dtypes[i / (size_t)chosen.act_count % (size_t)chosen.dtype_count];
        hone_problem_init(&problems[i], dtype, act->act, shape->m, shape->n, shape->k);
        memcpy(problems[i].act_params, act->params, sizeof act->params);
        labels[i] = shape->name;
        status = apply_options(&problems[i], selectors);
        if (status != HONE_OK)
            goto cleanup;
    }
    *out = problems;
    problems = NULL;
    *count = (int)total;
    if (names) {
        *names = labels;
        labels = NULL;
    }
cleanup:
    free(problems);
    free(labels);
    return status;
}

typedef hone_status find_device(const hone_device **out, const hone_context *context, const char *name);

/* A device that is not there may be a description that is mistyped; "cuda:1" is none. */
static hone_status check_description(hone_status status, const char *name) {
    enum { MOST = 32 };
    char backend[32];
    const char *names[MOST], *number = name + strcspn(name, ":");
    snprintf(backend, sizeof backend, "%.*s", (int)(number - name), name);
    const hone_backend *found = hone_backend_find(backend);
    number += *number == ':';
    if (!found || !found->descriptions || !number[strspn(number, "0123456789")])
        return status;
    int count = 0;
    while (count < MOST && found->descriptions[count]) {
        names[count] = found->descriptions[count];
        count++;
    }
    return cli_unknown("device", name, names, count);
}

static hone_status select_device(const hone_device **out, int *threads, const hone_context *context,
                                 const cli_selectors *selectors, find_device *find) {
    const hone_device *device = NULL;
    hone_status status = find(&device, context, selectors->device);
    if (status == HONE_E_UNAVAILABLE && find == hone_context_described)
        status = check_description(status, selectors->device);
    if (status != HONE_OK)
        return status;
    if (selectors->threads > device->threads)
        return hone_fail(HONE_E_USAGE, "--threads %lld is more than the %d of device '%s'",
                         (long long)selectors->threads, device->threads, device->name);
    *out = device;
    *threads = selectors->threads > 0 ? (int)selectors->threads : device->threads;
    return HONE_OK;
}

hone_status cli_selected_device(const hone_device **out, int *threads, const hone_context *context,
                                const cli_selectors *selectors) {
    return select_device(out, threads, context, selectors, hone_context_device);
}

hone_status cli_described_device(const hone_device **out, int *threads, const hone_context *context,
                                 const cli_selectors *selectors) {
    return select_device(out, threads, context, selectors, hone_context_described);
}

#include "choose_config.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../../kernels/status.h"
#include "../db/db.h"
#include "../search/search.h"
#include "cli.h"

static int is_best(const config_choice *choice) { return choice->text && strcmp(choice->text, "best") == 0; }

static int is_default(const config_choice *choice) {
    return choice->text && strcmp(choice->text, "default") == 0;
}

/* "weights" is no parameter of a space but says how the problem stores B. */
static hone_status take_weights(config_choice *choice, const hone_config *all) {
    for (int i = 0; i < all->count; i++) {
        const hone_config_item *item = &all->items[i];
        hone_status status = HONE_OK;
        if (strcmp(item->key, "weights") != 0)
            status = hone_config_set(&choice->given, item->key, item->value);
        else if (strcmp(item->value, "plain") == 0 || strcmp(item->value, "packed") == 0)
            choice->weights = strcmp(item->value, "plain") == 0;
        else
            status = hone_fail(HONE_E_USAGE, "--config weights=%s: weights are packed or plain", item->value);
        if (status)
            return status;
    }
    return HONE_OK;
}

/* Without --config and --db, databases that are not there are no error. */
static hone_status open_db(config_choice *choice) {
    return choice->text || choice->db_path ? hone_db_open(&choice->db, choice->db_path)
                                           : hone_db_open_layers(&choice->db, 1);
}

hone_status config_choice_open(config_choice *choice, const char *text, const char *db_path) {
    *choice = (config_choice){.text = text, .db_path = db_path, .weights = -1};
    if (!text || is_best(choice))
        return open_db(choice);
    if (is_default(choice))
        return HONE_OK;
    hone_config all;
    hone_status status = hone_config_parse(&all, text);
    if (!status && all.count == 0)
        status = hone_fail(HONE_E_USAGE, "--config is empty; give best, default or k=v,...");
    if (status)
        return hone_fail_context(status, "--config '%s'", text);
    return take_weights(choice, &all);
}

void config_choice_clear(config_choice *choice) {
    hone_db_close(choice->db);
    choice->db = NULL;
}

static hone_status look_up(char out[HONE_CONFIG_TEXT], const config_choice *choice,
                           const hone_problem *problem, const hone_context *context,
                           const hone_device *device, int threads) {
    hone_match match;
    const hone_lookup_options options = {.threads = threads};
    hone_status status = hone_db_lookup(&match, choice->db, context, device->name, problem, &options);
    if (!status)
        snprintf(out, HONE_CONFIG_TEXT, "%s", match.config);
    return status;
}

/* Leaves each given key its one value in the space. 0: it has no such key or value. */
static int restrict_space(hone_space *space, const hone_config *given) {
    for (int i = 0; i < given->count; i++) {
        char value[24] = "";
        int found = 0;
        for (int p = 0; p < space->param_count && !found; p++) {
            hone_param *param = &space->params[p];
            if (strcmp(param->name, given->items[i].key) != 0)
                continue;
            for (int v = 0; v < param->count && !found; v++) {
                hone_value_format(value, &param->values[v]);
                if (strcmp(value, given->items[i].value) != 0)
                    continue;
                param->values[0] = param->values[v];
                param->count = 1;
                found = 1;
            }
        }
        if (!found)
            return 0;
    }
    return 1;
}

/* The legal config with the given keys that the backend's model finds cheapest. HONE_E_USAGE: there is none.
 */
static hone_status complete(hone_config *out, const hone_space *space, const hone_device *device,
                            const hone_problem *problem, int threads) {
    hone_points *points = NULL;
    double least = INFINITY;
    hone_status status = hone_points_create(&points, space);
    for (int64_t i = 0; !status && i < points->count; i++) {
        hone_config config;
        status = hone_points_config(&config, points, i);
        const double cost =
            !status && device->backend->cost ? device->backend->cost(device, problem, &config, threads) : 0;
        if (!status && (i == 0 || cost < least)) {
            *out = config;
            least = cost;
        }
    }
    hone_points_destroy(points);
    return status;
}

/* Whether a constraint holds for any values of the parameters from number `first` on. */
static int can_hold(const hone_expr *rule, const hone_space *space, int first,
                    const hone_value *values[HONE_SPACE_MAX_CONSTANTS + HONE_SPACE_MAX_PARAMS]) {
    int p = first;
    while (p < space->param_count && !hone_expr_uses(rule, space->constant_count + p))
        p++;
    if (p == space->param_count)
        return hone_expr_eval(rule, values) != 0;
    for (int v = 0; v < space->params[p].count; v++) {
        values[space->constant_count + p] = &space->params[p].values[v];
        if (can_hold(rule, space, p + 1, values))
            return 1;
    }
    return 0;
}

/* A rule of the space that the given keys break by themselves; NULL: none does, or it takes several. */
static const hone_expr *find_broken(const hone_space *space) {
    const hone_value *values[HONE_SPACE_MAX_CONSTANTS + HONE_SPACE_MAX_PARAMS] = {NULL};
    for (int i = 0; i < space->constant_count; i++)
        values[i] = &space->constants[i].value;
    for (int i = 0; i < space->constraint_count; i++)
        if (!can_hold(space->constraints[i], space, 0, values))
            return space->constraints[i];
    return NULL;
}

/* Of a space that has been restricted to the given keys and has no point. */
static hone_status fail_given(const hone_space *space, const hone_config *given) {
    enum { RULE_TEXT = 160 }; /* longer ones say nothing to a reader */
    char text[HONE_CONFIG_TEXT];
    hone_status status = hone_config_format(text, sizeof text, given);
    if (status)
        return status;
    const hone_expr *broken = find_broken(space);
    if (broken && strlen(hone_expr_text(broken)) <= RULE_TEXT)
        return hone_fail(HONE_E_USAGE, "no config with %s is legal for this problem, by the constraint '%s'",
                         text, hone_expr_text(broken));
    return hone_fail(HONE_E_USAGE,
                     "no config with %s is legal for this problem; 'hone list spaces' prints the constraints",
                     text);
}

/* The given keys, the others being the default's where that is legal. */
static hone_status apply(hone_config *config, const hone_config *given, const hone_device *device,
                         const hone_problem *problem, int threads) {
    hone_space *space;
    char reason[512];
    hone_status status = HONE_OK;
    for (int i = 0; !status && i < given->count; i++)
        status = hone_config_set(config, given->items[i].key, given->items[i].value);
    if (status || (status = device->backend->space(&space, device, problem, threads)))
        return status;
    status = hone_space_check(space, config);
    if (status == HONE_E_USAGE && given->count < space->param_count) {
        snprintf(reason, sizeof reason, "%s", hone_error_detail());
        status = !restrict_space(space, given) ? hone_fail(HONE_E_USAGE, "%s", reason)
                                               : complete(config, space, device, problem, threads);
        if (status == HONE_E_USAGE && restrict_space(space, given))
            status = fail_given(space, given);
    }
    hone_space_destroy(space);
    return status;
}

hone_status config_choice_find(char out[HONE_CONFIG_TEXT], const config_choice *choice, hone_problem *problem,
                               const hone_context *context, const hone_device *device, int threads) {
    hone_config config;
    if (!device->backend->space)
        return hone_fail(HONE_E_UNAVAILABLE, "hone has no kernels for %s yet; use --device cpu",
                         device->name);
    if (choice->weights == 0 && problem->weights_plain)
        return hone_fail(HONE_E_USAGE, "--config weights=packed contradicts --weights plain");
    if (choice->weights >= 0)
        problem->weights_plain = choice->weights;
    const int described = device->backend->described && device->backend->described(device->name);
    if (choice->db && !described) /* nothing was measured on a description */
        return look_up(out, choice, problem, context, device, threads);
    hone_status status = device->backend->default_config(&config, device, problem, threads, NULL);
    if (!status)
        status = apply(&config, &choice->given, device, problem, threads);
    if (status)
        return choice->given.count ? hone_fail_context(status, "--config '%s'", choice->text) : status;
    return hone_config_format(out, HONE_CONFIG_TEXT, &config);
}

hone_status config_choice_skip(config_choice *choice, hone_status status, const char *command,
                               const hone_problem *problem, int count) {
    char text[HONE_PROBLEM_TEXT], reason[512];
    if (count == 1 || (status != HONE_E_USAGE && status != HONE_E_UNAVAILABLE))
        return status;
    snprintf(reason, sizeof reason, "%s", hone_error_detail());
    if (hone_problem_format(text, sizeof text, problem) != HONE_OK)
        return status;
    cli_progress_end();
    fprintf(stderr, "hone %s: %s is skipped: %s\n", command, text, reason);
    if (choice->skipped++ == 0)
        choice->refusal = status;
    return HONE_OK;
}

hone_status config_choice_refusal(const config_choice *choice, int count) {
    return hone_fail(choice->refusal, "%d of %d problems cannot have the config; see above", choice->skipped,
                     count);
}

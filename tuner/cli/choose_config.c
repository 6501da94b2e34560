#include "choose_config.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../../kernels/status.h"
#include "../db/db.h"

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
                                           : hone_db_open_layers(&choice->db);
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

hone_status config_check(const hone_config *config, const hone_device *device, const hone_problem *problem,
                         int threads) {
    hone_space *space;
    hone_status status = device->backend->space(&space, device, problem, threads);
    if (status)
        return status;
    status = hone_space_check(space, config);
    hone_space_destroy(space);
    return status;
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

hone_status config_choice_find(char out[HONE_CONFIG_TEXT], const config_choice *choice, hone_problem *problem,
                               const hone_context *context, const hone_device *device, int threads) {
    hone_config config;
    if (!device->backend->space)
        return hone_fail(HONE_E_UNAVAILABLE, "hone has no kernels for %s yet; use --device cpu",
                         device->name);
    if (choice->weights >= 0)
        problem->weights_plain = choice->weights;
    const int described = device->backend->described && device->backend->described(device->name);
    if (choice->db && !described) /* nothing was measured on a description */
        return look_up(out, choice, problem, context, device, threads);
    hone_status status = device->backend->default_config(&config, device, problem, threads, NULL);
    for (int i = 0; !status && i < choice->given.count; i++)
        status = hone_config_set(&config, choice->given.items[i].key, choice->given.items[i].value);
    if (!status)
        status = config_check(&config, device, problem, threads);
    if (status == HONE_E_USAGE && choice->given.count && choice->given.count < config.count)
        status = hone_fail(status, "%s; the keys that you left out have the default's values",
                           hone_error_detail());
    if (status)
        return choice->given.count ? hone_fail_context(status, "--config '%s'", choice->text) : status;
    return hone_config_format(out, HONE_CONFIG_TEXT, &config);
}

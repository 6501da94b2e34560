#include "space.h"

#include <stdlib.h>
#include <string.h>

#include "status.h"

enum { MAX_NAMES = HONE_SPACE_MAX_CONSTANTS + HONE_SPACE_MAX_PARAMS, LIST_TEXT = 400 };
enum { RULE_TEXT = 120 }; /* a longer constraint is not repeated in a message */

hone_status hone_space_create(hone_space **out) {
    hone_space *space = calloc(1, sizeof *space);
    if (!space)
        return hone_fail(HONE_E_NOMEM, "no memory for a space");
    *out = space;
    return HONE_OK;
}

void hone_space_destroy(hone_space *space) {
    if (!space)
        return;
    for (int i = 0; i < space->param_count; i++)
        free(space->params[i].values);
    for (int i = 0; i < space->constraint_count; i++)
        hone_expr_destroy(space->constraints[i]);
    free(space->constraints);
    free(space);
}

/* -------------------------------------------------------------- declaring */

static int find_param(const hone_space *space, const char *name) {
    for (int i = 0; i < space->param_count; i++) {
        if (strcmp(space->params[i].name, name) == 0)
            return i;
    }
    return -1;
}

static int find_constant(const hone_space *space, const char *name) {
    for (int i = 0; i < space->constant_count; i++) {
        if (strcmp(space->constants[i].name, name) == 0)
            return i;
    }
    return -1;
}

/* Constants come first, so that the largest index in a constraint is its last parameter. */
static int lookup_name(const char *name, const void *context) {
    const hone_space *space = context;
    int constant = find_constant(space, name);
    if (constant >= 0)
        return constant;
    int param = find_param(space, name);
    return param < 0 ? -1 : space->constant_count + param;
}

static hone_status check_name(const hone_space *space, const char *name, const char *what, int count,
                              int limit) {
    size_t length = hone_name_length(name);
    if (length == 0 || length >= HONE_CONFIG_KEY || name[length] || (name[0] >= '0' && name[0] <= '9'))
        return hone_fail(HONE_E_USAGE, "%s '%.40s' is no name; letters, digits and '_', at most %d", what,
                         name, HONE_CONFIG_KEY - 1);
    if (lookup_name(name, space) >= 0)
        return hone_fail(HONE_E_USAGE, "%s '%s' is declared twice", what, name);
    if (count == limit)
        return hone_fail(HONE_E_USAGE, "%s '%s' is one too many; at most %d", what, name, limit);
    if (space->constraint_count > 0)
        return hone_fail(HONE_E_USAGE, "%s '%s' comes after a constraint; declare it before", what, name);
    return HONE_OK;
}

static hone_status append_value(hone_param *param, const hone_value *value) {
    for (int i = 0; i < param->count; i++) {
        if (hone_value_equal(&param->values[i], value)) {
            char text[24];
            hone_value_format(text, value);
            return hone_fail(HONE_E_USAGE, "parameter '%s' has the value %s twice", param->name, text);
        }
    }
    /* Powers of two, so that most values need no memory of their own. */
    if ((param->count & (param->count - 1)) == 0) {
        size_t capacity = param->count ? 2 * (size_t)param->count : 1;
        hone_value *values = realloc(param->values, capacity * sizeof *values);
        if (!values)
            return hone_fail(HONE_E_NOMEM, "no memory for the values of '%s'", param->name);
        param->values = values;
    }
    param->values[param->count++] = *value;
    return HONE_OK;
}

static hone_status append_word(hone_param *param, const char *text, size_t length) {
    char copy[HONE_CONFIG_VALUE];
    hone_value value;
    if (length >= sizeof copy)
        return hone_fail(HONE_E_USAGE, "a value of parameter '%s' is longer than %d characters", param->name,
                         HONE_CONFIG_VALUE - 1);
    memcpy(copy, text, length);
    copy[length] = '\0';
    hone_status status = hone_value_parse(&value, copy);
    return status ? status : append_value(param, &value);
}

static hone_status begin_param(hone_param *param, const hone_space *space, const char *name) {
    hone_status status = check_name(space, name, "parameter", space->param_count, HONE_SPACE_MAX_PARAMS);
    *param = (hone_param){0};
    if (status == HONE_OK)
        memcpy(param->name, name, strlen(name) + 1);
    return status;
}

static hone_status end_param(hone_space *space, hone_param *param, hone_status status) {
    if (status == HONE_OK && param->count == 0)
        status = hone_fail(HONE_E_USAGE, "parameter '%s' has no value", param->name);
    if (status == HONE_OK)
        space->params[space->param_count++] = *param;
    else
        free(param->values);
    return status;
}

hone_status hone_space_param(hone_space *space, const char *name, const char *values) {
    hone_param param;
    hone_status status = begin_param(&param, space, name);
    for (const char *at = values + strspn(values, " "); *at && !status; at += strspn(at, " ")) {
        size_t length = strcspn(at, " ");
        status = append_word(&param, at, length);
        at += length;
    }
    return end_param(space, &param, status);
}

hone_status hone_space_numbers(hone_space *space, const char *name, const int64_t *values, int count) {
    hone_param param;
    hone_status status = begin_param(&param, space, name);
    for (int i = 0; i < count && !status; i++) {
        hone_value value = {.number = values[i]};
        status = append_value(&param, &value);
    }
    return end_param(space, &param, status);
}

hone_status hone_space_constant(hone_space *space, const char *name, int64_t value) {
    hone_status status = check_name(space, name, "constant", space->constant_count, HONE_SPACE_MAX_CONSTANTS);
    if (status)
        return status;
    hone_constant *constant = &space->constants[space->constant_count++];
    memcpy(constant->name, name, strlen(name) + 1);
    constant->value.number = value;
    return HONE_OK;
}

hone_status hone_space_require(hone_space *space, const char *expression) {
    hone_expr *expr;
    hone_status status = hone_expr_parse(&expr, expression, lookup_name, space);
    if (status)
        return status;
    hone_expr **grown =
        realloc(space->constraints, (size_t)(space->constraint_count + 1) * sizeof *space->constraints);
    if (!grown) {
        hone_expr_destroy(expr);
        return hone_fail(HONE_E_NOMEM, "no memory for the constraint '%s'", expression);
    }
    space->constraints = grown;
    space->constraints[space->constraint_count++] = expr;
    return HONE_OK;
}

/* --------------------------------------------------------------- checking */

static void bind(const hone_value *values[MAX_NAMES], const hone_space *space, const int *indices) {
    for (int i = 0; i < space->constant_count; i++)
        values[i] = &space->constants[i].value;
    for (int i = 0; i < space->param_count; i++)
        values[space->constant_count + i] = &space->params[i].values[indices[i]];
}

/* The constraint that a point breaks; NULL when it meets all. */
static const hone_expr *broken_constraint(const hone_space *space, const hone_value *const *values) {
    for (int i = 0; i < space->constraint_count; i++) {
        if (!hone_expr_eval(space->constraints[i], values))
            return space->constraints[i];
    }
    return NULL;
}

int hone_space_valid(const hone_space *space, const int *indices) {
    const hone_value *values[MAX_NAMES];
    bind(values, space, indices);
    return broken_constraint(space, values) == NULL;
}

/* Lists for messages: items separated by spaces, cut with "..." when too long. */
static void list_append(char list[LIST_TEXT], const char *prefix, const char *item) {
    size_t used = strlen(list), needed = strlen(prefix) + strlen(item) + 1;
    if (used + needed + 4 >= LIST_TEXT) {
        if (used < 3 || strcmp(list + used - 3, "...") != 0)
            strcat(list, " ...");
        return;
    }
    if (used)
        strcat(list, " ");
    strcat(list, prefix);
    strcat(list, item);
}

static void list_values(char list[LIST_TEXT], const hone_param *param) {
    list[0] = '\0';
    for (int i = 0; i < param->count; i++) {
        char text[24];
        hone_value_format(text, &param->values[i]);
        list_append(list, "", text);
    }
}

static hone_status fail_unknown(const hone_space *space, const char *key) {
    char list[LIST_TEXT] = "";
    for (int i = 0; i < space->param_count; i++)
        list_append(list, "", space->params[i].name);
    return hone_fail(HONE_E_USAGE, "config key '%s' is unknown here; the parameters are %s", key, list);
}

/* Says which constraint fails with what each of its names stands for. */
static hone_status fail_constraint(const hone_space *space, const hone_expr *expr,
                                   const hone_value *const *values) {
    char list[LIST_TEXT] = "";
    for (int i = 0; i < space->constant_count + space->param_count; i++) {
        if (!hone_expr_uses(expr, i))
            continue;
        char prefix[HONE_CONFIG_KEY + 1], text[24];
        const char *name = i < space->constant_count ? space->constants[i].name
                                                     : space->params[i - space->constant_count].name;
        strcpy(prefix, name);
        strcat(prefix, "=");
        hone_value_format(text, values[i]);
        list_append(list, prefix, text);
    }
    const char *rule = hone_expr_text(expr);
    if (strlen(rule) > RULE_TEXT)
        return hone_fail(HONE_E_USAGE, "config breaks the constraint on %s; 'hone list spaces' prints it",
                         list);
    return hone_fail(HONE_E_USAGE, "config breaks the constraint '%s' (%s)", rule, list);
}

static hone_status find_value(int *out, const hone_param *param, const char *text) {
    char list[LIST_TEXT];
    hone_value value;
    hone_status status = hone_value_parse(&value, text);
    if (status)
        return status;
    for (int i = 0; i < param->count; i++) {
        if (hone_value_equal(&param->values[i], &value)) {
            *out = i;
            return HONE_OK;
        }
    }
    list_values(list, param);
    return hone_fail(HONE_E_USAGE, "%s=%s is not legal here; %s is one of %s", param->name, text, param->name,
                     list);
}

/* Fills `found` (param_count entries); constraints are not looked at. */
static hone_status resolve(int *found, const hone_space *space, const hone_config *config) {
    for (int i = 0; i < config->count; i++) {
        if (find_param(space, config->items[i].key) < 0)
            return fail_unknown(space, config->items[i].key);
    }
    for (int i = 0; i < space->param_count; i++) {
        const hone_param *param = &space->params[i];
        const char *text = hone_config_get(config, param->name);
        if (!text) {
            char list[LIST_TEXT];
            list_values(list, param);
            return hone_fail(HONE_E_USAGE, "config lacks '%s'; give %s=VALUE, one of %s", param->name,
                             param->name, list);
        }
        hone_status status = find_value(&found[i], param, text);
        if (status)
            return status;
    }
    return HONE_OK;
}

hone_status hone_space_check(const hone_space *space, const hone_config *config) {
    int indices[HONE_SPACE_MAX_PARAMS];
    hone_status status = resolve(indices, space, config);
    if (status)
        return status;
    const hone_value *values[MAX_NAMES];
    bind(values, space, indices);
    const hone_expr *broken = broken_constraint(space, values);
    return broken ? fail_constraint(space, broken, values) : HONE_OK;
}

hone_status hone_space_indices(int *indices, const hone_space *space, const hone_config *config) {
    int found[HONE_SPACE_MAX_PARAMS];
    hone_status status = resolve(found, space, config);
    if (!status)
        memcpy(indices, found, (size_t)space->param_count * sizeof *indices);
    return status;
}

hone_status hone_space_config(hone_config *out, const hone_space *space, const int *indices) {
    hone_config config = {0};
    for (int i = 0; i < space->param_count; i++) {
        const hone_param *param = &space->params[i];
        if (indices[i] < 0 || indices[i] >= param->count)
            return hone_fail(HONE_E_USAGE, "index %d of parameter '%s' is out of range; it has %d values",
                             indices[i], param->name, param->count);
        char text[24];
        hone_value_format(text, &param->values[indices[i]]);
        hone_status status = hone_config_set(&config, param->name, text);
        if (status)
            return status;
    }
    *out = config;
    return HONE_OK;
}

/* Spaces in the T1 format. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../kernels/status.h"
#include "cache.h"
#include "cache_build.h"
#include "json_items.h"

typedef struct t1 {
    hone_space *space;
    int found;
} t1;

/* What a declaration failed with, as a fault of the file. */
static hone_status as_data(hone_status status) { return status == HONE_E_USAGE ? HONE_E_DATA : status; }

/* Values as a JSON array; "a b c", malloc'ed. */
static hone_status join_values(char **out, const json_t *array) {
    size_t count = json_array_size(array);
    char *text = malloc(count * 25 + 1), *at = text;
    hone_status status = text ? HONE_OK : hone_fail(HONE_E_NOMEM, "no memory for %zu values", count);
    for (size_t i = 0; i < count && !status; i++) {
        hone_value value;
        status = hone_cache_value(&value, json_array_get(array, i));
        if (status)
            break;
        hone_value_format(at, &value);
        at = strchr(at, '\0');
        *at++ = ' ';
    }
    if (status) {
        free(text);
        return status;
    }
    *at = '\0';
    *out = text;
    return HONE_OK;
}

static hone_status declare_param(hone_space *space, const json_t *param) {
    const char *name = json_string_value(json_object_get(param, "Name"));
    const json_t *values = json_object_get(param, "Values");
    char *text = NULL;
    hone_status status;
    if (!name)
        return hone_fail(HONE_E_DATA, "parameter %d has no Name", space->param_count + 1);
    if (json_is_string(values))
        status = hone_python_list(&text, json_string_value(values));
    else if (json_is_array(values))
        status = join_values(&text, values);
    else
        status = hone_fail(HONE_E_DATA, "there are no Values");
    if (!status)
        status = as_data(hone_space_param(space, name, text));
    free(text);
    return status ? hone_fail_context(status, "parameter '%.60s'", name) : HONE_OK;
}

static hone_status declare_condition(hone_space *space, const json_t *condition) {
    const char *python = json_string_value(json_object_get(condition, "Expression"));
    char *text = NULL;
    if (!python)
        python = json_string_value(condition);
    if (!python)
        return hone_fail(HONE_E_DATA, "condition %d has no Expression", space->constraint_count + 1);
    hone_status status = hone_python_translate(&text, python);
    if (!status)
        status = as_data(hone_space_require(space, text));
    free(text);
    return status;
}

static hone_status read_member(void *context, const char *key, const json_t *value) {
    t1 *self = context;
    if (strcmp(key, "ConfigurationSpace") != 0)
        return HONE_OK;
    const json_t *params = json_object_get(value, "TuningParameters");
    const json_t *conditions = json_object_get(value, "Conditions");
    hone_status status = HONE_OK;
    if (json_array_size(params) == 0)
        return hone_fail(HONE_E_DATA, "there are no TuningParameters");
    if (self->found++)
        return hone_fail(HONE_E_DATA, "there is a second ConfigurationSpace");
    for (size_t i = 0; i < json_array_size(params) && !status; i++)
        status = declare_param(self->space, json_array_get(params, i));
    for (size_t i = 0; i < json_array_size(conditions) && !status; i++)
        status = declare_condition(self->space, json_array_get(conditions, i));
    return status;
}

static int splits(void *context, const char *key) {
    (void)context;
    (void)key;
    return 0;
}

hone_status hone_space_load_t1(hone_space **out, const char *path) {
    t1 self = {NULL, 0};
    hone_json_visitor visitor = {.splits = splits, .member = read_member, .context = &self};
    hone_status status = hone_space_create(&self.space);
    if (status)
        return status;
    status = hone_json_visit(path, &visitor);
    if (!status && !self.found)
        status = hone_fail(HONE_E_DATA, "no ConfigurationSpace; the T1 format has one");
    if (status) {
        hone_space_destroy(self.space);
        return hone_fail_context(status, "space '%s'", path);
    }
    *out = self.space;
    return HONE_OK;
}

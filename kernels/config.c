#include "config.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "status.h"

/* Printable ASCII without the separators: what a key or value may be made of. */
static int is_plain(const char *text) {
    for (const char *c = text; *c; c++) {
        if (*c <= ' ' || *c > '~' || *c == '=' || *c == ',')
            return 0;
    }
    return *text != '\0';
}

static hone_status check_part(const char *what, const char *text, size_t limit) {
    if (strlen(text) >= limit)
        return hone_fail(HONE_E_USAGE, "config %s '%.40s...' is too long; at most %zu characters", what, text,
                         limit - 1);
    if (!is_plain(text))
        return hone_fail(HONE_E_USAGE,
                         "config %s '%s' is not legal; it needs printable characters other than ',' and '='",
                         what, text);
    return HONE_OK;
}

/* The place of `key`, or where it would be inserted; *found says which. */
static int find_key(const hone_config *config, const char *key, int *found) {
    int i = 0;
    while (i < config->count && strcmp(config->items[i].key, key) < 0)
        i++;
    *found = i < config->count && strcmp(config->items[i].key, key) == 0;
    return i;
}

hone_status hone_config_set(hone_config *config, const char *key, const char *value) {
    hone_status status = check_part("key", key, HONE_CONFIG_KEY);
    if (!status)
        status = check_part("value", value, HONE_CONFIG_VALUE);
    if (status)
        return status;

    int found;
    int i = find_key(config, key, &found);
    if (!found) {
        if (config->count == HONE_CONFIG_MAX)
            return hone_fail(HONE_E_USAGE, "config has more than %d keys; '%s' does not fit", HONE_CONFIG_MAX,
                             key);
        memmove(&config->items[i + 1], &config->items[i],
                (size_t)(config->count - i) * sizeof config->items[0]);
        config->count++;
        memcpy(config->items[i].key, key, strlen(key) + 1);
    }
    memcpy(config->items[i].value, value, strlen(value) + 1);
    return HONE_OK;
}

hone_status hone_config_set_int(hone_config *config, const char *key, int64_t value) {
    char text[HONE_CONFIG_VALUE];
    snprintf(text, sizeof text, "%" PRId64, value);
    return hone_config_set(config, key, text);
}

const char *hone_config_get(const hone_config *config, const char *key) {
    int found;
    int i = find_key(config, key, &found);
    return found ? config->items[i].value : NULL;
}

hone_status hone_config_get_int(int64_t *out, const hone_config *config, const char *key) {
    const char *text = hone_config_get(config, key);
    if (!text)
        return hone_fail(HONE_E_USAGE, "config has no '%s'; give %s=INTEGER", key, key);
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (errno || *end)
        return hone_fail(HONE_E_USAGE, "%s=%s is not an integer", key, text);
    *out = value;
    return HONE_OK;
}

/* Copies text up to `end` into a part of a config item, cut to one character
 * too many so that hone_config_set refuses it. */
static void copy_part(char *out, size_t size, const char *begin, const char *end) {
    size_t length = (size_t)(end - begin);
    if (length >= size)
        length = size - 1;
    memcpy(out, begin, length);
    out[length] = '\0';
}

static hone_status parse_item(hone_config *config, const char *begin, const char *end) {
    char key[HONE_CONFIG_KEY + 1], value[HONE_CONFIG_VALUE + 1];
    const char *equals = memchr(begin, '=', (size_t)(end - begin));
    if (!equals)
        return hone_fail(HONE_E_USAGE, "config item '%.*s' is not KEY=VALUE",
                         end - begin > 40 ? 40 : (int)(end - begin), begin);
    copy_part(key, sizeof key, begin, equals);
    copy_part(value, sizeof value, equals + 1, end);
    if (hone_config_get(config, key))
        return hone_fail(HONE_E_USAGE, "config names '%s' twice; give each key once", key);
    return hone_config_set(config, key, value);
}

hone_status hone_config_parse(hone_config *out, const char *text) {
    hone_config config = {0};
    const char *end = text;
    for (const char *begin = text; *text && begin; begin = *end ? end + 1 : NULL) {
        end = strchrnul(begin, ',');
        hone_status status = parse_item(&config, begin, end);
        if (status)
            return status;
    }
    *out = config;
    return HONE_OK;
}

hone_status hone_config_format(char *out, size_t size, const hone_config *config) {
    char text[HONE_CONFIG_MAX * (HONE_CONFIG_KEY + HONE_CONFIG_VALUE) + 1] = "";
    size_t used = 0;
    for (int i = 0; i < config->count; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s=%s", i ? "," : "",
                                 config->items[i].key, config->items[i].value);
    if (used >= size)
        return hone_fail(HONE_E_USAGE, "config text needs %zu characters and %zu are there", used + 1, size);
    memcpy(out, text, used + 1);
    return HONE_OK;
}

/* A config: one value for each parameter of a space. Canonical text has the
 * keys in alphabetical order: "isa=avx512,kc=384,mr=14,nr=32". */
#ifndef HONE_KERNELS_CONFIG_H
#define HONE_KERNELS_CONFIG_H

#include "hone/hone.h"

enum { HONE_CONFIG_MAX = 32, HONE_CONFIG_KEY = 48, HONE_CONFIG_VALUE = 24, HONE_CONFIG_TEXT = 256 };

typedef struct hone_config_item {
    char key[HONE_CONFIG_KEY];
    char value[HONE_CONFIG_VALUE];
} hone_config_item;

/* Items are kept sorted by key. Zero-initialised is the empty config. */
typedef struct hone_config {
    int count;
    hone_config_item items[HONE_CONFIG_MAX];
} hone_config;

/* Adds or replaces. HONE_E_USAGE: too many keys, or a key or value that is
 * empty, too long or not made of printable ASCII other than '=', ',' and space. */
hone_status hone_config_set(hone_config *config, const char *key, const char *value);
hone_status hone_config_set_int(hone_config *config, const char *key, int64_t value);

/* The value's text; NULL when the key is absent. */
const char *hone_config_get(const hone_config *config, const char *key);
/* The value as an integer. HONE_E_USAGE when absent or not an integer. */
hone_status hone_config_get_int(int64_t *out, const hone_config *config, const char *key);

/* "k=v,k=v" in any order; a key twice is HONE_E_USAGE. "" is the empty config. */
hone_status hone_config_parse(hone_config *out, const char *text);
/* Canonical text. HONE_E_USAGE when it does not fit. */
hone_status hone_config_format(char *out, size_t size, const hone_config *config);

#endif

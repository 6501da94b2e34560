/* Large JSON files, plain or gzipped, read an item at a time: a brute-forced
 * cache of a GPU kernel has a gigabyte of them, and one item fits a cache line
 * or two of pages. The file is an object; its members are handed over whole,
 * except those that `splits` names, whose items come one by one. */
#ifndef HONE_TUNER_JSON_ITEMS_H
#define HONE_TUNER_JSON_ITEMS_H

#include <jansson.h>

#include "hone/hone.h"

typedef struct hone_json_visitor {
    /* Whether the items of this member come one by one. */
    int (*splits)(void *context, const char *key);
    /* A whole member. */
    hone_status (*member)(void *context, const char *key, const json_t *value);
    /* An item of a member that is split; `key` is "" in an array. */
    hone_status (*item)(void *context, const char *key, const json_t *value);
    void *context;
} hone_json_visitor;

/* HONE_E_DATA: the file cannot be read, is empty, damaged, cut off or no object,
 * each said with the line; else what the visitor failed with. */
hone_status hone_json_visit(const char *path, const hone_json_visitor *visitor);

/* Python and Google Benchmark write NaN and Infinity bare, which JSON does not
 * know. They become empty strings in place: no number either. */
void hone_json_replace_bare_words(char *text, size_t size);

#endif

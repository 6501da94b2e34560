/* Suites: named lists of real shapes, each with its source, and the data types
 * and activations that the models behind them use. Table in suites.def. */
#ifndef HONE_HARNESS_SUITES_H
#define HONE_HARNESS_SUITES_H

#include "hone/hone.h"

typedef struct hone_shape {
    const char *suite, *name;
    int64_t m, n, k;
} hone_shape;

typedef struct hone_suite {
    const char *name, *description;
    const char *source;      /* where the shapes come from */
    const char *dtypes;      /* default data types, "f32,f16,bf16,s8" */
    const char *activations; /* default activations */
} hone_suite;

int hone_suite_count(void);
/* NULL when out of range. */
const hone_suite *hone_suite_at(int index);
/* NULL when unknown. */
const hone_suite *hone_suite_find(const char *name);
/* The shapes of all suites, suite by suite; NULL when out of range. */
int hone_shape_count(void);
const hone_shape *hone_shape_at(int index);

#endif

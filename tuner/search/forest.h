/* A random forest over index vectors: what a strategy believes of configs that
 * nobody has measured. Trees are grown on bootstrap samples and split where the
 * squared error falls most, each node choosing among a random half of the
 * parameters; how much the trees differ is how little is known. */
#ifndef HONE_TUNER_FOREST_H
#define HONE_TUNER_FOREST_H

#include "search.h"

typedef struct hone_forest hone_forest;

/* Room for fits of at most `most` samples. HONE_E_NOMEM. */
hone_status hone_forest_create(hone_forest **out, const hone_space *space, int trees, int most);
void hone_forest_destroy(hone_forest *forest);
/* `rows`: one pointer a sample, to param_count indices. 1 <= count <= most. */
void hone_forest_fit(hone_forest *forest, const int *const *rows, const double *values, int count,
                     hone_random *random);
/* Mean and variance of the belief about `row`. */
void hone_forest_predict(const hone_forest *forest, const int *row, double *mean, double *variance);

#endif

#include "suites.h"

#include <string.h>

#define HONE_SUITE(name, description, source, dtypes, activations)                                           \
    {#name, description, source, dtypes, activations},
#define HONE_SHAPE(suite, name, m, n, k)
static const hone_suite suites[] = {
#include "suites.def"
};
#undef HONE_SUITE
#undef HONE_SHAPE

#define HONE_SUITE(name, description, source, dtypes, activations)
#define HONE_SHAPE(suite, name, m, n, k) {#suite, #name, m, n, k},
static const hone_shape shapes[] = {
#include "suites.def"
};

enum { SUITE_COUNT = sizeof suites / sizeof *suites, SHAPE_COUNT = sizeof shapes / sizeof *shapes };

int hone_suite_count(void) { return SUITE_COUNT; }

const hone_suite *hone_suite_at(int index) {
    return index >= 0 && index < SUITE_COUNT ? &suites[index] : NULL;
}

const hone_suite *hone_suite_find(const char *name) {
    for (int i = 0; i < SUITE_COUNT; ++i)
        if (strcmp(suites[i].name, name) == 0)
            return &suites[i];
    return NULL;
}

int hone_shape_count(void) { return SHAPE_COUNT; }

const hone_shape *hone_shape_at(int index) {
    return index >= 0 && index < SHAPE_COUNT ? &shapes[index] : NULL;
}

/* The default: picks another strategy by the size of the space. */
#include <stdlib.h>

#include "../../kernels/status.h"
#include "strategy.h"

/* Up to here a search is expected to reach every point, so order matters little. */
enum { SMALL_SPACE = 128 };

typedef struct chosen {
    const hone_strategy *strategy;
    void *state;
} chosen;

static hone_status auto_create(void **state, const hone_points *points, const hone_search_options *options) {
    chosen *self = malloc(sizeof *self);
    if (!self)
        return hone_fail(HONE_E_NOMEM, "no memory for a strategy");
    self->strategy = points->count <= SMALL_SPACE ? &hone_strategy_random : &hone_strategy_local;
    hone_status status = self->strategy->create(&self->state, points, options);
    if (status) {
        free(self);
        return status;
    }
    *state = self;
    return HONE_OK;
}

static int64_t auto_propose(void *state) {
    const chosen *self = state;
    return self->strategy->propose(self->state);
}

static void auto_observe(void *state, int64_t point, double value) {
    const chosen *self = state;
    self->strategy->observe(self->state, point, value);
}

static void auto_destroy(void *state) {
    chosen *self = state;
    if (self)
        self->strategy->destroy(self->state);
    free(self);
}

const hone_strategy hone_strategy_auto = {
    .name = "auto",
    .description = "random for spaces of at most 128 configs, else local",
    .prunes = 1,
    .create = auto_create,
    .propose = auto_propose,
    .observe = auto_observe,
    .destroy = auto_destroy,
};

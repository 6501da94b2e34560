#include "simulate.h"

#include <math.h>
#include <stdlib.h>

#include "../../kernels/status.h"

static void record(hone_simulation *s, const hone_cache *cache, int64_t point) {
    double value = cache->values[point];
    s->seconds += cache->seconds[point];
    s->failures += !isfinite(value);
    if (value < s->best_value) {
        s->best_value = value;
        s->best = point;
    }
    s->trace[s->evaluations] = s->best_value;
    s->times[s->evaluations] = s->seconds;
    s->evaluations++;
}

static void replay(hone_simulation *s, void *state, const hone_cache *cache,
                   const hone_simulation_options *options, int64_t most) {
    while (s->evaluations < most && !(options->stop && *options->stop)) {
        int64_t point = options->strategy->propose(state);
        if (point < 0)
            break;
        if (options->budget_seconds > 0 && s->seconds + cache->seconds[point] > options->budget_seconds) {
            s->seconds = options->budget_seconds; /* the evaluation in flight is cut off */
            break;
        }
        record(s, cache, point);
        options->strategy->observe(state, point, cache->values[point]);
    }
}

hone_status hone_simulate(hone_simulation *out, const hone_cache *cache,
                          const hone_simulation_options *options) {
    int64_t most = cache->points->count;
    if (options->max_evaluations > 0 && options->max_evaluations < most)
        most = options->max_evaluations;
    hone_simulation s = {.best = -1, .best_value = INFINITY};
    hone_search_options search = {.seed = options->seed, .evaluations = options->max_evaluations};
    void *state = NULL;
    s.trace = malloc((size_t)most * sizeof *s.trace);
    s.times = malloc((size_t)most * sizeof *s.times);
    hone_status status = s.trace && s.times
                             ? options->strategy->create(&state, cache->points, &search)
                             : hone_fail(HONE_E_NOMEM, "no memory for %lld evaluations", (long long)most);
    if (status) {
        hone_simulation_clear(&s);
        return status;
    }
    replay(&s, state, cache, options, most);
    options->strategy->destroy(state);
    *out = s;
    return HONE_OK;
}

void hone_simulation_clear(hone_simulation *simulation) {
    free(simulation->trace);
    free(simulation->times);
    *simulation = (hone_simulation){.best = -1, .best_value = INFINITY};
}

/* The same winner twice: of dozens of configs that are as fast, a search finds others with every seed. The
 * best is therefore led towards the default config, parameter by parameter, as far as it stays as fast, and
 * takes part in the final in that form: it then differs from the default where that matters. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../harness/clock.h"
#include "../../kernels/status.h"
#include "tune_final.h"

enum { PASSES = 2, ROUNDS = 24, FIRST_ROUNDS = 4 };
static const double LONGEST = 0.3;   /* seconds of one comparison, once there are the first rounds */
static const double AS_FAST = 1.008; /* times the best, side by side */
static const double HOPELESS = 1.1;  /* after the first rounds */
static const double SCREENED = 1.05; /* times the best: not worth comparing */

typedef struct simplifier {
    hone_tune_session *session;
    hone_contender best;                                              /* what others are compared with */
    int usual[HONE_SPACE_MAX_PARAMS], current[HONE_SPACE_MAX_PARAMS]; /* indices of values */
} simplifier;

static const hone_scored_point *find(const hone_tune_session *session, int64_t point) {
    for (int64_t i = 0; i < session->candidate_count; i++)
        if (session->candidates[i].point == point)
            return &session->candidates[i];
    return NULL;
}

/* Rounds of both, fewer where they are long, or the second is far behind. *ratio: its value over the first
 * one's. */
static hone_status sample(double *ratio, hone_sampler *sampler, hone_tune_session *session) {
    const hone_samples *best = hone_sampler_samples(sampler, 0), *other = hone_sampler_samples(sampler, 1);
    const hone_objective objective = hone_session_early_objective(session);
    const int64_t start = hone_clock_now();
    hone_status status = HONE_OK;
    while (!status && best->count < ROUNDS && !hone_session_stopped(session)) {
        status = hone_sampler_round(sampler);
        *ratio = status ? INFINITY : hone_objective_of(objective, other) / hone_objective_of(objective, best);
        const double seconds = (double)(hone_clock_now() - start) / 1e9;
        if (best->count >= FIRST_ROUNDS && (*ratio > HOPELESS || seconds > LONGEST))
            break;
    }
    return status;
}

static hone_status store(hone_tune_session *session, const hone_contender *contender,
                         const hone_samples *samples, const hone_numerics *numerics) {
    hone_measurement measurement;
    hone_stats stats;
    if (samples->count == 0)
        return HONE_OK;
    hone_status status =
        hone_session_describe(&measurement, &stats, session, contender, "screen", samples, numerics);
    return status ? status : hone_db_add_measurements(session->db, session->run, &measurement, 1);
}

/* Measured beside the best; stored as screened once more. */
static hone_status compare(double *ratio, simplifier *self, const char *config) {
    hone_tune_session *session = self->session;
    hone_contender contender;
    hone_numerics numerics;
    hone_sampler *sampler = NULL;
    int ok = 0;
    *ratio = INFINITY;
    hone_status status = hone_session_prepare(&ok, &contender, &numerics, session, config);
    if (status || !ok)
        return status;
    const hone_runner runners[] = {hone_contender_runner(&self->best), hone_contender_runner(&contender)};
    const hone_sampler_options options = {.min_samples = FIRST_ROUNDS,
                                          .max_samples = ROUNDS,
                                          .warm_calls = session->options->cold ? 0 : HONE_FINAL_WARM_CALLS};
    status = hone_sampler_create(&sampler, runners, 2, &options);
    if (!status)
        status = sample(ratio, sampler, session);
    if (!status)
        status = hone_contender_failure(&self->best);
    if (!status)
        status = hone_contender_failure(&contender);
    if (!status)
        status = store(session, &contender, hone_sampler_samples(sampler, 1), &numerics);
    hone_sampler_destroy(sampler);
    if (status == HONE_E_UNAVAILABLE) {
        *ratio = INFINITY;
        status = hone_session_run_failed(session, config);
    }
    hone_contender_clear(&contender);
    return status;
}

/* Seconds that a comparison may take: both prepared and warmed, and the first rounds of both. */
static double comparison_seconds(const hone_tune_session *session) {
    return 2 * hone_session_evaluation_seconds(session) +
           fmax(LONGEST, 4.0 * FIRST_ROUNDS * session->best / 1e6);
}

/* Whether the config at these indices is one, and as fast as the best. */
static hone_status is_as_fast(int *out, simplifier *self, const int *indices) {
    hone_tune_session *session = self->session;
    hone_config config;
    char text[HONE_CONFIG_TEXT];
    double value, ratio;
    const int64_t point = hone_points_find_indices(session->points, indices);
    *out = 0;
    if (point < 0)
        return HONE_OK;
    hone_status status = hone_points_config(&config, session->points, point);
    if (!status)
        status = hone_config_format(text, sizeof text, &config);
    if (!status)
        status = hone_session_consider(&value, session, &config);
    const hone_scored_point *known = status ? NULL : find(session, point);
    if (!known || known->value > SCREENED * session->best)
        return status;
    hone_session_report(session, "simplify");
    status = compare(&ratio, self, text);
    *out = !status && ratio <= AS_FAST;
    return status;
}

/* The first of the values of a parameter, from the default's outwards, with which the config is as fast. */
static hone_status simplify_param(simplifier *self, int param) {
    hone_tune_session *session = self->session;
    const int usual = self->usual[param], now = self->current[param];
    const int count = session->space->params[param].count;
    int indices[HONE_SPACE_MAX_PARAMS], as_fast = 0;
    memcpy(indices, self->current, sizeof indices);
    for (int distance = 0; distance < abs(now - usual); distance++)
        for (int side = 1; side >= (distance ? -1 : 1); side -= 2) {
            indices[param] = usual + side * distance;
            if (indices[param] < 0 || indices[param] >= count)
                continue;
            if (hone_session_stopped(session) ||
                !hone_session_may_evaluate(session, comparison_seconds(session)))
                return HONE_OK;
            hone_status status = is_as_fast(&as_fast, self, indices);
            if (status)
                return status;
            if (as_fast) {
                self->current[param] = indices[param];
                return HONE_OK;
            }
        }
    return HONE_OK;
}

/* Twice, since values that did not go together may now, and noise may have spoken against one. */
static hone_status simplify(simplifier *self) {
    const int params = self->session->space->param_count;
    hone_status status = HONE_OK;
    for (int i = 0; i < PASSES * params && !status; i++)
        status = simplify_param(self, i % params);
    if (!status)
        self->session->simple_point = hone_points_find_indices(self->session->points, self->current);
    return status;
}

static const hone_scored_point *fastest(const hone_tune_session *session) {
    const hone_scored_point *best = &session->candidates[0];
    for (int64_t i = 1; i < session->candidate_count; i++)
        if (session->candidates[i].value < best->value)
            best = &session->candidates[i];
    return best;
}

hone_status hone_session_simplify(hone_tune_session *session) {
    simplifier self = {.session = session};
    hone_config config;
    char text[HONE_CONFIG_TEXT];
    hone_numerics numerics;
    int ok = 0;
    if (session->default_point < 0 || session->candidate_count < 2 ||
        !hone_session_may_evaluate(session, comparison_seconds(session)))
        return HONE_OK;
    hone_status status = hone_points_config(&config, session->points, session->default_point);
    if (!status)
        status = hone_space_indices(self.usual, session->space, &config);
    if (!status)
        status = hone_points_config(&config, session->points, fastest(session)->point);
    if (!status)
        status = hone_space_indices(self.current, session->space, &config);
    if (!status)
        status = hone_config_format(text, sizeof text, &config);
    if (!status)
        status = hone_session_prepare(&ok, &self.best, &numerics, session, text);
    if (status || !ok)
        return status;
    status = simplify(&self);
    hone_contender_clear(&self.best);
    return status;
}

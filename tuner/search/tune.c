#include "tune.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../harness/clock.h"
#include "../../kernels/status.h"
#include "tune_session.h"

/* Products that the fp64 reference computes: a fraction of a second, and still
 * the first, the last and many rows between. `hone verify` looks at more. */
static const double REFERENCE_PRODUCTS = 1 << 26;

double hone_session_seconds(const hone_tune_session *session) {
    return (double)(hone_clock_now() - session->started) / 1e9;
}

double hone_session_left(const hone_tune_session *session) {
    double budget = session->options->budget_seconds;
    return budget > 0 ? budget - hone_session_seconds(session) : INFINITY;
}

int hone_session_stopped(const hone_tune_session *session) {
    return session->options->stop && *session->options->stop;
}

double hone_session_evaluation_seconds(const hone_tune_session *session) {
    int64_t count = session->result->evaluations;
    return count > 0 ? session->evaluation_seconds / (double)count : 0;
}

/* ------------------------------------------------------------------ session */

static hone_status make_points(hone_tune_session *session) {
    const hone_tune_options *options = session->options;
    const hone_device *device = session->device;
    if (!device->backend->space)
        return hone_fail(HONE_E_UNAVAILABLE, "device '%s' is listed, but has no kernels in this version",
                         device->name);
    hone_status status = device->backend->space(&session->space, device, session->problem, options->threads);
    if (!status)
        status = hone_points_create(&session->points, session->space);
    if (status)
        return status;
    session->result->space_size = session->points->count;
    if (options->shards > 0)
        status = hone_points_shard(session->points, options->shard, options->shards);
    if (!status && session->points->count == 0)
        status =
            hone_fail(HONE_E_INCONCLUSIVE,
                      "shard %d/%d of '%s' holds none of its %lld configs; use fewer shards", options->shard,
                      options->shards, session->result->problem, (long long)session->result->space_size);
    return status;
}

/* Room for an evaluation of every point. */
static hone_status make_lists(hone_tune_session *session) {
    size_t count = (size_t)session->points->count;
    session->seen = calloc(count, 1);
    session->candidates = malloc(count * sizeof *session->candidates);
    session->result->trace = malloc(count * sizeof *session->result->trace);
    if (!session->seen || !session->candidates || !session->result->trace)
        return hone_fail(HONE_E_NOMEM, "no memory to tune over %zu configs", count);
    return HONE_OK;
}

static hone_status session_open(hone_tune_session *session) {
    hone_search_options search = {.seed = session->options->seed,
                                  .evaluations = session->options->max_evaluations};
    hone_status status = make_lists(session);
    if (!status)
        status = session->options->strategy->create(&session->strategy, session->points, &search);
    if (!status)
        status = hone_session_choose_cheapest(session);
    if (!status)
        status = hone_operand_set_create(&session->operands, session->device, session->problem,
                                         session->options->seed, session->options->cold);
    if (!status)
        status = hone_reference_create(&session->reference, session->operands.copies[0], REFERENCE_PRODUCTS);
    return status;
}

static void session_close(hone_tune_session *session) {
    hone_reference_destroy(session->reference);
    hone_operand_set_clear(&session->operands);
    if (session->strategy)
        session->options->strategy->destroy(session->strategy);
    free(session->candidates);
    free(session->seen);
    hone_points_destroy(session->points);
    hone_space_destroy(session->space);
}

/* ------------------------------------------------------------------- search */

void hone_session_report(const hone_tune_session *session, const char *stage) {
    const hone_tune_result *result = session->result;
    if (!session->options->progress)
        return;
    hone_tune_progress progress = {
        .problem = result->problem,
        .stage = stage,
        .evaluations = result->trace_count,
        .space_size = session->points->count,
        .best_us = isfinite(session->best) ? session->best : NAN,
        .seconds = hone_session_seconds(session),
        .budget_seconds = session->options->budget_seconds,
    };
    session->options->progress(&progress, session->options->progress_context);
}

/* A time that the config cannot beat; 0 where the backend knows none. */
static double lower_bound(const hone_tune_session *session, const hone_config *config) {
    const hone_backend *backend = session->device->backend;
    return backend->lower_bound
               ? backend->lower_bound(session->device, session->problem, config, session->options->threads)
               : 0;
}

/* Evaluates a point, unless this session has, and tells the strategy. A config
 * that cannot beat the best so far is not run; the strategy is told its bound. *value
 * is NaN where nothing was evaluated. */
static hone_status consider(double *value, hone_tune_session *session, int64_t point, int may_prune) {
    hone_tune_result *result = session->result;
    hone_config config;
    char text[HONE_CONFIG_TEXT];
    *value = NAN;
    if (session->seen[point])
        return HONE_OK;
    hone_status status = hone_points_config(&config, session->points, point);
    if (!status)
        status = hone_config_format(text, sizeof text, &config);
    if (status)
        return status;
    session->seen[point] = 1;
    double least = may_prune ? lower_bound(session, &config) : 0;
    if (least > session->best) {
        result->pruned++;
        session->options->strategy->observe(session->strategy, point, least);
        return HONE_OK;
    }
    hone_known known;
    status = hone_session_evaluate(&known, session, text);
    if (status)
        return status;
    session->options->strategy->observe(session->strategy, point, known.value);
    if (isfinite(known.value))
        session->candidates[session->candidate_count++] =
            (hone_scored_point){.point = point,
                                .value = known.value,
                                .error = known.error,
                                .cost = hone_session_cost(session, &config)};
    else
        result->failures++;
    session->best = fmin(session->best, known.value);
    *value = known.value;
    result->trace[result->trace_count++] = session->best;
    hone_session_report(session, "search");
    return HONE_OK;
}

/* What a search leaves to hone_session_simplify, of a budget, and of evaluations where there are many;
 * together with what the final needs at most so much of a budget. */
static const double SIMPLIFY_SHARE = 0.15, MOST_KEPT = 0.85;
enum { SIMPLIFY_FROM = 64, SIMPLIFY_PART = 8 };

static int64_t evaluations_left(const hone_tune_session *session) {
    int64_t most = session->options->max_evaluations;
    return most > 0 ? most - session->result->evaluations : INT64_MAX;
}

/* Whether another evaluation leaves `kept` seconds. The first one always does. */
static int may_evaluate(const hone_tune_session *session, double kept) {
    if (hone_session_stopped(session) || evaluations_left(session) <= 0)
        return 0;
    if (session->options->budget_seconds <= 0)
        return 1;
    if (session->candidate_count == 0) /* nothing to keep time for; a first config is always tried */
        return session->result->evaluations == 0 || hone_session_left(session) > 0;
    return hone_session_left(session) > kept + hone_session_evaluation_seconds(session);
}

int hone_session_may_evaluate(const hone_tune_session *session, double seconds) {
    return may_evaluate(session, hone_session_reserve(session) + seconds);
}

/* Whether the search goes on. Strategies that visit everything are not kept from it. */
static int may_propose(const hone_tune_session *session) {
    const double budget = session->options->budget_seconds, reserve = hone_session_reserve(session);
    const int64_t most = session->options->max_evaluations;
    if (!session->options->strategy->prunes)
        return may_evaluate(session, reserve);
    return may_evaluate(session,
                        fmax(reserve, fmin(reserve + SIMPLIFY_SHARE * budget, MOST_KEPT * budget))) &&
           (most < SIMPLIFY_FROM || evaluations_left(session) > most / SIMPLIFY_PART);
}

hone_status hone_session_consider(double *value, hone_tune_session *session, const hone_config *config) {
    int64_t point = hone_points_find(session->points, config);
    *value = NAN;
    return point >= 0 && hone_session_may_evaluate(session, 0) ? consider(value, session, point, 0) : HONE_OK;
}

/* Times the default's cost by the model: an instruction set that is slower is not worth its evaluation. */
static const double PATH_COST = 3;

/* The default of each instruction set, so that a lookup that asks for one finds no worse. */
static hone_status consider_paths(hone_tune_session *session, const hone_config *usual) {
    const hone_backend *backend = session->device->backend;
    const char *const *paths = backend->code_paths ? backend->code_paths(session->device) : NULL;
    double most = PATH_COST * hone_session_cost(session, usual);
    for (; paths && *paths; paths++) {
        hone_config config;
        hone_status status = backend->default_config(&config, session->device, session->problem,
                                                     session->options->threads, *paths);
        if (status == HONE_E_UNAVAILABLE) /* it has none for this problem */
            continue;
        double value;
        if (!status && hone_session_cost(session, &config) <= most)
            status = hone_session_consider(&value, session, &config);
        if (status)
            return status;
    }
    return HONE_OK;
}

/* Where every config is compiled first, an evaluation is dear, and the model's choice worth more than chance.
 */
static hone_status consider_cheapest(hone_tune_session *session) {
    hone_status status = HONE_OK;
    double value;
    for (int i = 0; i < session->cheapest_count && !status && hone_session_may_evaluate(session, 0); i++) {
        status = consider(&value, session, session->cheapest[i], session->options->strategy->prunes);
        if (!isnan(value))
            hone_session_compare_transfer(session, value);
    }
    return status;
}

/* What is likely good comes first: the default, what the database knows best, then what the default is within
 * each instruction set, and what the model thinks the cheapest. */
static hone_status consider_known(hone_tune_session *session) {
    hone_config usual;
    double value = NAN;
    hone_status status = session->device->backend->default_config(&usual, session->device, session->problem,
                                                                  session->options->threads, NULL);
    if (!status)
        status = hone_config_format(session->default_config, sizeof session->default_config, &usual);
    if (status)
        return status;
    session->default_point = hone_points_find(session->points, &usual);
    status = hone_session_consider(&value, session, &usual);
    if (!status)
        status = hone_session_transfer(session, value);
    if (!status)
        status = consider_paths(session, &usual);
    return status ? status : consider_cheapest(session);
}

typedef int may_fn(const hone_tune_session *session);

static int may_go_on(const hone_tune_session *session) { return hone_session_may_evaluate(session, 0); }

/* The strategy's proposals, as long as there may be more. */
static hone_status propose(hone_tune_session *session, may_fn *may) {
    hone_status status = HONE_OK;
    while (!status && may(session)) {
        int64_t point = session->options->strategy->propose(session->strategy);
        double value;
        if (point < 0)
            break;
        status = consider(&value, session, point, session->options->strategy->prunes);
        if (!isnan(value))
            hone_session_compare_transfer(session, value);
    }
    return status;
}

/* Without a final there is nothing to keep time for. */
static int may_use_all(const hone_tune_session *session) { return may_evaluate(session, 0); }

/* What leading the best towards the default leaves over is the search's again. */
static hone_status search(hone_tune_session *session) {
    hone_status status = consider_known(session);
    if (!status)
        status = propose(session, may_propose);
    if (!status && session->candidate_count > 0 && !hone_session_stopped(session))
        status = hone_session_simplify(session);
    if (!status)
        status = propose(session, may_go_on);
    if (!status && session->candidate_count > 0 && !hone_session_has_final(session))
        status = propose(session, may_use_all);
    return status;
}

/* ------------------------------------------------------------------- result */

static hone_status read_winner(int *found, hone_tune_session *session) {
    hone_tune_result *result = session->result;
    hone_winner winner;
    hone_winner_subject subject = {
        .device = session->device,
        .problem = session->problem,
        .threads = session->options->threads,
        .mode = session->mode,
        .objective = hone_objective_name(session->options->objective),
        .max_error = session->options->max_error,
    };
    hone_status status = hone_db_winner(found, &winner, session->db, &subject);
    if (status || !*found)
        return status;
    result->is_final = winner.is_final;
    memcpy(result->config, winner.config, sizeof result->config);
    result->best_us = hone_objective_value(session->options->objective, &winner.stats);
    result->stats = winner.stats;
    result->numerics = winner.numerics;
    result->unfused_us = winner.unfused_us;
    result->peak_gops = winner.peak_gops;
    return HONE_OK;
}

static hone_status no_winner(const hone_tune_session *session) {
    const hone_tune_result *result = session->result;
    if (session->candidate_count > 0 && session->options->objective == HONE_OBJECTIVE_P95)
        return hone_fail(HONE_E_INCONCLUSIVE,
                         "the budget of '%s' (%.3g s) has no room for the %d samples of a p95; give more",
                         result->problem, session->options->budget_seconds, HONE_P95_MIN_SAMPLES);
    if (isfinite(session->closest_error))
        return hone_fail(HONE_E_WRONG,
                         "no config of '%s' evaluated has an err_rel_fro within %.3g; the best has %.3g",
                         result->problem, session->options->max_error, session->closest_error);
    return hone_fail(
        HONE_E_WRONG,
        "none of the %lld configs of '%s' evaluated can be its winner; of the last that failed: %s",
        (long long)result->trace_count, result->problem, session->last_failure);
}

static hone_status tune(hone_tune_session *session) {
    int found = 0;
    hone_status status = session_open(session);
    if (!status)
        status = search(session);
    session->result->model_rank = hone_session_rank_correlation(session);
    if (!status && session->candidate_count > 0 && !hone_session_stopped(session))
        status = hone_session_final(session);
    if (!status)
        status = hone_db_derive_winners(session->db, session->device, session->problem);
    if (!status)
        status = read_winner(&found, session);
    if (status)
        return status;
    if (hone_session_stopped(session))
        return hone_fail(HONE_E_INTERRUPTED, "stopped while tuning '%s'; what was measured is kept",
                         session->result->problem);
    return found ? HONE_OK : no_winner(session);
}

static hone_status session_begin(hone_tune_session *session, hone_tune_result *result, hone_db *db,
                                 const hone_device *device, const hone_problem *problem,
                                 const hone_tune_options *options) {
    *result = (hone_tune_result){.best_us = NAN, .unfused_us = NAN, .peak_gops = NAN, .model_rank = NAN};
    result->transfer = (hone_transfer){.best_us = NAN, .default_us = NAN};
    *session = (hone_tune_session){
        .db = db,
        .device = device,
        .problem = problem,
        .options = options,
        .mode = options->cold ? "cold" : "warm",
        .result = result,
        .started = hone_clock_now(),
        .hone = options->provider ? options->provider : hone_provider_find("hone"),
        .unfused = hone_provider_find("unfused"),
        .default_point = -1,
        .known_point = -1,
        .simple_point = -1,
        .best = INFINITY,
        .closest_error = INFINITY,
    };
    hone_status status = hone_problem_format(result->problem, sizeof result->problem, problem);
    return status ? status : make_points(session);
}

hone_status hone_tune_known(int *known, hone_tune_result *out, hone_db *db, const hone_device *device,
                            const hone_problem *problem, const hone_tune_options *options) {
    hone_tune_result result;
    hone_tune_session session;
    int found = 0;
    hone_status status = session_begin(&session, &result, db, device, problem, options);
    if (!status)
        status = read_winner(&found, &session);
    session_close(&session);
    if (status)
        return status;
    *known = found && result.is_final && !isnan(result.stats.p95);
    if (*known) {
        result.seconds = hone_session_seconds(&session);
        *out = result;
    }
    return HONE_OK;
}

hone_status hone_tune_problem(hone_tune_result *out, hone_db *db, int64_t run, hone_context *context,
                              const hone_device *device, const hone_problem *problem,
                              const hone_tune_options *options) {
    hone_tune_result result;
    hone_tune_session session;
    hone_status status = session_begin(&session, &result, db, device, problem, options);
    session.run = run;
    session.context = context;
    if (!status)
        status = tune(&session);
    session_close(&session);
    result.seconds = hone_session_seconds(&session);
    if (status && status != HONE_E_INTERRUPTED) {
        out->evaluations = result.evaluations;
        hone_tune_result_clear(&result);
    } else {
        *out = result;
    }
    return status;
}

void hone_tune_result_clear(hone_tune_result *result) {
    free(result->trace);
    result->trace = NULL;
    result->trace_count = 0;
}

/* One config: known, or prepared, verified, screened and stored. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../harness/clock.h"
#include "../../kernels/status.h"
#include "tune_session.h"

enum { SCREEN_LEAST = 3, SCREEN_MOST = 20 };
static const double SCREEN_SECONDS = 0.1;

/* After so many samples of which the fastest is so many times the best of all configs, a config is not looked
 * at any longer. */
static const struct {
    int samples;
    double hopeless;
} rungs[] = {{SCREEN_LEAST, 1.5}, {6, 1.3}, {10, 1.2}};

hone_objective hone_session_early_objective(const hone_tune_session *session) {
    hone_objective objective = session->options->objective;
    return objective == HONE_OBJECTIVE_P95 ? HONE_OBJECTIVE_P50 : objective;
}

static hone_measurement subject(const hone_tune_session *session, const char *provider, const char *config) {
    return (hone_measurement){
        .device = session->device,
        .problem = session->problem,
        .provider = provider,
        .config = config,
        .threads = session->options->threads,
        .mode = session->mode,
        .peak_gops = NAN,
        .read_gbps = NAN,
        .workspace = -1,
        .is_default = -1,
    };
}

static hone_status add_failure(hone_tune_session *session, const char *config, const char *kind,
                               const char *reason) {
    hone_measurement measurement = subject(session, session->hone->name, config);
    snprintf(session->last_failure, sizeof session->last_failure, "%s", reason);
    return hone_db_add_failure(session->db, session->run, &measurement, kind, reason, session->options->seed);
}

/* What failed on the device is the config's doing. A device that it has lost fails all others too, which says
 * nothing about them: HONE_E_UNAVAILABLE then. */
static hone_status add_device_failure(hone_tune_session *session, const char *config, const char *kind) {
    hone_status status = add_failure(session, config, kind, hone_error_detail());
    return status ? status : hone_operands_fetch_c(session->operands.copies[0]);
}

/* A call failed on the device. Where its memory cannot be asked for, the config cannot be told from a device
 * that is lost, and is not blamed. */
hone_status hone_session_run_failed(hone_tune_session *session, const char *config) {
    return session->device->backend->memory ? add_device_failure(session, config, "run") : HONE_E_UNAVAILABLE;
}

static hone_status create(hone_contender *contender, hone_tune_session *session, const char *config) {
    return hone_contender_create(contender, session->hone, session->context, session->device,
                                 &session->operands, config, session->options->threads);
}

/* A config could not be prepared. To pack its weights is a run, too: where the device's memory cannot be
 * asked for, the device is lost if what worked before fails now. */
static hone_status build_failed(hone_tune_session *session, const char *config) {
    char reason[sizeof session->last_failure];
    hone_contender again;
    if (session->device->backend->memory || !session->works[0])
        return add_device_failure(session, config, "build");
    snprintf(reason, sizeof reason, "%s", hone_error_detail());
    hone_status status = create(&again, session, session->works);
    if (status == HONE_E_UNAVAILABLE)
        return status;
    if (!status)
        hone_contender_clear(&again);
    return add_failure(session, config, "build", reason);
}

/* Whether a status is about the machine rather than about the config. */
static int is_fatal(hone_status status) { return status == HONE_E_NOMEM || status == HONE_E_DATA; }

hone_status hone_session_prepare(int *ok, hone_contender *contender, hone_numerics *numerics,
                                 hone_tune_session *session, const char *config) {
    *ok = 0;
    hone_status status = create(contender, session, config);
    if (is_fatal(status))
        return status;
    if (status)
        return build_failed(session, config);
    status = hone_contender_verify(numerics, contender, &session->operands, session->reference);
    if (!status && !numerics->correct) {
        char reason[160];
        hone_numerics_reason(reason, sizeof reason, numerics);
        hone_contender_clear(contender);
        return add_failure(session, config, "wrong", reason);
    }
    if (status) {
        hone_contender_clear(contender);
        return status == HONE_E_UNAVAILABLE ? hone_session_run_failed(session, config) : status;
    }
    snprintf(session->works, sizeof session->works, "%s", config);
    *ok = 1;
    return HONE_OK;
}

int hone_session_accepts(hone_tune_session *session, double err_rel_fro) {
    double limit = session->options->max_error * HONE_ERROR_SLACK;
    if (limit <= 0 || err_rel_fro <= limit)
        return 1;
    session->closest_error = fmin(session->closest_error, err_rel_fro);
    return 0;
}

hone_status hone_session_describe(hone_measurement *out, hone_stats *stats, const hone_tune_session *session,
                                  const hone_contender *contender, const char *stage,
                                  const hone_samples *samples, const hone_numerics *numerics) {
    hone_status status = hone_samples_stats(stats, samples);
    if (status)
        return status;
    *out = subject(session, contender->provider->name, hone_contender_label(contender));
    out->by_device = hone_contender_times_device(contender);
    out->workspace = hone_contender_workspace(contender);
    if (contender->provider == session->hone)
        out->is_default = strcmp(out->config, session->default_config) == 0;
    out->stage = stage;
    out->samples = samples;
    out->stats = stats;
    out->numerics = numerics;
    return HONE_OK;
}

static int is_hopeless(const hone_samples *samples, double best) {
    double fastest = INFINITY;
    for (int64_t i = 0; i < samples->count; i++)
        fastest = fmin(fastest, samples->us[i]);
    for (size_t i = 0; i < sizeof rungs / sizeof rungs[0]; i++)
        if (samples->count == rungs[i].samples)
            return fastest > rungs[i].hopeless * best;
    return 0;
}

/* A few samples; fewer when they are slow or far from the best. */
static hone_status screen(double *value, hone_tune_session *session, hone_contender *contender,
                          const hone_numerics *numerics) {
    hone_runner runner = hone_contender_runner(contender);
    hone_sampler_options options = {.min_samples = SCREEN_LEAST, .max_samples = SCREEN_MOST};
    hone_sampler *sampler;
    hone_status status = hone_sampler_create(&sampler, &runner, 1, &options);
    if (status)
        return status;
    const hone_samples *samples = hone_sampler_samples(sampler, 0);
    int64_t start = hone_clock_now();
    while (!status && samples->count < SCREEN_MOST && !is_hopeless(samples, session->best)) {
        double seconds = (double)(hone_clock_now() - start) / 1e9;
        if (samples->count >= SCREEN_LEAST && (seconds > SCREEN_SECONDS || hone_session_stopped(session)))
            break;
        status = hone_sampler_round(sampler);
    }
    if (!status)
        status = hone_contender_failure(contender);
    hone_stats stats;
    hone_measurement measurement;
    if (!status)
        status = hone_session_describe(&measurement, &stats, session, contender, "screen", samples, numerics);
    if (!status)
        status = hone_db_add_measurements(session->db, session->run, &measurement, 1);
    if (!status)
        *value = hone_objective_value(hone_session_early_objective(session), &stats);
    hone_sampler_destroy(sampler);
    return status;
}

static hone_status evaluate_new(hone_known *out, hone_tune_session *session, const char *config) {
    hone_contender contender;
    hone_numerics numerics;
    int ok;
    hone_status status = hone_session_prepare(&ok, &contender, &numerics, session, config);
    if (status || !ok)
        return status;
    /* What --max-error refuses here is evidence for who asks without a limit. */
    int accepted = hone_session_accepts(session, numerics.err_rel_fro);
    out->error = numerics.err_rel_fro;
    status = screen(&out->value, session, &contender, &numerics);
    if (!status && !accepted)
        out->value = INFINITY;
    if (status == HONE_E_UNAVAILABLE)
        status = hone_session_run_failed(session, config);
    hone_contender_clear(&contender);
    return status;
}

hone_status hone_session_evaluate(hone_known *out, hone_tune_session *session, const char *config) {
    int found = 0;
    hone_known result = {INFINITY, NAN};
    hone_status status = hone_db_known(&found, &result, session->db, session->device, session->problem,
                                       config, session->options->threads, session->mode,
                                       hone_objective_name(hone_session_early_objective(session)));
    if (status)
        return status;
    if (found) {
        session->result->known++;
        snprintf(session->last_failure, sizeof session->last_failure, "it failed in an earlier run");
    } else {
        int64_t start = hone_clock_now();
        status = evaluate_new(&result, session, config);
        session->result->evaluations++;
        session->evaluation_seconds += (double)(hone_clock_now() - start) / 1e9;
    }
    if (found == 2 || (found == 1 && !hone_session_accepts(session, result.error)))
        result.value = INFINITY;
    if (!status)
        *out = result;
    return status;
}

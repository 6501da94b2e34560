/* The final: the best candidates and the unfused provider, verified and measured
 * anew in the same rounds, in which the slower ones are retired step by step. Only
 * what was measured side by side decides. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../kernels/status.h"
#include "tune_final.h"

enum {
    CONTENDERS = HONE_ENTRANTS + HONE_ACCURATE + 2, /* and the unfused provider, and the default */
    FINAL_MOST = 300
};
static const double FINAL_SECONDS = 2; /* sampling goes on so long until all have settled */

typedef struct final_round {
    hone_contender contenders[CONTENDERS];
    hone_numerics numerics[CONTENDERS];                  /* of finalists */
    hone_runner runners[CONTENDERS + HONE_ROOF_RUNNERS]; /* the roof's come last */
    unsigned char kept[CONTENDERS], retired[CONTENDERS];
    hone_roof *roof;
    int count;
    int has_unfused; /* contender 0 */
} final_round;

static hone_status candidate_text(char text[HONE_CONFIG_TEXT], const hone_tune_session *session,
                                  const hone_scored_point *candidate) {
    hone_config config;
    hone_status status = hone_points_config(&config, session->points, candidate->point);
    return status ? status : hone_config_format(text, HONE_CONFIG_TEXT, &config);
}

/* Its GEMM runs with the best candidate's config, so that the difference is the
 * fusion. A baseline that cannot run this problem is left out. */
static hone_status add_unfused(final_round *final, hone_tune_session *session) {
    char text[HONE_CONFIG_TEXT];
    if (!session->unfused)
        return HONE_OK;
    hone_status status = candidate_text(text, session, &session->candidates[0]);
    if (!status)
        status = hone_contender_create(&final->contenders[0], session->unfused, session->context,
                                       session->device, &session->operands, text, session->options->threads);
    if (status)
        return status == HONE_E_NOMEM ? status : HONE_OK;
    final->has_unfused = 1;
    final->count = 1;
    return HONE_OK;
}

/* Prepares candidates from the best on until `wanted` are fit to be measured, or memory has no room for more
 * than there are. */
static hone_status add_finalists(final_round *final, hone_tune_session *session, int64_t wanted) {
    hone_status status = HONE_OK;
    for (int64_t i = 0; i < session->candidate_count && !status && wanted > 0; i++) {
        char text[HONE_CONFIG_TEXT];
        hone_contender *contender = &final->contenders[final->count];
        hone_numerics *numerics = &final->numerics[final->count];
        int ok = 0;
        status = candidate_text(text, session, &session->candidates[i]);
        if (!status)
            status = hone_session_prepare(&ok, contender, numerics, session, text);
        if (status == HONE_E_NOMEM && final->count > final->has_unfused)
            return HONE_OK;
        if (!ok)
            continue;
        if (!hone_session_accepts(session, numerics->err_rel_fro)) {
            hone_contender_clear(contender);
            continue;
        }
        final->kept[final->count++] = session->candidates[i].kept != 0;
        wanted--;
    }
    return status;
}

/* With a limit on the error the default may be none of the finalists. It is measured beside them, so that who
 * asks without a limit does not take their winner for the fastest. */
static hone_status add_default(final_round *final, hone_tune_session *session) {
    int ok = 0;
    if (session->options->max_error <= 0)
        return HONE_OK;
    for (int i = final->has_unfused; i < final->count; i++)
        if (strcmp(hone_contender_label(&final->contenders[i]), session->default_config) == 0)
            return HONE_OK;
    hone_status status =
        hone_session_prepare(&ok, &final->contenders[final->count], &final->numerics[final->count], session,
                             session->default_config);
    final->kept[final->count] = 1;
    final->count += !status && ok;
    return status;
}

static hone_status store(final_round *final, hone_tune_session *session, const hone_sampler *sampler) {
    hone_measurement measurements[CONTENDERS];
    hone_stats stats[CONTENDERS];
    const hone_limits limits = hone_roof_limits(final->roof, sampler, final->count);
    for (int i = 0; i < final->count; i++) {
        const hone_numerics *numerics = final->has_unfused && i == 0 ? NULL : &final->numerics[i];
        hone_status status = hone_session_describe(
            &measurements[i], &stats[i], session, &final->contenders[i],
            final->retired[i] ? "screen" : "final", hone_sampler_samples(sampler, i), numerics);
        if (status)
            return status;
        if (final->retired[i])
            continue;
        measurements[i].peak_gops = limits.gops;
        measurements[i].read_gbps = limits.read_gbps;
    }
    return hone_db_add_measurements(session->db, session->run, measurements, final->count);
}

typedef struct standing {
    double value;
    int contender;
} standing;

static int by_standing(const void *left, const void *right) {
    const standing *a = left, *b = right;
    return (a->value > b->value) - (a->value < b->value);
}

/* Leaves the fastest `most` of those that are not kept in any case. */
static void retire(final_round *final, hone_sampler *sampler, hone_objective objective, int most) {
    standing order[CONTENDERS];
    int count = 0;
    for (int i = 0; i < final->count; i++) {
        if (final->kept[i] || final->retired[i])
            continue;
        order[count++] = (standing){hone_objective_of(objective, hone_sampler_samples(sampler, i)), i};
    }
    qsort(order, (size_t)count, sizeof *order, by_standing);
    for (int i = most; i < count; i++) {
        final->retired[order[i].contender] = 1;
        hone_sampler_retire(sampler, order[i].contender);
    }
}

/* The rungs that come before the last sample. */
static hone_status climb(final_round *final, hone_sampler *sampler, const hone_tune_session *session,
                         int samples) {
    hone_status status = HONE_OK;
    for (int rung = 0; rung < HONE_FINAL_RUNGS && hone_final_rungs[rung].samples < samples; rung++) {
        while (!status && !hone_session_stopped(session) &&
               hone_sampler_samples(sampler, 0)->count < hone_final_rungs[rung].samples)
            status = hone_sampler_round(sampler);
        if (status || hone_session_stopped(session))
            return status;
        retire(final, sampler, hone_session_early_objective(session), hone_final_rungs[rung].most);
    }
    return status;
}

static hone_status measure(final_round *final, hone_tune_session *session, int samples) {
    hone_status status =
        hone_contender_roof(&final->roof, &final->contenders[final->has_unfused], &session->operands);
    if (status)
        return status;
    for (int i = 0; i < final->count; i++)
        final->runners[i] = hone_contender_runner(&final->contenders[i]);
    final->kept[0] = 1; /* whose samples are counted */
    int roofs = hone_roof_runners(&final->runners[final->count], final->roof);
    hone_sampler_options options = {
        .min_samples = samples,
        .max_samples = FINAL_MOST,
        .max_seconds = fmax(fmin(hone_session_left(session), FINAL_SECONDS), 1e-3),
        .warm_calls = session->options->cold ? 0 : HONE_FINAL_WARM_CALLS,
        .stop = session->options->stop,
    };
    hone_sampler *sampler;
    status = hone_sampler_create(&sampler, final->runners, final->count + roofs, &options);
    if (status)
        return status;
    status = climb(final, sampler, session, samples);
    /* A run ends early when it takes far longer than max_seconds. */
    while (!status && !hone_session_stopped(session)) {
        status = hone_sampler_run(sampler);
        if (hone_sampler_samples(sampler, 0)->count >= samples)
            break;
    }
    for (int i = 0; i < final->count && !status; i++)
        status = hone_contender_failure(&final->contenders[i]);
    /* Half a final would pass for a whole one. */
    if (!status && !hone_session_stopped(session))
        status = store(final, session, sampler);
    hone_sampler_destroy(sampler);
    return status;
}

hone_status hone_session_final(hone_tune_session *session) {
    final_round final = {0};
    int64_t finalists = hone_final_choose(session);
    int samples = hone_final_samples(session);
    if (samples == 0)
        return HONE_OK;
    hone_session_report(session, "final");
    hone_status status = add_unfused(&final, session);
    if (!status)
        status = add_finalists(&final, session, finalists);
    if (!status && final.count > final.has_unfused)
        status = add_default(&final, session);
    if (!status && final.count > final.has_unfused)
        status = measure(&final, session, samples);
    for (int i = 0; i < final.count; i++)
        hone_contender_clear(&final.contenders[i]);
    hone_roof_destroy(final.roof);
    return status;
}

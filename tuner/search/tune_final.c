/* The final: the best few candidates and the unfused provider, verified and
 * measured anew in the same rounds. Screening values come from different moments
 * and few samples; only what was measured side by side decides. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../kernels/status.h"
#include "tune_session.h"

enum {
    FINALISTS = 5,
    CONTENDERS = FINALISTS + 2, /* and the unfused provider, and the default where it is no finalist */
    FINAL_LEAST = HONE_P95_MIN_SAMPLES,
    FINAL_MOST = 300,
    FINAL_HURRIED = 10, /* samples when not even one finalist fits the budget */
    CALLS_A_SAMPLE = 2  /* warm: an untimed call brings the caches back */
};
static const double FINAL_SECONDS = 2;  /* sampling goes on so long until all have settled */
static const double UNFUSED_COST = 1.5; /* expected, in times of the best candidate */
static const double MARGIN = 1.2;
static const double FAR_BEHIND = 2; /* times the best */
/* A winner without a p95 is worth little: what is left may be this part of what a
 * final of one needs. */
static const double OVERRUN = 1.0 / 3;
/* The most of a budget that is kept for all finalists, and for the one without
 * which there is no p95. */
static const double WANTED_SHARE = 0.5, NEEDED_SHARE = 0.85;

static int by_value(const void *left, const void *right) {
    const hone_scored_point *a = left, *b = right;
    if (a->value != b->value)
        return a->value < b->value ? -1 : 1;
    return (a->point > b->point) - (a->point < b->point);
}

/* Seconds of sampling and preparing `count` finalists, from sorted candidates. */
static double seconds_of(const hone_tune_session *session, const hone_scored_point *sorted, int64_t count) {
    double round_us = UNFUSED_COST * sorted[0].value;
    for (int64_t i = 0; i < count; i++)
        round_us += sorted[i].value;
    return MARGIN * (FINAL_LEAST * CALLS_A_SAMPLE * round_us / 1e6 +
                     (double)(count + 1) * hone_session_evaluation_seconds(session));
}

/* All are taken to be as fast as the best: close enough for setting time aside. */
double hone_session_reserve(const hone_tune_session *session) {
    hone_scored_point best[FINALISTS];
    double budget = session->options->budget_seconds;
    int count = session->candidate_count < FINALISTS ? (int)session->candidate_count : FINALISTS;
    for (int i = 0; i < FINALISTS; i++)
        best[i] = (hone_scored_point){.value = session->best};
    double wanted = fmin(seconds_of(session, best, count), WANTED_SHARE * budget);
    double needed = fmin(seconds_of(session, best, 1), NEEDED_SHARE * budget);
    return fmax(wanted, needed);
}

/* As many finalists as the rest of the budget holds, one at least; none that was
 * screened far behind the best. */
static int64_t affordable(const hone_tune_session *session) {
    int64_t count = session->candidate_count < FINALISTS ? session->candidate_count : FINALISTS;
    while (count > 1 && session->candidates[count - 1].value > FAR_BEHIND * session->candidates[0].value)
        count--;
    while (count > 1 && seconds_of(session, session->candidates, count) > hone_session_left(session))
        count--;
    return count;
}

/* The samples to take: enough for a p95, even where one finalist exceeds the
 * budget somewhat; fewer when it would by far and p95 is not what decides; 0 when
 * a final makes no sense. */
static int least_samples(const hone_tune_session *session) {
    double share = hone_session_left(session) / seconds_of(session, session->candidates, 1);
    if (share >= OVERRUN)
        return FINAL_LEAST;
    if (session->options->objective == HONE_OBJECTIVE_P95 || share * FINAL_LEAST < FINAL_HURRIED)
        return 0;
    return (int)(share * FINAL_LEAST);
}

/* Puts the default config among the first `count`: lookups for other problems
 * compare a winner with it. */
static void keep_default(hone_tune_session *session, int64_t count) {
    for (int64_t i = count; i < session->candidate_count && count > 1; i++) {
        if (session->candidates[i].point != session->default_point)
            continue;
        hone_scored_point moved = session->candidates[count - 1];
        session->candidates[count - 1] = session->candidates[i];
        session->candidates[i] = moved;
        return;
    }
}

typedef struct final_round {
    hone_contender contenders[CONTENDERS];
    hone_numerics numerics[CONTENDERS];                  /* of finalists */
    hone_runner runners[CONTENDERS + HONE_ROOF_RUNNERS]; /* the roof's come last */
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

/* Prepares candidates from the best on until `wanted` are fit to be measured. */
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
        if (!ok)
            continue;
        if (!hone_session_accepts(session, numerics)) {
            hone_contender_clear(contender);
            continue;
        }
        final->count++;
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
    final->count += !status && ok;
    return status;
}

static hone_status store(final_round *final, hone_tune_session *session, const hone_sampler *sampler) {
    hone_measurement measurements[CONTENDERS];
    hone_stats stats[CONTENDERS];
    const hone_limits limits = hone_roof_limits(final->roof, sampler, final->count);
    for (int i = 0; i < final->count; i++) {
        const hone_numerics *numerics = final->has_unfused && i == 0 ? NULL : &final->numerics[i];
        hone_status status =
            hone_session_describe(&measurements[i], &stats[i], session, &final->contenders[i], "final",
                                  hone_sampler_samples(sampler, i), numerics);
        if (status)
            return status;
        measurements[i].peak_gops = limits.gops;
        measurements[i].read_gbps = limits.read_gbps;
    }
    return hone_db_add_measurements(session->db, session->run, measurements, final->count);
}

static hone_status measure(final_round *final, hone_tune_session *session, int samples) {
    hone_status status =
        hone_contender_roof(&final->roof, &final->contenders[final->has_unfused], &session->operands);
    if (status)
        return status;
    for (int i = 0; i < final->count; i++)
        final->runners[i] = hone_contender_runner(&final->contenders[i]);
    int roofs = hone_roof_runners(&final->runners[final->count], final->roof);
    hone_sampler_options options = {
        .min_samples = samples,
        .max_samples = FINAL_MOST,
        .max_seconds = fmax(fmin(hone_session_left(session), FINAL_SECONDS), 1e-3),
        .warm_calls = session->options->cold ? 0 : CALLS_A_SAMPLE - 1,
        .stop = session->options->stop,
    };
    hone_sampler *sampler;
    status = hone_sampler_create(&sampler, final->runners, final->count + roofs, &options);
    if (status)
        return status;
    /* A run ends early when it takes far longer than max_seconds. */
    do
        status = hone_sampler_run(sampler);
    while (!status && !hone_session_stopped(session) && hone_sampler_samples(sampler, 0)->count < samples);
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
    qsort(session->candidates, (size_t)session->candidate_count, sizeof *session->candidates, by_value);
    int samples = least_samples(session);
    if (samples == 0)
        return HONE_OK;
    int64_t finalists = affordable(session);
    keep_default(session, finalists);
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

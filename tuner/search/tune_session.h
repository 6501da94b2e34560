/* What the parts of tuning one problem share: tune.c searches, tune_evaluate.c
 * judges one config, tune_final.c re-measures the best few side by side. */
#ifndef HONE_TUNER_TUNE_SESSION_H
#define HONE_TUNER_TUNE_SESSION_H

#include "contender.h"
#include "tune.h"

/* A config that may win: its point, its screening value, its err_rel_fro, and what the backend's model thinks
 * that it costs (NaN: there is no model). */
typedef struct hone_scored_point {
    int64_t point;
    double value, error, cost;
    int kept; /* 1: stays in the final whatever its time */
} hone_scored_point;

enum { HONE_MOST_CHEAPEST = 8 };

typedef struct hone_tune_session {
    hone_db *db;
    int64_t run;
    hone_context *context;
    const hone_device *device;
    const hone_problem *problem;
    const hone_tune_options *options;
    const char *mode; /* "warm" or "cold" */
    hone_tune_result *result;
    int64_t started; /* hone_clock_now */

    const hone_provider *hone, *unfused;
    hone_space *space;
    hone_points *points;
    void *strategy;                       /* state of options->strategy */
    unsigned char *seen;                  /* by point: evaluated in this session */
    int64_t cheapest[HONE_MOST_CHEAPEST]; /* points to try first, where configs are compiled */
    int cheapest_count;
    hone_operand_set operands;
    hone_reference *reference;

    hone_scored_point *candidates; /* room for every point */
    int64_t candidate_count;
    int64_t default_point; /* -1: not among the points */
    int64_t known_point;   /* the winner that the database had for this; -1: none */
    int64_t simple_point;  /* the best, led towards the default; -1: none */
    char default_config[HONE_CONFIG_TEXT];
    char works[HONE_CONFIG_TEXT]; /* the config that was last fit to be measured; "": none yet */
    double best;                  /* value of the best candidate; INFINITY */
    double closest_error;         /* smallest err_rel_fro of what max_error refused; INFINITY */
    double evaluation_seconds;    /* spent on new evaluations so far */
    char last_failure[160];
} hone_tune_session;

double hone_session_seconds(const hone_tune_session *session);
/* Seconds left of the budget; INFINITY without one. */
double hone_session_left(const hone_tune_session *session);
int hone_session_stopped(const hone_tune_session *session);
/* Tells the caller how far things are, if it wants to know. */
void hone_session_report(const hone_tune_session *session, const char *stage);

/* Seconds that a new evaluation has taken, on average. */
double hone_session_evaluation_seconds(const hone_tune_session *session);

/* Prepares and verifies a config. *ok 0: it failed, and that has been stored. */
hone_status hone_session_prepare(int *ok, hone_contender *contender, hone_numerics *numerics,
                                 hone_tune_session *session, const char *config);
/* Whether a correct result is accurate enough to win. */
int hone_session_accepts(hone_tune_session *session, double err_rel_fro);
/* A call of the config failed on the device: stored. HONE_E_UNAVAILABLE when the device is lost. */
hone_status hone_session_run_failed(hone_tune_session *session, const char *config);
/* What few samples are judged by: they are too few for a p95, for which p50 stands in. */
hone_objective hone_session_early_objective(const hone_tune_session *session);
/* A contender's samples, ready to be stored; the limits of the machine are left unknown. Computes
 * `stats`; everything is borrowed. `numerics` NULL: not verified. HONE_E_NOMEM. */
hone_status hone_session_describe(hone_measurement *out, hone_stats *stats, const hone_tune_session *session,
                                  const hone_contender *contender, const char *stage,
                                  const hone_samples *samples, const hone_numerics *numerics);

/* Judges one config: what the database knows, else verify and screen. INFINITY
 * for one that fails, NaN when stopped before there was a value. */
hone_status hone_session_evaluate(hone_known *out, hone_tune_session *session, const char *config);

/* Evaluates a config unless it is no point of the space, or there is no time for it. *value: its screening
 * value; NaN when it was not evaluated now. */
hone_status hone_session_consider(double *value, hone_tune_session *session, const hone_config *config);

/* Evaluates what won on near shapes, on other devices of the family and in other builds. `default_us` is the
 * default config's value. */
hone_status hone_session_transfer(hone_tune_session *session, double default_us);
/* Counts an evaluation of the search's own towards what that saved. */
void hone_session_compare_transfer(hone_tune_session *session, double value);

/* Chooses the points to try first. HONE_E_NOMEM. */
hone_status hone_session_choose_cheapest(hone_tune_session *session);

/* The backend's model's cost of a config; NaN without a model. */
double hone_session_cost(const hone_tune_session *session, const hone_config *config);
/* How alike the model's order of the candidates is to the measured one (hone_rank_correlation). */
double hone_session_rank_correlation(const hone_tune_session *session);

/* Leads the best candidate towards the default config as far as it stays as fast; simple_point is where that
 * ends. */
hone_status hone_session_simplify(hone_tune_session *session);
/* Whether the final's time leaves `seconds`, and the limit on evaluations another one. */
int hone_session_may_evaluate(const hone_tune_session *session, double seconds);

/* Seconds of the budget to keep for hone_session_final; there are candidates. */
double hone_session_reserve(const hone_tune_session *session);
/* Whether the time left is enough for one. */
int hone_session_has_final(hone_tune_session *session);
/* Re-measures the best candidates beside the unfused provider; does nothing
 * when the budget left has no room for it. Reorders the candidates. */
hone_status hone_session_final(hone_tune_session *session);

#endif

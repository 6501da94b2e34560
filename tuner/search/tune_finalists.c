/* Who takes part in the final, and what that costs.
 *
 * Screening values come from few samples at different moments, so that among hundreds of configs the best few
 * are best by luck as well. A dozen therefore enter, and are retired in steps as their samples beside each
 * other grow. Some stay to the end whatever their time: the default config, with which lookups for other
 * problems compare a winner, and configs more accurate than all that are faster, for lookups with a limit on
 * the error. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../kernels/status.h"
#include "tune_final.h"

enum {
    FINAL_HURRIED = 10, /* samples when not even one finalist fits the budget */
    CALLS_A_SAMPLE = HONE_FINAL_WARM_CALLS + 1
};
static const double ENTRANTS_BYTES = 1 << 30;
static const double UNFUSED_COST = 1.5; /* expected, in times of the best candidate */
static const double MARGIN = 1.2;
static const double NOISE = 1.15;   /* times the best: a better one is not screened as slower than that */
static const double FAR_BEHIND = 2; /* times the best: not even to be compared with */
static const double MORE_ACCURATE = 0.9; /* times the error of all that are faster */
/* A winner without a p95 is worth little: what is left may be this part of what a
 * final of one needs. */
static const double OVERRUN = 1.0 / 3;
/* The most of a budget that is kept for all finalists, and for the one without
 * which there is no p95. */
static const double WANTED_SHARE = 0.5, NEEDED_SHARE = 0.85;

const hone_final_rung hone_final_rungs[HONE_FINAL_RUNGS] = {{10, 8}, {20, HONE_FINALISTS}};

static int by_value(const void *left, const void *right) {
    const hone_scored_point *a = left, *b = right;
    if (a->value != b->value)
        return a->value < b->value ? -1 : 1;
    return (a->point > b->point) - (a->point < b->point);
}

/* Every entrant packs B for itself. */
static int most_entrants(const hone_tune_session *session) {
    const hone_problem *problem = session->problem;
    double bytes = (double)problem->n * (double)problem->k * (double)hone_dtype_size(problem->dtype);
    return session->options->cold || HONE_ENTRANTS * bytes > ENTRANTS_BYTES ? HONE_FINALISTS : HONE_ENTRANTS;
}

/* Samples that an entrant of this rank is likely to get. */
static double samples_of(const hone_scored_point *entrant, int64_t rank) {
    for (int i = 0; i < HONE_FINAL_RUNGS && !entrant->kept; i++)
        if (rank >= hone_final_rungs[i].most)
            return hone_final_rungs[i].samples;
    return HONE_FINAL_LEAST;
}

/* Seconds of sampling and preparing the first `count`, from sorted candidates. */
static double seconds_of(const hone_tune_session *session, const hone_scored_point *sorted, int64_t count) {
    double us = HONE_FINAL_LEAST * UNFUSED_COST * sorted[0].value;
    for (int64_t i = 0; i < count; i++)
        us += samples_of(&sorted[i], i) * sorted[i].value;
    return MARGIN *
           (CALLS_A_SAMPLE * us / 1e6 + (double)(count + 1) * hone_session_evaluation_seconds(session));
}

/* All are taken to be as fast as the best: close enough for setting time aside. */
double hone_session_reserve(const hone_tune_session *session) {
    hone_scored_point best[HONE_ENTRANTS];
    double budget = session->options->budget_seconds;
    int most = most_entrants(session);
    int count = session->candidate_count < most ? (int)session->candidate_count : most;
    for (int i = 0; i < HONE_ENTRANTS; i++)
        best[i] = (hone_scored_point){.value = session->best};
    double wanted = fmin(seconds_of(session, best, count), WANTED_SHARE * budget);
    double needed = fmin(seconds_of(session, best, 1), NEEDED_SHARE * budget);
    return fmax(wanted, needed);
}

/* As many entrants as the rest of the budget holds, one at least; of those that rank behind the finalists
 * only who may be better than screening says. */
static int64_t affordable(const hone_tune_session *session) {
    const hone_scored_point *sorted = session->candidates;
    int most = most_entrants(session);
    int64_t count = session->candidate_count < most ? session->candidate_count : most;
    while (count > 1 &&
           sorted[count - 1].value > (count > HONE_FINALISTS ? NOISE : FAR_BEHIND) * sorted[0].value)
        count--;
    while (count > 1 && seconds_of(session, sorted, count) > hone_session_left(session))
        count--;
    return count;
}

static void swap(hone_scored_point *a, hone_scored_point *b) {
    hone_scored_point kept = *a;
    *a = *b;
    *b = kept;
}

/* Moves a candidate forward; the order of the others stays. */
static void move(hone_scored_point *sorted, int64_t from, int64_t to) {
    hone_scored_point moved = sorted[from];
    memmove(&sorted[to + 1], &sorted[to], (size_t)(from - to) * sizeof *sorted);
    sorted[to] = moved;
}

static int must_enter(const hone_tune_session *session, int64_t point) {
    return point == session->default_point || point == session->simple_point || point == session->known_point;
}

/* Marks, in sorted candidates, who must enter, and those that are more accurate than all that are faster. */
static void mark_kept(hone_tune_session *session) {
    hone_scored_point *sorted = session->candidates;
    double least = sorted[0].error;
    for (int64_t i = 0; i < session->candidate_count; i++) {
        const int is_accurate =
            sorted[i].error < MORE_ACCURATE * least && sorted[i].value <= FAR_BEHIND * sorted[0].value;
        sorted[i].kept = is_accurate || must_enter(session, sorted[i].point);
        least = fmin(least, sorted[i].error);
    }
}

/* The default, the simple one and the known winner take the last entrants' places, but not the best one's;
 * the accurate are added while there is time and room. */
static int64_t add_kept(hone_tune_session *session, int64_t count) {
    hone_scored_point *sorted = session->candidates;
    const int64_t most = count + HONE_ACCURATE;
    for (int64_t i = count, place = count - 1; i < session->candidate_count; i++) {
        if (!must_enter(session, sorted[i].point))
            continue;
        while (place > 0 && must_enter(session, sorted[place].point))
            place--;
        if (place == 0)
            break;
        swap(&sorted[i], &sorted[place]);
    }
    for (int64_t i = count; i < session->candidate_count && count < most; i++) {
        if (!sorted[i].kept)
            continue;
        move(sorted, i, count);
        if (seconds_of(session, sorted, count + 1) > hone_session_left(session))
            break;
        count++;
    }
    return count;
}

int64_t hone_final_choose(hone_tune_session *session) {
    qsort(session->candidates, (size_t)session->candidate_count, sizeof *session->candidates, by_value);
    mark_kept(session);
    int64_t count = affordable(session);
    return count < 2 ? count : add_kept(session, count);
}

int hone_final_samples(const hone_tune_session *session) {
    double share = hone_session_left(session) / seconds_of(session, session->candidates, 1);
    if (share >= OVERRUN)
        return HONE_FINAL_LEAST;
    if (session->options->objective == HONE_OBJECTIVE_P95 || share * HONE_FINAL_LEAST < FINAL_HURRIED)
        return 0;
    return (int)(share * HONE_FINAL_LEAST);
}

int hone_session_has_final(hone_tune_session *session) {
    hone_final_choose(session);
    return hone_final_samples(session) > 0;
}

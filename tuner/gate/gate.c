#include "gate.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../harness/stats.h"
#include "../../kernels/status.h"

/* A rank-based 95% interval exists from 4 values a side on: with 3 even a
 * complete separation has a chance of 1 in 10. */
enum { RANK_MIN_VALUES = 4 };

static const char *const verdict_names[HONE_GATE_VERDICTS] = {
    [HONE_GATE_SAME] = "SAME",     [HONE_GATE_FAST] = "FAST",   [HONE_GATE_SLOW] = "SLOW",
    [HONE_GATE_UNSURE] = "UNSURE", [HONE_GATE_WRONG] = "WRONG", [HONE_GATE_MISSING] = "MISSING",
};

static const char *const side_names[2] = {"baseline", "candidate"};

static const hone_gate_metric metrics[] = {
    {"p50_us", "p50_low_us", "p50_high_us", 0},
    {"p95_us", "p95_low_us", "p95_high_us", 0},
    {"gflops", NULL, NULL, 1},
};

const char *hone_gate_verdict_name(hone_gate_verdict verdict) { return verdict_names[verdict]; }

const hone_gate_metric *hone_gate_metric_find(const char *name) {
    for (size_t i = 0; i < sizeof metrics / sizeof metrics[0]; i++)
        if (strcmp(metrics[i].name, name) == 0)
            return &metrics[i];
    return NULL;
}

const char *hone_gate_metric_names(void) { return "p50_us, p95_us, gflops"; }

hone_status hone_gate_create(hone_gate **out, const hone_gate_options *options) {
    if (!(options->threshold >= 0 && options->threshold <= 10))
        return hone_fail(HONE_E_USAGE, "a threshold of %g is out of range; 0.05 means 5%%, at most 10",
                         options->threshold);
    if (!(options->alpha > 0 && options->alpha < 1))
        return hone_fail(HONE_E_USAGE, "alpha = %g is out of range; give a probability such as 0.01",
                         options->alpha);
    hone_gate *gate = calloc(1, sizeof *gate);
    if (!gate)
        return hone_fail(HONE_E_NOMEM, "no memory for a gate");
    gate->options = *options;
    *out = gate;
    return HONE_OK;
}

void hone_gate_destroy(hone_gate *gate) {
    if (!gate)
        return;
    for (size_t i = 0; i < gate->count; i++) {
        free(gate->cases[i].name);
        free(gate->cases[i].sides[0].values);
        free(gate->cases[i].sides[1].values);
    }
    free(gate->cases);
    free(gate);
}

/* ---- collecting */

/* Doubles a full array of `size`-byte elements; 0 when memory is short. */
static int grow(void **array, size_t *capacity, size_t count, size_t size) {
    if (count < *capacity)
        return 1;
    size_t wanted = *capacity ? 2 * *capacity : 16;
    void *grown = realloc(*array, wanted * size);
    if (!grown)
        return 0;
    *array = grown;
    *capacity = wanted;
    return 1;
}

static hone_status find_case(hone_gate_case **out, hone_gate *gate, const char *name) {
    for (size_t i = 0; i < gate->count; i++) {
        if (strcmp(gate->cases[i].name, name) == 0) {
            *out = &gate->cases[i];
            return HONE_OK;
        }
    }
    char *copy = strdup(name);
    void *cases = gate->cases;
    if (!copy || !grow(&cases, &gate->capacity, gate->count, sizeof *gate->cases)) {
        free(copy);
        return hone_fail(HONE_E_NOMEM, "no memory for case '%s'", name);
    }
    gate->cases = cases;
    *out = &gate->cases[gate->count++];
    **out = (hone_gate_case){.name = copy};
    for (int side = 0; side < 2; side++)
        (*out)->sides[side].low = (*out)->sides[side].high = NAN;
    return HONE_OK;
}

hone_status hone_gate_add(hone_gate *gate, hone_gate_side_name side, const char *name, double value,
                          double low, double high) {
    if (!isnan(value) && !(value > 0 && isfinite(value)))
        return hone_fail(HONE_E_DATA, "case '%s' of the %s has %s = %g; only positive values can be compared",
                         name, side_names[side], gate->options.metric->name, value);
    hone_gate_case *found;
    hone_status status = find_case(&found, gate, name);
    if (status != HONE_OK)
        return status;
    hone_gate_side *values = &found->sides[side];
    values->seen++;
    if (isnan(value))
        return HONE_OK;
    void *array = values->values;
    if (!grow(&array, &values->capacity, values->count, sizeof *values->values))
        return hone_fail(HONE_E_NOMEM, "no memory for the values of case '%s'", name);
    values->values = array;
    values->values[values->count++] = gate->options.metric->rate ? 1 / value : value;
    values->low = fmin(values->low, low); /* fmin and fmax pass over NaN */
    values->high = fmax(values->high, high);
    return HONE_OK;
}

hone_status hone_gate_add_error(hone_gate *gate, hone_gate_side_name side, const char *name,
                                const char *error) {
    hone_gate_case *found;
    hone_status status = find_case(&found, gate, name);
    if (status != HONE_OK)
        return status;
    found->sides[side].seen++;
    if (!found->sides[side].error[0])
        snprintf(found->sides[side].error, sizeof found->sides[side].error, "%s",
                 error[0] ? error : "unknown error");
    return HONE_OK;
}

/* ---- deciding */

static int compare_doubles(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Sorts the values: nothing depends on their order. */
static double median(const hone_gate_side *side) {
    size_t n = side->count;
    qsort(side->values, n, sizeof side->values[0], compare_doubles);
    return (side->values[(n - 1) / 2] + side->values[n / 2]) / 2;
}

/* What both sides are compared by: a rank test, or their stored intervals. */
static void estimate(hone_gate_case *c) {
    const hone_gate_side *a = &c->sides[HONE_GATE_BASELINE], *b = &c->sides[HONE_GATE_CANDIDATE];
    if (a->count >= RANK_MIN_VALUES && b->count >= RANK_MIN_VALUES) {
        hone_ratio_interval(&c->ratio, &c->low, &c->high, a->values, a->count, b->values, b->count);
        c->p_value = hone_rank_test(a->values, a->count, b->values, b->count);
        return;
    }
    c->ratio = median(b) / median(a);
    c->low = b->low / a->high;
    c->high = b->high / a->low;
}

/* 1 when the case cannot be compared; then its verdict and reason are set. */
static int not_comparable(const hone_gate *gate, hone_gate_case *c) {
    const hone_gate_side *candidate = &c->sides[HONE_GATE_CANDIDATE];
    /* What cannot run here is not wrong; `hone bench` says so in the error. */
    if (candidate->error[0] && strncmp(candidate->error, "unavailable:", 12) != 0) {
        c->verdict = HONE_GATE_WRONG;
        snprintf(c->reason, sizeof c->reason, "candidate: %s", candidate->error);
        return 1;
    }
    for (int side = 0; side < 2; side++) {
        const hone_gate_side *s = &c->sides[side];
        if (s->count > 0 && !s->error[0])
            continue;
        c->verdict = HONE_GATE_MISSING;
        if (s->error[0])
            snprintf(c->reason, sizeof c->reason, "%s: %s", side_names[side], s->error);
        else if (s->seen)
            snprintf(c->reason, sizeof c->reason, "no %s in the %s", gate->options.metric->name,
                     side_names[side]);
        else
            snprintf(c->reason, sizeof c->reason, "not in the %s", side_names[side]);
        return 1;
    }
    return 0;
}

typedef struct ranked {
    double p_value;
    hone_gate_case *owner;
} ranked;

static int compare_ranked(const void *a, const void *b) {
    return compare_doubles(&((const ranked *)a)->p_value, &((const ranked *)b)->p_value);
}

/* Holm's step-down correction of the p-values over all cases that have one. */
static hone_status correct(hone_gate *gate) {
    ranked *order = malloc((gate->count ? gate->count : 1) * sizeof *order);
    if (!order)
        return hone_fail(HONE_E_NOMEM, "no memory to rank %zu cases", gate->count);
    size_t tests = 0;
    for (size_t i = 0; i < gate->count; i++)
        if (!isnan(gate->cases[i].p_value))
            order[tests++] = (ranked){gate->cases[i].p_value, &gate->cases[i]};
    qsort(order, tests, sizeof *order, compare_ranked);
    double floor = 0;
    for (size_t i = 0; i < tests; i++) {
        floor = fmax(floor, fmin(1, order[i].p_value * (double)(tests - i)));
        order[i].owner->p_value = floor;
    }
    free(order);
    return HONE_OK;
}

/* One equal value on both sides and no interval, as when a file is compared with itself. */
static int identical(const hone_gate_case *c) {
    return isnan(c->low) && isnan(c->high) && c->sides[0].count == 1 && c->sides[1].count == 1 &&
           c->sides[0].values[0] == c->sides[1].values[0];
}

static void decide_case(const hone_gate *gate, hone_gate_case *c) {
    double limit = 1 + gate->options.threshold;
    /* Without a rank test there is no p-value, and the intervals decide. */
    int significant = isnan(c->p_value) || c->p_value <= gate->options.alpha;
    if (c->low > limit && significant) {
        c->verdict = HONE_GATE_SLOW;
    } else if (c->high < 1 / limit && significant) {
        c->verdict = HONE_GATE_FAST;
    } else if ((c->low >= 1 / limit && c->high <= limit) || identical(c)) {
        c->verdict = HONE_GATE_SAME;
    } else {
        c->verdict = HONE_GATE_UNSURE;
        if (isnan(c->low) || isnan(c->high))
            snprintf(c->reason, sizeof c->reason,
                     "%zu and %zu values without intervals cannot be compared; repeat the runs",
                     c->sides[0].count, c->sides[1].count);
        else if (c->low > limit || c->high < 1 / limit)
            snprintf(c->reason, sizeof c->reason,
                     "p = %.2g after correction; more rounds or repetitions are needed", c->p_value);
        else
            snprintf(c->reason, sizeof c->reason, "the interval crosses the threshold");
    }
}

/* Cases that look slower, of which too few values or too many cases leave no
 * proof: a whole with one of them has not passed. */
static size_t count_suspects(const hone_gate *gate) {
    size_t suspects = 0;
    for (size_t i = 0; i < gate->count; i++)
        suspects +=
            gate->cases[i].verdict == HONE_GATE_UNSURE && gate->cases[i].low > 1 + gate->options.threshold;
    return suspects;
}

/* Cases that the baseline has and the candidate lost: what was not measured
 * cannot be called the same. */
static size_t count_lost(const hone_gate *gate) {
    size_t lost = 0;
    for (size_t i = 0; i < gate->count; i++) {
        const hone_gate_case *c = &gate->cases[i];
        lost += c->verdict == HONE_GATE_MISSING && c->sides[HONE_GATE_BASELINE].count > 0;
    }
    return lost;
}

static hone_gate_verdict decide_whole(const hone_gate *gate) {
    const size_t *counts = gate->counts;
    size_t sure = counts[HONE_GATE_SAME] + counts[HONE_GATE_FAST];
    if (counts[HONE_GATE_WRONG])
        return HONE_GATE_WRONG;
    if (counts[HONE_GATE_SLOW])
        return HONE_GATE_SLOW;
    if (sure == 0 || counts[HONE_GATE_UNSURE] > sure || count_suspects(gate) || count_lost(gate))
        return HONE_GATE_UNSURE;
    return counts[HONE_GATE_FAST] ? HONE_GATE_FAST : HONE_GATE_SAME;
}

hone_status hone_gate_decide(hone_gate *gate) {
    for (size_t i = 0; i < gate->count; i++) {
        hone_gate_case *c = &gate->cases[i];
        c->ratio = c->low = c->high = c->p_value = NAN;
        c->reason[0] = '\0';
        if (!not_comparable(gate, c))
            estimate(c);
    }
    hone_status status = correct(gate);
    if (status != HONE_OK)
        return status;
    memset(gate->counts, 0, sizeof gate->counts);
    for (size_t i = 0; i < gate->count; i++) {
        hone_gate_case *c = &gate->cases[i];
        if (!isnan(c->ratio))
            decide_case(gate, c);
        gate->counts[c->verdict]++;
    }
    gate->verdict = decide_whole(gate);
    return HONE_OK;
}

hone_status hone_gate_status(const hone_gate *gate) {
    const size_t *counts = gate->counts;
    size_t compared = gate->count - counts[HONE_GATE_WRONG] - counts[HONE_GATE_MISSING];
    if (gate->verdict == HONE_GATE_WRONG || gate->verdict == HONE_GATE_SLOW)
        return hone_fail(HONE_E_WRONG, "%zu cases are slower by more than %g%% and %zu are wrong",
                         counts[HONE_GATE_SLOW], 100 * gate->options.threshold, counts[HONE_GATE_WRONG]);
    if (compared == 0)
        return hone_fail(
            HONE_E_INCONCLUSIVE,
            "nothing was compared: no case has %s on both sides; use the same selectors for both",
            gate->options.metric->name);
    size_t suspects = count_suspects(gate), lost = count_lost(gate);
    if (gate->verdict == HONE_GATE_UNSURE && lost)
        return hone_fail(HONE_E_INCONCLUSIVE,
                         "no verdict: %zu cases of the baseline are missing from the candidate; measure the "
                         "same selectors for both",
                         lost);
    if (gate->verdict == HONE_GATE_UNSURE && suspects)
        return hone_fail(
            HONE_E_INCONCLUSIVE,
            "no verdict: %zu of %zu cases look slower by more than %g%%, but are not significant "
            "over so many cases; use more rounds",
            suspects, compared, 100 * gate->options.threshold);
    if (gate->verdict == HONE_GATE_UNSURE)
        return hone_fail(HONE_E_INCONCLUSIVE,
                         "no verdict: %zu of %zu cases are UNSURE; use more rounds, a quieter machine or a "
                         "larger threshold",
                         counts[HONE_GATE_UNSURE], compared);
    return HONE_OK;
}

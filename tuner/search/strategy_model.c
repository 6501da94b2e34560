/* A surrogate: a random forest learns from what was observed, and the config of
 * the greatest expected improvement over the best comes next (Jones, Schonlau,
 * Welch: Efficient Global Optimization of Expensive Black-Box Functions, 1998).
 *
 *     random points -> fit -> score candidates -> propose the best few -> fit ...
 *
 * Candidates are legal points: all of a small space; else a sample, and the
 * neighbours of the best points seen. Values are learnt as logarithms where they
 * are positive, for what matters is how many times faster a config is. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../kernels/status.h"
#include "forest.h"
#include "strategy.h"

enum {
    FIRST = 16,     /* random points before the first fit */
    TREES = 32,
    LEARN_MOST = 2000, /* observations; more would cost time and teach little */
    SAMPLE = 1000,  /* random candidates of a fit */
    CENTRES = 6,    /* best points whose neighbours are candidates */
    QUEUE = 32      /* proposals of one fit, at most */
};

typedef struct scored {
    int64_t point;
    double score;
} scored;

typedef struct model {
    const hone_points *points;
    hone_random random;
    hone_walk walk;
    hone_forest *forest;
    int64_t *learnt; /* points observed, in order */
    double *values;  /* theirs; INFINITY: failed */
    double *targets; /* what the forest is taught */
    const int **rows;
    int count;
    int64_t queue[QUEUE];
    int queued, next;
    scored *candidates;
    int candidate_count, candidate_most;
    int64_t *neighbours;
    int64_t best[CENTRES]; /* the best points seen, best first */
    double best_values[CENTRES];
    int best_count;
} model;

static void model_destroy(void *state) {
    model *self = state;
    if (!self)
        return;
    hone_walk_clear(&self->walk);
    hone_forest_destroy(self->forest);
    free(self->learnt);
    free(self->values);
    free(self->targets);
    free(self->rows);
    free(self->candidates);
    free(self->neighbours);
    free(self);
}

static hone_status model_create(void **state, const hone_points *points, const hone_search_options *options) {
    int most = hone_points_most_neighbours(points) + 1;
    model *self = calloc(1, sizeof *self);
    if (!self)
        return hone_fail(HONE_E_NOMEM, "no memory for a strategy");
    self->points = points;
    self->random.state = options->seed;
    self->candidate_most = SAMPLE + CENTRES * most;
    self->learnt = malloc(LEARN_MOST * sizeof *self->learnt);
    self->values = malloc(LEARN_MOST * sizeof *self->values);
    self->targets = malloc(LEARN_MOST * sizeof *self->targets);
    self->rows = malloc(LEARN_MOST * sizeof *self->rows);
    self->candidates = malloc((size_t)self->candidate_most * sizeof *self->candidates);
    self->neighbours = malloc((size_t)most * sizeof *self->neighbours);
    hone_status status = HONE_OK;
    if (!self->learnt || !self->values || !self->targets || !self->rows || !self->candidates ||
        !self->neighbours)
        status = hone_fail(HONE_E_NOMEM, "no memory for a strategy");
    if (!status)
        status = hone_walk_create(&self->walk, points, &self->random);
    if (!status)
        status = hone_forest_create(&self->forest, points->space, TREES, LEARN_MOST);
    if (status) {
        model_destroy(self);
        return status;
    }
    *state = self;
    return HONE_OK;
}

static const int *row_of(const model *self, int64_t point) {
    return self->points->indices + point * self->points->space->param_count;
}

/* ------------------------------------------------------------------- learning */

/* Logarithms of positive values; a failure counts as the worst that was seen. */
static void make_targets(model *self) {
    double lowest = INFINITY, worst = -INFINITY;
    for (int i = 0; i < self->count; i++)
        lowest = fmin(lowest, self->values[i]);
    int positive = lowest > 0;
    for (int i = 0; i < self->count; i++) {
        self->targets[i] = positive ? log(self->values[i]) : self->values[i];
        if (isfinite(self->targets[i]))
            worst = fmax(worst, self->targets[i]);
    }
    for (int i = 0; i < self->count; i++) {
        if (!isfinite(self->targets[i]))
            self->targets[i] = isfinite(worst) ? worst : 0;
        self->rows[i] = row_of(self, self->learnt[i]);
    }
}

static double expected_improvement(double best, double mean, double variance) {
    double deviation = sqrt(variance) + 1e-9, z = (best - mean) / deviation;
    double density = exp(-0.5 * z * z) * 0.3989422804014327, below = 0.5 * erfc(-z * 0.7071067811865476);
    return (best - mean) * below + deviation * density;
}

/* ----------------------------------------------------------------- candidates */

static void add_candidate(model *self, int64_t point) {
    if (self->walk.seen[point] || self->candidate_count == self->candidate_most)
        return;
    self->candidates[self->candidate_count++] = (scored){.point = point};
}

static void gather(model *self) {
    self->candidate_count = 0;
    if (self->points->count <= SAMPLE) {
        for (int64_t i = 0; i < self->points->count; i++)
            add_candidate(self, i);
        return;
    }
    for (int i = 0; i < self->best_count; i++) {
        int count = hone_points_neighbours(self->neighbours, self->points, self->best[i]);
        for (int j = 0; j < count; j++)
            add_candidate(self, self->neighbours[j]);
    }
    for (int i = 0; i < SAMPLE; i++)
        add_candidate(self, (int64_t)hone_random_below(&self->random, (uint64_t)self->points->count));
}

static int compare_scored(const void *left, const void *right) {
    const scored *a = left, *b = right;
    if (a->score != b->score)
        return a->score < b->score ? 1 : -1;
    return (a->point > b->point) - (a->point < b->point);
}

/* Fits, and queues the most promising candidates: one while a fit is cheap. */
static void plan(model *self) {
    double best = INFINITY;
    make_targets(self);
    for (int i = 0; i < self->count; i++)
        best = fmin(best, self->targets[i]);
    hone_forest_fit(self->forest, self->rows, self->targets, self->count, &self->random);
    gather(self);
    for (int i = 0; i < self->candidate_count; i++) {
        double mean, variance;
        hone_forest_predict(self->forest, row_of(self, self->candidates[i].point), &mean, &variance);
        self->candidates[i].score = expected_improvement(best, mean, variance);
    }
    qsort(self->candidates, (size_t)self->candidate_count, sizeof *self->candidates, compare_scored);
    int wanted = 1 + self->count / 50;
    self->queued = self->next = 0;
    for (int i = 0; i < self->candidate_count && self->queued < wanted && self->queued < QUEUE; i++)
        self->queue[self->queued++] = self->candidates[i].point;
}

static int64_t next_queued(model *self) {
    while (self->next < self->queued) {
        int64_t point = self->queue[self->next++];
        if (hone_walk_take(&self->walk, point))
            return point;
    }
    return -1;
}

static int64_t model_propose(void *state) {
    model *self = state;
    int64_t point = next_queued(self);
    if (point < 0 && self->count >= FIRST) {
        plan(self);
        point = next_queued(self);
    }
    return point >= 0 ? point : hone_walk_next(&self->walk);
}

static void keep_best(model *self, int64_t point, double value) {
    int i = self->best_count;
    if (!(value < (i < CENTRES ? INFINITY : self->best_values[CENTRES - 1])))
        return;
    if (i < CENTRES)
        self->best_count++;
    else
        i--;
    for (; i > 0 && self->best_values[i - 1] > value; i--) {
        self->best[i] = self->best[i - 1];
        self->best_values[i] = self->best_values[i - 1];
    }
    self->best[i] = point;
    self->best_values[i] = value;
}

static void model_observe(void *state, int64_t point, double value) {
    model *self = state;
    hone_walk_take(&self->walk, point);
    keep_best(self, point, value);
    if (self->count == LEARN_MOST)
        return;
    self->learnt[self->count] = point;
    self->values[self->count++] = isnan(value) ? INFINITY : value;
}

const hone_strategy hone_strategy_model = {
    .name = "model",
    .description = "a random forest's expected improvement",
    .prunes = 1,
    .create = model_create,
    .propose = model_propose,
    .observe = model_observe,
    .destroy = model_destroy,
};

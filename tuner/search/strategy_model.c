/* A surrogate: a model learns from what was observed, and the config of the
 * greatest expected improvement over the best comes next (Jones, Schonlau, Welch:
 * Efficient Global Optimization of Expensive Black-Box Functions, 1998).
 *
 *     random points -> learn -> pool of candidates -> propose the best of the pool
 *                        ^                                 |  observe: update the pool
 *                        +---------------------------------+
 *                              now and then
 *
 * Candidates are legal points: random ones, the neighbours of the best seen, and
 * what is two steps from these, for parameters that fit each other often have to
 * change together. Only an improvement by more than a margin counts, or a search
 * would try all of a plateau before it looks elsewhere.
 * Values are learnt as logarithms where they are positive, for what matters is
 * how many times faster a config is, and only the better ones in detail: among
 * bad configs there is nothing to find. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../kernels/status.h"
#include "process.h"
#include "strategy.h"

enum {
    FIRST = 8,        /* random points before the first model, */
    FIRST_LEAST = 4,  /* or a quarter of a small budget */
    LEARN_EVERY = 10, /* that part of the observations is new when the model is made anew */
    LEARN_MOST = 192, /* observations in a model */
    POOL = 1024,      /* candidates, */
    GATHERED = 800,   /* the first of them; the others are neighbours of what is found better */
    TWO_STEPS = 200,  /* of those, tries at points two steps from the best */
    CENTRES = 6       /* best points whose neighbours are candidates */
};

/* Values worse than this quantile are all the same. */
static const double DETAIL = 0.85;
/* An improvement counts by what it exceeds this part of the best value. */
static const double MARGIN = 0.1;

typedef struct observation {
    int64_t point;
    double value; /* INFINITY: failed */
} observation;

typedef struct model {
    const hone_points *points;
    hone_random random;
    hone_walk walk;
    hone_process *process;
    observation *all; /* in the order they came */
    int64_t count;
    int positive;            /* no value observed is 0 or less */
    double cap, best_target; /* targets of the last model lie below the first */
    int first;               /* random points before the first model */
    int64_t learn_at;        /* observations at which to learn anew */
    observation *sorted;
    const int *rows[LEARN_MOST];
    double targets[LEARN_MOST];
    int64_t pool[POOL];
    unsigned char *pooled; /* by point: a candidate */
    int pool_count;
    int64_t *neighbours;
    observation best[CENTRES]; /* best first */
    int best_count;
} model;

static void model_destroy(void *state) {
    model *self = state;
    if (!self)
        return;
    hone_walk_clear(&self->walk);
    hone_process_destroy(self->process);
    free(self->all);
    free(self->sorted);
    free(self->pooled);
    free(self->neighbours);
    free(self);
}

static hone_status model_create(void **state, const hone_points *points, const hone_search_options *options) {
    model *self = calloc(1, sizeof *self);
    if (!self)
        return hone_fail(HONE_E_NOMEM, "no memory for a strategy");
    self->points = points;
    self->random.state = options->seed;
    self->positive = 1;
    int64_t quarter = options->evaluations / 4;
    self->first = options->evaluations == 0 || quarter > FIRST ? FIRST
                  : quarter > FIRST_LEAST                      ? (int)quarter
                                                               : FIRST_LEAST;
    self->learn_at = self->first;
    self->all = malloc((size_t)points->count * sizeof *self->all);
    self->sorted = malloc((size_t)points->count * sizeof *self->sorted);
    self->pooled = calloc((size_t)points->count + 1, 1);
    self->neighbours = malloc(((size_t)hone_points_most_neighbours(points) + 1) * sizeof *self->neighbours);
    hone_status status = self->all && self->sorted && self->neighbours && self->pooled
                             ? HONE_OK
                             : hone_fail(HONE_E_NOMEM, "no memory for a strategy");
    if (!status)
        status = hone_walk_create(&self->walk, points, &self->random);
    if (!status)
        status = hone_process_create(&self->process, points->space, LEARN_MOST, POOL);
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

static int compare(const void *left, const void *right) {
    const observation *a = left, *b = right;
    if (a->value != b->value)
        return a->value < b->value ? -1 : 1;
    return (a->point > b->point) - (a->point < b->point);
}

static double target_of(const model *self, double value) {
    double target = self->positive ? log(value) : value;
    return isfinite(target) ? fmin(target, self->cap) : self->cap;
}

/* What the model is taught: everything, or the best two thirds of what it can hold and some of the rest. */
static int choose_lesson(model *self) {
    int64_t count = self->count, finite = 0;
    memcpy(self->sorted, self->all, (size_t)count * sizeof *self->sorted);
    qsort(self->sorted, (size_t)count, sizeof *self->sorted, compare);
    while (finite < count && isfinite(self->sorted[finite].value))
        finite++;
    if (finite == 0)
        return 0;
    self->cap = INFINITY;
    self->cap = target_of(self, self->sorted[(int64_t)((double)(finite - 1) * DETAIL)].value);
    int taught = 0, best = count <= LEARN_MOST ? (int)count : LEARN_MOST * 2 / 3;
    for (int64_t i = best; i < count && count > LEARN_MOST; i++) {
        int64_t place = i + (int64_t)hone_random_below(&self->random, (uint64_t)(count - i));
        observation swap = self->sorted[i];
        self->sorted[i] = self->sorted[place];
        self->sorted[place] = swap;
        if (i == LEARN_MOST)
            break;
    }
    for (; taught < count && taught < LEARN_MOST; taught++) {
        self->rows[taught] = row_of(self, self->sorted[taught].point);
        self->targets[taught] = target_of(self, self->sorted[taught].value);
    }
    /* Weights are learnt from the first ones: let them be any. */
    for (int i = taught - 1; i > 0; i--) {
        int place = (int)hone_random_below(&self->random, (uint64_t)i + 1);
        const int *row = self->rows[i];
        double target = self->targets[i];
        self->rows[i] = self->rows[place];
        self->targets[i] = self->targets[place];
        self->rows[place] = row;
        self->targets[place] = target;
    }
    return taught;
}

/* ----------------------------------------------------------------- candidates */

static void add_candidate(model *self, int64_t point) {
    if (self->walk.seen[point] || self->pooled[point] || self->pool_count == POOL)
        return;
    self->pooled[point] = 1;
    self->pool[self->pool_count++] = point;
}

static void add_neighbours(model *self, int64_t point) {
    int count = hone_points_neighbours(self->neighbours, self->points, point);
    for (int i = 0; i < count; i++)
        add_candidate(self, self->neighbours[i]);
}

static int64_t step(model *self, int64_t point) {
    int count = hone_points_neighbours(self->neighbours, self->points, point);
    return count == 0 ? point : self->neighbours[hone_random_below(&self->random, (uint64_t)count)];
}

static void add_two_steps(model *self) {
    for (int i = 0; i < TWO_STEPS && self->best_count > 0; i++) {
        uint64_t centre = hone_random_below(&self->random, (uint64_t)self->best_count);
        add_candidate(self, step(self, step(self, self->best[centre].point)));
    }
}

static void clear_pool(model *self) {
    for (int i = 0; i < self->pool_count; i++)
        self->pooled[self->pool[i]] = 0;
    self->pool_count = 0;
}

/* Gives the process the candidates from `first` on. */
static void believe(model *self, int first) {
    const int *rows[POOL];
    for (int i = first; i < self->pool_count; i++)
        rows[i - first] = row_of(self, self->pool[i]);
    hone_process_pool(self->process, rows, self->pool_count - first);
}

static void gather(model *self) {
    for (int i = 0; i < self->best_count; i++)
        add_neighbours(self, self->best[i].point);
    add_two_steps(self);
    if (self->points->count <= GATHERED)
        for (int64_t i = 0; i < self->points->count; i++)
            add_candidate(self, i);
    else
        for (int i = 0; i < GATHERED && self->pool_count < GATHERED; i++)
            add_candidate(self, (int64_t)hone_random_below(&self->random, (uint64_t)self->points->count));
    believe(self, 0);
}

static void learn(model *self) {
    int taught = choose_lesson(self);
    self->learn_at = self->count + 1 + self->count / LEARN_EVERY;
    clear_pool(self);
    if (taught == 0)
        return;
    hone_process_learn(self->process, self->rows, self->targets, taught, &self->random);
    self->best_target = target_of(self, self->best[0].value);
    gather(self);
}

/* ------------------------------------------------------------------ proposing */

static double expected_improvement(double best, double mean, double variance) {
    double deviation = sqrt(variance) + 1e-9, z = (best - mean) / deviation;
    double density = exp(-0.5 * z * z) * 0.3989422804014327, below = 0.5 * erfc(-z * 0.7071067811865476);
    return (best - mean) * below + deviation * density;
}

static int64_t best_candidate(model *self) {
    int64_t chosen = -1;
    double most = -INFINITY, margin = self->positive ? MARGIN : MARGIN * fabs(self->best_target);
    for (int i = 0; i < self->pool_count; i++) {
        double mean, variance;
        if (self->walk.seen[self->pool[i]])
            continue;
        hone_process_belief(self->process, i, &mean, &variance);
        double score = expected_improvement(self->best_target - margin, mean, variance);
        if (score > most) {
            most = score;
            chosen = self->pool[i];
        }
    }
    if (chosen >= 0)
        hone_walk_take(&self->walk, chosen);
    return chosen;
}

static int64_t model_propose(void *state) {
    model *self = state;
    int64_t point = -1;
    if (self->count >= self->learn_at)
        learn(self);
    if (self->count >= self->first)
        point = best_candidate(self);
    return point >= 0 ? point : hone_walk_next(&self->walk);
}

static void keep_best(model *self, int64_t point, double value) {
    int i = self->best_count;
    if (!(value < (i < CENTRES ? INFINITY : self->best[CENTRES - 1].value)))
        return;
    if (i < CENTRES)
        self->best_count++;
    else
        i--;
    for (; i > 0 && self->best[i - 1].value > value; i--)
        self->best[i] = self->best[i - 1];
    self->best[i] = (observation){point, value};
}

static void model_observe(void *state, int64_t point, double value) {
    model *self = state;
    hone_walk_take(&self->walk, point);
    if (self->count == self->points->count)
        return;
    value = isnan(value) ? INFINITY : value;
    self->all[self->count++] = (observation){point, value};
    if (self->positive && value <= 0) { /* logarithms have been taught: no longer */
        self->positive = 0;
        self->learn_at = 0;
    }
    keep_best(self, point, value);
    if (self->pool_count == 0 || self->learn_at == 0)
        return;
    hone_process_add(self->process, row_of(self, point), target_of(self, value));
    if (self->best_count > 0 && self->best[0].point == point) {
        int first = self->pool_count;
        self->best_target = fmin(self->best_target, target_of(self, value));
        add_neighbours(self, point);
        believe(self, first);
    }
}

const hone_strategy hone_strategy_model = {
    .name = "model",
    .description = "the greatest expected improvement by a Gaussian process",
    .prunes = 1,
    .create = model_create,
    .propose = model_propose,
    .observe = model_observe,
    .destroy = model_destroy,
};

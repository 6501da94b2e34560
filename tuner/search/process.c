/* Rasmussen, Williams: Gaussian Processes for Machine Learning, 2006, algorithm 2.1,
 * grown row by row: with K = L L^T, an observation adds a row to L, an element to
 * beta = L^-1 y, and an element v to L^-1 k of each candidate, of which mean and
 * variance are sums:  mean += v beta,  variance -= v^2. */
#include "process.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../kernels/status.h"

enum {
    WEIGH_MOST = 96, /* observations that weights are learnt from */
    SWEEPS = 2       /* steps of each weight whenever the process learns */
};
/* Weights are searched in steps of a factor between bounds, and are believed to be near the usual one. */
static const double FACTOR = 1.8, LEAST = 0.02, MOST = 12, USUAL = 0.35, SPREAD = 1;
static const double NOISE_LEAST = 1e-4, NOISE_MOST = 0.3, NOISE_FACTOR = 3;
static const double JUMP_LEAST = 0.05, JUMP_MOST = 0.95, JUMP_STEP = 0.15;

struct hone_process {
    const hone_space *space;
    int varied[HONE_SPACE_MAX_PARAMS], varied_count; /* parameters of more than one value */
    int is_word[HONE_SPACE_MAX_PARAMS];
    double theta[HONE_SPACE_MAX_PARAMS], noise; /* weights, by place in `varied` */
    double jump;                                /* part of a distance that any difference makes */
    double mean, scale;                         /* of the values; scale: variance of the process */
    int most, count;
    const int **rows;
    double *factor, *beta; /* L, most x most; L^-1 y */
    int pool_most, pool_count;
    const int **pool;
    float *solved; /* L^-1 k of the pool: most x pool_most */
    float *means, *variances;
    /* learning weights: distances, factor and values of a subset */
    double *distance, *trial, *values;
};

void hone_process_destroy(hone_process *p) {
    if (!p)
        return;
    free(p->rows);
    free(p->factor);
    free(p->beta);
    free(p->pool);
    free(p->solved);
    free(p->means);
    free(p->variances);
    free(p->distance);
    free(p->trial);
    free(p->values);
    free(p);
}

static int allocate(hone_process *p) {
    size_t most = (size_t)p->most, pool = (size_t)p->pool_most;
    p->rows = malloc(most * sizeof *p->rows);
    p->factor = malloc(most * most * sizeof *p->factor);
    p->beta = malloc(most * sizeof *p->beta);
    p->pool = malloc(pool * sizeof *p->pool);
    p->solved = malloc(most * pool * sizeof *p->solved);
    p->means = malloc(pool * sizeof *p->means);
    p->variances = malloc(pool * sizeof *p->variances);
    p->distance = malloc(WEIGH_MOST * WEIGH_MOST * sizeof *p->distance);
    p->trial = malloc(WEIGH_MOST * WEIGH_MOST * sizeof *p->trial);
    p->values = malloc(2 * WEIGH_MOST * sizeof *p->values);
    return p->rows && p->factor && p->beta && p->pool && p->solved && p->means && p->variances &&
           p->distance && p->trial && p->values;
}

hone_status hone_process_create(hone_process **out, const hone_space *space, int most, int pool) {
    hone_process *p = calloc(1, sizeof *p);
    if (!p)
        return hone_fail(HONE_E_NOMEM, "no memory for a model");
    p->space = space;
    p->most = most;
    p->pool_most = pool;
    p->noise = 1e-2;
    p->jump = 0.5;
    for (int i = 0; i < space->param_count; i++) {
        if (space->params[i].count < 2)
            continue;
        p->is_word[p->varied_count] = space->params[i].values[0].word[0] != '\0';
        p->theta[p->varied_count] = USUAL;
        p->varied[p->varied_count++] = i;
    }
    if (!allocate(p)) {
        hone_process_destroy(p);
        return hone_fail(HONE_E_NOMEM, "no memory for a model of %d configs and %d candidates", most, pool);
    }
    *out = p;
    return HONE_OK;
}

static double apart(const hone_process *p, int d, int a, int b) {
    if (a == b)
        return 0;
    if (p->is_word[d])
        return 1;
    return p->jump + (1 - p->jump) * abs(a - b) / (p->space->params[p->varied[d]].count - 1);
}

/* An exponential whose scale is uncertain, so that the far apart are still a little alike (the same book's
 * rational quadratic kernel, with a sum for the square). */
static double alike_at(double distance) {
    double near = 1 / (1 + distance / 2);
    return near * near;
}

/* ------------------------------------------------------------ learning weights */

/* The likelihood of the values, with mean and scale at their best; -INFINITY when L cannot be had. */
static double likelihood(hone_process *p, int n, const double *y, double noise) {
    double *L = p->trial, *solved = p->values + WEIGH_MOST, squares = 0, logs = 0;
    for (int i = 0; i < n; i++) {
        double *row = L + i * n, sum = y[i];
        for (int j = 0; j <= i; j++) {
            double s = alike_at(p->distance[i * n + j]) + (i == j ? noise : 0);
            const double *other = L + j * n;
            for (int k = 0; k < j; k++)
                s -= row[k] * other[k];
            if (i == j && s <= 0)
                return -INFINITY;
            row[j] = i == j ? sqrt(s) : s / other[j];
        }
        for (int k = 0; k < i; k++)
            sum -= row[k] * solved[k];
        solved[i] = sum / row[i];
        squares += solved[i] * solved[i];
        logs += log(row[i]);
    }
    return -0.5 * n * log(squares / n + 1e-12) - logs;
}

static double prior(double theta) {
    double off = log(theta / USUAL) / SPREAD;
    return -0.5 * off * off;
}

/* Changes the distances as weight d grows by `by`. */
static void reweigh(hone_process *p, int d, double by, const int *const *rows, int n) {
    for (int i = 0; i < n; i++)
        for (int j = 0; j <= i; j++)
            p->distance[i * n + j] += by * apart(p, d, rows[i][p->varied[d]], rows[j][p->varied[d]]);
}

/* Tries a step of weight d up, then down; keeps what is likelier. */
static void climb(hone_process *p, int d, double *now, const int *const *rows, int n) {
    for (int s = 0; s < 2; s++) {
        double old = p->theta[d], tried = s ? old / FACTOR : old * FACTOR;
        if (tried < LEAST || tried > MOST)
            continue;
        reweigh(p, d, tried - old, rows, n);
        double then = likelihood(p, n, p->values, p->noise);
        if (then + prior(tried) > *now + prior(old)) {
            p->theta[d] = tried;
            *now = then;
            return;
        }
        reweigh(p, d, old - tried, rows, n);
    }
}

static void climb_noise(hone_process *p, double *now, int n) {
    for (int s = 0; s < 2; s++) {
        double tried = s ? p->noise / NOISE_FACTOR : p->noise * NOISE_FACTOR;
        double then =
            tried < NOISE_LEAST || tried > NOISE_MOST ? -INFINITY : likelihood(p, n, p->values, tried);
        if (then > *now) {
            p->noise = tried;
            *now = then;
            return;
        }
    }
}

static void measure(hone_process *p, const int *const *rows, int n) {
    memset(p->distance, 0, (size_t)n * (size_t)n * sizeof *p->distance);
    for (int d = 0; d < p->varied_count; d++)
        reweigh(p, d, p->theta[d], rows, n);
}

static void climb_jump(hone_process *p, double *now, const int *const *rows, int n) {
    double old = p->jump;
    for (int s = 0; s < 2; s++) {
        p->jump = s ? old - JUMP_STEP : old + JUMP_STEP;
        if (p->jump < JUMP_LEAST || p->jump > JUMP_MOST)
            continue;
        measure(p, rows, n);
        double then = likelihood(p, n, p->values, p->noise);
        if (then > *now) {
            *now = then;
            return;
        }
    }
    p->jump = old;
    measure(p, rows, n);
}

static void learn_weights(hone_process *p, const int *const *rows, int n, hone_random *random) {
    int order[HONE_SPACE_MAX_PARAMS];
    measure(p, rows, n);
    for (int d = 0; d < p->varied_count; d++) {
        int place = (int)hone_random_below(random, (uint64_t)d + 1);
        order[d] = order[place];
        order[place] = d;
    }
    double now = likelihood(p, n, p->values, p->noise);
    for (int i = 0; i < SWEEPS * p->varied_count; i++)
        climb(p, order[i % p->varied_count], &now, rows, n);
    climb_noise(p, &now, n);
    climb_jump(p, &now, rows, n);
}

/* -------------------------------------------------------------- observations */

static double alike(const hone_process *p, const int *a, const int *b) {
    double sum = 0;
    for (int d = 0; d < p->varied_count; d++)
        sum += p->theta[d] * apart(p, d, a[p->varied[d]], b[p->varied[d]]);
    return alike_at(sum);
}

/* Candidates from `first` on learn of observation i. */
static void inform_pool(hone_process *p, int i, int first) {
    const double *row = p->factor + (size_t)i * (size_t)p->most;
    float *solved = p->solved + (size_t)i * (size_t)p->pool_most;
    for (int c = first; c < p->pool_count; c++)
        solved[c] = (float)alike(p, p->pool[c], p->rows[i]);
    for (int j = 0; j < i; j++) {
        const float *earlier = p->solved + (size_t)j * (size_t)p->pool_most;
        float times = (float)row[j];
        for (int c = first; c < p->pool_count; c++)
            solved[c] -= times * earlier[c];
    }
    float inverse = (float)(1 / row[i]), beta = (float)p->beta[i];
    for (int c = first; c < p->pool_count; c++) {
        solved[c] *= inverse;
        p->means[c] += solved[c] * beta;
        p->variances[c] -= solved[c] * solved[c];
    }
}

int hone_process_add(hone_process *p, const int *observed, double value) {
    if (p->count == p->most)
        return 0;
    int i = p->count++;
    double *row = p->factor + (size_t)i * (size_t)p->most, rest = 1 + p->noise, y = value - p->mean;
    p->rows[i] = observed;
    for (int j = 0; j < i; j++) {
        const double *other = p->factor + (size_t)j * (size_t)p->most;
        double s = alike(p, observed, p->rows[j]);
        for (int k = 0; k < j; k++)
            s -= row[k] * other[k];
        row[j] = s / other[j];
        rest -= row[j] * row[j];
        y -= row[j] * p->beta[j];
    }
    row[i] = sqrt(fmax(rest, 1e-9));
    p->beta[i] = y / row[i];
    inform_pool(p, i, 0);
    return 1;
}

void hone_process_learn(hone_process *p, const int *const *rows, const double *values, int count,
                        hone_random *random) {
    int n = count < WEIGH_MOST ? count : WEIGH_MOST;
    p->mean = 0;
    for (int i = 0; i < count; i++)
        p->mean += values[i] / count;
    for (int i = 0; i < n; i++)
        p->values[i] = values[i] - p->mean;
    learn_weights(p, rows, n, random);
    p->count = p->pool_count = 0;
    double squares = 0;
    for (int i = 0; i < count; i++) {
        hone_process_add(p, rows[i], values[i]);
        squares += p->beta[i] * p->beta[i];
    }
    p->scale = squares / count;
}

/* ---------------------------------------------------------------------- pool */

void hone_process_pool(hone_process *p, const int *const *rows, int count) {
    int first = p->pool_count;
    for (int i = 0; i < count && p->pool_count < p->pool_most; i++) {
        p->pool[p->pool_count] = rows[i];
        p->means[p->pool_count] = 0;
        p->variances[p->pool_count++] = 1;
    }
    for (int i = 0; i < p->count; i++)
        inform_pool(p, i, first);
}

void hone_process_belief(const hone_process *p, int candidate, double *mean, double *variance) {
    *mean = p->mean + (double)p->means[candidate];
    *variance = p->scale * fmax(1e-6, (double)p->variances[candidate]);
}

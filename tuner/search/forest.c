#include "forest.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../kernels/status.h"

/* Leaves are at least this large; smaller ones follow the noise of single points. */
enum { LEAF = 1 };

typedef struct node {
    int16_t param; /* -1: a leaf */
    int16_t last;  /* indices up to here go left */
    int32_t left;  /* the right child follows it */
    float mean, variance;
} node;

struct hone_forest {
    int trees, most, params, widest;
    const hone_space *space;
    int varied[HONE_SPACE_MAX_PARAMS]; /* parameters of more than one value */
    int varied_count;
    node *nodes; /* trees x 2 most */
    int *samples;
    double *sums, *squares; /* by value of one parameter */
    int *counts;
    /* of the fit in progress */
    const int *const *rows;
    const double *values;
    node *tree;
    int used;
};

void hone_forest_destroy(hone_forest *forest) {
    if (!forest)
        return;
    free(forest->nodes);
    free(forest->samples);
    free(forest->sums);
    free(forest->squares);
    free(forest->counts);
    free(forest);
}

hone_status hone_forest_create(hone_forest **out, const hone_space *space, int trees, int most) {
    hone_forest *f = calloc(1, sizeof *f);
    if (!f)
        return hone_fail(HONE_E_NOMEM, "no memory for a forest");
    f->space = space;
    f->trees = trees;
    f->most = most;
    f->params = space->param_count;
    f->widest = 1;
    for (int i = 0; i < f->params; i++) {
        if (space->params[i].count > 1)
            f->varied[f->varied_count++] = i;
        if (space->params[i].count > f->widest)
            f->widest = space->params[i].count;
    }
    f->nodes = malloc((size_t)trees * 2 * (size_t)most * sizeof *f->nodes);
    f->samples = malloc((size_t)most * sizeof *f->samples);
    f->sums = malloc((size_t)f->widest * sizeof *f->sums);
    f->squares = malloc((size_t)f->widest * sizeof *f->squares);
    f->counts = malloc((size_t)f->widest * sizeof *f->counts);
    if (!f->nodes || !f->samples || !f->sums || !f->squares || !f->counts) {
        hone_forest_destroy(f);
        return hone_fail(HONE_E_NOMEM, "no memory for a forest of %d samples", most);
    }
    *out = f;
    return HONE_OK;
}

/* ------------------------------------------------------------------- fitting */

static double knob(const char *n, double d) { const char *t = getenv(n); return t ? atof(t) : d; }
typedef struct split {
    int param, last;
    double gain; /* what the squared error falls by, plus a constant of the node */
} split;

static hone_random rs = {1};
static void consider(split *best, hone_forest *f, int param, const int *samples, int count) {
    int values = f->space->params[param].count;
    memset(f->sums, 0, (size_t)values * sizeof *f->sums);
    memset(f->counts, 0, (size_t)values * sizeof *f->counts);
    double total = 0;
    for (int i = 0; i < count; i++) {
        int v = f->rows[samples[i]][param];
        f->sums[v] += f->values[samples[i]];
        f->counts[v]++;
        total += f->values[samples[i]];
    }
    double left = 0;
    int left_count = 0;
    for (int v = 0; v + 1 < values; v++) {
        left += f->sums[v];
        left_count += f->counts[v];
        if (f->counts[v] == 0 || left_count < LEAF || count - left_count < LEAF)
            continue;
        double right = total - left;
        double gain = left * left / left_count + right * right / (count - left_count);
        if (gain > best->gain) {
            /* In the middle of values that the samples do not have. */
            int next = v + 1;
            while (f->counts[next] == 0)
                next++;
            *best = (split){.param = param, .last = knob("RSPL", 0) > 0 ? v + (int)hone_random_below(&rs, (uint64_t)(next - v)) : (v + next - 1) / 2, .gain = gain};
        }
    }
}

static split choose(hone_forest *f, const int *samples, int count, hone_random *random) {
    split best = {.param = -1, .gain = -1};
    int order[HONE_SPACE_MAX_PARAMS], tried = (int)(f->varied_count * knob("MTRY", 0.6) + 0.999);
    memcpy(order, f->varied, sizeof order);
    for (int i = 0; i < f->varied_count && (i < tried || best.param < 0); i++) {
        int place = i + (int)hone_random_below(random, (uint64_t)(f->varied_count - i)), swap = order[i];
        order[i] = order[place];
        order[place] = swap;
        consider(&best, f, order[i], samples, count);
    }
    return best;
}

static int partition(const hone_forest *f, int *samples, int count, const split *chosen) {
    int left = 0;
    for (int i = 0; i < count; i++) {
        if (f->rows[samples[i]][chosen->param] <= chosen->last) {
            int swap = samples[i];
            samples[i] = samples[left];
            samples[left++] = swap;
        }
    }
    return left;
}

static void grow(hone_forest *f, int at, int *samples, int count, hone_random *random) {
    double sum = 0, squares = 0;
    for (int i = 0; i < count; i++)
        sum += f->values[samples[i]];
    double mean = sum / count;
    for (int i = 0; i < count; i++)
        squares += (f->values[samples[i]] - mean) * (f->values[samples[i]] - mean);
    f->tree[at] = (node){.param = -1, .mean = (float)mean, .variance = (float)(squares / count)};
    if (count < 2 * LEAF || squares <= 0)
        return;
    split chosen = choose(f, samples, count, random);
    if (chosen.param < 0)
        return;
    int left_count = partition(f, samples, count, &chosen), left = f->used;
    f->used += 2;
    f->tree[at].param = (int16_t)chosen.param;
    f->tree[at].last = (int16_t)chosen.last;
    f->tree[at].left = left;
    grow(f, left, samples, left_count, random);
    grow(f, left + 1, samples + left_count, count - left_count, random);
}

void hone_forest_fit(hone_forest *f, const int *const *rows, const double *values, int count,
                     hone_random *random) {
    f->rows = rows;
    f->values = values;
    for (int t = 0; t < f->trees; t++) {
        for (int i = 0; i < count; i++)
            f->samples[i] = knob("BOOT", 1) > 0 ? (int)hone_random_below(random, (uint64_t)count) : i;
        f->tree = f->nodes + (size_t)t * 2 * (size_t)f->most;
        f->used = 1;
        grow(f, 0, f->samples, count, random);
    }
}

void hone_forest_predict(const hone_forest *f, const int *row, double *mean, double *variance) {
    double sum = 0, squares = 0, within = 0;
    for (int t = 0; t < f->trees; t++) {
        const node *tree = f->nodes + (size_t)t * 2 * (size_t)f->most, *at = tree;
        while (at->param >= 0)
            at = tree + at->left + (row[at->param] > at->last);
        sum += (double)at->mean;
        squares += (double)at->mean * (double)at->mean;
        within += (double)at->variance;
    }
    *mean = sum / f->trees;
    *variance = fmax(0, squares / f->trees - *mean * *mean) + within / f->trees;
}

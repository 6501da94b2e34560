/* What strategies are worth on brute-forced caches: the score of Willemsen et al. (A Methodology for
 * Comparing Auto-Tuning Optimization Algorithms, FGCS 2024) and the evaluations until 95% of the optimum.
 *
 *     bench_search [--seeds N] [--strategies A,B] [--parts] FILE...
 *
 * One line a cache and strategy, separated by tabs; scripts/bench-search makes a table of them. --parts:
 * instead of each cache its parts in which one parameter is fixed: smaller spaces with other optima. Where
 * few configs are good, the score's random search, which finds the config of the expected rank, is better
 * than random search on average; compare with the score of `random`. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../../kernels/status.h"
#include "../../tuner/search/simulate.h"

enum { TIMES = 50, PART_LEAST = 400 };

typedef struct bench {
    const char *strategies;
    int64_t seeds;
    int parts;
    int64_t *reached; /* evaluations until 95%, by seed */
} bench;

/* What a cache's score is measured by. */
typedef struct baseline {
    double *worst_first; /* valid values */
    int64_t count;
    double optimum, median_cost;
    int64_t budget; /* evaluations */
} baseline;

static int compare(const void *left, const void *right) {
    double a = *(const double *)left, b = *(const double *)right;
    return (a < b) - (a > b); /* falling */
}

static int compare_counts(const void *left, const void *right) {
    int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;
    return (a > b) - (a < b);
}

static double median_cost(const hone_cache *cache, double *room) {
    int64_t count = cache->points->count;
    memcpy(room, cache->seconds, (size_t)count * sizeof *room);
    qsort(room, (size_t)count, sizeof *room, compare);
    return room[count / 2];
}

static int make_baseline(baseline *out, const hone_cache *cache) {
    int64_t count = cache->points->count, valid = 0;
    double *values = malloc((size_t)count * sizeof *values);
    if (!values)
        return 0;
    out->median_cost = median_cost(cache, values);
    for (int64_t i = 0; i < count; i++)
        if (isfinite(cache->values[i]))
            values[valid++] = cache->values[i];
    qsort(values, (size_t)valid, sizeof *values, compare);
    double optimum = values[valid - 1], median = values[valid / 2];
    int64_t i = 0;
    while (values[i] > optimum + 0.05 * (median - optimum))
        i++;
    out->worst_first = values;
    out->count = valid;
    out->optimum = optimum;
    out->budget = (int64_t)ceil((double)i / (double)(valid + 1 - i));
    return 1;
}

/* What random search has found after some evaluations. */
static double expected(const baseline *b, double evaluations) {
    double index = round(evaluations * (double)(b->count + 1) / (evaluations + 1));
    return b->worst_first[(int64_t)fmin((double)(b->count - 1), index)];
}

typedef struct curves {
    double by_time[TIMES], by_count[TIMES]; /* sums over the seeds of the best so far */
    double milliseconds;                    /* of the search itself, per evaluation */
} curves;

static void add_run(curves *c, const baseline *b, const hone_simulation *s) {
    for (int i = 0; i < TIMES; i++) {
        double evaluations = (double)b->budget * (i + 1) / TIMES;
        double best = expected(b, evaluations), time = evaluations * b->median_cost;
        double at_time = best, at_count = best;
        for (int64_t e = 0; e < s->evaluations; e++) {
            if (s->times[e] <= time && isfinite(s->trace[e]))
                at_time = s->trace[e];
            if ((double)(e + 1) <= evaluations && isfinite(s->trace[e]))
                at_count = s->trace[e];
        }
        c->by_time[i] += at_time;
        c->by_count[i] += at_count;
    }
}

static double score(const double *sums, int64_t runs, const baseline *b) {
    double sum = 0;
    for (int i = 0; i < TIMES; i++) {
        double random = expected(b, (double)b->budget * (i + 1) / TIMES);
        double gap = random - b->optimum;
        sum += gap > 0 ? (random - sums[i] / (double)runs) / gap : 0;
    }
    return sum / TIMES;
}

static int64_t evaluations_to(const hone_simulation *s, double value) {
    for (int64_t e = 0; e < s->evaluations; e++)
        if (s->trace[e] <= value)
            return e + 1;
    return INT64_MAX;
}

static void print_reached(char out[24], int64_t evaluations) {
    if (evaluations == INT64_MAX)
        strcpy(out, "-"); /* not within the budget */
    else
        snprintf(out, 24, "%lld", (long long)evaluations);
}

static hone_status run_strategy(const bench *job, const hone_cache *cache, const baseline *b,
                                const hone_strategy *strategy, const char *name) {
    curves c = {{0}, {0}, 0};
    int64_t evaluations = 0, most = 2 * b->budget < 4000 ? 4000 : 2 * b->budget;
    for (int64_t seed = 0; seed < job->seeds; seed++) {
        hone_simulation s;
        /* Longer than the budget, so that the evaluations to 95% are known; the trace is cut. */
        hone_simulation_options options = {.strategy = strategy, .seed = (uint64_t)seed};
        options.budget_seconds = strcmp(strategy->name, "random") ? (double)b->budget * b->median_cost : 0;
        options.max_evaluations = strcmp(strategy->name, "random") ? 0 : most;
        clock_t started = clock(); /* the processor's time: others may run beside */
        hone_status status = hone_simulate(&s, cache, &options);
        if (status)
            return status;
        c.milliseconds += 1e3 * (double)(clock() - started) / CLOCKS_PER_SEC;
        evaluations += s.evaluations;
        add_run(&c, b, &s);
        job->reached[seed] = evaluations_to(&s, b->optimum / 0.95);
        hone_simulation_clear(&s);
    }
    qsort(job->reached, (size_t)job->seeds, sizeof *job->reached, compare_counts);
    char median[24], late[24];
    print_reached(median, job->reached[job->seeds / 2]);
    print_reached(late, job->reached[job->seeds * 9 / 10]);
    printf("%s\t%lld\t%lld\t%s\t%.3f\t%.3f\t%s\t%s\t%.3f\n", name, (long long)cache->points->count,
           (long long)b->budget, strategy->name, score(c.by_time, job->seeds, b),
           score(c.by_count, job->seeds, b), median, late, c.milliseconds / (double)evaluations);
    fflush(stdout);
    return HONE_OK;
}

static hone_status run_cache(const bench *job, const hone_cache *cache, const char *name) {
    baseline b;
    char list[256];
    if (!make_baseline(&b, cache))
        return hone_fail(HONE_E_NOMEM, "no memory for '%s'", name);
    hone_status status = HONE_OK;
    snprintf(list, sizeof list, "%s", job->strategies);
    for (char *rest, *word = strtok_r(list, ",", &rest); word && !status; word = strtok_r(NULL, ",", &rest)) {
        const hone_strategy *strategy = hone_strategy_find(word);
        status = strategy ? run_strategy(job, cache, &b, strategy, name)
                          : hone_fail(HONE_E_USAGE, "strategy '%s' is unknown", word);
    }
    free(b.worst_first);
    return status;
}

/* ------------------------------------------------------------------- parts */

/* The points of `whole` in which parameter p has its value v. Parts too small to search are skipped. */
static hone_status run_part(const bench *job, const hone_cache *whole, int p, int v, const char *file) {
    hone_cache part = *whole;
    int width = whole->space->param_count;
    int64_t count = 0, valid = 0, *from = malloc((size_t)whole->points->count * sizeof *from);
    int *rows = malloc((size_t)whole->points->count * (size_t)width * sizeof *rows);
    part.values = malloc((size_t)whole->points->count * sizeof *part.values);
    part.seconds = malloc((size_t)whole->points->count * sizeof *part.seconds);
    hone_status status = from && rows && part.values && part.seconds ? HONE_OK : HONE_E_NOMEM;
    for (int64_t i = 0; !status && i < whole->points->count; i++) {
        const int *row = whole->points->indices + i * width;
        if (row[p] != v)
            continue;
        memcpy(rows + count * width, row, (size_t)width * sizeof *rows);
        part.values[count] = whole->values[i];
        part.seconds[count++] = whole->seconds[i];
        valid += isfinite(whole->values[i]);
    }
    if (!status && valid >= PART_LEAST && count < whole->points->count) {
        char name[200], value[24];
        hone_value_format(value, &whole->space->params[p].values[v]);
        snprintf(name, sizeof name, "%.100s %s=%s", file, whole->space->params[p].name, value);
        status = hone_points_create_listed(&part.points, whole->space, rows, count);
        if (!status)
            status = run_cache(job, &part, name);
        if (!status)
            hone_points_destroy(part.points);
    }
    free(from);
    free(rows);
    free(part.values);
    free(part.seconds);
    return status;
}

static hone_status run_file(const bench *job, const char *path) {
    hone_cache *cache;
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    hone_status status = hone_cache_load(&cache, path, NULL);
    if (status)
        return status;
    if (!job->parts)
        status = run_cache(job, cache, name);
    for (int p = 0; job->parts && p < cache->space->param_count && !status; p++)
        for (int v = 0; v < cache->space->params[p].count && !status; v++)
            status = run_part(job, cache, p, v, name);
    hone_cache_destroy(cache);
    return status;
}

int main(int argc, char **argv) {
    bench job = {.seeds = 100, .strategies = "auto"};
    hone_status status = HONE_OK;
    int i = 1;
    for (; i < argc && strncmp(argv[i], "--", 2) == 0; i++) {
        if (strcmp(argv[i], "--parts") == 0)
            job.parts = 1;
        else if (strcmp(argv[i], "--seeds") == 0 && i + 1 < argc)
            job.seeds = atoll(argv[++i]);
        else if (strcmp(argv[i], "--strategies") == 0 && i + 1 < argc)
            job.strategies = argv[++i];
        else
            status = hone_fail(HONE_E_USAGE, "option '%s' is unknown, or its value is missing", argv[i]);
    }
    job.reached = malloc((size_t)(job.seeds > 0 ? job.seeds : 1) * sizeof *job.reached);
    if (!status && (job.seeds < 1 || i == argc || !job.reached))
        status = hone_fail(HONE_E_USAGE, "one cache or more is needed, and 1 seed or more");
    for (; i < argc && !status; i++)
        status = run_file(&job, argv[i]);
    free(job.reached);
    if (status)
        fprintf(stderr, "bench_search: %s\n", hone_error_detail());
    return hone_status_exit_code(status);
}

#include "tune_simulate.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "../../kernels/status.h"
#include "cli.h"

/* A recorded space may have longer names than the database admits for a config. */
enum { CONFIG_TEXT = HONE_CONFIG_MAX * (HONE_CONFIG_KEY + HONE_CONFIG_VALUE) };

static hone_status best_config(char out[CONFIG_TEXT], const hone_cache *cache, const hone_simulation *done) {
    hone_config config;
    hone_status status = hone_points_config(&config, cache->points, done->best);
    return status ? status : hone_config_format(out, CONFIG_TEXT, &config);
}

static json_t *numbers(const double *values, int64_t count) {
    json_t *array = json_array();
    for (int64_t i = 0; i < count; i++)
        json_array_append_new(array, cli_json_number(values[i]));
    return array;
}

static int print_json(const cli_simulation *job, const hone_cache *cache, const hone_simulation *done,
                      const char *config) {
    return cli_print_json(json_pack(
        "[{s:s, s:s, s:s, s:s, s:o, s:s, s:I, s:I, s:I, s:I, s:o, s:s, s:I, s:s, s:o, s:o}]", "problem",
        cache->problem, "device", cache->device, "config", config, "objective", cache->objective, "best",
        cli_json_number(done->best_value), "unit", cache->unit, "evaluations", (json_int_t)done->evaluations,
        "failures", (json_int_t)done->failures, "missing", (json_int_t)cache->missing, "space_size",
        (json_int_t)cache->points->count, "seconds", cli_json_number(done->seconds), "strategy",
        job->options.strategy->name, "seed", (json_int_t)job->options.seed, "cache", job->cache, "trace",
        numbers(done->trace, done->evaluations), "trace_seconds", numbers(done->times, done->evaluations)));
}

static int print_table(const hone_cache *cache, const hone_simulation *done, const char *config) {
    cli_grid grid = {0};
    cli_grid_row(&grid, 6, "problem", cache->objective, "evaluations", "failures", "simulated s", "config");
    cli_grid_add(&grid, "%s%s%.48s", cache->problem, cache->device[0] ? ", " : "", cache->device);
    cli_grid_add(&grid, "%.6g%s%s", done->best_value, cache->unit[0] ? " " : "", cache->unit);
    cli_grid_add(&grid, "%" PRId64 " of %" PRId64, done->evaluations, cache->points->count);
    cli_grid_add(&grid, "%" PRId64, done->failures);
    cli_grid_add(&grid, "%.1f", done->seconds);
    cli_grid_add(&grid, "%s", config);
    hone_status status = cli_grid_print(&grid, "011110");
    return status ? cli_fail("tune", status) : 0;
}

static void tell_oddities(const hone_cache *cache) {
    if (cache->missing)
        fprintf(stderr,
                "%" PRId64 " of the space's %" PRId64 " configs are not in the cache: they fail at no cost\n",
                cache->missing, cache->points->count);
    if (cache->outside)
        fprintf(stderr, "%" PRId64 " configs of the cache are not in the space, and are left out\n",
                cache->outside);
}

static hone_status nothing_found(const cli_simulation *job, const hone_simulation *done) {
    if (job->options.stop && *job->options.stop)
        return hone_fail(HONE_E_INTERRUPTED, "stopped before a config had a value");
    if (done->evaluations == 0)
        return hone_fail(HONE_E_INCONCLUSIVE,
                         "the budget of %g simulated seconds ends within the first evaluation; give more",
                         job->options.budget_seconds);
    return hone_fail(HONE_E_INCONCLUSIVE,
                     "all %" PRId64 " configs evaluated are recorded as failed; evaluate more",
                     done->evaluations);
}

static int show(const cli_simulation *job, const hone_cache *cache, const hone_simulation *done) {
    char config[CONFIG_TEXT] = "";
    tell_oddities(cache);
    hone_status status = done->best >= 0 ? best_config(config, cache, done) : nothing_found(job, done);
    if (status && (!job->json || done->best >= 0))
        return cli_fail("tune", status);
    int code = job->json ? print_json(job, cache, done, config) : print_table(cache, done, config);
    return code || !status ? code : cli_fail("tune", status);
}

int cli_simulate(const cli_simulation *job) {
    hone_cache *cache = NULL;
    hone_simulation done;
    hone_status status = hone_cache_load(&cache, job->cache, job->space);
    if (!status)
        status = hone_simulate(&done, cache, &job->options);
    if (status) {
        hone_cache_destroy(cache);
        return cli_fail("tune", status);
    }
    int code = show(job, cache, &done);
    hone_simulation_clear(&done);
    hone_cache_destroy(cache);
    if (code == 0 && job->options.stop && *job->options.stop)
        return cli_fail("tune", hone_fail(HONE_E_INTERRUPTED, "stopped; what the search had found is above"));
    return code;
}

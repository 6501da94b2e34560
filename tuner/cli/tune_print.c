#include "tune_print.h"

#include <math.h>

#include "tradeoffs.h"

static double gflops(const cli_tuned *tuned) {
    return hone_problem_operations(tuned->problem) / (tuned->result.stats.p50 * 1e3);
}

static double percent_of_peak(const cli_tuned *tuned) {
    return 100 * gflops(tuned) / tuned->result.peak_gops;
}

static double speedup(const cli_tuned *tuned) { return tuned->result.unfused_us / tuned->result.stats.p50; }

static int has_winner(const cli_tuned *tuned) { return tuned->result.config[0] != '\0'; }

/* Four digits, as the report has them: a tiny problem takes a fraction of a microsecond. */
static void add_measured(cli_grid *grid, double value) {
    if (!isfinite(value))
        cli_grid_add(grid, "-");
    else if (fabs(value) < 1000)
        cli_grid_add(grid, "%.4g", value);
    else
        cli_grid_add(grid, "%.0f", value);
}

/* A number, or "-" when it is not known. */
static void add_number(cli_grid *grid, const char *suffix, int digits, double value) {
    if (isfinite(value))
        cli_grid_add(grid, "%.*f%s", digits, value, suffix);
    else
        cli_grid_add(grid, "-");
}

static void add_row(cli_grid *grid, const cli_tuned *tuned) {
    const hone_tune_result *result = &tuned->result;
    cli_grid_add(grid, "%s%s%s", result->problem, tuned->shape[0] ? " " : "", tuned->shape);
    add_measured(grid, result->stats.p50);
    add_measured(grid, result->stats.p95);
    add_measured(grid, gflops(tuned));
    add_number(grid, "%", 1, percent_of_peak(tuned));
    cli_grid_add(grid, "%.1e", result->numerics.err_rel_fro);
    add_number(grid, "", 3, result->numerics.err_bound_ratio);
    add_number(grid, "x", 2, speedup(tuned));
    cli_grid_add(grid, "%s", result->config);
}

hone_status cli_tuned_print(const cli_tuned *tuned, int count) {
    cli_grid grid = {0};
    int rows = 0;
    cli_grid_row(&grid, 9, "problem", "p50 us", "p95 us", "GFLOP/s", "of peak", "error", "of bound",
                 "vs unfused", "config");
    for (int i = 0; i < count; i++) {
        if (has_winner(&tuned[i])) {
            add_row(&grid, &tuned[i]);
            rows++;
        }
    }
    if (rows > 0)
        return cli_grid_print(&grid, "011111110");
    cli_grid_clear(&grid); /* a header alone says nothing */
    return HONE_OK;
}

static json_t *trace_json(const hone_tune_result *result) {
    json_t *array = json_array();
    for (int64_t i = 0; i < result->trace_count; i++)
        json_array_append_new(array, cli_json_number(result->trace[i]));
    return array;
}

static json_t *one_json(const cli_tuned *tuned, const hone_device *device, hone_objective objective) {
    const hone_tune_result *result = &tuned->result;
    return json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:o, s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:I, "
        "s:s, "
        "s:o, "
        "s:o, s:o}",
        "problem", result->problem, "shape", tuned->shape, "device", device->fingerprint, "config",
        result->config, "objective", hone_objective_name(objective), "best", cli_json_number(result->best_us),
        "evaluations", (json_int_t)result->evaluations, "known", (json_int_t)result->known, "failures",
        (json_int_t)result->failures, "space_size", (json_int_t)result->space_size, "seconds",
        cli_json_number(result->seconds), "p50_us", cli_json_number(result->stats.p50), "p95_us",
        cli_json_number(result->stats.p95), "gflops", cli_json_number(gflops(tuned)), "pct_peak",
        cli_json_number(percent_of_peak(tuned)), "err_rel_fro", cli_json_number(result->numerics.err_rel_fro),
        "err_bound_ratio", cli_json_number(result->numerics.err_bound_ratio), "model_rank_correlation",
        cli_json_number(result->model_rank), "samples", (json_int_t)result->stats.count, "stage",
        result->is_final ? "final" : "screen", "speedup_over_unfused", cli_json_number(speedup(tuned)),
        "trace", trace_json(result), "pareto", cli_tradeoffs_json(result->tradeoffs, result->tradeoff_count));
}

json_t *cli_tuned_json(const cli_tuned *tuned, int count, const hone_device *device,
                       hone_objective objective) {
    json_t *array = json_array();
    for (int i = 0; i < count; i++) {
        if (has_winner(&tuned[i]))
            json_array_append_new(array, one_json(&tuned[i], device, objective));
    }
    return array;
}

#include "tune_print.h"

#include <math.h>
#include <stdio.h>

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

int cli_tuned_above_peak(const cli_tuned *tuned, int count) {
    int above = 0;
    for (int i = 0; i < count; i++)
        above += has_winner(&tuned[i]) && percent_of_peak(&tuned[i]) > 100;
    return above;
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

static json_t *transfer_json(const hone_transfer *transfer) {
    if (transfer->configs == 0)
        return json_null();
    const hone_match *source = &transfer->source;
    return json_pack("{s:i, s:s, s:s, s:s, s:s, s:o, s:o, s:I, s:b}", "configs", transfer->configs, "match",
                     hone_match_kind_name(source->kind), "matched_problem", source->matched_problem, "device",
                     source->device, "build", source->build, "best", cli_json_number(transfer->best_us),
                     "default", cli_json_number(transfer->default_us), "search_evaluations",
                     (json_int_t)transfer->own, "caught_up", transfer->caught_up);
}

static void add_numbers(json_t *object, const cli_tuned *tuned) {
    const hone_tune_result *result = &tuned->result;
    const struct {
        const char *name;
        double value;
    } numbers[] = {{"best", result->best_us},
                   {"seconds", result->seconds},
                   {"p50_us", result->stats.p50},
                   {"p95_us", result->stats.p95},
                   {"gflops", gflops(tuned)},
                   {"pct_peak", percent_of_peak(tuned)},
                   {"err_rel_fro", result->numerics.err_rel_fro},
                   {"err_bound_ratio", result->numerics.err_bound_ratio},
                   {"model_rank_correlation", result->model_rank},
                   {"speedup_over_unfused", speedup(tuned)}};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        json_object_set_new(object, numbers[i].name, cli_json_number(numbers[i].value));
}

static json_t *one_json(const cli_tuned *tuned, const hone_device *device, hone_objective objective) {
    const hone_tune_result *result = &tuned->result;
    json_t *object =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:s}", "problem", result->problem,
                  "shape", tuned->shape, "device", device->fingerprint, "config", result->config, "objective",
                  hone_objective_name(objective), "evaluations", (json_int_t)result->evaluations, "known",
                  (json_int_t)result->known, "failures", (json_int_t)result->failures, "space_size",
                  (json_int_t)result->space_size, "samples", (json_int_t)result->stats.count, "stage",
                  result->is_final ? "final" : "screen");
    add_numbers(object, tuned);
    json_object_set_new(object, "transfer", transfer_json(&result->transfer));
    json_object_set_new(object, "pareto", cli_tradeoffs_json(tuned->tradeoffs, tuned->tradeoff_count));
    json_object_set_new(object, "trace", trace_json(result));
    return object;
}

static const char *plural(int64_t count) { return count == 1 ? "" : "s"; }

static void explain_one(const hone_transfer *transfer) {
    const hone_match *source = &transfer->source;
    const int other = source->kind == HONE_MATCH_FAMILY;
    const double ratio = transfer->best_us / transfer->default_us;
    fprintf(stderr, "began with %d config%s known from elsewhere; the best, of %s%s%s, takes %.4g us",
            transfer->configs, plural(transfer->configs), source->matched_problem, other ? " on " : "",
            other ? source->device : "", transfer->best_us);
    if (isfinite(ratio))
        fprintf(stderr, ", %.2f of the default config's time", ratio);
    if (transfer->caught_up && transfer->own == 0)
        fprintf(stderr, ", which is as good\n");
    else
        fprintf(stderr, "; the search itself %s within 2%% of it in %lld evaluation%s\n",
                transfer->caught_up ? "came" : "did not come", (long long)transfer->own,
                plural(transfer->own));
}

void cli_tuned_explain(const cli_tuned *tuned, int count) {
    int64_t own = 0;
    int began = 0, ahead = 0, ended_ahead = 0;
    for (int i = 0; i < count; i++) {
        const hone_transfer *transfer = &tuned[i].result.transfer;
        began += transfer->configs > 0;
        ahead += transfer->configs > 0 && !(transfer->caught_up && transfer->own == 0);
        ended_ahead += transfer->configs > 0 && !transfer->caught_up;
        own += transfer->own;
    }
    if (began == 1 && count == 1)
        explain_one(&tuned[0].result.transfer);
    else if (began > 0)
        fprintf(stderr,
                "%d problem%s began with configs known from elsewhere: %d of them ahead of the default "
                "config; the searches "
                "themselves came within 2%% in %lld evaluation%s, %d did not\n",
                began, plural(began), ahead, (long long)own, plural(own), ended_ahead);
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

#include "tradeoffs.h"

#include <math.h>

static const char *stage(const hone_winner *winner) { return winner->is_final ? "final" : "screen"; }

/* To the three digits that are printed, so that as a limit it admits what it was printed of. */
static double rounded_up(double error) {
    if (!(error > 0))
        return error;
    const double unit = pow(10, floor(log10(error)) - 2);
    return ceil(error / unit * (1 - 1e-12)) * unit;
}

json_t *cli_tradeoffs_json(const hone_winner *tradeoffs, int count) {
    json_t *array = json_array();
    for (int i = 0; i < count; i++) {
        const hone_winner *one = &tradeoffs[i];
        json_array_append_new(array, json_pack("{s:s, s:o, s:o, s:o, s:o, s:I, s:s}", "config", one->config,
                                               "p50_us", cli_json_number(one->stats.p50), "p95_us",
                                               cli_json_number(one->stats.p95), "err_rel_fro",
                                               cli_json_number(one->numerics.err_rel_fro), "err_bound_ratio",
                                               cli_json_number(one->numerics.err_bound_ratio), "samples",
                                               (json_int_t)one->stats.count, "stage", stage(one)));
    }
    return array;
}

hone_status cli_tradeoffs_print(const hone_winner *tradeoffs, int count) {
    cli_grid grid = {0};
    cli_grid_row(&grid, 6, "p50 us", "p95 us", "error", "samples", "stage", "config");
    for (int i = 0; i < count; i++) {
        const hone_winner *one = &tradeoffs[i];
        cli_grid_add(&grid, "%.4g", one->stats.p50);
        if (isfinite(one->stats.p95))
            cli_grid_add(&grid, "%.4g", one->stats.p95);
        else
            cli_grid_add(&grid, "-");
        cli_grid_add(&grid, "%.2e", rounded_up(one->numerics.err_rel_fro));
        cli_grid_add(&grid, "%lld", (long long)one->stats.count);
        cli_grid_add(&grid, "%s", stage(one));
        cli_grid_add(&grid, "%s", one->config);
    }
    return cli_grid_print(&grid, "111100");
}

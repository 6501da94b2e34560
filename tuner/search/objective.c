#include <math.h>
#include <string.h>

#include "../../kernels/status.h"
#include "tune.h"

static double value_p50(const hone_stats *stats) { return stats->p50; }
static double value_p95(const hone_stats *stats) { return stats->p95; }
static double value_mean(const hone_stats *stats) { return stats->mean; }

static const struct {
    const char *name;
    double (*value)(const hone_stats *stats);
} objectives[] = {
    [HONE_OBJECTIVE_P50] = {"p50", value_p50},
    [HONE_OBJECTIVE_P95] = {"p95", value_p95},
    [HONE_OBJECTIVE_THROUGHPUT] = {"throughput", value_mean},
};
enum { OBJECTIVES = sizeof objectives / sizeof objectives[0] };

const char *hone_objective_name(hone_objective objective) { return objectives[objective].name; }

hone_status hone_objective_parse(hone_objective *out, const char *name) {
    for (int i = 0; i < OBJECTIVES; i++) {
        if (strcmp(objectives[i].name, name) == 0) {
            *out = (hone_objective)i;
            return HONE_OK;
        }
    }
    return hone_fail(HONE_E_USAGE, "objective '%.40s' is unknown; one of p50, p95, throughput", name);
}

double hone_objective_value(hone_objective objective, const hone_stats *stats) {
    return objectives[objective].value(stats);
}

double hone_objective_of(hone_objective objective, const hone_samples *samples) {
    hone_stats stats;
    return samples->count > 0 && hone_samples_stats(&stats, samples) == HONE_OK
               ? hone_objective_value(objective, &stats)
               : NAN;
}

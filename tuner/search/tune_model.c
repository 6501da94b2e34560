/* How right the backend's cost model is: its estimates beside what was measured. */
#include <math.h>
#include <stdlib.h>

#include "../../kernels/status.h"
#include "rank.h"
#include "tune_session.h"

double hone_session_cost(const hone_tune_session *session, const hone_config *config) {
    const hone_backend *backend = session->device->backend;
    return backend->cost ? backend->cost(session->device, session->problem, config, session->options->threads)
                         : NAN;
}

double hone_session_rank_correlation(const hone_tune_session *session) {
    double result = NAN;
    int64_t count = 0;
    double *costs = malloc(2 * (size_t)session->candidate_count * sizeof *costs + 1), *values;
    if (!costs)
        return NAN;
    values = costs + session->candidate_count;
    for (int64_t i = 0; i < session->candidate_count; i++) {
        if (!isfinite(session->candidates[i].cost))
            continue;
        costs[count] = session->candidates[i].cost;
        values[count++] = session->candidates[i].value;
    }
    result = hone_rank_correlation(costs, values, count);
    free(costs);
    return result;
}

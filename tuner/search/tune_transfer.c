/* What is known of other shapes, devices and builds, as a start. What that was worth is told by the search:
 * how many of its own proposals it took to come as far, where the default config does not. */
#include <math.h>

#include "../../kernels/status.h"
#include "tune_session.h"

enum { STARTS = 4 };
static const double AS_GOOD = 1.02; /* times the best start */

static void keep_best(hone_transfer *transfer, const hone_match *start, double value) {
    transfer->configs++;
    if (transfer->configs > 1 && !(value < transfer->best_us))
        return;
    transfer->source = *start;
    transfer->best_us = value;
}

/* What this build knows of this very problem is no transfer: it is to defend its place. */
static int is_own(const hone_match *start) { return start->kind == HONE_MATCH_EXACT && !start->stale; }

static hone_status try_start(hone_tune_session *session, const hone_match *start) {
    hone_config config;
    double value;
    if (hone_config_parse(&config, start->config))
        return HONE_OK;
    if (is_own(start))
        session->known_point = hone_points_find(session->points, &config);
    hone_status status = hone_session_consider(&value, session, &config);
    if (!status && isfinite(value) && !is_own(start))
        keep_best(&session->result->transfer, start, value);
    return status;
}

hone_status hone_session_transfer(hone_tune_session *session, double default_us) {
    hone_transfer *transfer = &session->result->transfer;
    hone_match starts[STARTS];
    int count = 0;
    const hone_lookup_options options = {
        .threads = session->options->threads,
        .objective = hone_objective_name(session->options->objective),
        .max_rel_error = session->options->max_error,
        .allow_stale = 1,
    };
    transfer->default_us = default_us;
    hone_db_refresh(session->db); /* it has been written since the problem before */
    hone_status status =
        hone_db_starts(starts, &count, STARTS, session->db, session->device, session->problem, &options);
    for (int i = 0; i < count && !status; i++)
        if (is_own(&starts[i]) || !session->options->no_transfer)
            status = try_start(session, &starts[i]);
    transfer->caught_up = transfer->configs > 0 && default_us <= AS_GOOD * transfer->best_us;
    return status;
}

void hone_session_compare_transfer(hone_tune_session *session, double value) {
    hone_transfer *transfer = &session->result->transfer;
    if (transfer->configs == 0 || transfer->caught_up)
        return;
    transfer->own++;
    transfer->caught_up = value <= AS_GOOD * transfer->best_us;
}

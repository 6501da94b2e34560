/* What is known of other shapes, devices and builds, as a start. What it saved is told by the search itself:
 * how many of its own proposals it took to come as far. */
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

hone_status hone_session_transfer(hone_tune_session *session, double default_us) {
    hone_transfer *transfer = &session->result->transfer;
    hone_match starts[STARTS];
    int count = 0;
    const hone_lookup_options options = {
        .threads = session->options->threads,
        .objective = hone_objective_name(session->options->objective),
        .allow_stale = 1,
    };
    transfer->default_us = default_us;
    if (session->options->no_transfer)
        return HONE_OK;
    hone_db_refresh(session->db); /* it has been written since the problem before */
    hone_status status =
        hone_db_starts(starts, &count, STARTS, session->db, session->device, session->problem, &options);
    for (int i = 0; i < count && !status; i++) {
        hone_config config;
        double value = NAN;
        if (hone_config_parse(&config, starts[i].config))
            continue;
        status = hone_session_consider(&value, session, &config);
        /* What this build knows of this very problem is no transfer. */
        if (!status && !isnan(value) && (starts[i].kind != HONE_MATCH_EXACT || starts[i].stale))
            keep_best(transfer, &starts[i], value);
    }
    return status;
}

void hone_session_compare_transfer(hone_tune_session *session, double value) {
    hone_transfer *transfer = &session->result->transfer;
    if (transfer->configs == 0 || transfer->caught_up)
        return;
    transfer->saved++;
    transfer->caught_up = value <= AS_GOOD * transfer->best_us;
}

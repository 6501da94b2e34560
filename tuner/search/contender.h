/* One provider prepared on a problem, ready to be verified and timed, warm or cold.
 *
 * Warm, every call uses the same operands. Cold, the calls rotate through so
 * many copies of them that a copy has left the last-level cache before its turn
 * comes again; each copy has its own packed weights and C. Where the device has memory of its own, they lie
 * there from the start, and the device's own time of a call is what counts. */
#ifndef HONE_TUNER_CONTENDER_H
#define HONE_TUNER_CONTENDER_H

#include "../../harness/provider.h"
#include "../../harness/roof.h"
#include "../../harness/sampler.h"
#include "../../harness/verify.h"

/* Copies of a problem's operands, of seed, seed + 1, ... */
typedef struct hone_operand_set {
    hone_operands **copies;
    int count;             /* 1 when warm */
    hone_operands *padded; /* the first copy's values in longer rows: a store beyond one shows */
} hone_operand_set;

/* How many a set has. */
int hone_operand_copies(const hone_device *device, const hone_problem *problem, int cold);
/* HONE_E_NOMEM, HONE_E_USAGE, HONE_E_UNAVAILABLE. Leaves an empty set on failure. */
hone_status hone_operand_set_create(hone_operand_set *set, const hone_device *device,
                                    const hone_problem *problem, uint64_t seed, int cold);
void hone_operand_set_clear(hone_operand_set *set);

typedef struct hone_contender {
    const hone_provider *provider;
    hone_context *context;
    const hone_device *device;
    int threads;
    int has_config;
    char config[HONE_CONFIG_TEXT];
    hone_provider_case **cases;
    int count;
    int64_t calls;              /* so far: which copy is the next */
    hone_provider_case *latest; /* whose time was the last; NULL: it was the batch's */
    hone_batch *batch;          /* NULL: calls are one by one */
    int batch_calls;
    double batch_us; /* of one of its calls; NaN: it failed */
    hone_run_failure batch_failure;
    hone_device_state state; /* when it was last asked for, among samples */
    int has_state;
} hone_contender;

/* `set` is borrowed and outlives the contender. The provider's status on failure. */
hone_status hone_contender_create(hone_contender *contender, const hone_provider *provider,
                                  hone_context *context, const hone_device *device,
                                  const hone_operand_set *set, const char *config, int threads);
void hone_contender_clear(hone_contender *contender);
/* On the padded operands, with a preparation of its own. The provider's status on failure. */
hone_status hone_contender_verify(hone_numerics *out, const hone_contender *contender,
                                  const hone_operand_set *set, const hone_reference *reference);
/* The limits for the contender, on its threads and its operands. HONE_E_NOMEM. */
hone_status hone_contender_roof(hone_roof **out, const hone_contender *contender,
                                const hone_operand_set *set);
/* One call, on the next copy of the operands. */
void hone_contender_run(hone_contender *contender);
/* Whether samples are the device's own times; else the host's. */
int hone_contender_times_device(const hone_contender *contender);
/* For the sampler; valid as long as the contender stays where it is. */
hone_runner hone_contender_runner(hone_contender *contender);
/* What one of its runs has failed with, after which its samples say nothing. */
hone_status hone_contender_failure(const hone_contender *contender);
/* The median of a few further calls by the device's own clock, in microseconds; NaN: not known, or what the
 * samples are anyway. */
double hone_contender_device_us(const hone_contender *contender);
/* hone_plan_workspace; -1: not known. */
int64_t hone_contender_workspace(const hone_contender *contender);
const char *hone_contender_label(const hone_contender *contender);

#endif

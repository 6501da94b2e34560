/* Tuning one problem with a stand-in kernel whose configs are known: which is
 * fast, which is fast but wrong, which cannot be built. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../kernels/status.h"
#include "../../tuner/db/db_winner.h"
#include "../../tuner/search/tune.h"
#include "../harness/naive_kernel.h"

/* ---- a device with 4 x 4 configs: `work` is how slow, `kind` how good */

static int has_idle; /* 1: a third parameter, which does nothing */

static hone_status stand_in_space(hone_space **out, const hone_device *device, const hone_problem *problem,
                                  int threads) {
    (void)device;
    (void)problem;
    (void)threads;
    hone_space *space;
    hone_status status = hone_space_create(&space);
    if (status)
        return status;
    status = hone_space_param(space, "kind", "good wrong missing broken");
    if (!status)
        status = hone_space_param(space, "work", "1 8 40 60");
    if (!status && has_idle)
        status = hone_space_param(space, "idle", "1 2 3 4 5 6 7 8 9 10 11 12");
    if (status)
        hone_space_destroy(space);
    else
        *out = space;
    return status;
}

/* A model that knows nothing but `work`. */
static double stand_in_cost(const hone_device *device, const hone_problem *problem, const hone_config *config,
                            int threads) {
    (void)device;
    (void)problem;
    (void)threads;
    int64_t work;
    return hone_config_get_int(&work, config, "work") ? INFINITY : (double)work;
}

static hone_status stand_in_default(hone_config *out, const hone_device *device, const hone_problem *problem,
                                    int threads, const char *code_path) {
    (void)device;
    (void)problem;
    (void)threads;
    (void)code_path;
    return hone_config_parse(out, has_idle ? "idle=3,kind=good,work=60" : "kind=good,work=60");
}

/* Limits of a machine that does one operation, or reads one byte, a round of a slow loop. */
static double stand_in_rounds(int64_t rounds) {
    volatile int64_t done = 0;
    while (done < rounds)
        done = done + 1;
    return (double)rounds;
}

static double stand_in_peak(const hone_device *device, hone_dtype dtype, hone_pool *pool, int64_t rounds) {
    (void)device;
    (void)pool;
    return dtype == HONE_F32 ? stand_in_rounds(rounds) : 0;
}

static int turns_read[2]; /* even and odd */
static double stand_in_read(const hone_device *device, hone_pool *pool, const hone_span *spans, int count,
                            int64_t passes, int64_t turn) {
    turns_read[turn % 2]++;
    (void)device;
    (void)pool;
    int64_t bytes = 0;
    for (int i = 0; i < count; i++)
        bytes += (int64_t)spans[i].bytes;
    return stand_in_rounds(bytes * passes);
}

static hone_backend stand_in_backend = {.name = "cpu",
                                        .space = stand_in_space,
                                        .default_config = stand_in_default,
                                        .cost = stand_in_cost,
                                        .peak_run = stand_in_peak,
                                        .read_run = stand_in_read};
static const hone_device stand_in_device = {.backend = &stand_in_backend,
                                            .name = "cpu",
                                            .model = "Stand-in",
                                            .fingerprint = "cpu/stand-in",
                                            .family = "cpu/stand-in",
                                            .threads = 1};

/* ---- and a provider that runs them */

struct hone_provider_case {
    hone_args args;
    const hone_problem *problem;
    char kind[16], config[64];
    int64_t work;
    volatile double sink;
};

static int64_t rounds;                /* of a slow loop, a unit of `work` */
static int prepared;                  /* cases made, over all configs */
static volatile int stop, stop_after; /* ask to stop once so many cases were made; 0: never */

static hone_status stand_in_check(const hone_device *device, const hone_problem *problem) {
    (void)device;
    (void)problem;
    return HONE_OK;
}

static hone_status stand_in_prepare(hone_provider_case **out, hone_context *context,
                                    const hone_device *device, const hone_operands *operands,
                                    const char *text, int threads) {
    (void)context;
    (void)device;
    (void)threads;
    hone_config config;
    hone_status status = hone_config_parse(&config, text);
    if (status)
        return status;
    prepared++;
    stop = stop_after && prepared >= stop_after;
    if (strcmp(hone_config_get(&config, "kind"), "broken") == 0)
        return hone_fail(HONE_E_USAGE, "this config cannot be built");
    hone_provider_case *self = calloc(1, sizeof *self);
    if (!self)
        return hone_fail(HONE_E_NOMEM, "no memory");
    self->args = hone_operands_args(operands);
    self->problem = &operands->problem;
    snprintf(self->kind, sizeof self->kind, "%s", hone_config_get(&config, "kind"));
    snprintf(self->config, sizeof self->config, "%s", text);
    status = hone_config_get_int(&self->work, &config, "work");
    *out = self;
    return status;
}

static void stand_in_run(hone_provider_case *self) {
    for (int64_t i = 0; i < rounds * self->work; i++)
        self->sink = self->sink + (double)i;
    int64_t last = self->problem->m * self->problem->n - 1;
    for (int64_t i = 0; i <= last; i++) {
        int64_t row = i / self->problem->n, column = i % self->problem->n;
        float value = naive_element(self->problem, &self->args, row, column);
        if (i == last && strcmp(self->kind, "missing") == 0)
            return;
        if (i == last && strcmp(self->kind, "wrong") == 0)
            value += 0.01f;
        naive_store(&self->args, self->problem->c_type, row * self->args.ldc + column, value);
    }
}

static const char *stand_in_label(const hone_provider_case *self) { return self->config; }
static void stand_in_destroy(hone_provider_case *self) { free(self); }

static const hone_provider stand_in = {.name = "hone",
                                       .description = "a stand-in",
                                       .check = stand_in_check,
                                       .prepare = stand_in_prepare,
                                       .run = stand_in_run,
                                       .label = stand_in_label,
                                       .destroy = stand_in_destroy};

/* ---- a database of its own */

typedef struct fixture {
    char folder[64], path[80];
    hone_context *context;
    hone_db *db;
    int64_t run;
    hone_problem problem;
    hone_tune_options options;
} fixture;

static void reopen(fixture *f) {
    hone_environment environment = {.load = NAN, .clock_mhz = NAN};
    hone_db_close(f->db);
    assert_int_equal(hone_db_open_write(&f->db, f->path), HONE_OK);
    assert_int_equal(hone_db_run_begin(&f->run, f->db, "test", &environment), HONE_OK);
}

static int setup(void **state) {
    fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    strcpy(f->folder, "/tmp/hone_tune_XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    snprintf(f->path, sizeof f->path, "%s/hone.db", f->folder);
    assert_int_equal(hone_context_create(&f->context), HONE_OK);
    assert_int_equal(hone_problem_parse(&f->problem, "gemm/f32/relu/3x5x7"), HONE_OK);
    f->options = (hone_tune_options){.strategy = hone_strategy_find("exhaustive"),
                                     .provider = &stand_in,
                                     .seed = 11,
                                     .threads = 1,
                                     .stop = &stop};
    stop = stop_after = prepared = has_idle = 0;
    rounds = 400;
    reopen(f);
    *state = f;
    return 0;
}

static int teardown(void **state) {
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    fixture *f = *state;
    hone_db_close(f->db);
    hone_context_destroy(f->context);
    for (size_t i = 0; i < 3; i++) {
        char path[96];
        snprintf(path, sizeof path, "%s%s", f->path, suffixes[i]);
        unlink(path);
    }
    rmdir(f->folder);
    free(f);
    return 0;
}

static hone_status tune(hone_tune_result *result, fixture *f) {
    return hone_tune_problem(result, f->db, f->run, f->context, &stand_in_device, &f->problem, &f->options);
}

static int64_t count(fixture *f, const char *sql) {
    sqlite3_stmt *statement;
    assert_int_equal(sqlite3_prepare_v2(f->db->handle, sql, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    int64_t value = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return value;
}

/* ---- tests */

/* The fast but wrong ones are recorded with the seed and never win. */
static void fastest_correct_config_wins(void **state) {
    fixture *f = *state;
    hone_tune_result result;
    assert_int_equal(tune(&result, f), HONE_OK);
    assert_string_equal(result.config, "kind=good,work=1");
    assert_string_equal(result.problem, "gemm/f32/relu/3x5x7");
    assert_int_equal(result.space_size, 16);
    assert_int_equal(result.evaluations, 16);
    assert_int_equal(result.known, 0);
    assert_int_equal(result.failures, 12);
    assert_true(result.is_final);
    assert_true(result.stats.count >= HONE_P95_MIN_SAMPLES);
    assert_true(result.stats.p95 >= result.stats.p50);
    assert_true(result.best_us == result.stats.p50);
    assert_true(result.numerics.correct && result.numerics.err_bound_ratio <= 1);
    assert_int_equal(result.numerics.seed, 11);
    assert_true(result.peak_gops > 0);
    assert_int_equal(result.trace_count, 16);
    for (int64_t i = 1; i < result.trace_count; i++)
        assert_true(result.trace[i] <= result.trace[i - 1]);
    hone_tune_result_clear(&result);

    assert_int_equal(count(f, "SELECT count(*) FROM failures WHERE kind = 'wrong' AND seed = 11"), 8);
    assert_int_equal(count(f, "SELECT count(*) FROM failures WHERE kind = 'build'"), 4);
    assert_int_equal(count(f, "SELECT count(*) FROM failures WHERE reason LIKE '%cannot be built%'"), 4);
    assert_int_equal(count(f, "SELECT count(*) FROM measurements WHERE stage = 'screen'"), 4);
    /* Those screened far behind are left out: how many depends on the machine. */
    assert_in_range(count(f, "SELECT count(*) FROM measurements WHERE stage = 'final' AND provider = 'hone'"),
                    1, 4);
    assert_int_equal(count(f, "SELECT count(*) FROM winners WHERE objective = 'p50'"), 1);
    /* Limits are measured beside what a final measures, and not where nothing is beside. */
    assert_int_equal(count(f, "SELECT count(*) FROM measurements WHERE (stage = 'final') <> (peak_gops > 0) "
                              "OR (stage = 'final') <> (read_gbps > 0)"),
                     0);
}

static void a_second_run_has_nothing_to_do(void **state) {
    fixture *f = *state;
    hone_tune_result first, second;
    int known = 1;
    assert_int_equal(hone_tune_known(&known, &first, f->db, &stand_in_device, &f->problem, &f->options),
                     HONE_OK);
    assert_false(known);
    assert_int_equal(tune(&first, f), HONE_OK);
    reopen(f);
    assert_int_equal(hone_tune_known(&known, &second, f->db, &stand_in_device, &f->problem, &f->options),
                     HONE_OK);
    assert_true(known);
    assert_string_equal(second.config, first.config);
    assert_true(second.best_us == first.best_us);
    assert_true(second.stats.p95 == first.stats.p95);
    assert_int_equal(second.evaluations, 0);
    assert_int_equal(second.space_size, 16);
    hone_tune_result_clear(&second);

    /* Tuned again all the same, everything but the final is known. */
    assert_int_equal(tune(&second, f), HONE_OK);
    assert_int_equal(second.evaluations, 0);
    assert_int_equal(second.known, 16);
    assert_int_equal(second.trace_count, 16);
    hone_tune_result_clear(&second);
    hone_tune_result_clear(&first);
}

/* Stopped after some evaluations, what was measured stays, and the rest follows. */
static void a_stopped_search_goes_on(void **state) {
    fixture *f = *state;
    hone_tune_result result;
    stop_after = 5;
    assert_int_equal(tune(&result, f), HONE_E_INTERRUPTED);
    int64_t before = result.evaluations;
    assert_in_range(before, 1, 15);
    hone_tune_result_clear(&result);
    assert_int_equal(count(f, "SELECT count(*) FROM measurements WHERE stage = 'final'"), 0);
    stop = stop_after = 0;
    reopen(f);
    assert_int_equal(tune(&result, f), HONE_OK);
    assert_int_equal(result.known, before);
    assert_int_equal(result.evaluations, 16 - before);
    assert_string_equal(result.config, "kind=good,work=1");
    hone_tune_result_clear(&result);
}

static void limits_are_kept(void **state) {
    fixture *f = *state;
    hone_tune_result result;
    f->options.max_evaluations = 3;
    assert_int_equal(tune(&result, f), HONE_OK);
    assert_int_equal(result.evaluations, 3);
    hone_tune_result_clear(&result);

    /* A budget of nothing: the default alone is screened, and wins. */
    assert_int_equal(hone_problem_parse(&f->problem, "gemm/f32/relu/2x2x2"), HONE_OK);
    f->options.max_evaluations = 0;
    f->options.budget_seconds = 1e-6;
    assert_int_equal(tune(&result, f), HONE_OK);
    assert_int_equal(result.evaluations, 1);
    assert_string_equal(result.config, "kind=good,work=60");
    assert_false(result.is_final);
    hone_tune_result_clear(&result);

    /* It has no room for a p95. */
    assert_int_equal(hone_problem_parse(&f->problem, "gemm/f32/relu/1x2x2"), HONE_OK);
    f->options.objective = HONE_OBJECTIVE_P95;
    assert_int_equal(tune(&result, f), HONE_E_INCONCLUSIVE);
}

/* A near shape's winner is tried first, and what that saved is told. */
static void a_near_winner_is_a_start(void **state) {
    fixture *f = *state;
    hone_tune_result result;
    assert_int_equal(tune(&result, f), HONE_OK);
    assert_int_equal(result.transfer.configs, 0); /* nothing is known yet */
    hone_tune_result_clear(&result);

    assert_int_equal(hone_problem_parse(&f->problem, "gemm/f32/relu/4x5x7"), HONE_OK);
    f->options.max_evaluations = 4;
    assert_int_equal(tune(&result, f), HONE_OK);
    assert_int_equal(result.transfer.configs, 1);
    assert_int_equal(result.transfer.source.kind, HONE_MATCH_NEAR);
    assert_string_equal(result.transfer.source.matched_problem, "gemm/f32/relu/3x5x7");
    assert_string_equal(result.transfer.source.config, "kind=good,work=1");
    assert_true(result.transfer.best_us < result.transfer.default_us);
    /* The second evaluation, after the default; the others are the strategy's first ones. */
    assert_true(result.trace[1] == result.transfer.best_us);
    assert_int_equal(result.transfer.own, 2);
    assert_false(result.transfer.caught_up);
    assert_string_equal(result.config, "kind=good,work=1");
    hone_tune_result_clear(&result);

    assert_int_equal(hone_problem_parse(&f->problem, "gemm/f32/relu/4x5x8"), HONE_OK);
    f->options.no_transfer = 1;
    assert_int_equal(tune(&result, f), HONE_OK);
    assert_int_equal(result.transfer.configs, 0);
    hone_tune_result_clear(&result);
}

/* A strategy that finds one good config by luck, and nothing else. */
static hone_status lucky_create(void **state, const hone_points *points, const hone_search_options *options) {
    (void)options;
    *state = (void *)(uintptr_t)points;
    return HONE_OK;
}

static int lucky_proposed;

/* `work` is long enough for other load not to part a tie. */
static int64_t lucky_propose(void *state) {
    hone_config config;
    if (lucky_proposed++)
        return -1;
    assert_int_equal(hone_config_parse(&config, "idle=1,kind=good,work=40"), HONE_OK);
    return hone_points_find(state, &config);
}

static void lucky_observe(void *state, int64_t point, double value) {
    (void)state;
    (void)point;
    (void)value;
}

static void lucky_destroy(void *state) { (void)state; }

/* What does not matter is as in the default config, whatever the search has found. */
static void a_winner_differs_from_the_default_where_that_matters(void **state) {
    static const hone_strategy lucky = {.name = "lucky",
                                        .description = "",
                                        .create = lucky_create,
                                        .propose = lucky_propose,
                                        .observe = lucky_observe,
                                        .destroy = lucky_destroy};
    fixture *f = *state;
    hone_tune_result result;
    has_idle = 1;
    lucky_proposed = 0;
    f->options.strategy = &lucky;
    assert_int_equal(tune(&result, f), HONE_OK);
    assert_string_equal(result.config, "idle=3,kind=good,work=40");
    assert_true(result.is_final);
    hone_tune_result_clear(&result);
    /* A limit on evaluations is one for this too. */
    assert_int_equal(hone_problem_parse(&f->problem, "gemm/f32/relu/9x5x7"), HONE_OK);
    lucky_proposed = 0;
    f->options.max_evaluations = 2;
    f->options.no_transfer = 1;
    assert_int_equal(tune(&result, f), HONE_OK);
    assert_int_equal(result.evaluations, 2);
    assert_string_equal(result.config, "idle=1,kind=good,work=40");
    hone_tune_result_clear(&result);
}

/* Twelve equals enter: what the rungs retire has few samples, and is no final. */
static void the_slower_of_a_final_are_retired(void **state) {
    fixture *f = *state;
    hone_tune_result result;
    has_idle = 1;
    rounds = 8000; /* beside other load twelve calls of a microsecond would not look equal */
    assert_int_equal(tune(&result, f), HONE_OK);
    assert_int_equal(result.evaluations, 16 * 12);
    assert_string_equal(strchr(result.config, ','), ",kind=good,work=1"); /* whichever of the equals */
    hone_tune_result_clear(&result);
    /* Five, the default, the simple one; the first contender is kept too where there is no unfused provider.
     */
    assert_in_range(count(f, "SELECT count(*) FROM measurements WHERE stage = 'final' AND provider = 'hone'"),
                    5, 8);
    assert_int_equal(
        count(f, "SELECT count(*) FROM measurements WHERE stage = 'final' AND sample_count < 60"), 0);
    /* Screened, compared when the best was led towards the default, or retired: twice at least in all. */
    assert_in_range(count(f,
                          "SELECT count(*) FROM (SELECT config_id FROM measurements WHERE stage = 'screen' "
                          "GROUP BY config_id HAVING count(*) > 1)"),
                    4, 14);
}

/* How right the backend's model was is told, once there are enough configs to have an order. */
static void the_model_is_held_against_the_measurements(void **state) {
    fixture *f = *state;
    hone_tune_result result;
    f->options.max_evaluations = 2;
    assert_int_equal(tune(&result, f), HONE_OK);
    assert_true(isnan(result.model_rank));
    hone_tune_result_clear(&result);

    f->options.max_evaluations = 0;
    assert_int_equal(tune(&result, f), HONE_OK);
    assert_true(result.model_rank > 0.7); /* of four times far apart; two that change places leave 0.8 */
    hone_tune_result_clear(&result);
}

/* Where configs are compiled, what the model thinks the cheapest comes right after the default; of two such
 * any parameters but two differ. */
static void the_cheapest_come_first_where_configs_are_compiled(void **state) {
    fixture *f = *state;
    hone_tune_result result;
    has_idle = 1;
    stand_in_backend.compiles = 1;
    f->options.max_evaluations = 2;
    hone_status status = tune(&result, f);
    const int64_t evaluated = count(f, "SELECT count(*) FROM configs");
    hone_tune_result_clear(&result);
    f->options.max_evaluations = 3;
    const hone_status again = tune(&result, f);
    has_idle = stand_in_backend.compiles = 0;
    assert_int_equal(HONE_OK, status);
    assert_int_equal(HONE_OK, again);
    assert_int_equal(2, evaluated);
    assert_int_equal(1, count(f, "SELECT count(*) FROM configs WHERE text = 'idle=1,kind=good,work=1'"));
    assert_int_equal(1, count(f, "SELECT count(*) FROM configs WHERE text = 'idle=2,kind=wrong,work=8'"));
    hone_tune_result_clear(&result);
}

static void shards_share_the_work(void **state) {
    fixture *f = *state;
    int64_t evaluations = 0;
    f->options.shards = 3;
    for (f->options.shard = 0; f->options.shard < 3; f->options.shard++) {
        hone_tune_result result;
        hone_status status = tune(&result, f);
        assert_int_equal(status, HONE_OK);
        assert_int_equal(result.space_size, 16);
        assert_int_equal(result.known, 0);
        evaluations += result.evaluations;
        hone_tune_result_clear(&result);
    }
    assert_int_equal(evaluations, 16);
    hone_winner winner;
    int found;
    hone_winner_subject subject = {
        .device = &stand_in_device, .problem = &f->problem, .threads = 1, .mode = "warm", .objective = "p50"};
    assert_int_equal(hone_db_winner(&found, &winner, f->db, &subject), HONE_OK);
    assert_true(found);
    assert_string_equal(winner.config, "kind=good,work=1");
    f->options.shards = 40;
    f->options.shard = 39;
    hone_tune_result result;
    assert_int_equal(tune(&result, f), HONE_E_INCONCLUSIVE);
}

static void accuracy_can_be_demanded(void **state) {
    fixture *f = *state;
    hone_tune_result result;
    f->options.max_error = 1e-30;
    assert_int_equal(tune(&result, f), HONE_E_WRONG);
    assert_non_null(strstr(hone_error_detail(), "err_rel_fro"));
    f->options.max_error = 1e-3;
    assert_int_equal(tune(&result, f), HONE_OK);
    assert_true(result.numerics.err_rel_fro <= 1e-3);
    hone_tune_result_clear(&result);
}

/* Each objective has its winner; cold measurements are a record of their own. */
static void objectives_and_modes_are_apart(void **state) {
    fixture *f = *state;
    hone_tune_result result;
    f->options.objective = HONE_OBJECTIVE_P95;
    assert_int_equal(tune(&result, f), HONE_OK);
    assert_true(result.best_us == result.stats.p95);
    hone_tune_result_clear(&result);
    f->options.objective = HONE_OBJECTIVE_THROUGHPUT;
    assert_int_equal(tune(&result, f), HONE_OK);
    assert_int_equal(result.evaluations, 0);
    assert_true(result.best_us == result.stats.mean);
    hone_tune_result_clear(&result);
    f->options.cold = 1;
    f->options.max_evaluations = 1;
    int known;
    assert_int_equal(hone_tune_known(&known, &result, f->db, &stand_in_device, &f->problem, &f->options),
                     HONE_OK);
    assert_false(known);
    assert_int_equal(tune(&result, f), HONE_OK);
    assert_string_equal(result.config, "kind=good,work=60");
    hone_tune_result_clear(&result);
    assert_int_equal(count(f, "SELECT count(*) FROM measurements WHERE mode = 'cold' AND provider = 'hone'"),
                     2);
}

static void objectives_have_names(void **state) {
    (void)state;
    static const char *const names[] = {"p50", "p95", "throughput"};
    for (int i = 0; i < 3; i++) {
        hone_objective objective;
        assert_int_equal(hone_objective_parse(&objective, names[i]), HONE_OK);
        assert_int_equal(objective, i);
        assert_string_equal(hone_objective_name(objective), names[i]);
    }
    hone_objective objective = HONE_OBJECTIVE_P95;
    assert_int_equal(hone_objective_parse(&objective, "p99"), HONE_E_USAGE);
    assert_int_equal(objective, HONE_OBJECTIVE_P95);
}

/* By then the other tests have read beside what they measured. */
static void limits_read_in_both_ways(void **state) {
    (void)state;
    assert_true(turns_read[0] > 0 && turns_read[1] > 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(fastest_correct_config_wins, setup, teardown),
        cmocka_unit_test_setup_teardown(a_second_run_has_nothing_to_do, setup, teardown),
        cmocka_unit_test_setup_teardown(a_stopped_search_goes_on, setup, teardown),
        cmocka_unit_test_setup_teardown(limits_are_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(a_winner_differs_from_the_default_where_that_matters, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(the_slower_of_a_final_are_retired, setup, teardown),
        cmocka_unit_test_setup_teardown(a_near_winner_is_a_start, setup, teardown),
        cmocka_unit_test_setup_teardown(the_model_is_held_against_the_measurements, setup, teardown),
        cmocka_unit_test_setup_teardown(the_cheapest_come_first_where_configs_are_compiled, setup, teardown),
        cmocka_unit_test_setup_teardown(shards_share_the_work, setup, teardown),
        cmocka_unit_test_setup_teardown(accuracy_can_be_demanded, setup, teardown),
        cmocka_unit_test_setup_teardown(objectives_and_modes_are_apart, setup, teardown),
        cmocka_unit_test(objectives_have_names),
        cmocka_unit_test(limits_read_in_both_ways),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The Google Benchmark layer: what it writes is read back as JSON. */
#include <jansson.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../harness/gbench.h"

enum { MAX_ARGUMENTS = 8 };

typedef struct fake {
    int iterations, finished;
    int fails_at; /* iteration that fails; 0: none */
    double min_seconds;
} fake;

static double fake_iterate(void *context) {
    fake *self = context;
    return ++self->iterations == self->fails_at ? -1 : 2e-6;
}

static const char *fake_finish(void *context, hone_gbench_counter *counters, int *count) {
    fake *self = context;
    ++self->finished;
    assert_true(*count >= 4);
    counters[0] = (hone_gbench_counter){"p50_us", 2.5};
    counters[1] = (hone_gbench_counter){"p95_us", NAN};
    counters[2] = (hone_gbench_counter){"err_max_abs", 0};
    counters[3] = (hone_gbench_counter){"pct_peak", INFINITY};
    *count = 4;
    return "kc=384,mr=14";
}

static const char *fake_error(void *context) {
    (void)context;
    return "the kernel is \"wrong\"";
}

static int64_t fake_iterations(void *context, double min_seconds) {
    ((fake *)context)->min_seconds = min_seconds;
    return 5;
}

static const char *const NAMES[] = {"gemm/cpu/f32/relu/1x2x3/hone/threads:1",
                                    "gemm/cpu/f32/relu/1x2x3/unfused/threads:2"};

typedef struct outcome {
    int result;
    fake fakes[2];
    json_t *json; /* what json_path holds; NULL unless valid */
    char shown[16384];
} outcome;

/* Runs both cases with some flags, separated by spaces, and keeps what came out
 * on stdout and in the file. */
static outcome run(const char *flags, hone_gbench_format format, int fails_at) {
    static char path[] = "/tmp/hone_gbench_XXXXXX";
    char text[512], program[] = "hone";
    char *argv[MAX_ARGUMENTS] = {program};
    int argc = 1;
    outcome out = {.fakes = {{.fails_at = fails_at}}};
    hone_gbench_case cases[2];
    for (int i = 0; i < 2; ++i)
        cases[i] = (hone_gbench_case){.name = NAMES[i],
                                      .context = &out.fakes[i],
                                      .iterate = fake_iterate,
                                      .finish = fake_finish,
                                      .error = fake_error,
                                      .iterations = fake_iterations};
    snprintf(text, sizeof text, "%s", flags);
    for (char *flag = strtok(text, " "); flag != NULL && argc < MAX_ARGUMENTS; flag = strtok(NULL, " "))
        argv[argc++] = flag;

    memcpy(path + sizeof path - 7, "XXXXXX", 6);
    const int file = mkstemp(path);
    assert_true(file >= 0);
    FILE *shown = tmpfile();
    assert_non_null(shown);
    fflush(stdout);
    const int terminal = dup(STDOUT_FILENO);
    assert_true(dup2(fileno(shown), STDOUT_FILENO) >= 0);
    const char *const keys[] = {"hone_commit"}, *const values[] = {"abc \"quoted\""};
    out.result = hone_gbench_run(argc, argv, cases, 2, format, path, keys, values, 1);
    fflush(stdout);
    assert_true(dup2(terminal, STDOUT_FILENO) >= 0);
    close(terminal);
    rewind(shown);
    out.shown[fread(out.shown, 1, sizeof out.shown - 1, shown)] = '\0';
    fclose(shown);
    out.json = json_load_file(path, 0, NULL);
    close(file);
    unlink(path);
    return out;
}

static const char *text_of(json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));
    assert_non_null(text);
    return text;
}

static void json_is_exact(void **state) {
    (void)state;
    outcome out = run("", HONE_GBENCH_JSON, 0);
    assert_int_equal(out.result, 2);
    assert_int_equal(out.fakes[0].iterations, 5);
    assert_int_equal(out.fakes[0].finished, 1);
    json_t *shown = json_loads(out.shown, 0, NULL);
    assert_non_null(shown);
    assert_non_null(out.json);
    assert_true(json_equal(json_object_get(shown, "benchmarks"), json_object_get(out.json, "benchmarks")));

    assert_string_equal(text_of(json_object_get(shown, "context"), "hone_commit"), "abc \"quoted\"");
    json_t *runs = json_object_get(shown, "benchmarks");
    assert_int_equal(json_array_size(runs), 2);
    for (size_t i = 0; i < 2; ++i) {
        json_t *one = json_array_get(runs, i);
        assert_string_equal(text_of(one, "name"), NAMES[i]);
        assert_string_equal(text_of(one, "run_name"), NAMES[i]);
        assert_string_equal(text_of(one, "label"), "kc=384,mr=14");
        assert_string_equal(text_of(one, "time_unit"), "us");
        assert_int_equal(json_integer_value(json_object_get(one, "iterations")), 5);
        assert_true(fabs(json_number_value(json_object_get(one, "real_time")) - 2) < 1e-9);
        assert_true(json_number_value(json_object_get(one, "p50_us")) == 2.5);
        assert_true(json_number_value(json_object_get(one, "err_max_abs")) == 0);
        assert_null(json_object_get(one, "p95_us"));
        assert_null(json_object_get(one, "pct_peak"));
    }
    json_decref(shown);
    json_decref(out.json);
}

static void console_shows_plain_names(void **state) {
    (void)state;
    outcome out = run("", HONE_GBENCH_CONSOLE, 0);
    assert_int_equal(out.result, 2);
    assert_non_null(strstr(out.shown, NAMES[1]));
    assert_null(strstr(out.shown, "manual_time"));
    assert_null(strstr(out.shown, "iterations:"));
    assert_non_null(out.json);
    json_decref(out.json);
}

/* How far in its line something ends. */
static size_t end_column(const char *text, const char *what) {
    const char *at = strstr(text, what), *line = at;
    assert_non_null(at);
    while (line > text && line[-1] != '\n')
        line--;
    return (size_t)(at - line) + strlen(what);
}

static void console_has_columns(void **state) {
    (void)state;
    outcome out = run("--benchmark_repetitions=2", HONE_GBENCH_CONSOLE, 0);
    json_decref(out.json);
    assert_int_equal(end_column(out.shown, "p50_us"), end_column(out.shown, "2.500"));
    assert_int_equal(end_column(out.shown, "p95_us"), end_column(out.shown, " -"));
    assert_non_null(strstr(out.shown, "kc=384,mr=14"));
    assert_non_null(strstr(out.shown, "threads:1_median "));
    assert_null(strstr(out.shown, "CPU "));
    const char *variation = strstr(out.shown, "threads:1_cv");
    assert_non_null(variation);
    assert_non_null(strstr(variation, "0%"));
}

static void flags_pass_through(void **state) {
    (void)state;
    /* The end of a name matches, although the library adds to names. */
    outcome out =
        run("--benchmark_filter=hone/threads:1$ --benchmark_min_time=0.25 --benchmark_repetitions=3",
            HONE_GBENCH_CONSOLE, 0);
    assert_int_equal(out.result, 1);
    assert_int_equal(out.fakes[0].iterations, 15);
    assert_int_equal(out.fakes[0].finished, 3);
    assert_true(out.fakes[0].min_seconds == 0.25);
    assert_int_equal(out.fakes[1].iterations, 0);
    assert_non_null(out.json); /* although the variation of an error of 0 is NaN */
    json_t *runs = json_object_get(out.json, "benchmarks");
    assert_int_equal(json_array_size(runs), 3 + 4);
    json_t *mean = json_array_get(runs, 3);
    assert_string_equal(text_of(mean, "run_name"), NAMES[0]);
    assert_string_equal(text_of(mean, "aggregate_name"), "mean");
    json_decref(out.json);

    /* The next call starts from the defaults. */
    out = run("--benchmark_filter=-unfused", HONE_GBENCH_CONSOLE, 0);
    assert_int_equal(out.result, 1);
    assert_int_equal(out.fakes[0].iterations, 5);
    assert_true(out.fakes[0].min_seconds == 0);
    json_decref(out.json);
    out = run("", HONE_GBENCH_CONSOLE, 0);
    assert_int_equal(out.result, 2);
    json_decref(out.json);

    out = run("--benchmark_format=json --benchmark_time_unit=ms", HONE_GBENCH_CONSOLE, 0);
    json_t *shown = json_loads(out.shown, 0, NULL);
    assert_non_null(shown);
    assert_string_equal(text_of(json_array_get(json_object_get(shown, "benchmarks"), 0), "time_unit"), "ms");
    json_decref(shown);
    json_decref(out.json);
}

static void listing_runs_nothing(void **state) {
    (void)state;
    outcome out = run("--benchmark_list_tests", HONE_GBENCH_CONSOLE, 0);
    assert_int_equal(out.result, 2);
    assert_int_equal(out.fakes[0].iterations, 0);
    char expected[256];
    snprintf(expected, sizeof expected, "%s\n%s\n", NAMES[0], NAMES[1]);
    assert_string_equal(out.shown, expected);
    json_decref(out.json);
}

static void no_match_is_an_empty_document(void **state) {
    (void)state;
    outcome out = run("--benchmark_filter=nothing_like_this", HONE_GBENCH_JSON, 0);
    assert_int_equal(out.result, 0);
    json_t *shown = json_loads(out.shown, 0, NULL);
    assert_non_null(shown);
    assert_int_equal(json_array_size(json_object_get(shown, "benchmarks")), 0);
    assert_non_null(out.json);
    json_decref(shown);
    json_decref(out.json);
}

static void errors_are_reported(void **state) {
    (void)state;
    outcome out = run("", HONE_GBENCH_JSON, 3);
    assert_int_equal(out.result, 2);
    assert_int_equal(out.fakes[0].iterations, 3);
    assert_int_equal(out.fakes[0].finished, 0);
    assert_int_equal(out.fakes[1].finished, 1);
    assert_non_null(out.json);
    json_t *failed = json_array_get(json_object_get(out.json, "benchmarks"), 0);
    assert_string_equal(text_of(failed, "name"), NAMES[0]);
    assert_true(json_is_true(json_object_get(failed, "error_occurred")));
    assert_string_equal(text_of(failed, "error_message"), "the kernel is \"wrong\"");
    json_decref(out.json);
}

static void bad_flags_are_refused(void **state) {
    (void)state;
    static const char *const bad[] = {
        "--benchmark_filtre=x",        "--benchmark_filter=(",      "--benchmark_repetitions=0",
        "--benchmark_repetitions=two", "--benchmark_format=csv",    "--benchmark_format=",
        "--benchmark_time_unit=year",  "--benchmark_min_time=long", "operand"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; ++i) {
        outcome out = run(bad[i], HONE_GBENCH_JSON, 0);
        assert_int_equal(out.result, -1);
        assert_int_equal(out.fakes[0].iterations, 0);
        assert_string_equal(out.shown, "");
        json_decref(out.json);
    }
}

static void bad_files_are_refused(void **state) {
    (void)state;
    fake self = {0};
    const hone_gbench_case one = {NAMES[0], &self, fake_iterate, fake_finish, fake_error, fake_iterations};
    char program[] = "hone", flag[] = "--benchmark_out=/nonexistent/x.json";
    char *argv[] = {program, flag, NULL};
    assert_int_equal(
        hone_gbench_run(1, argv, &one, 1, HONE_GBENCH_CONSOLE, "/nonexistent/x.json", NULL, NULL, 0), -2);
    assert_int_equal(hone_gbench_run(2, argv, &one, 1, HONE_GBENCH_CONSOLE, NULL, NULL, NULL, 0), -2);
    assert_int_equal(self.iterations, 0);
    if (access("/dev/full", W_OK) == 0) /* opens, but has no room */
        assert_int_equal(hone_gbench_run(1, argv, &one, 1, HONE_GBENCH_CONSOLE, "/dev/full", NULL, NULL, 0),
                         -2);
}

int main(void) {
    assert_true(strlen(hone_gbench_version()) > 0);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_is_exact),         cmocka_unit_test(console_shows_plain_names),
        cmocka_unit_test(console_has_columns),   cmocka_unit_test(flags_pass_through),
        cmocka_unit_test(listing_runs_nothing),  cmocka_unit_test(no_match_is_an_empty_document),
        cmocka_unit_test(errors_are_reported),   cmocka_unit_test(bad_flags_are_refused),
        cmocka_unit_test(bad_files_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Not a test: measures configs and baselines of problems on a CUDA device, in turn, or only compiles them.
 *
 *     bench_cuda [--cold] [--samples N] [--compile DEVICE] < LIST
 *
 * A line of LIST is a problem, or, indented, what to measure of the one before: a config, `default`,
 * `cheapest N` (the first by the cost model of all legal configs), or `@` and a provider's name. Configs are
 * compiled first, on all cores, into the program cache. With --compile that is all: for a device or a
 * description (cuda:h200), with no device needed.
 *
 * Of each a line: median microseconds, billions of operations a second, the ratio of the first one's median
 * to its own, and what the assembler said of a config.
 *
 * Exit codes: 0; 1 the compiler refused a config, or a kernel was wrong or failed; 2 usage, an illegal config
 * among it; 3 no device, or no NVRTC; 4 no memory. */
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../kernels/cuda/cuda_device.h"
#include "../../kernels/cuda/cuda_program.h"
#include "../../kernels/status.h"
#include "../../tuner/search/contender.h"
#include "../../tuner/search/points_cost.h"

enum { MOST_LINES = 4096, MOST_CORES = 64 };

typedef struct line {
    hone_problem problem;
    char text[HONE_CONFIG_TEXT]; /* "": the problem's own line */
    int registers, spilled_bytes, serialised, refused;
} line;

static line lines[MOST_LINES];
static int line_count, failures;

static void check(hone_status status, const char *what) {
    if (status == HONE_OK)
        return;
    fprintf(stderr, "bench: %s: %s\n", what, hone_error_detail());
    exit(status == HONE_E_USAGE ? 2 : status == HONE_E_UNAVAILABLE ? 3 : 4);
}

static int is_config(const line *l) { return l->text[0] && l->text[0] != '@'; }

static line *add_line(const hone_problem *problem) {
    if (line_count == MOST_LINES) {
        fprintf(stderr, "bench: more than %d lines\n", MOST_LINES);
        exit(2);
    }
    lines[line_count].problem = *problem;
    return &lines[line_count++];
}

static void add_config(const hone_problem *problem, const hone_config *config) {
    line *l = add_line(problem);
    check(hone_config_format(l->text, sizeof l->text, config), "a config");
}

static void add_cheapest(const hone_device *device, const hone_problem *problem, int64_t most) {
    hone_space *space;
    hone_points *points;
    int64_t *order, count;
    check(device->backend->space(&space, device, problem, 1), "space");
    check(hone_points_create(&points, space), "space");
    check(hone_points_by_cost(&order, &count, points, device, problem, 1), "space");
    for (int64_t i = 0; i < most && i < count; i++) {
        hone_config config;
        check(hone_points_config(&config, points, order[i]), "a config");
        add_config(problem, &config);
    }
    free(order);
    hone_points_destroy(points);
    hone_space_destroy(space);
}

static void check_config(const hone_device *device, const hone_problem *problem, const hone_config *config,
                         const char *what) {
    hone_space *space;
    check(device->backend->space(&space, device, problem, 1), "space");
    check(hone_space_check(space, config), what);
    hone_space_destroy(space);
}

static void add_text(const hone_device *device, const hone_problem *problem, const char *what) {
    hone_config config;
    const char cheapest[] = "cheapest ";
    if (strcmp(what, "default") == 0) {
        check(device->backend->default_config(&config, device, problem, 1, NULL), what);
        add_config(problem, &config);
    } else if (strncmp(what, cheapest, sizeof cheapest - 1) == 0 && atoi(what + sizeof cheapest - 1) > 0) {
        add_cheapest(device, problem, atoi(what + sizeof cheapest - 1));
    } else if (*what == '@') {
        check(hone_provider_find(what + 1) ? HONE_OK : hone_fail(HONE_E_USAGE, "no provider has that name"),
              what);
        line *l = add_line(problem);
        snprintf(l->text, sizeof l->text, "%s", what);
    } else {
        check(hone_config_parse(&config, what), what);
        check_config(device, problem, &config, what);
        add_config(problem, &config);
    }
}

static void read_list(FILE *from, const hone_device *device) {
    char text[1024];
    hone_problem problem;
    int known = 0;
    while (fgets(text, sizeof text, from)) {
        text[strcspn(text, "\r\n")] = 0;
        char *what = text + strspn(text, " \t");
        if (!*what || *what == '#')
            continue;
        if (what == text) {
            check(hone_problem_parse(&problem, what), what);
            add_line(&problem);
            known = 1;
        } else if (known) {
            add_text(device, &problem, what);
        } else {
            fprintf(stderr, "bench: '%s' belongs to no problem\n", what);
            exit(2);
        }
    }
}

/* ---- compiling on all cores */

static int next_line, arch;
static pthread_mutex_t next_lock = PTHREAD_MUTEX_INITIALIZER;

static void compile_line(line *l) {
    hone_config parsed;
    hone_cuda_config config;
    hone_cuda_code code;
    if (hone_config_parse(&parsed, l->text) || hone_cuda_config_read(&config, &parsed) ||
        hone_cuda_compile(&code, arch, hone_cuda_write_gemm, &(hone_cuda_source){&l->problem, &config})) {
        fprintf(stderr, "bench: %s: %s\n", l->text, hone_error_detail());
        pthread_mutex_lock(&next_lock);
        failures++;
        pthread_mutex_unlock(&next_lock);
        l->refused = 1;
        return;
    }
    l->registers = code.registers;
    l->spilled_bytes = code.spilled_bytes;
    l->serialised = code.serialised;
    free(code.image);
}

static void *compile_some(void *unused) {
    for (;;) {
        pthread_mutex_lock(&next_lock);
        const int mine = next_line++;
        pthread_mutex_unlock(&next_lock);
        if (mine >= line_count)
            return unused;
        if (is_config(&lines[mine]))
            compile_line(&lines[mine]);
    }
}

static void compile_all(const hone_device *device) {
    pthread_t threads[MOST_CORES];
    const long cores = sysconf(_SC_NPROCESSORS_ONLN);
    int count = 0;
    arch = hone_cuda_properties(device)->arch;
    while (count < cores && count < MOST_CORES && !pthread_create(&threads[count], NULL, compile_some, NULL))
        count++;
    if (!count)
        compile_some(NULL);
    for (int i = 0; i < count; i++)
        pthread_join(threads[i], NULL);
}

/* ---- measuring */

static void print_line(const line *l, double us, double first_us, const char *label, const char *verdict) {
    char facts[64] = "";
    if (is_config(l))
        snprintf(facts, sizeof facts, "%d regs%s%s", l->registers, l->spilled_bytes ? ", spills" : "",
                 l->serialised ? ", serialised" : "");
    const double operations = 2.0 * (double)l->problem.m * (double)l->problem.n * (double)l->problem.k;
    printf("  %10.2f us %9.0f Gop/s %6.3f  %-14s %s%s\n", us, operations / us * 1e-3, first_us / us, facts,
           label, verdict);
}

/* Lines `from` to `to`, of one problem. */
static void measure_lines(const line *from, const line *to, hone_context *context, const hone_device *device,
                          int samples, int cold) {
    const int most = (int)(to - from);
    hone_contender *contenders = calloc((size_t)most, sizeof *contenders);
    hone_runner *runners = calloc((size_t)most, sizeof *runners);
    const line **of = calloc((size_t)most, sizeof *of);
    char(*verdicts)[192] = calloc((size_t)most, sizeof *verdicts);
    hone_operand_set operands;
    hone_reference *reference;
    hone_sampler *sampler;
    int count = 0;
    double first_us = NAN;
    if (!contenders || !runners || !of || !verdicts)
        exit(4);
    check(hone_operand_set_create(&operands, device, &from->problem, 1, cold), "operands");
    check(hone_reference_create(&reference, operands.padded, 1 << 26), "reference");
    for (const line *l = from; l < to; l++) {
        hone_numerics numerics;
        hone_contender *c = &contenders[count];
        const hone_provider *provider = hone_provider_find(l->text[0] == '@' ? l->text + 1 : "hone");
        if (l->refused)
            continue;
        hone_status status =
            hone_contender_create(c, provider, context, device, &operands, is_config(l) ? l->text : NULL, 1);
        if (!status)
            status = hone_contender_verify(&numerics, c, &operands, reference);
        if (status) {
            printf("  %s: %s\n", l->text, hone_error_detail());
            failures++;
            continue;
        }
        if (!numerics.correct) {
            failures++;
            char reason[160];
            hone_numerics_reason(reason, sizeof reason, &numerics);
            snprintf(verdicts[count], sizeof *verdicts, "  WRONG: %s", reason);
        }
        runners[count] = hone_contender_runner(c);
        of[count++] = l;
    }
    hone_sampler_options options = {.min_samples = samples, .max_samples = samples, .max_seconds = 60};
    if (count) {
        check(hone_sampler_create(&sampler, runners, count, &options), "sampler");
        const hone_status status = hone_sampler_run(sampler);
        failures += status != HONE_OK;
        if (status)
            printf("  measuring failed: %s\n", hone_error_detail());
        for (int i = 0; i < count && !status; i++) {
            hone_stats stats;
            check(hone_samples_stats(&stats, hone_sampler_samples(sampler, i)), "statistics");
            if (!i)
                first_us = stats.p50;
            print_line(of[i], stats.p50, first_us, hone_contender_label(&contenders[i]), verdicts[i]);
        }
        hone_sampler_destroy(sampler);
    }
    fflush(stdout);
    for (int i = 0; i < count; i++)
        hone_contender_clear(&contenders[i]);
    hone_reference_destroy(reference);
    hone_operand_set_clear(&operands);
    free(contenders);
    free(runners);
    free(of);
    free(verdicts);
}

static void print_compiled(const line *l) {
    if (is_config(l) && !l->refused)
        printf("  %3d registers, %4d bytes spilled%s  %s\n", l->registers, l->spilled_bytes,
               l->serialised ? ", serialised" : "", l->text);
}

static void print_sum(void) {
    int configs = 0, spilling = 0, serialised = 0;
    for (int i = 0; i < line_count; i++) {
        configs += is_config(&lines[i]);
        spilling += lines[i].spilled_bytes > 0;
        serialised += lines[i].serialised;
    }
    printf("%d configs: %d spill registers, %d wait after every wgmma, %d were refused by the compiler\n",
           configs, spilling, serialised, failures);
}

int main(int argc, char **argv) {
    hone_context *context;
    const hone_device *device;
    const hone_nvrtc *rtc;
    const char *only_for = NULL;
    int cold = 0, samples = 20;
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--cold") == 0)
            cold = 1;
        else if (strcmp(argv[i], "--samples") == 0 && i + 1 < argc && atoi(argv[i + 1]) > 0)
            samples = atoi(argv[++i]);
        else if (strcmp(argv[i], "--compile") == 0 && i + 1 < argc)
            only_for = argv[++i];
        else {
            fprintf(stderr, "Usage: bench_cuda [--cold] [--samples N] [--compile DEVICE] < LIST\n");
            return 2;
        }
    check(hone_context_create(&context), "context");
    check(only_for ? hone_context_described(&device, context, only_for)
                   : hone_context_device(&device, context, "cuda"),
          "device");
    if (strcmp(device->backend->name, "cuda") != 0)
        check(hone_fail(HONE_E_USAGE, "is no CUDA device; as in cuda:h200"), device->name);
    check(hone_nvrtc_open(&rtc), "compiler");
    read_list(stdin, device);
    compile_all(device);
    for (int i = 0, end; i < line_count; i = end) {
        char key[HONE_PROBLEM_TEXT];
        check(hone_problem_format(key, sizeof key, &lines[i].problem), "problem");
        printf("%s\n", key);
        for (end = i + 1; end < line_count && lines[end].text[0];)
            end++;
        if (!only_for)
            measure_lines(&lines[i + 1], &lines[end], context, device, samples, cold);
        for (int j = i + 1; only_for && j < end; j++)
            print_compiled(&lines[j]);
    }
    if (only_for)
        print_sum();
    hone_context_destroy(context);
    return failures > 0;
}

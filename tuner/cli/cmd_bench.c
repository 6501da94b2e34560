/* hone bench: measures problems with hone and with the baselines. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../../harness/environment.h"
#include "../../kernels/status.h"
#include "bench_group.h"
#include "choose_config.h"
#include "cli.h"

typedef struct bench_arguments {
    cli_selectors selectors;
    cli_list providers;
    const char *config, *out;
    int cold;
    int64_t seed;
    int gbench_argc;
    char **gbench_argv;
} bench_arguments;

/* Everything of one command. */
typedef struct bench_run {
    const bench_arguments *arguments;
    bench_setup setup;
    hone_environment environment; /* as it was before threads were bound */
    hone_problem *problems;
    int problem_count;
    const hone_provider *providers[BENCH_MAX_PROVIDERS];
    int provider_count;
    bench_group *groups;
    hone_gbench_case *cases;
    int case_count;
    int skipped; /* cases that a provider cannot run */
} bench_run;

/* ---------------------------------------------------------------- providers */

static hone_status unknown_provider(const char *name) {
    const char *names[BENCH_MAX_PROVIDERS];
    int count = hone_provider_count() < BENCH_MAX_PROVIDERS ? hone_provider_count() : BENCH_MAX_PROVIDERS;
    for (int i = 0; i < count; i++)
        names[i] = hone_provider_at(i)->name;
    return cli_unknown("provider", name, names, count);
}

static hone_status add_provider(bench_run *run, const hone_provider *provider) {
    for (int i = 0; i < run->provider_count; i++)
        if (run->providers[i] == provider)
            return HONE_OK;
    if (run->provider_count == BENCH_MAX_PROVIDERS)
        return hone_fail(HONE_E_USAGE, "more than %d providers; name fewer", BENCH_MAX_PROVIDERS);
    run->providers[run->provider_count++] = provider;
    return HONE_OK;
}

static hone_status choose_providers(bench_run *run, const cli_list *list) {
    if (list->count == 0)
        return add_provider(run, hone_provider_find("hone"));
    hone_status status = HONE_OK;
    for (int i = 0; i < list->count && !status; i++) {
        if (strcmp(list->items[i], "all") == 0) {
            for (int n = 0; n < hone_provider_count() && !status; n++)
                if (!hone_provider_unavailable(hone_provider_at(n)))
                    status = add_provider(run, hone_provider_at(n));
            continue;
        }
        const hone_provider *provider = hone_provider_find(list->items[i]);
        status = provider ? add_provider(run, provider) : unknown_provider(list->items[i]);
    }
    return status;
}

/* ------------------------------------------------------------------- groups */

static hone_status fill_group(bench_run *run, bench_group *group, config_choice *choice) {
    const bench_setup *setup = &run->setup;
    char text[HONE_PROBLEM_TEXT];
    hone_status status = config_choice_find(group->config, choice, &group->problem, setup->context,
                                            setup->device, setup->threads);
    if (status)
        return config_choice_skip(choice, status, "bench", &group->problem, run->problem_count);
    status = hone_problem_format(text, sizeof text, &group->problem);
    for (int i = 0; !status && i < run->provider_count; i++) {
        const hone_provider *provider = run->providers[i];
        status = hone_provider_check(provider, setup->device, &group->problem);
        if (status == HONE_E_UNAVAILABLE) {
            fprintf(stderr, "hone bench: %s with %s is skipped: %s\n", text, provider->name,
                    hone_error_detail());
            run->skipped++;
            status = HONE_OK;
        } else if (!status) {
            status = bench_group_add(group, provider);
        }
    }
    return status;
}

static hone_status create_groups(bench_run *run) {
    const bench_arguments *arguments = run->arguments;
    config_choice choice;
    hone_status status = config_choice_open(&choice, arguments->config, arguments->selectors.db);
    run->groups = calloc((size_t)run->problem_count, sizeof *run->groups);
    run->cases = calloc((size_t)run->problem_count * BENCH_MAX_PROVIDERS, sizeof *run->cases);
    if (!status && (!run->groups || !run->cases))
        status = hone_fail(HONE_E_NOMEM, "out of memory for %d problems", run->problem_count);
    for (int i = 0; !status && i < run->problem_count; i++) {
        bench_group *group = &run->groups[i];
        group->setup = &run->setup;
        group->problem = run->problems[i];
        status = fill_group(run, group, &choice);
        for (int n = 0; !status && n < group->count; n++)
            run->cases[run->case_count++] = bench_group_case(group, n);
    }
    if (!status && choice.skipped == run->problem_count)
        status = config_choice_refusal(&choice, run->problem_count);
    config_choice_clear(&choice);
    return status;
}

static hone_status measure_peaks(bench_run *run) {
    bench_setup *setup = &run->setup;
    for (int i = 0; i < run->problem_count; i++) {
        hone_dtype dtype = run->problems[i].dtype;
        if (setup->peaks[dtype].gops != 0)
            continue;
        hone_status status =
            hone_peak_measure(&setup->peaks[dtype], setup->context, setup->device, dtype, setup->threads, 0);
        if (status == HONE_E_UNAVAILABLE)
            setup->peaks[dtype] = (hone_peak){NAN, NAN};
        else if (status)
            return status;
    }
    return HONE_OK;
}

/* ------------------------------------------------------------------ running */

static int lists_only(const bench_arguments *arguments) {
    for (int i = 1; i < arguments->gbench_argc; i++)
        if (strncmp(arguments->gbench_argv[i], "--benchmark_list_tests", 22) == 0 &&
            strcmp(arguments->gbench_argv[i] + 22, "=false") != 0)
            return 1;
    return 0;
}

/* Threads of an OpenCL driver are its own. */
static const char *pinned_threads(const hone_device *device) {
    return strcmp(device->backend->name, "cpu") == 0 ? "each thread to a core"
                                                     : "the calling thread to a core";
}

static hone_status run_cases(bench_run *run) {
    const bench_arguments *arguments = run->arguments;
    const hone_environment *e = &run->environment;
    char clock[32] = "", load[32] = "", seed[32], peak[64] = "", bandwidth[32] = "";
    size_t used = 0;
    if (!isnan(e->clock_mhz))
        snprintf(clock, sizeof clock, "%.0f", e->clock_mhz);
    if (!isnan(e->load))
        snprintf(load, sizeof load, "%.2f", e->load);
    snprintf(seed, sizeof seed, "%llu", (unsigned long long)run->setup.seed);
    for (int t = 0; t < HONE_DTYPE_COUNT; t++) {
        const hone_peak *p = &run->setup.peaks[t];
        if (!(p->gops > 0) || used >= sizeof peak)
            continue;
        used += (size_t)snprintf(peak + used, sizeof peak - used, "%s%s=%.1f", used ? "," : "",
                                 hone_dtype_name(t), p->gops);
        if (isfinite(p->read_gbps))
            snprintf(bandwidth, sizeof bandwidth, "%.1f", p->read_gbps);
    }
    /* NULL: not of this device. Where its own clock counts, the host's does not matter. */
    const int own_clock = run->setup.device->backend->memory != NULL;
    const char *const pairs[][2] = {
        {"hone_version", hone_version()},
        {"hone_build", hone_build_id()},
        {"hone_commit", e->commit},
        {"compiler", e->compiler},
        {"flags", e->flags},
        {"libraries", e->libraries},
        {"os", e->os},
        {"cpu_model", e->cpu_model},
        {"device", run->setup.device->name},
        {"fingerprint", run->setup.device->fingerprint},
        {"governor", own_clock ? NULL : e->governor},
        {"clock_mhz", own_clock ? NULL : clock},
        {"load", load},
        {"binding", e->binding},
        {"pinned", own_clock ? NULL : pinned_threads(run->setup.device)},
        {"huge_pages", own_clock ? NULL : e->huge_pages},
        {"mode", run->setup.cold ? "cold" : "warm"},
        {"clock", own_clock ? "device" : "host"},
        {"seed", seed},
        {"peak_gops", peak},
        {"read_gbps", *bandwidth ? bandwidth : NULL},
    };
    enum { PAIRS = sizeof pairs / sizeof *pairs };
    const char *keys[PAIRS], *values[PAIRS];
    int count = 0;
    for (int i = 0; i < PAIRS; i++) {
        if (!pairs[i][1])
            continue;
        keys[count] = pairs[i][0];
        values[count++] = pairs[i][1];
    }
    int result = hone_gbench_run(arguments->gbench_argc, arguments->gbench_argv, run->cases, run->case_count,
                                 arguments->selectors.json ? HONE_GBENCH_JSON : HONE_GBENCH_CONSOLE,
                                 arguments->out, keys, values, count);
    if (result == -1)
        return hone_fail(HONE_E_USAGE, "a --benchmark_ flag was refused; see above");
    if (result < 0)
        return hone_fail(HONE_E_DATA, "--out '%s' cannot be written; check the folder and the space left",
                         arguments->out ? arguments->out : "");
    return HONE_OK;
}

/* What the measurements add up to. */
static hone_status verdict(const bench_run *run) {
    const bench_setup *setup = &run->setup;
    if (setup->wrong)
        return hone_fail(HONE_E_WRONG, "%d of %d cases computed a wrong result and were not timed",
                         setup->wrong, run->case_count);
    if (setup->failed == HONE_E_INTERRUPTED)
        return hone_fail(HONE_E_INTERRUPTED, "stopped by a signal; %d of %d cases were measured",
                         setup->measured, run->case_count);
    if (setup->failed)
        return setup->failed;
    if (!setup->measured && setup->unavailable)
        return hone_fail(HONE_E_UNAVAILABLE, "no provider can run what was selected; see above");
    if (!setup->measured && !lists_only(run->arguments))
        return hone_fail(HONE_E_INCONCLUSIVE, "nothing was measured; --benchmark_filter left no case");
    return HONE_OK;
}

static hone_status bench(const bench_arguments *arguments) {
    bench_run run = {.arguments = arguments,
                     .setup = {.cold = arguments->cold, .seed = (uint64_t)arguments->seed}};
    hone_status status = choose_providers(&run, &arguments->providers);
    if (status)
        goto cleanup;
    status = cli_selected_problems(&run.problems, NULL, &run.problem_count, &arguments->selectors, NULL);
    if (status)
        goto cleanup;
    run.setup.stop = cli_catch_stop();
    hone_environment_read(&run.environment);
    status = hone_context_create_pinned(&run.setup.context, 1);
    if (status)
        goto cleanup;
    status =
        cli_selected_device(&run.setup.device, &run.setup.threads, run.setup.context, &arguments->selectors);
    if (status)
        goto cleanup;
    status = create_groups(&run);
    if (status)
        goto cleanup;
    if (run.case_count == 0) {
        status = hone_fail(HONE_E_UNAVAILABLE, "no provider can run what was selected; see above");
        goto cleanup;
    }
    if (!lists_only(arguments))
        status = measure_peaks(&run);
    if (!status)
        status = run_cases(&run);
    if (run.setup.open)
        bench_group_close(run.setup.open);
    cli_note_above_peak("bench", run.setup.above_peak, run.setup.measured);
    if (!status)
        status = verdict(&run);
cleanup:
    free(run.cases);
    free(run.groups);
    free(run.problems);
    hone_context_destroy(run.setup.context);
    return status;
}

/* cli_parse left the flags of Google Benchmark in argv[1..operands]; nothing else belongs there. */
static hone_status check_operands(int operands, char **argv) {
    for (int i = 1; i <= operands; i++)
        if (strncmp(argv[i], "--benchmark_", 12) != 0)
            return hone_fail(HONE_E_USAGE, "operand '%s' is not expected; see 'hone bench --help'", argv[i]);
    return HONE_OK;
}

int cli_run_bench(int argc, char **argv) {
    bench_arguments arguments = {.seed = 1};
    cli_option table[20];
    cli_selectors_init(&arguments.selectors);
    cli_selector_options(&arguments.selectors, table);
    const cli_option options[] = {
        {NULL, CLI_GROUP, table, NULL, "What to measure"},
        {"config", CLI_TEXT, &arguments.config, "CONFIG",
         "best (of the database), default, or k=v,... (other keys: default, or the cheapest that fit; "
         "weights=plain: B unpacked); "
         "without it: best where there is a database, else default"},
        {"provider", CLI_LIST, &arguments.providers, "NAME",
         "providers, measured interleaved: hone (default), unfused, openblas, onednn, mkl, clblast, "
         "cublaslt, all"},
        {"cold", CLI_FLAG, &arguments.cold, NULL, "rotate operands through more than the last-level cache"},
        {"seed", CLI_INT, &arguments.seed, "N", "of the operands; 1"},
        {"out", CLI_TEXT, &arguments.out, "FILE", "also write Google Benchmark's JSON there"},
        {NULL, CLI_FLAG, NULL, NULL, NULL},
    };
    int operands, help;
    hone_status status = cli_parse(
        &operands, &help, argc, argv, options,
        "hone bench (--shape MxNxK | --suite NAME) [options] [--benchmark_FLAG=VALUE]",
        "Measures problems with hone and with the baselines; each is verified first.", "benchmark_");
    if (!status && help)
        return 0;
    if (!status)
        status = check_operands(operands, argv);
    if (!status) {
        arguments.gbench_argc = operands + 1;
        arguments.gbench_argv = argv;
        status = bench(&arguments);
    }
    return status ? cli_fail("bench", status) : 0;
}

/* What each record holds and how it is shown. */
#include "report.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "../../kernels/backend.h"

#define ROW(name, heading, meaning, kind)                                                                    \
    { #name, heading, meaning, HONE_REPORT_##kind, offsetof(hone_report_row, name) }
#define RIVAL(name, heading, meaning, kind)                                                                  \
    { #name, heading, meaning, HONE_REPORT_##kind, offsetof(hone_report_rival, name) }
#define FAILURE(name, heading, meaning, kind)                                                                \
    { #name, heading, meaning, HONE_REPORT_##kind, offsetof(hone_report_failure, name) }
#define RUN(name, heading, meaning, kind)                                                                    \
    { #name, heading, meaning, HONE_REPORT_##kind, offsetof(hone_report_run, name) }
#define END                                                                                                  \
    { NULL, NULL, NULL, HONE_REPORT_TEXT, 0 }

const hone_report_field hone_report_row_fields[] = {
    ROW(problem, "problem", "operation, type, activation and shape M x N x K", TEXT),
    ROW(config, "config", "a point of the space that hone list spaces shows", CODE),
    ROW(dtype, NULL, NULL, TEXT),
    ROW(activation, NULL, NULL, TEXT),
    ROW(m, NULL, NULL, COUNT),
    ROW(n, NULL, NULL, COUNT),
    ROW(k, NULL, NULL, COUNT),
    ROW(threads, "thr.", "threads used", COUNT),
    ROW(mode, "caches", "warm, or cold: operands rotate through more than the last-level cache", TEXT),
    ROW(objective, NULL, NULL, TEXT),
    ROW(p50_us, "p50 µs", "median time of a call", NUMBER),
    ROW(p50_low_us, NULL, NULL, NUMBER),
    ROW(p50_high_us, NULL, NULL, NUMBER),
    ROW(p95_us, "p95 µs", "95th percentile of the time of a call; needs 60 samples", NUMBER),
    ROW(p99_us, NULL, NULL, NUMBER),
    ROW(gflops, "GFLOP/s", "1e9 multiply and add operations a second at p50", NUMBER),
    ROW(pct_peak, "% of peak", "of the arithmetic rate measured beside it", PERCENT),
    ROW(pct_roof, "% of roof",
        "of that rate, or of what reading its operands once takes, the lower; both measured beside it",
        PERCENT),
    ROW(peak_gops, NULL, NULL, NUMBER),
    ROW(read_gbps, NULL, NULL, NUMBER),
    ROW(op_per_byte, NULL, NULL, NUMBER),
    ROW(speedup_unfused, "vs unfused",
        "time of the GEMM and a separate activation pass over that of this "
        "kernel, in one run",
        RATIO),
    ROW(err_max_abs, NULL, NULL, ERROR),
    ROW(err_rel_fro, "rel. error", "Frobenius norm of the error over that of the fp64 result", ERROR),
    ROW(err_bound_ratio, "of bound", "largest error over its forward error bound; above 1 is wrong", NUMBER),
    ROW(quant_sqnr_db, NULL, NULL, NUMBER),
    ROW(samples, "samples", "timed calls (or batches of calls) behind the percentiles", COUNT),
    ROW(batch, NULL, NULL, COUNT),
    ROW(disturbed, NULL, NULL, COUNT),
    ROW(settled, NULL, NULL, COUNT),
    ROW(backend, NULL, NULL, TEXT),
    ROW(model, NULL, NULL, TEXT),
    ROW(fingerprint, NULL, NULL, TEXT),
    ROW(hardware_threads, NULL, NULL, COUNT),
    ROW(measured_at, NULL, NULL, TEXT),
    ROW(build, NULL, NULL, TEXT),
    ROW(git_commit, NULL, NULL, TEXT),
    ROW(compiler, NULL, NULL, TEXT),
    ROW(flags, NULL, NULL, TEXT),
    ROW(host, NULL, NULL, TEXT),
    ROW(os, NULL, NULL, TEXT),
    ROW(governor, NULL, NULL, TEXT),
    ROW(clock_mhz, NULL, NULL, NUMBER),
    ROW(load, NULL, NULL, NUMBER),
    ROW(measurement, "evidence", "uid of the measurement in the database, which holds the samples", UID),
    ROW(run, "run", "the invocation that measured it; its conditions stand under Runs", RUN),
    ROW(database, NULL, NULL, TEXT),
    END,
};

const hone_report_field hone_report_rival_fields[] = {
    RIVAL(problem, "problem", NULL, TEXT),
    RIVAL(provider, "provider", NULL, TEXT),
    RIVAL(p50_us, "p50 µs", "of the provider", NUMBER),
    RIVAL(hone_p50_us, "hone p50 µs", "of the winner's config, in the same run", NUMBER),
    RIVAL(speedup, "speed-up", "the provider's time over hone's; above 1 hone is faster", RATIO),
    RIVAL(gflops, "GFLOP/s", "of the provider", NUMBER),
    RIVAL(measurement, "evidence", "uid of the provider's measurement", UID),
    RIVAL(hone_measurement, "hone's", "uid of the measurement of hone beside it", UID),
    RIVAL(run, "run", NULL, RUN),
    END,
};

const hone_report_field hone_report_failure_fields[] = {
    FAILURE(kind, "kind", "wrong result, cannot be built, or cannot run", TEXT),
    FAILURE(problem, "problem", NULL, TEXT),
    FAILURE(config, "config", NULL, CODE),
    FAILURE(provider, "provider", NULL, TEXT),
    FAILURE(threads, "thr.", "threads used", COUNT),
    FAILURE(reason, "reason", NULL, TEXT),
    FAILURE(seed, "seed", "of the operands that show it", TEXT),
    FAILURE(failed_at, "when", NULL, TEXT),
    FAILURE(model, "device", NULL, TEXT),
    FAILURE(fingerprint, NULL, NULL, TEXT),
    FAILURE(build, "build", NULL, TEXT),
    FAILURE(run, "run", NULL, RUN),
    END,
};

const hone_report_field hone_report_run_fields[] = {
    RUN(run, "run", NULL, RUN),
    RUN(started_at, "started", NULL, TEXT),
    RUN(command_line, "command", NULL, TEXT),
    RUN(git_commit, "commit", NULL, TEXT),
    RUN(build, "build", "version and hash of the kernels' sources, compiler and flags", TEXT),
    RUN(compiler, "compiler", NULL, TEXT),
    RUN(flags, "flags", NULL, TEXT),
    RUN(host, "host", NULL, TEXT),
    RUN(os, "system", NULL, TEXT),
    RUN(cpu_model, "CPU", NULL, TEXT),
    RUN(governor, "governor", "of the CPU clock", TEXT),
    RUN(clock_mhz, "MHz", "clock of CPU 0 at the start", NUMBER),
    RUN(load, "load", "1-minute average at the start", NUMBER),
    RUN(binding, "CPUs", "that the process was allowed to run on", TEXT),
    RUN(huge_pages, "huge pages", NULL, TEXT),
    RUN(libraries, "libraries", NULL, TEXT),
    END,
};

int hone_report_is_text(const hone_report_field *field) { return field->kind < HONE_REPORT_COUNT; }

double hone_report_number(const hone_report_field *field, const void *record) {
    double value;
    memcpy(&value, (const char *)record + field->offset, sizeof value);
    return value;
}

const char *hone_report_text(const hone_report_field *field, const void *record) {
    const char *text;
    memcpy(&text, (const char *)record + field->offset, sizeof text);
    return text;
}

void hone_report_format_number(char *out, size_t size, double value) {
    double magnitude = fabs(value);
    if (magnitude != 0 && (magnitude < 1e-3 || magnitude >= 1e9)) {
        snprintf(out, size, "%.3e", value);
        return;
    }
    int decimals = magnitude >= 1 ? 3 - (int)floor(log10(magnitude)) : 3;
    snprintf(out, size, "%.*f", decimals > 0 ? decimals : 0, value);
}

void hone_report_format(char *out, size_t size, const hone_report_field *field, const void *record) {
    out[0] = '\0';
    if (hone_report_is_text(field)) {
        const char *text = hone_report_text(field, record);
        int shown = field->kind == HONE_REPORT_RUN || field->kind == HONE_REPORT_UID ? 8 : (int)size - 1;
        snprintf(out, size, "%.*s", shown, text);
        return;
    }
    double value = hone_report_number(field, record);
    if (isnan(value))
        return;
    if (field->kind == HONE_REPORT_COUNT)
        snprintf(out, size, "%.0f", value);
    else if (field->kind == HONE_REPORT_PERCENT)
        snprintf(out, size, "%.1f", value);
    else if (field->kind == HONE_REPORT_RATIO)
        snprintf(out, size, "%.2f×", value);
    else if (field->kind == HONE_REPORT_ERROR)
        snprintf(out, size, "%.1e", value);
    else
        hone_report_format_number(out, size, value);
}

int hone_report_times_host(const hone_report_row *row) {
    const hone_backend *backend = hone_backend_find(row->backend);
    return !backend || !backend->memory;
}

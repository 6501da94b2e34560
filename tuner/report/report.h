/* Reports: one page, one Markdown file and one table in CSV over the winners of
 * one or more tuning databases.
 *
 * A report is read once into memory and then written in each form. What a record
 * holds, and how each form shows it, is told by tables of fields, so that the
 * queries (report_*.sql), the pages and the CSV have one source. Numbers that
 * are not known are NaN, texts are never NULL. All texts belong to the report. */
#ifndef HONE_TUNER_REPORT_H
#define HONE_TUNER_REPORT_H

#include <stdio.h>

#include "hone/hone.h"

typedef enum hone_report_kind {
    HONE_REPORT_TEXT,    /* const char * */
    HONE_REPORT_CODE,    /* const char *: long; on the page it stands below the field before it */
    HONE_REPORT_RUN,     /* const char *: a run's uid */
    HONE_REPORT_UID,     /* const char *: another uid, shown short */
    HONE_REPORT_COUNT,   /* double: a whole number */
    HONE_REPORT_NUMBER,  /* double: 4 significant digits */
    HONE_REPORT_PERCENT, /* double: one decimal */
    HONE_REPORT_RATIO,   /* double: "1.23x" */
    HONE_REPORT_ERROR    /* double: exponent form */
} hone_report_kind;

typedef struct hone_report_field {
    const char *name;    /* in the query and in CSV; NULL ends a table */
    const char *heading; /* on pages; NULL: not shown there */
    const char *meaning; /* of the heading; may be NULL */
    hone_report_kind kind;
    size_t offset;
} hone_report_field;

/* Another provider beside the winner's config in one run. */
typedef struct hone_report_rival {
    const char *problem, *provider, *measurement, *hone_measurement, *run;
    double p50_us, hone_p50_us, gflops, speedup; /* speedup: its time over hone's */
} hone_report_rival;

/* A winner. */
typedef struct hone_report_row {
    const char *database, *backend, *model, *fingerprint;
    const char *problem, *dtype, *activation, *mode, *objective, *config;
    double hardware_threads, m, n, k, threads;
    double p50_us, p50_low_us, p50_high_us, p95_us, p99_us;
    double gflops, pct_peak, pct_roof, peak_gops, read_gbps, op_per_byte;
    double err_max_abs, err_rel_fro, err_bound_ratio, quant_sqnr_db;
    double speedup_unfused;
    double samples, batch, disturbed, settled;
    const char *measured_at, *build, *compiler, *flags, *git_commit, *governor, *host, *os;
    double clock_mhz, load;
    const char *measurement, *run;
    size_t first_rival, rival_count; /* in the report's rivals */
} hone_report_row;

typedef struct hone_report_failure {
    const char *database, *model, *fingerprint, *problem, *config, *provider, *kind, *reason, *seed;
    const char *failed_at, *build, *run;
    double threads;
} hone_report_failure;

typedef struct hone_report_run {
    const char *database, *run, *started_at, *command_line, *git_commit, *build, *compiler, *flags;
    const char *host, *os, *cpu_model, *governor, *binding, *huge_pages, *libraries;
    double clock_mhz, load;
} hone_report_run;

/* Whether the row's times are the host's: on a device with its own clock the host's conditions do not matter.
 */
int hone_report_times_host(const hone_report_row *row);

/* The rows of one device in one database, which follow each other. */
typedef struct hone_report_device {
    const hone_report_row *rows; /* rows[0] names the device */
    size_t row_count;
    const hone_report_row *latest; /* measured last */
    double unfused_speedup;        /* geometric mean; NaN: not measured */
    char label[160];               /* distinguishes it in this report */
} hone_report_device;

typedef struct hone_report_array {
    void *items;
    size_t count, capacity, size;
} hone_report_array;

typedef struct hone_report {
    char created_at[32];
    const char *objective;
    hone_report_array rows, rivals, failures, runs, devices, texts;
} hone_report;

extern const hone_report_field hone_report_row_fields[];
extern const hone_report_field hone_report_rival_fields[];
extern const hone_report_field hone_report_failure_fields[];
extern const hone_report_field hone_report_run_fields[];

/* Reads the winners of an objective ("p50", "p95", "throughput") from databases
 * (NULL as a path: the default one). HONE_E_DATA: one cannot be read.
 * HONE_E_USAGE: unknown objective. HONE_E_NOMEM. */
hone_status hone_report_create(hone_report **out, const char *const *paths, size_t count,
                               const char *objective);
void hone_report_destroy(hone_report *report);

/* Writes a report as a page of its own, as Markdown (GitHub's), or the winners as
 * CSV (RFC 4180). Errors stay in the stream. */
typedef void (*hone_report_writer)(FILE *file, const hone_report *report);
void hone_report_write_html(FILE *file, const hone_report *report);
void hone_report_write_markdown(FILE *file, const hone_report *report);
void hone_report_write_csv(FILE *file, const hone_report *report);

/* Writes to a file ("-": standard output). An older file is replaced only once
 * the new one is complete. HONE_E_DATA. */
hone_status hone_report_save(const hone_report *report, hone_report_writer writer, const char *path);

/* ---- shared by the writers */

/* A field's value as text for people, "" when unknown. */
void hone_report_format(char *out, size_t size, const hone_report_field *field, const void *record);
/* Four significant digits, without an exponent where that is readable. */
void hone_report_format_number(char *out, size_t size, double value);
double hone_report_number(const hone_report_field *field, const void *record);
const char *hone_report_text(const hone_report_field *field, const void *record);
int hone_report_is_text(const hone_report_field *field);

/* Text for element content and attributes of the page. */
void hone_report_escape(FILE *file, const char *text);

/* Charts as inline SVG. `dtype` selects rows. */
void hone_report_svg_bars(FILE *file, const hone_report *report, const hone_report_device *device,
                          const char *dtype);
void hone_report_svg_roofline(FILE *file, const hone_report_device *device);

#endif

/* The report as Markdown tables, for a pull request or a job's summary. */
#include "report.h"

#include <math.h>
#include <string.h>

enum { FAILURES_SHOWN = 50 };

/* Text in a cell: what Markdown would take for markup is escaped. */
static void write_text(FILE *file, const char *text) {
    for (; *text; text++) {
        if (*text == '\n' || *text == '\r') {
            putc(' ', file);
            continue;
        }
        if (strchr("\\|<>`*[]&", *text))
            putc('\\', file);
        putc(*text, file);
    }
}

static void write_table(FILE *file, const hone_report_field *fields, const void *records, size_t count,
                        size_t size) {
    for (const hone_report_field *f = fields; f->name; f++)
        if (f->heading)
            fprintf(file, "| %s ", f->heading);
    fputs("|\n", file);
    for (const hone_report_field *f = fields; f->name; f++)
        if (f->heading)
            fputs(hone_report_is_text(f) ? "|---" : "|---:", file);
    fputs("|\n", file);
    for (size_t i = 0; i < count; i++) {
        for (const hone_report_field *f = fields; f->name; f++) {
            if (!f->heading)
                continue;
            char text[2048];
            hone_report_format(text, sizeof text, f, (const char *)records + i * size);
            fputs("| ", file);
            write_text(file, text);
            putc(' ', file);
        }
        fputs("|\n", file);
    }
    putc('\n', file);
}

static void write_device(FILE *file, const hone_report *report, const hone_report_device *device) {
    const hone_report_row *latest = device->latest;
    char clock[32] = "unknown clock";
    if (!isnan(latest->clock_mhz))
        snprintf(clock, sizeof clock, "%.0f MHz", latest->clock_mhz);
    fputs("## ", file);
    write_text(file, device->label);
    fputs("\n\n", file);
    write_text(file, device->rows->fingerprint);
    fputs("\n\nMeasured ", file);
    write_text(file, latest->measured_at);
    if (hone_report_times_host(latest))
        fprintf(file, ", governor %s, %s", latest->governor[0] ? latest->governor : "unknown", clock);
    fputs(", ", file);
    write_text(file, latest->compiler);
    fputs(", build ", file);
    write_text(file, latest->build);
    fputs(", commit ", file);
    write_text(file, latest->git_commit[0] ? latest->git_commit : "unknown");
    fputs(", database ", file);
    write_text(file, latest->database);
    fputs(".\n\n", file);
    write_table(file, hone_report_row_fields, device->rows, device->row_count, sizeof *device->rows);

    const hone_report_row *last = &device->rows[device->row_count - 1];
    size_t first_rival = device->rows->first_rival;
    size_t rivals = last->first_rival + last->rival_count - first_rival;
    if (rivals) {
        fputs("### Beside other providers\n\n", file);
        write_table(file, hone_report_rival_fields,
                    (const hone_report_rival *)report->rivals.items + first_rival, rivals,
                    sizeof(hone_report_rival));
    }
}

void hone_report_write_markdown(FILE *file, const hone_report *report) {
    const hone_report_device *devices = report->devices.items;
    fprintf(file, "# Hone report\n\n%s. %zu devices, %zu winners by %s, %zu failures.\n\n",
            report->created_at, report->devices.count, report->rows.count, report->objective,
            report->failures.count);
    for (size_t i = 0; i < report->devices.count; i++)
        write_device(file, report, &devices[i]);
    if (report->failures.count) {
        size_t shown = report->failures.count < FAILURES_SHOWN ? report->failures.count : FAILURES_SHOWN;
        fputs("## Failures\n\nNever winners.", file);
        if (shown < report->failures.count)
            fprintf(file, " The first %zu of %zu; all are in the database.", shown, report->failures.count);
        fputs("\n\n", file);
        write_table(file, hone_report_failure_fields, report->failures.items, shown,
                    sizeof(hone_report_failure));
    }
    fputs("## Runs\n\n", file);
    write_table(file, hone_report_run_fields, report->runs.items, report->runs.count,
                sizeof(hone_report_run));
}

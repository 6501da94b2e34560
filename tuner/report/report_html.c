/* The report as one page that needs nothing else. It is well-formed XML too. */
#include "report.h"

#include <math.h>
#include <string.h>

extern const char hone_embedded_report_css[];

enum { FAILURES_SHOWN = 200 };

void hone_report_escape(FILE *file, const char *text) {
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '&')
            fputs("&amp;", file);
        else if (c == '<')
            fputs("&lt;", file);
        else if (c == '>')
            fputs("&gt;", file);
        else if (c == '"')
            fputs("&quot;", file);
        else if (c == '\'')
            fputs("&#39;", file);
        else if (c < 0x20 && c != '\n' && c != '\t')
            putc('?', file); /* not allowed in XML, even escaped */
        else
            putc(c, file);
    }
}

/* ---- tables */

/* A config is written below what it belongs to, to keep tables narrow. */
static int has_cell(const hone_report_field *field) {
    return field->heading && field->kind != HONE_REPORT_CODE;
}

static void write_head(FILE *file, const hone_report_field *fields) {
    fputs("<thead><tr>", file);
    for (const hone_report_field *f = fields; f->name; f++) {
        if (!has_cell(f))
            continue;
        fprintf(file, "<th scope=\"col\"%s", hone_report_is_text(f) ? "" : " class=\"n\"");
        if (f->meaning) {
            fputs(" title=\"", file);
            hone_report_escape(file, f->meaning);
            putc('"', file);
        }
        putc('>', file);
        hone_report_escape(file, f->heading);
        fputs("</th>", file);
    }
    fputs("</tr></thead>\n", file);
}

/* Long text that may break after commas and slashes. */
static void write_code(FILE *file, const char *text) {
    while (*text) {
        char part[64];
        size_t length = strcspn(text, ",");
        length += text[length] == ',';
        length = length < sizeof part ? length : sizeof part - 1;
        memcpy(part, text, length);
        part[length] = '\0';
        hone_report_escape(file, part);
        fputs("<wbr/>", file);
        text += length;
    }
}

static const char *class_of(const hone_report_field *field, const char *text) {
    if (!hone_report_is_text(field))
        return "n";
    if (field[1].kind == HONE_REPORT_CODE)
        return "p";
    return strlen(text) > 48 ? "w" : "t";
}

static void write_cell(FILE *file, const hone_report_field *field, const void *record, int is_first,
                       int defines_run) {
    char text[2048];
    hone_report_format(text, sizeof text, field, record);
    const char *element = is_first ? "th" : "td";
    fprintf(file, "<%s%s class=\"%s\"", element, is_first ? " scope=\"row\"" : "", class_of(field, text));
    if (field->kind == HONE_REPORT_RUN || field->kind == HONE_REPORT_UID) {
        fputs(" title=\"", file);
        hone_report_escape(file, hone_report_text(field, record));
        putc('"', file);
    }
    putc('>', file);
    if (field->kind == HONE_REPORT_RUN && text[0]) {
        fprintf(file, "<a %s", defines_run ? "id=\"run-" : "href=\"#run-");
        hone_report_escape(file, hone_report_text(field, record));
        fputs("\">", file);
        hone_report_escape(file, text);
        fputs("</a>", file);
    } else if (field->kind == HONE_REPORT_RATIO && text[0]) {
        double ratio = hone_report_number(field, record);
        fprintf(file, "<span class=\"%s\">%s</span>",
                ratio >= 1.005   ? "good"
                : ratio <= 0.995 ? "bad"
                                 : "",
                text);
    } else {
        hone_report_escape(file, text[0] ? text : "–");
    }
    if (field[1].kind == HONE_REPORT_CODE) {
        fputs("<div class=\"c\">", file);
        write_code(file, hone_report_text(&field[1], record));
        fputs("</div>", file);
    }
    fprintf(file, "</%s>", element);
}

static void begin_table(FILE *file, const char *name) {
    fprintf(file, "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"%s\"><table>\n", name);
}

static void end_table(FILE *file) { fputs("</tbody></table></div>\n", file); }

static void write_table(FILE *file, const char *name, const hone_report_field *fields, const void *records,
                        size_t count, size_t size) {
    begin_table(file, name);
    write_head(file, fields);
    fputs("<tbody>\n", file);
    for (size_t i = 0; i < count; i++) {
        int is_first = 1;
        fputs("<tr>", file);
        for (const hone_report_field *f = fields; f->name; f++) {
            if (!has_cell(f))
                continue;
            write_cell(file, f, (const char *)records + i * size, is_first, fields == hone_report_run_fields);
            is_first = 0;
        }
        fputs("</tr>\n", file);
    }
    end_table(file);
}

/* ---- devices */

static void write_fact(FILE *file, const char *name, const char *value) {
    fprintf(file, "<dt>%s</dt><dd>", name);
    hone_report_escape(file, value[0] ? value : "unknown");
    fputs("</dd>\n", file);
}

static void write_number_fact(FILE *file, const char *name, const char *format, double value) {
    char text[64] = "";
    if (!isnan(value))
        snprintf(text, sizeof text, format, value);
    write_fact(file, name, text);
}

static void write_figure(FILE *file, const char *format, double value, const char *meaning) {
    if (isnan(value))
        return;
    fputs("<div><b>", file);
    fprintf(file, format, value);
    fprintf(file, "</b><span>%s</span></div>\n", meaning);
}

static size_t runs_of(const hone_report_device *device) {
    size_t runs = 0;
    for (size_t i = 0; i < device->row_count; i++) {
        size_t earlier = 0;
        while (strcmp(device->rows[earlier].run, device->rows[i].run) != 0)
            earlier++;
        runs += earlier == i;
    }
    return runs;
}

static void write_summary(FILE *file, const hone_report_device *device) {
    const hone_report_row *latest = device->latest;
    double best = 0, most = NAN;
    for (size_t i = 0; i < device->row_count; i++) {
        best = fmax(best, device->rows[i].gflops);
        most = fmax(most, device->rows[i].pct_roof);
    }
    fputs("<div class=\"figures\">\n", file);
    write_figure(file, "%.0f", (double)device->row_count, "problems with a winner");
    write_figure(file, "%.2f×", device->unfused_speedup, "over unfused, geometric mean");
    write_figure(file, "%.4g", best, "GFLOP/s, the best");
    write_figure(file, "%.0f%%", most, "of the roof, the best");
    fputs("</div>\n<dl>\n", file);
    write_fact(file, "Device", latest->model);
    write_fact(file, "Fingerprint", latest->fingerprint);
    write_fact(file, "Backend", latest->backend);
    write_number_fact(file, "Hardware threads", "%.0f", latest->hardware_threads);
    write_fact(file, "Measured last", latest->measured_at);
    write_fact(file, "Build", latest->build);
    write_fact(file, "Commit", latest->git_commit);
    write_fact(file, "Compiler", latest->compiler);
    write_fact(file, "Flags", latest->flags);
    if (hone_report_times_host(latest)) {
        write_fact(file, "Governor", latest->governor);
        write_number_fact(file, "Clock", "%.0f MHz", latest->clock_mhz);
    }
    write_number_fact(file, "Load", "%.2f", latest->load);
    write_fact(file, "Host", latest->host);
    write_fact(file, "System", latest->os);
    write_fact(file, "Database", latest->database);
    fputs("</dl>\n", file);
    if (runs_of(device) > 1)
        fprintf(file,
                "<p class=\"quiet\">The winners come from %zu runs; these are the conditions of the latest. "
                "Each row's run is listed <a href=\"#runs\">below</a>.</p>\n",
                runs_of(device));
}

static void write_device(FILE *file, const hone_report *report, const hone_report_device *device,
                         size_t index) {
    static const char *const dtypes[] = {"f32", "f16", "bf16", "s8"};
    fprintf(file, "<section id=\"device-%zu\"><h2>", index + 1);
    hone_report_escape(file, device->label);
    fputs("</h2>\n", file);
    write_summary(file, device);
    fputs("<h3>Winners</h3>\n", file);
    write_table(file, "Winners", hone_report_row_fields, device->rows, device->row_count,
                sizeof *device->rows);
    fputs("<h3>Throughput</h3>\n", file);
    for (size_t i = 0; i < sizeof dtypes / sizeof dtypes[0]; i++)
        hone_report_svg_bars(file, report, device, dtypes[i]);
    hone_report_svg_roofline(file, device);

    const hone_report_row *last = &device->rows[device->row_count - 1];
    size_t first_rival = device->rows->first_rival;
    size_t rivals = last->first_rival + last->rival_count - first_rival;
    if (rivals) {
        fputs("<h3>Beside other providers</h3>\n<p class=\"quiet\">Both times of a row come from one "
              "run.</p>\n",
              file);
        write_table(file, "Beside other providers", hone_report_rival_fields,
                    (const hone_report_rival *)report->rivals.items + first_rival, rivals,
                    sizeof(hone_report_rival));
    }
    fputs("</section>\n", file);
}

/* ---- comparison */

/* The row of the same problem with the most threads; NULL when there is none. */
static const hone_report_row *counterpart(const hone_report_device *device, const hone_report_row *wanted) {
    const hone_report_row *best = NULL;
    for (size_t i = 0; i < device->row_count; i++) {
        const hone_report_row *row = &device->rows[i];
        if (strcmp(row->problem, wanted->problem) == 0 && strcmp(row->mode, wanted->mode) == 0 &&
            (!best || row->threads > best->threads))
            best = row;
    }
    return best;
}

static void write_compared_row(FILE *file, const hone_report *report, const hone_report_row *row) {
    const hone_report_device *devices = report->devices.items;
    fputs("<tr><th scope=\"row\" class=\"t\">", file);
    hone_report_escape(file, row->problem);
    fprintf(file, "</th><td>%s</td>", row->mode);
    for (size_t i = 0; i < report->devices.count; i++) {
        const hone_report_row *other = counterpart(&devices[i], row);
        if (!other) {
            fputs("<td class=\"n\">–</td>", file);
            continue;
        }
        char text[32];
        hone_report_format_number(text, sizeof text, other->p50_us);
        fprintf(file, "<td class=\"n\" title=\"measurement %s, %.0f threads\">%s", other->measurement,
                other->threads, text);
        if (i > 0) {
            double ratio = other->p50_us / row->p50_us;
            fprintf(file, " <span class=\"r %s\">%.2f×</span>",
                    ratio <= 0.995   ? "good"
                    : ratio >= 1.005 ? "bad"
                                     : "",
                    ratio);
        }
        fputs("</td>", file);
    }
    fputs("</tr>\n", file);
}

/* Whether a row of the first device stands in the comparison. */
static int is_compared(const hone_report *report, const hone_report_row *row) {
    const hone_report_device *devices = report->devices.items;
    int shared = 0;
    for (size_t d = 1; d < report->devices.count; d++)
        shared |= counterpart(&devices[d], row) != NULL;
    return shared && counterpart(&devices[0], row) == row;
}

/* Problems of the first device beside those of the others. */
static void write_comparison(FILE *file, const hone_report *report) {
    const hone_report_device *devices = report->devices.items;
    if (report->devices.count < 2)
        return;
    size_t compared = 0;
    for (size_t i = 0; i < devices[0].row_count; i++)
        compared += (size_t)is_compared(report, &devices[0].rows[i]);
    if (compared == 0) {
        fputs("<section><h2>Devices compared</h2>\n<p>No other device has a problem of the first one, so "
              "there is "
              "nothing to compare. Tune the same suite on each.</p></section>\n",
              file);
        return;
    }
    fputs("<section><h2>Devices compared</h2>\n<p>p50 in µs with the most threads of each device, and the "
          "ratio "
          "to the first: below 1 is faster. They were measured in different runs, so small differences mean "
          "nothing.</p>\n",
          file);
    begin_table(file, "Devices compared");
    fputs("<thead><tr><th scope=\"col\">problem</th><th scope=\"col\">caches</th>", file);
    for (size_t i = 0; i < report->devices.count; i++) {
        fprintf(file, "<th scope=\"col\" class=\"n\"><a href=\"#device-%zu\">", i + 1);
        hone_report_escape(file, devices[i].label);
        fputs("</a></th>", file);
    }
    fputs("</tr></thead>\n<tbody>\n", file);
    for (size_t i = 0; i < devices[0].row_count; i++)
        if (is_compared(report, &devices[0].rows[i]))
            write_compared_row(file, report, &devices[0].rows[i]);
    end_table(file);
    fputs("</section>\n", file);
}

/* ---- page */

static void write_failures(FILE *file, const hone_report *report) {
    size_t count = report->failures.count, shown = count < FAILURES_SHOWN ? count : FAILURES_SHOWN;
    fputs("<section id=\"failures\"><h2>Failures</h2>\n", file);
    if (count == 0) {
        fputs("<p>None: no config was wrong, could not be built or could not run.</p></section>\n", file);
        return;
    }
    fputs("<p>Configs that gave a wrong result, could not be built or could not run. They are never winners.",
          file);
    if (shown < count)
        fprintf(file, " The first %zu of %zu; all are in the database.", shown, count);
    fputs("</p>\n", file);
    write_table(file, "Failures", hone_report_failure_fields, report->failures.items, shown,
                sizeof(hone_report_failure));
    fputs("</section>\n", file);
}

/* The meanings of headings, for readers who cannot hover. */
static void write_meanings(FILE *file) {
    fputs("<section id=\"columns\"><h2>Columns</h2>\n<dl>\n", file);
    for (const hone_report_field *f = hone_report_row_fields; f->name; f++) {
        if (!f->heading || !f->meaning)
            continue;
        fputs("<dt>", file);
        hone_report_escape(file, f->heading);
        fputs("</dt><dd>", file);
        hone_report_escape(file, f->meaning);
        fputs("</dd>\n", file);
    }
    fputs("</dl></section>\n", file);
}

void hone_report_write_html(FILE *file, const hone_report *report) {
    const hone_report_device *devices = report->devices.items;
    fputs("<!DOCTYPE html>\n<html lang=\"en\" xmlns=\"http://www.w3.org/1999/xhtml\">\n<head>\n"
          "<meta charset=\"utf-8\"/>\n<meta name=\"viewport\" content=\"width=device-width, "
          "initial-scale=1\"/>\n"
          "<title>Hone report</title>\n<style>\n",
          file);
    fputs(hone_embedded_report_css, file);
    fputs("</style>\n</head>\n<body>\n<header><h1>Hone report</h1>\n", file);
    fprintf(file,
            "<p class=\"quiet\">Winners by %s of %zu device%s, written %s by hone %s. What "
            "the columns mean is told at <a href=\"#columns\">the end</a>.</p></header>\n<main>\n",
            report->objective, report->devices.count, report->devices.count == 1 ? "" : "s",
            report->created_at, hone_version());
    write_comparison(file, report);
    for (size_t i = 0; i < report->devices.count; i++)
        write_device(file, report, &devices[i], i);
    write_failures(file, report);
    fputs("<section id=\"runs\"><h2>Runs</h2>\n<p>The invocations behind this page, with their "
          "conditions.</p>\n",
          file);
    write_table(file, "Runs", hone_report_run_fields, report->runs.items, report->runs.count,
                sizeof(hone_report_run));
    fputs("</section>\n", file);
    write_meanings(file);
    fputs("</main>\n</body>\n</html>\n", file);
}

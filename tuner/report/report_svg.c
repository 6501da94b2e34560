/* Charts as inline SVG. Colours are classes, so that the page's style gives them
 * in the light and in the dark; they are told apart by labels and shapes too. */
#include "report.h"

#include <math.h>
#include <string.h>

enum { WIDTH = 900, COLOURS = 7, BARS_MAX_PROBLEMS = 48 };

static void begin(FILE *file, int height, const char *title, const char *subject) {
    fprintf(file, "<svg viewBox=\"0 0 %d %d\" role=\"img\"><title>%s ", WIDTH, height, title);
    hone_report_escape(file, subject);
    fputs("</title>\n", file);
}

static void end(FILE *file) { fputs("</svg>\n", file); }

static void line(FILE *file, const char *class, double x1, double y1, double x2, double y2) {
    fprintf(file, "<line class=\"%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n", class, x1, y1, x2,
            y2);
}

static void label(FILE *file, const char *class, double x, double y, const char *text) {
    fprintf(file, "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\">", class, x, y);
    hone_report_escape(file, text);
    fputs("</text>\n", file);
}

/* A round step that divides `range` into at most `most` parts. */
static double round_step(double range, int most) {
    double power = pow(10, floor(log10(range / most)));
    static const double steps[] = {1, 2, 5, 10};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++)
        if (range / (steps[i] * power) <= most)
            return steps[i] * power;
    return 20 * power;
}

/* ---- bars */

enum { BAR_LEFT = 96, BAR_RIGHT = WIDTH - 160, BAR_HEIGHT = 14, BAR_PITCH = 18, BAR_GAP = 30, BAR_TOP = 26 };

/* hone is 0; others by their first appearance in the report. */
static int provider_colour(const hone_report *report, const char *provider) {
    const hone_report_rival *rivals = report->rivals.items;
    int colour = 1;
    for (size_t i = 0; i < report->rivals.count; i++) {
        if (strcmp(rivals[i].provider, provider) == 0)
            return colour < COLOURS ? colour : COLOURS - 1;
        size_t earlier = 0;
        while (strcmp(rivals[earlier].provider, rivals[i].provider) != 0)
            earlier++;
        colour += earlier == i;
    }
    return COLOURS - 1;
}

static void bar(FILE *file, double y, double scale, const char *name, double gflops, int colour,
                const char *note) {
    label(file, "end quiet", BAR_LEFT - 8, y + BAR_HEIGHT - 3, name);
    fprintf(file, "<rect class=\"f%d\" x=\"%d\" y=\"%.1f\" width=\"%.1f\" height=\"%d\" rx=\"2\"/>\n", colour,
            BAR_LEFT, y, fmax(1, gflops * scale), BAR_HEIGHT);
    char text[64];
    snprintf(text, sizeof text, "%.4g%s", gflops, note);
    label(file, colour == 0 ? "strong" : "quiet", BAR_LEFT + gflops * scale + 6, y + BAR_HEIGHT - 3, text);
}

/* "gelu_tanh 128x3072x768", with what is out of the ordinary. */
static void problem_label(char *out, size_t size, const hone_report_row *row) {
    const char *text = row->problem;
    size_t prefix = strlen("gemm/") + strlen(row->dtype) + 1;
    int used = snprintf(out, size, "%s", strlen(text) > prefix ? text + prefix : text);
    if (used > 0 && (size_t)used < size)
        snprintf(out + used, size - (size_t)used, ", %.0f thread%s, %s", row->threads,
                 row->threads == 1 ? "" : "s", row->mode);
}

static void bar_group(FILE *file, const hone_report *report, const hone_report_row *row, double *y,
                      double scale) {
    const hone_report_rival *rivals = (const hone_report_rival *)report->rivals.items + row->first_rival;
    char text[256], note[32] = "";
    problem_label(text, sizeof text, row);
    label(file, "strong", BAR_LEFT, *y - 5, text);
    if (!isnan(row->pct_roof))
        snprintf(note, sizeof note, " (%.0f%% of roof)", row->pct_roof);
    bar(file, *y, scale, "hone", row->gflops, 0, note);
    *y += BAR_PITCH;
    for (size_t i = 0; i < row->rival_count; i++, *y += BAR_PITCH)
        bar(file, *y, scale, rivals[i].provider, rivals[i].gflops,
            provider_colour(report, rivals[i].provider), "");
    *y += BAR_GAP;
}

void hone_report_svg_bars(FILE *file, const hone_report *report, const hone_report_device *device,
                          const char *dtype) {
    const hone_report_rival *rivals = report->rivals.items;
    const hone_report_row *chosen[BARS_MAX_PROBLEMS];
    size_t count = 0, all = 0, bars = 0;
    double most = 0;
    for (size_t i = 0; i < device->row_count; i++) {
        const hone_report_row *row = &device->rows[i];
        if (strcmp(row->dtype, dtype) != 0 || all++ >= BARS_MAX_PROBLEMS)
            continue;
        chosen[count++] = row;
        most = fmax(most, row->gflops);
        for (size_t r = 0; r < row->rival_count; r++)
            most = fmax(most, rivals[row->first_rival + r].gflops);
        bars += 1 + row->rival_count;
    }
    if (count == 0 || !(most > 0))
        return;
    double bottom = BAR_TOP + (double)bars * BAR_PITCH + (double)count * BAR_GAP - 12;
    double scale = (BAR_RIGHT - BAR_LEFT) / most, y = BAR_TOP;

    fprintf(file, "<figure><figcaption>GFLOP/s at p50, %s; longer is better", dtype);
    if (all > count)
        fprintf(file, "; the first %zu of %zu problems", count, all);
    fputs("</figcaption><div class=\"chart\">\n", file);
    begin(file, (int)bottom + 36, "GFLOP/s of hone and other providers per problem,", dtype);
    double step = round_step(most, 8);
    for (double tick = 0; tick <= most; tick += step) {
        char text[32];
        snprintf(text, sizeof text, "%g", tick);
        line(file, "grid", BAR_LEFT + tick * scale, BAR_TOP - 4, BAR_LEFT + tick * scale, bottom);
        label(file, "mid quiet", BAR_LEFT + tick * scale, bottom + 16, text);
    }
    line(file, "axis", BAR_LEFT, bottom, BAR_RIGHT, bottom);
    label(file, "quiet", BAR_RIGHT + 8, bottom + 16, "GFLOP/s");
    for (size_t i = 0; i < count; i++)
        bar_group(file, report, chosen[i], &y, scale);
    end(file);
    fputs("</div></figure>\n", file);
}

/* ---- roofline */

enum {
    ROOF_LEFT = 70,
    ROOF_RIGHT = WIDTH - 150,
    ROOF_TOP = 34,
    ROOF_BOTTOM = 434,
    ROOF_HEIGHT = 484,
    TYPES = 4
};

static const char *const types[TYPES] = {"f32", "f16", "bf16", "s8"};

typedef struct log_axis {
    double low, high; /* of the values; powers of `base` */
    double from, to;  /* pixels */
} log_axis;

static void widen(log_axis *axis, double value) {
    if (!(value > 0) || !isfinite(value))
        return;
    axis->low = fmin(axis->low, value);
    axis->high = fmax(axis->high, value);
}

static double place(const log_axis *axis, double value) {
    return axis->from + (axis->to - axis->from) * log(value / axis->low) / log(axis->high / axis->low);
}

/* One decade at least, ends on powers of `base`, not more than about `most` labels. */
static void round_axis(log_axis *axis, double base) {
    axis->low = pow(base, floor(log(axis->low) / log(base) - 0.05));
    axis->high = pow(base, ceil(log(axis->high) / log(base) + 0.05));
}

static void marker(FILE *file, int type, double x, double y) {
    double r = 5;
    if (type == 0)
        fprintf(file, "<circle class=\"mark f0\" cx=\"%.1f\" cy=\"%.1f\" r=\"%.1f\">", x, y, r);
    else if (type == 1)
        fprintf(file, "<rect class=\"mark f1\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\">", x - r,
                y - r, 2 * r, 2 * r);
    else if (type == 2)
        fprintf(file, "<path class=\"mark f2\" d=\"M%.1f %.1fl%.1f %.1fh%.1fz\">", x, y - r - 1, r + 1, 2 * r,
                -2 * (r + 1));
    else
        fprintf(file, "<path class=\"mark f3\" d=\"M%.1f %.1fl%.1f %.1fl%.1f %.1fl%.1f %.1fz\">", x,
                y - r - 1, r + 1, r + 1, -r - 1, r + 1, -r - 1, -r - 1);
}

static void marker_end(FILE *file, int type) {
    static const char *const names[TYPES] = {"circle", "rect", "path", "path"};
    fprintf(file, "</%s>\n", names[type]);
}

static int type_of(const char *dtype) {
    for (int i = 0; i < TYPES; i++)
        if (strcmp(types[i], dtype) == 0)
            return i;
    return 0;
}

static void roof_axes(FILE *file, const log_axis *x, const log_axis *y) {
    char text[32];
    /* Twos below three decades, else tens only. */
    double x_step = log2(x->high / x->low) > 16 ? 4 : 2;
    for (double tick = x->low; tick <= x->high * 1.001; tick *= x_step) {
        snprintf(text, sizeof text, tick >= 1 ? "%.0f" : "%.3g", tick);
        line(file, "grid", place(x, tick), ROOF_TOP, place(x, tick), ROOF_BOTTOM);
        label(file, "mid quiet", place(x, tick), ROOF_BOTTOM + 18, text);
    }
    for (double decade = y->low; decade <= y->high * 1.001; decade *= 10) {
        static const double parts[] = {1, 2, 5};
        for (size_t i = 0; i < 3 && decade * parts[i] <= y->high * 1.001; i++) {
            double tick = decade * parts[i];
            snprintf(text, sizeof text, "%g", tick);
            line(file, "grid", ROOF_LEFT, place(y, tick), ROOF_RIGHT, place(y, tick));
            label(file, "end quiet", ROOF_LEFT - 8, place(y, tick) + 4, text);
        }
    }
    line(file, "axis", ROOF_LEFT, ROOF_BOTTOM, ROOF_RIGHT, ROOF_BOTTOM);
    line(file, "axis", ROOF_LEFT, ROOF_TOP, ROOF_LEFT, ROOF_BOTTOM);
    label(file, "mid quiet", (ROOF_LEFT + ROOF_RIGHT) / 2.0, ROOF_BOTTOM + 40,
          "operations a byte that must move at least once");
    label(file, "quiet", 8, ROOF_TOP - 18, "GFLOP/s");
}

/* The highest measured peaks: one line a data type, its label and marker beside it, kept apart. */
static void roof_lines(FILE *file, const log_axis *y, const double *peaks) {
    double free_below = -1e9;
    int order[TYPES] = {0, 1, 2, 3};
    for (int i = 0; i < TYPES; i++) /* highest first */
        for (int j = i + 1; j < TYPES; j++)
            if (peaks[order[j]] > peaks[order[i]]) {
                int other = order[i];
                order[i] = order[j];
                order[j] = other;
            }
    for (int i = 0; i < TYPES; i++) {
        int type = order[i];
        char class[16], text[64];
        if (!(peaks[type] > 0))
            continue;
        double at = place(y, peaks[type]);
        snprintf(class, sizeof class, "roof s%d", type);
        line(file, class, ROOF_LEFT, at, ROOF_RIGHT, at);
        double text_y = fmax(at + 4, free_below + 17);
        snprintf(text, sizeof text, "%s peak %.4g", types[type], peaks[type]);
        marker(file, type, ROOF_RIGHT + 14, text_y - 4);
        marker_end(file, type);
        label(file, "strong", ROOF_RIGHT + 26, text_y, text);
        free_below = text_y;
    }
}

/* The sloped part: what memory can feed, up to where it meets the highest peak. */
static void roof_slope(FILE *file, const log_axis *x, const log_axis *y, double gbps, double highest) {
    if (!(gbps > 0))
        return;
    double left = fmax(x->low, y->low / gbps), right = fmin(fmin(x->high, y->high / gbps), highest / gbps);
    if (!(left < right))
        return;
    char text[64];
    line(file, "roof memory", place(x, left), place(y, gbps * left), place(x, right), place(y, gbps * right));
    snprintf(text, sizeof text, "reading %.4g GB/s", gbps);
    label(file, "strong", place(x, left) + 8, fmax(place(y, gbps * left) - 8, ROOF_TOP + 12), text);
}

void hone_report_svg_roofline(FILE *file, const hone_report_device *device) {
    log_axis x = {INFINITY, 0, ROOF_LEFT, ROOF_RIGHT}, y = {INFINITY, 0, ROOF_BOTTOM, ROOF_TOP};
    double peaks[TYPES] = {0}, gbps = 0, highest = 0;
    for (size_t i = 0; i < device->row_count; i++) {
        const hone_report_row *row = &device->rows[i];
        double *peak = &peaks[type_of(row->dtype)];
        widen(&x, row->op_per_byte);
        widen(&y, row->gflops);
        widen(&y, row->peak_gops);
        *peak = fmax(*peak, row->peak_gops);
        highest = fmax(highest, *peak);
        gbps = fmax(gbps, row->read_gbps);
    }
    if (!(x.high > 0) || !(y.high > 0))
        return;
    round_axis(&x, 2);
    round_axis(&y, 10);

    fputs(
        "<figure><figcaption>Roofline: each winner under the highest arithmetic peak and read bandwidth that "
        "were measured beside any of them. A percent of the roof is of its own: what was measured beside it."
        "</figcaption><div class=\"chart\">\n",
        file);
    begin(file, ROOF_HEIGHT, "Roofline of", device->label);
    roof_axes(file, &x, &y);
    roof_slope(file, &x, &y, gbps, highest);
    roof_lines(file, &y, peaks);
    for (size_t i = 0; i < device->row_count; i++) {
        const hone_report_row *row = &device->rows[i];
        int type = type_of(row->dtype);
        marker(file, type, place(&x, row->op_per_byte), place(&y, row->gflops));
        fputs("<title>", file);
        hone_report_escape(file, row->problem);
        fprintf(file, ": %.4g GFLOP/s at %.3g operations a byte</title>", row->gflops, row->op_per_byte);
        marker_end(file, type);
    }
    end(file);
    fputs("</div></figure>\n", file);
}

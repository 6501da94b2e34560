/* The winners as CSV: RFC 4180, every field of report_fields.c, numbers in full. */
#include "report.h"

#include <math.h>
#include <string.h>

static void write_text(FILE *file, const char *text) {
    if (!text[strcspn(text, ",\"\r\n")]) {
        fputs(text, file);
        return;
    }
    putc('"', file);
    for (; *text; text++) {
        if (*text == '"')
            putc('"', file);
        putc(*text, file);
    }
    putc('"', file);
}

void hone_report_write_csv(FILE *file, const hone_report *report) {
    const hone_report_row *rows = report->rows.items;
    for (const hone_report_field *f = hone_report_row_fields; f->name; f++)
        fprintf(file, "%s%s", f == hone_report_row_fields ? "" : ",", f->name);
    fputs("\r\n", file);
    for (size_t i = 0; i < report->rows.count; i++) {
        for (const hone_report_field *f = hone_report_row_fields; f->name; f++) {
            if (f != hone_report_row_fields)
                putc(',', file);
            if (hone_report_is_text(f))
                write_text(file, hone_report_text(f, &rows[i]));
            else if (!isnan(hone_report_number(f, &rows[i])))
                fprintf(file, "%.10g", hone_report_number(f, &rows[i]));
        }
        fputs("\r\n", file);
    }
}

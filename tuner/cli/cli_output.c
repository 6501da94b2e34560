/* What a person or a program sees: errors, JSON, tables, progress. */
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../../harness/clock.h"
#include "../../kernels/status.h"
#include "../db/db.h"
#include "cli.h"

int cli_fail(const char *command, hone_status status) {
    cli_progress_end();
    const char *detail = hone_error_detail();
    fprintf(stderr, "hone%s%s: %s\n", *command ? " " : "", command,
            *detail ? detail : hone_status_text(status));
    return hone_status_exit_code(status);
}

/* ---- JSON */

int cli_print_json(json_t *document) {
    if (!document) {
        hone_fail(HONE_E_NOMEM, "no memory for the JSON document");
        return cli_fail("", HONE_E_NOMEM);
    }
    int failed = json_dumpf(document, stdout, JSON_INDENT(2) | JSON_REAL_PRECISION(12));
    json_decref(document);
    putchar('\n');
    if (failed || fflush(stdout) != 0) {
        hone_fail(HONE_E_DATA, "cannot write JSON to standard output: %s", strerror(errno));
        return cli_fail("", HONE_E_DATA);
    }
    return 0;
}

json_t *cli_json_number(double value) { return isfinite(value) ? json_real(value) : json_null(); }

/* ---- tables */

/* Columns that UTF-8 text takes on a terminal: its code points. */
static int text_width(const char *text) {
    int width = 0;
    for (; *text; text++)
        width += ((unsigned char)*text & 0xc0) != 0x80;
    return width;
}

static void print_cell(const char *text, int width, int right, int last) {
    int padding = width - text_width(text);
    printf("%*s%s%*s", right ? padding : 0, "", text, right || last ? 0 : padding, "");
}

void cli_table(const char *const *cells, int rows, int columns, const char *right) {
    for (int i = 0; i < rows; i++) {
        for (int j = 0; j < columns; j++) {
            int width = 0;
            for (int k = 0; k < rows; k++) {
                int w = text_width(cells[k * columns + j]);
                width = w > width ? w : width;
            }
            print_cell(cells[i * columns + j], width, right[j] == '1', j == columns - 1);
            fputs(j == columns - 1 ? "\n" : "  ", stdout);
        }
    }
}

void cli_grid_add(cli_grid *grid, const char *format, ...) {
    if (grid->count == grid->capacity) {
        int capacity = grid->capacity ? 2 * grid->capacity : 64;
        char **cells = realloc(grid->cells, (size_t)capacity * sizeof *cells);
        if (!cells) {
            grid->failed = 1;
            return;
        }
        grid->cells = cells;
        grid->capacity = capacity;
    }
    char *cell = NULL;
    va_list args;
    va_start(args, format);
    if (vasprintf(&cell, format, args) < 0)
        grid->failed = 1;
    else
        grid->cells[grid->count++] = cell;
    va_end(args);
}

void cli_grid_row(cli_grid *grid, int count, ...) {
    va_list args;
    va_start(args, count);
    for (int i = 0; i < count; i++)
        cli_grid_add(grid, "%s", va_arg(args, const char *));
    va_end(args);
}

hone_status cli_grid_print(cli_grid *grid, const char *right) {
    int columns = (int)strlen(right);
    if (!grid->failed)
        cli_table((const char *const *)grid->cells, grid->count / columns, columns, right);
    hone_status status = grid->failed ? hone_fail(HONE_E_NOMEM, "no memory for a table") : HONE_OK;
    cli_grid_clear(grid);
    return status;
}

void cli_grid_clear(cli_grid *grid) {
    for (int i = 0; i < grid->count; i++)
        free(grid->cells[i]);
    free(grid->cells);
    *grid = (cli_grid){0};
}

/* ---- progress */

enum { BAR_WIDTH = 24 };
static const int64_t redraw_ns = 100 * 1000 * 1000;
static const int64_t line_ns = INT64_C(10) * 1000 * 1000 * 1000;

static struct {
    int drawn;     /* a bar stands on the terminal's current line */
    int64_t since; /* when the latest output was, or the first was kept back; 0: none yet */
} progress;

static int terminal_columns(void) {
    struct winsize size;
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

static void draw_bar(double fraction, const char *text) {
    char bar[BAR_WIDTH + 1];
    int full = (int)(fraction * BAR_WIDTH);
    for (int i = 0; i < BAR_WIDTH; i++)
        bar[i] = i < full ? '#' : '.';
    bar[BAR_WIDTH] = '\0';
    int room = terminal_columns() - BAR_WIDTH - 10;
    fprintf(stderr, "\r[%s] %3.0f%%  %.*s\033[K", bar, 100 * fraction, room > 0 ? room : 0, text);
    fflush(stderr);
    progress.drawn = 1;
}

void cli_tell_migration(const char *path, int stored_schema) {
    if (stored_schema && stored_schema < HONE_DB_SCHEMA)
        fprintf(stderr,
                "%s: brought up to date from schema %d to %d, its winners derived anew; earlier versions of "
                "Hone cannot read it any more\n",
                path, stored_schema, HONE_DB_SCHEMA);
}

hone_status cli_open_for_writing(hone_db **out, const char *path) {
    hone_status status = hone_db_open_write(out, path);
    if (status == HONE_OK)
        cli_tell_migration((*out)->path, (*out)->stored_schema);
    return status;
}

void cli_progress(double fraction, const char *text) {
    static int terminal = -1;
    if (terminal < 0)
        terminal = isatty(STDERR_FILENO);
    fraction = fraction > 0 ? fmin(fraction, 1) : 0;
    int64_t now = hone_clock_now();
    int64_t pause = terminal ? redraw_ns : line_ns;
    if (progress.since == 0 && !terminal) /* a log is not told that nothing is done yet */
        progress.since = now;
    if (progress.since != 0 && now - progress.since < pause)
        return;
    progress.since = now;
    if (terminal)
        draw_bar(fraction, text);
    else
        fprintf(stderr, "%3.0f%%  %s\n", 100 * fraction, text);
}

void cli_progress_end(void) {
    if (progress.drawn)
        fputs("\r\033[K", stderr);
    progress.drawn = 0;
    progress.since = 0;
}

void cli_note_above_peak(const char *command, int above, int results) {
    if (above > 0)
        fprintf(stderr,
                "hone %s: %d of %d results are above 100%% of the peak, which was measured before them: the "
                "device's clock has risen, or the peak was disturbed; measure again on an idle machine\n",
                command, above, results);
}

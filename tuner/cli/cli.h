/* The command line: one file a command, one row a command in commands.def,
 * options in tables that parse and print themselves. */
#ifndef HONE_TUNER_CLI_H
#define HONE_TUNER_CLI_H

#include <jansson.h>
#include <stdbool.h>

#include "../../kernels/backend.h"

/* ---- options */

typedef enum cli_kind {
    CLI_FLAG,     /* int *: set to 1 */
    CLI_TEXT,     /* const char **: points into argv */
    CLI_LIST,     /* cli_list *: repeatable, or separated by commas */
    CLI_INT,      /* int64_t *: 0 or more; every count, number of threads and seed is */
    CLI_NUMBER,   /* double *: finite */
    CLI_DURATION, /* double *: seconds; "60s", "500ms", "2m", "1h" or a plain number of seconds */
    CLI_GROUP     /* another table: target is a const cli_option *, help its heading */
} cli_kind;

typedef struct cli_option {
    const char *name; /* NULL ends a table */
    cli_kind kind;
    void *target;
    const char *value; /* in the help: "FILE"; NULL for flags */
    const char *help;
} cli_option;

typedef struct cli_list {
    int count;
    const char *items[64];
    char text[2048];
    size_t used;
} cli_list;

/* Appends the items of `text`, separated by commas, copied into the list; `option`
 * is for messages. HONE_E_USAGE: an empty item, or too many. */
hone_status cli_list_add(cli_list *list, const char *option, const char *text);

/* Parses argv[1..]; operands (not options) are moved to argv[1 .. *operands].
 * `--help` prints "Usage: <synopsis>" ("hone bench [options]"), the description
 * and the table, and sets *help.
 * `unknown_prefix`: options that begin so ("benchmark_") are kept among the
 * operands, with their dashes; NULL: none. HONE_E_USAGE. */
hone_status cli_parse(int *operands, int *help, int argc, char **argv, const cli_option *options,
                      const char *synopsis, const char *description, const char *unknown_prefix);

/* The name nearest to a mistyped word; NULL when none is near. */
const char *cli_nearest(const char *word, const char *const *names, int count);

/* HONE_E_USAGE: "<what> 'word' is unknown; did you mean 'x'?", else lists the names. */
hone_status cli_unknown(const char *what, const char *word, const char *const *names, int count);

/* ---- what to run on: the selectors that bench, tune, verify, query and emit share */

typedef struct cli_selectors {
    const char *device; /* "cpu" */
    const char *suite;
    cli_list shapes, dtypes, acts;
    int64_t threads;     /* 0: all */
    const char *weights; /* "packed" or "plain" */
    int transposed, nobias, rowscale;
    const char *a_type, *out_type; /* s8 problems */
    const char *db;
    int json;
} cli_selectors;

/* Defaults: device cpu. */
void cli_selectors_init(cli_selectors *selectors);
/* The option table of the selectors (at most 20 rows), for a CLI_GROUP row. */
const cli_option *cli_selector_options(cli_selectors *selectors, cli_option table[20]);

/* The problems selected: suite (or --shape) x dtypes x activations. A shape is
 * MxNxK; an activation may carry parameters: "clip:min=-1:max=1". Without either
 * choice it is `default_suite`; NULL makes --shape or --suite compulsory.
 * Unless chosen, a suite brings its own dtypes and activations, and a shape is
 * f32 and identity. Names of shapes go to `names` when not NULL ("bert_ffn_up" or
 * ""). The arrays are malloc'ed, the names are not. HONE_E_USAGE, HONE_E_NOMEM. */
hone_status cli_selected_problems(hone_problem **out, const char ***names, int *count,
                                  const cli_selectors *selectors, const char *default_suite);

/* The device selected, checked. threads 0 becomes the device's. */
hone_status cli_selected_device(const hone_device **out, int *threads, const hone_context *context,
                                const cli_selectors *selectors);
/* The same, or a device that is only described: for what runs nothing. */
hone_status cli_described_device(const hone_device **out, int *threads, const hone_context *context,
                                 const cli_selectors *selectors);

/* ---- output */

/* Prints "hone COMMAND: detail" on stderr and returns the exit code. Ends a
 * progress bar first. */
int cli_fail(const char *command, hone_status status);
/* Prints a JSON document on stdout (steals the reference); 0 or 4. */
int cli_print_json(json_t *document);
/* A number that JSON can hold: null for NaN and infinities. */
json_t *cli_json_number(double value);

/* Says on stderr that a file which had this schema has been brought up to date, if it was older. */
void cli_tell_migration(const char *path, int stored_schema);
/* hone_db_open_write, which tells of a migration. */
hone_status cli_open_for_writing(hone_db **out, const char *path);

/* A bar on stderr when it is a terminal, else a line every 10 seconds. `text` is one short line. fraction in
 * [0, 1]. */
void cli_progress(double fraction, const char *text);
void cli_progress_end(void);

/* Columns of text, aligned; the first row is the header. `right` has a '1' for
 * each column that is aligned right. Cells are rows x columns. */
void cli_table(const char *const *cells, int rows, int columns, const char *right);

/* A table that grows cell by cell, row after row; zero-initialise it. */
typedef struct cli_grid {
    char **cells;
    int count, capacity;
    int failed; /* memory ran out */
} cli_grid;

__attribute__((format(printf, 2, 3))) void cli_grid_add(cli_grid *grid, const char *format, ...);
/* Several cells of plain text: `count` arguments of const char *. */
void cli_grid_row(cli_grid *grid, int count, ...);
/* Prints it as cli_table does, with strlen(right) columns, and frees it. HONE_E_NOMEM. */
hone_status cli_grid_print(cli_grid *grid, const char *right);
/* Frees it without printing. */
void cli_grid_clear(cli_grid *grid);

/* ---- stopping */

/* From now on SIGINT and SIGTERM only set the flag that is returned; a second one,
 * half a second later or more, ends the process. A command that sees it set keeps what it has and ends with
 * HONE_E_INTERRUPTED. */
const volatile int *cli_catch_stop(void);

/* ---- commands */

typedef struct cli_command {
    const char *name, *summary;
    int (*run)(int argc, char **argv); /* returns the exit code */
} cli_command;

#define HONE_COMMAND(name, summary) int cli_run_##name(int argc, char **argv);
#include "commands.def"
#undef HONE_COMMAND

/* Says on stderr that so many of the results are above the measured peak, and why that may be; nothing where
 * none is. */
void cli_note_above_peak(const char *command, int above, int results);

#endif

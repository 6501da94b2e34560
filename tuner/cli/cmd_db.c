/* hone db: care of the database. One row a subcommand. */
#include "../db/db.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "../../kernels/status.h"
#include "../db/db_care.h"
#include "cli_complete.h"

static char default_db[HONE_DB_PATH];

/* --db FILE, else the default. */
static hone_status chosen_path(const char **out, const char *named) {
    *out = named ? named : default_db;
    return named ? HONE_OK : hone_db_default_path(default_db, sizeof default_db);
}

static const cli_option end_of_table = {NULL, CLI_FLAG, NULL, NULL, NULL};

#define DB_OPTION(target)                                                                                    \
    {                                                                                                        \
        "db", CLI_TEXT, target, "FILE",                                                                      \
            "database; default: $HONE_DB, else hone/hone.db in the XDG data folder"                          \
    }

/* ---- check */

typedef struct findings {
    json_t *list; /* NULL: print them */
    int count;
} findings;

static void hear(const char *finding, void *context) {
    findings *heard = context;
    heard->count++;
    if (heard->list)
        json_array_append_new(heard->list, json_string(finding));
    else
        fprintf(stderr, "hone db check: %s\n", finding);
}

static json_t *count_or_null(int64_t count) { return count < 0 ? json_null() : json_integer(count); }

static int print_report(const hone_db_report *report, const char *path, findings *heard) {
    if (heard->list)
        return cli_print_json(json_pack(
            "{s:b, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:O}", "ok", report->ok, "path", path, "schema",
            count_or_null(report->schema), "stored_schema", count_or_null(report->stored_schema),
            "measurements", count_or_null(report->measurements), "failures", count_or_null(report->failures),
            "winners", count_or_null(report->winners), "devices", count_or_null(report->devices), "problems",
            count_or_null(report->problems), "findings", heard->list));
    printf("%s: %s\n", path, report->ok ? "ok" : "not ok");
    if (report->ok)
        printf("schema %d; %lld measurements and %lld failures on %lld problems and %lld devices; %lld "
               "winners\n",
               report->schema, (long long)report->measurements, (long long)report->failures,
               (long long)report->problems, (long long)report->devices, (long long)report->winners);
    if (report->stored_schema < report->schema)
        printf(
            "the file has schema %d: a copy was brought up to date and checked, its winners derived anew\n",
            report->stored_schema);
    return 0;
}

static int run_check(int argc, char **argv) {
    const char *path = NULL;
    int json = 0, operands, help;
    const cli_option table[] = {
        DB_OPTION(&path), {"json", CLI_FLAG, &json, NULL, "print a machine-readable report"}, end_of_table};
    hone_status status = cli_parse(
        &operands, &help, argc, argv, table, "hone db check [FILE]",
        "Checks pages, schema, references, and that the winners follow from the evidence. Exit code 0: "
        "all is well; 4: not, with what to do.",
        NULL);
    if (status == HONE_OK && help)
        return 0;
    if (status == HONE_OK && operands > (path ? 0 : 1))
        status = hone_fail(HONE_E_USAGE, "'%s' is one file too many; check takes one", argv[operands]);
    if (status == HONE_OK)
        status = chosen_path(&path, operands ? argv[1] : path);
    if (status != HONE_OK)
        return cli_fail("db check", status);

    hone_db *db = NULL;
    hone_db_report report = {0, -1, -1, -1, -1, -1, -1, -1};
    findings heard = {.list = json ? json_array() : NULL};
    status = hone_db_open_one(&db, path);
    if (status == HONE_OK)
        status = hone_db_check(&report, db, hear, &heard);
    else if (status == HONE_E_DATA)
        hear(hone_error_detail(), &heard);
    hone_db_close(db);
    int code = 0;
    if (status == HONE_OK || (status == HONE_E_DATA && json))
        code = print_report(&report, path, &heard);
    else if (status != HONE_E_DATA)
        code = cli_fail("db check", status);
    json_decref(heard.list);
    return code ? code : hone_status_exit_code(report.ok ? HONE_OK : HONE_E_DATA);
}

/* ---- what came in */

static int print_added(const char *verb, const hone_db_added *added, const char *path, int json) {
    if (json)
        return cli_print_json(json_pack("{s:I, s:I, s:s}", "measurements", (json_int_t)added->measurements,
                                        "failures", (json_int_t)added->failures, "database", path));
    fprintf(stderr, "%s %lld new measurement%s, %lld new failure%s; database: %s\n", verb,
            (long long)added->measurements, added->measurements == 1 ? "" : "s", (long long)added->failures,
            added->failures == 1 ? "" : "s", path);
    return 0;
}

/* ---- merge */

static int run_merge(int argc, char **argv) {
    static char output_option[] = "--output";
    const char *output = NULL;
    int operands, help, json = 0;
    hone_db_added added;
    const cli_option table[] = {
        {"output", CLI_TEXT, &output, "FILE",
         "where the merged database goes (or -o); added to when it exists"},
        {"json", CLI_FLAG, &json, NULL, "print machine-readable counts of what is new there"},
        end_of_table};
    for (int i = 1; i < argc; i++) /* options are long ones; -o is what everyone types */
        if (strcmp(argv[i], "-o") == 0)
            argv[i] = output_option;
    hone_status status = cli_parse(
        &operands, &help, argc, argv, table, "hone db merge FILE... -o FILE",
        "Joins the evidence of databases and derives the winners anew. The result does not depend on "
        "the order, and merging again changes nothing.",
        NULL);
    if (status == HONE_OK && help)
        return 0;
    if (status == HONE_OK && !output)
        status = hone_fail(HONE_E_USAGE, "nothing says where the merged database goes; add -o FILE");
    if (status == HONE_OK && operands < 1)
        status = hone_fail(HONE_E_USAGE, "no database to merge; name one or more files");
    if (status == HONE_OK)
        status = hone_db_merge(&added, output, (const char *const *)&argv[1], operands);
    if (status != HONE_OK)
        return cli_fail("db merge", status);
    cli_tell_migration(output, added.stored_schema);
    return print_added("merged", &added, output, json);
}

/* ---- export */

typedef struct export_arguments {
    const char *db, *out, *format, *problem, *device;
} export_arguments;

static hone_status write_export(FILE *file, hone_db *db, const export_arguments *arguments) {
    return strcmp(arguments->format, "t4") == 0
               ? hone_db_export_t4(file, db, arguments->problem, arguments->device)
               : hone_db_export(file, db);
}

static hone_status check_format(const export_arguments *arguments) {
    static const char *const formats[] = {"jsonl", "t4"};
    for (int i = 0; i < 2; i++)
        if (strcmp(arguments->format, formats[i]) == 0)
            return i == 0 && (arguments->problem || arguments->device)
                       ? hone_fail(HONE_E_USAGE, "--%s needs --format t4: the other format is all evidence",
                                   arguments->problem ? "problem" : "device")
                       : HONE_OK;
    return cli_unknown("format", arguments->format, formats, 2);
}

/* The database has problems by their canonical texts. */
static hone_status use_canonical_problem(char canonical[HONE_PROBLEM_TEXT], export_arguments *arguments) {
    hone_problem problem;
    if (!arguments->problem)
        return HONE_OK;
    hone_status status = hone_problem_parse(&problem, arguments->problem);
    if (status == HONE_OK)
        status = hone_problem_format(canonical, HONE_PROBLEM_TEXT, &problem);
    if (status != HONE_OK)
        return hone_fail_context(status, "--problem");
    arguments->problem = canonical;
    return HONE_OK;
}

static hone_status write_file(const char *path, hone_db *db, const export_arguments *arguments) {
    FILE *file = fopen(path, "w");
    if (!file)
        return hone_fail(HONE_E_DATA, "'%s' cannot be written: %s; name another file with --out",
                         arguments->out, strerror(errno));
    hone_status status = write_export(file, db, arguments);
    if (fclose(file) != 0 && status == HONE_OK)
        status = hone_fail(HONE_E_DATA, "'%s' cannot be written: %s; check the disk and its free space",
                           arguments->out, strerror(errno));
    return status;
}

/* A file gets its content at once or stays as it was, also when a signal ends the command, which has to take
 * its part away first; devices and pipes are written as they are. */
static hone_status export_to(hone_db *db, const export_arguments *arguments) {
    const char *path = arguments->out;
    struct stat known;
    char part[4096];
    if (!path || strcmp(path, "-") == 0)
        return write_export(stdout, db, arguments);
    if (stat(path, &known) == 0 && !S_ISREG(known.st_mode))
        return write_file(path, db, arguments);
    if (snprintf(part, sizeof part, "%s.part", path) >= (int)sizeof part)
        return hone_fail(HONE_E_USAGE, "--out: the path is too long");
    db->stop = cli_catch_stop();
    hone_status status = write_file(part, db, arguments);
    if (status == HONE_OK && *db->stop)
        status = hone_fail(HONE_E_INTERRUPTED, "stopped by a signal");
    if (status == HONE_E_INTERRUPTED)
        hone_fail_context(status, "'%s' is as it was", path);
    if (status == HONE_OK && rename(part, path) != 0)
        status = hone_fail(HONE_E_DATA, "'%s' cannot be written: %s; name another file with --out", path,
                           strerror(errno));
    if (status != HONE_OK)
        (void)remove(part);
    return status;
}

static int run_export(int argc, char **argv) {
    export_arguments arguments = {.format = "jsonl"};
    char problem[HONE_PROBLEM_TEXT];
    int operands, help;
    const cli_option table[] = {
        DB_OPTION(&arguments.db),
        {"out", CLI_TEXT, &arguments.out, "FILE", "where to write; default: standard output"},
        {"format", CLI_TEXT, &arguments.format, "NAME",
         "jsonl (default), all evidence; or t4, results of tuning for other tools and 'hone tune "
         "--simulate'"},
        {"problem", CLI_TEXT, &arguments.problem, "KEY",
         "t4: only this problem, as in gemm/f32/relu/64x64x64"},
        {"device", CLI_TEXT, &arguments.device, "FINGERPRINT", "t4: only this device; see 'hone devices'"},
        end_of_table};
    hone_db *db = NULL;
    hone_status status = cli_parse(&operands, &help, argc, argv, table, "hone db export [options]",
                                   "Writes all evidence as JSON lines, one object a record, that 'hone db "
                                   "import' reads; or what was tuned\n"
                                   "in the T4 results format.",
                                   NULL);
    if (status == HONE_OK && help)
        return 0;
    if (status == HONE_OK && operands > 0)
        status = hone_fail(HONE_E_USAGE, "'%s' is not an option; name the database with --db", argv[1]);
    if (status == HONE_OK)
        status = check_format(&arguments);
    if (status == HONE_OK)
        status = use_canonical_problem(problem, &arguments);
    if (status == HONE_OK)
        status = hone_db_open_one(&db, arguments.db);
    if (status == HONE_OK)
        status = export_to(db, &arguments);
    hone_db_close(db);
    return status == HONE_OK ? 0 : cli_fail("db export", status);
}

/* ---- import */

/* By the first character, which alone can be put back into a pipe: exports begin with '{'. */
static int is_database(FILE *file) {
    int first = getc(file);
    ungetc(first, file);
    return first == 'S';
}

static hone_status import_from(hone_db_added *added, hone_db *db, const char *path) {
    if (strcmp(path, "-") == 0)
        return hone_db_import(added, db, stdin, "standard input");
    FILE *file = fopen(path, "r");
    if (!file)
        return hone_fail(HONE_E_DATA, "'%s' cannot be read: %s; check its name and permissions", path,
                         strerror(errno));
    if (is_database(file)) {
        fclose(file); /* before SQLite opens it: closing it later would drop SQLite's locks */
        return hone_db_add_database(added, db, path);
    }
    hone_status status = hone_db_import(added, db, file, path);
    fclose(file);
    return status;
}

/* Each file is all or nothing. */
static hone_status import_files(hone_db_added *added, hone_db *db, int count, char **paths) {
    for (int i = 0; i < count; i++) {
        hone_db_added more;
        hone_status status = import_from(&more, db, paths[i]);
        if (status != HONE_OK)
            return status;
        added->measurements += more.measurements;
        added->failures += more.failures;
    }
    return HONE_OK;
}

static int run_import(int argc, char **argv) {
    const char *path = NULL;
    int operands, help, json = 0;
    hone_db_added added = {0};
    const cli_option table[] = {
        DB_OPTION(&path),
        {"json", CLI_FLAG, &json, NULL, "print machine-readable counts of what is new"},
        end_of_table};
    hone_db *db = NULL;
    hone_status status =
        cli_parse(&operands, &help, argc, argv, table, "hone db import FILE... [options]",
                  "Adds exported evidence ('-' is standard input), or that of other "
                  "databases, to a database, which is made "
                  "when missing, and derives its winners anew. A bad file adds nothing; those before "
                  "it stay imported.",
                  NULL);
    if (status == HONE_OK && help)
        return 0;
    if (status == HONE_OK && operands < 1)
        status = hone_fail(HONE_E_USAGE, "no file to import; name one, or - for standard input");
    if (status == HONE_OK)
        status = cli_open_for_writing(&db, path);
    if (status == HONE_OK)
        status = import_files(&added, db, operands, argv + 1);
    if (status != HONE_OK) {
        hone_db_abandon(db);
        return cli_fail("db import", status);
    }
    int code = print_added("imported", &added, db->path, json);
    hone_db_close(db);
    return code;
}

/* ---- prune */

static int run_prune(int argc, char **argv) {
    const char *path = NULL;
    int operands, help, json = 0;
    int64_t measurements = 0, failures = 0;
    hone_db_prune_options options = {.older_than_days = NAN};
    const cli_option table[] = {
        {"older-than", CLI_NUMBER, &options.older_than_days, "DAYS", "measured more than this many days ago"},
        {"build", CLI_TEXT, &options.build, "ID", "measured with this build of the kernels"},
        {"device", CLI_TEXT, &options.device, "FINGERPRINT", "measured on this device; see 'hone devices'"},
        DB_OPTION(&path),
        {"json", CLI_FLAG, &json, NULL, "print machine-readable counts"},
        end_of_table};
    hone_db *db = NULL;
    hone_status status = cli_parse(
        &operands, &help, argc, argv, table, "hone db prune [options]",
        "Removes evidence that meets all the conditions given, except what the winners rest on.", NULL);
    if (status == HONE_OK && help)
        return 0;
    if (status == HONE_OK && operands > 0)
        status = hone_fail(HONE_E_USAGE, "'%s' is not an option; name the database with --db", argv[1]);
    if (status == HONE_OK && options.older_than_days <= 0)
        status = hone_fail(HONE_E_USAGE, "--older-than %g is out of range; give more than 0 days",
                           options.older_than_days);
    if (status == HONE_OK && isnan(options.older_than_days)) {
        options.older_than_days = 0; /* any age */
        if (!options.build && !options.device)
            status =
                hone_fail(HONE_E_USAGE, "nothing says what to prune; give --older-than, --build or --device");
    }
    if (status == HONE_OK) { /* a database is not made only to be pruned */
        status = hone_db_open_one(&db, path);
        hone_db_close(db);
        db = NULL;
    }
    if (status == HONE_OK)
        status = cli_open_for_writing(&db, path);
    if (status == HONE_OK)
        status = hone_db_prune(&measurements, &failures, db, &options);
    hone_db_close(db);
    if (status != HONE_OK)
        return cli_fail("db prune", status);
    if (json)
        return cli_print_json(json_pack("{s:I, s:I}", "measurements", (json_int_t)measurements, "failures",
                                        (json_int_t)failures));
    printf("removed %lld measurements and %lld failures\n", (long long)measurements, (long long)failures);
    return 0;
}

/* ---- the command */

static const cli_command subcommands[] = {
    {"check", "whether a database is whole and its winners follow from the evidence", run_check},
    {"merge", "join the evidence of several databases", run_merge},
    {"export", "write all evidence as JSON lines, or results in T4", run_export},
    {"import", "read what export wrote, or a database", run_import},
    {"prune", "remove old evidence, but no winner's", run_prune},
};
enum { SUBCOMMANDS = sizeof subcommands / sizeof subcommands[0] };

static void print_usage(FILE *out) {
    fputs("Usage: hone db SUBCOMMAND [options]\n\nCare of the tuning database.\n\nSubcommands:\n", out);
    for (int i = 0; i < SUBCOMMANDS; i++)
        fprintf(out, "  %-8s  %s\n", subcommands[i].name, subcommands[i].summary);
    fputs("\n'hone db SUBCOMMAND --help' lists its options.\n", out);
}

int cli_run_db(int argc, char **argv) {
    const char *names[SUBCOMMANDS];
    if (argc < 2) {
        print_usage(stderr);
        return hone_status_exit_code(HONE_E_USAGE);
    }
    if (strcmp(argv[1], "--help") == 0) {
        print_usage(stdout);
        return 0;
    }
    for (int i = 0; i < SUBCOMMANDS; i++) {
        if (strcmp(argv[1], subcommands[i].name) == 0) {
            char name[32]; /* what messages call the command */
            snprintf(name, sizeof name, "db %s", subcommands[i].name);
            argv[1] = name;
            return subcommands[i].run(argc - 1, argv + 1);
        }
        names[i] = subcommands[i].name;
    }
    if (cli_completing()) {
        if (argc == 2)
            cli_complete_names(argv[1], names, SUBCOMMANDS);
        return 0;
    }
    return cli_fail("db", cli_unknown("subcommand", argv[1], names, SUBCOMMANDS));
}

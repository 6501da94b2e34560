/* hone report: pages and tables over one or more databases. */
#include "cli.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../../kernels/status.h"
#include "../report/peers.h"
#include "../report/report.h"

enum { FORMS = 3, MARKDOWN = 1, LONGEST_PATH = 4096, WORST_CASES = 20 };

static const struct {
    const char *name, *file;
    hone_report_writer write;
} forms[FORMS] = {
    {"html", "index.html", hone_report_write_html},
    {"markdown", "report.md", hone_report_write_markdown},
    {"csv", "report.csv", hone_report_write_csv},
};

typedef struct report_arguments {
    const char *out_dir, *objective, *db;
    const char *files[FORMS]; /* NULL: this form is not wanted */
    int json, peers;
} report_arguments;

static const char description[] =
    "Writes the winners of one or more tuning databases as one page that needs nothing else (index.html),\n"
    "as Markdown (report.md) and as CSV (report.csv). With several databases or devices the page compares\n"
    "them. With --peers the operands are results files of 'hone bench --provider all --out FILE', and "
    "Markdown\n"
    "shows hone beside the fastest other library: ratios and percent of the roof by class of shape.\n"
    "Exit code 4: a file cannot be read; 5: there is no winner in any, or nothing to compare.";

static hone_status make_folder(const char *path) {
    char part[LONGEST_PATH];
    size_t length = strlen(path);
    if (length == 0 || length >= sizeof part - 16)
        return hone_fail(HONE_E_USAGE, "--out-dir has %zu characters; give 1 to %zu", length,
                         sizeof part - 17);
    for (size_t i = 1; i <= length; i++) {
        if (path[i] != '/' && path[i] != '\0')
            continue;
        memcpy(part, path, i);
        part[i] = '\0';
        if (mkdir(part, 0777) != 0 && errno != EEXIST)
            return hone_fail(HONE_E_DATA, "cannot create the folder '%s': %s; name another with --out-dir",
                             part, strerror(errno));
    }
    return HONE_OK;
}

static hone_status write_forms(const hone_report *report, report_arguments *arguments,
                               char paths[FORMS][LONGEST_PATH]) {
    int chosen = arguments->files[0] || arguments->files[1] || arguments->files[2];
    if (chosen && arguments->out_dir)
        return hone_fail(HONE_E_USAGE, "--out-dir '%s' beside a named file; give one or the other",
                         arguments->out_dir);
    const char *folder = arguments->out_dir ? arguments->out_dir : "hone-report";
    hone_status status = chosen ? HONE_OK : make_folder(folder);
    for (int i = 0; i < FORMS && status == HONE_OK; i++) {
        if (!chosen)
            snprintf(paths[i], LONGEST_PATH, "%s/%s", folder, forms[i].file);
        else if (arguments->files[i])
            snprintf(paths[i], LONGEST_PATH, "%s", arguments->files[i]);
        if (paths[i][0])
            status = hone_report_save(report, forms[i].write, paths[i]);
    }
    return status;
}

/* Where the files are; nothing when a form itself goes to the standard output. */
static hone_status tell(const hone_report *report, const report_arguments *arguments,
                        char paths[FORMS][LONGEST_PATH]) {
    for (int i = 0; i < FORMS; i++)
        if (strcmp(paths[i], "-") == 0)
            return HONE_OK;
    if (!arguments->json) {
        for (int i = 0; i < FORMS; i++)
            if (paths[i][0])
                printf("%s\n", paths[i]);
        return HONE_OK;
    }
    json_t *out = json_pack("{s:I, s:I, s:I}", "devices", (json_int_t)report->devices.count, "winners",
                            (json_int_t)report->rows.count, "failures", (json_int_t)report->failures.count);
    for (int i = 0; i < FORMS; i++)
        json_object_set_new(out, forms[i].name, paths[i][0] ? json_string(paths[i]) : json_null());
    return cli_print_json(out) == 0 ? HONE_OK : hone_fail(HONE_E_DATA, "cannot write to the standard output");
}

static hone_status run(report_arguments *arguments, const char *const *databases, size_t count) {
    char paths[FORMS][LONGEST_PATH] = {"", "", ""};
    hone_report *report = NULL;
    hone_status status = hone_report_create(&report, databases, count, arguments->objective);
    if (status != HONE_OK)
        return status;
    /* Failures are worth a page even without a winner. */
    if (report->rows.count > 0 || report->failures.count > 0) {
        status = write_forms(report, arguments, paths);
        if (status == HONE_OK)
            status = tell(report, arguments, paths);
    }
    if (status == HONE_OK && report->rows.count == 0)
        status = hone_fail(HONE_E_INCONCLUSIVE,
                           "no winner by %s in %zu database%s (%zu failures); store some with hone tune",
                           arguments->objective, count, count == 1 ? "" : "s", report->failures.count);
    hone_report_destroy(report);
    return status;
}

static hone_status run_peers(const report_arguments *arguments, const char *const *paths, size_t count) {
    const char *path = arguments->files[MARKDOWN];
    if (!count)
        return hone_fail(HONE_E_USAGE, "--peers without a results file; make one with hone bench --out");
    if (arguments->out_dir || arguments->db || arguments->json || arguments->files[0] || arguments->files[2])
        return hone_fail(HONE_E_USAGE,
                         "--peers writes Markdown only; leave out --out-dir, --html, --csv, --db "
                         "and --json");
    hone_peers *peers;
    hone_status status = hone_peers_create(&peers, paths, count);
    if (status)
        return status;
    FILE *file = path && strcmp(path, "-") != 0 ? fopen(path, "w") : stdout;
    size_t compared;
    hone_peers_ratio(&compared, peers, HONE_PEERS_CLASSES, NULL, NULL, 0);
    if (file)
        hone_peers_write_markdown(file, peers, WORST_CASES);
    int failed = !file || ferror(file) || fflush(file) != 0;
    if (file && file != stdout)
        failed |= fclose(file) != 0;
    if (failed)
        status = hone_fail(HONE_E_DATA, "cannot write '%s': %s", path ? path : "-", strerror(errno));
    else if (!compared)
        status =
            hone_fail(HONE_E_INCONCLUSIVE, "no case was measured with hone and with a peer; see 'hone list "
                                           "providers'");
    if (path && !failed && file != stdout)
        printf("%s\n", path);
    hone_peers_destroy(peers);
    return status;
}

int cli_run_report(int argc, char **argv) {
    report_arguments arguments = {.objective = "p50"};
    const cli_option options[] = {
        {"out-dir", CLI_TEXT, &arguments.out_dir, "DIR", "folder for all three files (default hone-report)"},
        {"html", CLI_TEXT, &arguments.files[0], "FILE", "write the page there; - is standard output"},
        {"markdown", CLI_TEXT, &arguments.files[1], "FILE", "write Markdown there"},
        {"csv", CLI_TEXT, &arguments.files[2], "FILE", "write CSV there"},
        {"objective", CLI_TEXT, &arguments.objective, "NAME", "winners by p50 (default), p95 or throughput"},
        {"db", CLI_TEXT, &arguments.db, "FILE", "a database; the same as naming it"},
        {"peers", CLI_FLAG, &arguments.peers, NULL,
         "hone beside other libraries, from results files; to --markdown FILE, else printed"},
        {"json", CLI_FLAG, &arguments.json, NULL, "print what was written as JSON"},
        {0},
    };
    int operands = 0, help = 0;
    hone_status status =
        cli_parse(&operands, &help, argc, argv, options, "hone report [DB...] [options]", description, NULL);
    if (help)
        return 0;
    if (status != HONE_OK)
        return cli_fail("report", status);
    const char **databases = calloc((size_t)operands + 1, sizeof *databases);
    if (!databases) {
        hone_fail(HONE_E_NOMEM, "no memory for %d names", operands);
        return cli_fail("report", HONE_E_NOMEM);
    }
    size_t count = 0;
    for (int i = 0; i < operands; i++)
        databases[count++] = argv[1 + i];
    if (!arguments.peers && (arguments.db || count == 0))
        databases[count++] = arguments.db; /* NULL: the default */
    status = arguments.peers ? run_peers(&arguments, databases, count) : run(&arguments, databases, count);
    free(databases);
    return status == HONE_OK ? 0 : cli_fail("report", status);
}

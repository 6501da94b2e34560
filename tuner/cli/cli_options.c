/* Options from tables: getopt_long does the parsing, the tables say the rest. */
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../kernels/status.h"
#include "cli_complete.h"

enum {
    MAX_OPTIONS = 64,
    FIRST_ID = 256,
    HELP_ID = 'h',
    LONG_HELP_ID = FIRST_ID + MAX_OPTIONS,
    HELP_WIDTH = 96
};

/* The rows of a table with its groups unfolded. */
typedef struct flat_table {
    int count;
    const cli_option *rows[MAX_OPTIONS];
} flat_table;

static hone_status flatten(flat_table *flat, const cli_option *options) {
    for (const cli_option *row = options; row && (row->name || row->kind == CLI_GROUP); row++) {
        if (row->kind == CLI_GROUP) {
            hone_status status = flatten(flat, row->target);
            if (status != HONE_OK)
                return status;
        } else if (flat->count == MAX_OPTIONS) {
            return hone_fail(HONE_E_USAGE, "more than %d options in a table", MAX_OPTIONS);
        } else {
            flat->rows[flat->count++] = row;
        }
    }
    return HONE_OK;
}

/* ---- values */

static hone_status parse_int(int64_t *out, const char *name, const char *text) {
    char *end;
    errno = 0;
    long long value = strtoll(text, &end, 10);
    if (end == text || *end != '\0' || isspace((unsigned char)text[0]))
        return hone_fail(HONE_E_USAGE, "--%s '%s' is not a whole number", name, text);
    if (errno == ERANGE || value < 0)
        return hone_fail(HONE_E_USAGE, "--%s '%s' is out of range; 0 .. %lld", name, text,
                         (long long)INT64_MAX);
    *out = value;
    return HONE_OK;
}

static hone_status parse_number(double *out, const char *name, const char *text) {
    char *end;
    double value = strtod(text, &end);
    if (end == text || *end != '\0' || isspace((unsigned char)text[0]) || !isfinite(value))
        return hone_fail(HONE_E_USAGE, "--%s '%s' is not a number", name, text);
    *out = value;
    return HONE_OK;
}

static hone_status parse_duration(double *out, const char *name, const char *text) {
    static const struct {
        const char *suffix;
        double seconds;
    } units[] = {{"", 1}, {"s", 1}, {"ms", 1e-3}, {"us", 1e-6}, {"m", 60}, {"min", 60}, {"h", 3600}};
    char *end;
    double value = strtod(text, &end);
    for (size_t i = 0; end != text && isdigit((unsigned char)end[-1]) && i < sizeof units / sizeof *units;
         i++) {
        if (strcmp(end, units[i].suffix) == 0 && value >= 0 && isfinite(value)) {
            *out = value * units[i].seconds;
            return HONE_OK;
        }
    }
    return hone_fail(HONE_E_USAGE, "--%s '%s' is not a duration; write 60s, 500ms, 2m or 1h", name, text);
}

hone_status cli_list_add(cli_list *list, const char *name, const char *text) {
    size_t length = strlen(text) + 1;
    if (length > sizeof list->text - list->used)
        return hone_fail(HONE_E_USAGE, "--%s holds more than %zu characters in all", name, sizeof list->text);
    char *copy = list->text + list->used;
    memcpy(copy, text, length);
    list->used += length;
    for (char *item = copy; item;) {
        char *comma = strchr(item, ',');
        if (comma)
            *comma = '\0';
        if (*item == '\0')
            return hone_fail(HONE_E_USAGE, "--%s '%s' has an empty item", name, text);
        if (list->count == (int)(sizeof list->items / sizeof *list->items))
            return hone_fail(HONE_E_USAGE, "--%s has more than %d items", name, list->count);
        list->items[list->count++] = item;
        item = comma ? comma + 1 : NULL;
    }
    return HONE_OK;
}

static hone_status store(const cli_option *row, char *value) {
    if (value && *value == '\0')
        return hone_fail(HONE_E_USAGE, "--%s is empty; it needs %s", row->name, row->value);
    switch (row->kind) {
    case CLI_FLAG:
        *(int *)row->target = 1;
        return HONE_OK;
    case CLI_TEXT:
        *(const char **)row->target = value;
        return HONE_OK;
    case CLI_LIST:
        return cli_list_add(row->target, row->name, value);
    case CLI_INT:
        return parse_int(row->target, row->name, value);
    case CLI_NUMBER:
        return parse_number(row->target, row->name, value);
    case CLI_DURATION:
        return parse_duration(row->target, row->name, value);
    case CLI_GROUP:
        break;
    }
    return hone_fail(HONE_E_USAGE, "--%s cannot take a value", row->name);
}

/* ---- unknown names */

/* Edit distance with insertions, deletions and substitutions; words are short. */
static int edit_distance(const char *a, const char *b) {
    enum { LONGEST = 64 };
    int row[LONGEST + 1];
    int width = (int)strnlen(b, LONGEST);
    for (int j = 0; j <= width; j++)
        row[j] = j;
    for (int i = 0; a[i] && i < LONGEST; i++) {
        int diagonal = row[0];
        row[0] = i + 1;
        for (int j = 0; j < width; j++) {
            int best = diagonal + (a[i] != b[j]);
            diagonal = row[j + 1];
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (diagonal + 1 < best)
                best = diagonal + 1;
            row[j + 1] = best;
        }
    }
    return row[width];
}

const char *cli_nearest(const char *word, const char *const *names, int count) {
    const char *best = NULL;
    int best_distance = (int)strlen(word) / 3 + 2;
    for (int i = 0; i < count; i++) {
        /* A word that is the start of a name is near to it, however long the name is. */
        int starts = *word != '\0' && strncmp(names[i], word, strlen(word)) == 0;
        int distance = starts ? 0 : edit_distance(word, names[i]);
        if (distance < best_distance) {
            best = names[i];
            best_distance = distance;
        }
    }
    return best;
}

hone_status cli_unknown(const char *what, const char *word, const char *const *names, int count) {
    const char *near = cli_nearest(word, names, count);
    if (near)
        return hone_fail(HONE_E_USAGE, "%s '%s' is unknown; did you mean '%s'?", what, word, near);
    char list[768] = "";
    size_t used = 0;
    for (int i = 0; i < count && used < sizeof list; i++)
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", i ? ", " : "", names[i]);
    return hone_fail(HONE_E_USAGE, "%s '%s' is unknown; there are %s", what, word, list);
}

/* getopt_long found no option for `argument`, or several that it abbreviates. */
static hone_status unknown_option(const flat_table *flat, const char *command, const char *argument) {
    char word[64];
    snprintf(word, sizeof word, "%.*s", (int)strcspn(argument, "="), argument);
    const char *bare = word + strspn(word, "-");
    const char *names[MAX_OPTIONS + 1] = {"help"};
    int abbreviates = 0;
    for (int i = 0; i < flat->count; i++)
        names[i + 1] = flat->rows[i]->name;
    for (int i = 0; i <= flat->count; i++) {
        if (strcmp(bare, names[i]) == 0)
            return hone_fail(HONE_E_USAGE, "option '%s' takes no value, got '%s'", word, argument);
        abbreviates += strncmp(bare, names[i], strlen(bare)) == 0;
    }
    const char *near = cli_nearest(bare, names, flat->count + 1);
    const char *problem = abbreviates > 1 ? "is ambiguous" : "is unknown";
    if (near)
        return hone_fail(HONE_E_USAGE, "option '%s' %s; did you mean '--%s'? See 'hone %s --help'", word,
                         problem, near, command);
    return hone_fail(HONE_E_USAGE, "option '%s' %s; see 'hone %s --help'", word, problem, command);
}

/* ---- help */

static int name_width(const cli_option *row) {
    return (int)strlen(row->name) + (row->value ? (int)strlen(row->value) + 1 : 0);
}

/* Words of `text`, wrapped, the first line being at `column` already. */
static void print_wrapped(const char *text, int column) {
    int at = column;
    while (*text) {
        int length = (int)strcspn(text, " ");
        if (at > column && at + 1 + length > HELP_WIDTH) {
            printf("\n%*s", column, "");
            at = column;
        }
        at += printf("%s%.*s", at > column ? " " : "", length, text);
        text += length;
        text += strspn(text, " ");
    }
    putchar('\n');
}

static void print_rows(const cli_option *options, const char *heading, int width) {
    int headed = 0;
    for (const cli_option *row = options; row && (row->name || row->kind == CLI_GROUP); row++) {
        if (row->kind == CLI_GROUP) {
            print_rows(row->target, row->help, width);
            headed = 0;
            continue;
        }
        if (!headed && heading)
            printf("\n%s:\n", heading);
        headed = 1;
        int used = printf("  --%s%s%s", row->name, row->value ? " " : "", row->value ? row->value : "");
        printf("%*s", width + 6 - used, "");
        print_wrapped(row->help ? row->help : "", width + 6);
    }
}

static void print_help(const flat_table *flat, const cli_option *options, const char *synopsis,
                       const char *description) {
    printf("Usage: %s\n\n%s\n", synopsis, description);
    int width = (int)strlen("help");
    for (int i = 0; i < flat->count; i++)
        if (name_width(flat->rows[i]) > width)
            width = name_width(flat->rows[i]);
    print_rows(options, "Options", width);
    printf("  --help%*sthis text\n", width - 2, "");
}

/* ---- parsing */

/* Moves the arguments that begin with --<prefix> behind all others, in order;
 * returns how many the others are. */
static int set_aside(int argc, char **argv, const char *prefix) {
    if (!prefix)
        return argc;
    int kept = argc;
    for (int i = 1; i < kept;) {
        char *argument = argv[i];
        if (strncmp(argument, "--", 2) != 0 || strncmp(argument + 2, prefix, strlen(prefix)) != 0) {
            i++;
            continue;
        }
        memmove(&argv[i], &argv[i + 1], (size_t)(argc - 1 - i) * sizeof *argv);
        argv[argc - 1] = argument;
        kept--;
    }
    return kept;
}

static hone_status parse_options(int *help, int argc, char **argv, const flat_table *flat) {
    struct option longs[MAX_OPTIONS + 2];
    for (int i = 0; i < flat->count; i++)
        longs[i] = (struct option){flat->rows[i]->name,
                                   flat->rows[i]->kind == CLI_FLAG ? no_argument : required_argument, NULL,
                                   FIRST_ID + i};
    longs[flat->count] = (struct option){"help", no_argument, NULL, LONG_HELP_ID};
    longs[flat->count + 1] = (struct option){NULL, 0, NULL, 0};

    opterr = 0;
    optind = 0; /* GNU: start afresh, also for a second table in one process */
    int id;
    while ((id = getopt_long(argc, argv, ":h", longs, NULL)) != -1) {
        hone_status status = HONE_OK;
        if (id == HELP_ID || id == LONG_HELP_ID)
            *help = 1;
        else if (id == ':')
            return hone_fail(HONE_E_USAGE, "option '%s' needs a value: %s", argv[optind - 1],
                             flat->rows[optopt - FIRST_ID]->value);
        else if (id == '?' && optopt != 0 && optopt < FIRST_ID)
            return hone_fail(HONE_E_USAGE, "option '-%c' is unknown; see 'hone %s --help'", optopt, argv[0]);
        else if (id == '?')
            return unknown_option(flat, argv[0], argv[optind - 1]);
        else
            status = store(flat->rows[id - FIRST_ID], optarg);
        if (status != HONE_OK)
            return status;
    }
    return HONE_OK;
}

hone_status cli_parse(int *operands, int *help, int argc, char **argv, const cli_option *options,
                      const char *synopsis, const char *description, const char *unknown_prefix) {
    flat_table flat = {0};
    hone_status status = flatten(&flat, options);
    if (status != HONE_OK)
        return status;
    *operands = 0;
    *help = 0;
    if (cli_completing()) {
        cli_complete(argc, argv, flat.rows, flat.count, synopsis);
        *help = 1;
        return HONE_OK;
    }
    int kept = set_aside(argc, argv, unknown_prefix);
    /* getopt stops at a NULL, which the set-aside arguments have taken the place of. */
    status = parse_options(help, kept, argv, &flat);
    if (status != HONE_OK)
        return status;
    *operands = argc - optind;
    memmove(&argv[1], &argv[optind], (size_t)*operands * sizeof *argv);
    if (*help)
        print_help(&flat, options, synopsis, description);
    return HONE_OK;
}

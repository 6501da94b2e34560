#include "peers.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../../kernels/status.h"
#include "../gate/results_json.h"

static const double SMALL_OPERATIONS = 5e6;

static const char *const class_names[HONE_PEERS_CLASSES] = {
    [HONE_PEERS_SQUARE] = "square", [HONE_PEERS_SMALL] = "small",   [HONE_PEERS_DECODE] = "decode",
    [HONE_PEERS_SKINNY] = "skinny", [HONE_PEERS_NARROW] = "narrow", [HONE_PEERS_REGULAR] = "regular",
};

const char *hone_peers_class_name(hone_peers_class kind) {
    return kind < HONE_PEERS_CLASSES ? class_names[kind] : NULL;
}

hone_peers_class hone_peers_classify(int64_t m, int64_t n, int64_t k) {
    if (m == n && n == k)
        return HONE_PEERS_SQUARE;
    if (2 * (double)m * (double)n * (double)k < SMALL_OPERATIONS)
        return HONE_PEERS_SMALL;
    if (m <= 4)
        return HONE_PEERS_DECODE;
    if (m <= 35)
        return HONE_PEERS_SKINNY;
    return n <= 64 ? HONE_PEERS_NARROW : HONE_PEERS_REGULAR;
}

/* ------------------------------------------------------------------ reading */

static const char *text_of(const json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : "";
}

/* What an entry's name and label say: gemm/BACKEND/DTYPE/ACT/MxNxK/PROVIDER/threads:N, and
 * " problem=TEXT" at the label's end where the name does not tell the whole problem. */
typedef struct entry_name {
    char problem[HONE_PROBLEM_TEXT], provider[32];
    int threads;
} entry_name;

static int read_name(entry_name *out, const json_t *entry) {
    char dtype[16], act[64], shape[64];
    int end = 0;
    if (sscanf(text_of(entry, "name"), "gemm/%*[^/]/%15[^/]/%63[^/]/%63[^/]/%31[^/]/threads:%d%n", dtype, act,
               shape, out->provider, &out->threads, &end) != 5 ||
        !end)
        return 0;
    const char *whole = strstr(text_of(entry, "label"), " problem=");
    if (whole)
        snprintf(out->problem, sizeof out->problem, "%s", whole + strlen(" problem="));
    else
        snprintf(out->problem, sizeof out->problem, "gemm/%s/%s/%s", dtype, act, shape);
    return 1;
}

static hone_status find_case(hone_peers_case **out, hone_peers *peers, const entry_name *name) {
    for (size_t i = 0; i < peers->count; i++)
        if (peers->cases[i].threads == name->threads && strcmp(peers->cases[i].problem, name->problem) == 0) {
            *out = &peers->cases[i];
            return HONE_OK;
        }
    hone_problem problem;
    hone_status status = hone_problem_parse(&problem, name->problem);
    if (status)
        return status;
    if (peers->count == peers->capacity) {
        size_t capacity = peers->capacity ? 2 * peers->capacity : 256;
        hone_peers_case *cases = realloc(peers->cases, capacity * sizeof *cases);
        if (!cases)
            return hone_fail(HONE_E_NOMEM, "no memory for %zu cases", capacity);
        peers->cases = cases;
        peers->capacity = capacity;
    }
    hone_peers_case *made = &peers->cases[peers->count++];
    *made = (hone_peers_case){.threads = name->threads,
                              .activation = hone_activation_name(problem.act),
                              .kind = hone_peers_classify(problem.m, problem.n, problem.k),
                              .hone_us = NAN,
                              .peer_us = NAN,
                              .hone_share = NAN,
                              .peer_share = NAN};
    snprintf(made->problem, sizeof made->problem, "%s", name->problem);
    if (problem.a_type == problem.c_type)
        snprintf(made->types, sizeof made->types, "%s", hone_dtype_name(problem.dtype));
    else
        snprintf(made->types, sizeof made->types, "%s -> %s", hone_dtype_name(problem.a_type),
                 hone_dtype_name(problem.c_type));
    *out = made;
    return HONE_OK;
}

/* Remembers a provider's label up to its composition, once: "onednn: oneDNN 3.2.0 ...". */
static void remember_library(hone_peers *peers, const char *provider, const char *label) {
    char start[48];
    snprintf(start, sizeof start, "%s: ", provider);
    size_t used = strlen(peers->libraries);
    if (!strstr(peers->libraries, start))
        snprintf(peers->libraries + used, sizeof peers->libraries - used, "%s%s%.*s", used ? "; " : "", start,
                 (int)strcspn(label, ";"), label);
}

static hone_status add_entry(hone_peers *peers, const json_t *entry) {
    entry_name name;
    hone_peers_case *self = NULL;
    hone_problem problem;
    if (strcmp(text_of(entry, "run_type"), "aggregate") == 0)
        return HONE_OK;
    if (!read_name(&name, entry))
        return hone_fail(HONE_E_DATA, "'%s' is not the name of a case of hone bench", text_of(entry, "name"));
    if (hone_results_failed(entry)) {
        peers->failed += strncmp(text_of(entry, "error_message"), "unavailable", 11) != 0;
        return HONE_OK;
    }
    hone_status status = hone_problem_parse(&problem, name.problem);
    if (!status)
        status = find_case(&self, peers, &name);
    if (status)
        return status;
    const double us = hone_results_number(entry, "p50_us"), share = hone_results_number(entry, "pct_roof");
    if (strcmp(name.provider, "hone") == 0) {
        self->hone_us = us;
        self->hone_share = share;
    } else if (strcmp(name.provider, "unfused") != 0) {
        remember_library(peers, name.provider, text_of(entry, "label"));
        if (!(self->peer_us <= us)) {
            self->peer_us = us;
            self->peer_share = share;
            snprintf(self->peer, sizeof self->peer, "%s", name.provider);
        }
    }
    return HONE_OK;
}

/* What an earlier file says of a case does not mix with this one: other moments, other peaks. */
static void forget_cases(hone_peers *peers, const json_t *entries) {
    for (size_t i = 0; i < json_array_size(entries); i++) {
        entry_name name;
        if (!read_name(&name, json_array_get(entries, i)))
            continue;
        for (size_t n = 0; n < peers->count; n++)
            if (peers->cases[n].threads == name.threads && strcmp(peers->cases[n].problem, name.problem) == 0)
                peers->cases[n].hone_us = peers->cases[n].peer_us = NAN;
    }
}

static hone_status add_file(hone_peers *peers, const char *path) {
    json_t *root;
    hone_status status = hone_results_load(&root, path);
    if (status)
        return status;
    const json_t *entries = json_object_get(root, "benchmarks");
    const json_t *context = json_object_get(root, "context");
    if (!peers->machine[0])
        snprintf(peers->machine, sizeof peers->machine, "%.80s, %.16s, hone %.40s",
                 text_of(context, "cpu_model"), text_of(context, "mode"), text_of(context, "hone_build"));
    forget_cases(peers, entries);
    for (size_t i = 0; i < json_array_size(entries) && !status; i++) {
        status = add_entry(peers, json_array_get(entries, i));
        /* A text that is no problem is wrong in the file, not on the command line. */
        if (status)
            status = hone_fail_context(status == HONE_E_USAGE ? HONE_E_DATA : status, "'%s', entry %zu", path,
                                       i + 1);
    }
    json_decref(root);
    return status;
}

hone_status hone_peers_create(hone_peers **out, const char *const *paths, size_t count) {
    hone_peers *peers = calloc(1, sizeof *peers);
    if (!peers)
        return hone_fail(HONE_E_NOMEM, "no memory for a report");
    hone_status status = HONE_OK;
    for (size_t i = 0; i < count && !status; i++)
        status = add_file(peers, paths[i]);
    if (status) {
        hone_peers_destroy(peers);
        return status;
    }
    *out = peers;
    return HONE_OK;
}

void hone_peers_destroy(hone_peers *peers) {
    if (!peers)
        return;
    free(peers->cases);
    free(peers);
}

/* ------------------------------------------------------------------ summing */

static double ratio(const hone_peers_case *self) { return self->peer_us / self->hone_us; }

static double hone_share(const hone_peers_case *self) { return self->hone_share; }

static double peer_share(const hone_peers_case *self) { return self->peer_share; }

static int is_compared(const hone_peers_case *self) { return isfinite(ratio(self)); }

typedef struct selection {
    hone_peers_class kind; /* HONE_PEERS_CLASSES: all */
    const char *types, *activation;
    int threads;
} selection;

static int matches(const hone_peers_case *self, const selection *which) {
    return is_compared(self) && (which->kind == HONE_PEERS_CLASSES || which->kind == self->kind) &&
           (!which->types || strcmp(which->types, self->types) == 0) &&
           (!which->activation || strcmp(which->activation, self->activation) == 0) &&
           (!which->threads || which->threads == self->threads);
}

/* Geometric; cases without the value are left out. */
static double mean(size_t *count, const hone_peers *peers, const selection *which,
                   double (*value)(const hone_peers_case *)) {
    double sum = 0;
    size_t used = 0;
    for (size_t i = 0; i < peers->count; i++)
        if (matches(&peers->cases[i], which) && value(&peers->cases[i]) > 0) {
            sum += log(value(&peers->cases[i]));
            used++;
        }
    if (count)
        *count = used;
    return used ? exp(sum / (double)used) : NAN;
}

double hone_peers_ratio(size_t *count, const hone_peers *peers, hone_peers_class kind, const char *types,
                        const char *activation, int threads) {
    const selection which = {kind, types, activation, threads};
    return mean(count, peers, &which, ratio);
}

/* ------------------------------------------------------------------ writing */

static void write_cell(FILE *file, const hone_peers *peers, const selection *which) {
    size_t count;
    double value = mean(&count, peers, which, ratio);
    if (!count) {
        fputs(" |", file);
        return;
    }
    fprintf(file, " **%.2f**", value);
    double own = mean(NULL, peers, which, hone_share), other = mean(NULL, peers, which, peer_share);
    if (isfinite(own) && isfinite(other))
        fprintf(file, " %.0f / %.0f", own, other);
    fprintf(file, " (%zu) |", count);
}

/* One row: every class, then all. */
static void write_row(FILE *file, const hone_peers *peers, const char *heading, selection which) {
    fprintf(file, "| %s |", heading);
    for (hone_peers_class kind = 0; kind <= HONE_PEERS_CLASSES; kind++) {
        which.kind = kind;
        write_cell(file, peers, &which);
    }
    fputc('\n', file);
}

static void write_head(FILE *file, const char *first) {
    fprintf(file, "\n| %s |", first);
    for (hone_peers_class kind = 0; kind < HONE_PEERS_CLASSES; kind++)
        fprintf(file, " %s |", class_names[kind]);
    fputs(" all |\n|---|", file);
    for (int i = 0; i <= HONE_PEERS_CLASSES; i++)
        fputs("--:|", file);
    fputc('\n', file);
}

/* Whether the case is the first with its threads, types or activation. */
static int is_first(const hone_peers *peers, size_t index, const selection *alike) {
    for (size_t i = 0; i < index; i++)
        if (matches(&peers->cases[i], alike))
            return 0;
    return is_compared(&peers->cases[index]);
}

static void write_types(FILE *file, const hone_peers *peers) {
    write_head(file, "data type, threads");
    for (size_t i = 0; i < peers->count; i++) {
        const hone_peers_case *self = &peers->cases[i];
        const selection alike = {HONE_PEERS_CLASSES, self->types, NULL, self->threads};
        char heading[64];
        snprintf(heading, sizeof heading, "%s, %d", self->types, self->threads);
        if (is_first(peers, i, &alike))
            write_row(file, peers, heading, alike);
    }
    write_row(file, peers, "all", (selection){HONE_PEERS_CLASSES, NULL, NULL, 0});
}

static void write_activations(FILE *file, const hone_peers *peers) {
    write_head(file, "activation");
    for (size_t i = 0; i < peers->count; i++) {
        const selection alike = {HONE_PEERS_CLASSES, NULL, peers->cases[i].activation, 0};
        if (is_first(peers, i, &alike))
            write_row(file, peers, alike.activation, alike);
    }
}

static int by_ratio(const void *a, const void *b) {
    const hone_peers_case *const *x = a, *const *y = b;
    const double left = ratio(*x), right = ratio(*y);
    return left != right ? (left < right ? -1 : 1) : strcmp((*x)->problem, (*y)->problem);
}

static void write_worst(FILE *file, const hone_peers *peers, int worst) {
    const hone_peers_case **sorted = calloc(peers->count + 1, sizeof *sorted);
    size_t count = 0;
    for (size_t i = 0; sorted && i < peers->count; i++)
        if (is_compared(&peers->cases[i]))
            sorted[count++] = &peers->cases[i];
    if (count)
        qsort(sorted, count, sizeof *sorted, by_ratio);
    fputs("\n| lowest ratios | threads | class | hone us | best peer us | ratio | % of roof |\n"
          "|---|--:|---|--:|---|--:|--:|\n",
          file);
    for (size_t i = 0; i < count && i < (size_t)worst; i++) {
        const hone_peers_case *self = sorted[i];
        fprintf(file, "| %s | %d | %s | %.4g | %.4g %s | %.2f |", self->problem, self->threads,
                class_names[self->kind], self->hone_us, self->peer_us, self->peer, ratio(self));
        if (isfinite(hone_share(self)))
            fprintf(file, " %.0f |\n", hone_share(self));
        else
            fputs(" |\n", file);
    }
    free(sorted);
}

void hone_peers_write_markdown(FILE *file, const hone_peers *peers, int worst) {
    size_t compared = 0, ahead = 0, alone = 0;
    for (size_t i = 0; i < peers->count; i++) {
        const hone_peers_case *self = &peers->cases[i];
        compared += is_compared(self) != 0;
        ahead += is_compared(self) && ratio(self) >= 1;
        alone += !is_compared(self);
    }
    fprintf(file, "# Hone beside other libraries\n\n%s\n\nPeers: %s\n\n", peers->machine,
            peers->libraries[0] ? peers->libraries : "none");
    fprintf(
        file,
        "%zu cases compared, hone the faster in %zu; %zu without hone or without a peer; %d entries wrong or "
        "failed.\n",
        compared, ahead, alone, peers->failed);
    fputs("A cell: **time of the fastest peer / time of hone** (above 1: hone is faster; geometric mean of "
          "the\n"
          "cases), percent of the roof that hone / the peer reaches, (cases). The roof is the lower of two "
          "limits\n"
          "that were measured beside the case: arithmetic, and reading as many bytes as it must move.\n",
          file);
    if (!compared)
        return;
    write_types(file, peers);
    write_activations(file, peers);
    write_worst(file, peers, worst);
}

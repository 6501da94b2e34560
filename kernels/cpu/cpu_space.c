#include "cpu_space.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "activation.h"

static const int64_t depths[] = {128, 256, 384, 512, 768, 1024, 2048, 4096, 8192};
static const int64_t rows[] = {24, 48, 96, 192, 384, 768};
static const int64_t columns[] = {64, 128, 256, 512, 1024, 2048, 4096};
static const int64_t tile_rows[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 13, 14, 16, 24, 32};

enum { MAX_GRID = 48 }; /* no number up to HONE_MAX_THREADS has more divisors */

#define COUNT(array) ((int)(sizeof(array) / sizeof(array)[0]))

/* The smallest value that covers `extent`, else the largest: larger values would
 * name the same kernel twice. */
static int64_t covering(const int64_t *values, int count, int64_t extent) {
    for (int i = 0; i < count; i++)
        if (values[i] >= extent)
            return values[i];
    return values[count - 1];
}

static int64_t declared(const int64_t *values, int count, int64_t extent, int64_t want) {
    int64_t most = covering(values, count, extent), best = values[0];
    if (want >= extent)
        return most;
    for (int i = 0; i < count && values[i] <= want && values[i] <= most; i++)
        best = values[i];
    return best;
}

typedef struct list {
    char text[4096];
    size_t used;
    int full; /* something did not fit */
} list;

/* Appends a word that is not there yet, after `separator`. */
static void list_add(list *l, const char *separator, const char *word, int unique) {
    if (unique) {
        size_t length = strlen(word);
        for (const char *at = l->text; (at = strstr(at, word)); at += length)
            if ((at == l->text || at[-1] == ' ') && (at[length] == 0 || at[length] == ' '))
                return;
    }
    int n = snprintf(l->text + l->used, sizeof l->text - l->used, "%s%s", l->used ? separator : "", word);
    if (n > 0 && l->used + (size_t)n < sizeof l->text)
        l->used += (size_t)n;
    else
        l->full = 1;
}

static int is_half(hone_dtype dtype) { return dtype == HONE_F16 || dtype == HONE_BF16; }

int hone_cpu_suits(const hone_variant *v, const hone_problem *problem) {
    return strcmp(v->kind, hone_dtype_name(problem->dtype)) == 0 ||
           (is_half(problem->dtype) && strcmp(v->kind, "f32") == 0);
}

int hone_cpu_runs(const hone_variant *v) {
    const hone_cpu_isa *isa = hone_cpu_isa_find(v->isa);
    return isa && hone_cpu_isa_runs(isa);
}

int hone_cpu_flips(const hone_variant *v, const hone_problem *problem) {
    return v->words && v->a_type == HONE_A_U8 && problem->a_type == HONE_S8;
}

int hone_cpu_in_place(const hone_variant *v, const hone_problem *problem) {
    static const hone_dtype types[] = {[HONE_A_F32] = HONE_F32,
                                       [HONE_A_F16] = HONE_F16,
                                       [HONE_A_BF16] = HONE_BF16,
                                       [HONE_A_S8] = HONE_S8,
                                       [HONE_A_U8] = HONE_U8};
    int alike =
        v->a_type != HONE_A_S16 && (types[v->a_type] == problem->a_type || hone_cpu_flips(v, problem));
    int rests = hone_cpu_variant_is_amx(v) || (v->words && !hone_cpu_variant_is_dot(v));
    return alike && (rests || problem->k % v->group == 0);
}

/* In the order of HONE_FORM_*. */
static const char *const form_names[HONE_FORM_COUNT] = {"high", "fast", "brief", "byte"};

/* Whether the activation can be a curve of the problem's C. */
static int curves(const hone_problem *problem) {
    const hone_act_info *act = hone_activation_info(problem->act);
    return problem->dtype == HONE_S8 && hone_dtype_size(problem->c_type) == 1 && act->smooth &&
           !act->per_column;
}

int hone_cpu_has_curve(const hone_variant *v, const hone_problem *problem) {
    return curves(problem) && hone_cpu_isa_find(v->isa)->code->curve;
}

int hone_cpu_has_beside(const hone_variant *v, const hone_problem *problem) {
    return v->beside && problem->m >= v->beside_rows && !problem->a_scale_per_row &&
           v->beside[problem->act][hone_cpu_form(problem->c_type)];
}

/* The forms worth trying: what is not smooth is the same in all, and bytes have one where there are no
 * curves. */
static const char *forms(const hone_problem *problem, int curved) {
    int smooth = hone_activation_info(problem->act)->smooth;
    switch (hone_cpu_form(problem->c_type)) {
    case HONE_FORM_FAST:
        return smooth ? "fast high" : "fast";
    case HONE_FORM_BYTE:
        return curved ? "byte brief" : "byte";
    default:
        return "brief";
    }
}

/* Whether the epilogues of a form store the problem's C (cpu_abi.h). */
static int stores(const hone_isa_code *code, int form, hone_dtype c_type) {
    const int own = hone_cpu_form(c_type);
    return form == own || (own == HONE_FORM_FAST && form == HONE_FORM_HIGH) ||
           (own == HONE_FORM_BYTE && form == HONE_FORM_BRIEF && code->curve);
}

static int find_form(const char *name) {
    int form = HONE_FORM_COUNT - 1;
    while (form >= 0 && strcmp(form_names[form], name) != 0)
        form--;
    return form;
}

/* Where activations are looked at to see what they do, and as far below 0. */
static const double probes[] = {0, 1e-6, 0.01, 0.3, 0.5, 0.7, 1, 2, 2.5, 3, 4, 5.9, 6.1, 10, 1e3, 1e30};

/* Whether the activation only clamps, so that C can leave from the registers: its limits are then all there
 * is to know of it. */
static int clamps(float *low, float *high, const hone_problem *problem) {
    const hone_act_info *act = hone_activation_info(problem->act);
    const double *params = problem->act_params;
    if (act->per_column || act->lipschitz(params[0], params[1]) > 1) /* a jump may lie between the probes */
        return 0;
    double least = hone_activation_reference(problem->act, -INFINITY, params);
    double most = hone_activation_reference(problem->act, INFINITY, params);
    for (int i = 0; i < 2 * COUNT(probes); i++) {
        double x = i % 2 ? -probes[i / 2] : probes[i / 2];
        if (hone_activation_reference(problem->act, x, params) != fmin(most, fmax(least, x)))
            return 0;
    }
    *low = (float)least;
    *high = (float)most;
    return 1;
}

/* Whether the activation only has a slope below 0, its parameter or a value a column. */
static int leaks(const hone_problem *problem) {
    const hone_act_info *act = hone_activation_info(problem->act);
    const double params[2] = {act->per_column ? 0.75 : problem->act_params[0], problem->act_params[1]};
    if (act->param_count != 1 || !(act->lipschitz(params[0], params[1]) < INFINITY))
        return 0;
    for (int i = 0; i < COUNT(probes); i++) {
        double x = probes[i];
        if (hone_activation_reference(problem->act, x, params) != x ||
            hone_activation_reference(problem->act, -x, params) != params[0] * -x)
            return 0;
    }
    return 1;
}

/* Not where A has a scale a row, for which there are no registers. */
int hone_cpu_may_be_direct(const hone_variant *v, const hone_problem *problem) {
    float low, high;
    return strcmp(v->loop, "tile") == 0 && !problem->a_scale_per_row &&
           (clamps(&low, &high, problem) || leaks(problem) || hone_cpu_has_curve(v, problem));
}

/* Parameters that come from the generated variants, and the constraint that
 * says which combinations exist. */
typedef struct variant_lists {
    list isa, nr, tiles, beside;
    const hone_variant *last; /* the one whose tile was listed last */
    int most_rows;
    int curved, direct; /* some have a curve, are their own epilogue */
} variant_lists;

static int is_alike(const hone_variant *a, const hone_variant *b, const hone_problem *problem) {
    return strcmp(a->isa, b->isa) == 0 && strcmp(a->kind, b->kind) == 0 &&
           hone_cpu_in_place(a, problem) == hone_cpu_in_place(b, problem) &&
           hone_cpu_variant_is_dot(a) == hone_cpu_variant_is_dot(b);
}

/* All that is said in bytes: the words of pf are for register tiles. */
#define NO_WORD_OF_PF "&&(pf==0||pf==4096||pf==16384)"

/* The words and numbers of pf. One row meets no panel twice, and many rows read none in parts. */
static const char *distances(const hone_problem *problem) {
    return problem->m == 1                  ? "0 4096 parts streams nearby"
           : problem->m <= HONE_MOST_PARTED ? "0 4096 16384 next parts streams nearby"
                                            : "0 4096 16384 next";
}

/* Rows that a tile reads in parts: the sums of two parts take the room of twice as many. */
static int parted_rows(const hone_variant *v) { return v->mr / 2; }

/* Streams of packed weights go through all of them, whatever blocks are: one config for all. */
static const char *whole_streams(const hone_problem *problem) {
    return problem->m > HONE_MOST_PARTED || problem->weights_plain
               ? ""
               : "pf!='streams'&&pf!='nearby'||kc==kc_all&&nc==nc_all&&mr==mr_all&&gm==1&&inner=='n'";
}

/* Tiles that are alike share the longer part of their condition. */
static void list_tile(variant_lists *lists, const hone_variant *v, const hone_problem *problem) {
    int alike = lists->last && is_alike(lists->last, v, problem);
    char tile[160];
    if (!alike) {
        snprintf(tile, sizeof tile, "isa=='%s'&&wtype=='%s'%s%s%s&&(", v->isa, v->kind,
                 hone_cpu_in_place(v, problem) ? "" : "&&copy==1",
                 curves(problem) && !hone_cpu_has_curve(v, problem) ? "&&epi!='reg'&&form=='byte'" : "",
                 hone_cpu_variant_is_amx(v)   ? "&&epi!='reg'" NO_WORD_OF_PF
                 : hone_cpu_variant_is_dot(v) ? "&&epi=='l1'" NO_WORD_OF_PF
                                              : "");
        list_add(&lists->tiles, ")||", tile, 0);
    }
    int used = snprintf(tile, sizeof tile, "nr==%d&&mr<=%d", v->nr, v->mr);
    if (problem->m > 1 && problem->m <= HONE_MOST_PARTED && parted_rows(v) < problem->m &&
        strcmp(v->loop, "tile") == 0)
        snprintf(tile + used, sizeof tile - (size_t)used,
                 "&&(mr<=%d||pf!='parts'&&pf!='streams'&&pf!='nearby')", parted_rows(v));
    list_add(&lists->tiles, alike ? "||" : "", tile, 0);
    lists->last = v;
}

/* Tiles that do another's epilogue. */
static void list_beside(variant_lists *lists, const hone_variant *v, const hone_problem *problem) {
    char tile[160] = "";
    if (hone_cpu_variant_is_amx(v))
        snprintf(tile, sizeof tile, "isa=='%s'", v->isa);
    else if (hone_cpu_has_beside(v, problem))
        snprintf(tile, sizeof tile, "isa=='%s'&&wtype=='%s'&&nr==%d&&mr==%d&&pf==0", v->isa, v->kind, v->nr,
                 v->beside_rows);
    if (!*tile || strstr(lists->beside.text, tile))
        return;
    if (!lists->beside.used)
        list_add(&lists->beside, "", "epi!='beside'", 0);
    list_add(&lists->beside, "||", tile, 0);
}

static hone_status collect_variants(variant_lists *lists, const hone_problem *problem) {
    for (int i = 0; hone_cpu_variants[i]; i++) {
        const hone_variant *v = hone_cpu_variants[i];
        if (!hone_cpu_suits(v, problem) || !hone_cpu_runs(v))
            continue;
        char word[16];
        list_add(&lists->isa, " ", v->isa, 1);
        lists->most_rows = v->mr > lists->most_rows ? v->mr : lists->most_rows;
        snprintf(word, sizeof word, "%d", v->nr);
        list_add(&lists->nr, " ", word, 1);
        lists->curved |= hone_cpu_has_curve(v, problem);
        lists->direct |= hone_cpu_may_be_direct(v, problem);
        list_tile(lists, v, problem);
        list_beside(lists, v, problem);
    }
    list_add(&lists->tiles, "", ")", 0);
    if (lists->tiles.full || lists->beside.full)
        return hone_fail(HONE_E_NOMEM, "more register tiles than their constraint has room for");
    if (!lists->isa.used)
        return hone_fail(HONE_E_UNAVAILABLE, "no CPU kernel for %s in this build",
                         hone_dtype_name(problem->dtype));
    return HONE_OK;
}

hone_status hone_cpu_space(hone_space **out, const hone_device *device, const hone_problem *problem,
                           int threads) {
    (void)device;
    variant_lists v = {0};
    hone_space *space = NULL;
    hone_status status = collect_variants(&v, problem);
    if (status || (status = hone_space_create(&space)))
        return status;

    int mr_count = 0, grid_count = 0;
    int64_t grid[MAX_GRID];
    while (mr_count < COUNT(tile_rows) && tile_rows[mr_count] <= v.most_rows)
        mr_count++;
    for (int64_t g = 1; g <= threads; g++)
        if (threads % g == 0 && grid_count < MAX_GRID)
            grid[grid_count++] = g;

    char wtype[16];
    snprintf(wtype, sizeof wtype, "%s%s", hone_dtype_name(problem->dtype),
             is_half(problem->dtype) ? " f32" : "");

    char epilogues[24];
    snprintf(epilogues, sizeof epilogues, "%sl1%s", v.direct ? "reg " : "", v.beside.used ? " beside" : "");
    const struct {
        const char *name, *words; /* words, or numbers */
        const int64_t *numbers;
        int count;
    } params[] = {{"isa", v.isa.text, NULL, 0},    {"wtype", wtype, NULL, 0},
                  {"nr", v.nr.text, NULL, 0},      {"mr", NULL, tile_rows, mr_count},
                  {"copy", "0 1", NULL, 0},        {"kc", NULL, depths, COUNT(depths)},
                  {"mc", NULL, rows, COUNT(rows)}, {"nc", NULL, columns, COUNT(columns)},
                  {"inner", "m n", NULL, 0},       {"pf", distances(problem), NULL, 0},
                  {"epi", epilogues, NULL, 0},     {"gm", NULL, grid, grid_count},
                  {"gn", NULL, grid, grid_count},  {"form", forms(problem, v.curved), NULL, 0}};
    for (int i = 0; i < COUNT(params); i++) {
        status = params[i].words
                     ? hone_space_param(space, params[i].name, params[i].words)
                     : hone_space_numbers(space, params[i].name, params[i].numbers, params[i].count);
        if (status)
            goto fail;
    }

    const struct {
        const char *name;
        int64_t value;
    } constants[] = {{"m", problem->m},
                     {"n", problem->n},
                     {"k", problem->k},
                     {"threads", threads},
                     {"mr_all", covering(tile_rows, COUNT(tile_rows), problem->m)},
                     {"kc_all", covering(depths, COUNT(depths), problem->k)},
                     {"mc_all", covering(rows, COUNT(rows), problem->m)},
                     {"nc_all", covering(columns, COUNT(columns), problem->n)}};
    for (int i = 0; i < COUNT(constants); i++)
        if ((status = hone_space_constant(space, constants[i].name, constants[i].value)))
            goto fail;

    const char *constraints[] = {v.tiles.text,
                                 "gm * gn <= threads",
                                 "mr < m || mr == mr_all",
                                 "kc < k || kc == kc_all",
                                 "mc < m || mc == mc_all",
                                 "nc < n || nc == nc_all",
                                 v.curved ? "epi != 'reg' || form == 'byte'" : "",
                                 whole_streams(problem),
                                 v.beside.text};
    for (int i = 0; i < COUNT(constraints); i++)
        if (*constraints[i] && (status = hone_space_require(space, constraints[i])))
            goto fail;
    *out = space;
    return HONE_OK;

fail:
    hone_space_destroy(space);
    return status;
}

/* The parameters of a config that are numbers, all of them needed. */
static hone_status read_numbers(hone_cpu_config *out, int64_t *nr, const hone_config *config) {
    int64_t mr, gm, gn, copy;
    const struct {
        const char *name;
        int64_t *to;
    } numbers[] = {{"nr", nr},       {"mr", &mr},      {"copy", &copy}, {"kc", &out->kc},
                   {"mc", &out->mc}, {"nc", &out->nc}, {"gm", &gm},     {"gn", &gn}};
    for (int i = 0; i < COUNT(numbers); i++) {
        hone_status status = hone_config_get_int(numbers[i].to, config, numbers[i].name);
        if (status)
            return status;
    }
    if (mr < 1 || mr > INT16_MAX || *nr < 1 || *nr > INT16_MAX || gm < 1 || gm > INT16_MAX || gn < 1 ||
        gn > INT16_MAX || out->kc < 1 || out->mc < 1 || out->nc < 1)
        return hone_fail(HONE_E_USAGE, "a CPU config has a number out of range");
    out->mr = (int)mr;
    out->gm = (int)gm;
    out->gn = (int)gn;
    out->copy_a = copy != 0;
    return HONE_OK;
}

const char *hone_cpu_form_name(int form) { return form_names[form]; }

hone_status hone_cpu_config_read(hone_cpu_config *out, const hone_problem *problem,
                                 const hone_config *config) {
    hone_status status;
    int64_t nr;
    hone_cpu_config read = {0};
    const char *isa_name = hone_config_get(config, "isa"), *wtype = hone_config_get(config, "wtype"),
               *inner = hone_config_get(config, "inner"), *epi = hone_config_get(config, "epi"),
               *form = hone_config_get(config, "form"), *pf = hone_config_get(config, "pf");
    read.form = form ? find_form(form) : -1;
    if (!isa_name || !wtype || !inner || !epi || read.form < 0 || !pf)
        return hone_fail(HONE_E_USAGE, "a CPU config needs isa, wtype, inner, pf, epi and form");
    if ((status = read_numbers(&read, &nr, config)))
        return status;
    const hone_cpu_isa *isa = hone_cpu_isa_find(isa_name);
    const hone_variant *v = read.variant = hone_cpu_variant_find(isa_name, wtype, (int)nr);
    if (!isa || !v || read.mr > v->mr || !hone_cpu_suits(v, problem))
        return hone_fail(HONE_E_USAGE, "there is no %s tile %dx%lld of %s", isa_name, read.mr, (long long)nr,
                         wtype);
    if (!hone_cpu_isa_runs(isa))
        return hone_fail(HONE_E_UNAVAILABLE, "this CPU cannot run %s (it needs %s)", isa->name, isa->needs);
    if (!stores(isa->code, read.form, problem->c_type))
        return hone_fail(HONE_E_USAGE, "'form=%s' of %s is not for C of %s", form, isa_name,
                         hone_dtype_name(problem->c_type));
    read.edge = problem->n % nr ? hone_cpu_variant_edge(v, (int)(problem->n % nr)) : v;
    read.code = isa->code;
    read.inner_n = strcmp(inner, "n") == 0;
    read.fetch_next = strcmp(pf, "next") == 0;
    read.nearby = strcmp(pf, "nearby") == 0;
    read.abreast = read.nearby || strcmp(pf, "streams") == 0;
    read.parts = read.abreast || strcmp(pf, "parts") == 0;
    if (!read.fetch_next && !read.parts && (status = hone_config_get_int(&read.prefetch, config, "pf")))
        return status;
    read.starts = !hone_cpu_variant_is_dot(v);
    read.flushes = strcmp(v->kind, "bf16") == 0 && v->group > 1;
    read.curved = read.form == HONE_FORM_BYTE && hone_cpu_has_curve(v, problem);
    read.low = -INFINITY;
    read.high = INFINITY;
    read.leaks = leaks(problem);
    read.direct = strcmp(epi, "reg") == 0 && hone_cpu_may_be_direct(v, problem) &&
                  (clamps(&read.low, &read.high, problem) || read.leaks || read.curved);
    read.beside = strcmp(epi, "beside") == 0;
    if (read.beside && !hone_cpu_variant_is_amx(v)) {
        if (!hone_cpu_has_beside(v, problem) || read.mr != v->beside_rows || strcmp(pf, "0") != 0)
            return hone_fail(HONE_E_USAGE, "'epi=beside' is not for %s tiles %dx%d of %s with pf=%s",
                             isa_name, read.mr, v->nr, hone_activation_name(problem->act), pf);
        read.beside_tile = v->beside[problem->act][read.form];
    }
    if ((read.fetch_next || read.parts) && strcmp(v->loop, "tile") != 0)
        return hone_fail(HONE_E_USAGE, "'pf=%s' is neither for AMX nor for dot products", pf);
    if (read.parts && problem->m > 1 && (problem->m > HONE_MOST_PARTED || read.mr > parted_rows(v)))
        return hone_fail(HONE_E_USAGE, "'pf=%s' is for M up to %d, and here for tiles of %d rows", pf,
                         (int)HONE_MOST_PARTED, parted_rows(v));
    read.clamp = read.high < INFINITY   ? HONE_CLAMP_BOTH
                 : read.low > -INFINITY ? HONE_CLAMP_LOW
                                        : HONE_CLAMP_NONE;
    read.widened = is_half(problem->dtype) && strcmp(wtype, "f32") == 0;
    *out = read;
    return HONE_OK;
}

int64_t hone_cpu_depth(int64_t k, int64_t want) { return declared(depths, COUNT(depths), k, want); }
int64_t hone_cpu_rows(int64_t m, int64_t want) { return declared(rows, COUNT(rows), m, want); }
int64_t hone_cpu_columns(int64_t n, int64_t want) { return declared(columns, COUNT(columns), n, want); }
int64_t hone_cpu_tile_rows(int64_t m, int64_t want) { return declared(tile_rows, COUNT(tile_rows), m, want); }

double hone_cpu_lower_bound(const hone_device *device, const hone_problem *problem, const hone_config *config,
                            int threads) {
    (void)device;
    hone_cpu_config c = {0};
    if (hone_cpu_config_read(&c, problem, config))
        return 0;
    const hone_cpu_isa *isa = hone_cpu_isa_find(c.variant->isa);
    if (isa->lanes == 1)
        return 0; /* how many lanes the compiler made of scalar code is not known */
    double products = (double)problem->m * (double)problem->n * (double)problem->k;
    double ports = isa->lanes < 8 ? 4 : 2; /* processors with narrow vectors have more units */
    double per_cycle = ports * isa->lanes * c.variant->group;
    if (hone_cpu_variant_is_amx(c.variant)) /* 16 x 16 x 16 groups in 16 cycles */
        per_cycle = (double)HONE_AMX_ROWS * isa->lanes * c.variant->group;
    return products / (per_cycle * 6e3 * threads);
}

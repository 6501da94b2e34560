#include "cpu_space.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int64_t depths[] = {128, 256, 384, 512, 768, 1024, 2048, 4096, 8192};
static const int64_t rows[] = {12, 24, 48, 96, 192, 384, 768};
static const int64_t columns[] = {64, 128, 256, 512, 1024, 2048, 4096};

#define COUNT(array) ((int)(sizeof(array) / sizeof(array)[0]))

/* The smallest value that covers `extent`, else the largest: larger values would
 * name the same kernel twice. */
static int64_t covering(const int64_t *values, int count, int64_t extent) {
    for (int i = 0; i < count; i++)
        if (values[i] >= extent)
            return values[i];
    return values[count - 1];
}

typedef struct list {
    char text[8192];
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

static void list_numbers(list *l, const int64_t *values, int count) {
    for (int i = 0; i < count; i++) {
        char word[24];
        snprintf(word, sizeof word, "%lld", (long long)values[i]);
        list_add(l, " ", word, 0);
    }
}

static int is_half(hone_dtype dtype) { return dtype == HONE_F16 || dtype == HONE_BF16; }

/* Whether a variant computes the problem with its weights in their own type, or
 * widened to f32. */
static int suits(const hone_variant *v, const hone_problem *problem) {
    return strcmp(v->kind, hone_dtype_name(problem->dtype)) == 0 ||
           (is_half(problem->dtype) && strcmp(v->kind, "f32") == 0);
}

static int runs(const hone_variant *v) {
    const hone_cpu_isa *isa = hone_cpu_isa_find(v->isa);
    return isa && hone_cpu_isa_runs(isa);
}

/* Parameters that come from the generated variants, and the constraint that
 * says which combinations exist. */
typedef struct variant_lists {
    list isa, mr, nr, tiles;
} variant_lists;

static hone_status collect_variants(variant_lists *lists, const hone_problem *problem) {
    for (int i = 0; hone_cpu_variants[i]; i++) {
        const hone_variant *v = hone_cpu_variants[i];
        if (!suits(v, problem) || !runs(v))
            continue;
        char word[96];
        list_add(&lists->isa, " ", v->isa, 1);
        snprintf(word, sizeof word, "%d", v->mr);
        list_add(&lists->mr, " ", word, 1);
        snprintf(word, sizeof word, "%d", v->nr);
        list_add(&lists->nr, " ", word, 1);
        snprintf(word, sizeof word, "isa=='%s'&&wtype=='%s'&&mr==%d&&nr==%d", v->isa, v->kind, v->mr, v->nr);
        list_add(&lists->tiles, "||", word, 0);
    }
    if (lists->tiles.full)
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
    list kc = {0}, mc = {0}, nc = {0}, gm = {0};
    hone_space *space = NULL;
    hone_status status = collect_variants(&v, problem);
    if (status || (status = hone_space_create(&space)))
        return status;

    list_numbers(&kc, depths, COUNT(depths));
    list_numbers(&mc, rows, COUNT(rows));
    list_numbers(&nc, columns, COUNT(columns));
    for (int64_t g = 1; g <= threads; g++)
        if (threads % g == 0)
            list_numbers(&gm, &g, 1);

    char wtype[16];
    snprintf(wtype, sizeof wtype, "%s%s", hone_dtype_name(problem->dtype),
             is_half(problem->dtype) ? " f32" : "");

    const struct {
        const char *name, *values;
    } params[] = {{"isa", v.isa.text}, {"wtype", wtype}, {"mr", v.mr.text}, {"nr", v.nr.text},
                  {"kc", kc.text},     {"mc", mc.text},  {"nc", nc.text},   {"gm", gm.text}};
    for (int i = 0; i < COUNT(params); i++)
        if ((status = hone_space_param(space, params[i].name, params[i].values)))
            goto fail;

    const struct {
        const char *name;
        int64_t value;
    } constants[] = {{"m", problem->m},
                     {"n", problem->n},
                     {"k", problem->k},
                     {"kc_all", covering(depths, COUNT(depths), problem->k)},
                     {"mc_all", covering(rows, COUNT(rows), problem->m)},
                     {"nc_all", covering(columns, COUNT(columns), problem->n)}};
    for (int i = 0; i < COUNT(constants); i++)
        if ((status = hone_space_constant(space, constants[i].name, constants[i].value)))
            goto fail;

    const char *constraints[] = {v.tiles.text, "kc < k || kc == kc_all", "mc < m || mc == mc_all",
                                 "nc < n || nc == nc_all"};
    for (int i = 0; i < COUNT(constraints); i++)
        if ((status = hone_space_require(space, constraints[i])))
            goto fail;
    *out = space;
    return HONE_OK;

fail:
    hone_space_destroy(space);
    return status;
}

/* The preferred variant: the last instruction set that runs; of its tiles, the
 * one with the fewest rows that covers M, else the one with the most work per
 * load. */
static const hone_variant *default_variant(const hone_problem *problem) {
    const hone_variant *best = NULL;
    for (int i = 0; hone_cpu_variants[i]; i++) {
        const hone_variant *v = hone_cpu_variants[i];
        if (strcmp(v->kind, hone_dtype_name(problem->dtype)) != 0 || !runs(v))
            continue;
        if (!best || strcmp(v->isa, best->isa) != 0) {
            best = v;
            continue;
        }
        int covers = v->mr >= problem->m, best_covers = best->mr >= problem->m;
        if (covers != best_covers ? covers : covers ? v->mr < best->mr : v->mr * v->nr > best->mr * best->nr)
            best = v;
    }
    return best;
}

/* Threads along M that make the parts of A and B together smallest. */
static int default_grid(const hone_problem *problem, int threads) {
    int best = 1;
    double best_cost = 0;
    for (int gm = 1; gm <= threads; gm++) {
        if (threads % gm)
            continue;
        double cost = (double)problem->m / gm + (double)problem->n / (threads / gm);
        if (gm == 1 || cost < best_cost) {
            best = gm;
            best_cost = cost;
        }
    }
    return best;
}

hone_status hone_cpu_default_config(hone_config *out, const hone_device *device, const hone_problem *problem,
                                    int threads) {
    (void)device;
    const hone_variant *v = default_variant(problem);
    if (!v)
        return hone_fail(HONE_E_UNAVAILABLE, "no CPU kernel for %s in this build",
                         hone_dtype_name(problem->dtype));
    /* One slice spares the buffer of sums; against kc = 128 the time ratios of four
     * shapes had medians of 0.97 to 1.11, within a noise of 0.7 to 1.5. */
    const int64_t kc = problem->k <= 1024 ? covering(depths, COUNT(depths), problem->k) : 512;
    const int64_t mc_all = covering(rows, COUNT(rows), problem->m);
    const int64_t nc_all = covering(columns, COUNT(columns), problem->n);

    hone_config config = {0};
    hone_status status;
    if ((status = hone_config_set(&config, "isa", v->isa)) ||
        (status = hone_config_set(&config, "wtype", v->kind)) ||
        (status = hone_config_set_int(&config, "mr", v->mr)) ||
        (status = hone_config_set_int(&config, "nr", v->nr)) ||
        (status = hone_config_set_int(&config, "kc", kc)) ||
        (status = hone_config_set_int(&config, "mc", mc_all < 192 ? mc_all : 192)) ||
        (status = hone_config_set_int(&config, "nc", nc_all < 1024 ? nc_all : 1024)) ||
        (status = hone_config_set_int(&config, "gm", default_grid(problem, threads))))
        return status;
    *out = config;
    return HONE_OK;
}

hone_status hone_cpu_config_read(hone_cpu_config *out, const hone_problem *problem,
                                 const hone_config *config) {
    hone_status status;
    int64_t mr, nr, gm;
    hone_cpu_config read = {0};
    const char *isa_name = hone_config_get(config, "isa"), *wtype = hone_config_get(config, "wtype");
    if (!isa_name || !wtype)
        return hone_fail(HONE_E_USAGE, "a CPU config needs isa and wtype");
    if ((status = hone_config_get_int(&mr, config, "mr")) ||
        (status = hone_config_get_int(&nr, config, "nr")) ||
        (status = hone_config_get_int(&gm, config, "gm")) ||
        (status = hone_config_get_int(&read.kc, config, "kc")) ||
        (status = hone_config_get_int(&read.mc, config, "mc")) ||
        (status = hone_config_get_int(&read.nc, config, "nc")))
        return status;
    const hone_cpu_isa *isa = hone_cpu_isa_find(isa_name);
    read.variant = mr > 0 && mr < 1024 && nr > 0 && nr < 4096
                       ? hone_cpu_variant_find(isa_name, wtype, (int)mr, (int)nr)
                       : NULL;
    if (!isa || !read.variant || !suits(read.variant, problem))
        return hone_fail(HONE_E_USAGE, "there is no %s tile %lldx%lld of %s", isa_name, (long long)mr,
                         (long long)nr, wtype);
    if (!hone_cpu_isa_runs(isa))
        return hone_fail(HONE_E_UNAVAILABLE, "this CPU cannot run %s (it needs %s)", isa->name, isa->needs);
    read.code = isa->code;
    read.gm = (int)gm;
    read.widened = is_half(problem->dtype) && strcmp(wtype, "f32") == 0;
    *out = read;
    return HONE_OK;
}

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
    double per_cycle = 2.0 * isa->lanes * c.variant->group;
    return products / (per_cycle * 6e3 * threads);
}

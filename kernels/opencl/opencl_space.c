#include "opencl_space.h"

#include <stdlib.h>
#include <string.h>

#include "activation.h"
#include "status.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof(array)[0]))

/* A scalar device's work-items have this many registers for sums; a CPU has as many vectors. */
enum { GPU_SUMS = 128, CPU_SUMS = 32 };

/* Work-items that keep a compute unit of a GPU busy. */
enum { GPU_ITEMS = 512 };

static const hone_opencl_weights weight_kinds[] = {
    {"f32", "TYPE_F32", HONE_DTYPE_COUNT, 1, 4}, {"f16", "TYPE_F16", HONE_F16, 1, 2},
    {"bf16", "TYPE_BF16", HONE_BF16, 1, 2},      {"s8", "TYPE_S8", HONE_S8, 1, 1},
    {"s8x4", "TYPE_S8", HONE_S8, 4, 4},
};

static const hone_opencl_weights *find_weights(const char *name) {
    for (int i = 0; i < COUNT(weight_kinds); i++)
        if (strcmp(weight_kinds[i].name, name) == 0)
            return &weight_kinds[i];
    return NULL;
}

int hone_opencl_panel(const hone_opencl_config *c) { return c->lx * c->nv * c->vec; }

int64_t hone_opencl_depth(const hone_opencl_config *c, int64_t k) {
    return hone_opencl_pieces(k, c->weights->group);
}

/* The forms worth trying, the first being the usual one: what is not smooth is the same in all. */
static const char *forms(const hone_problem *problem) {
    int smooth = hone_activation_info(problem->act)->smooth;
    switch (problem->c_type) {
    case HONE_F32:
        return smooth ? "fast high" : "fast";
    case HONE_S8:
    case HONE_U8:
        return smooth ? "byte brief" : "byte";
    default:
        return "brief";
    }
}

/* Values of wtype for a problem on a device. */
static void list_weights(char *out, size_t size, const hone_problem *problem, hone_dot4 dot4) {
    size_t used = 0;
    for (int i = 0; i < COUNT(weight_kinds); i++) {
        const hone_opencl_weights *w = &weight_kinds[i];
        if ((w->dtype == HONE_DTYPE_COUNT || w->dtype == problem->dtype) &&
            (w->group == 1 || dot4 > HONE_DOT4_NONE))
            used += (size_t)snprintf(out + used, size - used, "%s%s", used ? " " : "", w->name);
    }
}

/* What the constraints know of problem and device. */
typedef struct constants {
    int64_t sums;                /* floats of a work-item's tile */
    int64_t dot_least, dot_most; /* vectors that dot4 takes */
    int64_t a_in_place;          /* dot4 can read four k of A where they lie */
} constants;

static constants find_constants(const hone_opencl_device *d, const hone_problem *p, hone_dot4 dot4) {
    int wide = dot4 == HONE_DOT4_AVX512VNNI;
    return (constants){
        .sums = d->is_cpu ? (int64_t)CPU_SUMS * (d->lanes > 1 ? d->lanes : 1) : GPU_SUMS,
        .dot_least = wide ? 16 : 1,
        .dot_most = wide ? 16 : 4,
        .a_in_place = p->k % 4 == 0 && (!wide || p->a_type == HONE_U8),
    };
}

hone_status hone_opencl_space(hone_space **out, const hone_device *device, const hone_problem *problem,
                              int threads) {
    hone_opencl_device *d;
    hone_space *space = NULL;
    hone_status status = hone_opencl_open(&d, device);
    (void)threads; /* the driver's */
    if (status || (status = hone_space_create(&space)))
        return status;
    const hone_dot4 dot4 = problem->dtype == HONE_S8 ? hone_opencl_dot4(d) : HONE_DOT4_NONE;
    const constants known = find_constants(d, problem, dot4);
    char weights[64];
    list_weights(weights, sizeof weights, problem, dot4);
    const struct {
        const char *name, *values;
    } params[] = {{"family", "tile"},      {"vec", "1 2 4 8 16"},
                  {"nv", "1 2 3 4"},       {"mr", "1 2 3 4 5 6 7 8 10 12 14 16"},
                  {"lx", "1 2 4 8 16 32"}, {"ly", "1 2 4 8 16"},
                  {"tm", "1 2 4 8"},       {"ku", "1 2 4"},
                  {"ks", "1 2 4 8 16"},    {"bk", "0"},
                  {"stages", "1"},         {"pad", "0"},
                  {"wtype", weights},      {"copy", "0 1"},
                  {"inner", "m n"},        {"epi", "reg buf"},
                  {"form", forms(problem)}};
    for (int i = 0; i < COUNT(params); i++)
        if ((status = hone_space_param(space, params[i].name, params[i].values)))
            goto fail;
    const struct {
        const char *name;
        int64_t value;
    } numbers[] = {{"m", problem->m},
                   {"n", problem->n},
                   {"k", problem->k},
                   {"cpu", d->is_cpu},
                   {"lanes", d->lanes},
                   {"items", (int64_t)d->units * (d->is_cpu ? 4 : GPU_ITEMS)},
                   {"most_group", (int64_t)d->most_group},
                   {"most_sums", known.sums},
                   {"dot_least", known.dot_least},
                   {"dot_most", known.dot_most},
                   {"a_in_place", known.a_in_place}};
    for (int i = 0; i < COUNT(numbers); i++)
        if ((status = hone_space_constant(space, numbers[i].name, numbers[i].value)))
            goto fail;
    const char *const constraints[] = {
        "lx * ly <= most_group",
        "lx * ly == 1 || !cpu", /* a CPU runs the items of a group one after another, so that its vectors */
        "cpu && 2 * vec >= lanes || !cpu && vec <= 4", /* are the work-items' own; others make vectors of
                                                          work-items */
        "mr * nv * vec <= most_sums",
        "(nv * lx - 1) * vec < n", /* nothing that lies outside of C altogether */
        "mr == 1 || mr <= m",
        "ly == 1 || (ly - 1) * mr < m",
        "tm == 1 || (tm - 1) * ly * mr < m",
        "ks == 1 || ks * 64 <= k",
        /* K is split where there are not enough tiles to go round. */
        "ks == 1 || ((m + mr - 1) / mr) * ((n + nv * vec * lx - 1) / (nv * vec * lx)) < ks * items",
        "epi == 'reg' || ks == 1",
        "wtype != 's8x4' || (vec >= dot_least && vec <= dot_most)",
        "copy == 1 || wtype != 's8x4' || a_in_place",
    };
    for (int i = 0; i < COUNT(constraints); i++)
        if ((status = hone_space_require(space, constraints[i])))
            goto fail;
    *out = space;
    return HONE_OK;

fail:
    hone_space_destroy(space);
    return status;
}

hone_status hone_opencl_config_read(hone_opencl_config *out, const hone_config *config) {
    hone_opencl_config read = {0};
    int64_t copy;
    const struct {
        const char *name;
        int *to;
    } numbers[] = {{"vec", &read.vec}, {"nv", &read.nv},         {"mr", &read.mr},  {"lx", &read.lx},
                   {"ly", &read.ly},   {"tm", &read.tm},         {"ku", &read.ku},  {"ks", &read.ks},
                   {"bk", &read.bk},   {"stages", &read.stages}, {"pad", &read.pad}};
    for (int i = 0; i < COUNT(numbers); i++) {
        int64_t value;
        hone_status status = hone_config_get_int(&value, config, numbers[i].name);
        if (status)
            return status;
        if (value < 0 || value > INT16_MAX)
            return hone_fail(HONE_E_USAGE, "an OpenCL config has %s out of range", numbers[i].name);
        *numbers[i].to = (int)value;
    }
    hone_status status = hone_config_get_int(&copy, config, "copy");
    const char *family = hone_config_get(config, "family"), *wtype = hone_config_get(config, "wtype"),
               *inner = hone_config_get(config, "inner"), *epi = hone_config_get(config, "epi"),
               *form = hone_config_get(config, "form");
    if (status)
        return status;
    if (!family || !wtype || !inner || !epi || !form || !(read.weights = find_weights(wtype)))
        return hone_fail(HONE_E_USAGE, "an OpenCL config needs family, wtype, inner, epi and form");
    read.local = strcmp(family, "local") == 0;
    read.copy_a = copy != 0;
    read.inner_n = strcmp(inner, "n") == 0;
    read.buffered = strcmp(epi, "buf") == 0;
    snprintf(read.form, sizeof read.form, "%s", form);
    *out = read;
    return HONE_OK;
}

/* The largest of the declared values that is at most `most`. */
static int at_most(const int *values, int count, int64_t most) {
    int best = values[0];
    for (int i = 0; i < count; i++)
        if (values[i] <= most)
            best = values[i];
    return best;
}

hone_status hone_opencl_default_config(hone_config *out, const hone_device *device,
                                       const hone_problem *problem, int threads) {
    static const int vecs[] = {1, 2, 4, 8, 16}, rows[] = {1, 2, 3, 4, 5, 6, 7, 8};
    hone_opencl_device *d;
    hone_config config = {0};
    hone_status status = hone_opencl_open(&d, device);
    (void)threads;
    if (status)
        return status;
    const hone_dot4 dot4 = problem->dtype == HONE_S8 ? hone_opencl_dot4(d) : HONE_DOT4_NONE;
    const int dotted = dot4 > HONE_DOT4_NONE;
    int vec = d->is_cpu ? at_most(vecs, COUNT(vecs), d->lanes) : 4;
    if (dotted)
        vec = dot4 == HONE_DOT4_AVX512VNNI ? 16 : vec < 4 ? vec : 4;
    int mr = at_most(rows, COUNT(rows), problem->m), nv = 3;
    while (nv > 1 && (nv - 1) * vec >= problem->n)
        nv--;
    const struct {
        const char *name;
        int64_t value;
    } numbers[] = {{"vec", vec}, {"nv", nv}, {"mr", mr}, {"lx", 1},     {"ly", 1},  {"tm", 1},
                   {"ku", 1},    {"ks", 1},  {"bk", 0},  {"stages", 1}, {"pad", 0}, {"copy", 1}};
    for (int i = 0; i < COUNT(numbers); i++)
        if ((status = hone_config_set_int(&config, numbers[i].name, numbers[i].value)))
            return status;
    /* One copy of code that is long, where it does not matter that sums pass through memory. */
    const int buffered =
        d->is_cpu && (hone_activation_info(problem->act)->smooth || problem->c_type != HONE_F32);
    char form[HONE_CONFIG_VALUE];
    const char *usual = forms(problem);
    snprintf(form, sizeof form, "%.*s", (int)strcspn(usual, " "), usual);
    if ((status = hone_config_set(&config, "family", "tile")) ||
        (status = hone_config_set(&config, "wtype", dotted ? "s8x4" : "f32")) ||
        (status = hone_config_set(&config, "inner", "m")) ||
        (status = hone_config_set(&config, "epi", buffered ? "buf" : "reg")) ||
        (status = hone_config_set(&config, "form", form)))
        return status;
    *out = config;
    return HONE_OK;
}

#include "opencl_space.h"

#include <stdlib.h>
#include <string.h>

#include "activation.h"
#include "opencl_model.h"
#include "status.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof(array)[0]))

/* Floats that a work-item of a GPU has registers to sum in, and vectors that one of a CPU has. */
enum { GPU_SUMS = 128, CPU_SUMS = 32 };

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

int hone_opencl_panel_rows(const hone_opencl_config *c) { return c->local ? c->mr * c->ly : c->mr; }

int64_t hone_opencl_depth(const hone_opencl_config *c, int64_t k) {
    return hone_opencl_pieces(k, c->weights->group);
}

const char *hone_opencl_forms(const hone_problem *problem) {
    const int smooth = hone_activation_info(problem->act)->smooth;
    return problem->c_type != HONE_F32 ? "brief" : smooth ? "fast high" : "fast";
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

/* A device's vectors: a CPU's own, and half of them, for work-items that are alone in their group, because it
 * runs the items of a group one after another; others make vectors of work-items. */
static void list_vectors(char out[32], const hone_opencl_device *d) {
    if (!d->is_cpu)
        snprintf(out, 32, "1 2 4");
    else if (d->lanes > 1)
        snprintf(out, 32, "%d %d", d->lanes / 2, d->lanes);
    else
        snprintf(out, 32, "1");
}

typedef struct parameter {
    const char *name, *values;
} parameter;

typedef struct number {
    const char *name;
    int64_t value;
} number;

static hone_status declare_parameters(hone_space *space, const hone_opencl_device *d,
                                      const hone_problem *problem, hone_dot4 dot4) {
    char weights[64], vectors[32];
    const int cpu = d->is_cpu, local = d->local_bytes > 0;
    const int in_place = problem->weights_plain && !problem->weights_transposed &&
                         problem->dtype != HONE_S8; /* which needs sums over k */
    list_weights(weights, sizeof weights, problem, dot4);
    list_vectors(vectors, d);
    const parameter list[] = {{"family", local ? "tile local" : "tile"},
                              {"vec", vectors},
                              {"nv", "1 2 3 4"},
                              {"mr", "1 2 3 4 5 6 7 8 10 12 14 16"},
                              {"lx", cpu ? "1" : "1 2 4 8 16 32"},
                              {"ly", cpu ? "1" : "1 2 4 8 16"},
                              {"tm", "1 2 4 8"},
                              {"ku", "1 2 4"},
                              {"ks", "1 2 4 8 16"},
                              {"bk", local ? "0 8 16 32" : "0"},
                              {"stages", local ? "1 2" : "1"},
                              {"pad", local ? "0 1 4" : "0"},
                              {"wtype", weights},
                              {"pack", in_place ? "1 0" : "1"},
                              {"copy", "0 1"},
                              {"inner", "m n"},
                              {"epi", "reg buf"},
                              {"form", hone_opencl_forms(problem)}};
    hone_status status = HONE_OK;
    for (int i = 0; i < COUNT(list) && !status; i++)
        status = hone_space_param(space, list[i].name, list[i].values);
    return status;
}

/* What the constraints know of problem and device. */
static hone_status declare_numbers(hone_space *space, const hone_opencl_device *d, const hone_problem *p,
                                   hone_dot4 dot4) {
    const int wide = dot4 == HONE_DOT4_AVX512VNNI;
    const number list[] = {
        {"m", p->m},
        {"n", p->n},
        {"k", p->k},
        {"busy", hone_opencl_busy(d)},
        {"most_group", (int64_t)d->most_group},
        {"most_sums", d->is_cpu ? (int64_t)CPU_SUMS * d->lanes : GPU_SUMS},
        {"local_bytes", d->local_bytes},
        {"dot_least", wide ? 16 : 1},
        {"words_of_a",
         p->k % 4 == 0 && (!wide || p->a_type == HONE_U8)}, /* four k can be read where they lie */
    };
    hone_status status = HONE_OK;
    for (int i = 0; i < COUNT(list) && !status; i++)
        status = hone_space_constant(space, list[i].name, list[i].value);
    return status;
}

static hone_status declare_constraints(hone_space *space, const hone_problem *problem) {
    char in_place[64]; /* weights that are read in place have their own type */
    snprintf(in_place, sizeof in_place, "pack == 1 || wtype == '%s'", hone_dtype_name(problem->dtype));
    const char *const list[] = {
        "lx * ly <= most_group",
        "mr * nv * vec <= most_sums",
        /* No work-item is outside of C altogether, whichever tile it is of. */
        "(nv * lx - 1) * vec < n",
        "mr == 1 || mr <= m",
        "ly == 1 || (ly - 1) * mr < m",
        "tm == 1 || (tm - 1) * ly * mr < m",
        /* K is split where there are not enough tiles to go round. */
        "ks == 1 || ks * 64 <= k",
        "ks == 1 || ((m + mr - 1) / mr) * ((n + nv * vec - 1) / (nv * vec)) < ks * busy",
        "epi == 'reg' || ks == 1",
        "wtype != 's8x4' || (vec >= dot_least)",
        "copy == 1 || wtype != 's8x4' || words_of_a",
        in_place,
        /* What one family has and the other not. */
        "family == 'tile' && bk == 0 && stages == 1 && pad == 0 || family == 'local' && bk > 0",
        "family == 'tile' || tm == 1 && ku == 1 && lx * ly >= 16",
        "family == 'tile' || 4 * stages * bk * (ly * mr + pad + lx * nv * vec) <= local_bytes",
    };
    hone_status status = HONE_OK;
    for (int i = 0; i < COUNT(list) && !status; i++)
        status = hone_space_require(space, list[i]);
    return status;
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
    if ((status = declare_parameters(space, d, problem, dot4)) ||
        (status = declare_numbers(space, d, problem, dot4)) ||
        (status = declare_constraints(space, problem))) {
        hone_space_destroy(space);
        return status;
    }
    *out = space;
    return HONE_OK;
}

hone_status hone_opencl_config_read(hone_opencl_config *out, const hone_config *config) {
    hone_opencl_config read = {0};
    const struct {
        const char *name;
        int *to;
    } numbers[] = {{"vec", &read.vec},    {"nv", &read.nv},         {"mr", &read.mr},   {"lx", &read.lx},
                   {"ly", &read.ly},      {"tm", &read.tm},         {"ku", &read.ku},   {"ks", &read.ks},
                   {"bk", &read.bk},      {"stages", &read.stages}, {"pad", &read.pad}, {"pack", &read.pack},
                   {"copy", &read.copy_a}};
    for (int i = 0; i < COUNT(numbers); i++) {
        int64_t value;
        hone_status status = hone_config_get_int(&value, config, numbers[i].name);
        if (status)
            return status;
        if (value < 0 || value > INT16_MAX)
            return hone_fail(HONE_E_USAGE, "an OpenCL config has %s out of range", numbers[i].name);
        *numbers[i].to = (int)value;
    }
    const char *family = hone_config_get(config, "family"), *wtype = hone_config_get(config, "wtype"),
               *inner = hone_config_get(config, "inner"), *epi = hone_config_get(config, "epi"),
               *form = hone_config_get(config, "form");
    if (!family || !wtype || !inner || !epi || !form || !(read.weights = find_weights(wtype)))
        return hone_fail(HONE_E_USAGE, "an OpenCL config needs family, wtype, inner, epi and form");
    read.local = strcmp(family, "local") == 0;
    read.inner_n = strcmp(inner, "n") == 0;
    read.buffered = strcmp(epi, "buf") == 0;
    snprintf(read.form, sizeof read.form, "%s", form);
    *out = read;
    return HONE_OK;
}

/* A model of the time that a config takes, in cycles of a device's multipliers, from what OpenCL says of the
 * device and a few costs that are alike on many. It chooses the default config among a few, and orders the
 * search's candidates; it judges none. */
#include "opencl_model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "activation.h"
#include "status.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof(array)[0]))

/* Cycles, where not said otherwise. */
static const double GROUP_COST = 500;   /* starting a work-group on a CPU */
static const double KERNEL_COST = 20e3; /* enqueuing a kernel there */
static const double LOAD_COST = 0.2;    /* a load beside multiplies */
static const double FINISH_COST = 20;   /* an activation of a vector, stored */
static const double COPY_COST = 1.5;    /* an element of A on the way to its panel */
static const double BYTES_A_CYCLE = 4;  /* that a unit reads from memory or a shared cache */
static const double CONVERT_COST = 0.5; /* widening a vector of weights, beside multiplies */
static const double ELEMENT_COST = 2;   /* widening an element of A */
static const double SPILL_COST = 2;     /* times, where sums do not fit the registers */

int64_t hone_opencl_busy(const hone_opencl_device *device) {
    enum { GPU_ITEMS = 512, CPU_ITEMS = 4 };
    return (int64_t)device->units * (device->is_cpu ? CPU_ITEMS : GPU_ITEMS);
}

/* Vector registers of a CPU whose vectors have so many floats: only 256-bit ones come in sixteen. */
static int registers(int lanes) { return lanes == 8 ? 16 : 32; }

/* ---- CPUs: work-items are alone in their groups */

/* Two multiplies a cycle, and loads beside them; a chain of sums waits for itself. */
static double cpu_step(const hone_opencl_device *d, const hone_problem *p, const hone_opencl_config *c) {
    enum { LATENCY = 4 };
    const double multiplies = (double)c->mr * c->nv;
    const int a_widened = !c->copy_a && p->a_type != HONE_F32 && c->weights->group == 1;
    double cycles = fmax(multiplies / 2 + LOAD_COST * (c->mr + c->nv), LATENCY);
    if (c->weights->bytes < 4)
        cycles += CONVERT_COST * c->nv;
    if (a_widened)
        cycles += ELEMENT_COST * c->mr;
    if (c->mr * c->nv + c->nv >= registers(d->lanes))
        cycles *= SPILL_COST;
    return cycles;
}

static double cpu_cycles(const hone_opencl_device *d, const hone_problem *p, const hone_opencl_config *c) {
    const double units = d->units, depth = (double)hone_opencl_depth(c, p->k);
    const double panels = (double)hone_opencl_pieces(p->n, hone_opencl_panel(c));
    const double tiles = (double)hone_opencl_pieces(p->m, c->mr);
    const double groups = ceil(tiles / c->tm) * panels * c->ks;
    const double epilogue = FINISH_COST * c->mr * c->nv;
    const double tile = depth / c->ks * cpu_step(d, p, c) + epilogue;
    const double panel_bytes = depth * hone_opencl_panel(c) * c->weights->bytes;
    /* Weights come from far away once for each sweep over them; below m they stay near. */
    const double sweeps = c->inner_n ? ceil(tiles / c->tm) : 1;
    const double multiply = ceil(groups / units) * (c->tm * tile + GROUP_COST);
    const double read = sweeps * panels * panel_bytes / BYTES_A_CYCLE / units;
    double total = KERNEL_COST + fmax(multiply, read);
    if (c->copy_a)
        total += KERNEL_COST / 4 + COPY_COST * (double)(p->m * p->k) / units;
    if (c->ks > 1)
        total += KERNEL_COST / 4 + (c->ks + 1) * FINISH_COST * (double)(p->m * p->n) / c->vec / units;
    if (p->weights_plain && c->pack)
        total += KERNEL_COST / 4 + COPY_COST * (double)(p->n * p->k) / units;
    return total;
}

/* ---- GPUs */

/* Reads of local memory (or, without it, of the first-level cache) against multiplies, in waves of groups. */
static double gpu_cycles(const hone_opencl_device *d, const hone_problem *p, const hone_opencl_config *c) {
    enum { ITEMS_AT_ONCE = 128 }; /* of a unit */
    const double items = (double)c->lx * c->ly, width = (double)c->nv * c->vec;
    const double rows = (double)c->mr * c->ly * c->tm, columns = hone_opencl_panel(c);
    const double groups = ceil((double)p->m / rows) * ceil((double)p->n / columns) * c->ks;
    const double depth = (double)hone_opencl_depth(c, p->k) / c->ks;
    const double reads = c->local ? c->mr + c->nv : c->mr * 2.0 + c->nv * 2.0;
    const double step = fmax(c->mr * width, 2 * reads) + 4;
    const double filled = fmin(1, groups * items / ((double)d->units * ITEMS_AT_ONCE));
    double total = ceil(groups / d->units) * items / ITEMS_AT_ONCE * c->tm * depth * step;
    total = fmax(total, depth * step * 8 / fmax(filled, 0.05));
    if (c->copy_a)
        total += 2000 + (double)(p->m * p->k) / d->units / 8;
    if (c->ks > 1)
        total += 4000 + (double)(p->m * p->n) * c->ks / d->units / 8;
    return total;
}

double hone_opencl_cost(const hone_device *device, const hone_problem *problem, const hone_config *config,
                        int threads) {
    hone_opencl_device *d;
    hone_opencl_config c;
    (void)threads;
    if (hone_opencl_open(&d, device) || hone_opencl_config_read(&c, config))
        return INFINITY;
    return d->is_cpu ? cpu_cycles(d, problem, &c) : gpu_cycles(d, problem, &c);
}

/* ---- the default: the cheapest of a few tiles */

typedef struct tile {
    int mr, nv, lx, ly, bk;
} tile;

static const tile cpu_tiles[] = {
    {8, 3, 1, 1, 0}, {6, 4, 1, 1, 0}, {7, 3, 1, 1, 0}, {12, 2, 1, 1, 0}, {10, 2, 1, 1, 0}, {8, 2, 1, 1, 0},
    {6, 3, 1, 1, 0}, {5, 4, 1, 1, 0}, {4, 4, 1, 1, 0}, {14, 1, 1, 1, 0}, {12, 1, 1, 1, 0}, {6, 2, 1, 1, 0},
    {4, 2, 1, 1, 0}, {4, 3, 1, 1, 0}, {3, 4, 1, 1, 0}, {2, 4, 1, 1, 0},  {8, 1, 1, 1, 0},  {4, 1, 1, 1, 0},
    {2, 2, 1, 1, 0}, {2, 1, 1, 1, 0}, {1, 4, 1, 1, 0}, {1, 2, 1, 1, 0},  {1, 1, 1, 1, 0}};
static const tile gpu_tiles[] = {{8, 2, 16, 16, 16}, {8, 2, 16, 8, 16}, {4, 2, 16, 16, 16}, {8, 1, 16, 8, 16},
                                 {4, 1, 16, 16, 16}, {4, 1, 16, 8, 16}, {2, 1, 16, 8, 16},  {4, 1, 32, 1, 0},
                                 {2, 1, 32, 1, 0},   {1, 1, 32, 1, 0},  {1, 1, 16, 1, 0},   {1, 1, 1, 1, 0}};

/* The words of a config, beside its numbers. */
typedef struct words {
    const char *wtype;
    int vec;
    int unroll; /* two groups of k are a step; of dot4 that is more than compilers have registers for */
    int buffered;
} words;

static const char *family_of(const tile *t) { return t->bk ? "local" : "tile"; }

static hone_status make_config(hone_config *out, const hone_problem *problem, const words *w, const tile *t,
                               int tm, int ks, int copy) {
    hone_config config = {0};
    char form[HONE_CONFIG_VALUE];
    const char *usual = hone_opencl_forms(problem);
    snprintf(form, sizeof form, "%.*s", (int)strcspn(usual, " "), usual);
    const struct {
        const char *name;
        int value;
    } numbers[] = {{"vec", w->vec},
                   {"nv", t->nv},
                   {"mr", t->mr},
                   {"lx", t->lx},
                   {"ly", t->ly},
                   {"tm", tm},
                   {"ku", w->unroll && !t->bk ? 2 : 1},
                   {"ks", ks},
                   {"bk", t->bk},
                   {"pack", 1},
                   {"copy", copy},
                   {"stages", t->bk ? 2 : 1},
                   {"pad", t->bk ? 1 : 0}};
    const struct {
        const char *name, *value;
    } texts[] = {{"family", family_of(t)},
                 {"wtype", w->wtype},
                 {"inner", "m"},
                 {"epi", w->buffered && ks == 1 ? "buf" : "reg"},
                 {"form", form}};
    hone_status status = HONE_OK;
    for (int i = 0; i < COUNT(numbers) && !status; i++)
        status = hone_config_set_int(&config, numbers[i].name, numbers[i].value);
    for (int i = 0; i < COUNT(texts) && !status; i++)
        status = hone_config_set(&config, texts[i].name, texts[i].value);
    if (!status)
        *out = config;
    return status;
}

typedef struct choice {
    hone_config best;
    double cost;
} choice;

/* Every way to run a tile: rows of tiles, parts of K, A copied or not. */
static hone_status try_tile(choice *found, const hone_device *device, const hone_problem *problem,
                            const hone_space *space, const words *w, const tile *t) {
    static const int times[] = {1, 2, 4, 8}, splits[] = {1, 2, 4, 8, 16};
    for (int i = 0; i < COUNT(times) * COUNT(splits) * 2; i++) {
        hone_config config;
        hone_status status = make_config(&config, problem, w, t, times[i / 2 % COUNT(times)],
                                         splits[i / 2 / COUNT(times)], i % 2);
        if (status)
            return status;
        double cost = hone_opencl_cost(device, problem, &config, 1);
        if (cost < found->cost && !hone_space_check(space, &config))
            *found = (choice){config, cost};
    }
    return HONE_OK;
}

/* Weights in their own type and widened: less to read, or less to do. */
static int list_words(words out[2], const hone_opencl_device *d, const hone_problem *problem,
                      hone_dot4 dot4) {
    const int wide = dot4 == HONE_DOT4_AVX512VNNI, dotted = dot4 > HONE_DOT4_NONE;
    const int vec = wide ? 16 : d->is_cpu ? d->lanes : 4;
    /* One copy of code that is long, where it does not matter that sums pass through memory. */
    const int buffered =
        d->is_cpu && (hone_activation_info(problem->act)->smooth || problem->c_type != HONE_F32);
    out[0] = (words){dotted ? "s8x4" : "f32", vec, !dotted, buffered};
    out[1] = (words){hone_dtype_name(problem->dtype), vec, 1, buffered};
    return dotted || problem->dtype == HONE_F32 ? 1 : 2;
}

hone_status hone_opencl_default_config(hone_config *out, const hone_device *device,
                                       const hone_problem *problem, int threads, const char *code_path) {
    hone_opencl_device *d;
    hone_space *space = NULL;
    words w[2];
    choice found = {.cost = INFINITY};
    hone_status status;
    if ((status = hone_opencl_open(&d, device)) ||
        (status = hone_opencl_space(&space, device, problem, threads)))
        return status;
    const hone_dot4 dot4 = problem->dtype == HONE_S8 ? hone_opencl_dot4(d) : HONE_DOT4_NONE;
    const tile *tiles = d->is_cpu ? cpu_tiles : gpu_tiles;
    const int count = d->is_cpu ? COUNT(cpu_tiles) : COUNT(gpu_tiles),
              kinds = list_words(w, d, problem, dot4);
    for (int i = 0; i < count * kinds && !status; i++)
        if (!code_path || strcmp(family_of(&tiles[i % count]), code_path) == 0)
            status = try_tile(&found, device, problem, space, &w[i / count], &tiles[i % count]);
    hone_space_destroy(space);
    if (!status && isinf(found.cost))
        status = hone_fail(HONE_E_UNAVAILABLE, "no OpenCL kernel for this problem on %s", device->name);
    if (!status)
        *out = found.best;
    return status;
}

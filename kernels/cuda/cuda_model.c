/* A model of the time that a config takes, from the device's tables: blocks run in waves on its
 * multiprocessors; a step of k is bound by multiplies, by reading shared memory, or by what one
 * multiprocessor gets of memory. Its numbers fit what an H200 measured (results/nvidia-h200); on those of
 * other devices it has not been tried. */
#include "cuda_model.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "activation.h"
#include "cuda_device.h"
#include "cuda_space.h"
#include "status.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof(array)[0]))

/* Of a multiprocessor in a cycle. */
static const double SIMT_MACS = 128;       /* multiply-adds of f32 */
static const double SHARED_BYTES = 128;    /* from shared memory */
static const double L2_BYTES = 40;         /* from the second-level cache, when all ask */
static const double TMA_BYTES = 56;        /* the same through TMA */
static const double MEMORY_BYTES = 18;     /* from memory, when all ask */
static const double LAUNCH_CYCLES = 10000; /* of a call */
static const double REDUCE_CYCLES = 3500;  /* another kernel after the first */
static const double REDUCE_BYTES = 10;     /* that it gets, and what the first leaves for it */
static const double LATENCY_CYCLES = 2000; /* until a block of k is there, when it comes from memory */
static const double PART_OPERATIONS = 5;   /* of a float that mma takes in two parts */
static const double ALONE_IN_PARTS =
    1.25;                             /* times the multiplies of a warpgroup that has no other to wait with */
static const double GEMV_TIMES = 3;   /* times the multiply-adds of gemv, whose loads wait among them */
static const double FILL_CYCLES = 1200; /* until a block's first products */
static const double PLAIN_CYCLES = 5;   /* 32 elements that are rounded and stored */
static const double SMOOTH_CYCLES = 12; /* a smooth activation of 32 elements, stored */
static const double BYTE_CYCLES = 12;   /* 32 elements from sums of bytes, or to bytes, besides */
static const double SPARE = 0.01; /* of the time: what decides between configs that differ in nothing else */
static const double CYCLES_A_NANOSECOND = 1.7;

/* Multiply-adds of words that tensor cores do in a cycle of a multiprocessor; a word of f16 is two. By mma,
 * sm_90 has three fifths of what it has by wgmma. */
static double tensor_words(int arch, int by_wgmma) {
    return by_wgmma ? 1024 : arch >= 90 ? 640 : arch == 80 ? 512 : 256;
}
/* What is left of that by wgmma within the device's power. */
static const double SUSTAINED = 0.87;

static double element_bytes(const hone_problem *p) { return (double)hone_dtype_size(p->dtype); }

/* Cycles that a multiprocessor takes for a step of one word of k of all of a block. */
static double step_cycles(const hone_cuda_device *d, const hone_problem *p, const hone_cuda_config *c) {
    const double area = (double)c->bm * c->bn, group = 4 / element_bytes(p);
    const double reads = 4.0 * area * (1.0 / c->tm + 1.0 / c->tn); /* of fragments or of words */
    const double products = p->dtype == HONE_F32 ? 3 : 1;
    if (c->family->by_tma) /* every 64 rows read all of B again */
        return products * (products > 1 && (c->turns || c->bm == c->tm) ? ALONE_IN_PARTS : 1) *
               fmax(area / tensor_words(d->arch, 1) / SUSTAINED,
                    4.0 * area * (1.0 / 64 + 1.0 / c->bn) / SHARED_BYTES);
    if (strcmp(c->family->name, "mma") == 0) {
        const double parting = products > 1 ? PART_OPERATIONS * reads / 4 / SIMT_MACS : 0;
        return fmax(area * products / tensor_words(d->arch, 0) + parting, reads / SHARED_BYTES);
    }
    /* A product of bytes is an instruction for four; halves are widened first. */
    const double instructions = p->dtype == HONE_F32 || p->dtype == HONE_S8 ? 1 : 3 * group / 2;
    if (!c->bk)
        return GEMV_TIMES * area * instructions / SIMT_MACS;
    return fmax(area * instructions / SIMT_MACS, reads / SHARED_BYTES);
}

/* Blocks that a multiprocessor holds at once. */
static double resident(const hone_cuda_device *d, const hone_problem *p, const hone_cuda_config *c) {
    enum { THREADS_OF_UNIT = 2048, REGISTERS_OF_UNIT = 65536, BLOCKS_OF_UNIT = 16, RESERVED = 1024 };
    const int threads = c->family->threads(c), parts = hone_cuda_weight_parts(c, p);
    const double loads = c->bk ? 24 : 4.0 * c->ku * (c->tm + c->tn); /* gemv's go to registers */
    const double registers = (c->bk ? (double)c->bm * c->bn / threads : c->tm * c->tn) + loads + 36;
    const double by_shared =
        (double)d->unit_shared_bytes / (double)(c->family->shared_bytes(c, parts) + RESERVED);
    const double by_threads = fmin(THREADS_OF_UNIT, REGISTERS_OF_UNIT / registers) / threads;
    return fmax(1, floor(fmin(fmin(by_shared, by_threads), BLOCKS_OF_UNIT)));
}

/* Part of the memory's rate that the loads in flight on a multiprocessor reach. */
static double memory_part(const hone_problem *p, const hone_cuda_config *c, double at_once) {
    static const double ENOUGH = 40 << 10; /* bytes */
    const double block = c->bk
                             ? 4.0 * (c->stages - 1) * (c->bm + hone_cuda_weight_parts(c, p) * c->bn) * c->bk
                             : 16.0 * c->family->threads(c) * c->tn * c->ku;
    return fmin(1, at_once * block / ENOUGH);
}

static double epilogue_cycles(const hone_problem *p, const hone_cuda_config *c) {
    const int bytes = (p->dtype == HONE_S8) + (hone_dtype_size(p->c_type) == 1);
    const double element =
        (hone_activation_info(p->act)->smooth ? SMOOTH_CYCLES : PLAIN_CYCLES) + bytes * BYTE_CYCLES;
    return (double)c->bm * c->bn / 32 / 4 * element;
}

/* A multiprocessor's blocks, one after the other. `multiply`: of one. In turns, one is stored while the other
 * is multiplied. */
static double blocks_cycles(const hone_cuda_config *c, double blocks, double multiply, double epilogue) {
    return c->turns ? blocks * fmax(multiply, epilogue) + fmin(multiply, epilogue)
                    : blocks * (multiply + epilogue);
}

static double cycles(const hone_cuda_device *d, const hone_problem *p, const hone_cuda_config *c) {
    enum { WARPS_TO_FILL = 8 };
    const double blocks =
        (double)hone_cuda_pieces(p->m, c->bm) * (double)hone_cuda_pieces(p->n, c->bn) * c->ks;
    const double depth = (double)p->k * element_bytes(p) / 4 / c->ks;
    const double at_once = fmin(resident(d, p, c), ceil(blocks / d->units));
    const double warps = c->family->threads(c) / 32.0 * at_once;
    /* Of the multipliers, with so few warps; wgmma runs on its own. */
    const double hidden = c->family->by_tma ? 1 : fmin(1, warps / WARPS_TO_FILL);
    /* A block's own operands pass the second-level cache; weights and A come from memory once. */
    const double columns = (double)hone_cuda_weight_parts(c, p) * c->bn / c->cluster;
    const double traffic = 4.0 * depth * (c->bm + columns) / (c->family->by_tma ? TMA_BYTES : L2_BYTES);
    const double multiply = fmax(depth * step_cycles(d, p, c) / hidden, traffic) + FILL_CYCLES / at_once;
    const double busy = fmin(blocks, d->units);
    /* gemv's blocks of the same columns run far apart. */
    const double times = c->bk ? 1 : (double)hone_cuda_pieces(p->m, c->bm);
    const double memory = element_bytes(p) * ((double)(p->m * p->k) + times * (double)(p->k * p->n)) /
                          MEMORY_BYTES / busy / memory_part(p, c, at_once);
    const double work = blocks_cycles(c, ceil(blocks / d->units), multiply, epilogue_cycles(p, c));
    const double latency =
        c->bk ? ceil(blocks / d->units / at_once) * depth / c->bk / (c->stages - 1) * LATENCY_CYCLES : 0;
    double total = LAUNCH_CYCLES + fmax(fmax(work, memory), latency);
    if (c->ks > 1)
        total += REDUCE_CYCLES + 8.0 * c->ks * (double)(p->m * p->n) / REDUCE_BYTES / d->units;
    const double spare = c->bk ? 1.0 / c->stages + 1.0 / c->raster + (c->cluster - 1) : c->ku * c->tm / 2.0;
    return total * (1 + SPARE * spare);
}

/* By multiplies alone: no device is known to run far above the clock that it tells, and to mma is given what
 * wgmma has. Of parts of K the last may be short: they share out what there is, but none is done before one
 * whole part. */
double hone_cuda_lower_bound(const hone_device *device, const hone_problem *p, const hone_config *config,
                             int threads) {
    static const double ABOVE_CLOCK = 1.2;
    const hone_cuda_device *d = hone_cuda_properties(device);
    const double group = 4 / element_bytes(p), depth = floor((double)p->k / group);
    hone_cuda_config c;
    (void)threads;
    if (!d->clock_khz || hone_cuda_config_read(&c, config))
        return 0;
    const int tensor = c.family->dealt, parted = tensor && p->dtype == HONE_F32, bytes = p->dtype == HONE_S8;
    const double words =
        tensor ? tensor_words(d->arch, d->arch >= 90) / (parted ? 3 : 1) : SIMT_MACS / (bytes ? 1 : group);
    const double tiles = (double)hone_cuda_pieces(p->m, c.bm) * (double)hone_cuda_pieces(p->n, c.bn);
    const double rounds = c.ks == 1 ? ceil(tiles / d->units) : fmax(tiles / d->units, 1.0 / c.ks);
    return rounds * (double)c.bm * c.bn * depth / words / d->clock_khz * 1e3 / ABOVE_CLOCK;
}

double hone_cuda_cost(const hone_device *device, const hone_problem *problem, const hone_config *config,
                      int threads) {
    hone_cuda_config c;
    (void)threads;
    if (hone_cuda_config_read(&c, config))
        return INFINITY;
    return cycles(hone_cuda_properties(device), problem, &c) / CYCLES_A_NANOSECOND;
}

/* ---- the default: the cheapest of a few tiles */

typedef struct tile {
    const char *family;
    int bm, bn, tm, tn, bk, stages, wk, turns;
} tile;

static const tile tiles[] = {
    {"wgmma", 128, 128, 128, 128, 32, 5, 1, 1}, {"wgmma", 64, 256, 64, 256, 32, 4, 1, 1},
    {"wgmma", 128, 256, 64, 256, 32, 4, 1, 0},  {"wgmma", 256, 128, 128, 128, 32, 4, 1, 0},
    {"wgmma", 128, 192, 64, 192, 32, 4, 1, 0},  {"wgmma", 128, 128, 64, 128, 32, 6, 1, 0},
    {"wgmma", 64, 256, 64, 256, 32, 4, 1, 0},   {"wgmma", 64, 128, 64, 128, 32, 6, 1, 0},
    {"wgmma", 64, 64, 64, 64, 32, 8, 1, 0},     {"wgmma", 256, 128, 128, 128, 32, 3, 1, 0},
    {"wgmma", 128, 128, 64, 128, 32, 4, 1, 0},  {"wgmma", 64, 128, 64, 128, 32, 4, 1, 0},
    {"wgmma", 128, 64, 64, 64, 32, 8, 1, 0},    {"wgmma", 128, 64, 64, 64, 32, 4, 1, 0},
    {"wgmma", 64, 64, 64, 64, 32, 6, 1, 0},     {"mma", 128, 128, 64, 64, 16, 4, 1, 0},
    {"mma", 128, 128, 64, 32, 16, 4, 1, 0},     {"mma", 128, 256, 64, 64, 16, 4, 1, 0},
    {"mma", 64, 128, 32, 32, 16, 4, 1, 0},      {"mma", 64, 64, 32, 32, 16, 4, 1, 0},
    {"mma", 32, 64, 16, 32, 32, 4, 1, 0},       {"mma", 16, 32, 16, 16, 32, 5, 1, 0},
    {"mma", 16, 64, 16, 16, 32, 4, 1, 0},       {"mma", 16, 16, 16, 16, 16, 2, 1, 0},
    {"simt", 128, 128, 8, 8, 8, 4, 1, 0},       {"simt", 64, 128, 8, 8, 8, 4, 1, 0},
    {"simt", 64, 64, 8, 4, 16, 3, 1, 0},        {"simt", 32, 32, 4, 4, 16, 3, 1, 0},
    {"simt", 16, 32, 2, 4, 16, 3, 1, 0},        {"simt", 8, 16, 1, 4, 16, 2, 1, 0},
    {"gemv", 1, 8, 1, 4, 0, 1, 1, 0},           {"gemv", 1, 8, 1, 2, 0, 1, 1, 0},
    {"gemv", 1, 4, 1, 1, 0, 1, 4, 0},           {"gemv", 2, 8, 2, 4, 0, 1, 1, 0},
    {"gemv", 1, 1, 1, 1, 0, 1, 1, 0},           {"gemv", 2, 8, 2, 2, 0, 1, 1, 0},
    {"gemv", 4, 8, 4, 2, 0, 1, 1, 0},           {"gemv", 8, 8, 8, 2, 0, 1, 1, 0},
};

static hone_status make_config(hone_config *out, const hone_problem *problem, const tile *t, int ks,
                               int raster) {
    hone_config config = {0};
    char form[HONE_CONFIG_VALUE];
    const char *usual = hone_cuda_forms(problem);
    snprintf(form, sizeof form, "%.*s", (int)strcspn(usual, " "), usual);
    const struct {
        const char *name;
        int value;
    } numbers[] = {{"bm", t->bm}, {"bn", t->bn},      {"tm", t->tm},         {"tn", t->tn},
                   {"bk", t->bk}, {"ks", ks},         {"stages", t->stages}, {"wk", t->wk},
                   {"ku", 1},     {"raster", raster}, {"turns", t->turns},   {"cluster", 1}};
    hone_status status = HONE_OK;
    for (int i = 0; i < COUNT(numbers) && !status; i++)
        status = hone_config_set_int(&config, numbers[i].name, numbers[i].value);
    if (!status && !(status = hone_config_set(&config, "family", t->family)) &&
        !(status = hone_config_set(&config, "form", form)))
        *out = config;
    return status;
}

hone_status hone_cuda_default_config(hone_config *out, const hone_device *device, const hone_problem *problem,
                                     int threads, const char *code_path) {
    static const int splits[] = {1, 2, 4, 8, 16}, rasters[] = {8, 1};
    hone_space *space = NULL;
    hone_config best;
    double least = INFINITY;
    hone_status status = hone_cuda_space(&space, device, problem, threads);
    for (int i = 0; i < COUNT(tiles) * COUNT(splits) * COUNT(rasters) && !status; i++) {
        hone_config config;
        const tile *t = &tiles[i / COUNT(rasters) / COUNT(splits)];
        if (code_path && strcmp(t->family, code_path) != 0)
            continue;
        status = make_config(&config, problem, t, splits[i / COUNT(rasters) % COUNT(splits)],
                             rasters[i % COUNT(rasters)]);
        const double cost = status ? INFINITY : hone_cuda_cost(device, problem, &config, threads);
        if (cost < least && !hone_space_check(space, &config)) {
            best = config;
            least = cost;
        }
    }
    hone_space_destroy(space);
    if (!status && isinf(least))
        status = hone_fail(HONE_E_UNAVAILABLE, "no CUDA kernel for this problem on %s", device->name);
    if (!status)
        *out = best;
    return status;
}

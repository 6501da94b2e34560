#include "cuda_space.h"

#include <stdio.h>
#include <string.h>

#include "activation.h"
#include "cuda_device.h"
#include "status.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof(array)[0]))

enum { LEAST_MMA_ARCH = 80, WGMMA_ARCH = 90, WARP = 32, WARPGROUP = 128 };

static int simt_threads(const hone_cuda_config *c) { return c->bm / c->tm * (c->bn / c->tn); }
static int64_t simt_shared(const hone_cuda_config *c, int parts) {
    (void)parts;
    return 4LL * c->stages * (c->bm * (c->bk + 4) + c->bk * c->bn);
}
static int mma_threads(const hone_cuda_config *c) { return WARP * (c->bm / c->tm) * (c->bn / c->tn); }
static int64_t mma_shared(const hone_cuda_config *c, int parts) {
    (void)parts;
    return 4LL * c->stages * (c->bm + c->bn) * c->bk;
}
static int gemv_threads(const hone_cuda_config *c) { return WARP * (c->bn / c->tn) * c->wk; }
static int64_t gemv_shared(const hone_cuda_config *c, int parts) {
    (void)parts;
    return 4LL * gemv_threads(c);
}

static int wgmma_threads(const hone_cuda_config *c) {
    return WARPGROUP * (1 + (c->turns ? 2 : c->bm / c->tm));
}
static int64_t wgmma_shared(const hone_cuda_config *c, int parts) {
    enum { BARRIER = 8, OF_STAGE = 2 * BARRIER, OF_BLOCK = 2 * BARRIER };
    return c->stages * ((c->bm + parts * c->bn) * 128LL + OF_STAGE) + OF_BLOCK;
}

static const hone_cuda_family families[] = {
    {"gemv", "gemm_gemv.cu", 1, 0, 0, 0, 0, gemv_threads, gemv_shared},
    {"simt", "gemm_simt.cu", 0, 0, 0, 0, 0, simt_threads, simt_shared},
    {"mma", "gemm_mma.cu", 1, 1, 0, 0, 0, mma_threads, mma_shared},
    {"wgmma", "gemm_wgmma.cu", 1, 1, 1, 1, 1, wgmma_threads, wgmma_shared},
};

int hone_cuda_hand(const hone_cuda_config *c) { return !c->family->dealt ? 0 : c->tn < 32 ? 16 : 32; }

int hone_cuda_weight_parts(const hone_cuda_config *c, const hone_problem *problem) {
    return c->family->in_parts && problem->dtype == HONE_F32 ? 2 : 1;
}

static const hone_cuda_family *find_family(const char *name) {
    for (int i = 0; i < COUNT(families); i++)
        if (strcmp(families[i].name, name) == 0)
            return &families[i];
    return NULL;
}

const char *const *hone_cuda_paths(const hone_device *device) {
    static const char *const simt[] = {"gemv", "simt", NULL}, *const mma[] = {"gemv", "simt", "mma", NULL},
                             *const wgmma[] = {"gemv", "simt", "mma", "wgmma", NULL};
    const int arch = hone_cuda_properties(device)->arch;
    return arch == WGMMA_ARCH ? wgmma : arch >= LEAST_MMA_ARCH ? mma : simt;
}

const char *hone_cuda_forms(const hone_problem *problem) {
    const int smooth = hone_activation_info(problem->act)->smooth;
    return problem->c_type != HONE_F32 ? "brief" : smooth ? "fast high" : "fast";
}

static hone_status declare_parameters(hone_space *space, const hone_device *device,
                                      const hone_problem *problem) {
    char names[64] = "";
    for (const char *const *path = hone_cuda_paths(device); *path; path++)
        snprintf(names + strlen(names), sizeof names - strlen(names), "%s%s", *names ? " " : "", *path);
    const struct {
        const char *name, *values;
    } list[] = {{"family", names},
                {"bm", "1 2 4 8 16 32 64 128 192 256"},
                {"tm", "1 2 4 8 16 32 64 128"},
                {"bn", "1 2 4 8 16 32 64 96 128 160 192 224 256"},
                {"tn", "1 2 4 8 16 32 64 96 128 160 192 224 256"},
                {"bk", "0 8 16 32"},
                {"stages", "1 2 3 4 5 6 7 8"},
                {"wk", "1 2 4 8"},
                {"ku", "1 2 4"},
                {"ks", "1 2 4 8 16"},
                {"raster", "1 4 8 16"},
                {"turns", "0 1"},
                {"cluster", "1 2"},
                {"form", hone_cuda_forms(problem)}};
    hone_status status = HONE_OK;
    for (int i = 0; i < COUNT(list) && !status; i++)
        status = hone_space_param(space, list[i].name, list[i].values);
    return status;
}

/* What the constraints know of problem and device. */
static hone_status declare_numbers(hone_space *space, const hone_cuda_device *d, const hone_problem *p) {
    const struct {
        const char *name;
        int64_t value;
    } list[] = {{"m", p->m},
                {"n", p->n},
                {"k", p->k},
                {"units", d->units},
                {"shared_bytes", d->shared_bytes},
                /* Floats are summed as two parts each, which leaves out up to 8 * 2^-24 of a product, and
                 * tensor cores cut sums off; the error bound of a longer sum has room for that. */
                {"least_mma_k", p->dtype == HONE_F32 ? 32 : 1},
                {"tensor", d->arch >= LEAST_MMA_ARCH && p->dtype != HONE_F32},
                {"parts", p->dtype == HONE_F32 ? 2 : 1}}; /* of a weight: wgmma */
    hone_status status = HONE_OK;
    for (int i = 0; i < COUNT(list) && !status; i++)
        status = hone_space_constant(space, list[i].name, list[i].value);
    return status;
}

static hone_status declare_constraints(hone_space *space) {
    static const char *const list[] = {
        "bm % tm == 0",
        "bn % tn == 0",
        /* No tile is mostly outside of C. */
        "bm <= 16 || bm < 2 * m",
        "family != 'gemv' || m <= 64 && (tm == 1 || tm < 2 * m)",
        "bn <= 16 || bn < 2 * n",

        "family != 'gemv' || bm == tm && tm <= 8 && tn <= 8 && tm * tn <= 32",
        "family != 'simt' || bm >= 8 && tm <= 16 && bn >= 16 && tn >= 4 && tn <= 16 && tm * tn <= 128",
        /* Large tiles are the tensor cores' where they have the type. */
        "family != 'simt' || tensor == 0 || bm * bn <= 64 * 64",
        "family != 'mma' || tm >= 16 && tm <= 64 && tn >= 16 && tm * tn <= 4096 && k >= least_mma_k",
        "family != 'wgmma' || tm >= 64 && bm <= 3 * tm && k >= least_mma_k",
        "family != 'wgmma' || bn >= 64 && tn == bn && bk == 32",
        "family == 'wgmma' || tn != 96 && bn != 96 && bn != 160 && bn != 224",
        "bn != 96 || tm == 64", /* two such products of a warpgroup the assembler has wait for each other */
        /* A warpgroup's sums, in the registers that each of so many has. */
        "family != 'wgmma' || tm * bn <= 128 * 192 && (bm < 3 * tm || tm * bn <= 64 * 192)",
        "family != 'wgmma' || parts == 1 || tm * bn <= 128 * 128", /* rows of A are there, too */
        "turns == 0 || family == 'wgmma' && bm == tm",
        "cluster == 1 || family == 'wgmma' && bm < m",
        "bk == 0 && family == 'gemv' || bk > 0 && family != 'gemv'",
        "stages == 1 && family == 'gemv' || stages > 1 && family != 'gemv'",
        "stages <= 5 || family == 'wgmma'",
        /* Shared memory. */
        "family != 'simt' || 4 * stages * (bm * (bk + 4) + bk * bn) <= shared_bytes",
        "family != 'mma' || 4 * stages * (bm + bn) * bk <= shared_bytes",
        "family != 'wgmma' || stages * ((bm + parts * bn) * 128 + 16) + 16 <= shared_bytes",
        /* Whole warps, no more threads than a block may have, and no more registers than a unit has. */
        "family != 'simt' || (bm / tm) * (bn / tn) % 32 == 0",
        "family != 'simt' || (bm / tm) * (bn / tn) * (tm * tn + 4 * tm + 40) <= 65536",
        "family != 'mma' || (bm / tm) * (bn / tn) * (tm * tn / 32 + tm / 4 + tn / 4 + 40) <= 2048",
        "family != 'mma' || (bm / tm) * (bn / tn) <= 16",
        "wk == 1 || family == 'gemv'",
        "family != 'gemv' || (bn / tn) * wk <= 16",
        "ku == 1 || family == 'gemv'",
        /* K is split where there are not enough blocks to go round. */
        "ks == 1 || ks * 64 <= k",
        "ks == 1 || ((m + bm - 1) / bm) * ((n + bn - 1) / bn) < 2 * units",
        "raster == 1 || raster * bm < 2 * m && family != 'gemv'",
    };
    hone_status status = HONE_OK;
    for (int i = 0; i < COUNT(list) && !status; i++)
        status = hone_space_require(space, list[i]);
    return status;
}

hone_status hone_cuda_space(hone_space **out, const hone_device *device, const hone_problem *problem,
                            int threads) {
    const hone_nvrtc *rtc; /* without it nothing runs on a device, and no config is to blame */
    hone_space *space = NULL;
    hone_status status = hone_cuda_properties(device)->described ? HONE_OK : hone_nvrtc_open(&rtc);
    (void)threads; /* the device's */
    if (status || (status = hone_space_create(&space)))
        return status;
    if ((status = declare_parameters(space, device, problem)) ||
        (status = declare_numbers(space, hone_cuda_properties(device), problem)) ||
        (status = declare_constraints(space))) {
        hone_space_destroy(space);
        return status;
    }
    *out = space;
    return HONE_OK;
}

hone_status hone_cuda_config_read(hone_cuda_config *out, const hone_config *config) {
    hone_cuda_config read = {0};
    const struct {
        const char *name;
        int *to;
        int least;
    } numbers[] = {{"bm", &read.bm, 1},         {"bn", &read.bn, 1},       {"bk", &read.bk, 0},
                   {"tm", &read.tm, 1},         {"tn", &read.tn, 1},       {"stages", &read.stages, 1},
                   {"raster", &read.raster, 1}, {"ks", &read.ks, 1},       {"wk", &read.wk, 1},
                   {"ku", &read.ku, 1},         {"turns", &read.turns, 0}, {"cluster", &read.cluster, 1}};
    for (int i = 0; i < COUNT(numbers); i++) {
        int64_t value;
        hone_status status = hone_config_get_int(&value, config, numbers[i].name);
        if (status)
            return status;
        if (value < numbers[i].least || value > INT16_MAX)
            return hone_fail(HONE_E_USAGE, "a CUDA config has %s out of range", numbers[i].name);
        *numbers[i].to = (int)value;
    }
    const char *family = hone_config_get(config, "family"), *form = hone_config_get(config, "form");
    if (!family || !form || !(read.family = find_family(family)))
        return hone_fail(HONE_E_USAGE, "a CUDA config needs family and form");
    snprintf(read.form, sizeof read.form, "%s", form);
    *out = read;
    return HONE_OK;
}

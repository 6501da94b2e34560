/*
 * C is divided into gm x gn parts, one a thread. A thread walks its part in
 * blocks of mc x nc; a block is summed over k in slices of kc:
 *
 *            nc                      B: packed once, panels of nr columns,
 *        +---------+                    each K deep
 *        | block   |
 *     mc |  [mr x nr tiles]          A: the mc x kc slice of the block is
 *        |         |                    packed into panels of mr rows
 *        +---------+
 *
 * Each tile is computed in registers over one slice. When kc covers K a tile
 * goes straight to the epilogue; otherwise the sums of the whole block wait in
 * a buffer until the last slice.
 */
#include "cpu_plan.h"

#include <stdlib.h>
#include <string.h>

#include "activation.h"
#include "cpu_pack.h"
#include "cpu_pool.h"
#include "cpu_space.h"

/* Memory of one thread, reused in every call. */
typedef struct workspace {
    char *a;              /* mc x kc packed */
    char *sums;           /* f32 or s32: one tile, or all tiles of a block */
    float *row;           /* kc floats of scratch for packing A */
    char *b;              /* plain weights: K x nc packed */
    int32_t *column_sums; /* plain s8 weights: nc */
} workspace;

struct hone_backend_plan {
    hone_problem problem;
    hone_cpu_config config;
    hone_pool *pool;
    int threads, gm, gn;
    int64_t kc, mc, nc; /* multiples of the group, mr and nr; at most the padded extents */
    int64_t depth;      /* K padded to the group */
    int slices;         /* of K */
    size_t a_size, b_size;
    hone_epilogue_fn *epilogue;
    hone_epilogue_args epilogue_args; /* what does not change between calls */
    workspace *workspaces;
    const hone_args *args; /* of the call in progress */
};

static int64_t round_up(int64_t value, int64_t unit) { return (value + unit - 1) / unit * unit; }
static int64_t at_most(int64_t a, int64_t b) { return a < b ? a : b; }

static void *allocate(size_t bytes) {
    void *memory = NULL;
    return posix_memalign(&memory, HONE_PACK_ALIGN, bytes ? bytes : HONE_PACK_ALIGN) ? NULL : memory;
}

static int workspace_create(workspace *w, const hone_backend_plan *p) {
    const hone_variant *v = p->config.variant;
    size_t sums = p->slices > 1 ? (size_t)(p->mc * p->nc) : (size_t)(v->mr * v->nr);
    int plain = p->problem.weights_plain;
    w->a = allocate((size_t)(p->mc * p->kc) * p->a_size);
    w->sums = allocate(sums * 4);
    w->row = allocate((size_t)p->kc * sizeof(float));
    w->b = plain ? allocate((size_t)(p->depth * p->nc) * p->b_size) : NULL;
    w->column_sums = plain ? allocate((size_t)p->nc * sizeof(int32_t)) : NULL;
    return w->a && w->sums && w->row && (!plain || (w->b && w->column_sums));
}

hone_status hone_cpu_plan_create(hone_backend_plan **out, const hone_device *device,
                                 const hone_problem *problem, const hone_config *config, hone_pool *pool) {
    (void)device;
    hone_backend_plan *p = calloc(1, sizeof *p);
    if (!p)
        return hone_fail(HONE_E_NOMEM, "no memory for a plan");
    hone_status status = hone_cpu_config_read(&p->config, problem, config);
    if (status)
        goto fail;

    const hone_variant *v = p->config.variant;
    p->problem = *problem;
    p->pool = pool;
    p->threads = hone_pool_threads(pool);
    p->gm = p->config.gm;
    p->gn = p->threads / p->gm;
    p->depth = round_up(problem->k, v->group);
    p->kc = at_most(round_up(p->config.kc, v->group), p->depth);
    p->mc = at_most(round_up(p->config.mc, v->mr), round_up(problem->m, v->mr));
    p->nc = at_most(round_up(p->config.nc, v->nr), round_up(problem->n, v->nr));
    p->slices = (int)((p->depth + p->kc - 1) / p->kc);
    p->a_size = hone_cpu_a_size(v);
    p->b_size = hone_cpu_b_size(v);
    p->epilogue = p->config.code->epilogues[hone_cpu_form(problem->c_type)][problem->act];
    p->epilogue_args = (hone_epilogue_args){
        .acc_ld = v->nr,
        .acc_is_s32 = problem->dtype == HONE_S8,
        .c_type = hone_cpu_c_type(problem->c_type),
        .p = (float)problem->act_params[0],
        .q = (float)problem->act_params[1],
        .row_step = problem->a_scale_per_row,
        .zero_shift = v->a_type == HONE_A_U8 && problem->a_type == HONE_S8 ? 128 : 0,
    };
    p->workspaces = calloc((size_t)p->threads, sizeof *p->workspaces);
    for (int t = 0; p->workspaces && t < p->threads; t++)
        if (!workspace_create(&p->workspaces[t], p))
            status = HONE_E_NOMEM;
    if (!p->workspaces || status) {
        status = hone_fail(HONE_E_NOMEM, "no memory for the workspace of a plan");
        goto fail;
    }
    *out = p;
    return HONE_OK;

fail:
    hone_cpu_plan_destroy(p);
    return status;
}

void hone_cpu_plan_destroy(hone_backend_plan *p) {
    for (int t = 0; p && p->workspaces && t < p->threads; t++) {
        free(p->workspaces[t].a);
        free(p->workspaces[t].sums);
        free(p->workspaces[t].row);
        free(p->workspaces[t].b);
        free(p->workspaces[t].column_sums);
    }
    if (p)
        free(p->workspaces);
    free(p);
}

/* ---- packed weights: all panels, then the column sums of s8 */

static size_t panels_size(const hone_backend_plan *p) {
    int64_t columns = round_up(p->problem.n, p->config.variant->nr);
    return (size_t)round_up((int64_t)((size_t)(columns * p->depth) * p->b_size), HONE_PACK_ALIGN);
}

size_t hone_cpu_packed_size(const hone_backend_plan *p) {
    size_t sums = p->problem.dtype == HONE_S8 ? (size_t)p->problem.n * sizeof(int32_t) : 0;
    return p->problem.weights_plain ? 0 : (size_t)round_up((int64_t)(panels_size(p) + sums), HONE_PACK_ALIGN);
}

hone_status hone_cpu_pack(void *packed, const hone_backend_plan *p, const void *b, int64_t ldb) {
    const hone_problem *q = &p->problem;
    hone_cpu_pack_b(packed, p->config.variant, q->dtype, p->config.widened, q->weights_transposed, b, ldb,
                    q->k, 0, q->n);
    if (q->dtype == HONE_S8)
        hone_cpu_column_sums((int32_t *)((char *)packed + panels_size(p)), q->weights_transposed, b, ldb,
                             q->k, 0, q->n);
    return HONE_OK;
}

/* ---- executing */

/* One thread's share of `tiles` tiles among `parts`, in elements of `unit`, cut at `extent`. */
static void share(int64_t *begin, int64_t *end, int64_t extent, int64_t unit, int part, int parts) {
    int64_t tiles = (extent + unit - 1) / unit;
    *begin = at_most(tiles * part / parts * unit, extent);
    *end = at_most(tiles * (part + 1) / parts * unit, extent);
}

/* A block of C and where its operands are. */
typedef struct block {
    int64_t row, rows, column, columns;
    const char *b;              /* packed panel of the first column */
    const int32_t *column_sums; /* of the first column; NULL unless s8 */
} block;

static void finish_tile(const hone_backend_plan *p, const block *blk, int64_t i, int64_t j, const void *acc) {
    const hone_variant *v = p->config.variant;
    const hone_args *args = p->args;
    int64_t row = blk->row + i, column = blk->column + j;
    size_t c_size = hone_dtype_size(p->problem.c_type);
    hone_epilogue_args e = p->epilogue_args;
    e.acc = acc;
    e.rows = (int)at_most(v->mr, blk->rows - i);
    e.columns = (int)at_most(v->nr, blk->columns - j);
    e.c = (char *)args->c + (size_t)(row * args->ldc + column) * c_size;
    e.ldc = args->ldc;
    e.bias = p->problem.bias ? args->bias + column : NULL;
    e.alpha = hone_activation_info(p->problem.act)->per_column ? args->alpha + column : NULL;
    if (e.acc_is_s32) {
        e.row_scale = args->a_scale + row * e.row_step;
        e.row_zero = args->a_zero ? args->a_zero + row * e.row_step : NULL;
        e.col_scale = args->b_scale + column;
        e.col_sum = blk->column_sums + j;
        e.c_scale = args->c_scale;
        e.c_zero = args->c_zero;
    }
    p->epilogue(&e);
}

/* All tiles of a block over one slice of k. */
static void run_slice(const hone_backend_plan *p, workspace *w, const block *blk, int64_t k, int64_t depth) {
    const hone_variant *v = p->config.variant;
    int64_t groups = (depth + v->group - 1) / v->group;
    size_t a_panel = (size_t)(groups * v->group * v->mr) * p->a_size;
    size_t b_panel = (size_t)(p->depth * v->nr) * p->b_size;
    size_t tile = (size_t)(v->mr * v->nr) * 4;
    int last = k + depth >= p->problem.k;
    char *sums = w->sums;
    for (int64_t j = 0; j < blk->columns; j += v->nr) {
        const char *b = blk->b + (size_t)(j / v->nr) * b_panel + (size_t)(k * v->nr) * p->b_size;
        for (int64_t i = 0; i < blk->rows; i += v->mr) {
            v->tile(groups, w->a + (size_t)(i / v->mr) * a_panel, b, sums, k > 0);
            if (last)
                finish_tile(p, blk, i, j, sums);
            if (p->slices > 1)
                sums += tile;
        }
    }
}

static void run_block(const hone_backend_plan *p, workspace *w, const block *blk) {
    const hone_args *args = p->args;
    size_t a_size = hone_dtype_size(p->problem.a_type);
    for (int64_t k = 0; k < p->problem.k; k += p->kc) {
        int64_t depth = at_most(p->kc, p->problem.k - k);
        const char *a = (const char *)args->a + (size_t)(blk->row * args->lda + k) * a_size;
        hone_cpu_pack_a(w->a, p->config.variant, p->config.code, p->problem.a_type, a, args->lda, blk->rows,
                        depth, w->row);
        run_slice(p, w, blk, k, depth);
    }
}

/* Points a block at its weights, packing them first when they are plain. */
static void find_weights(const hone_backend_plan *p, workspace *w, block *blk) {
    const hone_problem *q = &p->problem;
    const hone_args *args = p->args;
    int s8 = q->dtype == HONE_S8;
    if (!q->weights_plain) {
        blk->b = (const char *)args->b + (size_t)(blk->column * p->depth) * p->b_size;
        blk->column_sums =
            s8 ? (const int32_t *)((const char *)args->b + panels_size(p)) + blk->column : NULL;
        return;
    }
    hone_cpu_pack_b(w->b, p->config.variant, q->dtype, p->config.widened, q->weights_transposed, args->b,
                    args->ldb, q->k, blk->column, blk->columns);
    if (s8)
        hone_cpu_column_sums(w->column_sums, q->weights_transposed, args->b, args->ldb, q->k, blk->column,
                             blk->columns);
    blk->b = w->b;
    blk->column_sums = s8 ? w->column_sums : NULL;
}

static void run_part(void *context, size_t index) {
    hone_backend_plan *p = context;
    workspace *w = &p->workspaces[index];
    int64_t row0, row1, column0, column1;
    share(&row0, &row1, p->problem.m, p->config.variant->mr, (int)index / p->gn, p->gm);
    share(&column0, &column1, p->problem.n, p->config.variant->nr, (int)index % p->gn, p->gn);
    for (int64_t j = column0; j < column1; j += p->nc) {
        block blk = {.column = j, .columns = at_most(p->nc, column1 - j)};
        for (int64_t i = row0; i < row1; i += p->mc) {
            blk.row = i;
            blk.rows = at_most(p->mc, row1 - i);
            if (i == row0)
                find_weights(p, w, &blk);
            run_block(p, w, &blk);
        }
    }
}

void hone_cpu_execute(hone_backend_plan *p, const hone_args *args) {
    p->args = args;
    hone_pool_run(p->pool, run_part, p, (size_t)p->threads);
    p->args = NULL;
}

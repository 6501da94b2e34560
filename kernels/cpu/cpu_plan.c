#include "cpu_plan.h"

#include <stdlib.h>
#include <string.h>

#include "activation.h"
#include "cpu_device.h"
#include "cpu_model.h"
#include "cpu_pack.h"
#include "cpu_pool.h"
#include "huge_pages.h"

/* NULL when there is no memory. */
static void *allocate(hone_backend_plan *p, size_t bytes) {
    void *memory = NULL;
    bytes = bytes ? bytes : HONE_PACK_ALIGN;
    p->allocated += bytes;
    return posix_memalign(&memory, HONE_PACK_ALIGN, bytes) ? NULL : memory;
}

/* Rows an even number of lines apart compete for half the sets of a cache, or fewer. */
static size_t row_pitch(size_t bytes) {
    return ((size_t)hone_pieces((int64_t)bytes, HONE_LINE) | 1) * HONE_LINE;
}

/* What was added to every element of A, as it was copied or read. */
static int32_t zero_shift(int a_type, hone_dtype type) {
    return a_type == HONE_A_U8 && type == HONE_S8 ? 128 : a_type == HONE_A_S8 && type == HONE_U8 ? -128 : 0;
}

static int workspace_create(hone_cpu_workspace *w, hone_backend_plan *p) {
    const hone_variant *v = p->config.variant;
    int64_t rows = p->in_runs ? p->buffered * p->config.mr : 2 * v->mr;
    size_t sums = (size_t)(p->slices > 1 ? p->mc * p->nc : rows * v->nr);
    int plain = p->problem.weights_plain, copied = p->config.copy_a,
        tail = hone_cpu_variant_is_amx(v) && !copied && p->problem.k % p->step;
    w->a = copied ? allocate(p, (size_t)p->mc * p->a_pitch) : NULL;
    w->tail = tail ? allocate(p, (size_t)p->mc * HONE_AMX_BYTES) : NULL;
    int head = v->words && !copied && p->problem.k < v->group;
    w->head = head ? allocate(p, (size_t)v->mr * 2 * HONE_WORD_BYTES) : NULL;
    if (head && w->head)
        memset(w->head, 0, (size_t)v->mr * 2 * HONE_WORD_BYTES);
    w->sums = allocate(p, sums * 4);
    w->b = plain ? allocate(p, (size_t)(p->depth * p->nc) * p->b_size) : NULL;
    w->column_sums = plain ? allocate(p, (size_t)p->nc * sizeof(int32_t)) : NULL;
    int scaled = p->problem.dtype == HONE_S8 && !p->problem.a_scale_per_row,
        starts = scaled && p->config.starts;
    w->scale = scaled ? allocate(p, (size_t)p->nc * sizeof(float)) : NULL;
    w->start = starts ? allocate(p, (size_t)p->nc * sizeof(int32_t)) : NULL;
    int out = p->config.curved || (scaled && p->config.direct);
    w->out_scale = out ? allocate(p, (size_t)p->nc * sizeof(float)) : NULL;
    w->out_bias = out ? allocate(p, (size_t)p->nc * sizeof(float)) : NULL;
    if (w->start)
        memset(w->start, 0, (size_t)p->nc * sizeof(int32_t)); /* for the lanes beyond the matrix */
    w->job = (hone_epilogue_job){
        .args = {.acc_is_s32 = p->problem.dtype == HONE_S8,
                 .c_type = hone_cpu_c_type(p->problem.c_type),
                 .p = (float)p->problem.act_params[0],
                 .q = (float)p->problem.act_params[1],
                 .zero_shift = zero_shift(v->a_type, p->problem.a_type)},
    };
    return (!copied || w->a) && (!tail || w->tail) && (!head || w->head) && w->sums &&
           (!plain || (w->b && w->column_sums)) && (!scaled || w->scale) && (!starts || w->start) &&
           (!out || (w->out_scale && w->out_bias));
}

enum {
    PARTS_AHEAD = 4096,
    NEARBY = 1024 /* bytes */,
    WAITING = 8192 /* bytes of sums, beside operands in the first level (2 KiB: 1.02 of the time) */
};

static void size_blocks(hone_backend_plan *p) {
    const hone_variant *v = p->config.variant;
    const hone_problem *q = &p->problem;
    p->step = hone_cpu_step(v);
    p->depth = hone_round_up(q->k, p->step);
    p->kc = hone_at_most(hone_round_up(p->config.kc, p->step), p->depth);
    p->slices = (int)hone_pieces(p->depth, p->kc);
    p->unit = p->config.beside_tile || hone_cpu_variant_is_amx(v) ? p->config.mr : 1;
    p->mc = hone_at_most(hone_round_up(p->config.mc, p->config.mr), q->m);
    p->nc = hone_at_most(hone_round_up(p->config.nc, v->nr), hone_round_up(q->n, v->nr));
    if (p->config.abreast && !q->weights_plain) { /* streams go through all that a thread reads */
        p->kc = p->depth;
        p->slices = 1;
        p->nc = hone_pieces(hone_pieces(q->n, v->nr), p->config.gn) * v->nr;
    }
    p->parts = p->config.gm * p->config.gn;
    p->a_size = hone_cpu_a_size(v);
    p->b_size = hone_cpu_b_size(v);
    p->c_size = hone_dtype_size(q->c_type);
    const int far = p->depth * q->n * (int64_t)p->b_size > hone_cpu_cache_sizes()->l2;
    p->prefetch = !p->config.parts    ? p->config.prefetch
                  : !far              ? 0
                  : p->config.nearby  ? NEARBY
                  : p->config.abreast ? 0
                                      : PARTS_AHEAD;
    p->per_column = hone_activation_info(q->act)->per_column;
    for (int j = 0; j < HONE_MOST_COLUMNS; j++)
        p->slope[j] = (float)q->act_params[0];
    p->a_pitch = row_pitch((size_t)p->kc * p->a_size);
    p->fetch_c = hone_cpu_fetches_c(&p->config, q);
    p->in_runs = hone_cpu_in_runs(&p->config, q);
    const int64_t tile = 4 * (int64_t)p->config.mr * v->nr;
    p->buffered = p->in_runs && tile < WAITING ? WAITING / tile : 1;
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
    p->problem = *problem;
    p->pool = pool;
    size_blocks(p);
    if (p->config.curved && !(p->curves = calloc(1, sizeof *p->curves)))
        status = HONE_E_NOMEM;
    p->allocated += p->curves ? sizeof *p->curves : 0;
    p->workspaces = aligned_alloc(_Alignof(hone_cpu_workspace), (size_t)p->parts * sizeof *p->workspaces);
    if (p->workspaces)
        memset(p->workspaces, 0, (size_t)p->parts * sizeof *p->workspaces);
    for (int t = 0; p->workspaces && t < p->parts; t++)
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
    for (int t = 0; p && p->workspaces && t < p->parts; t++) {
        free(p->workspaces[t].a);
        free(p->workspaces[t].tail);
        free(p->workspaces[t].head);
        free(p->workspaces[t].sums);
        free(p->workspaces[t].b);
        free(p->workspaces[t].column_sums);
        free(p->workspaces[t].start);
        free(p->workspaces[t].scale);
        free(p->workspaces[t].out_scale);
        free(p->workspaces[t].out_bias);
    }
    if (p) {
        free(p->workspaces);
        free(p->curves);
    }
    free(p);
}

size_t hone_cpu_plan_workspace(const hone_backend_plan *p) { return p->allocated; }

size_t hone_cpu_panels_size(const hone_backend_plan *p) {
    int64_t columns = hone_cpu_padded_columns(&p->config, p->problem.n);
    return (size_t)hone_round_up((int64_t)((size_t)(columns * p->depth) * p->b_size), HONE_PACK_ALIGN);
}

size_t hone_cpu_packed_size(const hone_backend_plan *p) {
    size_t sums = p->problem.dtype == HONE_S8 ? (size_t)p->problem.n * sizeof(int32_t) : 0;
    return p->problem.weights_plain
               ? 0
               : (size_t)hone_round_up((int64_t)(hone_cpu_panels_size(p) + sums), HONE_PACK_ALIGN);
}

hone_status hone_cpu_pack(void *packed, const hone_backend_plan *p, const void *b, int64_t ldb) {
    const hone_problem *q = &p->problem;
    hone_prefer_huge_pages(packed, hone_cpu_packed_size(p));
    hone_cpu_pack_b(packed, &p->config, q, b, ldb, 0, q->n);
    if (q->dtype == HONE_S8)
        hone_cpu_column_sums((int32_t *)((char *)packed + hone_cpu_panels_size(p)), q->weights_transposed, b,
                             ldb, q->k, 0, q->n);
    return HONE_OK;
}

/*
 * C is divided into gm x gn parts, one a thread. A thread walks its part in
 * blocks of mc x nc; a block is summed over k in slices of kc:
 *
 *            nc                      B: packed once, panels of nr columns,
 *        +---------+                    each K deep
 *        | block   |
 *     mc |  [mr x nr tiles]          A: read in place, or the mc x kc slice
 *        |         |                    of the block is copied
 *        +---------+
 *
 * Each tile is computed in registers over one slice. When kc covers K a tile
 * goes straight to the epilogue; otherwise the sums of the whole block wait in
 * a buffer until the last slice.
 */
#include <math.h>
#include <string.h>

#include "cpu_pack.h"
#include "cpu_plan.h"
#include "cpu_pool.h"

/* A block of C and where its operands are. */
typedef struct block {
    int64_t row, rows, column, columns;
    const char *b; /* packed panel of the first column */
    int64_t ahead; /* columns from there on that are packed and the thread's */
    const int32_t
        *column_sums;     /* of the first column, for zero points still to be taken off; NULL: none are */
    const float *scale;   /* of s8: of A and B, or of B where A has one a row */
    const int32_t *start; /* what its sums begin with; NULL: zeros, or the bias */
    int direct;           /* C leaves from the registers where panels are whole */
    int curved;           /* C comes from the curve */
} block;

/* `extent` in pieces as equal as can be, of whole units. Known before the loops: a division a tile would be a
 * tenth of a small one. */
typedef struct cut {
    int64_t extent, unit, size, rest; /* units in a piece, pieces that have one more */
} cut;

static cut cut_into(int64_t extent, int64_t unit, int64_t pieces) {
    int64_t units = hone_pieces(extent, unit);
    return (cut){.extent = extent, .unit = unit, .size = units / pieces, .rest = units % pieces};
}

/* Where piece `i` begins. */
static int64_t cut_at(const cut *c, int64_t i) {
    return hone_at_most((c->size * i + hone_at_most(i, c->rest)) * c->unit, c->extent);
}

/* A block over one slice of k. */
typedef struct slice {
    const hone_backend_plan *plan;
    hone_cpu_workspace *workspace;
    const block *block;
    const char *a;    /* of the first row */
    int64_t a_step;   /* bytes from one to the next */
    const char *tail; /* of the first row: what whole steps leave of A; NULL: nothing */
    int64_t k;
    int64_t after_column, after_k; /* where the weights begin that are read after this slice's */
    int last;                      /* the sums are complete after it */
    int head;                      /* its first rows are those of A, and have a copy */
    int64_t tiles;                 /* of one panel */
    cut cuts;                      /* rows into tiles */
    /* The tile in progress: number `index` of its panel, `rows` rows from row i of the block and `columns`
     * columns from column j. */
    int64_t index, i, j;
    int rows, columns;
    int copied;    /* its rows are a copy's */
    int64_t count; /* of tiles that its call computes */
    const hone_variant *variant;
    const float *bias; /* that its sums do not have yet; NULL: none */
    int direct;        /* C leaves from its registers */
    char *c;           /* of its first row and the block's first column */
    hone_tile_args tile;
} slice;

/* Does what is left of the last tile's epilogue. */
static void finish(hone_epilogue_job *job) {
    if (job->next < job->rows)
        job->run(&job->args, job->next, job->rows);
    job->next = job->rows = 0;
}

/* Leaves the sums of a call to the epilogue. */
static void leave_tiles(const slice *s, const void *sums, char *c) {
    const hone_backend_plan *p = s->plan;
    const hone_args *args = p->args;
    int64_t row = s->block->row + s->i;
    hone_cpu_workspace *w = s->workspace;
    hone_epilogue_args *e = &w->job.args;
    e->acc = sums;
    e->acc_ld = s->variant->nr;
    e->columns = s->columns;
    e->c = c;
    e->bias = s->block->curved ? w->out_bias + s->j : s->bias;
    e->alpha = p->per_column ? args->alpha + s->block->column + s->j : NULL;
    if (e->acc_is_s32) {
        int per_row = p->problem.a_scale_per_row;
        e->row_scale = per_row ? args->a_scale + row : NULL;
        e->row_zero = args->a_zero ? args->a_zero + (per_row ? row : 0) : NULL;
        e->col_scale = (s->block->curved ? w->out_scale : s->block->scale) + s->j;
        e->col_sum = s->block->column_sums ? s->block->column_sums + s->j : NULL;
    }
    w->job.next = 0;
    w->job.rows = s->rows * (int)s->count;
    if (!p->config.beside)
        finish(&w->job);
}

/* Asks for the lines of C that a tile will write while it is being computed: on
 * shapes of little depth the stores would otherwise wait for them, where C is too
 * large for the second level. */
static void prefetch_c(const char *c, size_t step, int rows, size_t bytes) {
    for (int i = 0; i < rows; i++, c += step)
        for (size_t at = 0; at < bytes; at += HONE_LINE)
            __builtin_prefetch(c + at, 1);
}

/* A tile's own panel, so far ahead that it is there in time. */
static void fetch_ahead(slice *s) {
    const hone_backend_plan *p = s->plan;
    const hone_variant *v = s->variant;
    int64_t bytes = HONE_TILE_STEPS * v->group * v->nr * (int64_t)p->b_size;
    s->tile.fetch = (const char *)s->tile.b + p->config.prefetch;
    s->tile.fetch_next = s->tile.b_next;
    s->tile.fetch_lines = hone_pieces(bytes, HONE_LINE);
}

/* A tile's share of the panel that takes the place of its own: the next one, or with inner=n the same one of
 * what comes after. For how many tiles from this one on that holds. */
static int64_t fetch_next(slice *s) {
    const hone_backend_plan *p = s->plan;
    const hone_cpu_config *config = &p->config;
    const block *blk = s->block;
    hone_tile_args *t = &s->tile;
    int64_t steps = t->groups / HONE_TILE_STEPS, nr = config->variant->nr, j = s->j;
    int beside = !config->inner_n && j + nr < blk->columns;
    int64_t column = beside ? j + nr : s->after_column + (config->inner_n ? j : 0),
            k = beside ? s->k : s->after_k;
    t->fetch_lines = 0;
    if (steps == 0 || column >= blk->ahead || (column == j && k == s->k))
        return s->tiles;
    int64_t width = blk->ahead - column < nr ? config->edge->nr : nr;
    int64_t bytes = hone_at_most(p->kc, p->depth - k) * width * (int64_t)p->b_size;
    int64_t lines = hone_pieces(bytes, s->tiles * steps * HONE_LINE), share = steps * lines * HONE_LINE;
    if (s->index * share >= bytes)
        return s->tiles;
    t->fetch = blk->b + (size_t)(column * p->depth + k * width) * p->b_size + s->index * share;
    t->fetch_lines = lines;
    t->fetch_next = share;
    return hone_pieces(bytes - s->index * share, share);
}

/* The sums of a call: those that wait for their epilogue, where one of two tiles takes turns if that is done
 * beside the next, or for the next slice. */
static void *find_sums(const slice *s) {
    const hone_backend_plan *p = s->plan;
    const hone_cpu_config *config = &p->config;
    hone_cpu_workspace *w = s->workspace;
    if (p->slices > 1)
        return w->sums + (size_t)(s->j * s->block->rows + s->i * s->variant->nr) * 4;
    void *sums = w->sums + (w->turn ? (size_t)(config->variant->mr * config->variant->nr) * 4 : 0);
    w->turn ^= config->beside;
    return sums;
}

/* Of a K that is no group, tiles read the word that ends with a row: of the first rows from a copy, for there
 * is nothing before them. Out of line, or the loop over small tiles takes 4% longer. */
__attribute__((noinline, cold)) static int head_rows(slice *s) {
    enum { STEP = 2 * HONE_WORD_BYTES };
    char *head = s->workspace->head;
    const int before = (s->block->row + s->i) * s->a_step + s->tile.a_rest >= HONE_WORD_BYTES;
    s->tile.a_step = before ? s->a_step : STEP;
    if (before)
        return 0;
    for (int i = 0; i < s->rows; i++)
        memcpy(head + i * STEP + HONE_WORD_BYTES, s->a + (s->i + i) * s->a_step, (size_t)s->tile.a_rest);
    s->tile.a = head + HONE_WORD_BYTES;
    return 1;
}

static void enter_rows(slice *s, int64_t index) {
    const hone_backend_plan *p = s->plan;
    s->index = index;
    s->i = cut_at(&s->cuts, index);
    s->rows = (int)(cut_at(&s->cuts, index + 1) - s->i);
    s->tile.a = s->a + s->i * s->a_step;
    s->copied = s->head && head_rows(s);
    s->tile.a_tail = s->tail ? s->tail + (size_t)s->i * HONE_AMX_BYTES : NULL;
    s->c =
        (char *)p->args->c + (size_t)((s->block->row + s->i) * p->args->ldc + s->block->column) * p->c_size;
}

static void enter_panel(slice *s, int64_t j) {
    const hone_backend_plan *p = s->plan;
    const hone_cpu_workspace *w = s->workspace;
    const block *blk = s->block;
    hone_tile_args *t = &s->tile;
    int64_t rest = blk->columns - j;
    const hone_variant *v = rest < p->config.variant->nr ? p->config.edge : p->config.variant;
    int whole = rest >= v->nr, biased = whole && w->starts && p->problem.dtype != HONE_S8;
    const float *bias = p->problem.bias ? p->args->bias + blk->column + j : NULL;
    s->j = j;
    s->variant = v;
    s->columns = (int)hone_at_most(rest, v->nr);
    s->direct = s->last && whole && blk->direct;
    s->bias = biased ? NULL : bias;
    t->b = blk->b + (size_t)(j * p->depth + s->k * v->nr) * p->b_size;
    t->start = biased ? (const void *)bias : blk->start ? blk->start + j : NULL;
    if (p->config.leaks)
        t->slope = p->per_column ? p->args->alpha + blk->column + j : p->slope;
    if (w->out_scale) {
        t->scale = w->out_scale + j;
        t->bias = w->out_bias + j;
    }
}

/* The function of the tile that was entered: one that does the epilogue of the tile before, if both are whole
 * and that needs nothing more than a sum's own columns. */
static hone_tile_fn *find_tile(slice *s) {
    const hone_cpu_config *config = &s->plan->config;
    hone_epilogue_job *job = &s->workspace->job;
    const hone_epilogue_args *e = &job->args;
    if (config->beside_tile) {
        int plain = e->acc_is_s32 ? !e->row_scale && !e->col_sum : !e->bias;
        if (s->rows == config->mr && s->variant == config->variant && job->rows == config->mr &&
            e->columns == s->variant->nr && plain)
            return config->beside_tile;
        finish(job);
    }
    return s->variant->tiles[s->rows - 1];
}

/* How many tiles from the one that was entered on are alike, so that one call may compute them. */
static int64_t count_alike(const slice *s) {
    const hone_backend_plan *p = s->plan;
    const int buffered = s->last && !s->direct;
    if (!p->in_runs)
        return 1;
    if (p->config.inner_n) {
        const int64_t whole = (s->block->columns - s->j) / s->variant->nr;
        return buffered || p->config.fetch_next ? 1 : (whole > 1 ? whole : 1);
    }
    const int64_t alike = s->copied ? 1 : (s->index < s->cuts.rest ? s->cuts.rest : s->tiles) - s->index;
    return buffered ? hone_at_most(alike, p->buffered) : alike;
}

/* From each tile of a call to the next: so many columns across, or, with 0, the one below. */
static void set_steps(slice *s, int64_t across) {
    const hone_backend_plan *p = s->plan;
    const int64_t tile = s->rows * s->variant->nr * 4;
    hone_tile_args *t = &s->tile;
    t->a_next = across ? 0 : s->rows * t->a_step;
    t->b_next = across * p->depth * (int64_t)p->b_size;
    t->c_next = (across ? across : s->rows * t->ldc) * (int64_t)p->c_size;
    t->acc_next = p->slices > 1 && across       ? across * s->block->rows * 4
                  : p->slices > 1 || !s->direct ? tile
                                                : 0;
    t->columns_next = across;
    t->slope_next = p->per_column ? across : 0;
}

/* What a call fetches, and for how many of its tiles that holds. */
static int64_t fetch(slice *s) {
    const hone_cpu_config *config = &s->plan->config;
    if (config->fetch_next)
        return fetch_next(s);
    if (config->prefetch)
        fetch_ahead(s);
    return s->count;
}

/* The tile that was entered, and those after it that are alike: s->count. */
static void run_tiles(slice *s) {
    const hone_backend_plan *p = s->plan;
    char *c = s->c + (size_t)s->j * p->c_size;
    void *const sums = s->tile.acc = find_sums(s);
    s->tile.c = s->direct ? c : NULL;
    s->count = count_alike(s);
    set_steps(s, p->config.inner_n ? s->variant->nr : 0);
    s->count = hone_at_most(s->count, fetch(s));
    s->tile.further = s->count - 1;
    if (s->last && p->fetch_c)
        prefetch_c(c, (size_t)p->args->ldc * p->c_size, s->rows, (size_t)s->columns * p->c_size);
    find_tile(s)(&s->tile);
    if (s->last && !s->direct)
        leave_tiles(s, sums, c);
}

/* Of few rows: the tile that was entered of `panels` panels, as many columns apart as `across` says. */
static void run_abreast(slice *s, int64_t j, int panels, int64_t across) {
    const hone_backend_plan *p = s->plan;
    enter_panel(s, j);
    char *const sums = s->tile.acc = find_sums(s);
    s->tile.c = s->direct ? s->c + (size_t)j * p->c_size : NULL;
    set_steps(s, across);
    s->tile.abreast = 1;
    s->tile.further = panels - 1;
    s->variant->tiles[s->rows - 1](&s->tile);
    s->tile.abreast = 0;
    s->count = 1;
    for (int i = 0; s->last && !s->direct && i < panels; i++) {
        enter_panel(s, j + i * across);
        leave_tiles(s, sums + i * s->tile.acc_next, s->c + (size_t)s->j * p->c_size);
    }
}

/* The panels of a block in as many streams as the tile that was entered reads; the first column left. */
static int64_t run_streams(slice *s) {
    enum { MANY = 32 };
    const hone_variant *v = s->plan->config.variant;
    const int streams = HONE_PARTS(v->mr, s->rows);
    const int64_t nr = v->nr, panels = s->block->columns / nr / streams;
    /* a power of two apart 1.5 of the time at 1 x 16384 x 16384 in f32 on Zen 3 */
    const int64_t across = (panels > MANY ? hone_odd(panels) : panels) * nr;
    if (streams == 1)
        return 0;
    for (int64_t j = 0; j < across; j += nr)
        run_abreast(s, j, streams, across);
    return streams * across;
}

static void run_slice(slice *s) {
    const hone_cpu_config *config = &s->plan->config;
    const int by_rows = config->inner_n || config->abreast;
    int64_t nr = config->variant->nr, columns = s->block->columns;
    s->tiles = hone_pieces(s->block->rows, config->mr);
    s->cuts = cut_into(s->block->rows, s->plan->unit, s->tiles);
    /* What the inner loop walks passes; a single one stays. */
    s->tile.b_passes = by_rows == ((by_rows ? hone_pieces(columns, nr) : s->tiles) > 1);
    for (int64_t tile = 0; by_rows && tile < s->tiles; tile++) {
        enter_rows(s, tile);
        for (int64_t j = config->abreast ? run_streams(s) : 0; j < columns; j += s->count * nr) {
            enter_panel(s, j);
            run_tiles(s);
        }
    }
    for (int64_t j = 0; !by_rows && j < columns; j += nr) {
        enter_panel(s, j);
        for (int64_t tile = 0; tile < s->tiles; tile += s->count) {
            enter_rows(s, tile);
            run_tiles(s);
        }
    }
}

/* `next_columns`: how far the block lies to the right that is computed after this one; 0: it is below. */
static void run_block(const hone_backend_plan *p, hone_cpu_workspace *w, const block *blk,
                      int64_t next_columns) {
    const hone_args *args = p->args;
    const hone_cpu_config *c = &p->config;
    hone_dtype type = p->problem.a_type;
    size_t a_size = hone_dtype_size(type);
    for (int64_t k = 0; k < p->problem.k; k += p->kc) {
        int64_t depth = hone_at_most(p->kc, p->problem.k - k);
        int64_t rest = c->copy_a ? 0 : depth % p->step; /* what whole steps leave */
        const char *a = (const char *)args->a + (size_t)(blk->row * args->lda + k) * a_size;
        slice s = {.plan = p,
                   .workspace = w,
                   .block = blk,
                   .a = a,
                   .a_step = args->lda * (int64_t)a_size,
                   .k = k,
                   .last = k + depth >= p->problem.k,
                   .head = w->head && blk->row < HONE_WORD_BYTES,
                   .tile = {.groups = hone_round_up(depth - rest, p->step) / c->variant->group,
                            .a_flip = !c->copy_a && hone_cpu_flips(c->variant, &p->problem) ? 0x80 : 0,
                            .a_rest = w->tail ? 0 : (int)(rest * (int64_t)a_size),
                            .prefetch = p->prefetch,
                            .parts = c->parts,
                            .accumulate = k > 0,
                            .ldc = args->ldc,
                            .c_type = w->job.args.c_type,
                            .c_zero = args->c_zero,
                            .c_normal = w->normal,
                            .curve = blk->curved ? &p->curve->table : NULL,
                            .clamp = c->clamp,
                            .low = w->low,
                            .high = w->high,
                            .shape = &w->shape,
                            .job = &w->job}};
        s.after_k = s.last ? 0 : k + depth;
        s.after_column = s.last ? next_columns : 0;
        if (c->copy_a) {
            hone_cpu_copy_a(w->a, p->a_pitch, c, type, a, args->lda, blk->rows, depth);
            s.a = w->a;
            s.a_step = (int64_t)p->a_pitch;
        }
        if (w->tail && rest) {
            hone_cpu_copy_a(w->tail, HONE_AMX_BYTES, c, type, a + (size_t)(depth - rest) * a_size, args->lda,
                            blk->rows, rest);
            s.tail = w->tail;
        }
        s.tile.a_step = s.a_step;
        run_slice(&s);
    }
    finish(&w->job); /* before what it points to is another block's */
}

/* Into the units of C. Scales that overflow would make NaN of what the buffer's epilogue saturates. */
static void direct_columns(const hone_backend_plan *p, hone_cpu_workspace *w, block *blk) {
    int finite = 1;
    for (int64_t j = 0; j < blk->columns; j++) {
        float bias = p->problem.bias ? p->args->bias[blk->column + j] : 0;
        w->out_scale[j] = blk->scale[j] * w->unit;
        w->out_bias[j] = bias * w->unit;
        finite &= isfinite(w->out_scale[j]) && (isfinite(w->out_bias[j]) || !isfinite(bias));
    }
    blk->direct &= finite;
}

/* Into the units of the curve, which takes no x that 32 bits cannot hold, nor a NaN. */
static void curve_columns(const hone_backend_plan *p, hone_cpu_workspace *w, block *blk) {
    const hone_cpu_curve *curve = p->curve;
    const float most_sum = (float)p->problem.k * 255 * 128 * w->most_scale;
    int held = curve != NULL;
    for (int64_t j = 0; held && j < blk->columns; j++) {
        float bias = p->problem.bias ? p->args->bias[blk->column + j] : 0;
        w->out_scale[j] = blk->scale[j] * curve->unit;
        w->out_bias[j] = bias * curve->unit + curve->offset;
        held &= fabsf(w->out_scale[j]) * most_sum + fabsf(w->out_bias[j]) < 0x1p30f;
    }
    blk->curved = held;
    blk->direct &= held;
    w->job.run = held ? p->config.code->curve : p->config.code->epilogues[p->config.form][p->problem.act];
}

/* What scales and zero points of A make of the columns. */
static void scale_columns(const hone_backend_plan *p, hone_cpu_workspace *w, block *blk) {
    const hone_args *args = p->args;
    int per_row = p->problem.a_scale_per_row;
    int32_t zero = (args->a_zero && !per_row ? args->a_zero[0] : 0) + w->job.args.zero_shift;
    int none = zero == 0 && !(args->a_zero && per_row);
    blk->start = none ? NULL : w->start;
    /* What the zero point adds to the sums, taken off; modulo 2^32, as they are. */
    for (int64_t j = 0; blk->start && j < blk->columns; j++)
        w->start[j] = (int32_t)((uint32_t)-zero * (uint32_t)blk->column_sums[j]);
    if (none || blk->start)
        blk->column_sums = NULL;
    for (int64_t j = 0; w->scale && j < blk->columns; j++)
        w->scale[j] = args->a_scale[0] * args->b_scale[blk->column + j];
    blk->scale = w->scale ? w->scale : args->b_scale + blk->column;
    if (p->config.curved)
        curve_columns(p, w, blk);
    else if (p->config.direct)
        direct_columns(p, w, blk);
}

/* Points a block at its weights, packing them first when they are plain. */
static void find_weights(const hone_backend_plan *p, hone_cpu_workspace *w, block *blk) {
    const hone_problem *q = &p->problem;
    const hone_args *args = p->args;
    int s8 = q->dtype == HONE_S8;
    if (q->weights_plain) {
        hone_cpu_pack_b(w->b, &p->config, q, args->b, args->ldb, blk->column, blk->columns);
        if (s8 && (args->a_zero || w->job.args.zero_shift))
            hone_cpu_column_sums(w->column_sums, q->weights_transposed, args->b, args->ldb, q->k, blk->column,
                                 blk->columns);
        blk->b = w->b;
        blk->ahead = blk->columns;
        blk->column_sums = w->column_sums;
    } else {
        const char *sums = (const char *)args->b + hone_cpu_panels_size(p);
        blk->b = (const char *)args->b + (size_t)(blk->column * p->depth) * p->b_size;
        blk->column_sums = s8 ? (const int32_t *)sums + blk->column : NULL;
    }
    if (s8)
        scale_columns(p, w, blk);
}

/* Whether sums that flush subnormals must not begin as this bias: where it is so small that what they lose is
 * more than rounding would be. */
static int has_tiny(const float *bias, int64_t n) {
    int found = 0;
    for (int64_t j = 0; j < n; j++)
        found |= (bias[j] != 0) & (fabsf(bias[j]) < 0x1p-102f);
    return found;
}

/* The largest magnitude; NaN where one is. */
static float largest(const float *values, int64_t n) {
    float most = 0;
    for (int64_t i = 0; i < n; i++)
        most = isnan(most) || fabsf(values[i]) <= most ? most : fabsf(values[i]);
    return most;
}

static void run_part(void *context, size_t index) {
    hone_backend_plan *p = context;
    hone_cpu_workspace *w = &p->workspaces[index];
    const hone_problem *q = &p->problem;
    int64_t gm = p->config.gm, gn = p->config.gn, nr = p->config.variant->nr;
    /* Neighbours share a last-level cache where there are several, so they take the
     * same panels of B: the weights are what is read again for every block of rows. */
    int64_t part_m = (int64_t)index % gm, part_n = (int64_t)index / gm;
    const cut parts_m = cut_into(q->m, p->unit, gm), parts_n = cut_into(q->n, nr, gn);
    int64_t row0 = cut_at(&parts_m, part_m), rows = cut_at(&parts_m, part_m + 1) - row0;
    int64_t column0 = cut_at(&parts_n, part_n), column1 = cut_at(&parts_n, part_n + 1);
    if (rows == 0)
        return;
    const int64_t blocks = hone_pieces(rows, p->mc);
    const cut block_rows = cut_into(rows, p->config.mr, blocks); /* whole tiles but for the last */
    w->job.run = p->config.code->epilogues[p->config.form][p->problem.act];
    w->job.args.ldc = p->args->ldc;
    w->job.args.c_inverse = 1.0f / p->args->c_scale;
    w->job.args.c_zero = p->args->c_zero;
    w->unit = hone_dtype_size(q->c_type) == 1 ? w->job.args.c_inverse : 1;
    w->low = p->config.low * w->unit;
    w->high = p->config.high * w->unit;
    /* Where products flush, what clamps or has a slope is all that may make a subnormal of their sums; to add
     * those of parts is no product. */
    w->normal = p->config.flushes && !p->config.parts && !p->config.leaks &&
                fpclassify(w->low) != FP_SUBNORMAL && fpclassify(w->high) != FP_SUBNORMAL;
    w->job.args.curve = p->curve ? &p->curve->table : NULL;
    w->most_scale = q->a_scale_per_row ? largest(p->args->a_scale + row0, rows) : 1;
    w->starts = p->config.starts &&
                !(p->config.flushes && q->bias && has_tiny(p->args->bias + column0, column1 - column0));
    w->shape = 0; /* other users of AMX in the thread leave theirs */
    for (int64_t j = column0; j < column1; j += p->nc) {
        block blk = {.column = j,
                     .columns = hone_at_most(p->nc, column1 - j),
                     .ahead = column1 - j,
                     .direct = p->config.direct && (w->starts || q->dtype == HONE_S8)};
        find_weights(p, w, &blk);
        for (int64_t b = 0; b < blocks; b++) {
            blk.row = row0 + cut_at(&block_rows, b);
            blk.rows = row0 + cut_at(&block_rows, b + 1) - blk.row;
            run_block(p, w, &blk, b + 1 == blocks ? blk.columns : 0);
        }
    }
    if (p->config.variant->leave)
        p->config.variant->leave();
}

/* NULL where none fits. */
static const hone_cpu_curve *find_curve(hone_backend_plan *p) {
    const hone_problem *q = &p->problem;
    if (!p->curves)
        return NULL;
    const hone_cpu_curve *curve = hone_cpu_curve_find(
        p->curves, p->config.code, q->act, (float)q->act_params[0], (float)q->act_params[1], p->args->c_scale,
        p->args->c_zero, hone_cpu_c_type(q->c_type));
    return curve->fits ? curve : NULL;
}

hone_status hone_cpu_execute(hone_backend_plan *p, const hone_args *args) {
    p->args = args;
    p->curve = find_curve(p);
    hone_pool_run(p->pool, run_part, p, (size_t)p->parts);
    p->args = NULL;
    return HONE_OK;
}

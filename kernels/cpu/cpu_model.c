/*
 * A step is one group of k in one tile. It takes the largest of
 *   rows x vectors multiplies, PORTS of them a cycle;
 *   rows + vectors loads, LOADS of them a cycle;
 *   the latency of a multiply, which few accumulators cannot hide;
 * and a little more for each load, which competes with the multiplies for places
 * in the core. The first tile of a panel of B waits for the cache that holds all
 * of B, the others for the second level.
 * AMX takes 16 groups in a step and has numbers of its own.
 *
 * Blocking follows from the caches: the second level holds all of B and the first
 * the rows of a tile, or slices of both pass.
 */
#include "cpu_model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cpu_device.h"
#include "cpu_pack.h"

static const double PORTS = 2, LOADS = 2, LATENCY = 4;
/* of a row of C that two threads write: each fetches some of the other's lines */
static const double SHARED_ROW = 40;
static const double LOAD_COST = 0.15;   /* cycles of a load beside multiplies that hide it */
static const double PACK_CYCLES = 1.5;  /* a vector of 8-bit C stored by itself, not with three others */
static const double REDUCE_CYCLES = 5;  /* summing the lanes of a dot product */
static const double TILE_CYCLES = 30;   /* calling a tile and its epilogue */
static const double IN_ORDER = 1.6;     /* times read_rate: what is read in order */
static const double COPY_RATE = 16;     /* bytes a cycle */
static const double WAKE_CYCLES = 3000; /* handing work to a thread that is awake, and waiting for it */

/* Times what is said below of panels of 4 x 24 with 8 lanes, which has the fewest loads but takes 1.02 of the
 * time of 6 x 16, not 0.98 (Zen 3; f32, and 16-bit weights widened; K of 64 to 3072; 1.1 with 8 rows). Not
 * where a panel meets one tile, which waits for weights. */
static const double AVX2_4X24 = 1.04;

/* AMX: multiplies and loads of a tile register, the latency of its sums, and moving them. */
static const double AMX_MULTIPLY = 16, AMX_LOAD = 8, AMX_LATENCY = 52, AMX_SUMS = 60,
                    AMX_ENTER = 160;   /* shaping the registers, once a call */
static const double BESIDE_AMX = 1.25; /* times what the model says of vectors, where there is AMX */

enum { AMX_SLICE = 8192 /* bytes */, MOST_ROWS = 192, PREFETCH = 4096, PREFETCH_FAR = 16384 };

static double larger(double a, double b) { return a > b ? a : b; }

/* Bytes a cycle at which a thread reads what takes `bytes` of memory. */
static double read_rate(double bytes) {
    const hone_cpu_caches *caches = hone_cpu_cache_sizes();
    return bytes <= (double)caches->l1   ? 64
           : bytes <= (double)caches->l2 ? 32
           : bytes <= (double)caches->l3 ? 10
                                         : 4;
}

/* Of read_rate, where one row reads weights of more than 3/8 of the last level in fewer than HONE_MOST_PARTS
 * streams (Zen 3, parts of a panel: from half of the last level 0.75 to 1.0, at a quarter 1.0), or in a dot
 * product (0.6, for which this is enough to choose another); to choose a tile's width, streams are taken for
 * granted. */
static const double FEW_STREAMS = 0.9;

/* The same for B, of which a thread needs `share` again and again: the second level, which is a thread's own,
 * keeps what leaves half of it to A and C; the last level is shared by all threads. */
static double b_read_rate(double bytes, double share) {
    double second_level = (double)hone_cpu_cache_sizes()->l2;
    return 2 * share < second_level ? read_rate(share) : read_rate(larger(bytes, second_level + 1));
}

static double step_cycles(const hone_variant *v, int lanes, double rows) {
    double vectors = v->nr < lanes ? v->nr : (double)v->nr / lanes;
    double multiplies = rows * vectors;
    /* What is not in the type of the multiply is converted on the way. */
    if (v->a_type == HONE_A_S16)
        multiplies = 2 * multiplies + vectors;
    else if (v->a_type == HONE_A_F32 && hone_cpu_b_size(v) < 4)
        multiplies += 2 * vectors;
    double loads = rows + vectors;
    return larger(larger(multiplies / PORTS, loads / LOADS), LATENCY) + LOAD_COST * loads;
}

/* A part-filled step takes as long as a whole one. */
static double amx_cycles(const hone_variant *v, double rows, int64_t groups) {
    double down = rows > HONE_AMX_ROWS ? 2 : 1, across = (double)v->nr * 4 / HONE_AMX_BYTES;
    double step = larger(larger(down * across * AMX_MULTIPLY, (down + across) * AMX_LOAD), AMX_LATENCY);
    return (double)hone_pieces(groups, HONE_AMX_GROUPS) * step + AMX_SUMS;
}

static double tile_cycles(const hone_variant *v, double rows, int64_t groups) {
    return hone_cpu_variant_is_amx(v)
               ? amx_cycles(v, rows, groups)
               : (double)groups * step_cycles(v, hone_cpu_isa_find(v->isa)->lanes, rows);
}

/* A panel so small that C is most of what moves, which is then written along its rows. */
static int is_shallow(const hone_cpu_config *c, const hone_problem *p) {
    return p->k * c->variant->nr * (int64_t)hone_cpu_b_size(c->variant) < hone_cpu_cache_sizes()->l1 / 8;
}

int hone_cpu_fetches_c(const hone_cpu_config *c, const hone_problem *p) {
    const int64_t c_bytes = p->m * p->n * (int64_t)hone_dtype_size(p->c_type);
    return !hone_cpu_variant_is_amx(c->variant) && !hone_cpu_is_amd() &&
           c_bytes / (c->gm * c->gn) > hone_cpu_cache_sizes()->l2 / 2;
}

int hone_cpu_in_runs(const hone_cpu_config *c, const hone_problem *p) {
    return strcmp(c->variant->loop, "tile") == 0 && !c->beside && !c->parts && !hone_cpu_fetches_c(c, p);
}

/* Whether sums wait for their epilogue, those of several tiles one below the other. */
static int waits(const hone_cpu_config *c, const hone_problem *p) {
    return hone_cpu_in_runs(c, p) && !hone_cpu_may_be_direct(c->variant, p);
}

/* A panel that the first level holds stays there while all rows pass it. */
static int inner_is_n(const hone_cpu_config *c, const hone_problem *p) {
    int64_t panel = p->k * c->variant->nr * (int64_t)hone_cpu_b_size(c->variant);
    return p->n > c->variant->nr &&
           (panel > hone_cpu_cache_sizes()->l1 * 2 / 3 || (is_shallow(c, p) && !waits(c, p)));
}

/* What a tile of dot products waits for, which uses what it loads a few times only. The first panel meets A
 * where all of it lies. After that, with inner=n, the rows of a tile wait for the next panel and all of B
 * passes; else the panel waits and a block of A passes. */
static double dot_reads(const hone_cpu_config *c, const hone_problem *p, double rows, double panel) {
    double row = (double)p->k * (double)hone_cpu_a_size(c->variant), part = (double)hone_pieces(p->m, c->gm);
    double panels = ceil((double)p->n / c->gn / c->variant->nr), both = rows * row + panel;
    int inner_n = inner_is_n(c, p);
    double first = 1 / read_rate(part * row),
           again = 1 / read_rate(inner_n ? both : row * fmin(part, MOST_ROWS));
    double reads = rows * row * (first + again * (panels - 1)) / panels +
                   panel / read_rate(inner_n ? panel * panels : both);
    return reads / IN_ORDER;
}

static int is_avx2_4x24(const hone_variant *v) {
    enum { LANES = 8 };
    return v->nr == 3 * LANES && v->a_type == HONE_A_F32 && hone_cpu_isa_find(v->isa)->lanes == LANES;
}

/* All tiles of one panel of B. */
static double panel_cycles(const hone_cpu_config *c, const hone_problem *p, const hone_variant *v,
                           int64_t rows, double b_rate) {
    int64_t tiles = hone_pieces(rows, c->mr), groups = hone_pieces(p->k, v->group);
    double tile = tile_cycles(v, (double)rows / (double)tiles, groups);
    int lanes = hone_cpu_isa_find(v->isa)->lanes;
    if (hone_dtype_size(p->c_type) == 1 && v->nr % (4 * lanes))
        tile += PACK_CYCLES * (double)rows / (double)tiles * v->nr / lanes;
    double bytes = (double)(groups * v->group * v->nr) * (double)hone_cpu_b_size(v);
    if (hone_cpu_variant_is_dot(v))
        tile = larger(tile, dot_reads(c, p, (double)rows / (double)tiles, bytes)) +
               REDUCE_CYCLES * (double)rows / (double)tiles * v->nr;
    double second_level = read_rate((double)hone_cpu_cache_sizes()->l2);
    double all = larger(tile, bytes / b_rate) + (double)(tiles - 1) * larger(tile, bytes / second_level);
    return tiles > 1 && is_avx2_4x24(v) ? AVX2_4X24 * all : all;
}

/* What the blocking of a config adds on one thread: sums that wait for the next slice of K, A copied for
 * every block of columns, B read again for every block of rows where the second level does not keep it,
 * operands that the inner loop does not find in the first level, and tiles that leave by way of a buffer. */
static double blocking_cycles(const hone_cpu_config *c, const hone_problem *p, double rows, double columns) {
    const hone_cpu_caches *caches = hone_cpu_cache_sizes();
    const hone_variant *v = c->variant;
    int64_t kc = hone_at_most(c->kc, p->k), nc = hone_at_most(c->nc, p->n), mc = hone_at_most(c->mc, p->m);
    double a_size = (double)hone_cpu_a_size(v), b_size = (double)hone_cpu_b_size(v), k = (double)p->k;
    double second_level = read_rate((double)caches->l2), cycles = 0;
    double slices = (double)hone_pieces(p->k, kc), column_blocks = ceil(columns / (double)nc),
           row_blocks = ceil(rows / (double)hone_round_up(mc, c->mr));

    cycles += 2 * 4 * (slices - 1) * rows * columns / read_rate(4 * (double)(mc * nc));
    if (c->copy_a)
        cycles += rows * k * a_size / COPY_RATE * (column_blocks - 1);
    if (b_size * k * (double)nc > (double)caches->l2 / 2)
        cycles += (row_blocks - 1) * columns * k * b_size / read_rate(2 * (double)caches->l2);
    double row = a_size * (double)kc * c->mr, panel = b_size * (double)(kc * v->nr);
    int found = c->inner_n ? row <= (double)caches->l1 / 2 : panel <= (double)caches->l1 * 2 / 3;
    if (!found)
        cycles += LOAD_COST * rows * columns * k * (a_size / v->nr + b_size / c->mr) / second_level;
    if (!c->direct)
        cycles += 2 * 4 * rows * columns / read_rate((double)caches->l1);
    return cycles;
}

double hone_cpu_model_cycles(const hone_cpu_config *c, const hone_problem *p) {
    const hone_variant *v = c->variant;
    int64_t rows = hone_pieces(p->m, c->gm), tiles = hone_pieces(rows, c->mr),
            all_panels = hone_pieces(p->n, v->nr);
    int64_t panels = hone_pieces(all_panels, c->gn);
    double a_bytes = (double)(rows * p->k) * (double)hone_cpu_a_size(v);
    double b_bytes = (double)(hone_cpu_padded_columns(c, p->n) * p->k) * (double)hone_cpu_b_size(v);
    double b_rate = b_read_rate(b_bytes, b_bytes / c->gn);
    int parts = c->parts || !c->kc,
        few_streams = hone_cpu_variant_is_dot(v) || (parts && v->mr < HONE_MOST_PARTS);
    if (p->m == 1 && few_streams && 8 * b_bytes > 3 * (double)hone_cpu_cache_sizes()->l3)
        b_rate *= FEW_STREAMS;

    double cycles = (double)panels * panel_cycles(c, p, v, rows, b_rate);
    if (all_panels == panels && c->edge != v)
        cycles += panel_cycles(c, p, c->edge, rows, b_rate) - panel_cycles(c, p, v, rows, b_rate);
    cycles = larger(cycles, b_bytes / c->gn / b_rate + a_bytes / read_rate(a_bytes));
    cycles += (double)(tiles * panels) * TILE_CYCLES;
    if (c->copy_a)
        cycles += a_bytes / COPY_RATE;
    if (hone_cpu_variant_is_amx(v))
        cycles += AMX_ENTER;
    if (c->kc)
        cycles += blocking_cycles(c, p, (double)rows, (double)(panels * v->nr));
    if (c->gn > 1)
        cycles += (double)rows * SHARED_ROW;
    return c->gm * c->gn > 1 ? cycles + WAKE_CYCLES : cycles;
}

double hone_cpu_cost(const hone_device *device, const hone_problem *problem, const hone_config *config,
                     int threads) {
    (void)device;
    (void)threads; /* the grid is part of the config */
    hone_cpu_config c = {0};
    return hone_cpu_config_read(&c, problem, config) ? INFINITY : hone_cpu_model_cycles(&c, problem);
}

/* Whether the blocks of a config are choose_streaming_blocks': where a thread's weights exceed the second
 * level, or the rows of a tile the first, and each panel is met by several tiles. */
static int passes_through(const hone_cpu_config *c, const hone_problem *p) {
    const hone_cpu_caches *caches = hone_cpu_cache_sizes();
    int64_t weights = p->k * hone_pieces(p->n, c->gn) * (int64_t)hone_cpu_b_size(c->variant);
    int64_t rows = p->k * c->mr * (int64_t)hone_cpu_a_size(c->variant);
    return (weights >= caches->l2 || rows > caches->l1 * 9 / 8) && hone_pieces(p->m, c->gm) > c->mr &&
           !is_shallow(c, p) && strcmp(c->variant->loop, "tile") == 0;
}

/* The second level holds a panel of a slice of K, the next one, which is fetched meanwhile, a block of A,
 * which all panels meet, and the sums, if there are several slices; the first holds the rows of a tile. A is
 * not copied unless it must be: copying stands still for memory (128x768x3072: 5% slower). */
static void choose_streaming_blocks(hone_cpu_config *c, const hone_problem *p) {
    const hone_cpu_caches *caches = hone_cpu_cache_sizes();
    int64_t a_size = (int64_t)hone_cpu_a_size(c->variant), b_size = (int64_t)hone_cpu_b_size(c->variant);
    int64_t panel = caches->l2 / 4 / (c->variant->nr * b_size), rows = caches->l1 * 3 / 4 / (c->mr * a_size);
    c->kc = hone_cpu_depth(p->k, hone_at_most(panel, rows));
    c->mc = hone_cpu_rows(p->m, caches->l2 * 3 / 8 / (hone_at_most(p->k, c->kc) * a_size));
    c->nc = hone_cpu_columns(p->n, p->k > c->kc ? caches->l2 / 5 / (4 * hone_at_most(c->mc, p->m)) : p->n);
    c->fetch_next = 1;
}

/* Rows a multiple of a way of the first level apart, as those of a contiguous A may be, lie in the same sets:
 * a tile's are not to fill them. */
static int crowds(const hone_cpu_config *c, const hone_problem *p) {
    enum { WAY = 4096 };
    return !c->copy_a && p->k * (int64_t)hone_cpu_a_size(c->variant) % WAY == 0 &&
           c->mr > larger(1, ceil((double)(hone_cpu_cache_sizes()->l1 / WAY) * 2 / 3));
}

/* Whether a vector of weights is half a vector when it is read, so that there are many instructions to a
 * line. */
static int widens(const hone_variant *v) { return v->group * (int64_t)hone_cpu_b_size(v) < HONE_WORD_BYTES; }

/* How far ahead of themselves tiles fetch that meet a panel once or twice, where a thread's share of the
 * weights exceeds the second level. Weights that come from memory, or partly from the last level, and widened
 * ones: 16 KiB, which takes 0.73 to 0.98 of the time of 4 KiB for 2 to 12 rows of weights of 17 to 200 MB
 * (Zen 5; 1.05 at most, of 4 rows in f32). Others that the last level holds with room to spare AMD's
 * processors fetch by themselves (0.73 to 0.97). What dot products fetch is A. */
static int64_t prefetch_distance(const hone_cpu_config *c, const hone_problem *p) {
    const hone_cpu_caches *caches = hone_cpu_cache_sizes();
    const int64_t column = p->k * (int64_t)hone_cpu_b_size(c->variant);
    if (column * hone_pieces(p->n, c->gn) <= caches->l2)
        return 0;
    if (hone_cpu_variant_is_dot(c->variant))
        return PREFETCH;
    if (column * p->n > caches->l3 * 5 / 8 || widens(c->variant))
        return PREFETCH_FAR;
    return hone_cpu_is_amd() ? 0 : PREFETCH;
}

/* Where the second level holds the weights, or a single row reads them: several streams where nothing else
 * hides the latency of a multiply. From memory AMD's processors are better left to fetch by themselves, those
 * without AVX-512 in streams, those with it in one, unless weights are widened on the way: so many
 * instructions a line leave too few lines within a core's view, up to eight times the last level. docs/cpu.md
 * has the times. */
static void choose_blocks(hone_cpu_config *c, const hone_problem *p) {
    const hone_cpu_caches *caches = hone_cpu_cache_sizes();
    int64_t b_size = (int64_t)hone_cpu_b_size(c->variant);
    int far = p->k * p->n * b_size > caches->l2, row = p->m == 1 && !hone_cpu_variant_is_dot(c->variant);
    int amd = far && hone_cpu_is_amd(), wide = hone_cpu_has("avx512f");
    int one_stream = !widens(c->variant) || p->k * p->n * b_size > 8 * caches->l3;
    if (row && !c->abreast) {
        c->parts = !(amd && wide && one_stream);
        c->abreast = c->parts && amd && !wide;
    }
    const int whole = c->abreast && !p->weights_plain;
    c->kc = hone_cpu_depth(p->k, p->k);
    c->inner_n = row || whole || inner_is_n(c, p);
    c->nc = hone_cpu_columns(p->n, whole ? p->n : caches->l2 / 2 / (p->k * b_size));
    int64_t a_row = p->k * (int64_t)hone_cpu_a_size(c->variant);
    c->mc = hone_cpu_rows(p->m, (int64_t)larger(MOST_ROWS, (double)(caches->l2 / 4 / a_row)));
    c->prefetch = row || c->parts || c->beside ? 0 : prefetch_distance(c, p);
}

/* AMX reads as fast as the second level gives, so one operand of a tile is to be in the first: its rows of A
 * while panels of B pass (measured: up to twice the first level, half of which then still hits), or, where
 * they are too deep, a panel while all rows do, which the second level holds. Moving sums for slices of K
 * costs more than short slices save; where there must be some, the second level holds the sums of a block. */
static void choose_amx_blocks(hone_cpu_config *c, const hone_problem *p) {
    const hone_cpu_caches *caches = hone_cpu_cache_sizes();
    int64_t size = (int64_t)hone_cpu_a_size(c->variant);
    c->kc = hone_cpu_depth(p->k, AMX_SLICE / size);
    int64_t row = size * (p->k < c->kc ? p->k : c->kc);
    c->inner_n = row * c->mr <= 2 * caches->l1;
    c->mc = hone_cpu_rows(p->m, c->inner_n ? MOST_ROWS : caches->l2 * 3 / 4 / row);
    int64_t most = c->inner_n ? caches->l2 / 2 / row : p->n;
    if (p->k > c->kc)
        most = hone_at_most(most, caches->l2 / 4 / (4 * hone_at_most(c->mc, p->m)));
    c->nc = hone_cpu_columns(p->n, most);
    c->prefetch = p->m <= c->mr && p->n * row > caches->l2 ? PREFETCH : 0;
}

/* The best so far. */
typedef struct choice {
    hone_cpu_config config;
    double cycles; /* negative: none yet */
} choice;

/* Every grid of threads for one tile. `times`: what the model says. */
static void consider(choice *best, hone_cpu_config c, const hone_problem *p, int threads, double times) {
    for (c.gm = 1; c.gm <= threads; c.gm++)
        for (c.gn = 1; c.gm * c.gn <= threads; c.gn++) {
            if (threads % c.gm || threads % c.gn || (passes_through(&c, p) && crowds(&c, p)))
                continue;
            double cycles = times * hone_cpu_model_cycles(&c, p);
            if (best->cycles < 0 || cycles < best->cycles)
                *best = (choice){c, cycles};
        }
}

/* One row is read faster by vectors. */
static int may_run(const hone_variant *v, const hone_problem *problem) {
    return hone_cpu_suits(v, problem) && hone_cpu_runs(v) && !(problem->m == 1 && hone_cpu_variant_is_amx(v));
}

/* One row is cheaper copied than changed again for every panel. */
static int copies_a(const hone_variant *v, const hone_problem *p) {
    return !hone_cpu_in_place(v, p) || (p->m == 1 && hone_cpu_flips(v, p));
}

static int has_tiles_like(const hone_variant *a, const hone_variant *b) {
    return strcmp(a->kind, b->kind) == 0 && strcmp(a->loop, b->loop) == 0;
}

/* The last instruction set with tiles like this one, but not for copying A where the one before does the same
 * without (sdot and usdot); 16-bit weights may also be widened. */
static const char *preferred_isa(const hone_problem *problem, const hone_variant *like) {
    const hone_variant *last = NULL;
    for (int i = 0; hone_cpu_variants[i]; i++) {
        const hone_variant *v = hone_cpu_variants[i];
        if (!has_tiles_like(v, like) || !may_run(v, problem))
            continue;
        int copies = last && v->group == last->group && v->a_type != HONE_A_F32 &&
                     hone_cpu_in_place(last, problem) && !hone_cpu_in_place(v, problem);
        if (!copies)
            last = v;
    }
    return last ? last->isa : NULL;
}

/* What the model says is multiplied by this. AMX is left only for much: the model flatters vectors, which are
 * as fast as it thinks on tiny problems alone. */
static double handicap(const hone_variant *v, const hone_problem *problem) {
    if (hone_cpu_variant_is_amx(v))
        return 1;
    for (int i = 0; hone_cpu_variants[i]; i++)
        if (hone_cpu_variant_is_amx(hone_cpu_variants[i]) && may_run(hone_cpu_variants[i], problem))
            return BESIDE_AMX;
    return 1;
}

/* Takes tiles with another epilogue between their products where they are worth being smaller: where there
 * are a few groups of products for each vector of C, more of them where that takes longer to make (16 bits),
 * and little is left to smaller tiles. */
static void mix(hone_cpu_config *c, const hone_problem *p) {
    enum { LEAST = 2, MOST = 4, MOST_16_BIT = 8, MANY_ROWS = 128, MANY_PANELS = 4 };
    int64_t rows = hone_pieces(p->m, c->gm), columns = hone_pieces(p->n, c->gn),
            most = hone_dtype_size(p->c_type) == 2 ? MOST_16_BIT : MOST;
    for (int i = 0; hone_cpu_variants[i] && !passes_through(c, p); i++) {
        const hone_variant *v = hone_cpu_variants[i];
        if (strcmp(v->isa, c->variant->isa) != 0 || strcmp(v->kind, c->variant->kind) != 0 ||
            !hone_cpu_has_beside(v, p))
            continue;
        int64_t groups = p->k / v->group, vectors = v->beside_rows * v->nr / hone_cpu_isa_find(v->isa)->lanes;
        if (groups < LEAST * vectors || groups > most * vectors ||
            (rows % v->beside_rows && rows < MANY_ROWS) || (columns % v->nr && columns < MANY_PANELS * v->nr))
            continue;
        c->variant = v;
        c->edge = hone_cpu_variant_edge(v, (int)(p->n % v->nr ? p->n % v->nr : v->nr));
        c->mr = v->beside_rows;
        c->beside = 1;
        return;
    }
}

/* A width of the same kind of tiles. NULL: there is none. */
static const hone_variant *find_width(const hone_variant *like, int nr) {
    for (int i = 0; hone_cpu_variants[i]; i++) {
        const hone_variant *v = hone_cpu_variants[i];
        if (strcmp(v->isa, like->isa) == 0 && has_tiles_like(v, like) && v->nr == nr)
            return v;
    }
    return NULL;
}

/* Tiles for few rows whose weights come from memory, by the bytes of an element of B: how many vectors wide
 * for 1, 2, ... rows (0: as costs say), and up to how many rows what is ahead is left to the processor.
 * Measured on Zen 3 (docs/cpu.md): narrow tiles leave room for more streams, wide ones have fewer
 * instructions to a line. */
static const struct {
    size_t b_size;
    int vectors[HONE_MOST_PARTED], left;
} few_rows[] = {{4, {2, 2, 1, 1}, 2}, {2, {2, 1, 1, 0}, 0}, {1, {2, 1, 2, 0}, 0}};

/* Whatever the costs above say, which know of no streams: on AMD's processors without AVX-512, of packed
 * weights. */
static void read_in_streams(hone_cpu_config *c, const hone_problem *p) {
    const int lanes = hone_cpu_isa_find(c->variant->isa)->lanes;
    const size_t b_size = hone_cpu_b_size(c->variant);
    if (p->m > HONE_MOST_PARTED || c->gm > 1 || p->weights_plain || lanes == 1 || !hone_cpu_is_amd() ||
        hone_cpu_has("avx512f") || p->k * p->n * (int64_t)b_size <= hone_cpu_cache_sizes()->l3 * 5 / 8)
        return;
    size_t i = 0;
    while (few_rows[i].b_size != b_size)
        i++;
    const hone_variant *v = find_width(c->variant, few_rows[i].vectors[p->m - 1] * lanes);
    const int streams = v && strcmp(v->loop, "tile") == 0 ? HONE_PARTS(v->mr, (int)p->m) : 1;
    if (streams == 1 || p->n / c->gn < 2 * streams * v->nr)
        return;
    c->variant = v;
    c->edge = hone_cpu_variant_edge(v, (int)(p->n % v->nr ? p->n % v->nr : v->nr));
    c->mr = (int)p->m;
    c->parts = c->abreast = 1;
    c->nearby = p->m > few_rows[i].left;
}

static hone_status write_config(hone_config *out, const hone_cpu_config *c) {
    const hone_variant *v = c->variant;
    const struct {
        const char *name;
        int64_t value;
    } numbers[] = {{"nr", v->nr}, {"mr", c->mr}, {"copy", c->copy_a}, {"kc", c->kc},
                   {"mc", c->mc}, {"nc", c->nc}, {"gm", c->gm},       {"gn", c->gn}};
    hone_config config = {0};
    hone_status status;
    if ((status = hone_config_set(&config, "isa", v->isa)) ||
        (status = hone_config_set(&config, "wtype", v->kind)) ||
        (status = hone_config_set(&config, "form", hone_cpu_form_name(c->form))) ||
        (status = hone_config_set(&config, "epi",
                                  c->direct   ? "reg"
                                  : c->beside ? "beside"
                                              : "l1")) ||
        (status = hone_config_set(&config, "inner", c->inner_n ? "n" : "m")))
        return status;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        if ((status = hone_config_set_int(&config, numbers[i].name, numbers[i].value)))
            return status;
    const char *fetch = c->fetch_next ? "next"
                        : c->nearby   ? "nearby"
                        : c->abreast  ? "streams"
                        : c->parts    ? "parts"
                                      : NULL;
    status = fetch ? hone_config_set(&config, "pf", fetch) : hone_config_set_int(&config, "pf", c->prefetch);
    if (!status)
        *out = config;
    return status;
}

hone_status hone_cpu_default_config(hone_config *out, const hone_device *device, const hone_problem *problem,
                                    int threads, const char *code_path) {
    (void)device;
    choice chosen = {.cycles = -1};
    const hone_variant *asked = NULL; /* the one that `isa` was asked for */
    const char *isa = code_path;
    for (int i = 0; hone_cpu_variants[i]; i++) {
        const hone_variant *v = hone_cpu_variants[i];
        if (!may_run(v, problem))
            continue;
        if (!code_path && !(asked && has_tiles_like(v, asked)))
            isa = preferred_isa(problem, asked = v);
        if (!isa || strcmp(v->isa, isa) != 0)
            continue;
        hone_cpu_config c = {.variant = v, .copy_a = copies_a(v, problem)};
        c.edge = hone_cpu_variant_edge(v, (int)(problem->n % v->nr ? problem->n % v->nr : v->nr));
        for (int64_t mr = 1; mr <= v->mr; mr++) {
            if (hone_cpu_tile_rows(problem->m, mr) != mr)
                continue;
            c.mr = (int)mr;
            consider(&chosen, c, problem, threads, handicap(v, problem));
        }
    }
    hone_cpu_config best = chosen.config;
    if (!best.variant)
        return hone_fail(HONE_E_UNAVAILABLE, "no CPU kernel of %s for %s in this build",
                         code_path ? code_path : "any instruction set", hone_dtype_name(problem->dtype));
    const int amx = best.beside = hone_cpu_variant_is_amx(best.variant);
    best.direct = hone_cpu_may_be_direct(best.variant, problem);
    if (!amx && !best.direct)
        mix(&best, problem);
    read_in_streams(&best, problem);
    best.form = hone_cpu_form(problem->c_type);
    (amx                              ? choose_amx_blocks
     : passes_through(&best, problem) ? choose_streaming_blocks
                                      : choose_blocks)(&best, problem);
    return write_config(out, &best);
}

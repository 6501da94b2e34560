/* Not a test: what each activation costs in the epilogue of a tile, by instruction set and type of C.
 *
 *     bench_epilogues [ISA [TYPE]]      default: avx512 f32; TYPE: f32, f16, bf16 (of f32 tiles), s8, u8
 *                                       (of the tiles of ISA for them)
 *
 * Prints a Markdown table. Cycles are those of a loop of multiply-adds, two a cycle, timed beside the rest,
 * so that they mean what they say where two vector multiply-adds leave the core in a cycle. `over`: tiles of
 * two vectors and K = 64 with this epilogue, over the same whose C leaves from the registers as it is;
 * `registers`: with the activation done there, where that is possible; `beside`: with the epilogue of the
 * tile before between the products, of fewer rows, by the row. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../harness/clock.h"
#include "../../harness/stats.h"
#include "../../kernels/activation.h"
#include "../../kernels/cpu/cpu_curve.h"
#include "../../kernels/cpu/cpu_space.h"

enum { MOST_ROWS = 14, DEPTH = 64, CALLS = 300, ROUNDS = 61, PLACES = 16, LDC = 256, PER_CYCLE = 2 };

static _Alignas(64) float a[MOST_ROWS * DEPTH], b[DEPTH * HONE_MOST_COLUMNS],
    sums[2][MOST_ROWS * HONE_MOST_COLUMNS], c[PLACES * MOST_ROWS * LDC], alpha[HONE_MOST_COLUMNS],
    start[HONE_MOST_COLUMNS], scale[HONE_MOST_COLUMNS], bias[HONE_MOST_COLUMNS],
    curve_scale[HONE_MOST_COLUMNS], curve_bias[HONE_MOST_COLUMNS];

typedef struct subject {
    const hone_variant *variant;
    int rows;
    hone_epilogue_fn *epilogue;
    hone_tile_args tile, leaving, mixed; /* as it is, with the activation, and with another's epilogue */
    int leaves;                          /* there is such a tile */
    hone_tile_fn *beside;                /* NULL: there is none */
    hone_epilogue_job job;               /* of that */
    hone_epilogue_args end;
    int64_t place_bytes;
} subject;

static void run_direct(subject *s, int i) {
    s->tile.c = c + (size_t)(i % PLACES) * MOST_ROWS * LDC;
    s->variant->tiles[s->rows - 1](&s->tile);
}
static void run_leaving(subject *s, int i) {
    s->leaving.c = c + (size_t)(i % PLACES) * MOST_ROWS * LDC;
    s->variant->tiles[s->rows - 1](&s->leaving);
}
static void run_epilogue(subject *s, int i) {
    s->end.c = (char *)c + i % PLACES * s->place_bytes;
    s->epilogue(&s->end, 0, s->rows);
}
static void run_tile(subject *s, int i) {
    s->tile.c = NULL;
    s->variant->tiles[s->rows - 1](&s->tile);
    run_epilogue(s, i);
}

/* The sums of two tiles take turns. */
static void run_beside(subject *s, int i) {
    s->job.args.acc = sums[i % 2];
    s->job.args.c = (char *)c + i % PLACES * s->place_bytes;
    s->mixed.acc = sums[1 - i % 2];
    s->beside(&s->mixed);
}

/* Cycles of a call: what is timed, over the loop of multiply-adds timed just before. */
static double cycles(subject *s, void (*run)(subject *s, int i)) {
    const int64_t rounds = 4000;
    const hone_variant *v = s->variant;
    double found[ROUNDS];
    for (int r = 0; r < ROUNDS; r++) {
        int64_t t0 = hone_clock_now();
        v->peak(rounds);
        int64_t t1 = hone_clock_now();
        for (int i = 0; i < CALLS; i++)
            run(s, i);
        int64_t t2 = hone_clock_now();
        double cycle = (double)(t1 - t0) / ((double)rounds * HONE_PEAK_PRODUCTS / PER_CYCLE);
        found[r] = (double)(t2 - t1) / CALLS / cycle;
    }
    hone_stats stats;
    hone_stats_compute(&stats, found, ROUNDS);
    return stats.p50;
}

/* With tables byte is brief where it is no curve. */
static int byte_is_brief(const hone_isa_code *code) {
    return code->epilogues[HONE_FORM_BYTE] == code->epilogues[HONE_FORM_BRIEF];
}

static int is_served(const hone_isa_code *code, int form, int c_type) {
    if (c_type == HONE_C_F32)
        return form <= HONE_FORM_FAST;
    if (c_type < HONE_C_S8)
        return form == HONE_FORM_BRIEF;
    return form == HONE_FORM_BYTE || (form == HONE_FORM_BRIEF && byte_is_brief(code));
}

/* The epilogue and what it takes: a curve where there is one, and a tile that does as much. */
static void choose(subject *s, const hone_isa_code *code, int form, int act) {
    const hone_act_info *info = hone_activation_info((hone_activation)act);
    static hone_cpu_curve curve;
    s->epilogue = code->epilogues[form][act];
    s->end.col_scale = scale;
    s->end.bias = s->end.acc_is_s32 ? bias : NULL;
    s->leaving = s->tile;
    s->leaving.slope =
        strcmp(info->name, "leaky_relu") == 0 || strcmp(info->name, "prelu") == 0 ? alpha : NULL;
    s->leaving.clamp = strcmp(info->name, "relu") == 0 ? HONE_CLAMP_LOW : HONE_CLAMP_NONE;
    s->leaves = s->leaving.slope || s->leaving.clamp != HONE_CLAMP_NONE;
    s->job = (hone_epilogue_job){.args = s->end, .rows = s->variant->beside_rows};
    s->mixed = s->tile;
    s->mixed.c = NULL;
    s->mixed.job = &s->job;
    s->beside = s->variant->beside && s->end.c_type < HONE_C_S8 ? s->variant->beside[act][form] : NULL;
    curve = (hone_cpu_curve){0};
    if (form != HONE_FORM_BYTE || !code->curve || !info->smooth || info->per_column)
        return;
    hone_cpu_curve_fit(&curve, code, act, s->end.p, s->end.q, 1 / s->end.c_inverse, 0, s->end.c_type);
    if (!curve.fits)
        return;
    for (int j = 0; j < HONE_MOST_COLUMNS; j++) {
        curve_scale[j] = scale[j] * curve.unit;
        curve_bias[j] = bias[j] * curve.unit + curve.offset;
    }
    s->epilogue = code->curve;
    s->end.col_scale = s->leaving.scale = curve_scale;
    s->end.bias = s->leaving.bias = curve_bias;
    s->end.curve = s->leaving.curve = &curve.table;
    s->leaves = 1;
}

static void measure(subject *s, const hone_cpu_isa *isa, int form, int act) {
    if (!is_served(isa->code, form, s->end.c_type))
        return;
    choose(s, isa->code, form, act);
    const int curved = isa->code->curve && s->epilogue == isa->code->curve;
    if (form == HONE_FORM_BYTE && !curved && byte_is_brief(isa->code))
        return;
    double direct = cycles(s, run_direct), whole = cycles(s, run_tile), alone = cycles(s, run_epilogue);
    printf("| %s | %s | %.1f | %.2f |", hone_activation_info((hone_activation)act)->name,
           hone_cpu_form_name(form), alone / (2 * s->rows), whole / direct);
    if (s->leaves && (curved || s->end.c_type == s->tile.c_type))
        printf(" %.2f |", cycles(s, run_leaving) / direct);
    else
        printf(" |");
    if (s->beside)
        printf(" %.2f |\n", cycles(s, run_beside) / s->variant->beside_rows / (direct / s->rows));
    else
        puts(" |");
}

/* Values with a standard deviation of about 2.7 in the end, whatever the type. */
static void fill(const hone_variant *v) {
    for (size_t i = 0; i < sizeof a / sizeof *a; i++)
        a[i] = (float)((double)rand() / RAND_MAX * 2 - 1);
    for (size_t i = 0; i < sizeof b / sizeof *b; i++)
        b[i] = (float)((double)rand() / RAND_MAX * 2 - 1);
    for (size_t i = 0; i < sizeof a && v->a_type != HONE_A_F32; i++)
        ((signed char *)a)[i] =
            (signed char)(v->a_type == HONE_A_S16 ? i % 2 ? 0 : rand() % 128 : rand() % 128);
    for (size_t i = 0; i < sizeof b && v->a_type != HONE_A_F32; i++)
        ((signed char *)b)[i] = (signed char)(rand() % 255 - 127);
    for (int j = 0; j < HONE_MOST_COLUMNS; j++) {
        alpha[j] = 0.1f;
        scale[j] = 2.7f / (8 * 73 * 73);
        bias[j] = 0;
    }
}

int main(int argc, char **argv) {
    const char *name = argc > 1 ? argv[1] : "avx512", *type = argc > 2 ? argv[2] : "f32";
    const hone_cpu_isa *isa = hone_cpu_isa_find(name);
    hone_dtype c_type;
    if (argc > 3 || !isa || !hone_cpu_isa_runs(isa) || isa->lanes < 2 || hone_dtype_parse(&c_type, type)) {
        fprintf(stderr, "Usage: bench_epilogues [ISA [TYPE]]; ISA: of vectors, and this CPU runs it\n");
        return 2;
    }
    const int nr = 2 * isa->lanes, bytes = hone_dtype_size(c_type) == 1;
    subject s = {.variant = bytes              ? hone_cpu_variant_find(name, "s8", nr)
                            : isa->lanes == 16 ? hone_cpu_variant_find("avx512", "f32", nr)
                                               : hone_cpu_variant_find(name, "f32", nr)};
    if (!s.variant || s.variant->mr > MOST_ROWS) {
        fprintf(stderr, "bench_epilogues: %s has no tile of %d columns for %s\n", name, nr, type);
        return 3;
    }
    s.rows = s.variant->mr;
    fill(s.variant);
    s.tile = (hone_tile_args){.groups = DEPTH / s.variant->group,
                              .a = a,
                              .a_step = DEPTH * (bytes ? s.variant->a_type == HONE_A_S16 ? 2 : 1 : 4),
                              .b = b,
                              .acc = sums[0],
                              .start = start,
                              .scale = scale,
                              .bias = bias,
                              .c_type = bytes ? hone_cpu_c_type(c_type) : HONE_C_F32,
                              .ldc = LDC};
    s.end = (hone_epilogue_args){.acc = sums[0],
                                 .acc_ld = nr,
                                 .acc_is_s32 = bytes,
                                 .columns = nr,
                                 .ldc = LDC,
                                 .c_type = hone_cpu_c_type(c_type),
                                 .alpha = alpha,
                                 .p = 0.1f,
                                 .q = 1,
                                 .c_inverse = 20};
    s.place_bytes = (int64_t)MOST_ROWS * LDC * (int64_t)hone_dtype_size(c_type);
    printf(
        "| activation | form | cycles a vector | over | registers | beside |\n|---|---|--:|--:|--:|--:|\n");
    for (int act = 0; hone_activation_info((hone_activation)act); act++)
        for (int form = 0; form < HONE_FORM_COUNT; form++)
            measure(&s, isa, form, act);
    return 0;
}

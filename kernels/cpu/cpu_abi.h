/* What generated files and the rest of the CPU backend agree on. */
#ifndef HONE_CPU_ABI_H
#define HONE_CPU_ABI_H

#include <stddef.h>
#include <stdint.h>

/* Packed panels are read at any address that their elements need. */
typedef int32_t __attribute__((aligned(1), may_alias)) hone_unaligned_s32;
typedef uint32_t __attribute__((aligned(1), may_alias)) hone_unaligned_u32;
typedef int16_t __attribute__((aligned(1), may_alias)) hone_unaligned_s16;
typedef float __attribute__((aligned(4), may_alias)) hone_unaligned_f32;

/* Columns of the widest tile. */
enum { HONE_MOST_COLUMNS = 64 };

/* Multiplies in a round of the peak loop (peak.inc.h). */
enum { HONE_PEAK_PRODUCTS = 48 };

/* Groups an iteration of a register tile: as fast as 4 and 8 where K is large, 7% faster at K = 13. */
enum { HONE_TILE_STEPS = 2 };

/* As many rows are few. */
enum { HONE_MOST_PARTED = 4 };

/* Parts of k, or panels, that few rows read side by side at most; their sums are no more than a tile has. */
enum { HONE_MOST_PARTS = 4 };
/* How many for `rows` rows, where a tile has `most` at most. */
#define HONE_PARTS(most, rows)                                                                               \
    ((rows) > HONE_MOST_PARTED                ? 1                                                            \
     : (most) / (rows) < (int)HONE_MOST_PARTS ? (most) / (rows)                                              \
                                              : (int)HONE_MOST_PARTS)

/* A line of the caches. */
enum { HONE_LINE = 64 };

/* The largest odd number up to n > 0. Streams of many lines lie an odd number of panels, or of units, apart:
 * a power of two apart they meet in the same banks of memory. */
static inline int64_t hone_odd(int64_t n) { return (n - 1) | 1; }

/* Of so many streams that read `lines` together: whether they lie far apart, 16 MiB or more, and how far they
 * begin from each other, in lines. Far ones an odd number of 16 KiB (on Zen 1 256 MiB apart take 1.6 of the
 * time, 64 MiB 1.05; an odd number of lines 1.35, of 4 KiB 1.05). */
enum { HONE_READ_UNIT = (16 << 10) / HONE_LINE, HONE_READ_FAR = 1024 };
static inline int hone_reads_far(int64_t lines, int64_t streams) {
    return lines / streams >= (int64_t)HONE_READ_FAR * HONE_READ_UNIT;
}
static inline int64_t hone_read_distance(int64_t lines, int64_t streams) {
    const int64_t each = lines / streams;
    return hone_reads_far(lines, streams) ? hone_odd(each / HONE_READ_UNIT) * HONE_READ_UNIT : each;
}
/* Where stream `i` begins if what the distance leaves is shared, so that none reads much more than another;
 * i may be their number: where the last ends. */
static inline int64_t hone_read_begin(int64_t lines, int64_t streams, int64_t i) {
    const int64_t apart = hone_read_distance(lines, streams),
                  step = hone_reads_far(lines, streams) ? 2 * HONE_READ_UNIT : 1,
                  longer = (lines - streams * apart) / step;
    return i == streams ? lines : i * apart + (i < longer ? i : longer) * step;
}

/* A tile register of AMX (gemm_amx.inc.h): rows, bytes of one, groups of 4 bytes in it. */
enum { HONE_AMX_ROWS = 16, HONE_AMX_BYTES = 64, HONE_AMX_GROUPS = HONE_AMX_BYTES / 4 };

/* A group of A of tiles that read it by words. */
enum { HONE_WORD_BYTES = 4 };

/* How a compute kind takes its operands. A group is GROUP consecutive k, what one
 * multiply sums.
 *
 *   A   rows of the element type below, k contiguous, at any distance: A itself
 *       where its type is that and K is whole groups (AMX and tiles of words: any
 *       K), or s8 where words are u8; else a copy
 *   B   panels of NR columns, in the kind's own type (s8 for s8):
 *       [k / GROUP][NR][GROUP], with AMX padded to whole steps
 *
 * Columns and k beyond the matrix are zeros. */
enum { HONE_A_F32, HONE_A_F16, HONE_A_BF16, HONE_A_S16, HONE_A_S8, HONE_A_U8 };

/* C types of an epilogue. */
enum { HONE_C_F32, HONE_C_F16, HONE_C_BF16, HONE_C_S8, HONE_C_U8 };

/* How an activation is computed: activations.def says what each may err by. Into f32 high and fast lead, into
 * 16 bits brief, into 8 byte, and brief of instruction sets that have curves. */
enum { HONE_FORM_HIGH, HONE_FORM_FAST, HONE_FORM_BRIEF, HONE_FORM_BYTE, HONE_FORM_COUNT };

/* Which limits an activation that only clamps has. */
enum { HONE_CLAMP_NONE, HONE_CLAMP_LOW, HONE_CLAMP_BOTH };

/* A smooth activation into 8-bit C as parabolas beside knots (cpu_curve.c): knots of -LAST to LAST, by their
 * low six bits, of results in 1/PARTS of a quantum. */
enum { HONE_CURVE_LAST = 31, HONE_CURVE_KNOTS = 64, HONE_CURVE_PARTS = 128 };
typedef struct hone_curve {
    int16_t base[HONE_CURVE_KNOTS], slope[HONE_CURVE_KNOTS], bend[HONE_CURVE_KNOTS];
    uint8_t flip; /* 0x80: C is unsigned */
} hone_curve;

/* A finished tile, or several one below the other, on its way to C. Pointers to columns start at the tile's
 * first. */
typedef struct hone_epilogue_args {
    const void *acc; /* [rows][acc_ld], f32 or s32 */
    int64_t acc_ld;
    int acc_is_s32;
    int columns; /* valid ones of the tile */
    void *c;
    int64_t ldc;        /* elements */
    int c_type;         /* HONE_C_* */
    const float *bias;  /* NULL: none, which with s32 sums takes HONE_MOST_COLUMNS columns at most */
    const float *alpha; /* of activations with a value per column alone */
    float p, q;         /* activation parameters */
    /* s32 sums: x = (acc - row_zero col_sum) row_scale col_scale */
    const float *row_scale;  /* a value per row; NULL: col_scale is all of the scale */
    const int32_t *row_zero; /* a value per row, one for all where row_scale is NULL; NULL: 0 */
    int32_t zero_shift;      /* added to every row_zero: 128 where s8 A is read as u8, -128 the other way */
    const float *col_scale;
    const int32_t *col_sum; /* sums of B over k; NULL: they add nothing, or it is taken off acc */
    /* 8-bit C: stored = round(y c_inverse) + c_zero, saturated */
    float c_inverse;
    int32_t c_zero;
    const hone_curve *curve; /* of hone_isa_code.curve alone, for which x above is in the curve's units */
} hone_epilogue_args;

/* Rows `row` to before `end` of the tile. */
typedef void hone_epilogue_fn(const hone_epilogue_args *args, int row, int end);
/* An epilogue that is done in parts: from row `next` of `rows`. */
typedef struct hone_epilogue_job {
    hone_epilogue_fn *run;
    hone_epilogue_args args;
    int next, rows;
} hone_epilogue_job;

/* One call of a tile, or of several: acc = (or +=) rows of A x a panel of B over `groups` groups, or, with
 * `c` and not of AMX or dot products, C = min(high, max(low, y)) straight from the registers. AMX takes whole
 * steps of HONE_AMX_GROUPS groups. */
typedef struct hone_tile_args {
    int64_t groups;
    const void *a;
    int64_t a_step; /* bytes from one row to the next */
    const void *b;
    /* Where a group of A is a word: what every byte of A is changed by (exclusive or), 0 or 0x80, and the
     * bytes of A after the last whole group, a further group with zeros; a group may be read that ends with
     * them. */
    int a_flip, a_rest;
    /* Bytes ahead to fetch into the cache, 0: none: of A by dot products, of B by AMX, and by few
     * rows in parts or abreast. The others fetch so many lines from `fetch` on every HONE_TILE_STEPS groups,
     * into the second level. */
    int64_t prefetch, fetch_lines;
    const char *fetch;
    int parts; /* of few rows: parts of k are read side by side */
    /* Of few rows: the tiles of this call are computed side by side, of panels b_next apart. There are
     * HONE_PARTS of them, and more than one; a_next is 0. */
    int abreast;
    void *acc; /* [rows][NR], f32, or s32 for s8 */
    int accumulate;
    const void *start; /* NR sums to begin with, where not `accumulate`; NULL: zeros; not for dot products */
    /* y = sum, or of s32 sums  sum scale + bias, in units of C: 8 bits store round(y) + c_zero, saturated, of
     * a NaN c_zero. */
    void *c;     /* NULL: the sums go to acc */
    int64_t ldc; /* elements */
    int c_type;  /* HONE_C_* */
    int clamp;   /* HONE_CLAMP_* */
    float low, high;
    const float *slope; /* NR: what y below 0 is multiplied by; NULL: nothing */
    int32_t c_zero;
    const float *scale, *bias; /* NR each, of s32 sums alone */
    const hone_curve *curve;   /* 8-bit C is this curve of y in its units, nothing is clamped; NULL: none */
    int c_normal;              /* no y is subnormal */
    /* Of register tiles: as many further ones are computed in this call, alike but for what lies so many
     * bytes on for each, and so many values of `start`, `scale` and `bias`, of `slope`; what is moved stays
     * so. Less is lost between them than between calls (docs/cpu.md). */
    int64_t further, a_next, b_next, c_next, acc_next, fetch_next;
    int64_t columns_next, slope_next;
    /* Of AMX alone, which takes one step or a tail at least; call hone_variant.leave after the last tile. */
    int b_passes;       /* B is used once and A again by the next tile; 0: A passes, B is used again */
    const void *a_tail; /* a further step of A, HONE_AMX_BYTES a row; NULL: none */
    int *shape;         /* never NULL: rows that the thread's tile registers are shaped for; 0: none */
    /* Of AMX and of hone_variant.beside, never NULL: of the tile before, in another acc; done between the
     * products, as far as `next` says then. */
    hone_epilogue_job *job;
} hone_tile_args;

typedef void hone_tile_fn(hone_tile_args *args);

/* Rows of A as tiles take them: `n` elements of each, then zeros up to `padded`. Distances in bytes. */
typedef void hone_copy_fn(char *out, int64_t out_step, const char *in, int64_t in_step, int64_t rows,
                          int64_t n, int64_t padded);

/* One instruction set: what its generated file exports. */
typedef struct hone_isa_code {
    const char *name;
    hone_epilogue_fn *const *epilogues[HONE_FORM_COUNT]; /* by form and activation */
    hone_epilogue_fn *curve; /* of s32 sums into 8-bit C with columns' scales and bias; NULL: none */
    hone_copy_fn *copy_8, *copy_16, *copy_32;
    hone_copy_fn *shift_8;                                      /* s8 to u8 and back, by 128 */
    hone_copy_fn *widen_f16, *widen_bf16, *widen_s8, *widen_u8; /* to f32 and s16 */
    /* Reads lines of HONE_LINE bytes and does nothing with them. `fetches`: ahead of itself. */
    void (*read)(const char *from, int64_t lines, int fetches);
} hone_isa_code;

/* The generated tiles of one width: a function for every number of rows, so that
 * rows of C are never computed in vain. nr is a multiple of the lanes, or below
 * them for the dot products (gemm_dot.inc.h), whose lanes run along k. */
typedef struct hone_variant {
    const char *name; /* gemm_f32__avx512_14x32 */
    const char *isa;  /* avx512 */
    const char *kind; /* f32 */
    const char *loop; /* tile, dot, amx: gemm_<loop>.inc.h */
    int mr, nr;       /* most rows; columns */
    int group;        /* consecutive k a multiply takes */
    int a_type;       /* HONE_A_* */
    int words;        /* A is read by 4 bytes: see hone_tile_args.a_flip; tiles may have an a_rest */
    hone_tile_fn *const *tiles; /* [mr]: of 1 .. mr rows */
    /* Independent multiplies, `rounds` times, the same for every width of a kind, and the
     * products of a round; NULL in what `hone emit` prints. */
    void (*peak)(int64_t rounds);
    int peak_products;
    void (*leave)(void); /* gives up what tiles hold in the thread from call to call; NULL: nothing */
    /* Tiles of `beside_rows` rows that do the epilogue of the tile before, of as many, between their
     * products, by activation and form (gemm_beside.inc.h); NULL: there are none. */
    int beside_rows;
    hone_tile_fn *const (*beside)[HONE_FORM_COUNT];
} hone_variant;

#endif

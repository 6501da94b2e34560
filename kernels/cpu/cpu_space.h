/* The CPU backend's space. Its parameters:
 *
 *   isa    instruction set
 *   wtype  type that 16-bit weights are packed in: their own, or f32
 *   nr, mr columns and most rows of the register tile; rows are shared out evenly,
 *          so that the tiles of a block differ by one row at most. nr below the
 *          instruction set's lanes: dot products along k
 *   kc     depth of a block: k that is accumulated before the sums leave the tile
 *   mc, nc rows and columns of a block of C that one thread works on at a time; both
 *          rounded up to whole tiles
 *   copy   1: a block of A is copied first; 0: A is read in place
 *   inner  the innermost loop over a block's tiles: m, below a panel of B in the
 *          nearest cache, or n, along rows of A there
 *   pf     bytes that B (dot products: A) is fetched ahead; next: the panel of B that
 *          comes after this one; parts: M up to 4 reads parts of K side by side, for
 *          which the sums of the rows must leave room, fetched ahead where the second
 *          level cannot hold B; streams: panels of B that lie far apart side by side, all
 *          of K, and what is ahead is left to the processor; nearby: the same, each
 *          fetched a little ahead where the second level cannot hold B. Packed weights
 *          are then read once from end to end: the largest kc, nc and mr, inner=n and gm=1
 *          are legal, for all of K and of the thread's columns
 *   epi    where the epilogue meets the sums: reg, in the tile's registers
 *          (activations that clamp, have a slope or are a curve), l1, in a buffer of
 *          a few tiles, or beside, the same while the next tile is multiplied: with AMX, or
 *          where an instruction set has tiles for that (its @beside: so many rows), of
 *          smooth activations, C of 16 or 32 bits, one scale for all of A, and pf=0
 *   form   how a smooth activation is computed, which activations.def specifies: fast or
 *          high for f32 C, brief for 16 bits; byte for 8: a curve where the instruction
 *          set has one and it fits the call (cpu_curve.h), else what is sooner done; brief: none
 *   gm, gn threads along M and N
 */
#ifndef HONE_CPU_SPACE_H
#define HONE_CPU_SPACE_H

#include "../backend.h"
#include "cpu_variants.h"

/* Parsed form of a legal config. */
typedef struct hone_cpu_config {
    const hone_variant *variant, *edge; /* of whole panels; of the last one, if it is narrower */
    const hone_isa_code *code;
    int mr, gm, gn;
    int form;    /* HONE_FORM_* */
    int widened; /* 16-bit weights packed as f32 */
    int copy_a, inner_n;
    int starts;  /* sums begin as the bias, or s32 as what zero points take off; not of dot products */
    int flushes; /* products take subnormals for zeros */
    int curved;  /* the activation is a curve of its 8-bit C where one fits */
    int beside;  /* an epilogue is done while the next tile is multiplied */
    hone_tile_fn *beside_tile; /* by this tile of mr rows; NULL: by all, or by none */
    int leaks;                 /* the activation only has a slope below 0 */
    int direct; /* C leaves from the registers: clamped to low .. high, with a slope, or as a curve */
    int clamp;  /* HONE_CLAMP_* */
    float low, high;
    int64_t kc, mc, nc, prefetch;
    int fetch_next, parts, abreast, nearby; /* prefetch is 0; panels abreast, of which those that are left are
                                               read in parts; fetched nearby */
} hone_cpu_config;

hone_status hone_cpu_space(hone_space **out, const hone_device *device, const hone_problem *problem,
                           int threads);
/* HONE_E_USAGE when a key is missing or names no variant; HONE_E_UNAVAILABLE
 * when this CPU lacks the instruction set. */
hone_status hone_cpu_config_read(hone_cpu_config *out, const hone_problem *problem,
                                 const hone_config *config);

/* No config can be faster than this, in microseconds: the arithmetic of its tile
 * at two multiplies a cycle, four of narrow vectors, one row of AMX, and 6 GHz. Prunes hopeless candidates,
 * judges none. */
double hone_cpu_lower_bound(const hone_device *device, const hone_problem *problem, const hone_config *config,
                            int threads);

/* Whether a variant computes the problem, its weights in their own type or widened to f32. */
int hone_cpu_suits(const hone_variant *variant, const hone_problem *problem);
int hone_cpu_runs(const hone_variant *variant);
/* Whether its tiles can read A where it lies: in their own type or flipped, and whole groups of k (AMX and
 * words: but for a tail). */
int hone_cpu_in_place(const hone_variant *variant, const hone_problem *problem);
/* Whether s8 A has its signs changed as tiles read it, for instructions that take u8. */
int hone_cpu_flips(const hone_variant *variant, const hone_problem *problem);
const char *hone_cpu_form_name(int form);
/* Whether the activation can be a curve of 8-bit C (cpu_curve.h). */
int hone_cpu_has_curve(const hone_variant *variant, const hone_problem *problem);
/* Whether there are vector tiles with another epilogue between their products. */
int hone_cpu_has_beside(const hone_variant *variant, const hone_problem *problem);
/* Whether the epilogue may be `reg`. */
int hone_cpu_may_be_direct(const hone_variant *variant, const hone_problem *problem);

/* The declared value of kc, mc, nc, mr for a problem's extent: the largest that is
 * at most `want`, but none that only names all of the extent again. */
int64_t hone_cpu_depth(int64_t k, int64_t want);
int64_t hone_cpu_rows(int64_t m, int64_t want);
int64_t hone_cpu_columns(int64_t n, int64_t want);
int64_t hone_cpu_tile_rows(int64_t m, int64_t want);

/* Pieces of at most `most` that make up `extent`. */
static inline int64_t hone_pieces(int64_t extent, int64_t most) { return (extent + most - 1) / most; }
static inline int64_t hone_round_up(int64_t value, int64_t unit) { return hone_pieces(value, unit) * unit; }
static inline int64_t hone_at_most(int64_t a, int64_t b) { return a < b ? a : b; }

#endif

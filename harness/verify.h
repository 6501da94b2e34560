/* Verification against a fp64 reference by a forward error bound.
 *
 * For an output computed from K products accumulated in fp32,
 *
 *     |x_hat - x| <= gamma_{K+1} (|A||B| + |bias|) =: delta,   gamma_n = n u / (1 - n u), u = 2^-24
 *
 * (Higham, Accuracy and Stability of Numerical Algorithms, 2002, sec. 3.1; one
 * rounding more for the bias), and the activation's Lipschitz constant L carries
 * it on. A component may err by
 *
 *     L delta + 2^-22 max(|x|, |f(x)|) [smooth activations: their own evaluation]
 *             + 2^-13 |f(x)| [the same, into 16 bits]
 *             + 1/2 ulp of the output type
 *
 * where an activation that jumps (thresholded_relu) may take any value that it
 * takes within delta of x. 8-bit outputs may err by one quantum. */
#ifndef HONE_HARNESS_VERIFY_H
#define HONE_HARNESS_VERIFY_H

#include "operands.h"

/* fp64 pre-activations, results and bounds for some rows of a problem: all of
 * them when M N K is small, else a seeded choice that always holds the first and
 * the last rows. Independent of the activation until hone_reference_activate. */
typedef struct hone_reference hone_reference;

/* The rows are chosen so that at most `max_products` products are computed
 * (0: 2^29), but at least two rows. HONE_E_NOMEM. */
hone_status hone_reference_create(hone_reference **out, const hone_operands *operands,
                                  double max_products);
/* Recomputes results and bounds for another activation on the same operands:
 * `problem` may differ from the operands' in act and act_params only (set them in
 * operands->problem too, which is what a kernel is run with). HONE_E_USAGE. */
hone_status hone_reference_activate(hone_reference *reference, const hone_problem *problem);
void hone_reference_destroy(hone_reference *reference);

/* What an output looks like to the layer that follows. Fractions and counts are
 * of the reference's rows. */
typedef struct hone_health {
    double zero_fraction, negative_fraction;
    double saturated_fraction; /* at an end of an 8-bit range, or at a finite limit of the activation */
    int64_t dead_columns;      /* columns whose outputs are all zero */
    int64_t nan_count, inf_count;
    double entropy_bits;       /* of a 64-bin histogram between min and max */
} hone_health;

typedef struct hone_numerics {
    double err_max_abs, err_rel_fro, err_bound_ratio;
    double quant_sqnr_db;   /* s8 problems: signal to noise against act(A B + bias) of the real
                               values that were quantised to A and B; else NaN */
    int64_t unwritten;      /* outputs that no run wrote */
    int64_t touched;        /* bytes changed outside C */
    int64_t checked;        /* outputs compared */
    int correct;            /* 1: ratio <= 1 and nothing unwritten or touched */
    uint64_t seed;          /* of the operands */
    int64_t worst_row, worst_column;
    hone_health health;
} hone_numerics;

/* Compares what `run` writes to the operands' C with the reference; calls it
 * twice, with two fills, and keeps the worse. HONE_OK also when the result is
 * wrong. HONE_E_USAGE: the reference belongs to other operands. HONE_E_NOMEM. */
hone_status hone_verify_run(hone_numerics *out, hone_operands *operands,
                            const hone_reference *reference, void (*run)(void *context),
                            void *context);

/* Verifies a config (NULL: default) on a device: operands, plan, run, compare.
 * `reference` may be NULL: made on the fly. */
hone_status hone_verify_config(hone_numerics *out, hone_context *context, const char *device,
                               hone_operands *operands, const hone_reference *reference,
                               const char *config, int threads);

/* One line that says why a result is wrong; "" when correct. */
void hone_numerics_reason(char *out, size_t size, const hone_numerics *numerics);

#endif

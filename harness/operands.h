/* The data of a problem: A, B, bias, quantisation and C, seeded and
 * reproducible, with guard zones around C.
 *
 * A, B and bias are uniform in [-1, 1] and rounded to the problem's type; the slopes of
 * prelu are uniform in [-0.5, 0.5]. B and A of s8 problems are uniform over their
 * range with scales that put outputs near unit size, zero points that are not 0,
 * and a C range that a few outputs exceed. */
#ifndef HONE_HARNESS_OPERANDS_H
#define HONE_HARNESS_OPERANDS_H

#include "../kernels/backend.h"

typedef struct hone_operands {
    hone_problem problem; /* act and act_params may be changed: the data suits every activation */
    uint64_t seed;
    int64_t lda, ldb, ldc;
    void *a, *b;
    float *bias;    /* NULL without bias */
    float *alpha;   /* N slopes; read by prelu only */
    float *a_scale; /* s8: 1 or M; else NULL */
    int32_t *a_zero;
    float *b_scale; /* s8: N */
    float c_scale;
    int32_t c_zero;
    void *c; /* inside c_block, after the guard */
    unsigned char *c_block;
    size_t c_block_size, c_offset;

    /* Copies in the memory of a device that has its own; NULL: none. */
    const hone_device *device;
    void *device_a, *device_b, *device_c_block;
} hone_operands;

/* The memory of A, of B as stored, and of C with its rows' gaps, where calls find them. */
hone_span hone_operands_input(const hone_operands *operands);
hone_span hone_operands_weights(const hone_operands *operands);
hone_span hone_operands_output(const hone_operands *operands);

/* Bytes of A, weights, bias and C: what a call must move at least, each once. */
double hone_problem_bytes(const hone_problem *problem);

/* `padding` extra elements are added to every leading dimension (0 when timing).
 * HONE_E_NOMEM, HONE_E_USAGE. */
hone_status hone_operands_create(hone_operands **out, const hone_problem *problem, uint64_t seed,
                                 int padding);
void hone_operands_destroy(hone_operands *operands);

/* Copies A, B and C to the device, where calls find them from now on. Nothing to do on a device without
 * memory of its own. HONE_E_NOMEM, HONE_E_UNAVAILABLE: destroy the operands. */
hone_status hone_operands_place(hone_operands *operands, const hone_device *device);
/* Brings C with its gaps and guards to the device, or back to `c`; nothing to do for operands of the host. */
hone_status hone_operands_send_c(const hone_operands *operands);
hone_status hone_operands_fetch_c(hone_operands *operands);
void hone_operands_unplace(hone_operands *operands);

/* The arguments of a call on these operands with B as stored. */
hone_args hone_operands_args(const hone_operands *operands);

/* Fills C, its row gaps and its guards with one of two byte patterns (0 or 1).
 * An element equal to its fill after two runs with both patterns was not
 * written; a changed gap or guard byte was touched from outside. */
void hone_operands_fill(hone_operands *operands, int pattern);
/* Bytes outside the M x N elements that differ from the pattern. */
int64_t hone_operands_touched(const hone_operands *operands, int pattern);
/* 1 if element (i, j) still equals the pattern. */
int hone_operands_unwritten(const hone_operands *operands, int64_t i, int64_t j, int pattern);

/* An element of A, B or C as a real number (s8: dequantised). */
double hone_operands_a(const hone_operands *operands, int64_t i, int64_t k);
double hone_operands_b(const hone_operands *operands, int64_t k, int64_t j);
double hone_operands_c(const hone_operands *operands, int64_t i, int64_t j);

#endif

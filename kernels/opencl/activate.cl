/* C = act(X + bias), in place or not: the pass of baselines whose GEMM cannot do it. The host (opencl_pass.c)
 * defines, before this:
 *
 *   VEC_LANES, NATIVE_HALF, FUSED   of vec_opencl.cl
 *   C_TYPE                   TYPE_* of C
 *   BIAS, PER_COLUMN         1: the problem has a bias; its activation a parameter a column
 *   ACT                      the activation's function */
#include "vec_opencl.cl"
#include "elements.cl"
#include "act_vec.h"

/* As opencl_pass.c has it. */
typedef struct {
    long ldx, ldc; /* elements */
    int m, n;
    int rows, columns; /* of C that a work-item does */
    float p, q, c_inverse;
    int c_zero;
} pass_call;

/* `vectors`: bias of each column, then slopes. Dimension 0 is columns, 1 rows. */
__kernel void activate(__global const float *x, __global void *c, __global const float *vectors,
                       pass_call call) {
    const int column0 = get_global_id(0) * call.columns, row0 = get_global_id(1) * call.rows;
    const int column1 = min(column0 + call.columns, call.n), row1 = min(row0 + call.rows, call.m);
    for (int row = row0; row < row1; row++) {
        for (int column = column0; column < column1; column += VEC_LANES) {
            const int n = min(call.n - column, VEC_LANES);
            const vf bias = BIAS ? vec_get_f32(vectors + column, n) : vf_set(0.0f);
            const vf p = PER_COLUMN ? vec_get_f32(vectors + call.n + column, n) : vf_set(call.p);
            const vf y = ACT(vec_get_f32(x + row * call.ldx + column, n) + bias, p, vf_set(call.q));
            store_value(c, row * call.ldc + column, y, call.c_inverse, call.c_zero, n);
        }
    }
}

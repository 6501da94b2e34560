/* Whether dot4 compiles, and whether it is right: work-item 0 writes dot4(sum, a, b) for its arguments, b in
 * every lane. The host (opencl_dot4.c) defines A_TYPE and what dot4.cl wants. */
#define PRODUCT_DOT4 1
#define FUSED 0 /* no matter */
#include "vec_opencl.cl"
#include "elements.cl"
#include "dot4.cl"

__kernel void probe(__global int *out, int sum, int a, int b) {
    int lanes[VEC_LANES];
    VEC_PUT(dot4(vi_set(sum), a, vi_set(b)), lanes);
    out[0] = lanes[VEC_LANES - 1];
}

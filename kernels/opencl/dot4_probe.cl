/* Whether dot4 compiles, and whether it is right: work-item 0 writes dot4(sum, a, b) for its arguments, b in
 * every lane. */
#define PRODUCT_DOT4 1
#define A_TYPE TYPE_S8
#include "vec_opencl.cl"
#include "elements.cl"
#include "dot4.cl"

__kernel void probe(__global int *out, int sum, int a, int b) {
    int lanes[VEC_LANES];
    VEC_PUT(dot4(vi_set(sum), a, vi_set(b)), lanes);
    out[0] = lanes[VEC_LANES - 1];
}

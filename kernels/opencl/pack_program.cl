/* What brings operands into the order that gemm reads them in; the same for all tiles. */
#define VEC_LANES 1
#include "vec_opencl.cl"
#include "operands.cl"
#include "pack.cl"

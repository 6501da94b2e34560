/* gemm, and reduce where K is split. */
#include "vec_opencl.cl"
#include "operands.cl"
#include "epilogue_opencl.cl"
#include "dot4.cl"
#if FAMILY_LOCAL
#error "no such family"
#else
#include "gemm_tile.cl"
#endif

/* gemm, and reduce where K is split. */
#include "vec_opencl.cl"
#include "operands.cl"
#include "epilogue_opencl.cl"
#include "dot4.cl"
#include "gemm_sums.cl"
#if FAMILY_LOCAL
#include "gemm_local.cl"
#else
#include "gemm_tile.cl"
#endif

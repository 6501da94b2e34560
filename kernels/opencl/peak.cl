/* The limits of a device: its fastest multiply-add loop, and reading memory. The host (opencl_peak.c) defines
 * what vec_opencl.cl and dot4.cl want, and
 *
 *   CHAINS   sums of a work-item that do not wait for each other
 *   ABREAST  vectors that it reads at a time
 *   BLOCKED  1: a work-item reads a stretch of its own; 0: neighbours read neighbours */
#include "vec_opencl.cl"
#include "elements.cl"
#include "dot4.cl"

#if PRODUCT_DOT4
typedef vi vsum;
#define PRODUCT(sum, b) dot4(sum, 0x01020304, b)
#define EVERY_LANE(x)   vi_set((int)(x))
#else
typedef vf vsum;
#define PRODUCT(sum, b) vf_sum_product(b, sum, vf_set(0.5f)) /* tends to 2 b */
#define EVERY_LANE(x)   vf_set((float)(x))
#endif

/* What is written depends on every product. */
__kernel void multiply_add(__global vsum *out, long rounds) {
    vsum sums[CHAINS];
    const vsum b = EVERY_LANE(rounds);
#pragma unroll
    for (int j = 0; j < CHAINS; j++)
        sums[j] = EVERY_LANE(j);
    for (long r = 0; r < rounds; r++)
#pragma unroll
        for (int j = 0; j < CHAINS; j++)
            sums[j] = PRODUCT(sums[j], b);
#pragma unroll
    for (int j = 1; j < CHAINS; j++)
        sums[0] += sums[j];
    out[get_global_id(0)] = sums[0];
}

/* Each work-item reads `share` times ABREAST vectors, `passes` times. */
__kernel void read_memory(__global vi *out, __global const int *from, long share, long passes) {
    const long items = get_global_size(0), item = get_global_id(0);
    const long first = BLOCKED ? item * share * ABREAST : item, step = BLOCKED ? 1 : items;
    vi seen[ABREAST];
#pragma unroll
    for (int j = 0; j < ABREAST; j++)
        seen[j] = vi_set(j);
    for (long pass = 0; pass < passes; pass++)
        for (long i = 0; i < share; i++)
#pragma unroll
            for (int j = 0; j < ABREAST; j++) /* the sum makes a pass different from the one before */
                seen[j] = (seen[j] + vi_set(1)) ^ VEC_GET(from + (first + (i * ABREAST + j) * step) * VEC_LANES);
#pragma unroll
    for (int j = 1; j < ABREAST; j++)
        seen[0] ^= seen[j];
    out[item] = seen[0];
}

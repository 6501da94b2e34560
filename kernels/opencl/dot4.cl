/* sum + the products of four 8-bit numbers with four, for each lane of b. A is signed, or unsigned where
 * SHIFT_A or its type makes it so; b is signed. DOT4_*: what opencl_dot4.c found the device to have. */
#if PRODUCT_DOT4

#define A_UNSIGNED (SHIFT_A != 0 || A_TYPE == TYPE_U8)

#if DOT4_AVX512VNNI
static inline vi dot4(vi sum, int a, vi b) {
    vi every = vi_set(a);
    __asm__("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(every), "v"(b));
    return sum;
}
#else
static inline int dot4_lane(int sum, int a, int b) {
#if DOT4_PTX && A_UNSIGNED
    __asm__("dp4a.u32.s32 %0, %1, %2, %0;" : "+r"(sum) : "r"(a), "r"(b));
    return sum;
#elif DOT4_PTX
    __asm__("dp4a.s32.s32 %0, %1, %2, %0;" : "+r"(sum) : "r"(a), "r"(b));
    return sum;
#elif A_UNSIGNED
    return sum + dot_4x8packed_us_int(as_uint(a), as_uint(b));
#else
    return sum + dot_4x8packed_ss_int(as_uint(a), as_uint(b));
#endif
}
static inline vi dot4(vi sum, int a, vi b) {
    int s[VEC_LANES], w[VEC_LANES];
    VEC_PUT(sum, s);
    VEC_PUT(b, w);
#pragma unroll
    for (int l = 0; l < VEC_LANES; l++)
        s[l] = dot4_lane(s[l], a, w[l]);
    return VEC_GET(s);
}
#endif

#endif

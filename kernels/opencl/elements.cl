/* Elements of the caller's matrices. A_TYPE and others are TYPE_*; a program with a C defines C_TYPE before. */

#define TYPE_F32  0
#define TYPE_F16  1
#define TYPE_BF16 2
#define TYPE_S8   3
#define TYPE_U8   4

/* Element `at` of a matrix as f32, or of an 8-bit one as an integer. */
static inline float element_float(__global const void *x, long at, int type) {
    switch (type) {
    case TYPE_F16:
        return scalar_from_f16((__global const ushort *)x + at);
    case TYPE_BF16:
        return scalar_from_bf16((__global const ushort *)x + at);
    case TYPE_S8:
        return (float)((__global const char *)x)[at];
    case TYPE_U8:
        return (float)((__global const uchar *)x)[at];
    default:
        return ((__global const float *)x)[at];
    }
}
static inline int element_byte(__global const void *x, long at, int type) {
    return type == TYPE_U8 ? (int)((__global const uchar *)x)[at] : (int)((__global const char *)x)[at];
}

#ifdef C_TYPE

/* To the nearest even, limited to +-65536; NaN, which 8 bits cannot hold, gives 0. */
static inline vi quantised(vf y) {
    vf c = vf_min(vf_set(65536.0f), vf_max(vf_set(-65536.0f), y));
    return VEC_JOIN(VEC_OF(convert_int), _rte)(vf_pick(c == c, c, vf_set(0.0f)));
}

static inline vi limited(vi x, int low, int high) { return min(max(x, vi_set(low)), vi_set(high)); }

/* The first n of a vector as elements of C; 8-bit ones with one over C's scale and its zero point. */
static inline void store_value(__global void *c, long at, vf y, float inverse, int zero, int n) {
#if C_TYPE == TYPE_F32
    vec_put_f32((__global float *)c + at, y, n);
#elif C_TYPE == TYPE_F16
    vec_put_f16((__global ushort *)c + at, y, n);
#elif C_TYPE == TYPE_BF16
    vec_put_bf16((__global ushort *)c + at, y, n);
#elif C_TYPE == TYPE_S8
    vec_put_s8((__global char *)c + at,
               VEC_OF(convert_char)(limited(quantised(y * vf_set(inverse)) + vi_set(zero), -128, 127)), n);
#else
    vec_put_u8((__global uchar *)c + at,
               VEC_OF(convert_uchar)(limited(quantised(y * vf_set(inverse)) + vi_set(zero), 0, 255)), n);
#endif
}

#endif

/* The vocabulary of cpu/vec_scalar.h in OpenCL C, over vectors of VEC_LANES (1, 2, 4, 8 or 16) floats, and
 * what the kernels need beside it. Errors that OpenCL allows are those of correctly rounded operations where
 * the device has them, else up to 2.5 ulp of a reciprocal. */

#pragma OPENCL FP_CONTRACT OFF /* a product's rounding error is what some functions carry along */

#define VEC_PASTE(a, b) a##b
#define VEC_JOIN(a, b)  VEC_PASTE(a, b)
#if VEC_LANES == 1
#define VEC_OF(name)          name
#define VEC_GET(p)            (*(p))
#define VEC_PUT(v, p)         (*(p) = (v))
#define VEC_GET_HALF(p)       vload_half(0, p)
#define VEC_PUT_HALF(v, p)    vstore_half_rte(v, 0, p)
#define vm_any(m)             ((m) != 0)
#else
#define VEC_OF(name)          VEC_JOIN(name, VEC_LANES)
#define VEC_GET(p)            VEC_OF(vload)(0, p)
#define VEC_PUT(v, p)         VEC_OF(vstore)(v, 0, p)
#define VEC_GET_HALF(p)       VEC_OF(vload_half)(0, p)
#define VEC_PUT_HALF(v, p)    VEC_JOIN(VEC_OF(vstore_half), _rte)(v, 0, p)
#define vm_any(m)             any(m)
#endif

#ifndef EXACT_QUOTIENT /* the compiler's options say where division rounds correctly (opencl_device.c) */
#define EXACT_QUOTIENT 0
#endif

typedef VEC_OF(float) vf;
typedef VEC_OF(int) vi;
typedef VEC_OF(int) vm;
#define vi_from(x)      VEC_OF(convert_int)(x)
#define vf_from_vi(x)   VEC_OF(convert_float)(x)
#define vi_bits(x)      VEC_OF(as_int)(x)
#define vf_bits(x)      VEC_OF(as_float)(x)

static inline vf vf_set(float c) { return (vf)(c); }
static inline vi vi_set(int c) { return (vi)(c); }
static inline vf vf_add(vf a, vf b) { return a + b; }
static inline vf vf_sub(vf a, vf b) { return a - b; }
static inline vf vf_mul(vf a, vf b) { return a * b; }
static inline vf vf_fma(vf a, vf b, vf c) { return fma(a, b, c); }
/* Where a quotient may err by 2.5 ulp, what it leaves is divided, too: some functions arrive at a limit. */
static inline vf vf_div(vf a, vf b) {
    const vf q = a / b;
    return EXACT_QUOTIENT ? q : q + fma(-q, b, a) / b;
}
/* A sum that may round its product: FUSED is 0 where the device would compute fma() by integers. */
static inline vf vf_sum_product(vf sum, vf a, vf b) { return FUSED ? fma(a, b, sum) : a * b + sum; }
static inline vf vf_neg(vf a) { return -a; }
static inline vf vf_abs(vf a) { return fabs(a); }
static inline vf vf_copysign(vf a, vf s) {
    return vf_bits((vi_bits(a) & vi_set(0x7fffffff)) | (vi_bits(s) & vi_set((int)0x80000000u)));
}
static inline vm vf_lt(vf a, vf b) { return a < b; }
static inline vm vf_le(vf a, vf b) { return a <= b; }
static inline vf vf_pick(vm m, vf a, vf b) { return m ? a : b; }
static inline vf vf_min(vf a, vf b) { return vf_pick(a < b, a, b); }
static inline vf vf_max(vf a, vf b) { return vf_pick(a > b, a, b); }
/* Adding 1.5 * 2^23 leaves no bits for a fraction. */
static inline vf vf_round(vf a) { return (a + vf_set(12582912.0f)) - vf_set(12582912.0f); }
static inline vf vf_power_of_two(vi n) { return vf_bits((n + vi_set(127)) << vi_set(23)); }
/* An integral float as an integer; anything where it is NaN, without leaving the range. */
static inline vi vi_integral(vf n) { return vi_from(vf_min(vf_set(1000.0f), vf_max(n, vf_set(-1000.0f)))); }
static inline vf vf_scale(vf x, vf n) {
    vi i = vi_integral(n), half_of = i >> vi_set(1);
    return x * vf_power_of_two(half_of) * vf_power_of_two(i - half_of);
}
static inline vf vf_abs_min(vf x, vf c) { return vf_min(fabs(x), c); }
static inline vf vf_rcp(vf d) { return vf_set(1.0f) / d; }
static inline vf vf_over_brief(vf x, vf d) { return x / d; }

#define VF_TABLES 0
#define VF_TABLE    static __constant
#define VF_TABLE_AT __constant
static inline vf vf_shift(vf x, int n) { return vf_bits(vi_bits(x) >> vi_set(n)); } /* of numbers above 0 */
static inline vf vf_raise(vf x, vf t, int n) {
    return vf_bits(VEC_OF(as_uint)(x) + (VEC_OF(as_uint)(t) << (VEC_OF(uint))(n)));
}
static inline vf vf_table32(VF_TABLE_AT float *t, vf i) {
    float value[VEC_LANES];
    int at[VEC_LANES];
    VEC_PUT(vi_bits(i) & vi_set(31), at);
    for (int l = 0; l < VEC_LANES; l++)
        value[l] = t[at[l]];
    return VEC_GET(value);
}

/* ---- the first n of VEC_LANES elements in global memory; nothing beyond is touched, and reads as 0 */

#define VEC_DEFINE_PARTS(name, type, Vector)                                                                 \
    static inline Vector VEC_JOIN(vec_get_, name)(__global const type *p, int n) {                           \
        type t[VEC_LANES];                                                                                   \
        if (n == VEC_LANES)                                                                                  \
            return VEC_GET(p);                                                                               \
        for (int l = 0; l < VEC_LANES; l++)                                                                  \
            t[l] = l < n ? p[l] : (type)0;                                                                   \
        return VEC_GET(t);                                                                                   \
    }                                                                                                        \
    static inline void VEC_JOIN(vec_put_, name)(__global type * p, Vector v, int n) {                        \
        type t[VEC_LANES];                                                                                   \
        if (n == VEC_LANES) {                                                                                \
            VEC_PUT(v, p);                                                                                   \
            return;                                                                                          \
        }                                                                                                    \
        VEC_PUT(v, t);                                                                                       \
        for (int l = 0; l < n; l++)                                                                          \
            p[l] = t[l];                                                                                     \
    }
VEC_DEFINE_PARTS(f32, float, vf)
VEC_DEFINE_PARTS(s32, int, vi)
VEC_DEFINE_PARTS(s16, ushort, VEC_OF(ushort))
VEC_DEFINE_PARTS(s8, char, VEC_OF(char))
VEC_DEFINE_PARTS(u8, uchar, VEC_OF(uchar))

/* ---- 16-bit floats in memory. NATIVE_HALF: by OpenCL's functions; else by integer arithmetic, where an
 * implementation converts lane by lane. */

static inline float scalar_from_f16(__global const ushort *p) {
#if NATIVE_HALF
    return vload_half(0, (__global const half *)p);
#else
    int rest = *p & 0x7fff, sign = (*p & 0x8000) << 16;
    int finite = as_int(as_float(rest << 13) * 0x1p112f);
    return as_float(sign | (rest >= 0x7c00 ? (rest << 13) | 0x7f800000 : finite));
#endif
}
static inline float scalar_from_bf16(__global const ushort *p) { return as_float((int)*p << 16); }

static inline vf vec_get_f16(__global const ushort *p, int n) {
#if NATIVE_HALF
    float t[VEC_LANES];
    if (n == VEC_LANES)
        return VEC_GET_HALF((__global const half *)p);
    for (int l = 0; l < VEC_LANES; l++)
        t[l] = l < n ? vload_half(l, (__global const half *)p) : 0.0f;
    return VEC_GET(t);
#else
    vi bits = vi_from(vec_get_s16(p, n)), rest = bits & vi_set(0x7fff);
    /* Half's exponent is 112 below single's; the product is exact, subnormals included. */
    vi finite = vi_bits(vf_bits(rest << vi_set(13)) * vf_set(0x1p112f));
    vi wide = (rest << vi_set(13)) | vi_set(0x7f800000);
    return vf_bits(((bits & vi_set(0x8000)) << vi_set(16)) | (rest >= vi_set(0x7c00) ? wide : finite));
#endif
}
static inline void vec_put_f16(__global ushort *p, vf f, int n) {
#if NATIVE_HALF
    float t[VEC_LANES];
    if (n == VEC_LANES) {
        VEC_PUT_HALF(f, (__global half *)p);
        return;
    }
    VEC_PUT(f, t);
    for (int l = 0; l < n; l++)
        vstore_half_rte(t[l], l, (__global half *)p);
#else
    vi bits = vi_bits(f), rest = bits & vi_set(0x7fffffff), sign = (bits >> vi_set(16)) & vi_set(0x8000);
    vi normal = (rest + vi_set(0xfff) + ((rest >> vi_set(13)) & vi_set(1)) - vi_set(0x38000000)) >> vi_set(13);
    /* Below 2^-14 one unit is 2^-24: adding 1/2 lets the hardware round. */
    vi small = vi_bits(vf_bits(rest) + vf_set(0.5f)) - vi_set(0x3f000000);
    vi h = rest < vi_set(0x38800000) ? small : normal;
    h = rest >= vi_set(0x477ff000) ? vi_set(0x7c00) : h;
    h = rest > vi_set(0x7f800000) ? vi_set(0x7e00) : h;
    vec_put_s16(p, VEC_OF(convert_ushort)(h | sign), n);
#endif
}
static inline vf vec_get_bf16(__global const ushort *p, int n) {
    return vf_bits(vi_from(vec_get_s16(p, n)) << vi_set(16));
}
static inline void vec_put_bf16(__global ushort *p, vf f, int n) {
    vi bits = vi_bits(f), high = (bits >> vi_set(16)) & vi_set(0xffff);
    vi rounded = ((bits + vi_set(0x7fff) + (high & vi_set(1))) >> vi_set(16)) & vi_set(0xffff);
    vi quiet = high | vi_set(0x40);
    vec_put_s16(p, VEC_OF(convert_ushort)((bits & vi_set(0x7fffffff)) > vi_set(0x7f800000) ? quiet : rounded),
                n);
}

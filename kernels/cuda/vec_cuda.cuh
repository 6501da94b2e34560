/* The vocabulary of cpu/vec_scalar.h on a CUDA device: a vector is one float, because the threads of a warp are
 * its lanes. The compiler is told not to contract products and sums (cuda_program.c). */
typedef float vf;
typedef int vi;
typedef int vm;

static inline vf vf_set(float c) { return c; }
static inline vf vf_add(vf a, vf b) { return a + b; }
static inline vf vf_sub(vf a, vf b) { return a - b; }
static inline vf vf_mul(vf a, vf b) { return a * b; }
static inline vf vf_div(vf a, vf b) { return a / b; }
static inline vf vf_fma(vf a, vf b, vf c) { return fmaf(a, b, c); }
static inline vf vf_neg(vf a) { return -a; }
static inline vf vf_abs(vf a) { return fabsf(a); }
static inline vf vf_copysign(vf a, vf s) { return copysignf(a, s); }
static inline vm vf_lt(vf a, vf b) { return a < b; }
static inline vm vf_le(vf a, vf b) { return a <= b; }
static inline vm vm_any(vm m) { return m; }
static inline vf vf_pick(vm m, vf a, vf b) { return m ? a : b; }
static inline vf vf_min(vf a, vf b) { return a < b ? a : b; }
static inline vf vf_max(vf a, vf b) { return a > b ? a : b; }
static inline vf vf_round(vf a) { return rintf(a); }
static inline vf vf_power_of_two(vi n) { return float_of((n + 127) << 23); }
/* An integral float as an integer; anything where it is NaN, without leaving the range. */
static inline vi vi_integral(vf n) { return (vi)vf_min(1000.0f, vf_max(n, -1000.0f)); }
static inline vf vf_scale(vf x, vf n) {
    vi i = vi_integral(n), half_of = i >> 1;
    return x * vf_power_of_two(half_of) * vf_power_of_two(i - half_of);
}
static inline vf vf_abs_min(vf x, vf c) { return vf_min(fabsf(x), c); }
static inline vf vf_rcp(vf d) { return 1.0f / d; }
static inline vf vf_over_brief(vf x, vf d) { return x * reciprocal(d); }

#define VF_EXP2_BRIEF power_of_two

#define VF_TABLES   0
#define VF_TABLE_AT const
static inline vf vf_shift(vf x, int n) { return float_of(bits_of(x) >> n); } /* of numbers above 0 */
static inline vf vf_raise(vf x, vf t, int n) {
    return float_of((int)((word)bits_of(x) + ((word)bits_of(t) << n)));
}
static inline vf vf_table32(VF_TABLE_AT float *t, vf i) { return t[bits_of(i) & 31]; }

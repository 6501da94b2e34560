/* Elements by words of 4 bytes, and products of words. A_TYPE: TYPE_* of A, and of B, but that B is signed where A is
 * TYPE_U8. */
#define TYPE_F32  0
#define TYPE_F16  1
#define TYPE_BF16 2
#define TYPE_S8   3
#define TYPE_U8   4

#if A_TYPE == TYPE_F32
#define ELEMENT_BYTES 4
#elif A_TYPE == TYPE_S8 || A_TYPE == TYPE_U8
#define ELEMENT_BYTES 1
#else
#define ELEMENT_BYTES 2
#endif
#define IS_S8 (ELEMENT_BYTES == 1)

#if IS_S8
typedef int vsum;
static inline int sum_bits(vsum s) { return s; }
static inline vsum sum_of(int bits) { return bits; }
#else
typedef float vsum;
static inline int sum_bits(vsum s) { return bits_of(s); }
static inline vsum sum_of(int bits) { return float_of(bits); }
#endif

static inline int least(int a, int b) { return a < b ? a : b; }
static inline int pieces(int x, int y) { return (x + y - 1) / y; }

typedef struct __attribute__((aligned(16))) {
    word w[4];
} quad;

/* sum + the products of a word of A and one of B. */
static inline vsum word_mac(vsum sum, word a, word b) {
#if A_TYPE == TYPE_F32
    return fmaf(float_of((int)a), float_of((int)b), sum);
#elif A_TYPE == TYPE_F16
    sum = fmaf(half_value((unsigned short)a), half_value((unsigned short)b), sum);
    return fmaf(half_value((unsigned short)(a >> 16)), half_value((unsigned short)(b >> 16)), sum);
#elif A_TYPE == TYPE_BF16
    sum = fmaf(float_of((int)(a << 16)), float_of((int)(b << 16)), sum);
    return fmaf(float_of((int)(a & 0xffff0000u)), float_of((int)(b & 0xffff0000u)), sum);
#elif A_TYPE == TYPE_S8
    return dot4_s8(sum, a, b);
#else
    return dot4_u8(sum, a, b);
#endif
}

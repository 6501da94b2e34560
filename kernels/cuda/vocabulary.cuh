/* What kernels say instead of PTX: one function an instruction, so that the same kernel text runs on a device
 * and, with another vocabulary in place of this one (HONE_VOCABULARY, tests/cuda/emulator), on a host.
 *
 *   KERNEL(name, threads)   the head of a kernel, whose one parameter is `call`
 *   THREAD, BLOCK_X, BLOCK_Z, hone_shared, block_sync()
 *   half_bits, half_value, float_of, bits_of   conversions
 *   shuffle_xor             a value of the lane whose number differs by `mask`
 *   cp_async16, cp_async_commit, cp_async_wait(n)   16 bytes to shared memory, of which `bytes` are copied
 *                           and the rest are zeros; all but the latest n groups have arrived
 *   ldmatrix4               four 8 x 16-byte matrices; lane l gives the address of row l % 8 of matrix l / 8, and
 *                           gets word l % 4 of row l / 4 of each
 *   mma                     d (16 x 8) += a (16 x 8 words) * b (8 words x 8): kinds MMA_*
 *   dot4_s8, dot4_u8        sum + four products of bytes: a signed or not, b signed
 *
 * Fragments of mma, for g = lane / 4, t = lane % 4: a = words (g, t), (g + 8, t), (g, t + 4), (g + 8, t + 4) by
 * row and k; b = (t, g), (t + 4, g) by k and column; d = (g, 2t), (g, 2t + 1), (g + 8, 2t), (g + 8, 2t + 1).
 * They are the same for all kinds (PTX ISA, "Matrix fragments for mma"). */
#define MMA_F16  1
#define MMA_BF16 2
#define MMA_TF32 3
#define MMA_S8   4
#define MMA_U8   5 /* a is unsigned, b signed */

typedef unsigned int word;

#define PRAGMA(text)     _Pragma(#text)
#define UNROLL_BY(times) PRAGMA(unroll times) /* the pragma itself does not expand macros */

#ifdef HONE_VOCABULARY
#include HONE_VOCABULARY
#else

#pragma nv_diag_suppress 177 /* no kernel uses all of this */
#define inline __inline__ __device__ /* every function here runs on the device */
#define VF_TABLE static __device__ const
#define KERNEL(name, threads)                                                                                \
    extern "C" __global__ void __launch_bounds__(threads) name(const __grid_constant__ hone_cuda_call call)
#define THREAD  ((int)threadIdx.x)
#define BLOCK_X ((int)blockIdx.x)
#define BLOCK_Z ((int)blockIdx.z)
extern __shared__ __align__(1024) unsigned char hone_shared[];

static inline void block_sync() { __syncthreads(); }

static inline int bits_of(float x) { return __float_as_int(x); }
static inline float float_of(int x) { return __int_as_float(x); }
static inline float half_value(unsigned short bits) {
    float x;
    asm("cvt.f32.f16 %0, %1;" : "=f"(x) : "h"(bits));
    return x;
}
static inline unsigned short half_bits(float x) {
    unsigned short bits;
    asm("cvt.rn.f16.f32 %0, %1;" : "=h"(bits) : "f"(x));
    return bits;
}
static inline int shuffle_xor(int value, int mask) { return __shfl_xor_sync(0xffffffffu, value, mask); }

static inline int dot4_s8(int sum, word a, word b) {
    asm("dp4a.s32.s32 %0, %1, %2, %0;" : "+r"(sum) : "r"(a), "r"(b));
    return sum;
}
static inline int dot4_u8(int sum, word a, word b) {
    asm("dp4a.u32.s32 %0, %1, %2, %0;" : "+r"(sum) : "r"(a), "r"(b));
    return sum;
}

static inline word shared_address(const void *p) { return (word)__cvta_generic_to_shared(p); }

#if __CUDA_ARCH__ >= 800
static inline void cp_async16(void *to, const void *from, int bytes) {
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(shared_address(to)), "l"(from), "r"(bytes)
                 : "memory");
}
static inline void cp_async_commit() { asm volatile("cp.async.commit_group;" ::: "memory"); }
#define cp_async_wait(n) asm volatile("cp.async.wait_group %0;" ::"n"(n) : "memory")
#else
static inline void cp_async16(void *to, const void *from, int bytes) {
    unsigned char *t = (unsigned char *)to;
    for (int i = 0; i < 16; i++)
        t[i] = i < bytes ? ((const unsigned char *)from)[i] : 0;
}
static inline void cp_async_commit() {}
#define cp_async_wait(n)
#endif

static inline void ldmatrix4(word r[4], const void *row) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
                 : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
                 : "r"(shared_address(row))
                 : "memory");
}

#define MMA_ASM(shape, types, C, d, a, b)                                                                    \
    asm volatile("mma.sync.aligned." shape ".row.col." types                                                 \
                 " {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"                          \
                 : "+" C(d[0]), "+" C(d[1]), "+" C(d[2]), "+" C(d[3])                                        \
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]))
#if MMA_KIND == MMA_F16
static inline void mma(float d[4], const word a[4], const word b[2]) {
    MMA_ASM("m16n8k16", "f32.f16.f16.f32", "f", d, a, b);
}
#elif MMA_KIND == MMA_BF16
static inline void mma(float d[4], const word a[4], const word b[2]) {
    MMA_ASM("m16n8k16", "f32.bf16.bf16.f32", "f", d, a, b);
}
#elif MMA_KIND == MMA_TF32
static inline void mma(float d[4], const word a[4], const word b[2]) {
    MMA_ASM("m16n8k8", "f32.tf32.tf32.f32", "f", d, a, b);
}
#elif MMA_KIND == MMA_S8
static inline void mma(int d[4], const word a[4], const word b[2]) {
    MMA_ASM("m16n8k32", "s32.s8.s8.s32", "r", d, a, b);
}
#elif MMA_KIND == MMA_U8
static inline void mma(int d[4], const word a[4], const word b[2]) {
    MMA_ASM("m16n8k32", "s32.u8.s8.s32", "r", d, a, b);
}
#endif

/* To the nearest that tf32 has, 11 bits, ties away from zero. */
static inline word tf32_bits(float x) {
    word bits;
    asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(bits) : "f"(x));
    return bits;
}
#endif

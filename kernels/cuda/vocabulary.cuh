/* What kernels say instead of PTX: one function an instruction, so that the same kernel text runs on a device
 * and, with another vocabulary in place of this one (HONE_VOCABULARY, tests/cuda/emulator), on a host.
 *
 *   KERNEL(name, threads)   the head of a kernel, whose one parameter is `call`
 *   THREAD, BLOCK_X, BLOCK_Z, GRID_X, hone_shared, shared_address(p), block_sync()
 *   half_bits, half_value, float_of, bits_of   conversions
 *   reciprocal, power_of_two   1 / x and 2^x to 22 bits
 *   read_float, read_int, read_four   a number or four words from memory that no kernel of the call writes
 *   uniform(x)              x, which is the same in all lanes of a warp
 *   shuffle_xor             a value of the lane whose number differs by `mask`
 *   cp_async16, cp_async_commit, cp_async_wait(n)   16 bytes to shared memory, of which `bytes` are copied
 *                           and the rest are zeros; all but the latest n groups have arrived
 *   ldmatrix4               four 8 x 16-byte matrices; lane l gives the address of row l % 8 of matrix l / 8, and
 *                           gets word l % 4 of row l / 4 of each
 *   mma                     d (16 x 8) += a (16 x 8 words) * b (8 words x 8): kinds MMA_*
 *   dot4_s8, dot4_u8        sum + four products of bytes: a signed or not, b signed
 *
 * and of sm_90a, where a warpgroup is 128 threads:
 *
 *   barrier_init, barrier_init_fence, barrier_arrive, barrier_wait   mbarriers: a phase is over when `count` have
 *                           arrived and the bytes that they expect are there; barrier_wait waits for the end of the
 *                           phase of that parity, and the one before the first has parity 1
 *   barrier_expect          arrives, and makes the phase wait for so many bytes
 *   CLUSTER_KERNEL(name, threads, cluster)   a kernel whose blocks run in clusters; CLUSTER_RANK, cluster_sync()
 *   barrier_arrive_at       at the same barrier of another block of the cluster
 *   tma_load                a box of a matrix to shared memory, by one thread, swizzled by 128 bytes; what is outside
 *                           of the matrix becomes zeros; tma_load_all: to the same place of the first `blocks` blocks of the cluster
 *   wgmma_64 to wgmma_256   d (64 x n) += a (64 x 8 words) * b (8 words x n), both in shared memory as tma_load leaves
 *                           them; runs on its own from wgmma_fence() on, in groups that wgmma_commit() ends, until
 *                           wgmma_wait(n): all but the latest n are through
 *   wgmma_rows_64 to _256   the same with 16 rows of a in the registers of each warp, as fragments of mma
 *   wgmma_settled           sums that have been waited for are read only after this
 *   registers_fewer(n), registers_more(n)   of the threads of a warpgroup
 *
 * A thread's part of d of wgmma is, for each 8 columns, that of mma in the 16 rows of its warp.
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

/* What tma_load left at `p`, 1024 bytes aligned, for wgmma: rows of 128 bytes, eight of them 1024 bytes apart,
 * swizzled (PTX ISA, "Matrix descriptor"). A step of 32 bytes along k is 2 more. */
#define SWIZZLED_MATRIX(p)                                                                                   \
    ((1ull << 62) | (64ull << 32) | (1ull << 16) | ((unsigned long long)(shared_address(p) & 0x3ffff) >> 4))

#ifdef HONE_VOCABULARY
#include HONE_VOCABULARY
#else

#pragma nv_diag_suppress 177 /* no kernel uses all of this */
#define inline __inline__ __device__ /* every function here runs on the device */
#define VF_TABLE static __device__ const
#define VF_COLD  static __device__ __noinline__
#define KERNEL(name, threads)                                                                                \
    extern "C" __global__ void __launch_bounds__(threads) name(const __grid_constant__ hone_cuda_call call)
#define THREAD  ((int)threadIdx.x)
#define BLOCK_X ((int)blockIdx.x)
#define BLOCK_Z ((int)blockIdx.z)
#define GRID_X  ((int)gridDim.x)
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
static inline float reciprocal(float x) {
    float y;
    asm("rcp.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}
static inline float power_of_two(float x) {
    float y;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}
static inline float read_float(const float *p) { return __ldg(p); }
static inline int read_int(const int *p) { return __ldg(p); }
static inline void read_four(word to[4], const void *from) {
    const uint4 four = __ldg((const uint4 *)from);
    to[0] = four.x;
    to[1] = four.y;
    to[2] = four.z;
    to[3] = four.w;
}
/* The same for all threads of a warp, which the compiler then knows. */
static inline int uniform(int x) { return __shfl_sync(0xffffffffu, x, 0); }
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

/* ---- sm_90a */

typedef unsigned long long barrier;

static inline void barrier_init(barrier *b, int count) {
    asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(shared_address(b)), "r"(count) : "memory");
}
/* What is initialised can be seen by TMA. */
static inline void barrier_init_fence() {
    asm volatile("fence.mbarrier_init.release.cluster;\n\tfence.proxy.async.shared::cta;" ::: "memory");
}
static inline void barrier_arrive(barrier *b) {
    asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(shared_address(b)) : "memory");
}
static inline void barrier_expect(barrier *b, int bytes) {
    asm volatile("mbarrier.arrive.expect_tx.shared::cta.b64 _, [%0], %1;" ::"r"(shared_address(b)), "r"(bytes)
                 : "memory");
}
static inline void barrier_wait(barrier *b, int parity) {
    int over;
    do
        asm volatile("{\n\t.reg .pred p;\n\t"
                     "mbarrier.try_wait.parity.shared::cta.b64 p, [%1], %2;\n\t"
                     "selp.b32 %0, 1, 0, p;\n\t}"
                     : "=r"(over)
                     : "r"(shared_address(b)), "r"(parity)
                     : "memory");
    while (!over);
}
/* The box whose first element is number `x` of row `y`. */
static inline void tma_load(void *to, const hone_tensor_map *map, int x, int y, barrier *b) {
    asm volatile("cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes"
                 " [%0], [%1, {%2, %3}], [%4];" ::"r"(shared_address(to)),
                 "l"(map), "r"(x), "r"(y), "r"(shared_address(b))
                 : "memory");
}

#define CLUSTER_KERNEL(name, threads, cluster)                                                               \
    extern "C" __global__ void __cluster_dims__(cluster, 1, 1) __launch_bounds__(threads)                    \
        name(const __grid_constant__ hone_cuda_call call)
static inline int cluster_rank() {
    int rank;
    asm volatile("mov.u32 %0, %%cluster_ctarank;" : "=r"(rank));
    return rank;
}
#define CLUSTER_RANK cluster_rank()
static inline void cluster_sync() {
    asm volatile("barrier.cluster.arrive.release;\n\tbarrier.cluster.wait.acquire;" ::: "memory");
}
static inline void barrier_arrive_at(barrier *b, int rank) {
    asm volatile("{\n\t.reg .b32 there;\n\t"
                 "mapa.shared::cluster.u32 there, %0, %1;\n\t"
                 "mbarrier.arrive.shared::cluster.b64 _, [there];\n\t}" ::"r"(shared_address(b)),
                 "r"(rank)
                 : "memory");
}
static inline void tma_load_all(void *to, const hone_tensor_map *map, int x, int y, barrier *b, int blocks) {
    asm volatile("cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes.multicast::cluster"
                 " [%0], [%1, {%2, %3}], [%4], %5;" ::"r"(shared_address(to)),
                 "l"(map), "r"(x), "r"(y), "r"(shared_address(b)), "h"((unsigned short)((1 << blocks) - 1))
                 : "memory");
}

#define wgmma_fence()     asm volatile("wgmma.fence.sync.aligned;" ::: "memory")
#define wgmma_commit()    asm volatile("wgmma.commit_group.sync.aligned;" ::: "memory")
#define wgmma_wait(n)     asm volatile("wgmma.wait_group.sync.aligned %0;" ::"n"(n) : "memory")
#define wgmma_settled(d, count)                                                                              \
    _Pragma("unroll") for (int settled_ = 0; settled_ < (count); settled_++)                                 \
        asm volatile("" : WGMMA_REGISTER((d)[settled_])::"memory")
#define registers_fewer(n) asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" ::"n"(n))
#define registers_more(n)  asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" ::"n"(n))

#if MMA_KIND == MMA_F16
#define WGMMA_TYPES "k16.f32.f16.f16"
#define WGMMA_MORE  ", 1, 1, 0, 0" /* no sign changed, both along k */
#elif MMA_KIND == MMA_BF16
#define WGMMA_TYPES "k16.f32.bf16.bf16"
#define WGMMA_MORE  ", 1, 1, 0, 0"
#elif MMA_KIND == MMA_TF32
#define WGMMA_TYPES "k8.f32.tf32.tf32"
#define WGMMA_MORE  ", 1, 1"
#define WGMMA_ROWS_MORE WGMMA_MORE /* a in registers is for this kind alone */
#elif MMA_KIND == MMA_S8
#define WGMMA_TYPES "k32.s32.s8.s8"
#define WGMMA_MORE  ""
#elif MMA_KIND == MMA_U8
#define WGMMA_TYPES "k32.s32.u8.s8"
#define WGMMA_MORE  ""
#endif

#ifdef WGMMA_TYPES
#if MMA_KIND == MMA_S8 || MMA_KIND == MMA_U8
#define WGMMA_REGISTER "+r"
typedef int wgmma_sum;
#else
#define WGMMA_REGISTER "+f"
typedef float wgmma_sum;
#endif
#define OUT_4(i)                                                                                             \
    WGMMA_REGISTER(d[i]), WGMMA_REGISTER(d[i + 1]), WGMMA_REGISTER(d[i + 2]), WGMMA_REGISTER(d[i + 3])
#define OUT_16(i) OUT_4(i), OUT_4(i + 4), OUT_4(i + 8), OUT_4(i + 12)
/* The first so many sums of a thread, as outputs and in the instruction's list. */
#define OUTS_32  OUT_16(0), OUT_16(16)
#define OUTS_48  OUTS_32, OUT_16(32)
#define OUTS_64  OUTS_48, OUT_16(48)
#define OUTS_80  OUTS_64, OUT_16(64)
#define OUTS_96  OUTS_80, OUT_16(80)
#define OUTS_112 OUTS_96, OUT_16(96)
#define OUTS_128 OUTS_112, OUT_16(112)
#define LIST_32                                                                                              \
    "%0,%1,%2,%3,%4,%5,%6,%7,%8,%9,%10,%11,%12,%13,%14,%15,"                                                 \
    "%16,%17,%18,%19,%20,%21,%22,%23,%24,%25,%26,%27,%28,%29,%30,%31"
#define LIST_48  LIST_32 ",%32,%33,%34,%35,%36,%37,%38,%39,%40,%41,%42,%43,%44,%45,%46,%47"
#define LIST_64  LIST_48 ",%48,%49,%50,%51,%52,%53,%54,%55,%56,%57,%58,%59,%60,%61,%62,%63"
#define LIST_80  LIST_64 ",%64,%65,%66,%67,%68,%69,%70,%71,%72,%73,%74,%75,%76,%77,%78,%79"
#define LIST_96  LIST_80 ",%80,%81,%82,%83,%84,%85,%86,%87,%88,%89,%90,%91,%92,%93,%94,%95"
#define LIST_112 LIST_96 ",%96,%97,%98,%99,%100,%101,%102,%103,%104,%105,%106,%107,%108,%109,%110,%111"
#define LIST_128 LIST_112 ",%112,%113,%114,%115,%116,%117,%118,%119,%120,%121,%122,%123,%124,%125,%126,%127"
#define WGMMA_OF_SHARED(n, list, a_at, b_at, ...)                                                            \
    static inline void wgmma_##n(wgmma_sum *d, unsigned long long a, unsigned long long b) {                 \
        asm volatile("wgmma.mma_async.sync.aligned.m64n" #n WGMMA_TYPES " {" list "}, " a_at ", " b_at       \
                     ", 1" WGMMA_MORE ";"                                                                    \
                     : __VA_ARGS__                                                                           \
                     : "l"(a), "l"(b));                                                                      \
    }
#ifdef WGMMA_ROWS_MORE
#define WGMMA_OF_ROWS(n, list, a_at, b_at, ...)                                                              \
    static inline void wgmma_rows_##n(wgmma_sum *d, const word a[4], unsigned long long b) {                 \
        asm volatile("wgmma.mma_async.sync.aligned.m64n" #n WGMMA_TYPES " {" list "}, {" a_at "}, " b_at     \
                     ", 1" WGMMA_ROWS_MORE ";"                                                               \
                     : __VA_ARGS__                                                                           \
                     : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b));                                  \
    }
#else
#define WGMMA_OF_ROWS(n, list, a_at, b_at, ...)
#endif
/* n columns are `sums` of a thread; what follows them in the instruction are operands `at` and on. */
#define WGMMA_DEFINE(n, sums, at, at1, at2, at3, at4)                                                        \
    WGMMA_OF_SHARED(n, LIST_##sums, at, at1, OUTS_##sums)                                                    \
    WGMMA_OF_ROWS(n, LIST_##sums, at ", " at1 ", " at2 ", " at3, at4, OUTS_##sums)
WGMMA_DEFINE(64, 32, "%32", "%33", "%34", "%35", "%36")
WGMMA_DEFINE(96, 48, "%48", "%49", "%50", "%51", "%52")
WGMMA_DEFINE(128, 64, "%64", "%65", "%66", "%67", "%68")
WGMMA_DEFINE(160, 80, "%80", "%81", "%82", "%83", "%84")
WGMMA_DEFINE(192, 96, "%96", "%97", "%98", "%99", "%100")
WGMMA_DEFINE(224, 112, "%112", "%113", "%114", "%115", "%116")
WGMMA_DEFINE(256, 128, "%128", "%129", "%130", "%131", "%132")
#endif
#endif

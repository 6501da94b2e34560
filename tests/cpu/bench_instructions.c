/* Not a test: what vector instructions of 512 bits cost by themselves, and beside multiply-adds that take
 * every cycle of two units, which decides how an epilogue between products is written (docs/cpu.md).
 *
 *     bench_instructions
 *
 * Prints a Markdown table. A cycle is that in which two multiply-adds leave the core, timed beside the rest.
 */
#include <stdio.h>

#if defined(__x86_64__) && defined(__GNUC__)
#include "../../harness/clock.h"

enum { CALLS = 20000, ROUNDS = 15, ALONE = 12, BESIDE = 6, FMA_CYCLES = 6 };

/* An instruction's text before and after the number of the register it writes; it reads zmm31, a zero, and
 * k2. */
#define INSTRUCTIONS(X)                                                                                      \
    X(vaddps, "vaddps %%zmm31, %%zmm31, %%zmm", "")                                                          \
    X(vmaxps, "vmaxps %%zmm31, %%zmm31, %%zmm", "")                                                          \
    X(vrangeps, "vrangeps $2, %%zmm31, %%zmm31, %%zmm", "")                                                  \
    X(vrndscaleps, "vrndscaleps $0, %%zmm31, %%zmm", "")                                                     \
    X(vreduceps, "vreduceps $1, %%zmm31, %%zmm", "")                                                         \
    X(vscalefps, "vscalefps %%zmm31, %%zmm31, %%zmm", "")                                                    \
    X(vcvtps2dq, "vcvtps2dq %%zmm31, %%zmm", "")                                                             \
    X(vcvtps2ph, "vcvtps2ph $0, %%zmm31, %%ymm", "")                                                         \
    X(vcvtph2ps, "vcvtph2ps %%ymm31, %%zmm", "")                                                             \
    X(vpaddd, "vpaddd %%zmm31, %%zmm31, %%zmm", "")                                                          \
    X(vpslld, "vpslld $8, %%zmm31, %%zmm", "")                                                               \
    X(vpternlogd, "vpternlogd $0xea, %%zmm31, %%zmm31, %%zmm", "")                                           \
    X(vblendmps, "vblendmps %%zmm31, %%zmm31, %%zmm", "%{%%k2%}")                                            \
    X(vpermps, "vpermps %%zmm31, %%zmm31, %%zmm", "")                                                        \
    X(vpermt2ps, "vpermt2ps %%zmm31, %%zmm31, %%zmm", "")                                                    \
    X(vpackssdw, "vpackssdw %%zmm31, %%zmm31, %%zmm", "")                                                    \
    X(vrcp14ps, "vrcp14ps %%zmm31, %%zmm", "")                                                               \
    X(vcmpps, "vcmpps $1, %%zmm31, %%zmm31, %%k1 # ", "")                                                    \
    X(vfpclassps, "vfpclassps $32, %%zmm31, %%k1 # ", "")                                                    \
    X(vmulps, "vmulps %%zmm31, %%zmm31, %%zmm", "")                                                          \
    X(vpmulhrsw, "vpmulhrsw %%zmm31, %%zmm31, %%zmm", "")                                                    \
    X(vdivps, "vdivps %%zmm31, %%zmm31, %%zmm", "")

#define LINE(before, number, after) before #number after "\n"
#define FMAS(a, b)                  "vfmadd231ps %%zmm30, %%zmm30, %%zmm" #a "\nvfmadd231ps %%zmm30, %%zmm30, %%zmm" #b "\n"
#define RUN(text)                                                                                            \
    for (int i = 0; i < CALLS; i++)                                                                          \
    __asm__ volatile("vpxorq %%zmm30, %%zmm30, %%zmm30\nvpxorq %%zmm31, %%zmm31, %%zmm31\n" text ::          \
                         : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9",   \
                           "xmm10", "xmm11", "memory")

static void run_products(void) { RUN(FMAS(0, 1) FMAS(2, 3) FMAS(4, 5) FMAS(6, 7) FMAS(8, 9) FMAS(10, 11)); }

#define DEFINE(name, before, after)                                                                          \
    static void alone_##name(void) {                                                                         \
        RUN(LINE(before, 16, after) LINE(before, 17, after) LINE(before, 18, after) LINE(before, 19, after)  \
                LINE(before, 20, after) LINE(before, 21, after) LINE(before, 22, after)                      \
                    LINE(before, 23, after) LINE(before, 24, after) LINE(before, 25, after)                  \
                        LINE(before, 26, after) LINE(before, 27, after));                                    \
    }                                                                                                        \
    static void beside_##name(void) {                                                                        \
        RUN(FMAS(0, 1) LINE(before, 16, after) FMAS(2, 3) LINE(before, 17, after) FMAS(4, 5)                 \
                LINE(before, 18, after) FMAS(6, 7) LINE(before, 19, after) FMAS(8, 9)                        \
                    LINE(before, 20, after) FMAS(10, 11) LINE(before, 21, after));                           \
    }
INSTRUCTIONS(DEFINE)

static const struct {
    const char *name;
    void (*alone)(void), (*beside)(void);
} subjects[] = {
#define ROW(name, before, after) {#name, alone_##name, beside_##name},
    INSTRUCTIONS(ROW)};

/* The fastest of some rounds, in nanoseconds. */
static double fastest(void (*run)(void)) {
    double least = 1e30;
    for (int r = 0; r < ROUNDS; r++) {
        const double from = (double)hone_clock_now();
        run();
        const double ns = (double)hone_clock_now() - from;
        least = ns < least ? ns : least;
    }
    return least;
}

int main(void) {
    if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") ||
        !__builtin_cpu_supports("avx512dq")) {
        fprintf(stderr, "bench_instructions: this CPU has no AVX-512\n");
        return 3;
    }
    printf("| instruction | by itself, cycles | added to multiply-adds |\n|---|--:|--:|\n");
    for (size_t i = 0; i < sizeof subjects / sizeof subjects[0]; i++) {
        const double cycle = fastest(run_products) / FMA_CYCLES;
        printf("| %s | %.2f | %.2f |\n", subjects[i].name, fastest(subjects[i].alone) / cycle / ALONE,
               (fastest(subjects[i].beside) / cycle - FMA_CYCLES) / BESIDE);
    }
    return 0;
}
#else
int main(void) {
    fprintf(stderr, "bench_instructions: for x86-64 alone\n");
    return 3;
}
#endif

#include "widen_f16.h"

#include <stddef.h>

#include "../../kernels/half.h"

typedef int64_t widener(float *out, const uint16_t *in, int64_t count);

/* Each widens whole vectors and returns how many elements that were. */
#if defined(__x86_64__)
#include <immintrin.h>

__attribute__((target("avx,f16c"))) static int64_t widen_256(float *out, const uint16_t *in, int64_t count) {
    int64_t i = 0;
    for (; i + 8 <= count; i += 8)
        _mm256_storeu_ps(out + i, _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(const void *)(in + i))));
    return i;
}

__attribute__((target("avx512f,f16c"))) static int64_t widen_512(float *out, const uint16_t *in,
                                                                 int64_t count) {
    int64_t i = 0;
    for (; i + 16 <= count; i += 16)
        _mm512_storeu_ps(out + i,
                         _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)(const void *)(in + i))));
    return i + widen_256(out + i, in + i, count - i);
}

static widener *choose(void) {
    return __builtin_cpu_supports("avx512f") ? widen_512 : __builtin_cpu_supports("avx2") ? widen_256 : NULL;
}
#else
static widener *choose(void) { return NULL; }
#endif

void hone_widen_f16(float *out, const uint16_t *in, int64_t count) {
    widener *vectors = choose();
    for (int64_t i = vectors ? vectors(out, in, count) : 0; i < count; i++)
        out[i] = hone_f16_to_f32(in[i]);
}

/* AddressSanitizer's checks of vectors in generated kernels, which are calls there (HoneOptions.cmake): a
 * vector whose shadow is all zeros may be read and written, which takes a comparison or two; of all others
 * the sanitizer's own function judges. It walks over the shadow byte by byte, which took a quarter of the
 * time of the kernels' tests. A file that includes this calls these in place of the sanitizer's functions of
 * the same names. */
#ifndef HONE_ASAN_VECTORS_H
#define HONE_ASAN_VECTORS_H
#if defined(__SANITIZE_ADDRESS__) && defined(__x86_64__) && defined(__linux__) && defined(__LP64__)

#define HONE_ASAN_VECTORS_CHECKS

#include <stddef.h>
#include <stdint.h>

void *__asan_region_is_poisoned(void *begin, size_t size);
void __asan_report_load_n(void *begin, long size);
void __asan_report_store_n(void *begin, long size);

#define ASAN_PLAIN __attribute__((no_sanitize("address", "undefined")))

/* 32 or 64 bytes whose shadow, one byte for eight and one more where they do not begin on a multiple of
 * eight, is all zeros. */
static inline ASAN_PLAIN int asan_is_clear(const void *begin, long size) {
    typedef uint32_t four __attribute__((may_alias, aligned(1)));
    typedef uint64_t eight __attribute__((may_alias, aligned(1)));
    const uintptr_t from = (uintptr_t)begin, offset = 0x7fff8000;
    const char *shadow = (const char *)(from / 8 + offset);
    if (size != 32 && size != 64)
        return 0;
    if (*(const char *)((from + (uintptr_t)size - 1) / 8 + offset))
        return 0;
    return size == 32 ? !*(const four *)shadow : !*(const eight *)shadow;
}

#define ASAN_CHECK(name, replaced, report)                                                                   \
    static __attribute__((used, noinline)) ASAN_PLAIN void name(void *, long) __asm__(replaced);             \
    static void name(void *begin, long size) {                                                               \
        if (!asan_is_clear(begin, size) && __asan_region_is_poisoned(begin, (size_t)size))                   \
            report(begin, size);                                                                             \
    }
ASAN_CHECK(asan_check_load, "__asan_loadN", __asan_report_load_n)
ASAN_CHECK(asan_check_store, "__asan_storeN", __asan_report_store_n)
#undef ASAN_CHECK
#undef ASAN_PLAIN

#endif
#endif

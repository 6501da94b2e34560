#include "huge_pages.h"

#include <stdint.h>
#include <sys/mman.h>

void hone_prefer_huge_pages(void *memory, size_t bytes) {
#ifdef MADV_HUGEPAGE
    const uintptr_t huge = (uintptr_t)2 << 20;
    uintptr_t begin = ((uintptr_t)memory + huge - 1) / huge * huge,
              end = ((uintptr_t)memory + bytes) / huge * huge;
    if (begin < end)
        (void)madvise((void *)begin, end - begin, MADV_HUGEPAGE); /* advice: a refusal changes nothing */
#else
    (void)memory, (void)bytes;
#endif
}

/* Memory that is read from end to end. */
#ifndef HONE_KERNELS_HUGE_PAGES_H
#define HONE_KERNELS_HUGE_PAGES_H

#include <stddef.h>

/* Asks the system for huge pages where [memory, memory + bytes) covers whole ones and nothing was
 * written yet; a system that has none, or grants none, leaves it as it is. Weights that come from
 * memory are otherwise held up by address translation (docs/cpu.md says how much). */
void hone_prefer_huge_pages(void *memory, size_t bytes);

#endif

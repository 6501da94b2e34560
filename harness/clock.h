/* The monotonic clock every sample is taken with. */
#ifndef HONE_HARNESS_CLOCK_H
#define HONE_HARNESS_CLOCK_H

#include <stdint.h>

/* Nanoseconds since an arbitrary start. */
int64_t hone_clock_now(void);

/* Smallest step in ns that two readings resolve, overhead included: the median
 * of consecutive readings. Measured once a process. */
int64_t hone_clock_resolution(void);

/* The current time as ISO 8601 UTC to the second ("2026-01-31T12:00:00Z"). */
void hone_clock_timestamp(char out[32]);

#endif

/* f16 to fp32 as fast as the CPU can, for baselines that multiply fp32 only. */
#ifndef HONE_WIDEN_F16_H
#define HONE_WIDEN_F16_H

#include <stdint.h>

void hone_widen_f16(float *out, const uint16_t *in, int64_t count);

#endif

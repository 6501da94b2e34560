/* Scalar conversions between f32 and the 16-bit types: round to nearest even,
 * NaN stays NaN (quiet), overflow to infinity, subnormals kept. */
#ifndef HONE_KERNELS_HALF_H
#define HONE_KERNELS_HALF_H

#include <stdint.h>

float hone_f16_to_f32(uint16_t half);
uint16_t hone_f16_from_f32(float value);
float hone_bf16_to_f32(uint16_t half);
uint16_t hone_bf16_from_f32(float value);

/* From double with one rounding. */
uint16_t hone_f16_from_f64(double value);
uint16_t hone_bf16_from_f64(double value);

#endif

#include "half.h"

#include <string.h>

static uint64_t bits_of(double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static float float_of(uint32_t bits) {
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

float hone_f16_to_f32(uint16_t half) {
    enum { BIAS_APART = 127 - 15 };
    const uint32_t sign = (uint32_t)(half & 0x8000) << 16, exponent = half >> 10 & 31, fraction = half & 1023;
    if (exponent == 31)
        return float_of(sign | (fraction ? 0x7fc00000u : 0x7f800000u));
    if (exponent == 0)
        return half & 0x8000 ? -0x1p-24f * (float)fraction : 0x1p-24f * (float)fraction;
    return float_of(sign | (exponent + BIAS_APART) << 23 | fraction << 13);
}

float hone_bf16_to_f32(uint16_t half) { return float_of((uint32_t)half << 16); }

/* A double as a 16-bit float of `fraction_bits` fraction bits and exponent range [min_exponent,
 * max_exponent]. */
static uint16_t narrow(double value, int fraction_bits, int min_exponent, int max_exponent) {
    enum { FRACTION = 52, BIAS = 1023, SPECIAL = 2047 };
    const uint64_t bits = bits_of(value), magnitude = bits & INT64_MAX;
    const uint16_t sign = bits >> 63 ? 0x8000 : 0;
    const uint16_t infinity = (uint16_t)((max_exponent - min_exponent + 2) << fraction_bits);
    const int exponent = (int)(magnitude >> FRACTION) - BIAS;
    if (exponent == SPECIAL - BIAS)
        return (uint16_t)(sign | infinity | (magnitude << 12 ? 1u << (fraction_bits - 1) : 0));
    /* Bits to leave out: below the smallest normal, the spacing stays. Far below it, nothing is left. */
    const int below = exponent < min_exponent ? min_exponent - exponent : 0;
    const int cut = FRACTION - fraction_bits + below;
    if (cut > FRACTION + 1)
        return sign;
    const uint64_t significand = (magnitude & (((uint64_t)1 << FRACTION) - 1)) | (uint64_t)1 << FRACTION;
    const uint64_t kept = significand >> cut, rest = significand & (((uint64_t)1 << cut) - 1),
                   half = (uint64_t)1 << (cut - 1);
    const uint64_t units = kept + (rest > half || (rest == half && kept % 2));
    /* Units that reach the next power of two are the next exponent's first. */
    const uint64_t whole = below ? units : ((uint64_t)(exponent - min_exponent) << fraction_bits) + units;
    return (uint16_t)(sign | (whole < infinity ? whole : infinity));
}

uint16_t hone_f16_from_f64(double value) { return narrow(value, 10, -14, 15); }
uint16_t hone_bf16_from_f64(double value) { return narrow(value, 7, -126, 127); }
uint16_t hone_f16_from_f32(float value) { return hone_f16_from_f64(value); }
uint16_t hone_bf16_from_f32(float value) { return hone_bf16_from_f64(value); }

#include "half.h"

#include <math.h>
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
    int exponent = half >> 10 & 31, fraction = half & 1023;
    float magnitude;
    if (exponent == 31)
        magnitude = fraction ? NAN : INFINITY;
    else if (exponent == 0)
        magnitude = ldexpf((float)fraction, -24);
    else
        magnitude = ldexpf((float)(fraction + 1024), exponent - 25);
    return half & 0x8000 ? -magnitude : magnitude;
}

float hone_bf16_to_f32(uint16_t half) { return float_of((uint32_t)half << 16); }

/* A magnitude as a 16-bit float of `fraction_bits` fraction bits and exponent
 * range [min_exponent, max_exponent]: scaled to its last place and rounded by
 * nearbyint, which rounds to nearest even. */
static uint16_t narrow(double value, int fraction_bits, int min_exponent, int max_exponent) {
    uint16_t sign = bits_of(value) >> 63 ? 0x8000 : 0;
    uint16_t infinity = (uint16_t)((max_exponent - min_exponent + 2) << fraction_bits);
    if (isnan(value))
        return (uint16_t)(sign | infinity | 1u << (fraction_bits - 1));
    double magnitude = fabs(value);
    if (isinf(magnitude))
        return sign | infinity;
    if (magnitude == 0)
        return sign;
    int exponent = ilogb(magnitude);
    if (exponent < min_exponent)
        exponent = min_exponent; /* subnormal: the spacing of the smallest normals */
    double units = nearbyint(ldexp(magnitude, fraction_bits - exponent));
    if (units >= ldexp(1, fraction_bits + 1)) {
        units /= 2;
        exponent++;
    }
    if (exponent > max_exponent)
        return sign | infinity;
    uint32_t implicit = 1u << fraction_bits, integer = (uint32_t)units;
    if (integer < implicit)
        return (uint16_t)(sign | integer);
    return (uint16_t)(sign | (uint32_t)(exponent - min_exponent + 1) << fraction_bits | (integer - implicit));
}

uint16_t hone_f16_from_f64(double value) { return narrow(value, 10, -14, 15); }
uint16_t hone_bf16_from_f64(double value) { return narrow(value, 7, -126, 127); }
uint16_t hone_f16_from_f32(float value) { return hone_f16_from_f64(value); }
uint16_t hone_bf16_from_f32(float value) { return hone_bf16_from_f64(value); }

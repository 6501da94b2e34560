/* A smooth activation into 8 bits as a curve made for the scale of C. */
#ifndef HONE_CPU_CURVE_H
#define HONE_CPU_CURVE_H

#include "cpu_abi.h"

/* A curve, and what it was made for. Zeros: for nothing yet. */
typedef struct hone_cpu_curve {
    hone_curve table;
    float unit, offset; /* the curve takes round(x unit + offset), within 16 bits */
    float c_scale;
    int32_t c_zero;
    int fits; /* errs by 1/32 of a quantum at most, 1/16 where the activation has a kink but at 0 */
} hone_cpu_curve;

/* Makes the curve for a scale and zero point of C (c_type: HONE_C_S8 or HONE_C_U8). The activation has no
 * value a column; p and q are its parameters. Takes four microseconds. */
void hone_cpu_curve_fit(hone_cpu_curve *curve, const hone_isa_code *code, int act, float p, float q,
                        float c_scale, int32_t c_zero, int c_type);

/* Curves of one activation and type of C, so that a plan may serve layers with other scales in turn. Zeros:
 * none yet. One thread at a time. */
enum { HONE_CPU_CURVES = 64 };
typedef struct hone_cpu_curves {
    hone_cpu_curve kept[HONE_CPU_CURVES];
    unsigned made;
} hone_cpu_curves;

/* The curve for a scale and zero point, made where it is not kept; it lasts until the next call. */
const hone_cpu_curve *hone_cpu_curve_find(hone_cpu_curves *curves, const hone_isa_code *code, int act,
                                          float p, float q, float c_scale, int32_t c_zero, int c_type);

#endif

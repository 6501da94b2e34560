/*
 * C has 256 values, of which a call knows the scale. An activation into them needs no more than x in 16 bits,
 * over the interval in which C changes, and a parabola beside each of 63 knots:
 *
 *     i    = round(x unit + offset)       saturated to 16 bits
 *     knot = round(31 i / 2^15)           -31 .. 31
 *     t    = 62 i - 2^16 knot             16 bits: -1 .. 1 between the middles beside it
 *     y    = base + t (slope + t bend)    in 1/128 quanta
 *
 * An x of 0 lies in a middle between two knots: kinks are at 0.
 */
#include "cpu_curve.h"

#include <math.h>
#include <string.h>

enum {
    PER_QUANTUM = HONE_CURVE_PARTS,
    LAST = HONE_CURVE_LAST,
    KNOTS = 2 * LAST + 1, /* at -LAST .. LAST */
    NODES = 3,            /* where a parabola is exact */
    COARSE = 64,          /* steps of the search for an end of the interval, four a doubling from 2^-6 on */
    FINE = 32,            /* steps within one of those */
    SIDES = 8,            /* where a parabola is checked */
    CHECKS = KNOTS * SIDES,
    MOST_POINTS = CHECKS + 2
};
static const double SPACING = 32768.0 / LAST;  /* of knots */
static const double NODE = 0.8660254037844386; /* the outer ones: cos(pi / 6), Chebyshev's */
static const double CONSTANT = 1;              /* 1/128 quanta: a tail that varies less */
static const double ALLOWED = PER_QUANTUM / 32;
static const double ROUNDED = 1;       /* 1/128 quanta: both products */
static const double SHORTEST = 0x1p-9; /* interval; what is less may be a step */
static const float FAR = 1e30f;

typedef struct fit {
    const hone_isa_code *code;
    int act;
    float p, q;
    double inverse, shift; /* y / c_scale + shift: C less its middle */
} fit;

/* y[] in 1/128 quanta, not limited to what C holds, of x[]. */
static void evaluate(double *y, const fit *f, const float *x, int n) {
    float values[MOST_POINTS];
    const hone_epilogue_args args = {.acc = x,
                                     .acc_ld = n,
                                     .columns = n,
                                     .c = values,
                                     .ldc = n,
                                     .c_type = HONE_C_F32,
                                     .p = f->p,
                                     .q = f->q};
    f->code->epilogues[HONE_FORM_HIGH][f->act](&args, 0, 1);
    for (int i = 0; i < n; i++)
        y[i] = (values[i] * f->inverse + f->shift) * PER_QUANTUM;
}

static double limited(double y) {
    const double least = INT8_MIN * PER_QUANTUM, most = INT8_MAX * PER_QUANTUM;
    return y < least ? least : y > most ? most : y;
}

/* The first of x[0 .. n - 1], away from 0, from which on C stays as it is far away; n where there is none. */
static int first_constant(const fit *f, const float *x, int n, double sign) {
    float points[COARSE + 1];
    double y[COARSE + 1];
    memcpy(points, x, (size_t)n * sizeof *x);
    points[n] = (float)sign * FAR;
    evaluate(y, f, points, n + 1);
    int i = n;
    while (i > 0 && fabs(limited(y[i - 1]) - limited(y[n])) <= CONSTANT)
        i--;
    return i;
}

/* The end of the interval on the side of `sign`; infinite where it is too far away. */
static double find_end(const fit *f, double sign) {
    float x[COARSE];
    double far = sign / 64;
    for (int i = 0; i < COARSE; i++, far *= 1.189207115002721) /* 2^(1/4) */
        x[i] = (float)far;
    int i = first_constant(f, x, COARSE, sign);
    if (i == COARSE)
        return sign * INFINITY;
    const double low = i ? x[i - 1] : 0, high = x[i];
    for (int j = 0; j < FINE; j++)
        x[j] = (float)(low + (high - low) * (j + 1) / FINE);
    int fine = first_constant(f, x, FINE, sign);
    return fine < FINE ? x[fine] : high;
}

/* To the nearest, saturated; a NaN to something. */
static int16_t rounded(double value) {
    return value > INT16_MAX ? INT16_MAX : value > INT16_MIN ? (int16_t)floor(value + 0.5) : INT16_MIN;
}

static void place_knots(hone_cpu_curve *curve, const fit *f) {
    float x[KNOTS * NODES];
    double y[KNOTS * NODES];
    for (int i = 0; i < KNOTS * NODES; i++) {
        double at = (i / NODES - LAST + (i % NODES - 1) * NODE / 2) * SPACING;
        x[i] = (float)((at - (double)curve->offset) / (double)curve->unit);
    }
    evaluate(y, f, x, KNOTS * NODES);
    for (int i = 0; i < KNOTS; i++) {
        const double *three = y + i * NODES;
        int knot = (i - LAST) & (HONE_CURVE_KNOTS - 1);
        curve->table.base[knot] = rounded(three[1]);
        curve->table.slope[knot] = rounded((three[2] - three[0]) / (2 * NODE));
        curve->table.bend[knot] = rounded((three[2] + three[0] - 2 * three[1]) / (2 * NODE * NODE));
    }
}

static int product(int a, int b) { return (a * b + (1 << 14)) >> 15; }

/* Where Chebyshev's parabola errs most of a smooth function, at its ends and halfway, and between. Of one
 * with a kink between two knots it errs up to 1.7 times as much elsewhere. */
static int16_t check_at(int n) {
    static const double sides[SIDES] = {-0.499, -0.375, -0.25, -0.125, 0.125, 0.25, 0.375, 0.499};
    return rounded((n / SIDES - LAST + sides[n % SIDES]) * SPACING);
}

/* The most that the table errs by, what rounding x does included; NaN where the activation is. */
static double worst_error(const hone_cpu_curve *curve, const fit *f) {
    float x[CHECKS + 2] = {[CHECKS] = -FAR, [CHECKS + 1] = FAR};
    int16_t at[CHECKS + 2] = {[CHECKS] = INT16_MIN, [CHECKS + 1] = INT16_MAX};
    double y[CHECKS + 2], worst = 0;
    for (int n = 0; n < CHECKS; n++) {
        at[n] = check_at(n);
        x[n] = (float)((at[n] - (double)curve->offset) / (double)curve->unit);
    }
    evaluate(y, f, x, CHECKS + 2);
    for (int n = 0; n < CHECKS + 2; n++) {
        int i = at[n], knot = product(i, LAST) & (HONE_CURVE_KNOTS - 1);
        double t = (int16_t)(uint16_t)(i * 2 * LAST) / 32768.0, base = curve->table.base[knot],
               slope = curve->table.slope[knot], bend = curve->table.bend[knot];
        double error = fabs(limited(base + t * (slope + t * bend)) - limited(y[n]));
        if (error > 0 && n < CHECKS)
            error += fabs(slope + 2 * t * bend) / SPACING; /* half a unit of x */
        if (error > 0)
            error += ROUNDED;
        if (!(error <= worst))
            worst = error;
    }
    return worst;
}

void hone_cpu_curve_fit(hone_cpu_curve *curve, const hone_isa_code *code, int act, float p, float q,
                        float c_scale, int32_t c_zero, int c_type) {
    const int middle = c_type == HONE_C_U8 ? 128 : 0;
    const fit f = {code, act, p, q, 1 / (double)c_scale, c_zero - middle};
    *curve = (hone_cpu_curve){.c_scale = c_scale, .c_zero = c_zero, .table.flip = (uint8_t)middle};
    double low = find_end(&f, -1), high = find_end(&f, 1);
    if (!(high - low >= SHORTEST && high - low < INFINITY))
        return;
    /* Rounded up to a middle, which takes a spacing at most. */
    double unit = (65535 - SPACING) / (high - low), zero = -32768 - low * unit;
    curve->unit = (float)unit;
    curve->offset = (float)((ceil(zero / SPACING - 0.5) + 0.5) * SPACING);
    place_knots(curve, &f);
    curve->fits = worst_error(curve, &f) <= ALLOWED;
}

const hone_cpu_curve *hone_cpu_curve_find(hone_cpu_curves *curves, const hone_isa_code *code, int act,
                                          float p, float q, float c_scale, int32_t c_zero, int c_type) {
    enum { NEAR = 8 }; /* places where a curve may be */
    uint32_t bits;
    memcpy(&bits, &c_scale, sizeof bits);
    const uint32_t first = ((bits ^ (uint32_t)c_zero) * 2654435761u) >> 26; /* Knuth's multiplicative hash */
    for (uint32_t i = 0; i < NEAR; i++) {
        hone_cpu_curve *curve = &curves->kept[(first + i) % HONE_CPU_CURVES];
        if (curve->c_scale == c_scale && curve->c_zero == c_zero)
            return curve;
        if (curve->c_scale == 0) {
            hone_cpu_curve_fit(curve, code, act, p, q, c_scale, c_zero, c_type);
            return curve;
        }
    }
    hone_cpu_curve *oldest = &curves->kept[(first + curves->made++ % NEAR) % HONE_CPU_CURVES];
    hone_cpu_curve_fit(oldest, code, act, p, q, c_scale, c_zero, c_type);
    return oldest;
}

/* What the activation table (activations.def) says about one activation,
 * beyond the public hone_activation_* functions. */
#ifndef HONE_KERNELS_ACTIVATION_H
#define HONE_KERNELS_ACTIVATION_H

#include "hone/hone.h"

typedef struct hone_act_param {
    const char *name;
    double value;    /* ONNX's default */
    double min, max; /* what is accepted */
} hone_act_param;

typedef struct hone_act_info {
    const char *name;
    const char *alias; /* NULL for most */
    int param_count;
    hone_act_param params[HONE_ACT_MAX_PARAMS];
    int per_column;      /* 1: the parameter comes as a vector over columns (prelu) */
    int smooth;          /* 1: evaluation itself may err, by 2^-22 max(|x|, |f(x)|) */
    double low, high;    /* range of f with default parameters; infinite where unbounded */
    const char *formula; /* for people */
    const char *hazard;  /* how it is known to fail; "" if it is not */
    double (*reference)(double x, double p, double q);
    double (*lipschitz)(double p, double q); /* INFINITY: it jumps */
} hone_act_info;

/* NULL when out of range. */
const hone_act_info *hone_activation_info(hone_activation act);

#endif

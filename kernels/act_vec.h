/* The vector code of every activation: `vf act_<name>(vf x, vf p, vf q)`. */
#ifndef HONE_ACT_VEC_H
#define HONE_ACT_VEC_H

#include "act_math.h"

#define HONE_ACT(name, alias, params, per_column, smooth, low, high, lipschitz, formula, hazard, reference,  \
                 vector)                                                                                     \
    static inline vf act_##name(vf x, vf p, vf q) {                                                          \
        (void)p, (void)q;                                                                                    \
        return vector;                                                                                       \
    }
#include "activations.def"
#undef HONE_ACT

#endif

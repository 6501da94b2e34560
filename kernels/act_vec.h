/* The vector code of every activation in its three forms:
 * `vf act_high_<name>(vf x, vf p, vf q)`, act_fast_<name>, act_brief_<name>. */
#ifndef HONE_ACT_VEC_H
#define HONE_ACT_VEC_H

#include "act_fast.h"
#include "act_high.h"

#define SAME(name)  act_high_##name(x, p, q)
#define HONE_ACT(name, alias, params, per_column, smooth, least, most, lipschitz, formula, hazard,           \
                 reference, high, fast, brief, byte)                                                         \
    static inline vf act_high_##name(vf x, vf p, vf q) {                                                     \
        (void)p, (void)q;                                                                                    \
        return high;                                                                                         \
    }                                                                                                        \
    static inline vf act_fast_##name(vf x, vf p, vf q) {                                                     \
        (void)p, (void)q;                                                                                    \
        return fast;                                                                                         \
    }                                                                                                        \
    static inline vf act_brief_##name(vf x, vf p, vf q) {                                                    \
        (void)p, (void)q;                                                                                    \
        return brief;                                                                                        \
    }
#include "activations.def"
#undef HONE_ACT
#undef SAME

#endif

/* The vector code of every activation in its four forms:
 * `vf act_high_<name>(vf x, vf p, vf q)`, act_fast_<name>, act_brief_<name>, act_byte_<name>. */
#ifndef HONE_ACT_VEC_H
#define HONE_ACT_VEC_H

#include "act_byte.h"
#include "act_fast.h"
#include "act_high.h"

#define SAME(name)  act_high_##name(x, p, q)
#define BRIEF(name) act_brief_##name(x, p, q)
#define BYTE(name)  vf_##name##_byte(x)
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
    }                                                                                                        \
    static inline vf act_byte_##name(vf x, vf p, vf q) {                                                     \
        (void)p, (void)q;                                                                                    \
        return byte;                                                                                         \
    }
#include "activations.def"
#undef HONE_ACT
#undef BYTE
#undef BRIEF
#undef SAME

#endif

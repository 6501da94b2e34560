/* The epilogues of one instruction set, by form and activation. */
#ifndef HONE_EPILOGUE_TABLES_INC_H
#define HONE_EPILOGUE_TABLES_INC_H

/* ISA_BASE: the instruction set whose epilogues these are, but for C in bf16. */
#ifdef ISA_BASE
#define ISA_OWNER ISA_BASE
#else
#define ISA_OWNER ISA_CODE
#endif

/* A table by activation. With VF_TABLES brief is soonest done for 8 bits, too; otherwise they have a form of
 * their own. */
#define EPILOGUES(isa, form)      EPILOGUES_NAME(isa, form)
#define EPILOGUES_NAME(isa, form) isa##_epilogues_##form
#define EPILOGUES_HIGH            EPILOGUES(ISA_OWNER, high)
#define EPILOGUES_FAST            EPILOGUES(ISA_OWNER, fast)
#define EPILOGUES_BRIEF           EPILOGUES(ISA_CODE, brief)
#if VF_TABLES
#define EPILOGUE_BRIEF epilogue_to_fewer
#define EPILOGUES_BYTE EPILOGUES_BRIEF
#else
#define EPILOGUE_BRIEF epilogue_to_16
#define EPILOGUES_BYTE EPILOGUES(ISA_OWNER, byte)
#endif
typedef hone_epilogue_fn *const epilogue_table[];
extern epilogue_table EPILOGUES_HIGH, EPILOGUES_FAST, EPILOGUES_BRIEF, EPILOGUES_BYTE;

#ifdef ISA_BASE
extern epilogue_table EPILOGUES(ISA_BASE, brief);
enum {
#define HONE_ACT(name, ...) ACT_##name,
#include "activations.def"
#undef HONE_ACT
};

#define HONE_ACT(name, alias, params, column, is_smooth, ...)                                                \
    static void epilogue_brief_##name(const hone_epilogue_args *e, int row, int end) {                       \
        if (e->c_type == HONE_C_BF16)                                                                        \
            epilogue_floats(e, row, end,                                                                     \
                            (epilogue_kind){.c_type = HONE_C_BF16,                                           \
                                            .per_column = column,                                            \
                                            .smooth = is_smooth,                                             \
                                            .act = act_brief_##name});                                       \
        else                                                                                                 \
            EPILOGUES(ISA_BASE, brief)[ACT_##name](e, row, end);                                             \
    }
#include "activations.def"
#undef HONE_ACT

#else
/* One epilogue an activation and form, from the one activation table. */
#define EPILOGUE(name, to, column, is_smooth, activation)                                                    \
    static void name(const hone_epilogue_args *e, int row, int end) {                                        \
        to(e, row, end, (epilogue_kind){.per_column = column, .smooth = is_smooth, .act = activation});      \
    }
#define HONE_ACT(name, alias, params, per_column, smooth, ...)                                               \
    EPILOGUE(epilogue_high_##name, epilogue_to_f32, per_column, smooth, act_high_##name)                     \
    EPILOGUE(epilogue_fast_##name, epilogue_to_f32, per_column, smooth, act_fast_##name)                     \
    EPILOGUE(epilogue_brief_##name, EPILOGUE_BRIEF, per_column, smooth, act_brief_##name)
#include "activations.def"
#undef HONE_ACT

epilogue_table EPILOGUES_HIGH = {
#define HONE_ACT(name, ...) epilogue_high_##name,
#include "activations.def"
#undef HONE_ACT
};

epilogue_table EPILOGUES_FAST = {
#define HONE_ACT(name, ...) epilogue_fast_##name,
#include "activations.def"
#undef HONE_ACT
};

#if !VF_TABLES
#define SAME(name)  act_high_##name(x, p, q)
#define BRIEF(name) act_brief_##name(x, p, q)
#define FAST(name)  act_fast_##name(x, p, q)
#define HONE_ACT(name, alias, params, per_column, smooth, least, most, lipschitz, formula, hazard,           \
                 reference, high, fast, brief, byte)                                                         \
    static inline vf act_byte_##name(vf x, vf p, vf q) {                                                     \
        (void)p, (void)q;                                                                                    \
        return byte;                                                                                         \
    }                                                                                                        \
    EPILOGUE(epilogue_byte_##name, epilogue_to_8, per_column, smooth, act_byte_##name)
#include "activations.def"
#undef HONE_ACT
#undef SAME
#undef BRIEF
#undef FAST

epilogue_table EPILOGUES_BYTE = {
#define HONE_ACT(name, ...) epilogue_byte_##name,
#include "activations.def"
#undef HONE_ACT
};
#endif
#undef EPILOGUE
#endif

epilogue_table EPILOGUES_BRIEF = {
#define HONE_ACT(name, ...) epilogue_brief_##name,
#include "activations.def"
#undef HONE_ACT
};

#endif

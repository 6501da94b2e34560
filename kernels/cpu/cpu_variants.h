/* The generated code that this build holds, and what of it the CPU can run. */
#ifndef HONE_CPU_VARIANTS_H
#define HONE_CPU_VARIANTS_H

#include "cpu_abi.h"
#include "hone/hone.h"

/* One instruction set of the build, from the @-lines of its vec_*.h. */
typedef struct hone_cpu_isa {
    const char *name;   /* NULL ends the table */
    const char *needs;  /* features, separated by spaces */
    const char *flags;  /* compiler options */
    const char *target; /* as a target attribute */
    int lanes;          /* floats in a vector */
    const hone_isa_code *code;
} hone_cpu_isa;

/* In rising preference; both generated (cmake/HoneCpuVariants.cmake). */
extern const hone_cpu_isa hone_cpu_isas[];
extern const hone_variant *const hone_cpu_variants[]; /* NULL-terminated */

/* 1 when this CPU and system run the instruction set. */
int hone_cpu_isa_runs(const hone_cpu_isa *isa);
/* NULL when the build has none of that name. */
const hone_cpu_isa *hone_cpu_isa_find(const char *name);
/* NULL when there are no tiles of that width. */
const hone_variant *hone_cpu_variant_find(const char *isa, const char *kind, int nr);
/* The narrowest tiles that cover `columns` columns beside `wide`, of its kind of loop. */
const hone_variant *hone_cpu_variant_edge(const hone_variant *wide, int columns);
/* 1 for dot products, whose lanes run along k. */
int hone_cpu_variant_is_dot(const hone_variant *variant);
/* 1 for tiles in AMX's registers. */
int hone_cpu_variant_is_amx(const hone_variant *variant);

/* The HONE_C_* of an element type. */
int hone_cpu_c_type(hone_dtype type);
/* The HONE_FORM_* that an output type is served with. */
int hone_cpu_form(hone_dtype type);

/* 1 when the CPU has the named feature ("avx2"); 0 also for unknown names. */
int hone_cpu_has(const char *feature);

/* 1 on AMD's processors. */
int hone_cpu_is_amd(void);

#endif

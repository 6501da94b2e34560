/* The CPU backend's space. Its parameters:
 *
 *   isa    instruction set
 *   mr, nr rows and columns of the register tile (a generated variant)
 *   wtype  type that 16-bit weights are packed in: their own, or f32
 *   kc     depth of a block: k that is accumulated before the sums leave the tile
 *   mc, nc rows and columns of a block of C that one thread works on at a time
 *   gm     threads along M; the others divide N
 */
#ifndef HONE_CPU_SPACE_H
#define HONE_CPU_SPACE_H

#include "backend.h"
#include "cpu_variants.h"

/* Parsed form of a legal config. */
typedef struct hone_cpu_config {
    const hone_variant *variant;
    const hone_isa_code *code;
    int widened; /* 16-bit weights packed as f32 */
    int64_t kc, mc, nc;
    int gm;
} hone_cpu_config;

hone_status hone_cpu_space(hone_space **out, const hone_device *device, const hone_problem *problem,
                           int threads);
hone_status hone_cpu_default_config(hone_config *out, const hone_device *device,
                                    const hone_problem *problem, int threads);
/* HONE_E_USAGE when a key is missing or names no variant; HONE_E_UNAVAILABLE
 * when this CPU lacks the instruction set. */
hone_status hone_cpu_config_read(hone_cpu_config *out, const hone_problem *problem,
                                 const hone_config *config);

/* No config can be faster than this, in microseconds: the arithmetic of its tile
 * at two multiplies a cycle and 6 GHz. Prunes hopeless candidates, judges none. */
double hone_cpu_lower_bound(const hone_device *device, const hone_problem *problem,
                            const hone_config *config, int threads);

#endif

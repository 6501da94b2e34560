/* Printing a variant as one source file. */
#ifndef HONE_CPU_EMIT_H
#define HONE_CPU_EMIT_H

#include "../backend.h"

hone_status hone_cpu_emit(FILE *out, const hone_device *device, const hone_problem *problem,
                          const hone_config *config);

#endif

/* Health of the outputs that a reference looks at. Internal to the harness. */
#ifndef HONE_HARNESS_HEALTH_H
#define HONE_HARNESS_HEALTH_H

#include "operand_values.h"
#include "reference.h"

/* From the operands' C, rows of the reference. HONE_E_NOMEM. */
hone_status hone_health_compute(hone_health *out, const hone_operands *operands,
                                const hone_reference *reference);

#endif

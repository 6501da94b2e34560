/* Failing with a reason: every function that can fail ends in
 *     return hone_fail(HONE_E_USAGE, "dtype '%s' is unknown; one of f32, f16, bf16, s8", name);
 * A message says what was wrong, with which value, and what to do. */
#ifndef HONE_KERNELS_STATUS_H
#define HONE_KERNELS_STATUS_H

#include "hone/hone.h"

/* Stores the formatted detail for the calling thread and returns `status`. */
__attribute__((format(printf, 2, 3))) hone_status hone_fail(hone_status status, const char *format, ...);

/* Puts text in front of the stored detail ("while reading X: ...") and returns `status`. */
__attribute__((format(printf, 2, 3))) hone_status hone_fail_context(hone_status status, const char *format,
                                                                    ...);

/* The command's exit code for a status. */
int hone_status_exit_code(hone_status status);

#endif

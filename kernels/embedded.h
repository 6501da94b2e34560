/* Source text that the library carries: what `hone emit` prints and what is compiled at run time. */
#ifndef HONE_KERNELS_EMBEDDED_H
#define HONE_KERNELS_EMBEDDED_H

#include <stdio.h>

#include "status.h"

/* Writes the named source with the project's includes in it replaced by their text. Include guards and
 * repeated .def files work as they do for the compiler. A name that is not embedded is a fault of the
 * program. */
void hone_embedded_write(FILE *out, const char *name);

/* Writes a program's text, of `what` it knows the type. */
typedef void hone_source_write(FILE *out, const void *what);

/* The text that `write` makes of `what`, to be freed. HONE_E_NOMEM. */
hone_status hone_source_text(char **out, size_t *length, hone_source_write *write, const void *what);

#endif

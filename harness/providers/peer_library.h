/* Libraries of baselines are loaded when they are first asked for, so that a
 * build needs none of them and a newer one can be named at run time. */
#ifndef HONE_PEER_LIBRARY_H
#define HONE_PEER_LIBRARY_H

#include <stddef.h>

/* A function to find: its name, and where in the caller's struct its pointer goes. */
typedef struct peer_symbol {
    const char *name;
    size_t offset;
} peer_symbol;

/* Opens the file that the environment variable names, else the first of `names` (NULL-terminated) that opens,
 * and remembers which. Its threads may run on all CPUs of the process. Returns a handle for peer_library_fill
 * and dlsym, or NULL with the reason in `reason`: what failed and, in `hint`'s words, what to do. */
void *peer_library_open(char *file, char *reason, size_t size, const char *variable, const char *const *names,
                        const char *hint);

/* Writes the functions' addresses into `out`; 0, with `reason` set, when one is missing. */
int peer_library_fill(void *out, char *reason, size_t size, void *handle, const char *file,
                      const peer_symbol *symbols, size_t count);

/* CBLAS's constants. */
enum { CBLAS_ROW_MAJOR = 101, CBLAS_NO_TRANS = 111, CBLAS_TRANS = 112 };

#endif

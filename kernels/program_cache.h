/* Compiled programs on disk: one file each, named by a hash of what it was made from, in
 * $HONE_CACHE_DIR, else hone/ in the XDG cache folder. Files appear by renaming, so that readers see whole
 * ones; a file that does not match its own checksum is as good as none. Nothing here is an error: who finds
 * no entry compiles. */
#ifndef HONE_KERNELS_PROGRAM_CACHE_H
#define HONE_KERNELS_PROGRAM_CACHE_H

#include <stddef.h>

/* The file for a backend's program, compiled from `text` for what `key` names, by this build.
 * 0: there is no cache ($HONE_CACHE_DIR is empty, no home folder, or a path too long). */
int hone_cache_path(char *out, size_t size, const char *backend, const char *key, const char *text,
                    size_t length);

/* The content, to be freed; NULL when there is none or it is damaged. */
void *hone_cache_read(const char *path, size_t *bytes);

/* Makes the folders above it, too. */
void hone_cache_write(const char *path, const void *content, size_t bytes);

#endif

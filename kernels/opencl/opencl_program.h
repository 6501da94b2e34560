/* Programs: their text, which is definitions and templates, and compiling it, or finding in a cache on disk
 * what was compiled before. */
#ifndef HONE_OPENCL_PROGRAM_H
#define HONE_OPENCL_PROGRAM_H

#include <stdio.h>

#include "../embedded.h"
#include "opencl_space.h"

/* TYPE_* of elements.cl. */
const char *hone_opencl_type_name(hone_dtype type);

/* What a config's programs are written for. */
typedef struct hone_opencl_source {
    const hone_opencl_device *device;
    const hone_problem *problem;
    const hone_opencl_config *config;
} hone_opencl_source;

/* Of a hone_opencl_source: gemm_program.cl, and pack_program.cl, which many configs share. */
hone_source_write hone_opencl_write_gemm, hone_opencl_write_pack;

/* hone_backend.emit */
hone_status hone_opencl_emit(FILE *out, const hone_device *device, const hone_problem *problem,
                             const hone_config *config);

/* Compiles what `write` writes of `what` for the device, or takes it from the cache: a folder
 * $HONE_CACHE_DIR, else hone/ in the XDG cache folder; HONE_CACHE_DIR= (empty), and a driver that keeps what
 * it compiled: no cache. A damaged entry, or one that the driver refuses, is made again. Release it with
 * clReleaseProgram. HONE_E_UNAVAILABLE: it does not compile, with the first lines of the compiler's log.
 * HONE_E_NOMEM. */
hone_status hone_opencl_compile(cl_program *out, hone_opencl_device *device, hone_source_write *write,
                                const void *what);

#endif

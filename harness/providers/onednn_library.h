/* oneDNN's C interface, as far as the baseline needs it, for versions 2.6 and 3.x of the library, whichever
 * is found at run time. Where they differ the functions below hide it; the rest is called as it is. The
 * declarations are this project's own: binary interfaces do not change within a major version. */
#ifndef HONE_ONEDNN_LIBRARY_H
#define HONE_ONEDNN_LIBRARY_H

#include <stddef.h>
#include <stdint.h>

#include "peer_omp.h"

typedef struct onednn_engine_s *onednn_engine;
typedef struct onednn_stream_s *onednn_stream;
typedef struct onednn_primitive_s *onednn_primitive;
typedef struct onednn_plan_s *onednn_plan; /* a "primitive descriptor" */
typedef struct onednn_memory_s *onednn_memory;
typedef struct onednn_attr_s *onednn_attr;
typedef struct onednn_ops_s *onednn_ops;
typedef struct onednn_desc_s *onednn_desc; /* of a memory; version 2: a struct of the caller */

enum { ONEDNN_OK, ONEDNN_OUT_OF_MEMORY, ONEDNN_INVALID, ONEDNN_UNIMPLEMENTED };
enum { ONEDNN_F16 = 1, ONEDNN_BF16, ONEDNN_F32, ONEDNN_S32, ONEDNN_S8, ONEDNN_U8 };
enum { ONEDNN_CPU = 1, ONEDNN_IN_ORDER = 1 };
enum { ONEDNN_RUNTIME_SEQUENTIAL = 1, ONEDNN_RUNTIME_OMP = 2 };
enum { ONEDNN_QUERY_NAME = 8, ONEDNN_QUERY_SRC = 129, ONEDNN_QUERY_WEIGHTS = 131, ONEDNN_QUERY_DST = 133 };
enum { ONEDNN_SRC = 1, ONEDNN_DST = 17, ONEDNN_WEIGHTS = 33, ONEDNN_BIAS = 41 };
enum { ONEDNN_SCALES = 4096, ONEDNN_ZERO_POINTS = 8192 };

typedef struct onednn_version {
    int major, minor, patch;
    const char *hash;
    unsigned cpu_runtime, gpu_runtime;
} onednn_version;

typedef struct onednn_argument {
    int index;
    onednn_memory memory;
} onednn_argument;

typedef struct onednn_library {
    const onednn_version *(*version)(void);
    const char *(*status_text)(int);
    int (*engine_create)(onednn_engine *, int, size_t);
    int (*engine_destroy)(onednn_engine);
    int (*stream_create)(onednn_stream *, onednn_engine, unsigned);
    int (*stream_wait)(onednn_stream);
    int (*stream_destroy)(onednn_stream);
    int (*memory_create)(onednn_memory *, onednn_desc, onednn_engine, void *);
    int (*memory_destroy)(onednn_memory);
    size_t (*desc_size)(onednn_desc);
    int (*attr_create)(onednn_attr *);
    int (*attr_set_ops)(onednn_attr, onednn_ops);
    int (*attr_destroy)(onednn_attr);
    int (*ops_create)(onednn_ops *);
    int (*ops_destroy)(onednn_ops);
    int (*reorder_plan)(onednn_plan *, onednn_desc, onednn_engine, onednn_desc, onednn_engine, onednn_attr);
    int (*plan_query)(onednn_plan, int, int, void *);
    onednn_desc (*plan_desc)(onednn_plan, int, int); /* the plan's own */
    int (*plan_destroy)(onednn_plan);
    int (*primitive_create)(onednn_primitive *, onednn_plan);
    int (*primitive_execute)(onednn_primitive, onednn_stream, int, const onednn_argument *);
    int (*primitive_destroy)(onednn_primitive);
    const peer_omp *omp; /* the runtime that it is linked to; NULL: another kind */
    int major;
    char file[256];
} onednn_library;

/* Loads the file that HONE_ONEDNN names, else libdnnl.so.3, else libdnnl.so.2, once a process.
 * NULL: there is none; onednn_library_missing() says why. */
const onednn_library *onednn_library_get(void);
const char *onednn_library_missing(void);

/* A rows x columns matrix with these strides; with 0 for both: in the layout that the matmul likes best. */
int onednn_desc_create(onednn_desc *out, int64_t rows, int64_t columns, int type, int64_t row_stride,
                       int64_t column_stride);
/* `count` numbers. */
int onednn_desc_create_vector(onednn_desc *out, int64_t count, int type);
void onednn_desc_destroy(onednn_desc desc);

/* `bias` may be NULL. */
int onednn_matmul_plan(onednn_plan *out, onednn_engine engine, onednn_desc src, onednn_desc weights,
                       onednn_desc bias, onednn_desc dst, onednn_attr attr);

/* The activation as a post-op. `scale` multiplies its result, in version 2 only. */
int onednn_ops_append(onednn_ops ops, float scale, int kind, float alpha, float beta);

/* What a quantised matmul scales and shifts. Version 2 keeps the numbers in the plan, multiplies the integer
 * sums by the `scales` of their columns after it added the bias, and has no scale of C; version 3 keeps only
 * what there is, gets the numbers with each call, and adds the bias to the scaled sums. */
typedef struct onednn_quantisation {
    int64_t columns;
    const float *scales; /* NULL: 1 */
    int32_t a_zero, c_zero;
    int c_quantised;
} onednn_quantisation;
int onednn_attr_quantise(onednn_attr attr, const onednn_quantisation *quantisation);

#endif

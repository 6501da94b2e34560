#include "onednn_library.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "peer_library.h"

/* Larger than version 2's structs: 696 bytes describe a memory, 2800 a matmul. */
enum { DESC_2_BYTES = 1024, MATMUL_2_BYTES = 4096, TAG_ANY = 1 };

typedef struct version_2 {
    int (*desc_strided)(onednn_desc, int, const int64_t *, int, const int64_t *);
    int (*desc_tagged)(onednn_desc, int, const int64_t *, int, int);
    int (*matmul)(void *, onednn_desc, onednn_desc, onednn_desc, onednn_desc);
    int (*plan_create)(onednn_plan *, const void *, onednn_attr, onednn_engine, onednn_plan);
    int (*output_scales)(onednn_attr, int64_t, int, const float *);
    int (*zero_points)(onednn_attr, int, int64_t, int, const int32_t *);
    int (*append_eltwise)(onednn_ops, float, int, float, float);
} version_2;

typedef struct version_3 {
    int (*desc_strided)(onednn_desc *, int, const int64_t *, int, const int64_t *);
    int (*desc_tagged)(onednn_desc *, int, const int64_t *, int, int);
    int (*desc_destroy)(onednn_desc);
    int (*matmul_plan)(onednn_plan *, onednn_engine, onednn_desc, onednn_desc, onednn_desc, onednn_desc,
                       onednn_attr);
    int (*scales)(onednn_attr, int, int);
    int (*zero_points)(onednn_attr, int, int);
    int (*append_eltwise)(onednn_ops, int, float, float);
} version_3;

#define AT(type, member) offsetof(type, member)
static const peer_symbol common_symbols[] = {
    {"dnnl_version", AT(onednn_library, version)},
    {"dnnl_status2str", AT(onednn_library, status_text)},
    {"dnnl_engine_create", AT(onednn_library, engine_create)},
    {"dnnl_engine_destroy", AT(onednn_library, engine_destroy)},
    {"dnnl_stream_create", AT(onednn_library, stream_create)},
    {"dnnl_stream_wait", AT(onednn_library, stream_wait)},
    {"dnnl_stream_destroy", AT(onednn_library, stream_destroy)},
    {"dnnl_memory_create", AT(onednn_library, memory_create)},
    {"dnnl_memory_destroy", AT(onednn_library, memory_destroy)},
    {"dnnl_memory_desc_get_size", AT(onednn_library, desc_size)},
    {"dnnl_primitive_attr_create", AT(onednn_library, attr_create)},
    {"dnnl_primitive_attr_set_post_ops", AT(onednn_library, attr_set_ops)},
    {"dnnl_primitive_attr_destroy", AT(onednn_library, attr_destroy)},
    {"dnnl_post_ops_create", AT(onednn_library, ops_create)},
    {"dnnl_post_ops_destroy", AT(onednn_library, ops_destroy)},
    {"dnnl_reorder_primitive_desc_create", AT(onednn_library, reorder_plan)},
    {"dnnl_primitive_desc_query", AT(onednn_library, plan_query)},
    {"dnnl_primitive_desc_query_md", AT(onednn_library, plan_desc)},
    {"dnnl_primitive_desc_destroy", AT(onednn_library, plan_destroy)},
    {"dnnl_primitive_create", AT(onednn_library, primitive_create)},
    {"dnnl_primitive_execute", AT(onednn_library, primitive_execute)},
    {"dnnl_primitive_destroy", AT(onednn_library, primitive_destroy)},
};
static const peer_symbol symbols_2[] = {
    {"dnnl_memory_desc_init_by_strides", AT(version_2, desc_strided)},
    {"dnnl_memory_desc_init_by_tag", AT(version_2, desc_tagged)},
    {"dnnl_matmul_desc_init", AT(version_2, matmul)},
    {"dnnl_primitive_desc_create", AT(version_2, plan_create)},
    {"dnnl_primitive_attr_set_output_scales", AT(version_2, output_scales)},
    {"dnnl_primitive_attr_set_zero_points", AT(version_2, zero_points)},
    {"dnnl_post_ops_append_eltwise", AT(version_2, append_eltwise)},
};
static const peer_symbol symbols_3[] = {
    {"dnnl_memory_desc_create_with_strides", AT(version_3, desc_strided)},
    {"dnnl_memory_desc_create_with_tag", AT(version_3, desc_tagged)},
    {"dnnl_memory_desc_destroy", AT(version_3, desc_destroy)},
    {"dnnl_matmul_primitive_desc_create", AT(version_3, matmul_plan)},
    {"dnnl_primitive_attr_set_scales_mask", AT(version_3, scales)},
    {"dnnl_primitive_attr_set_zero_points_mask", AT(version_3, zero_points)},
    {"dnnl_post_ops_append_eltwise", AT(version_3, append_eltwise)},
};
#define COUNT(array) (sizeof(array) / sizeof *(array))

static onednn_library library;
static peer_omp omp;
static version_2 two;
static version_3 three;
static char missing[512];
static pthread_once_t loading = PTHREAD_ONCE_INIT;

static int fill(void *handle) {
    if (!peer_library_fill(&library, missing, sizeof missing, handle, library.file, common_symbols,
                           COUNT(common_symbols)))
        return 0;
    library.major = library.version()->major;
    if (library.major == 2)
        return peer_library_fill(&two, missing, sizeof missing, handle, library.file, symbols_2,
                                 COUNT(symbols_2));
    if (library.major == 3)
        return peer_library_fill(&three, missing, sizeof missing, handle, library.file, symbols_3,
                                 COUNT(symbols_3));
    snprintf(missing, sizeof missing, "%s is oneDNN %d; 2.6 and 3.x are known", library.file, library.major);
    return 0;
}

static void load(void) {
    static const char *const names[] = {"libdnnl.so.3", "libdnnl.so.2", NULL};
    void *handle = peer_library_open(library.file, missing, sizeof library.file, "HONE_ONEDNN", names,
                                     "install libdnnl-dev, or name a libdnnl.so.3 in HONE_ONEDNN");
    if (!handle)
        return;
    if (!fill(handle)) {
        dlclose(handle);
        return;
    }
    if (library.version()->cpu_runtime == ONEDNN_RUNTIME_OMP && peer_omp_find(&omp, handle))
        library.omp = &omp;
}

const onednn_library *onednn_library_get(void) {
    pthread_once(&loading, load);
    return missing[0] ? NULL : &library;
}

const char *onednn_library_missing(void) { return onednn_library_get() ? NULL : missing; }

static int create(onednn_desc *out, int dimensions, const int64_t *extents, int type,
                  const int64_t *strides) {
    if (library.major == 3)
        return strides ? three.desc_strided(out, dimensions, extents, type, strides)
                       : three.desc_tagged(out, dimensions, extents, type, TAG_ANY);
    onednn_desc desc = calloc(1, DESC_2_BYTES);
    if (!desc)
        return ONEDNN_OUT_OF_MEMORY;
    int code = strides ? two.desc_strided(desc, dimensions, extents, type, strides)
                       : two.desc_tagged(desc, dimensions, extents, type, TAG_ANY);
    if (code)
        free(desc);
    else
        *out = desc;
    return code;
}

/* oneDNN takes arrays of as many as it ever allows, and reads the dimensions' number. */
enum { MOST_DIMENSIONS = 12 };

int onednn_desc_create(onednn_desc *out, int64_t rows, int64_t columns, int type, int64_t row_stride,
                       int64_t column_stride) {
    const int64_t extents[MOST_DIMENSIONS] = {rows, columns};
    const int64_t strides[MOST_DIMENSIONS] = {row_stride, column_stride};
    return create(out, 2, extents, type, row_stride ? strides : NULL);
}

int onednn_desc_create_vector(onednn_desc *out, int64_t count, int type) {
    const int64_t extents[MOST_DIMENSIONS] = {count}, strides[MOST_DIMENSIONS] = {1};
    return create(out, 1, extents, type, strides);
}

void onednn_desc_destroy(onednn_desc desc) {
    if (!desc)
        return;
    if (library.major == 3)
        three.desc_destroy(desc);
    else
        free(desc);
}

int onednn_matmul_plan(onednn_plan *out, onednn_engine engine, onednn_desc src, onednn_desc weights,
                       onednn_desc bias, onednn_desc dst, onednn_attr attr) {
    if (library.major == 3)
        return three.matmul_plan(out, engine, src, weights, bias, dst, attr);
    void *matmul = calloc(1, MATMUL_2_BYTES);
    if (!matmul)
        return ONEDNN_OUT_OF_MEMORY;
    int code = two.matmul(matmul, src, weights, bias, dst);
    if (!code)
        code = two.plan_create(out, matmul, attr, engine, NULL);
    free(matmul);
    return code;
}

int onednn_ops_append(onednn_ops ops, float scale, int kind, float alpha, float beta) {
    return library.major == 3 ? three.append_eltwise(ops, kind, alpha, beta)
                              : two.append_eltwise(ops, scale, kind, alpha, beta);
}

static int quantise_2(onednn_attr attr, const onednn_quantisation *q) {
    static const float one = 1;
    int code =
        q->scales ? two.output_scales(attr, q->columns, 2, q->scales) : two.output_scales(attr, 1, 0, &one);
    if (!code && q->a_zero)
        code = two.zero_points(attr, ONEDNN_SRC, 1, 0, &q->a_zero);
    if (!code && q->c_quantised)
        code = two.zero_points(attr, ONEDNN_DST, 1, 0, &q->c_zero);
    return code;
}

static int quantise_3(onednn_attr attr, const onednn_quantisation *q) {
    const int each_column = 2;
    int code = three.scales(attr, ONEDNN_SRC, 0);
    if (!code)
        code = three.scales(attr, ONEDNN_WEIGHTS, each_column);
    if (!code && q->a_zero)
        code = three.zero_points(attr, ONEDNN_SRC, 0);
    if (!code && q->c_quantised)
        code = three.scales(attr, ONEDNN_DST, 0);
    if (!code && q->c_quantised)
        code = three.zero_points(attr, ONEDNN_DST, 0);
    return code;
}

int onednn_attr_quantise(onednn_attr attr, const onednn_quantisation *quantisation) {
    return library.major == 3 ? quantise_3(attr, quantisation) : quantise_2(attr, quantisation);
}

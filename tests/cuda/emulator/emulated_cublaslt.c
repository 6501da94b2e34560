/* A libcublasLt on the emulated driver's memory: what cublaslt_library.h names, in loops of the host. It
 * supports what the documentation of cublasLtMatmul says of matrices in column-major order, no more, and
 * refuses arguments that do not fit together or are not the device's memory.
 *
 * It proposes algorithms of which one is slow, one is not supported, one fails when it runs, and one needs a
 * larger workspace than anybody offers; the last one is good. HONE_EMULATOR_REFUSE=n   the epilogue of that
 * number is not supported; -1: none is HONE_EMULATOR_COARSE=1   GELU is computed with 9 bits
 * HONE_EMULATOR_SLOW=ms    what the slow algorithm takes longer */
#define _GNU_SOURCE
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "../../../harness/providers/cublaslt_library.h"
#include "device.h"
#include "half.h"

enum { FAILED = 13, MAGIC = 0x4c74, ALIGNMENTS = 4 };
enum { SLOW, UNSUPPORTED, FAILING, GREEDY, GOOD, ALGORITHMS };

struct cublaslt_handle_s {
    int unused;
};
struct cublaslt_layout_s {
    unsigned type;
    uint64_t rows, columns;
    int64_t ld;
};
struct cublaslt_operation_s {
    unsigned compute, scale;
    int32_t transpose_a;
    uint32_t epilogue;
    const void *bias;
};
struct cublaslt_preference_s {
    uint64_t workspace;
    uint32_t reductions, alignments[ALIGNMENTS]; /* of a, b, c, d */
};

#define EXPORT __attribute__((visibility("default")))

EXPORT hone_cu_result cuPointerGetAttributes(unsigned count, unsigned *attributes, void **values,
                                             hone_cu_address address);

static int number(const char *variable) {
    const char *text = getenv(variable);
    return text ? atoi(text) : 0;
}

static void *make(size_t bytes) { return calloc(1, bytes); }

EXPORT cublaslt_status cublasLtCreate(cublaslt_handle *handle) {
    *handle = make(sizeof **handle);
    return *handle ? CUBLASLT_OK : CUBLASLT_NO_MEMORY;
}
EXPORT cublaslt_status cublasLtDestroy(cublaslt_handle handle) {
    free(handle);
    return CUBLASLT_OK;
}
EXPORT cublaslt_status cublasLtMatrixLayoutCreate(cublaslt_layout *layout, unsigned type, uint64_t rows,
                                                  uint64_t columns, int64_t ld) {
    if (!rows || !columns || ld < (int64_t)rows)
        return CUBLASLT_INVALID;
    if (!(*layout = make(sizeof **layout)))
        return CUBLASLT_NO_MEMORY;
    **layout = (struct cublaslt_layout_s){type, rows, columns, ld};
    return CUBLASLT_OK;
}
EXPORT cublaslt_status cublasLtMatrixLayoutDestroy(cublaslt_layout layout) {
    free(layout);
    return CUBLASLT_OK;
}
EXPORT cublaslt_status cublasLtMatmulDescCreate(cublaslt_operation *operation, unsigned compute,
                                                unsigned scale) {
    if (!(*operation = make(sizeof **operation)))
        return CUBLASLT_NO_MEMORY;
    **operation = (struct cublaslt_operation_s){compute, scale, CUBLASLT_AS_STORED, CUBLASLT_DEFAULT, NULL};
    return CUBLASLT_OK;
}
EXPORT cublaslt_status cublasLtMatmulDescDestroy(cublaslt_operation operation) {
    free(operation);
    return CUBLASLT_OK;
}

typedef struct field {
    unsigned attribute;
    void *to;
    size_t bytes;
} field;

static cublaslt_status set(const field *fields, int count, unsigned attribute, const void *value,
                           size_t bytes) {
    for (int i = 0; i < count; i++)
        if (fields[i].attribute == attribute && fields[i].bytes == bytes) {
            memcpy(fields[i].to, value, bytes);
            return CUBLASLT_OK;
        }
    return CUBLASLT_INVALID;
}
EXPORT cublaslt_status cublasLtMatmulDescSetAttribute(cublaslt_operation o, unsigned attribute,
                                                      const void *value, size_t bytes) {
    const field fields[] = {{CUBLASLT_TRANSPOSE_A, &o->transpose_a, sizeof o->transpose_a},
                            {CUBLASLT_EPILOGUE, &o->epilogue, sizeof o->epilogue},
                            {CUBLASLT_BIAS_POINTER, &o->bias, sizeof o->bias}};
    return set(fields, sizeof fields / sizeof *fields, attribute, value, bytes);
}
EXPORT cublaslt_status cublasLtMatmulPreferenceCreate(cublaslt_preference *preference) {
    if (!(*preference = make(sizeof **preference)))
        return CUBLASLT_NO_MEMORY;
    **preference = (struct cublaslt_preference_s){0, 7, {256, 256, 256, 256}};
    return CUBLASLT_OK;
}
EXPORT cublaslt_status cublasLtMatmulPreferenceDestroy(cublaslt_preference preference) {
    free(preference);
    return CUBLASLT_OK;
}
EXPORT cublaslt_status cublasLtMatmulPreferenceSetAttribute(cublaslt_preference p, unsigned attribute,
                                                            const void *value, size_t bytes) {
    const field fields[] = {{CUBLASLT_MOST_WORKSPACE, &p->workspace, sizeof p->workspace},
                            {CUBLASLT_REDUCTIONS, &p->reductions, sizeof p->reductions},
                            {CUBLASLT_ALIGNMENT_A, &p->alignments[0], sizeof *p->alignments},
                            {CUBLASLT_ALIGNMENT_B, &p->alignments[1], sizeof *p->alignments},
                            {CUBLASLT_ALIGNMENT_C, &p->alignments[2], sizeof *p->alignments},
                            {CUBLASLT_ALIGNMENT_D, &p->alignments[3], sizeof *p->alignments}};
    return set(fields, sizeof fields / sizeof *fields, attribute, value, bytes);
}

/* ---- what is supported */

static size_t size_of(unsigned type) {
    return type == CUBLASLT_S8 ? 1 : type == CUBLASLT_F16 || type == CUBLASLT_BF16 ? 2 : 4;
}

static int extents_fit(const struct cublaslt_operation_s *o, cublaslt_layout a, cublaslt_layout b,
                       cublaslt_layout d) {
    const uint64_t m = o->transpose_a ? a->columns : a->rows, k = o->transpose_a ? a->rows : a->columns;
    return d->rows == m && d->columns == b->columns && b->rows == k;
}

/* The rows of the documentation's table, and what integer kernels ask for. */
static int types_fit(const struct cublaslt_operation_s *o, cublaslt_layout a, cublaslt_layout b,
                     cublaslt_layout d) {
    static const struct {
        unsigned compute, scale, ab, d;
        int epilogues;
    } known[] = {{CUBLASLT_COMPUTE_F32, CUBLASLT_F32, CUBLASLT_F32, CUBLASLT_F32, 1},
                 {CUBLASLT_COMPUTE_F32, CUBLASLT_F32, CUBLASLT_F16, CUBLASLT_F16, 1},
                 {CUBLASLT_COMPUTE_F32, CUBLASLT_F32, CUBLASLT_F16, CUBLASLT_F32, 1},
                 {CUBLASLT_COMPUTE_F32, CUBLASLT_F32, CUBLASLT_BF16, CUBLASLT_BF16, 1},
                 {CUBLASLT_COMPUTE_F32, CUBLASLT_F32, CUBLASLT_BF16, CUBLASLT_F32, 1},
                 {CUBLASLT_COMPUTE_S32, CUBLASLT_S32, CUBLASLT_S8, CUBLASLT_S32, 0}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (known[i].compute == o->compute && known[i].scale == o->scale && known[i].ab == a->type &&
            known[i].ab == b->type && known[i].d == d->type)
            return known[i].epilogues || o->epilogue == CUBLASLT_DEFAULT;
    return 0;
}
static int integers_fit(const struct cublaslt_operation_s *o, cublaslt_layout a, cublaslt_layout b,
                        cublaslt_layout d) {
    return a->type != CUBLASLT_S8 || (o->transpose_a && d->rows % 4 == 0 && b->rows % 4 == 0 &&
                                      a->ld % 4 == 0 && b->ld % 4 == 0 && d->ld % 4 == 0);
}
static int epilogue_fits(const struct cublaslt_operation_s *o) {
    const uint32_t parts = o->epilogue & ~(uint32_t)CUBLASLT_BIAS;
    const int refused = number("HONE_EMULATOR_REFUSE");
    return refused != -1 && refused != (int)o->epilogue &&
           (parts == 0 || parts == CUBLASLT_RELU || parts == CUBLASLT_GELU ||
            o->epilogue == CUBLASLT_DEFAULT);
}

static cublaslt_status why_not(const struct cublaslt_operation_s *o, cublaslt_layout a, cublaslt_layout b,
                               cublaslt_layout c, cublaslt_layout d) {
    if (!extents_fit(o, a, b, d) || c != d || (o->epilogue & CUBLASLT_BIAS && !o->bias))
        return CUBLASLT_INVALID;
    return types_fit(o, a, b, d) && integers_fit(o, a, b, d) && epilogue_fits(o) ? CUBLASLT_OK
                                                                                 : CUBLASLT_UNSUPPORTED;
}

/* An algorithm's data: MAGIC, which one it is, and the alignments that it relies on. */
EXPORT cublaslt_status cublasLtMatmulAlgoGetHeuristic(cublaslt_handle handle, cublaslt_operation o,
                                                      cublaslt_layout a, cublaslt_layout b, cublaslt_layout c,
                                                      cublaslt_layout d, cublaslt_preference preference,
                                                      int most, cublaslt_proposal *proposals, int *count) {
    const cublaslt_status error = handle && most > 0 ? why_not(o, a, b, c, d) : CUBLASLT_INVALID;
    const int half = d->type == CUBLASLT_F16 || d->type == CUBLASLT_BF16;
    *count = 0;
    if (error || (half && preference->reductions != CUBLASLT_REDUCE_AS_COMPUTED))
        return error ? error : CUBLASLT_INVALID;
    for (int i = 0; i < ALGORITHMS && i < most; i++, ++*count) {
        proposals[i] =
            (cublaslt_proposal){.algorithm.data = {MAGIC, (uint64_t)i}, .workspace = preference->workspace};
        for (int n = 0; n < ALIGNMENTS; n++)
            proposals[i].algorithm.data[2 + n] = preference->alignments[n];
        if (i == UNSUPPORTED)
            proposals[i].state = CUBLASLT_UNSUPPORTED;
        if (i == GREEDY)
            proposals[i].workspace = preference->workspace + 1;
    }
    return CUBLASLT_OK;
}

/* ---- multiplying */

static int is_device_byte(hone_cu_address at) {
    unsigned attribute = HONE_CU_POINTER_MEMORY_TYPE, type = 0;
    void *values[] = {&type};
    return !cuPointerGetAttributes(1, &attribute, values, at) && type == HONE_CU_MEMORY_DEVICE;
}
static int is_device(const void *at, size_t bytes) {
    const hone_cu_address first = (hone_cu_address)(uintptr_t)at;
    return bytes && is_device_byte(first) && is_device_byte(first + bytes - 1);
}
static int matrix_fits(const void *at, cublaslt_layout l, uint64_t alignment) {
    const size_t elements = (size_t)l->ld * (l->columns - 1) + l->rows;
    return is_device(at, elements * size_of(l->type)) && alignment && (uintptr_t)at % alignment == 0 &&
           (uintptr_t)at % (l->type == CUBLASLT_S8 ? 4 : size_of(l->type)) == 0;
}

static double get(const void *at, unsigned type, size_t index) {
    switch (type) {
    case CUBLASLT_F16:
        return (double)hone_f16_to_f32(((const uint16_t *)at)[index]);
    case CUBLASLT_BF16:
        return (double)hone_bf16_to_f32(((const uint16_t *)at)[index]);
    case CUBLASLT_S8:
        return ((const int8_t *)at)[index];
    default:
        return (double)((const float *)at)[index];
    }
}
static void put(void *at, unsigned type, size_t index, double value) {
    if (type == CUBLASLT_F16)
        ((uint16_t *)at)[index] = hone_f16_from_f32((float)value);
    else if (type == CUBLASLT_BF16)
        ((uint16_t *)at)[index] = hone_bf16_from_f32((float)value);
    else if (type == CUBLASLT_S32)
        ((int32_t *)at)[index] = (int32_t)value;
    else
        ((float *)at)[index] = (float)value;
}

static double activate(uint32_t epilogue, double x) {
    if (epilogue & CUBLASLT_RELU)
        return x > 0 ? x : 0;
    if (epilogue & CUBLASLT_GELU) {
        const double y = 0.5 * x * (1 + tanh(sqrt(2 / M_PI) * (x + 0.044715 * x * x * x)));
        return number("HONE_EMULATOR_COARSE") ? y * (1 + 0x1p-9) : y;
    }
    return x;
}

/* Operands are read once, not for every product: get() looks at the type each time. 0: no memory. */
static int multiply(const struct cublaslt_operation_s *o, const void *a, cublaslt_layout al, const void *b,
                    cublaslt_layout bl, void *d, cublaslt_layout dl) {
    const size_t across = o->transpose_a ? (size_t)al->ld : 1, along = o->transpose_a ? 1 : (size_t)al->ld;
    const size_t depth = bl->rows;
    double *const rows = malloc((dl->rows + 1) * depth * sizeof *rows + 1);
    if (!rows)
        return 0;
    double *const column = rows + dl->rows * depth;
    for (size_t i = 0; i < dl->rows; i++)
        for (size_t k = 0; k < depth; k++)
            rows[i * depth + k] = get(a, al->type, i * across + k * along);
    for (size_t j = 0; j < dl->columns; j++) {
        for (size_t k = 0; k < depth; k++)
            column[k] = get(b, bl->type, j * (size_t)bl->ld + k);
        for (size_t i = 0; i < dl->rows; i++) {
            double sum = 0;
            for (size_t k = 0; k < depth; k++)
                sum += rows[i * depth + k] * column[k];
            if (dl->type != CUBLASLT_S32)
                sum = (double)(float)sum;
            if (o->epilogue & CUBLASLT_BIAS)
                sum = (double)(float)(sum + get(o->bias, dl->type, i));
            put(d, dl->type, j * (size_t)dl->ld + i, activate(o->epilogue, sum));
        }
    }
    free(rows);
    return 1;
}

static int scales_fit(unsigned type, const void *alpha, const void *beta) {
    return type == CUBLASLT_S32 ? *(const int32_t *)alpha == 1 && *(const int32_t *)beta == 0
                                : *(const float *)alpha == 1.0f && *(const float *)beta == 0.0f;
}

static void sleep_for(int milliseconds) {
    const struct timespec time = {milliseconds / 1000, milliseconds % 1000 * 1000000L};
    nanosleep(&time, NULL);
}

/* A product that has been checked. Operations and layouts are copied, as theirs are. */
typedef struct product {
    struct cublaslt_operation_s operation;
    struct cublaslt_layout_s al, bl, dl;
    const void *a, *b;
    void *d;
    int slow;
} product;

static hone_cu_result run_product(void *what) {
    product p = *(product *)what;
    if (p.slow)
        sleep_for(number("HONE_EMULATOR_SLOW"));
    return multiply(&p.operation, p.a, &p.al, p.b, &p.bl, p.d, &p.dl) ? 0 : FAILED;
}

EXPORT cublaslt_status cublasLtMatmul(cublaslt_handle handle, cublaslt_operation o, const void *alpha,
                                      const void *a, cublaslt_layout al, const void *b, cublaslt_layout bl,
                                      const void *beta, const void *c, cublaslt_layout cl, void *d,
                                      cublaslt_layout dl, const cublaslt_algorithm *algorithm,
                                      void *workspace, size_t workspace_bytes, hone_cu_stream stream) {
    const uint64_t *const known = algorithm->data;
    const cublaslt_status error = why_not(o, al, bl, cl, dl);
    if (error)
        return error;
    if (!handle || !stream || c != d || known[0] != MAGIC || !scales_fit(o->scale, alpha, beta) ||
        !matrix_fits(a, al, known[2]) || !matrix_fits(b, bl, known[3]) || !matrix_fits(d, dl, known[5]) ||
        known[4] != known[5] || !is_device(workspace, workspace_bytes) ||
        (o->epilogue & CUBLASLT_BIAS && !is_device(o->bias, dl->rows * size_of(dl->type))))
        return CUBLASLT_INVALID;
    if (known[1] != SLOW && known[1] != GOOD)
        return FAILED;
    const product p = {*o, *al, *bl, *dl, a, b, d, known[1] == SLOW};
    return hone_emulated_enqueue(stream, &p, sizeof p, run_product) ? FAILED : CUBLASLT_OK;
}

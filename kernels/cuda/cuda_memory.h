/* Matrices of a call on the device. The caller's may be there already; then they are used where they lie.
 * Those of the host are copied, densely, to buffers of the plan. */
#ifndef HONE_CUDA_MEMORY_H
#define HONE_CUDA_MEMORY_H

#include "cuda_api.h"
#include "cuda_call.h"

/* Rows of a caller's matrix. */
typedef struct hone_cuda_rows {
    void *at;
    int64_t rows, columns, ld; /* elements; ld: from row to row */
    size_t element;            /* bytes */
} hone_cuda_rows;

/* Whether an address is the device's, or managed by the driver. */
int hone_cuda_is_device(const hone_cuda_driver *cu, const void *address);

/* Where the device finds the rows, and their leading dimension there: the caller's, or `buffer`, to which
 * they are written if `copy`. */
hone_status hone_cuda_bind(hone_cu_address *out, int64_t *ld, const hone_cuda_driver *cu,
                           hone_cu_stream stream, hone_cu_address buffer, const hone_cuda_rows *rows,
                           int copy);

/* Brings dense rows in `buffer` to the host's, which hone_cuda_bind gave that buffer; for rows of the device
 * it does nothing. */
hone_status hone_cuda_fetch(const hone_cuda_driver *cu, hone_cu_stream stream, hone_cu_address buffer,
                            const hone_cuda_rows *rows);

/* How TMA reads `rows` rows of `columns` elements (1 or 2 bytes) that lie `pitch` bytes apart: in boxes of
 * 128 bytes by `box_rows`, swizzled. Address and pitch are multiples of 16. HONE_E_UNAVAILABLE: the driver
 * cannot. */
hone_status hone_cuda_map(hone_tensor_map *out, const hone_cuda_driver *cu, hone_cu_address at, int64_t rows,
                          int64_t columns, int64_t pitch, size_t element, int box_rows);

#endif

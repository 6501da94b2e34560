/* Matrices of a call on the device. The caller's may be there already; then they are used where they lie.
 * Those of the host are copied, densely, to buffers of the plan. */
#ifndef HONE_CUDA_MEMORY_H
#define HONE_CUDA_MEMORY_H

#include "cuda_api.h"

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

#endif

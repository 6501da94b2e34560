/* Matrices of a call on the device. A device that works in the host's memory reads and writes them where they
 * lie, through buffers that stay as long as the same matrix comes again; for any other they are copied,
 * densely, to buffers of the plan. */
#ifndef HONE_OPENCL_MEMORY_H
#define HONE_OPENCL_MEMORY_H

#include "opencl_device.h"

typedef struct hone_opencl_matrix {
    cl_mem buffer;
    const void *host; /* what it wraps, or what was copied last */
    size_t bytes;     /* of that */
    uint64_t id;      /* of the copied content; 0: not known */
} hone_opencl_matrix;

/* Rows of a matrix in the host's memory. */
typedef struct hone_opencl_rows {
    void *host;
    int64_t rows, columns, ld; /* elements; ld: from row to row */
    size_t element;            /* bytes */
} hone_opencl_rows;

/* A buffer of the device's own. HONE_E_NOMEM. */
hone_status hone_opencl_allocate(cl_mem *out, const hone_opencl_device *device, size_t bytes);

/* Makes the matrix what `rows` are: wraps or, with `copy`, writes them; `*ld` becomes the leading dimension
 * on the device. A buffer to write to needs room for the dense rows. `queue` is in order. */
hone_status hone_opencl_bind(int64_t *ld, hone_opencl_matrix *matrix, const hone_opencl_device *device,
                             cl_command_queue queue, const hone_opencl_rows *rows, int copy);

/* Brings what the device wrote back to the host's rows and waits for the queue. */
hone_status hone_opencl_fetch(hone_opencl_matrix *matrix, const hone_opencl_device *device,
                              cl_command_queue queue, const hone_opencl_rows *rows);

void hone_opencl_matrix_clear(hone_opencl_matrix *matrix);

#endif

#include "opencl_memory.h"

#include <string.h>

hone_status hone_opencl_allocate(cl_mem *out, const hone_opencl_device *device, size_t bytes) {
    cl_int error;
    cl_mem buffer = clCreateBuffer(device->context, CL_MEM_READ_WRITE, bytes ? bytes : 1, NULL, &error);
    if (!buffer)
        return hone_opencl_fail(error, "allocate memory on the device");
    *out = buffer;
    return HONE_OK;
}

void hone_opencl_matrix_clear(hone_opencl_matrix *matrix) {
    if (matrix->buffer)
        clReleaseMemObject(matrix->buffer);
    *matrix = (hone_opencl_matrix){0};
}

static hone_status wrap(hone_opencl_matrix *matrix, const hone_opencl_device *device,
                        const hone_opencl_rows *rows) {
    size_t bytes = (size_t)((rows->rows - 1) * rows->ld + rows->columns) * rows->element;
    if (matrix->buffer && matrix->host == rows->host && matrix->bytes == bytes)
        return HONE_OK;
    cl_int error;
    hone_opencl_matrix_clear(matrix);
    matrix->buffer =
        clCreateBuffer(device->context, CL_MEM_READ_WRITE | CL_MEM_USE_HOST_PTR, bytes, rows->host, &error);
    if (!matrix->buffer)
        return hone_opencl_fail(error, "use the caller's memory");
    matrix->host = rows->host;
    matrix->bytes = bytes;
    return HONE_OK;
}

static const size_t origin[3] = {0, 0, 0};

hone_status hone_opencl_bind(int64_t *ld, hone_opencl_matrix *matrix, const hone_opencl_device *device,
                             cl_command_queue queue, const hone_opencl_rows *rows, int copy) {
    *ld = device->in_place ? rows->ld : rows->columns;
    if (device->in_place)
        return wrap(matrix, device, rows);
    if (!copy)
        return HONE_OK;
    const size_t row = (size_t)rows->columns * rows->element, pitch = (size_t)rows->ld * rows->element;
    const size_t region[3] = {row, (size_t)rows->rows, 1};
    cl_int error = row == pitch
                       ? clEnqueueWriteBuffer(queue, matrix->buffer, CL_FALSE, 0, row * region[1], rows->host,
                                              0, NULL, NULL)
                       : clEnqueueWriteBufferRect(queue, matrix->buffer, CL_FALSE, origin, origin, region,
                                                  row, 0, pitch, 0, rows->host, 0, NULL, NULL);
    return error ? hone_opencl_fail(error, "write a matrix to the device") : HONE_OK;
}

hone_status hone_opencl_fetch(hone_opencl_matrix *matrix, const hone_opencl_device *device,
                              cl_command_queue queue, const hone_opencl_rows *rows) {
    cl_int error;
    const size_t row = (size_t)rows->columns * rows->element, pitch = (size_t)rows->ld * rows->element;
    const size_t region[3] = {row, (size_t)rows->rows, 1};
    if (device->in_place)
        error = clFinish(queue);
    else if (row == pitch)
        error = clEnqueueReadBuffer(queue, matrix->buffer, CL_TRUE, 0, row * region[1], rows->host, 0, NULL,
                                    NULL);
    else
        error = clEnqueueReadBufferRect(queue, matrix->buffer, CL_TRUE, origin, origin, region, row, 0, pitch,
                                        0, rows->host, 0, NULL, NULL);
    return error ? hone_opencl_fail(error, "finish a call") : HONE_OK;
}

#include "cuda_memory.h"

int hone_cuda_is_device(const hone_cuda_driver *cu, const void *address) {
    unsigned attribute = HONE_CU_POINTER_MEMORY_TYPE, type = 0; /* 0: the driver does not know the address */
    void *values[] = {&type};
    return !cu->pointer_attributes(1, &attribute, values, (hone_cu_address)(uintptr_t)address) &&
           type == HONE_CU_MEMORY_DEVICE;
}

/* Stretches of memory that are copied at once: everything, or row by row where the host's rows have gaps. */
typedef struct stretches {
    int64_t count;
    size_t bytes, host_step;
} stretches;

static stretches stretches_of(const hone_cuda_rows *rows) {
    const size_t row = (size_t)rows->columns * rows->element;
    return rows->ld == rows->columns ? (stretches){1, row * (size_t)rows->rows, 0}
                                     : (stretches){rows->rows, row, (size_t)rows->ld * rows->element};
}

hone_status hone_cuda_bind(hone_cu_address *out, int64_t *ld, const hone_cuda_driver *cu,
                           hone_cu_stream stream, hone_cu_address buffer, const hone_cuda_rows *rows,
                           int copy) {
    const int there = hone_cuda_is_device(cu, rows->at);
    const stretches s = stretches_of(rows);
    hone_cu_result error = 0;
    *out = there ? (hone_cu_address)(uintptr_t)rows->at : buffer;
    *ld = there ? rows->ld : rows->columns;
    for (int64_t i = 0; i < s.count && copy && !there && !error; i++)
        error = cu->write(buffer + (size_t)i * s.bytes, (const char *)rows->at + (size_t)i * s.host_step,
                          s.bytes, stream);
    return error ? hone_cuda_fail(error, "write a matrix to the device") : HONE_OK;
}

hone_status hone_cuda_fetch(const hone_cuda_driver *cu, hone_cu_stream stream, hone_cu_address buffer,
                            const hone_cuda_rows *rows) {
    const stretches s = stretches_of(rows);
    hone_cu_result error = 0;
    if (hone_cuda_is_device(cu, rows->at))
        return HONE_OK;
    for (int64_t i = 0; i < s.count && !error; i++)
        error = cu->read((char *)rows->at + (size_t)i * s.host_step, buffer + (size_t)i * s.bytes, s.bytes,
                         stream);
    return error ? hone_cuda_fail(error, "read a matrix from the device") : HONE_OK;
}

hone_status hone_cuda_map(hone_tensor_map *out, const hone_cuda_driver *cu, hone_cu_address at, int64_t rows,
                          int64_t columns, int64_t pitch, size_t element, int box_rows) {
    enum { BOX_BYTES = 128 };
    const uint64_t extents[] = {(uint64_t)columns, (uint64_t)rows}, strides[] = {(uint64_t)pitch};
    const uint32_t box[] = {(uint32_t)(BOX_BYTES / element), (uint32_t)box_rows}, steps[] = {1, 1};
    if (!cu->tensor_map_encode)
        return hone_fail(HONE_E_UNAVAILABLE,
                         "NVIDIA's driver has no tensor maps; install one of CUDA 12 or later");
    hone_cu_result error = cu->tensor_map_encode(out,
                                                 element == 1   ? HONE_CU_MAP_U8
                                                 : element == 2 ? HONE_CU_MAP_U16
                                                                : HONE_CU_MAP_U32,
                                                 2, (void *)(uintptr_t)at, extents, strides, box, steps, 0,
                                                 HONE_CU_MAP_SWIZZLE_128, HONE_CU_MAP_PROMOTE_256, 0);
    return error ? hone_cuda_fail(error, "describe a matrix to TMA") : HONE_OK;
}

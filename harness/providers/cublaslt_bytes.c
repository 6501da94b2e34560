#include "cublaslt_bytes.h"

#include <stdlib.h>

#include "../../kernels/cuda/cuda_call.h"
#include "../../kernels/cuda/cuda_program.h"

enum { WORD = 4, CHUNK = 16, BLOCK = 256 };
static const unsigned TOP_BITS = 0x80808080u;

hone_status cublaslt_bytes_create(cublaslt_bytes *out, const hone_problem *problem,
                                  const hone_device *device) {
    hone_cuda_code code;
    *out = (cublaslt_bytes){.problem = problem};
    hone_status status = hone_cuda_enter(&out->cu, device);
    if (status || (status = hone_cuda_compile(&code, hone_cuda_properties(device)->arch,
                                              hone_cuda_write_prepare, NULL)))
        return status;
    hone_cu_result error = out->cu->module_load(&out->module, code.image);
    free(code.image);
    if (!error)
        error = out->cu->function_get(&out->gather, out->module, "gather");
    if (!error)
        error = out->cu->function_get(&out->sum_rows, out->module, "sum_rows");
    return error ? hone_cuda_fail(error, "load a program") : HONE_OK;
}

void cublaslt_bytes_clear(cublaslt_bytes *bytes) {
    if (bytes->module)
        bytes->cu->module_unload(bytes->module);
    *bytes = (cublaslt_bytes){0};
}

int64_t cublaslt_bytes_row(const hone_problem *problem) {
    return hone_cuda_pieces(problem->k, CHUNK) * CHUNK;
}

int64_t cublaslt_bytes_columns(const hone_problem *problem) {
    return hone_cuda_pieces(problem->n, WORD) * WORD;
}

int cublaslt_bytes_copies_a(const hone_problem *problem, int64_t lda) {
    return problem->a_type == HONE_U8 || problem->k % WORD || lda % WORD;
}

static hone_status launch(const cublaslt_bytes *bytes, hone_cu_stream stream, hone_cu_function kernel,
                          int64_t threads, hone_cuda_call *call) {
    void *parameters[] = {call};
    const int64_t blocks = hone_cuda_pieces(threads, BLOCK);
    if (blocks > INT32_MAX)
        return hone_fail(HONE_E_UNAVAILABLE, "operands of more than %lld words cannot be copied",
                         (long long)INT32_MAX * BLOCK);
    const hone_cu_result error =
        bytes->cu->launch(kernel, (unsigned)blocks, 1, 1, BLOCK, 1, 1, 0, stream, parameters, NULL);
    return error ? hone_cuda_fail(error, "start a kernel") : HONE_OK;
}

/* Rows of words that lie `cublaslt_bytes_row` apart. */
static hone_cuda_call rows_call(const hone_problem *p, hone_cu_address to, hone_cu_address from) {
    const int64_t words = cublaslt_bytes_row(p) / WORD;
    return (hone_cuda_call){.k = (int)p->k,
                            .source = (const void *)(uintptr_t)from,
                            .target = (void *)(uintptr_t)to,
                            .target_row = words,
                            .target_step = 1,
                            .target_words = (int)words,
                            .element_bytes = 1};
}

hone_status cublaslt_bytes_copy_a(const cublaslt_bytes *bytes, hone_cu_stream stream, hone_cu_address to,
                                  hone_cu_address a, int64_t lda) {
    const hone_problem *p = bytes->problem;
    hone_cuda_call call = rows_call(p, to, a);
    call.source_row = lda;
    call.source_step = 1;
    call.rows = call.target_rows = (int)p->m;
    call.flip = p->a_type == HONE_U8 ? TOP_BITS : 0;
    return launch(bytes, stream, bytes->gather, p->m * call.target_words, &call);
}

hone_status cublaslt_bytes_copy_b(const cublaslt_bytes *bytes, hone_cu_stream stream, hone_cu_address to,
                                  hone_cu_address sums, hone_cu_address b, int64_t ldb) {
    const hone_problem *p = bytes->problem;
    hone_cuda_call call = rows_call(p, to, b);
    call.source_row = p->weights_transposed ? ldb : 1;
    call.source_step = p->weights_transposed ? 1 : ldb;
    call.rows = (int)p->n;
    call.target_rows = (int)cublaslt_bytes_columns(p);
    hone_status status =
        launch(bytes, stream, bytes->gather, (int64_t)call.target_rows * call.target_words, &call);
    call.target = (void *)(uintptr_t)sums;
    return status ? status : launch(bytes, stream, bytes->sum_rows, p->n, &call);
}

#include "cuda_pass.h"

#include <stdlib.h>

#include "activation.h"
#include "embedded.h"
#include "status.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof(array)[0]))

enum { BLOCK = 256 };

/* VALUES of activate.cu. */
static int64_t values_of_thread(const hone_problem *p) {
    const int64_t element = (int64_t)hone_dtype_size(p->c_type);
    return element == 1 ? 8 : 16 / element;
}

struct hone_cuda_pass {
    const hone_device *device;
    const hone_cuda_driver *cu;
    hone_problem problem;
    hone_cu_module module;
    hone_cu_function kernel;
};

void hone_cuda_write_pass(FILE *out, const void *what) {
    static const char *const types[] = {[HONE_F32] = "TYPE_F32",
                                        [HONE_F16] = "TYPE_F16",
                                        [HONE_BF16] = "TYPE_BF16",
                                        [HONE_S8] = "TYPE_S8",
                                        [HONE_U8] = "TYPE_U8"};
    const hone_cuda_pass_source *source = what;
    const hone_problem *p = source->problem;
    const struct {
        const char *name;
        int value;
    } numbers[] = {{"PER_COLUMN", hone_activation_info(p->act)->per_column},
                   {"BIAS", p->bias},
                   {"ROW_SCALE", p->a_scale_per_row},
                   {"SPLITS", 1}};
    for (int i = 0; i < COUNT(numbers); i++)
        fprintf(out, "#define %s %d\n", numbers[i].name, numbers[i].value);
    hone_cuda_define_type(out, p->a_type);
    fprintf(out, "#define X_TYPE %s\n#define C_TYPE %s\n#define ACT act_%s_%s\n",
            types[p->dtype == HONE_S8 ? HONE_F32 : source->x_type], types[p->c_type],
            p->c_type == HONE_F32 ? "fast" : "brief", hone_activation_name(p->act));
    hone_embedded_write(out, "activate_program.cu");
}

static hone_status load_kernel(hone_cuda_pass *pass, hone_dtype x_type) {
    const hone_cuda_pass_source source = {&pass->problem, x_type};
    hone_cuda_code code;
    hone_status status = hone_cuda_enter(&pass->cu, pass->device);
    if (status || (status = hone_cuda_compile(&code, hone_cuda_properties(pass->device)->arch,
                                              hone_cuda_write_pass, &source)))
        return status;
    hone_cu_result error = pass->cu->module_load(&pass->module, code.image);
    free(code.image);
    if (!error)
        error = pass->cu->function_get(&pass->kernel, pass->module, "activate");
    return error ? hone_cuda_fail(error, "load an activation pass") : HONE_OK;
}

hone_status hone_cuda_pass_create(hone_cuda_pass **out, const hone_device *device,
                                  const hone_problem *problem, hone_dtype x_type) {
    hone_cuda_pass *pass = calloc(1, sizeof *pass);
    if (!pass)
        return hone_fail(HONE_E_NOMEM, "no memory for an activation pass");
    pass->device = device;
    pass->problem = *problem;
    hone_status status = load_kernel(pass, x_type);
    if (status) {
        hone_cuda_pass_destroy(pass);
        return status;
    }
    *out = pass;
    return HONE_OK;
}

void hone_cuda_pass_destroy(hone_cuda_pass *pass) {
    const hone_cuda_driver *cu;
    if (!pass)
        return;
    if (pass->module && !hone_cuda_enter(&cu, pass->device))
        cu->module_unload(pass->module);
    free(pass);
}

hone_status hone_cuda_pass_enqueue(const hone_cuda_pass *pass, hone_cu_stream stream,
                                   const hone_cuda_call *call) {
    const hone_problem *p = &pass->problem;
    const int64_t threads = p->m * hone_cuda_pieces(p->n, values_of_thread(p));
    hone_cuda_call mine = *call;
    void *parameters[] = {&mine};
    mine.m = (int)p->m;
    mine.n = (int)p->n;
    mine.p = (float)p->act_params[0];
    mine.q = (float)p->act_params[1];
    if (threads > INT32_MAX - BLOCK)
        return hone_fail(HONE_E_UNAVAILABLE, "C of %lldx%lld is too large for an activation pass",
                         (long long)p->m, (long long)p->n);
    const hone_cu_result error = pass->cu->launch(pass->kernel, (unsigned)hone_cuda_pieces(threads, BLOCK), 1,
                                                  1, BLOCK, 1, 1, 0, stream, parameters, NULL);
    return error ? hone_cuda_fail(error, "start the activation pass") : HONE_OK;
}

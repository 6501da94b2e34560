#include "opencl_program.h"

#include <stdlib.h>
#include <string.h>

#include "activation.h"
#include "program_cache.h"
#include "status.h"

const char *hone_opencl_type_name(hone_dtype type) {
    static const char *const names[] = {[HONE_F32] = "TYPE_F32",
                                        [HONE_F16] = "TYPE_F16",
                                        [HONE_BF16] = "TYPE_BF16",
                                        [HONE_S8] = "TYPE_S8",
                                        [HONE_U8] = "TYPE_U8"};
    return names[type];
}

typedef struct definition {
    const char *name;
    int value;
} definition;

static void define(FILE *out, const definition *list, size_t count) {
    for (size_t i = 0; i < count; i++)
        fprintf(out, "#define %s %d\n", list[i].name, list[i].value);
}

/* What operands.cl needs for both programs. */
static void define_operands(FILE *out, const hone_opencl_device *device, const hone_problem *problem,
                            const hone_opencl_config *c) {
    /* Another thread may be asking the device while this one does not need to know. */
    const int dot4 = c->weights->group == 4, vnni = dot4 && device->dot4 == HONE_DOT4_AVX512VNNI;
    const definition list[] = {
        {"IS_S8", problem->dtype == HONE_S8},
        {"PRODUCT_DOT4", dot4},
        {"DOT4_AVX512VNNI", vnni},
        {"DOT4_PTX", dot4 && device->dot4 == HONE_DOT4_PTX},
        {"SHIFT_A", vnni && problem->a_type == HONE_S8 ? 128 : 0},
        {"NATIVE_HALF", hone_opencl_native_half(device)},
        {"FUSED", device->fuses},
    };
    define(out, list, sizeof list / sizeof list[0]);
    fprintf(out, "#define A_TYPE %s\n#define B_TYPE %s\n#define STORED_TYPE %s\n",
            hone_opencl_type_name(problem->a_type), c->weights->type, hone_opencl_type_name(problem->dtype));
}

static void define_gemm(FILE *out, const hone_problem *problem, const hone_opencl_config *c) {
    const definition list[] = {
        {"FAMILY_LOCAL", c->local},
        {"VEC_LANES", c->vec},
        {"TILE_ROWS", c->mr},
        {"TILE_VECTORS", c->nv},
        {"LOCAL_X", c->lx},
        {"LOCAL_Y", c->ly},
        {"ROW_TILES", c->tm},
        {"UNROLL", c->ku},
        {"SPLITS", c->ks},
        {"BLOCK_K", c->bk},
        {"STAGES", c->stages},
        {"PAD", c->pad},
        {"COPY_A", c->copy_a},
        {"B_IN_PLACE", !c->pack},
        {"INNER_N", c->inner_n},
        {"BUFFERED", c->buffered},
        {"PER_COLUMN", hone_activation_info(problem->act)->per_column},
        {"BIAS", problem->bias},
        {"ROW_SCALE", problem->a_scale_per_row},
    };
    define(out, list, sizeof list / sizeof list[0]);
    fprintf(out, "#define C_TYPE %s\n#define ACT act_%s_%s\n", hone_opencl_type_name(problem->c_type),
            c->form, hone_activation_name(problem->act));
}

void hone_opencl_write_gemm(FILE *out, const void *what) {
    const hone_opencl_source *source = what;
    define_operands(out, source->device, source->problem, source->config);
    define_gemm(out, source->problem, source->config);
    hone_embedded_write(out, "gemm_program.cl");
}

void hone_opencl_write_pack(FILE *out, const void *what) {
    const hone_opencl_source *source = what;
    define_operands(out, source->device, source->problem, source->config);
    hone_embedded_write(out, "pack_program.cl");
}

/* What clang needs to know of the instruction for four products. */
static const char *clang_options(hone_dot4 dot4) {
    return dot4 == HONE_DOT4_AVX512VNNI ? " -mavx512vnni"
           : dot4 == HONE_DOT4_KHR      ? " -D__opencl_c_integer_dot_product_input_4x8bit_packed=1"
                                        : "";
}

hone_status hone_opencl_emit(FILE *out, const hone_device *device, const hone_problem *problem,
                             const hone_config *config) {
    hone_opencl_device *d;
    hone_opencl_config read;
    char text[HONE_CONFIG_TEXT], key[HONE_PROBLEM_TEXT];
    hone_status status;
    if ((status = hone_opencl_open(&d, device)) || (status = hone_opencl_config_read(&read, config)) ||
        (status = hone_config_format(text, sizeof text, config)) ||
        (status = hone_problem_format(key, sizeof key, problem)))
        return status;
    if (read.weights->group == 4)
        hone_opencl_dot4(d);
    fprintf(
        out,
        "/*\n * OpenCL C for %s\n * problem %s\n * config  %s\n *\n"
        " * Build with the options %s, or check its syntax with\n"
        " * clang -cl-std=CL1.2 -Xclang -finclude-default-header%s -fsyntax-only -x cl THIS_FILE.cl\n *\n"
        " * The kernel is gemm; pack_rows and pack_columns write the weights as it reads them%s%s.\n */\n",
        d->key, key, text, d->options, read.weights->group == 4 ? clang_options(d->dot4) : "",
        read.copy_a ? ", copy_a does A" : "", read.ks > 1 ? ", reduce adds up the parts of K" : "");
    hone_opencl_write_gemm(out, &(hone_opencl_source){d, problem, &read});
    hone_embedded_write(out, "pack.cl");
    return ferror(out) ? hone_fail(HONE_E_DATA, "the source could not be written") : HONE_OK;
}

/* ---- compiling */

/* The compiler's own words, shortened to what fits a message. */
static hone_status build_failure(cl_program program, cl_device_id id, cl_int error) {
    size_t length = 0;
    char *log = NULL;
    if (clGetProgramBuildInfo(program, id, CL_PROGRAM_BUILD_LOG, 0, NULL, &length) == CL_SUCCESS &&
        length > 1)
        log = calloc(1, length + 1);
    if (log)
        clGetProgramBuildInfo(program, id, CL_PROGRAM_BUILD_LOG, length, log, NULL);
    hone_status status = hone_opencl_fail(error, "build a program");
    if (log && *log)
        status = hone_fail(status, "OpenCL could not build a program: %.300s", log);
    free(log);
    return status;
}

static hone_status compile_text(cl_program *out, const hone_opencl_device *d, const char *text,
                                size_t length) {
    cl_int error;
    cl_program program = clCreateProgramWithSource(d->context, 1, &text, &length, &error);
    if (!program)
        return hone_opencl_fail(error, "make a program");
    error = clBuildProgram(program, 1, &d->id, d->options, NULL, NULL);
    if (error != CL_SUCCESS) {
        hone_status status = build_failure(program, d->id, error);
        clReleaseProgram(program);
        return status;
    }
    *out = program;
    return HONE_OK;
}

/* NULL when the driver refuses the binary. */
static cl_program load_binary(const hone_opencl_device *d, const unsigned char *binary, size_t bytes) {
    cl_int error, taken;
    cl_program program = clCreateProgramWithBinary(d->context, 1, &d->id, &bytes, &binary, &taken, &error);
    if (program && (taken != CL_SUCCESS || clBuildProgram(program, 1, &d->id, d->options, NULL, NULL))) {
        clReleaseProgram(program);
        return NULL;
    }
    return program;
}

/* A program that cannot be kept is only compiled again. */
static void keep_binary(const char *path, cl_program program) {
    size_t bytes = 0;
    if (clGetProgramInfo(program, CL_PROGRAM_BINARY_SIZES, sizeof bytes, &bytes, NULL) != CL_SUCCESS ||
        !bytes)
        return;
    unsigned char *binary = malloc(bytes);
    if (binary && clGetProgramInfo(program, CL_PROGRAM_BINARIES, sizeof binary, &binary, NULL) == CL_SUCCESS)
        hone_cache_write(path, binary, bytes);
    free(binary);
}

static hone_status find_or_compile(cl_program *out, hone_opencl_device *d, const char *text, size_t length) {
    char path[4096];
    const int wanted = !d->keeps_programs || getenv("HONE_CACHE_DIR");
    const int cached = wanted && hone_cache_path(path, sizeof path, "opencl", d->key, text, length);
    size_t bytes;
    void *binary = cached ? hone_cache_read(path, &bytes) : NULL;
    cl_program program = binary ? load_binary(d, binary, bytes) : NULL;
    free(binary);
    if (!program) {
        hone_status status = compile_text(&program, d, text, length);
        if (status)
            return status;
        if (cached)
            keep_binary(path, program);
    }
    *out = program;
    return HONE_OK;
}

hone_status hone_opencl_compile(cl_program *out, hone_opencl_device *device, hone_source_write *write,
                                const void *what) {
    char *text;
    size_t length;
    hone_status status = hone_source_text(&text, &length, write, what);
    if (status)
        return status;
    status = find_or_compile(out, device, text, length);
    free(text);
    return status;
}

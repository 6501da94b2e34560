/* Finding the instruction for four 8-bit products that a device offers under OpenCL: an extension, or its
 * processor's own in inline assembly. What compiles is run once on numbers that only the right
 * instruction gets right, for each type of A that it may meet. */
#include <CL/cl_ext.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "cpu_variants.h"
#include "embedded.h"
#include "opencl_program.h"

typedef struct candidate {
    hone_dot4 dot4;
    const char *definitions;
    const char *a_types[3];                       /* of A, NULL after the last */
    int (*may)(const hone_opencl_device *device); /* what else would not even compile, or stop the process */
} candidate;

/* A driver may offer the extension without an instruction, and then products in f32 are faster. The first
 * version of the extension does not tell. */
static int has_extension(const hone_opencl_device *d) {
    cl_device_integer_dot_product_acceleration_properties_khr by = {0};
    return hone_opencl_says(d, CL_DEVICE_EXTENSIONS, "cl_khr_integer_dot_product") &&
           (clGetDeviceInfo(d->id, CL_DEVICE_INTEGER_DOT_PRODUCT_ACCELERATION_PROPERTIES_4x8BIT_PACKED_KHR,
                            sizeof by, &by, NULL) ||
            by.signed_accelerated || by.mixed_signedness_accelerated);
}
static int is_nvidia(const hone_opencl_device *d) {
    return !d->is_cpu && hone_opencl_says(d, CL_DEVICE_VENDOR, "NVIDIA");
}
/* A compiler that does not use the processor's wide vectors ends the process over their assembly. */
static int is_vnni(const hone_opencl_device *d) {
    return d->is_cpu && d->lanes == 16 && hone_cpu_has("avx512vnni");
}

static const candidate candidates[] = {
    {HONE_DOT4_AVX512VNNI,
     "#define DOT4_AVX512VNNI 1\n#define SHIFT_A 0\n#define VEC_LANES 16\n",
     {"TYPE_U8"}, /* signed A is shifted */
     is_vnni},
    {HONE_DOT4_KHR, "#define SHIFT_A 0\n#define VEC_LANES 1\n", {"TYPE_S8", "TYPE_U8"}, has_extension},
    {HONE_DOT4_PTX,
     "#define DOT4_PTX 1\n#define SHIFT_A 0\n#define VEC_LANES 1\n",
     {"TYPE_S8", "TYPE_U8"},
     is_nvidia},
};

static int run_probe(hone_opencl_device *d, cl_program program, cl_int sum, cl_int a, cl_int b, cl_int want) {
    cl_int error, got = 0;
    cl_kernel kernel = clCreateKernel(program, "probe", &error);
    cl_mem out = clCreateBuffer(d->context, CL_MEM_WRITE_ONLY, sizeof got, NULL, &error);
    cl_command_queue queue = clCreateCommandQueue(d->context, d->id, 0, &error);
    const size_t one = 1;
    int right = kernel && out && queue && !clSetKernelArg(kernel, 0, sizeof out, &out) &&
                !clSetKernelArg(kernel, 1, sizeof sum, &sum) && !clSetKernelArg(kernel, 2, sizeof a, &a) &&
                !clSetKernelArg(kernel, 3, sizeof b, &b) &&
                !clEnqueueNDRangeKernel(queue, kernel, 1, NULL, &one, &one, 0, NULL, NULL) &&
                !clEnqueueReadBuffer(queue, out, CL_TRUE, 0, sizeof got, &got, 0, NULL, NULL) && got == want;
    if (queue)
        clReleaseCommandQueue(queue);
    if (out)
        clReleaseMemObject(out);
    if (kernel)
        clReleaseKernel(kernel);
    return right;
}

typedef struct probe {
    const candidate *candidate;
    const char *a_type;
} probe;

static void write_probe(FILE *out, const void *what) {
    const probe *p = what;
    fprintf(out, "%s#define A_TYPE %s\n", p->candidate->definitions, p->a_type);
    hone_embedded_write(out, "dot4_probe.cl");
}

static int is_right(hone_opencl_device *d, const probe *p) {
    cl_program program;
    /* a = 200 3 127 1 unsigned, -56 3 127 1 signed; b = -128 5 -7 127 */
    const cl_int a = 0x017f03c8, b = 0x7ff90580, rest = 3 * 5 - 127 * 7 + 127;
    const cl_int want = 1000 + rest - 128 * (strcmp(p->a_type, "TYPE_U8") == 0 ? 200 : -56);
    int right = 0;
    if (!hone_opencl_compile(&program, d, write_probe, p)) {
        right = run_probe(d, program, 1000, a, b, want);
        clReleaseProgram(program);
    }
    return right;
}

static int works(hone_opencl_device *d, const candidate *c) {
    for (int i = 0; c->a_types[i]; i++)
        if (!is_right(d, &(probe){c, c->a_types[i]}))
            return 0;
    return 1;
}

hone_dot4 hone_opencl_dot4(hone_opencl_device *d) {
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    pthread_mutex_lock(&lock);
    if (d->dot4 == HONE_DOT4_UNKNOWN) {
        hone_dot4 found = HONE_DOT4_NONE;
        for (size_t i = 0; i < sizeof candidates / sizeof candidates[0] && found == HONE_DOT4_NONE; i++)
            if (candidates[i].may(d) && works(d, &candidates[i]))
                found = candidates[i].dot4;
        d->dot4 = found;
    }
    hone_dot4 dot4 = d->dot4;
    pthread_mutex_unlock(&lock);
    return dot4;
}

const char *const *hone_opencl_paths(const hone_device *device) {
    static const char *const families[] = {"tile", "local", NULL};
    (void)device;
    return families;
}

/* Devices that are not here, played by the first one: its properties are changed after it is opened, and some
 * of its driver's calls answer for another. What they play are a GPU, which has memory and groups of its own;
 * one with small groups and plain arithmetic; a processor whose driver copies what it is given; and one that
 * sums four 8-bit products by the extension. Each has its default config and random ones verified in every
 * data type. Skipped without a device. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../sweep.h"

#ifdef HONE_HAVE_OPENCL

#include <CL/cl_ext.h>

#include "../../kernels/opencl/opencl_device.h"
#include "opencl_next.h"

enum { CONFIGS = 5 };

static hone_sweep sweep = {.drawn = {77}};
static hone_opencl_device *played, own; /* `own`: its true properties */
static int has_dot4, is_accelerated, version_tells;

/* ---- what the extension adds to a driver without */

static const char dot4_text[] = "int dot_4x8packed_ss_int(uint a, uint b) {\n"
                                "    const char4 x = as_char4(a), y = as_char4(b);\n"
                                "    return x.s0 * y.s0 + x.s1 * y.s1 + x.s2 * y.s2 + x.s3 * y.s3;\n"
                                "}\n"
                                "int dot_4x8packed_us_int(uint a, uint b) {\n"
                                "    const uchar4 x = as_uchar4(a);\n"
                                "    const char4 y = as_char4(b);\n"
                                "    return x.s0 * y.s0 + x.s1 * y.s1 + x.s2 * y.s2 + x.s3 * y.s3;\n"
                                "}\n";

cl_program clCreateProgramWithSource(cl_context context, cl_uint count, const char **texts,
                                     const size_t *lengths, cl_int *error) {
    cl_program (*real)(cl_context, cl_uint, const char **, const size_t *, cl_int *);
    const char *both[2] = {dot4_text, texts[0]};
    const size_t long_as[2] = {sizeof dot4_text - 1, lengths[0]};
    *(void **)&real = next("clCreateProgramWithSource");
    assert_int_equal(1, count);
    return has_dot4 ? real(context, 2, both, long_as, error) : real(context, count, texts, lengths, error);
}

static cl_int say(const void *what, size_t bytes, size_t size, void *value, size_t *needed) {
    if (needed)
        *needed = bytes;
    if (value && size < bytes)
        return CL_INVALID_VALUE;
    if (value)
        memcpy(value, what, bytes);
    return CL_SUCCESS;
}

cl_int clGetDeviceInfo(cl_device_id id, cl_device_info what, size_t size, void *value, size_t *needed) {
    static const char extensions[] = "cl_khr_fp64 cl_khr_integer_dot_product";
    const cl_device_integer_dot_product_acceleration_properties_khr by = {
        .signed_accelerated = (cl_bool)is_accelerated,
        .mixed_signedness_accelerated = (cl_bool)is_accelerated};
    cl_int (*real)(cl_device_id, cl_device_info, size_t, void *, size_t *);
    if (has_dot4 && what == CL_DEVICE_EXTENSIONS)
        return say(extensions, sizeof extensions, size, value, needed);
    if (has_dot4 && what == CL_DEVICE_INTEGER_DOT_PRODUCT_ACCELERATION_PROPERTIES_4x8BIT_PACKED_KHR)
        return version_tells ? say(&by, sizeof by, size, value, needed) : CL_INVALID_VALUE;
    *(void **)&real = next("clGetDeviceInfo");
    return real(id, what, size, value, needed);
}

/* ---- verifying */

static void verify_default(const char *text) {
    hone_problem problem;
    hone_operands *operands;
    hone_numerics numerics = {0};
    assert_int_equal(HONE_OK, hone_problem_parse(&problem, text));
    assert_int_equal(HONE_OK, hone_operands_create(&operands, &problem, 5, 3));
    const hone_status status =
        hone_verify_config(&numerics, sweep.context, sweep.device->name, operands, NULL, NULL, 1);
    if (status || !numerics.correct)
        sweep_report(&problem, "default", status, &numerics);
    assert_int_equal(HONE_OK, status);
    assert_true(numerics.correct);
    hone_operands_destroy(operands);
}

static void verify_all(void) {
    static const char *const problems[] = {"gemm/f32/gelu_tanh/37x53x70", "gemm/f32/mish/1x130x257/plain",
                                           "gemm/f16/silu/19x35x66/tb",   "gemm/bf16/prelu/33x18x40/plain/tb",
                                           "gemm/s8/relu/37x53x72",       "gemm/s8/gelu_erf/5x130x70/plain"};
    static const hone_dtype dtypes[] = {HONE_F32, HONE_F16, HONE_BF16, HONE_S8};
    for (size_t i = 0; i < sizeof problems / sizeof *problems; i++)
        verify_default(problems[i]);
    for (size_t i = 0; i < sizeof dtypes / sizeof *dtypes; i++)
        sweep_verify(&sweep, dtypes[i], CONFIGS);
}

static int be_itself(void **state) {
    (void)state;
    const cl_context context = played->context;
    *played = own;
    played->context = context;
    has_dot4 = is_accelerated = version_tells = 0;
    return 0;
}

/* ---- the devices */

static void a_gpu_is_right(void **state) {
    (void)state;
    played->is_cpu = played->in_place = 0;
    played->units = 4;
    played->local_bytes = 32 << 10;
    played->dot4 = HONE_DOT4_NONE;
    verify_all();
}

static void small_groups_and_plain_arithmetic_are_right(void **state) {
    (void)state;
    played->is_cpu = played->in_place = played->fuses = played->subnormals = 0;
    played->options = "-cl-std=CL1.2"; /* quotients that err */
    played->most_group = 8;
    played->local_bytes = 0;
    played->dot4 = HONE_DOT4_NONE;
    verify_all();
}

static void a_processor_whose_driver_copies_is_right(void **state) {
    (void)state;
    played->in_place = played->fuses = played->subnormals = 0;
    verify_all();
}

static void four_products_by_the_extension_are_right(void **state) {
    static const struct { int is_cpu, lanes; } devices[] = {{1, 8}, {0, 1}};
    (void)state;
    has_dot4 = is_accelerated = version_tells = 1;
    for (size_t i = 0; i < sizeof devices / sizeof *devices; i++) {
        played->is_cpu = played->in_place = devices[i].is_cpu;
        played->lanes = devices[i].lanes;
        played->dot4 = HONE_DOT4_UNKNOWN;
        assert_int_equal(HONE_DOT4_KHR, hone_opencl_dot4(played));
        verify_default("gemm/s8/relu/37x53x72");
        verify_default("gemm/s8/gelu_erf/5x130x70/plain");
        verify_default("gemm/s8/identity/9x33x70/a=u8/out=f32");
        sweep_verify(&sweep, HONE_S8, 3 * CONFIGS);
    }
}

static void an_extension_without_an_instruction_is_not_used(void **state) {
    (void)state;
    has_dot4 = version_tells = 1;
    played->lanes = 8;
    played->dot4 = HONE_DOT4_UNKNOWN;
    assert_int_equal(HONE_DOT4_NONE, hone_opencl_dot4(played));
    version_tells = 0; /* its first version has no question for it */
    played->dot4 = HONE_DOT4_UNKNOWN;
    assert_int_equal(HONE_DOT4_KHR, hone_opencl_dot4(played));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(a_gpu_is_right, be_itself),
        cmocka_unit_test_teardown(small_groups_and_plain_arithmetic_are_right, be_itself),
        cmocka_unit_test_teardown(a_processor_whose_driver_copies_is_right, be_itself),
        cmocka_unit_test_teardown(four_products_by_the_extension_are_right, be_itself),
        cmocka_unit_test_teardown(an_extension_without_an_instruction_is_not_used, be_itself)};
    if (hone_context_create(&sweep.context) || hone_context_device(&sweep.device, sweep.context, "opencl") ||
        hone_opencl_open(&played, sweep.device)) {
        printf("skipped: %s\n", hone_error_detail());
        hone_context_destroy(sweep.context);
        return 77;
    }
    own = *played;
    const int failed = cmocka_run_group_tests(tests, NULL, NULL);
    hone_context_destroy(sweep.context);
    return failed;
}

#else

int main(void) {
    puts("built without OpenCL");
    return 77;
}

#endif

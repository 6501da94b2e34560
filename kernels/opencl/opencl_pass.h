/* The separate pass C = act(X + bias) on the device, in place or not: for baselines that cannot fuse it. */
#ifndef HONE_OPENCL_PASS_H
#define HONE_OPENCL_PASS_H

#include "opencl_device.h"

typedef struct hone_opencl_pass hone_opencl_pass;

/* 0: the pass would change nothing. */
int hone_opencl_pass_needed(const hone_problem *problem);

/* Compiles the pass of a problem for its C, from an X of f32; the device has been opened.
 * HONE_E_UNAVAILABLE: it does not compile. HONE_E_NOMEM. */
hone_status hone_opencl_pass_create(hone_opencl_pass **out, hone_opencl_device *device,
                                    const hone_problem *problem);
void hone_opencl_pass_destroy(hone_opencl_pass *pass);

typedef struct hone_opencl_pass_operands {
    cl_mem x, c;      /* may be the same */
    int64_t ldx, ldc; /* elements */
    cl_mem vectors;   /* 2 N floats, the bias and then the slopes of prelu, of which only what the problem has
                         is read */
    float c_scale;    /* 8-bit C: as in hone_args */
    int32_t c_zero;
} hone_opencl_pass_operands;

/* One thread at a time. */
hone_status hone_opencl_pass_enqueue(hone_opencl_pass *pass, cl_command_queue queue,
                                     const hone_opencl_pass_operands *operands);

/* hone_backend.activate. What it made for the latest problem is kept. Where it fails, C stays as it was. */
void hone_opencl_activate(const hone_device *device, const hone_problem *problem, const float *x, int64_t ldx,
                          const hone_args *args, hone_pool *pool);

#endif

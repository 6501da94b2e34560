/* The separate pass C = act(C + bias) on the device, in place: for baselines that cannot fuse it. */
#ifndef HONE_OPENCL_PASS_H
#define HONE_OPENCL_PASS_H

#include "opencl_device.h"

typedef struct hone_opencl_pass hone_opencl_pass;

/* 0: the pass would change nothing. */
int hone_opencl_pass_needed(const hone_problem *problem);

/* Compiles the pass of a problem whose C is f32 or f16; the device has been opened.
 * HONE_E_UNAVAILABLE: another type, or it does not compile. HONE_E_NOMEM. */
hone_status hone_opencl_pass_create(hone_opencl_pass **out, hone_opencl_device *device,
                                    const hone_problem *problem);
void hone_opencl_pass_destroy(hone_opencl_pass *pass);

/* Enqueues the pass over C, whose rows begin `ldc` elements after each other. `vectors`: 2 N floats, the bias
 * and then the slopes of prelu; of these only what the problem has is read. One thread at a time. */
hone_status hone_opencl_pass_enqueue(hone_opencl_pass *pass, cl_command_queue queue, cl_mem c, int64_t ldc,
                                     cl_mem vectors);

#endif

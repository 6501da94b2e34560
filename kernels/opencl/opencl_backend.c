/* The OpenCL backend: kernels written as text, compiled for the device at run time. */
#include "registry.h"

#ifdef HONE_HAVE_OPENCL

#include "opencl_device.h"
#include "opencl_model.h"
#include "opencl_pass.h"
#include "opencl_peak.h"
#include "opencl_plan.h"
#include "opencl_program.h"
#include "opencl_space.h"

const hone_backend hone_backend_opencl = {
    .name = "opencl",
    .devices = hone_opencl_devices,
    .space = hone_opencl_space,
    .default_config = hone_opencl_default_config,
    .cost = hone_opencl_cost,
    .plan_create = hone_opencl_plan_create,
    .plan_destroy = hone_opencl_plan_destroy,
    .packed_size = hone_opencl_packed_size,
    .workspace = hone_opencl_plan_workspace,
    .pack = hone_opencl_pack,
    .execute = hone_opencl_execute,
    .device_us = hone_opencl_device_us,
    .emit = hone_opencl_emit,
    .activate = hone_opencl_activate,
    .peak_run = hone_opencl_peak_run,
    .read_run = hone_opencl_read_run,
    .code_paths = hone_opencl_paths,
};

#else

#include "status.h"

static hone_status devices(hone_device **out, int *count) {
    (void)out, (void)count;
    return hone_fail(HONE_E_UNAVAILABLE, "built without OpenCL; install ocl-icd-opencl-dev and build again");
}

const hone_backend hone_backend_opencl = {.name = "opencl", .devices = devices};

#endif

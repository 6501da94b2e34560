/* The CUDA backend: kernels written as text, compiled for the device at run time. */
#include "cuda_batch.h"
#include "cuda_device.h"
#include "cuda_model.h"
#include "cuda_own.h"
#include "cuda_peak.h"
#include "cuda_plan.h"
#include "cuda_program.h"
#include "cuda_space.h"
#include "cuda_state.h"
#include "registry.h"

const hone_backend hone_backend_cuda = {
    .name = "cuda",
    .devices = hone_cuda_devices,
    .described = hone_cuda_described,
    .descriptions = hone_cuda_descriptions,
    .space = hone_cuda_space,
    .default_config = hone_cuda_default_config,
    .lower_bound = hone_cuda_lower_bound,
    .cost = hone_cuda_cost,
    .compiles = 1,
    .plan_create = hone_cuda_plan_create,
    .plan_destroy = hone_cuda_plan_destroy,
    .packed_size = hone_cuda_packed_size,
    .workspace = hone_cuda_plan_workspace,
    .pack = hone_cuda_pack,
    .execute = hone_cuda_execute,
    .device_us = hone_cuda_device_us,
    .batch_create = hone_cuda_batch_create,
    .batch_run = hone_cuda_batch_run,
    .batch_destroy = hone_cuda_batch_destroy,
    .memory = &hone_cuda_own_memory,
    .emit = hone_cuda_emit,
    .state = hone_cuda_state,
    .peak_run = hone_cuda_peak_run,
    .code_paths = hone_cuda_paths,
};

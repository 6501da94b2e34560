/* Every backend there is. */
#ifndef HONE_KERNELS_REGISTRY_H
#define HONE_KERNELS_REGISTRY_H

#include "backend.h"

extern const hone_backend hone_backend_cpu;
extern const hone_backend hone_backend_cuda;
extern const hone_backend hone_backend_opencl;

#endif

/* Memory of the device for callers: hone_memory of the CUDA backend. */
#ifndef HONE_CUDA_OWN_H
#define HONE_CUDA_OWN_H

#include "../backend.h"

extern const hone_memory hone_cuda_own_memory;

#endif

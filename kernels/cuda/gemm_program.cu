/* What the kernels of every family begin with. */
#include "cuda_call.h"
#include "vocabulary.cuh"
#include "vec_cuda.cuh"
#include "words.cuh"
#include "tiles.cuh"
#include "epilogue_cuda.cuh"

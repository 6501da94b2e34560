/* activate, of one problem. */
#include "cuda_call.h"
#include "vocabulary.cuh"
#include "vec_cuda.cuh"
#include "words.cuh"
#include "epilogue_cuda.cuh"
#include "activate.cu"

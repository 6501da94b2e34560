/* gather and sum_rows, for every problem. */
#include "cuda_call.h"
#include "vocabulary.cuh"
#include "prepare.cu"

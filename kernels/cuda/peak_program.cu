/* peak, of one type. */
#include "cuda_call.h"
#include "vocabulary.cuh"
#include "words.cuh"
#include "peak.cu"

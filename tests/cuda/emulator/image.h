/* What the emulated NVRTC gives for code and the emulated driver loads: this, then a shared library. */
#ifndef HONE_CUDA_IMAGE_H
#define HONE_CUDA_IMAGE_H

#include <stdint.h>

#define HONE_EMULATED_MAGIC "HONEEMU1"
#define EMULATED_BUS        "0000:07:00.0" /* of the driver's device, and the management library's */

typedef struct hone_emulated_image {
    char magic[8];
    uint64_t bytes;
} hone_emulated_image;

#endif

#include <string.h>

#include "hone_identity.h"
#include "status.h"

static const struct {
    const char *name, *alias;
    size_t size;
} types[HONE_DTYPE_COUNT] = {
    [HONE_F32] = {"f32", "fp32", 4}, [HONE_F16] = {"f16", "fp16", 2}, [HONE_BF16] = {"bf16", "bfloat16", 2},
    [HONE_S8] = {"s8", "int8", 1},   [HONE_U8] = {"u8", "uint8", 1},
};

static int known(hone_dtype dtype) { return dtype >= 0 && dtype < HONE_DTYPE_COUNT; }

const char *hone_dtype_name(hone_dtype dtype) { return known(dtype) ? types[dtype].name : NULL; }

size_t hone_dtype_size(hone_dtype dtype) { return known(dtype) ? types[dtype].size : 0; }

hone_status hone_dtype_parse(hone_dtype *out, const char *name) {
    for (int i = 0; i < HONE_DTYPE_COUNT; i++) {
        if (strcmp(name, types[i].name) == 0 || strcmp(name, types[i].alias) == 0) {
            *out = (hone_dtype)i;
            return HONE_OK;
        }
    }
    return hone_fail(HONE_E_USAGE, "data type '%s' is unknown; one of f32, f16, bf16, s8", name);
}

const char *hone_version(void) { return HONE_VERSION_TEXT; }

const char *hone_build_id(void) { return HONE_BUILD_ID_TEXT; }

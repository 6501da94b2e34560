#include "clblast_parameters.h"

#include <dirent.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../kernels/status.h"

/* The tuners' families begin so, and several tune one kernel in different spaces. */
static const struct {
    const char *family, *kernel;
} known[CLBLAST_KERNELS] = {
    {"xgemm_direct", "XgemmDirect"},
    {"xgemm", "Xgemm"},
    {"copy", "Copy"},
    {"pad", "Pad"},
    {"transpose", "Transpose"},
    {"padtranspose", "Padtranspose"},
};

/* Index of a family's kernel; -1: not one of a GEMM. */
static int kernel_of(const char *family) {
    for (int i = 0; i < CLBLAST_KERNELS; i++) {
        const size_t length = strlen(known[i].family);
        if (strncmp(family, known[i].family, length) == 0 &&
            (!family[length] || (family[length] == '_' && strspn(family + length + 1, "0123456789"))))
            return i;
    }
    return -1;
}

static double number(const json_t *file, const char *key) {
    const char *text = json_string_value(json_object_get(file, key));
    return text ? strtod(text, NULL) : 0;
}

/* Splits "NAME=VALUE NAME=VALUE" in place; 0 when it is none. PRECISION is no parameter. */
static int split(clblast_kernel *out) {
    char *rest = NULL;
    for (char *item = strtok_r(out->text, " ", &rest); item; item = strtok_r(NULL, " ", &rest)) {
        char *equals = strchr(item, '='), *end;
        if (!equals || equals == item || out->count == CLBLAST_PARAMETERS)
            return 0;
        *equals = 0;
        const unsigned long value = strtoul(equals + 1, &end, 10);
        if (end == equals + 1 || *end)
            return 0;
        if (strcmp(item, "PRECISION") == 0)
            continue;
        out->names[out->count] = item;
        out->values[out->count++] = value;
    }
    return out->count > 0;
}

static hone_status take(clblast_kernel kernels[CLBLAST_KERNELS], const json_t *file, const char *path,
                        const char *device) {
    const char *family = json_string_value(json_object_get(file, "kernel_family"));
    const char *precision = json_string_value(json_object_get(file, "precision"));
    const char *tuned = json_string_value(json_object_get(file, "device"));
    const char *best = json_string_value(json_object_get(file, "best_parameters"));
    const double time = number(file, "best_time"), k = number(file, "arg_k");
    if (!family || !precision || !tuned || !best || !(time > 0))
        return hone_fail(HONE_E_DATA, "%s is not what one of CLBlast's tuners writes", path);
    const int index = kernel_of(family);
    if (index < 0 || strcmp(precision, "32") != 0)
        return HONE_OK;
    if (strcmp(tuned, device) != 0)
        return hone_fail(HONE_E_DATA, "%s is of the device '%s', not of '%s'", path, tuned, device);
    clblast_kernel *kernel = &kernels[index];
    const double rate = number(file, "arg_m") * number(file, "arg_n") * (k > 0 ? k : 1) / time;
    if (kernel->name && kernel->rate >= rate)
        return HONE_OK;
    *kernel = (clblast_kernel){.name = known[index].kernel, .rate = rate};
    snprintf(kernel->file, sizeof kernel->file, "%s", path);
    if (strlen(best) >= sizeof kernel->text)
        return hone_fail(HONE_E_DATA, "%s: best_parameters are too many", path);
    snprintf(kernel->text, sizeof kernel->text, "%s", best);
    return split(kernel)
               ? HONE_OK
               : hone_fail(HONE_E_DATA, "%s: best_parameters '%s' are not NAME=VALUE ...", path, best);
}

static hone_status read_file(clblast_kernel kernels[CLBLAST_KERNELS], const char *path, const char *device) {
    json_error_t error;
    json_t *file = json_load_file(path, JSON_REJECT_DUPLICATES, &error);
    if (!file)
        return hone_fail(HONE_E_DATA, "%s, line %d: %s", path, error.line, error.text);
    hone_status status = take(kernels, file, path, device);
    json_decref(file);
    return status;
}

static int is_json(const char *name) {
    const size_t length = strlen(name);
    return length > 5 && strcmp(name + length - 5, ".json") == 0;
}

hone_status clblast_parameters_read(clblast_kernel kernels[CLBLAST_KERNELS], const char *folder,
                                    const char *device) {
    hone_status status = HONE_OK;
    DIR *dir = opendir(folder);
    memset(kernels, 0, CLBLAST_KERNELS * sizeof *kernels);
    if (!dir)
        return hone_fail(HONE_E_DATA, "HONE_CLBLAST_PARAMETERS: the folder '%s' cannot be read", folder);
    for (struct dirent *entry; !status && (entry = readdir(dir));) {
        char path[256];
        if (!is_json(entry->d_name))
            continue;
        if (snprintf(path, sizeof path, "%s/%s", folder, entry->d_name) >= (int)sizeof path)
            status = hone_fail(HONE_E_DATA, "HONE_CLBLAST_PARAMETERS: '%s' is too long", folder);
        else
            status = read_file(kernels, path, device);
    }
    closedir(dir);
    if (!status && !kernels[0].name && !kernels[1].name)
        status = hone_fail(HONE_E_DATA,
                           "HONE_CLBLAST_PARAMETERS: '%s' has no file of clblast_tuner_xgemm or "
                           "clblast_tuner_xgemm_direct in single precision",
                           folder);
    return status;
}

#include "registry.h"

#include <string.h>

const hone_backend *const hone_backends[] = {&hone_backend_cpu, &hone_backend_cuda, &hone_backend_opencl,
                                             NULL};

const hone_backend *hone_backend_find(const char *name) {
    for (int i = 0; hone_backends[i]; i++)
        if (strcmp(hone_backends[i]->name, name) == 0)
            return hone_backends[i];
    return NULL;
}

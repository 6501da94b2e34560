/* What a stand-in for a call of OpenCL passes it on to. */
#ifndef HONE_TESTS_OPENCL_NEXT_H
#define HONE_TESTS_OPENCL_NEXT_H

#include <CL/cl.h>
#include <dlfcn.h>
#include <stdlib.h>

/* The library's own function of that name. */
static void *next(const char *name) {
    void *found = dlsym(RTLD_NEXT, name);
    if (!found)
        abort();
    return found;
}

#endif

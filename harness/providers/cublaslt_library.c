#include "cublaslt_library.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stddef.h>

#include "peer_library.h"

static cublaslt_library library;
static void *handle;
static char missing[512];
static pthread_once_t loading = PTHREAD_ONCE_INIT;

#define SYMBOL(member, name, parameters) {#name, offsetof(cublaslt_library, member)},

static void load(void) {
    static const char *const names[] = {"libcublasLt.so.13", "libcublasLt.so.12",
                                        "/usr/local/cuda/lib64/libcublasLt.so.13",
                                        "/usr/local/cuda/lib64/libcublasLt.so.12", NULL};
    static const peer_symbol symbols[] = {CUBLASLT_FUNCTIONS(SYMBOL)};
    char file[256];
    handle = peer_library_open(file, missing, sizeof missing, "HONE_CUBLASLT", names,
                               "install cuBLAS of CUDA 12 or 13, and name the file in HONE_CUBLASLT");
    if (handle && !peer_library_fill(&library, missing, sizeof missing, handle, file, symbols,
                                     sizeof symbols / sizeof *symbols)) {
        dlclose(handle);
        handle = NULL;
    }
}

const cublaslt_library *cublaslt_open(const char **reason) {
    pthread_once(&loading, load);
    *reason = handle ? NULL : missing;
    return handle ? &library : NULL;
}

#include "peer_library.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#include "../affinity.h"

void *peer_library_open(char *file, char *reason, size_t size, const char *variable, const char *const *names,
                        const char *hint) {
    const char *named = getenv(variable);
    const char *const only[] = {named, NULL};
    void *handle = NULL;
    cpu_set_t pinned;
    if (named && *named)
        names = only;
    /* A library's threads inherit the CPUs of the thread that loads it. */
    hone_affinity_widen(&pinned);
    for (; !handle && *names; names++) {
        handle = dlopen(*names, RTLD_NOW | RTLD_LOCAL);
        if (handle)
            snprintf(file, size, "%s", *names);
    }
    hone_affinity_restore(&pinned);
    const char *error = handle ? NULL : dlerror();
    if (!handle && named && *named)
        snprintf(reason, size, "%s: %s", variable, error ? error : "it cannot be loaded");
    else if (!handle)
        snprintf(reason, size, "%s cannot be loaded; %s", names[-1], hint);
    while (dlerror()) /* frees the texts of what did not open */
        ;
    return handle;
}

int peer_library_fill(void *out, char *reason, size_t size, void *handle, const char *file,
                      const peer_symbol *symbols, size_t count) {
    for (size_t i = 0; i < count; i++) {
        void *address = dlsym(handle, symbols[i].name);
        if (!address) {
            snprintf(reason, size, "%s has no %s; use another version", file, symbols[i].name);
            return 0;
        }
        *(void **)((char *)out + symbols[i].offset) = address;
    }
    return 1;
}

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cpu/cpu_pool.h"
#include "registry.h"

enum { MAX_BACKENDS = 8 };

typedef struct pool_entry {
    struct pool_entry *next;
    hone_pool *pool;
    int threads;
} pool_entry;

struct hone_context {
    hone_device *devices;
    int device_count;
    char *reasons[MAX_BACKENDS]; /* why hone_backends[i] has no device; NULL when it has */
    int pin;
    pthread_mutex_t pools_lock;
    pool_entry *pools;
};

static hone_status append_devices(hone_context *context, const hone_backend *backend, hone_device *found,
                                  int count) {
    size_t total = (size_t)(context->device_count + count);
    hone_device *grown = realloc(context->devices, total * sizeof *grown);
    if (!grown)
        return hone_fail(HONE_E_NOMEM, "no memory for the list of devices");
    context->devices = grown;
    for (int i = 0; i < count; i++) {
        grown[context->device_count] = found[i];
        grown[context->device_count++].backend = backend;
    }
    return HONE_OK;
}

/* A backend without devices is not an error; its reason is kept for who asks. */
static hone_status find_devices(hone_context *context) {
    for (int i = 0; hone_backends[i] && i < MAX_BACKENDS; i++) {
        hone_device *found = NULL;
        int count = 0;
        hone_status status = hone_backends[i]->devices(&found, &count);
        if (!status)
            status = append_devices(context, hone_backends[i], found, count);
        free(found);
        if (status == HONE_E_NOMEM)
            return status;
        if (status && !(context->reasons[i] = strdup(hone_error_detail())))
            return hone_fail(HONE_E_NOMEM, "no memory for the list of devices");
    }
    return HONE_OK;
}

/* PoCL binds its threads only when the environment asks for it as it starts, and by their numbers, which
 * suits a process that was given all of the machine. Unbound, two of them share a core for milliseconds. */
static void pin_others(void) {
    if (hone_pool_places() == sysconf(_SC_NPROCESSORS_ONLN))
        (void)setenv("POCL_AFFINITY", "1", 0);
}

hone_status hone_context_create_pinned(hone_context **out, int pin) {
    hone_context *context = calloc(1, sizeof *context);
    if (!context)
        return hone_fail(HONE_E_NOMEM, "no memory for a context");
    context->pin = pin;
    pthread_mutex_init(&context->pools_lock, NULL);
    if (pin)
        pin_others();
    hone_status status = find_devices(context);
    if (status) {
        hone_context_destroy(context);
        return status;
    }
    if (pin)
        hone_pool_pin_self(0);
    *out = context;
    return HONE_OK;
}

hone_status hone_context_create(hone_context **out) { return hone_context_create_pinned(out, 0); }

void hone_context_destroy(hone_context *context) {
    if (!context)
        return;
    for (pool_entry *entry = context->pools; entry;) {
        pool_entry *next = entry->next;
        hone_pool_destroy(entry->pool);
        free(entry);
        entry = next;
    }
    for (int i = 0; i < MAX_BACKENDS; i++)
        free(context->reasons[i]);
    pthread_mutex_destroy(&context->pools_lock);
    free(context->devices);
    free(context);
}

/* "opencl" and "opencl:0" name the same device. */
static int same_name(const char *device, const char *asked) {
    if (strcmp(device, asked) == 0)
        return 1;
    size_t length = strlen(asked);
    return !strchr(asked, ':') && strncmp(device, asked, length) == 0 && strcmp(device + length, ":0") == 0;
}

hone_status hone_context_device(const hone_device **out, const hone_context *context, const char *name) {
    if (!name)
        return hone_fail(HONE_E_USAGE, "the device's name is NULL; give one, as in \"cpu\"");
    for (int i = 0; i < context->device_count; i++) {
        if (same_name(context->devices[i].name, name)) {
            *out = &context->devices[i];
            return HONE_OK;
        }
    }
    char backend[32];
    size_t length = strcspn(name, ":");
    snprintf(backend, sizeof backend, "%.*s", length < 31 ? (int)length : 31, name);
    const hone_backend *found = hone_backend_find(backend);
    if (!found)
        return hone_fail(HONE_E_USAGE, "device '%s' is unknown; `hone devices` prints the names", name);
    if (found->described && found->described(name))
        return hone_fail(HONE_E_UNAVAILABLE, "'%s' is the description of a device, on which nothing runs",
                         name);
    const char *reason = hone_context_backend_reason(context, backend);
    if (reason)
        return hone_fail(HONE_E_UNAVAILABLE, "there is no device '%s': %s", name, reason);
    return hone_fail(HONE_E_UNAVAILABLE, "there is no device '%s'; `hone devices` prints the names", name);
}

hone_status hone_context_described(const hone_device **out, const hone_context *context, const char *name) {
    for (int i = 0; name && hone_backends[i]; i++) {
        const hone_device *device = hone_backends[i]->described ? hone_backends[i]->described(name) : NULL;
        if (device) {
            *out = device;
            return HONE_OK;
        }
    }
    return hone_context_device(out, context, name);
}

int hone_context_devices(const hone_device **out, const hone_context *context) {
    *out = context->devices;
    return context->device_count;
}

const char *hone_context_backend_reason(const hone_context *context, const char *backend) {
    for (int i = 0; hone_backends[i] && i < MAX_BACKENDS; i++)
        if (strcmp(hone_backends[i]->name, backend) == 0)
            return context->reasons[i];
    return NULL;
}

hone_status hone_device_fingerprint(const char **out, const hone_context *context, const char *device) {
    const hone_device *found;
    hone_status status = hone_context_device(&found, context, device);
    if (!status)
        *out = found->fingerprint;
    return status;
}

static hone_status add_pool(hone_pool **out, hone_context *context, int threads) {
    pool_entry *entry = calloc(1, sizeof *entry);
    if (!entry)
        return hone_fail(HONE_E_NOMEM, "no memory for a thread pool");
    hone_status status = hone_pool_create(&entry->pool, threads, context->pin);
    if (status) {
        free(entry);
        return status;
    }
    entry->threads = threads;
    entry->next = context->pools;
    context->pools = entry;
    *out = entry->pool;
    return HONE_OK;
}

hone_status hone_context_pool(hone_pool **out, hone_context *context, int threads) {
    if (threads < 1 || threads > HONE_MAX_THREADS)
        return hone_fail(HONE_E_USAGE, "%d threads; it must be 1 to %d, or 0 for all", threads,
                         HONE_MAX_THREADS);
    *out = NULL;
    if (threads == 1)
        return HONE_OK;
    hone_status status = HONE_OK;
    pthread_mutex_lock(&context->pools_lock);
    for (pool_entry *entry = context->pools; entry && !*out; entry = entry->next)
        if (entry->threads == threads)
            *out = entry->pool;
    if (!*out)
        status = add_pool(out, context, threads);
    pthread_mutex_unlock(&context->pools_lock);
    return status;
}

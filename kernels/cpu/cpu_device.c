#include "cpu_device.h"

#include <cpuinfo.h>
#include <ctype.h>
#include <hwloc.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "cpu_pool.h"
#include "cpu_variants.h"

enum { MAX_PATHS = 16 };

const char *const *hone_cpu_code_paths(const hone_device *device) {
    (void)device;
    static _Thread_local const char *paths[MAX_PATHS + 1];
    int count = 0;
    for (const hone_cpu_isa *isa = hone_cpu_isas; isa->name && count < MAX_PATHS; isa++)
        if (hone_cpu_isa_runs(isa))
            paths[count++] = isa->name;
    paths[count] = NULL;
    return paths;
}

/* "avx2+avx512+avx512vnni": what the CPU runs of this build, scalar left out. */
static void join_paths(char *out, size_t size) {
    size_t used = 0;
    out[0] = 0;
    for (const char *const *path = hone_cpu_code_paths(NULL); *path; path++) {
        if (strcmp(*path, "scalar") == 0)
            continue;
        int n = snprintf(out + used, size - used, "%s%s", used ? "+" : "", *path);
        if (n > 0 && used + (size_t)n < size)
            used += (size_t)n;
    }
    if (!used)
        snprintf(out, size, "scalar");
}

static const char *info(hwloc_obj_t object, const char *name) {
    const char *text = object ? hwloc_obj_get_info_by_name(object, name) : NULL;
    return text ? text : "";
}

static int64_t cache_size(hwloc_topology_t topology, hwloc_obj_type_t type, int *count) {
    *count = hwloc_get_nbobjs_by_type(topology, type);
    hwloc_obj_t cache = *count > 0 ? hwloc_get_obj_by_type(topology, type, 0) : NULL;
    return cache ? (int64_t)cache->attr->cache.size : 0;
}

/* "vendor-family-model-stepping/isa/cores,threads/caches". Spaces and slashes
 * never occur, so a fingerprint is one word. */
static void describe(hone_device *d, hwloc_topology_t topology) {
    hwloc_obj_t package = hwloc_get_obj_by_type(topology, HWLOC_OBJ_PACKAGE, 0);
    const char *model = info(package, "CPUModel");
    if (!*model && cpuinfo_initialize() && cpuinfo_get_packages_count())
        model = cpuinfo_get_package(0)->name;
    snprintf(d->model, sizeof d->model, "%s", *model ? model : "unknown CPU");

    char isa[96], part[64];
    join_paths(isa, sizeof isa);
    const char *vendor = info(package, "CPUVendor");
    snprintf(part, sizeof part, "%.24s-%.8s-%.8s-%.8s", *vendor ? vendor : "cpu",
             info(package, "CPUFamilyNumber"), info(package, "CPUModelNumber"), info(package, "CPUStepping"));

    int cores = hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_CORE);
    int l1_count, l2_count, l3_count;
    int64_t l1 = cache_size(topology, HWLOC_OBJ_L1CACHE, &l1_count);
    int64_t l2 = cache_size(topology, HWLOC_OBJ_L2CACHE, &l2_count);
    int64_t l3 = cache_size(topology, HWLOC_OBJ_L3CACHE, &l3_count);
    int threads = hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_PU), given = hone_pool_places();
    threads = threads < 1 ? 1 : threads;
    d->threads = given > 0 && given < threads ? given : threads;
    d->cache_bytes = l3 ? l3 : l2;
    d->core_bytes = l2 ? l2 : l1;
    snprintf(d->family, sizeof d->family, "cpu:%.20s:%s", *vendor ? vendor : "cpu", isa);
    snprintf(d->fingerprint, sizeof d->fingerprint, "cpu:%s:%s:%dc%dt:L1d=%dx%uK,L2=%dx%uK,L3=%dx%uK", part,
             isa, cores < 1 ? 1 : cores, threads, l1_count, (unsigned)(l1 >> 10), l2_count,
             (unsigned)(l2 >> 10), l3_count, (unsigned)(l3 >> 10));
    for (char *c = d->fingerprint; *c; c++)
        if (isspace((unsigned char)*c) || *c == '/')
            *c = '_';
}

hone_status hone_cpu_devices(hone_device **out, int *count) {
    hwloc_topology_t topology;
    if (hwloc_topology_init(&topology))
        return hone_fail(HONE_E_NOMEM, "hwloc could not be initialised");
    hone_device *device = calloc(1, sizeof *device);
    if (!device || hwloc_topology_load(topology)) {
        hwloc_topology_destroy(topology);
        free(device);
        return hone_fail(HONE_E_NOMEM, "the topology of this machine could not be read");
    }
    snprintf(device->name, sizeof device->name, "cpu");
    describe(device, topology);
    hwloc_topology_destroy(topology);
    *out = device;
    *count = 1;
    return HONE_OK;
}

static hone_cpu_caches cache_sizes = {32 << 10, 512 << 10, 4 << 20};
static pthread_once_t caches_once = PTHREAD_ONCE_INIT;

static void find_caches(void) {
    hwloc_topology_t topology;
    int count;
    if (hwloc_topology_init(&topology))
        return;
    if (!hwloc_topology_load(topology)) {
        int64_t l1 = cache_size(topology, HWLOC_OBJ_L1CACHE, &count);
        int64_t l2 = cache_size(topology, HWLOC_OBJ_L2CACHE, &count);
        int64_t l3 = cache_size(topology, HWLOC_OBJ_L3CACHE, &count);
        cache_sizes.l1 = l1 > 0 ? l1 : cache_sizes.l1;
        cache_sizes.l2 = l2 > 0 ? l2 : cache_sizes.l2;
        cache_sizes.l3 = l3 > 0 ? l3 : cache_sizes.l2;
    }
    hwloc_topology_destroy(topology);
}

const hone_cpu_caches *hone_cpu_cache_sizes(void) {
    pthread_once(&caches_once, find_caches);
    return &cache_sizes;
}

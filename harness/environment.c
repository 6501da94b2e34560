#include "environment.h"

#include <gnu/libc-version.h>
#include <hwloc.h>
#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "../kernels/status.h"
#include "clock.h"
#include "gbench.h"
#include "hone_identity.h"

/* ----------------------------------------------------------- kernel's files */

/* The first line of a file, without its end; "" when it cannot be read. */
static void read_line(char *out, size_t size, const char *path) {
    out[0] = '\0';
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return;
    if (fgets(out, (int)size, file) == NULL)
        out[0] = '\0';
    out[strcspn(out, "\n")] = '\0';
    fclose(file);
}

/* The value of the first "key : value" line of /proc/cpuinfo; "" without one. */
static void read_cpuinfo(char *out, size_t size, const char *key) {
    char line[4096]; /* the line of flags is long */
    out[0] = '\0';
    FILE *file = fopen("/proc/cpuinfo", "r");
    if (file == NULL)
        return;
    while (out[0] == '\0' && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, key, strlen(key)) != 0)
            continue;
        const char *value = strchr(line, ':');
        if (value == NULL)
            continue;
        value += 1 + strspn(value + 1, " \t");
        snprintf(out, size, "%.*s", (int)strcspn(value, "\n"), value);
    }
    fclose(file);
}

static double number_or_nan(const char *text) {
    char *end;
    const double value = strtod(text, &end);
    return end != text ? value : NAN;
}

static double read_clock_mhz(void) {
    char text[64];
    read_line(text, sizeof text, "/sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq");
    const double khz = number_or_nan(text);
    if (khz > 0)
        return khz / 1e3;
    read_cpuinfo(text, sizeof text, "cpu MHz");
    return number_or_nan(text);
}

/* "always [madvise] never" -> "madvise" */
static void read_huge_pages(char *out, size_t size) {
    char line[128];
    out[0] = '\0';
    read_line(line, sizeof line, "/sys/kernel/mm/transparent_hugepage/enabled");
    const char *chosen = strchr(line, '[');
    if (chosen != NULL)
        snprintf(out, size, "%.*s", (int)strcspn(chosen + 1, "]"), chosen + 1);
}

/* ------------------------------------------------------------------- system */

static void read_host_and_os(hone_environment *out) {
    struct utsname name;
    if (uname(&name) != 0)
        return;
    snprintf(out->host, sizeof out->host, "%.63s", name.nodename);
    snprintf(out->os, sizeof out->os, "%.62s %.64s", name.sysname, name.release);
}

static hone_status load_topology(hwloc_topology_t *out) {
    if (hwloc_topology_init(out) != 0)
        return hone_fail(HONE_E_NOMEM, "hwloc could not start");
    if (hwloc_topology_load(*out) != 0) {
        hwloc_topology_destroy(*out);
        return hone_fail(HONE_E_UNAVAILABLE, "hwloc cannot read this machine's topology");
    }
    return HONE_OK;
}

static void read_binding(char *out, size_t size) {
    hwloc_topology_t topology;
    if (load_topology(&topology) != HONE_OK)
        return;
    hwloc_bitmap_t cpus = hwloc_bitmap_alloc();
    if (cpus != NULL && hwloc_get_cpubind(topology, cpus, HWLOC_CPUBIND_PROCESS) == 0)
        hwloc_bitmap_list_snprintf(out, size, cpus);
    hwloc_bitmap_free(cpus);
    hwloc_topology_destroy(topology);
}

static void list_libraries(char *out, size_t size) {
    snprintf(out, size, "glibc %s, hwloc %s, sqlite %s, benchmark %s", gnu_get_libc_version(), HWLOC_VERSION,
             sqlite3_libversion(), hone_gbench_version());
}

void hone_environment_read(hone_environment *out) {
    double load[1];
    memset(out, 0, sizeof *out);
    read_host_and_os(out);
    read_cpuinfo(out->cpu_model, sizeof out->cpu_model, "model name");
    read_line(out->governor, sizeof out->governor, "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor");
    out->clock_mhz = read_clock_mhz();
    out->load = getloadavg(load, 1) == 1 ? load[0] : NAN;
    read_binding(out->binding, sizeof out->binding);
    read_huge_pages(out->huge_pages, sizeof out->huge_pages);
    snprintf(out->compiler, sizeof out->compiler, "%s", HONE_COMPILER_TEXT);
    snprintf(out->flags, sizeof out->flags, "%s", HONE_FLAGS_TEXT);
    if (strcmp(HONE_COMMIT_TEXT, "unknown") != 0)
        snprintf(out->commit, sizeof out->commit, "%s", HONE_COMMIT_TEXT);
    list_libraries(out->libraries, sizeof out->libraries);
    hone_clock_timestamp(out->started_at);
}

/* ------------------------------------------------------------------ binding */

hone_status hone_environment_pin(int core) {
    hwloc_topology_t topology;
    hwloc_bitmap_t cpus = NULL;
    hone_status status = load_topology(&topology);
    if (status != HONE_OK)
        return status;

    /* Some virtual machines show processing units without cores. */
    const int cores = hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_CORE);
    const hwloc_obj_type_t type = cores > 0 ? HWLOC_OBJ_CORE : HWLOC_OBJ_PU;
    const int count = hwloc_get_nbobjs_by_type(topology, type);
    if (core < 0 || core >= count) {
        status =
            hone_fail(HONE_E_USAGE, "core %d does not exist; this process may use 0 to %d", core, count - 1);
        goto cleanup;
    }
    cpus = hwloc_bitmap_dup(hwloc_get_obj_by_type(topology, type, (unsigned)core)->cpuset);
    if (cpus == NULL) {
        status = hone_fail(HONE_E_NOMEM, "no memory to bind a thread");
        goto cleanup;
    }
    /* One hardware thread, so that the caller does not move between siblings. */
    hwloc_bitmap_singlify(cpus);
    if (hwloc_set_cpubind(topology, cpus, HWLOC_CPUBIND_THREAD) != 0)
        status = hone_fail(HONE_E_UNAVAILABLE, "the system refuses to bind a thread to core %d", core);

cleanup:
    hwloc_bitmap_free(cpus);
    hwloc_topology_destroy(topology);
    return status;
}

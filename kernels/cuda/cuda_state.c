#include "cuda_state.h"

#include <dlfcn.h>
#include <math.h>
#include <pthread.h>
#include <stddef.h>

#include "cuda_device.h"

/* As nvml.h has them. */
enum { HONE_NVML_CLOCK_SM = 1, HONE_NVML_TEMPERATURE_GPU = 0 };
/* Reasons for a lower clock that are neither idleness, nor a setting, nor the usual limit on power: the
 * hardware's slowdown, heat by software and by hardware, the brake of the power supply. */
static const unsigned long long SLOWED = 0x8 | 0x20 | 0x40 | 0x80;

typedef int nvml_result; /* 0: it worked */
typedef void *nvml_device;

static struct {
    pthread_once_t once;
    int usable;
    nvml_result (*init)(void);
    nvml_result (*find)(const char *bus_id, nvml_device *device);
    nvml_result (*clock)(nvml_device device, unsigned kind, unsigned *mhz);
    nvml_result (*power)(nvml_device device, unsigned *milliwatts);
    nvml_result (*temperature)(nvml_device device, unsigned sensor, unsigned *celsius);
    nvml_result (*reasons)(nvml_device device, unsigned long long *reasons);
} nvml = {.once = PTHREAD_ONCE_INIT};

static void open_library(void) {
    void *library = dlopen("libnvidia-ml.so.1", RTLD_NOW | RTLD_LOCAL);
    const struct {
        const char *name;
        void **to;
    } list[] = {{"nvmlInit_v2", (void **)(void *)&nvml.init},
                {"nvmlDeviceGetHandleByPciBusId_v2", (void **)(void *)&nvml.find},
                {"nvmlDeviceGetClockInfo", (void **)(void *)&nvml.clock},
                {"nvmlDeviceGetPowerUsage", (void **)(void *)&nvml.power},
                {"nvmlDeviceGetTemperature", (void **)(void *)&nvml.temperature},
                {"nvmlDeviceGetCurrentClocksEventReasons", (void **)(void *)&nvml.reasons}};
    if (!library)
        return;
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++)
        *list[i].to = dlsym(library, list[i].name);
    if (!nvml.reasons) /* the same by its earlier name */
        *(void **)(void *)&nvml.reasons = dlsym(library, "nvmlDeviceGetCurrentClocksThrottleReasons");
    for (size_t i = 0; i < sizeof list / sizeof list[0]; i++)
        if (!*list[i].to)
            return;
    nvml.usable = nvml.init() == 0;
}

int hone_cuda_state(hone_device_state *out, const hone_device *device) {
    const hone_cuda_driver *cu;
    const hone_cuda_device *d = hone_cuda_properties(device);
    char bus_id[32];
    nvml_device found;
    unsigned mhz = 0, milliwatts = 0, celsius = 0;
    unsigned long long reasons = 0;
    pthread_once(&nvml.once, open_library);
    if (!nvml.usable || d->described || hone_cuda_driver_open(&cu) ||
        cu->device_bus(bus_id, sizeof bus_id, d->id) || nvml.find(bus_id, &found))
        return 0;
    out->clock_mhz = nvml.clock(found, HONE_NVML_CLOCK_SM, &mhz) ? NAN : mhz;
    out->power_w = nvml.power(found, &milliwatts) ? NAN : milliwatts / 1e3;
    out->celsius = nvml.temperature(found, HONE_NVML_TEMPERATURE_GPU, &celsius) ? NAN : celsius;
    out->slowed = nvml.reasons(found, &reasons) == 0 && (reasons & SLOWED);
    return 1;
}

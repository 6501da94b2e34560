/* NVIDIA's management library in place of its own: one device, which is hot while HONE_EMULATOR_SLOWED is
 * set. */
#include <stdlib.h>
#include <string.h>

#include "image.h"

#define EXPORT __attribute__((visibility("default")))
enum {
    SUCCESS = 0,
    NOT_FOUND = 6,
    IDLE = 0x1,
    POWER_CAP = 0x4,
    HARDWARE_HEAT = 0x40,
    CLOCK = 1500,
    MILLIWATTS = 650000
};

static int device;

EXPORT int nvmlInit_v2(void) { return SUCCESS; }
EXPORT int nvmlDeviceGetHandleByPciBusId_v2(const char *bus_id, void **out) {
    *out = &device;
    return strcmp(bus_id, EMULATED_BUS) == 0 ? SUCCESS : NOT_FOUND;
}
EXPORT int nvmlDeviceGetClockInfo(void *of, unsigned kind, unsigned *mhz) {
    *mhz = CLOCK;
    return of == &device && kind == 1 ? SUCCESS : NOT_FOUND;
}
EXPORT int nvmlDeviceGetPowerUsage(void *of, unsigned *milliwatts) {
    *milliwatts = MILLIWATTS;
    return of == &device ? SUCCESS : NOT_FOUND;
}
/* A device may have no such sensor. */
EXPORT int nvmlDeviceGetTemperature(void *of, unsigned sensor, unsigned *celsius) {
    (void)of, (void)sensor, (void)celsius;
    return NOT_FOUND;
}
EXPORT int nvmlDeviceGetCurrentClocksThrottleReasons(void *of, unsigned long long *reasons) {
    *reasons = POWER_CAP | (getenv("HONE_EMULATOR_SLOWED") ? HARDWARE_HEAT : 0);
    return of == &device ? SUCCESS : NOT_FOUND;
}

/* To be loaded before a command: HONE_TEST_STARTS kernels start before the device is lost. */
#include "opencl_loss.h"

__attribute__((constructor)) static void read_environment(void) {
    const char *starts = getenv("HONE_TEST_STARTS");
    if (starts)
        starts_left = atoi(starts);
}

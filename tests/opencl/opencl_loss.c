/* To be loaded before a command: HONE_TEST_STARTS kernels start before the device is lost, of those whose
 * names begin with HONE_TEST_KERNEL, if that is set. */
#include "opencl_loss.h"

__attribute__((constructor)) static void read_environment(void) {
    const char *starts = getenv("HONE_TEST_STARTS"), *kernel = getenv("HONE_TEST_KERNEL");
    if (kernel)
        counted = kernel;
    if (starts)
        starts_left = atoi(starts);
}

/* Not a test: measures configs of one problem in turn; scripts/bench-tune runs it.
 *
 *     bench_configs PROBLEM THREADS SAMPLES CONFIG...
 *
 * Prints the median of each config on this machine's CPU in microseconds, one a line. */
#include "../bench_paired.h"

int main(int argc, char **argv) {
    hone_context *context;
    const hone_device *device;
    hone_problem problem;
    double us[BENCH_MOST];
    const int configs = argc - 4, threads = argc > 2 ? atoi(argv[2]) : 0,
              samples = argc > 3 ? atoi(argv[3]) : 0;
    if (configs < 1 || configs > BENCH_MOST || threads < 1 || samples < 1) {
        fprintf(stderr, "Usage: bench_configs PROBLEM THREADS SAMPLES CONFIG...; at most %d configs\n",
                BENCH_MOST);
        return 2;
    }
    check(hone_problem_parse(&problem, argv[1]), argv[1]);
    check(hone_context_create_pinned(&context, 1), "context");
    check(hone_context_device(&device, context, "cpu"), "device");
    measure_paired(us, (const char *const *)&argv[4], configs, context, device, &problem, threads, samples);
    for (int i = 0; i < configs; i++)
        printf("%.6g\n", us[i]);
    hone_context_destroy(context);
    return 0;
}

#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "cli.h"

/* timeout(1) signals its child and then the child's group: what comes so soon after the first is no second
 * one. */
static const int64_t SAME_SIGNAL_NS = 500000000;

static volatile int stop_requested;
static _Atomic int64_t first_ns;

static int64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* The second signal ends the process, once this has come back. */
static void request_stop(int number) {
    if (!stop_requested) {
        first_ns = now_ns();
        stop_requested = 1;
    } else if (now_ns() - first_ns >= SAME_SIGNAL_NS) {
        signal(number, SIG_DFL);
        raise(number);
    }
}

const volatile int *cli_catch_stop(void) {
    struct sigaction action = {.sa_handler = request_stop, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigaddset(&action.sa_mask, SIGINT);
    sigaddset(&action.sa_mask, SIGTERM);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    return &stop_requested;
}

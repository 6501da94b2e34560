#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "cli.h"

/* timeout(1) signals its child and then the child's group: what comes so soon after the first is no second
 * one. */
static const long long SAME_SIGNAL_NS = 500000000;

static volatile int stop_requested;
static atomic_llong first_ns; /* when the first came; 0: none has */
_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "a signal's handler may use it");

static long long now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (long long)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* The second signal ends the process, once this has come back. */
static void request_stop(int number) {
    const long long now = now_ns();
    long long first = 0;
    if (!atomic_compare_exchange_strong(&first_ns, &first, now) && now - first >= SAME_SIGNAL_NS) {
        signal(number, SIG_DFL);
        raise(number);
    }
    stop_requested = 1;
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

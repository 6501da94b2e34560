#include <signal.h>
#include <stddef.h>

#include "cli.h"

static volatile int stop_requested;

/* The second signal ends the process: its handler is gone. */
static void request_stop(int number) {
    (void)number;
    stop_requested = 1;
}

const volatile int *cli_catch_stop(void) {
    struct sigaction action = {.sa_handler = request_stop, .sa_flags = SA_RESETHAND | SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    return &stop_requested;
}

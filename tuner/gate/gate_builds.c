/* Comparing two builds of the command by running them alternately. */
#include "gate.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../kernels/status.h"

extern char **environ;

int hone_gate_is_executable(const char *path) {
    struct stat info;
    if (stat(path, &info) != 0 || !S_ISREG(info.st_mode) || access(path, X_OK) != 0)
        return 0;
    /* A results file may have the bit too, on file systems that give it to all. */
    FILE *file = fopen(path, "rb");
    if (!file)
        return 1;
    int first;
    do
        first = getc(file);
    while (first == ' ' || first == '\t' || first == '\r' || first == '\n');
    fclose(file);
    return first != '{' && first != EOF;
}

/* Starts `argv` with its standard output in a pipe, whose reading end is *out. */
static hone_status start(pid_t *child, FILE **out, char *const *argv) {
    int ends[2];
    posix_spawn_file_actions_t actions;
    if (pipe2(ends, O_CLOEXEC) != 0)
        return hone_fail(HONE_E_NOMEM, "no pipe to '%s': %s", argv[0], strerror(errno));
    int error = posix_spawn_file_actions_init(&actions);
    if (error == 0) {
        error = posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
        if (error == 0)
            error = posix_spawn(child, argv[0], &actions, NULL, argv, environ);
        posix_spawn_file_actions_destroy(&actions);
    }
    close(ends[1]);
    if (error != 0) {
        close(ends[0]);
        return hone_fail(HONE_E_DATA, "cannot run '%s': %s", argv[0], strerror(error));
    }
    *out = fdopen(ends[0], "rb");
    if (!*out) {
        close(ends[0]);
        waitpid(*child, NULL, 0);
        return hone_fail(HONE_E_NOMEM, "no memory to read what '%s' prints", argv[0]);
    }
    return HONE_OK;
}

/* What an ended build says by itself. Results come with 0, and with 1 when a
 * kernel is wrong. */
static hone_status check_exit(hone_gate_side_name side, const char *path, int ended) {
    static const hone_status statuses[] = {
        HONE_OK, HONE_OK, HONE_E_USAGE, HONE_E_UNAVAILABLE, HONE_E_DATA, HONE_E_INCONCLUSIVE,
    };
    if (WIFSIGNALED(ended))
        return hone_fail(side == HONE_GATE_CANDIDATE ? HONE_E_WRONG : HONE_E_DATA,
                         "'%s' was killed by signal %d", path, WTERMSIG(ended));
    size_t code = (size_t)WEXITSTATUS(ended);
    hone_status status = code < sizeof statuses / sizeof statuses[0] ? statuses[code] : HONE_E_DATA;
    return status == HONE_OK
               ? HONE_OK
               : hone_fail(status, "'%s bench' ended with code %zu; see its message", path, code);
}

static hone_status run_once(hone_gate *gate, hone_gate_side_name side, char *const *argv) {
    pid_t child;
    FILE *output;
    char *text = NULL;
    size_t size = 0;
    hone_status status = start(&child, &output, argv);
    if (status != HONE_OK)
        return status;
    status = hone_gate_read_stream(&text, &size, output, argv[0]);
    fclose(output);
    int ended = 0;
    while (waitpid(child, &ended, 0) < 0 && errno == EINTR)
        continue;
    if (status == HONE_OK)
        status = check_exit(side, argv[0], ended);
    if (status == HONE_OK)
        status = hone_gate_add_text(gate, side, text, size, argv[0]);
    free(text);
    return status;
}

hone_status hone_gate_run_builds(hone_gate *gate, const hone_gate_builds *builds) {
    hone_status status = HONE_OK;
    size_t extra = (size_t)builds->argument_count;
    char **argv = calloc(extra + 4, sizeof *argv);
    if (!argv)
        return hone_fail(HONE_E_NOMEM, "no memory for a command line");
    argv[1] = (char *)"bench"; /* exec takes char * but does not write */
    for (size_t i = 0; i < extra; i++)
        argv[2 + i] = (char *)builds->arguments[i];
    argv[2 + extra] = (char *)"--json";
    for (int run = 0; run < 2 * builds->rounds; run++) {
        /* AB BA AB ...: drift meets both sides alike. */
        int side = (run + run / 2) % 2;
        char text[64];
        snprintf(text, sizeof text, "round %d of %d, %s", run / 2 + 1, builds->rounds,
                 side == HONE_GATE_BASELINE ? "baseline" : "candidate");
        if (builds->progress)
            builds->progress(run / (2.0 * builds->rounds), text);
        argv[0] = (char *)builds->paths[side];
        status = run_once(gate, (hone_gate_side_name)side, argv);
        if (status != HONE_OK) {
            hone_fail_context(status, "%s", text);
            break;
        }
    }
    free(argv);
    return status;
}

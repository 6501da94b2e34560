/* The command: finds the subcommand in commands.def and runs it. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "../../kernels/status.h"
#include "cli_complete.h"
#include "hone_identity.h"

static const cli_command commands[] = {
#define HONE_COMMAND(name, summary) {#name, summary, cli_run_##name},
#include "commands.def"
#undef HONE_COMMAND
};
enum { COMMAND_COUNT = sizeof commands / sizeof commands[0] };

static void print_usage(FILE *out) {
    fputs("Usage: hone COMMAND [options]\n\n"
          "Measures, tunes and serves fused GEMM + activation kernels.\n\n"
          "Commands:\n",
          out);
    for (int i = 0; i < COMMAND_COUNT; i++)
        fprintf(out, "  %-8s  %s\n", commands[i].name, commands[i].summary);
    fputs("\n'hone COMMAND --help' lists a command's options.\n"
          "Exit codes: 0 success; 1 a negative verdict; 2 usage; 3 unavailable; 4 data or I/O;\n"
          "5 inconclusive.\n",
          out);
}

static const cli_command *find_command(const char *name) {
    for (int i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    const char *names[COMMAND_COUNT];
    for (int i = 0; i < COMMAND_COUNT; i++)
        names[i] = commands[i].name;
    cli_unknown("command", name, names, COMMAND_COUNT);
    return NULL;
}

static int print_version(void) {
    printf("hone %s (build %s, commit %s, %s)\n", HONE_VERSION_TEXT, HONE_BUILD_ID_TEXT, HONE_COMMIT_TEXT,
           HONE_COMPILER_TEXT);
    return 0;
}

/* `hone help [COMMAND]` */
static int run_help(int argc, char **argv) {
    if (argc < 2) {
        print_usage(stdout);
        return 0;
    }
    const cli_command *command = find_command(argv[1]);
    if (!command)
        return cli_fail("help", HONE_E_USAGE);
    char help[] = "--help";
    char *arguments[] = {argv[1], help, NULL};
    return command->run(2, arguments);
}

/* `hone complete WORD...`, the last being the one to complete; for the shells' scripts. */
static int run_complete(int argc, char **argv) {
    static const char *const others[] = {"help", "--help", "--version"};
    const char *names[COMMAND_COUNT];
    for (int i = 0; i < COMMAND_COUNT; i++)
        names[i] = commands[i].name;
    int of_command = argc == 2, of_help = argc == 3 && strcmp(argv[1], "help") == 0;
    if (of_command || of_help)
        cli_complete_names(argv[argc - 1], names, COMMAND_COUNT);
    if (of_command)
        cli_complete_names(argv[1], others, sizeof others / sizeof others[0]);
    cli_complete_start();
    for (int i = 0; i < COMMAND_COUNT && argc > 2; i++)
        if (strcmp(names[i], argv[1]) == 0)
            return commands[i].run(argc - 1, argv + 1);
    return 0;
}

static int dispatch(int argc, char **argv) {
    if (argc < 2) {
        print_usage(stderr);
        return hone_status_exit_code(HONE_E_USAGE);
    }
    const char *word = argv[1];
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0) {
        print_usage(stdout);
        return 0;
    }
    if (strcmp(word, "--version") == 0)
        return print_version();
    if (strcmp(word, "help") == 0)
        return run_help(argc - 1, argv + 1);
    if (strcmp(word, "complete") == 0)
        return run_complete(argc - 1, argv + 1);
    if (word[0] == '-') {
        hone_fail(HONE_E_USAGE, "option '%s' is unknown; a command comes first, see 'hone --help'", word);
        return cli_fail("", HONE_E_USAGE);
    }
    const cli_command *command = find_command(word);
    if (!command)
        return cli_fail("", HONE_E_USAGE);
    return command->run(argc - 1, argv + 1);
}

/* A closed standard stream would give its number to the next file that is
 * opened, and messages would be written into it. Opened read-only, a closed
 * stdout is still found to fail when it is written. */
static void reserve_standard_streams(void) {
    int fd;
    do {
        fd = open("/dev/null", O_RDONLY);
    } while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        close(fd);
}

/* Results that did not reach their reader are a failure, whatever was found. */
static int finish(int code) {
    /* Of a write that failed earlier errno tells no more. */
    int reason = fflush(stdout) != 0 ? errno : 0;
    if ((!reason && !ferror(stdout)) || code == hone_status_exit_code(HONE_E_DATA))
        return code;
    hone_fail(HONE_E_DATA, "cannot write to standard output: %s",
              reason ? strerror(reason) : "an earlier write failed; check where it goes and the space left");
    return cli_fail("", HONE_E_DATA);
}

int main(int argc, char **argv) {
    reserve_standard_streams();
    signal(SIGPIPE, SIG_IGN);
    return finish(dispatch(argc, argv));
}

/* Completion: `hone complete tune --dtype f` prints what the last word may become,
 * a line each: whole words, or ":files" or ":folders" where the shell knows better.
 * The scripts in completion/ pass that on.
 *
 * Commands need not know: while a line is completed, cli_parse offers what its table
 * has and answers as if --help had been printed. A command with words of its own
 * before its options offers them itself. */
#ifndef HONE_TUNER_CLI_COMPLETE_H
#define HONE_TUNER_CLI_COMPLETE_H

#include "cli.h"

/* From now on this process completes. */
void cli_complete_start(void);
int cli_completing(void);

/* Offers the names that begin with `word`. */
void cli_complete_names(const char *word, const char *const *names, int count);

/* Offers what argv[argc - 1] may become after argv[1 ..]: the options in `rows`, their
 * values, or the operands that the synopsis has. */
void cli_complete(int argc, char **argv, const cli_option *const *rows, int count, const char *synopsis);

#endif

/* What a tuning database knows about a problem on a device that need not be here:
 *
 *     find_config PROBLEM FINGERPRINT [DATABASE]
 *     find_config gemm/f32/gelu_tanh/128x3072x768 "$fingerprint" hone.db
 *
 * `hone devices` prints fingerprints. Without DATABASE the user's and the system's
 * are asked. Links libhone-db alone: no kernels, no drivers.
 *
 * Exit codes are the command's: 0 found, 1 nothing known, 2 usage, 4 no such database. */
#include <hone/hone.h>

#include <stdio.h>

static int exit_code(hone_status status) {
    switch (status) {
    case HONE_OK:
        return 0;
    case HONE_E_NOMATCH:
        return 1;
    case HONE_E_USAGE:
        return 2;
    default:
        return 4;
    }
}

int main(int argc, char **argv) {
    if (argc < 3 || argc > 4) {
        fputs("Usage: find_config PROBLEM FINGERPRINT [DATABASE]\n", stderr);
        return 2;
    }
    hone_problem problem;
    hone_db *db = NULL;
    hone_match match;
    hone_status status = hone_problem_parse(&problem, argv[1]);
    if (status == HONE_OK)
        status = hone_db_open(&db, argc > 3 ? argv[3] : NULL);
    if (status == HONE_OK)
        status = hone_db_find(&match, db, argv[2], NULL, &problem, NULL);
    if (status == HONE_OK) {
        printf("match   %s%s\nproblem %s\nconfig  %s\n", hone_match_kind_name(match.kind),
               match.stale ? ", stale" : "", match.matched_problem, match.config);
        printf("known   p50 %.1f us, relative error %.1e, %lld samples, build %s\n", match.p50_us,
               match.err_rel_fro, (long long)match.samples, match.build);
    } else {
        fprintf(stderr, "find_config: %s\n", hone_error_detail());
    }
    hone_db_close(db);
    return exit_code(status);
}

/* Not a test: how good near matches are; scripts/bench-near runs it.
 *
 *     bench_near FILE [SAMPLES]
 *
 * Leave-one-out over the problems that FILE has winners of on this machine's CPU: a problem's winners are
 * hidden, it is looked up, and what the lookup answers is measured beside the problem's own winner and the
 * default config, in turn, SAMPLES (default 200) times each. Prints one JSON object a line: the problem, what
 * answered, and the ratios of the medians. FILE is left as it was. */
#include "../../tuner/db/db_private.h"
#include "../bench_paired.h"

enum { OWN, NEAR, DEFAULT, RIVALS };

/* What a lookup answers when the problem's own winners are not there. */
static void look_up_without(hone_match *out, hone_db *db, const hone_device *device,
                            const hone_problem *problem) {
    char text[HONE_PROBLEM_TEXT];
    sqlite3_stmt *hide;
    check(hone_problem_format(text, sizeof text, problem), "problem");
    check(hone_db_begin(db), "hiding winners");
    check(
        hone_db_prepare(
            &hide, db, "DELETE FROM winners WHERE problem_id = (SELECT id FROM problems WHERE text = :text)"),
        "hiding winners");
    hone_db_bind_text(hide, ":text", text);
    check(hone_db_complete(db, hide, "hiding winners"), "hiding winners");
    hone_db_refresh(db);
    check(hone_db_lookup_device(out, db, device, problem, NULL), text);
    check(hone_db_execute(db, "ROLLBACK", "showing winners"), "showing winners");
    hone_db_refresh(db);
}

static double cost(const hone_device *device, const hone_problem *problem, const char *text) {
    hone_config config;
    check(hone_config_parse(&config, text), text);
    return device->backend->cost(device, problem, &config, device->threads);
}

static void judge(hone_db *db, hone_context *context, const hone_device *device, const hone_problem *problem,
                  int samples) {
    hone_match own, near, usual;
    double us[RIVALS];
    check(hone_db_lookup_device(&own, db, device, problem, NULL), "own winner");
    if (own.kind != HONE_MATCH_EXACT)
        return;
    look_up_without(&near, db, device, problem);
    check(hone_db_lookup_device(&usual, NULL, device, problem, NULL), "default");
    measure_paired(us, (const char *const[RIVALS]){own.config, near.config, usual.config}, RIVALS, context,
                   device, problem, device->threads, samples);
    printf("{\"problem\": \"%s\", \"match\": \"%s\", \"matched_problem\": \"%s\", \"own_us\": %.4f, "
           "\"near_over_own\": %.4f, \"near_over_default\": %.4f, \"default_over_own\": %.4f, "
           "\"model_near_over_default\": %.4f}\n",
           own.problem, hone_match_kind_name(near.kind), near.matched_problem, us[OWN], us[NEAR] / us[OWN],
           us[NEAR] / us[DEFAULT], us[DEFAULT] / us[OWN],
           cost(device, problem, near.config) / cost(device, problem, usual.config));
    fflush(stdout);
}

int main(int argc, char **argv) {
    hone_context *context;
    const hone_device *device;
    hone_db *db;
    sqlite3_stmt *problems;
    int samples = argc > 2 ? atoi(argv[2]) : 200, row = 0, count = 0;
    hone_problem *list = NULL;
    if (argc < 2 || samples < 1) {
        fprintf(stderr, "Usage: bench_near FILE [SAMPLES]\n");
        return 2;
    }
    check(hone_db_open_one(&db, argv[1]), "opening"); /* a file that is not there is not made */
    hone_db_close(db);
    check(hone_db_open_write(&db, argv[1]), "opening");
    check(hone_context_create_pinned(&context, 1), "context");
    check(hone_context_device(&device, context, "cpu"), "device");
    check(hone_db_prepare(&problems, db, "SELECT text FROM problems ORDER BY text"), "problems");
    for (;;) {
        check(hone_db_step(&row, db, problems, "reading problems"), "problems");
        if (!row)
            break;
        hone_problem *grown = realloc(list, (size_t)(count + 1) * sizeof *list);
        if (!grown)
            return 4;
        list = grown;
        check(hone_problem_parse(&list[count++], hone_db_text(problems, 0)), "problem");
    }
    for (int i = 0; i < count; i++)
        judge(db, context, device, &list[i], samples);
    free(list);
    hone_context_destroy(context);
    hone_db_close(db);
    return 0;
}

/* Files that are no longer, or never were, what a Hone wrote: mutated pages, and whole databases made to
 * mislead. A lookup answers with a config that the problem's space has, or with a reason; nothing crashes,
 * hangs, or writes. */
#include <errno.h>

#include "../../tuner/db/db_winner.h"
#include "../../tuner/db/lookup_private.h"
#include "../db/db_fixture.h"
#include "mutate.h"

enum { ROUNDS = 400, ROOM = 1 << 24 };

typedef struct file_bytes {
    size_t size;
    unsigned char bytes[ROOM];
} file_bytes;

static void read_bytes(file_bytes *out, const char *path) {
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    out->size = fread(out->bytes, 1, ROOM, file);
    assert_in_range(out->size, 0, ROOM - 1);
    fclose(file);
}

static void write_bytes(const char *path, const file_bytes *in) {
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(in->bytes, 1, in->size, file), in->size);
    assert_int_equal(fclose(file), 0);
}

/* Removes a database with what SQLite keeps beside it. */
static void remove_database(const char *path) {
    static const char *const endings[] = {"", "-wal", "-shm", "-journal"};
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        char name[300];
        snprintf(name, sizeof name, "%s%s", path, endings[i]);
        unlink(name);
    }
}

/* Winners of several shapes, configs and builds; the space of the small problem has none of mr=16. */
static void make_database(const char *path) {
    static const char *const problems[] = {"gemm/f32/relu/64x64x64", "gemm/f32/relu/8x64x64",
                                           "gemm/f32/relu/128x64x64"};
    hone_db *db = NULL;
    int64_t run = 0;
    remove_database(path);
    assert_int_equal(hone_db_open_write(&db, path), HONE_OK);
    assert_int_equal(hone_db_run_begin(&run, db, "hone test", fixture_environment()), HONE_OK);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(fixture_add(db, run, (fixture_row){.problem = problems[i], .config = "mr=4,nr=16"}),
                         HONE_OK);
        assert_int_equal(fixture_add(db, run,
                                     (fixture_row){.problem = problems[i],
                                                   .config = "mr=8,nr=32",
                                                   .us = 9,
                                                   .device = i ? &fixture_device : &fixture_sibling}),
                         HONE_OK);
        assert_int_equal(
            fixture_fail(db, run, (fixture_row){.problem = problems[i], .config = "mr=2,nr=8"}, "run"),
            HONE_OK);
    }
    assert_int_equal(hone_db_derive_winners(db, NULL, NULL), HONE_OK);
    hone_db_close(db);
}

/* ---- what may be asked, and what may be answered */

static void assert_status(hone_status status) {
    if (status != HONE_OK && status != HONE_E_DATA)
        fail_msg("status %d: %s", status, hone_error_detail());
}

static void assert_legal(const hone_match *match, const hone_problem *problem) {
    hone_space *space = NULL;
    hone_config config;
    assert_int_equal(hone_config_parse(&config, match->config), HONE_OK);
    assert_int_equal(fixture_space(&space, &fixture_device, problem, 2), HONE_OK);
    if (hone_space_check(space, &config) != HONE_OK)
        fail_msg("the answer is '%s': %s", match->config, hone_error_detail());
    hone_space_destroy(space);
    if (match->kind == HONE_MATCH_DEFAULT)
        return;
    /* What was measured is a time. */
    if (!(match->p50_us > 0 && isfinite(match->p50_us) && isfinite(match->gflops) && match->samples >= 1))
        fail_msg("the answer has p50 %g us, %g Gflop/s of %lld samples", match->p50_us, match->gflops,
                 (long long)match->samples);
}

static void ask(hone_db *db) {
    static const char *const problems[] = {"gemm/f32/relu/64x64x64", "gemm/f32/relu/4x64x64",
                                           "gemm/f32/identity/100x64x60"};
    static const hone_lookup_options options[] = {{.threads = 2},
                                                  {.threads = 2, .objective = "p95", .allow_stale = 1},
                                                  {.threads = 2, .max_rel_error = 1e-3}};
    for (int i = 0; i < 9; i++) {
        hone_problem problem = fixture_problem(problems[i / 3]);
        hone_match match;
        hone_status status = hone_db_lookup_device(&match, db, &fixture_device, &problem, &options[i % 3]);
        assert_status(status);
        if (status == HONE_OK)
            assert_legal(&match, &problem);
    }
}

/* What only reads, beside the lookup. */
static int look_after(hone_db *db) {
    hone_problem problem = fixture_problem("gemm/f32/relu/64x64x64");
    hone_winner_subject subject = {
        .device = &fixture_device, .problem = &problem, .threads = 2, .mode = "warm", .objective = "p50"};
    hone_winner winner;
    hone_db_report report;
    int found = 0;
    FILE *out = fopen("/dev/null", "w");
    assert_non_null(out);
    assert_status(hone_db_winner(&found, &winner, db, &subject));
    assert_status(hone_db_export(out, db));
    hone_status status = hone_db_export_t4(out, db, NULL, NULL);
    assert_status(status == HONE_E_NOMATCH ? HONE_OK : status);
    fclose(out);
    assert_int_equal(hone_db_check(&report, db, NULL, NULL), HONE_OK);
    return report.ok;
}

/* Whatever is written on top: a status, and no crash. */
static void write_on(const char *path) {
    const char *const inputs[] = {path};
    int64_t run = 0;
    hone_db *db = NULL;
    remove_database(fixture_path("merged.db"));
    hone_status status = hone_db_merge(NULL, fixture_path("merged.db"), inputs, 1);
    assert_status(status);
    if (status == HONE_OK && hone_db_open(&db, fixture_path("merged.db")) == HONE_OK) {
        if (!look_after(db))
            fail_msg("merging made a database that fails its check");
        hone_db_close(db);
    }
    status = hone_db_open_write(&db, path);
    assert_status(status);
    if (status != HONE_OK)
        return;
    status = hone_db_run_begin(&run, db, "hone test", fixture_environment());
    assert_status(status);
    if (status == HONE_OK)
        assert_status(fixture_add(db, run, (fixture_row){.us = 3}));
    assert_status(hone_db_derive_winners(db, NULL, NULL));
    hone_db_close(db);
}

/* Returns what the check says, 0 when the file is not even opened. */
static int examine(const char *path) {
    static file_bytes before, after;
    hone_db *db = NULL;
    int sound = 0;
    read_bytes(&before, path);
    hone_status status = hone_db_open(&db, path);
    assert_status(status);
    if (status == HONE_OK) {
        ask(db);
        sound = look_after(db);
        hone_db_close(db);
    }
    read_bytes(&after, path);
    assert_int_equal(after.size, before.size);
    assert_memory_equal(after.bytes, before.bytes, before.size);
    write_on(path);
    return sound;
}

/* ---- pages */

static void damaged_pages(void **state) {
    static const char *const words[] = {
        "CREATE",     "TABLE",          "TEXT", "REAL",  "STRICT",           "winners", "devices",
        "mr=16,nr=8", "gemm/f32/relu/", "warm", "final", "\xff\xff\xff\xff", "\x0d",    "\x05"};
    static file_bytes sound, damaged;
    mutator m = MUTATOR(1, words);
    int opened = 0;
    char path[256];
    (void)state;
    snprintf(path, sizeof path, "%s", fixture_path("damaged.db"));
    make_database(path);
    read_bytes(&sound, path);
    assert_in_range(sound.size, 40000, 1 << 18);
    for (int round = 0; round < ROUNDS; round++) {
        hone_db *db = NULL;
        damaged.size = sound.size;
        memcpy(damaged.bytes, sound.bytes, sound.size);
        /* The header, the schema, or any page; as bytes that keep their place, or with all that follows
         * shifted. */
        size_t ends[] = {100, 4096, sound.size}, end = ends[mutator_draw(&m, 3)];
        if (mutator_draw(&m, 8) == 0)
            damaged.size = mutate(&m, damaged.bytes, damaged.size, 1 << 19);
        else
            for (size_t times = 1 + mutator_draw(&m, 12); times > 0; times--)
                (mutator_draw(&m, 2) ? mutate_flip : mutate_set)(&m, damaged.bytes, end, end);
        remove_database(path);
        write_bytes(path, &damaged);
        opened += hone_db_open(&db, path) == HONE_OK;
        hone_db_close(db);
        examine(path);
    }
    /* Most of the damage is past what opening looks at. */
    assert_in_range(opened, ROUNDS / 4, ROUNDS - 10);
}

/* ---- whole databases */

/* A table without its constraints and types, so that it takes anything. */
#define LOOSE(table)                                                                                         \
    "PRAGMA foreign_keys = 0; PRAGMA legacy_alter_table = 1; CREATE TABLE loose AS SELECT * FROM " table     \
    "; DROP TABLE " table "; ALTER TABLE loose RENAME TO " table ";"
#define ENDLESS "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT n AS "

static const char *const hostile[] = {
    /* foreign objects, and views in the place of tables */
    "CREATE TRIGGER t AFTER INSERT ON runs BEGIN DELETE FROM measurements; END",
    "CREATE TRIGGER t AFTER DELETE ON winners BEGIN INSERT INTO devices VALUES (9, 'f', 'b', '', '', 1); END",
    "DROP TABLE winners; CREATE VIEW winners AS " ENDLESS
    "device_id, n AS problem_id, n AS threads, 'p50' AS "
    "objective, 'warm' AS mode, n AS build_id, n AS measurement_id FROM r",
    "PRAGMA foreign_keys = 0; DROP TABLE configs; CREATE VIEW configs AS " ENDLESS
    "id, 'mr=4,nr=16' AS text FROM r",
    "PRAGMA legacy_alter_table = 1; ALTER TABLE devices RENAME TO hidden; CREATE VIEW devices AS SELECT * "
    "FROM hidden",
    "CREATE TABLE sqlitelike (a); CREATE VIEW endless AS " ENDLESS "a FROM r",
    "ALTER TABLE devices ADD COLUMN extra TEXT",
    "ALTER TABLE devices ADD COLUMN \"id) DO NOTHING; DROP TABLE runs; --\" TEXT",
    "ALTER TABLE devices ADD COLUMN huge TEXT AS (hex(zeroblob(20000000)))",
    "ALTER TABLE measurements ADD COLUMN huge INTEGER AS (length(hex(zeroblob(20000000))) / (p50_us - "
    "p50_us))",
    "ALTER TABLE measurements DROP COLUMN cv",
    "PRAGMA foreign_keys = 0; DROP TABLE measurements",
    "PRAGMA foreign_keys = 0; DROP TABLE builds; CREATE TABLE builds (identity)",
    "CREATE INDEX more ON measurements (p50_us / 0)",
    "PRAGMA writable_schema = 1; UPDATE sqlite_schema SET rootpage = 2 WHERE name = 'winners'",
    "PRAGMA writable_schema = 1; UPDATE sqlite_schema SET sql = 'CREATE TABLE winners (' WHERE name = "
    "'winners'",
    "PRAGMA writable_schema = 1; UPDATE sqlite_schema SET sql = replace(sql, 'text', 'texts') WHERE name = "
    "'configs'",
    /* who it says it is */
    "PRAGMA user_version = 0",
    "PRAGMA user_version = -1",
    "PRAGMA user_version = 2147483647",
    "PRAGMA application_id = 1",
    /* configs */
    LOOSE("configs") "UPDATE configs SET text = 'mr=16,nr=8'",
    LOOSE("configs") "UPDATE configs SET text = 'mr=3,nr=8'",
    LOOSE("configs") "UPDATE configs SET text = 'mr=4,nr=16,mr=4'",
    LOOSE("configs") "UPDATE configs SET text = '''; DROP TABLE configs; --'",
    LOOSE("configs") "UPDATE configs SET text = hex(zeroblob(500000))",
    LOOSE("configs") "UPDATE configs SET text = NULL",
    LOOSE("configs") "UPDATE configs SET text = zeroblob(40)",
    LOOSE("configs") "UPDATE configs SET text = 'mr=4,nr=16' || char(0) || ',mr=16'",
    LOOSE("configs") "UPDATE configs SET text = x'ff80fe3d'",
    LOOSE("configs") "INSERT INTO configs SELECT id, 'mr=16,nr=8' FROM configs",
    /* numbers */
    LOOSE("measurements") "UPDATE measurements SET p50_us = -1",
    LOOSE("measurements") "UPDATE measurements SET p50_us = 0",
    LOOSE("measurements") "UPDATE measurements SET p50_us = 9e999",
    LOOSE("measurements") "UPDATE measurements SET p50_us = NULL, mean_us = NULL, p95_us = NULL",
    LOOSE("measurements") "UPDATE measurements SET p50_us = 'fast', mean_us = 'faster', p95_us = x'00'",
    LOOSE("measurements") "UPDATE measurements SET p50_us = x'ffff', p95_us = 9e999, err_rel_fro = 'none'",
    LOOSE("measurements") "UPDATE measurements SET p50_us = 1e-320",
    LOOSE("measurements") "UPDATE measurements SET sample_count = -1, samples = NULL",
    LOOSE("measurements") "UPDATE measurements SET sample_count = 9223372036854775807, samples = "
                          "zeroblob(1000003)",
    LOOSE("measurements") "UPDATE measurements SET samples = 'text', seed = 'seed', threads = 2.5",
    LOOSE("measurements") "UPDATE measurements SET measured_at = hex(zeroblob(500000)), uid = 7",
    LOOSE("measurements") "UPDATE measurements SET correct = 'yes', stage = 'final '",
    LOOSE("measurements") "UPDATE measurements SET run_id = -1",
    LOOSE("measurements") "UPDATE measurements SET run_id = 'one', problem_id = 1e300, id = NULL",
    LOOSE("measurements") "INSERT INTO measurements SELECT * FROM measurements",
    LOOSE("failures") "UPDATE failures SET kind = 1e999, config_id = x'00', threads = 'all'",
    LOOSE("devices") "UPDATE devices SET threads = -5, family = hex(zeroblob(500000))",
    LOOSE("devices") "UPDATE devices SET fingerprint = 'cpu/test-9000/avx2/2c'",
    LOOSE("devices") "INSERT INTO devices SELECT * FROM devices",
    LOOSE("builds") "UPDATE builds SET identity = zeroblob(200)",
    LOOSE("builds") "UPDATE builds SET identity = hex(zeroblob(500))",
    /* problems */
    LOOSE("problems") "UPDATE problems SET m = -64",
    LOOSE("problems") "UPDATE problems SET m = 9223372036854775807, n = 'wide', k = 1.5",
    LOOSE("problems") "UPDATE problems SET text = 'gemm/f32/relu/64x64x64'",
    LOOSE("problems") "UPDATE problems SET text = replace(text, 'f32', 'f16')",
    LOOSE("problems") "UPDATE problems SET text = 'gemm/' || hex(zeroblob(500000))",
    LOOSE("problems") "UPDATE problems SET text = text || '/plain', dtype = 4",
    LOOSE("problems") "UPDATE problems SET text = NULL, activation = NULL",
    /* winners */
    LOOSE("winners") "UPDATE winners SET measurement_id = 0",
    LOOSE("winners") "UPDATE winners SET measurement_id = 'best', mode = hex(zeroblob(500000))",
    LOOSE("winners") "UPDATE winners SET measurement_id = (SELECT max(id) FROM measurements)",
    LOOSE("winners") "UPDATE winners SET problem_id = 1",
    LOOSE("winners") "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 3000) INSERT "
                     "INTO winners "
                     "SELECT device_id, problem_id, threads, objective, mode, build_id, n FROM winners, r",
    LOOSE("winners") "UPDATE winners SET build_id = NULL, threads = '2'",
};

static void hostile_databases(void **state) {
    char path[256];
    (void)state;
    snprintf(path, sizeof path, "%s", fixture_path("hostile.db"));
    make_database(path);
    assert_int_equal(examine(path), 1); /* the check below finds what was done, not what was there */
    for (size_t i = 0; i < sizeof hostile / sizeof hostile[0]; i++) {
        make_database(path);
        fixture_damage(path, hostile[i]);
        print_message("%s\n", hostile[i]);
        if (examine(path))
            fail_msg("the check finds nothing");
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(damaged_pages),
        cmocka_unit_test(hostile_databases),
    };
    return cmocka_run_group_tests(tests, fixture_setup_in_memory, fixture_teardown);
}

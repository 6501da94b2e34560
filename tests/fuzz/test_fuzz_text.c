/* Mutated texts of problems, configs, expressions, spaces and recorded caches: each is read or refused with a
 * reason, and what is read comes back from its canonical text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../kernels/config.h"
#include "../../kernels/expr.h"
#include "../../kernels/space.h"
#include "../../kernels/status.h"
#include "../../tuner/search/cache.h"
#include "mutate.h"

enum { ROUNDS = 40000, CACHE_ROUNDS = 2500, ROOM = 4096 };

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

static const char *pick(mutator *m, const char *const *texts, size_t count) {
    return texts[mutator_draw(m, count)];
}

/* Both happen, or the mutations are too weak or too strong. */
static void assert_mixed(int taken, int rounds) { assert_in_range(taken, rounds / 50, rounds - rounds / 50); }

static void assert_refused(hone_status status, hone_status expected, const char *text) {
    if (status != expected || !hone_error_detail()[0])
        fail_msg("status %d and '%s' for: %s", status, hone_error_detail(), text);
}

/* ---- problems */

static const char *const problems[] = {
    "gemm/f32/relu/64x64x64",
    "gemm/f32/gelu_tanh/128x3072x768/tb/plain/nobias",
    "gemm/s8/clip/16x17x65536/min=-1.5/max=6/a=u8/out=f16/rowscale/tb",
    "gemm/bf16/leaky_relu/1x1x16777216/alpha=0.2",
    "gemm/f16/identity/2x3x4/tb/tb/tb/tb/tb/tb/tb/tb/tb/tb/tb/plain",
};
static const char *const problem_words[] = {"/tb",
                                            "/plain",
                                            "/nobias",
                                            "/rowscale",
                                            "/a=u8",
                                            "/out=f32",
                                            "/alpha=1e308",
                                            "/alpha=-0",
                                            "/min=nan",
                                            "/max=inf",
                                            "/alpha=0x1p-3",
                                            "/",
                                            "//",
                                            "gemm",
                                            "f32",
                                            "int8",
                                            "fp16",
                                            "swish",
                                            "prelu",
                                            "0",
                                            "-1",
                                            "+7",
                                            " 7",
                                            "16777217",
                                            "17179869185",
                                            "99999999999999999999",
                                            "x",
                                            "1e3",
                                            "elu",
                                            "celu"};

static int same_problem(const hone_problem *a, const hone_problem *b) {
    int same = a->m == b->m && a->n == b->n && a->k == b->k && a->dtype == b->dtype &&
               a->a_type == b->a_type && a->c_type == b->c_type && a->act == b->act && a->bias == b->bias &&
               a->weights_transposed == b->weights_transposed && a->weights_plain == b->weights_plain &&
               a->a_scale_per_row == b->a_scale_per_row;
    for (int i = 0; i < HONE_ACT_MAX_PARAMS; i++)
        same &= a->act_params[i] == b->act_params[i];
    return same;
}

static void check_problem(const hone_problem *problem, const char *text) {
    char canonical[HONE_PROBLEM_TEXT], again[HONE_PROBLEM_TEXT], longer[ROOM + 8];
    hone_problem back;
    assert_int_equal(hone_problem_check(problem), HONE_OK);
    if (hone_problem_format(canonical, sizeof canonical, problem) != HONE_OK)
        fail_msg("%s: %s", text, hone_error_detail());
    assert_int_equal(hone_problem_parse(&back, canonical), HONE_OK);
    assert_true(same_problem(problem, &back));
    assert_int_equal(hone_problem_format(again, sizeof again, &back), HONE_OK);
    assert_string_equal(again, canonical);
    /* No part of it goes unread. */
    snprintf(longer, sizeof longer, "%s/what", text);
    if (hone_problem_parse(&back, longer) == HONE_OK)
        fail_msg("the end of %s was not read", longer);
}

static void problems_are_read_or_refused(void **state) {
    mutator m = MUTATOR(1, problem_words);
    int taken = 0;
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        char text[ROOM];
        hone_problem problem;
        snprintf(text, sizeof text, "%s", pick(&m, problems, COUNT(problems)));
        mutate_text(&m, text, sizeof text);
        hone_status status = hone_problem_parse(&problem, text);
        if (status != HONE_OK) {
            assert_refused(status, HONE_E_USAGE, text);
            continue;
        }
        taken++;
        check_problem(&problem, text);
    }
    assert_mixed(taken, ROUNDS);
}

/* ---- configs */

static const char *const configs[] = {
    "isa=avx512,kc=384,mr=14,nr=32", "a=1", "z=9,y=-8,x=word,w=0", "",
    "k01=1,k02=1,k03=1,k04=1,k05=1,k06=1,k07=1,k08=1,k09=1,k10=1,k11=1,k12=1,k13=1,k14=1,k15=1,k16=1,k17=1,"
    "k18=1,"
    "k19=1,k20=1,k21=1,k22=1,k23=1,k24=1,k25=1,k26=1,k27=1,k28=1,k29=1,k30=1,k31=1"};
static const char *const config_words[] = {",",
                                           "=",
                                           "==",
                                           ",,",
                                           "mr",
                                           "mr=8",
                                           ",mr=8",
                                           " ",
                                           "'; DROP TABLE configs; --",
                                           "-9223372036854775808",
                                           "123456789012345678901234",
                                           "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz",
                                           "k32=1",
                                           ",k33=2",
                                           "\x01"};

static void configs_are_read_or_refused(void **state) {
    mutator m = MUTATOR(2, config_words);
    int taken = 0;
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        char text[ROOM], canonical[ROOM], again[ROOM];
        hone_config config, back;
        snprintf(text, sizeof text, "%s", pick(&m, configs, COUNT(configs)));
        if (text[0] == '\0')
            strcpy(text, mutator_word(&m));
        mutate_text(&m, text, sizeof text);
        hone_status status = hone_config_parse(&config, text);
        if (status != HONE_OK) {
            assert_refused(status, HONE_E_USAGE, text);
            continue;
        }
        taken++;
        assert_int_equal(hone_config_format(canonical, sizeof canonical, &config), HONE_OK);
        /* In another order at most: nothing was dropped or made up. */
        assert_int_equal(strlen(canonical), strlen(text));
        assert_int_equal(hone_config_parse(&back, canonical), HONE_OK);
        assert_int_equal(hone_config_format(again, sizeof again, &back), HONE_OK);
        assert_string_equal(again, canonical);
    }
    assert_mixed(taken, ROUNDS);
}

/* ---- expressions and spaces */

static const char *const expressions[] = {
    "mr <= m",
    "kc == 128 || kc / 2 < k",
    "(mr + 1) * -nr % 7 >= 3 && isa != 'avx2'",
    "!(m > 4) || (kc % (mr - 4)) == 0",
    "((((((((1))))))))",
};
static const char *const expression_words[] = {"&&",
                                               "||",
                                               "!",
                                               "-",
                                               "--",
                                               "(",
                                               ")",
                                               "((((((((((((((((",
                                               "))))))))",
                                               "==",
                                               "<=",
                                               "/ 0",
                                               "% 0",
                                               "isa",
                                               "'avx2'",
                                               "''",
                                               "'",
                                               "kc",
                                               "unknown",
                                               "9223372036854775807",
                                               "9223372036854775808",
                                               "(-9223372036854775807 - 1)",
                                               "/ -1",
                                               "* 4611686018427387904",
                                               "!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!!"};

/* The space that the expressions are about; NULL when the constraint is refused. */
static hone_space *make_space(const char *constraint) {
    hone_space *space = NULL;
    assert_int_equal(hone_space_create(&space), HONE_OK);
    assert_int_equal(hone_space_param(space, "mr", "1 4 16"), HONE_OK);
    assert_int_equal(hone_space_param(space, "nr", "8 9223372036854775807"), HONE_OK);
    assert_int_equal(hone_space_param(space, "kc", "128 0 -9223372036854775808"), HONE_OK);
    assert_int_equal(hone_space_param(space, "isa", "avx2 avx512"), HONE_OK);
    assert_int_equal(hone_space_constant(space, "m", 4), HONE_OK);
    assert_int_equal(hone_space_constant(space, "k", 384), HONE_OK);
    hone_status status = hone_space_require(space, constraint);
    if (status == HONE_OK)
        return space;
    assert_refused(status, HONE_E_USAGE, constraint);
    hone_space_destroy(space);
    return NULL;
}

/* At every point: legal or not is the same by index and by name. */
static void check_space(const hone_space *space) {
    for (int point = 0; point < 3 * 2 * 3 * 2; point++) {
        int indices[] = {point % 3, point / 3 % 2, point / 6 % 3, point / 18}, back[4];
        hone_config config;
        assert_int_equal(hone_space_config(&config, space, indices), HONE_OK);
        assert_int_equal(hone_space_indices(back, space, &config), HONE_OK);
        assert_memory_equal(back, indices, sizeof indices);
        assert_int_equal(hone_space_check(space, &config) == HONE_OK, hone_space_valid(space, indices) != 0);
    }
}

static void expressions_are_read_or_refused(void **state) {
    mutator m = MUTATOR(3, expression_words);
    int taken = 0;
    (void)state;
    for (int round = 0; round < ROUNDS / 2; round++) {
        char text[ROOM], *translated = NULL;
        snprintf(text, sizeof text, "%s", pick(&m, expressions, COUNT(expressions)));
        mutate_text(&m, text, sizeof text);
        hone_space *space = make_space(text);
        if (space) {
            taken++;
            assert_string_equal(hone_expr_text(space->constraints[0]), text);
            check_space(space);
            hone_space_destroy(space);
        }
        /* The same text as Python's, which shares most of the language. */
        hone_status status = hone_python_translate(&translated, text);
        if (status != HONE_OK)
            assert_refused(status, HONE_E_DATA, text);
        free(translated);
    }
    assert_mixed(taken, ROUNDS / 2);
}

static void python_lists_are_read_or_refused(void **state) {
    static const char *const lists[] = {"[1, 2, 4]", "[2**i for i in range(0, 6)] + list(range(8, 33, 8))",
                                        "['a', \"b\", True]", "list(range(5))"};
    static const char *const list_words[] = {"range(0, 10**18)",
                                             "range(10, 0, -1)",
                                             "range(0, 5, 0)",
                                             "**",
                                             "-",
                                             "[",
                                             "]",
                                             "for i in",
                                             "i",
                                             "9223372036854775807",
                                             "1e9",
                                             "'",
                                             "list("};
    mutator m = MUTATOR(4, list_words);
    int taken = 0;
    (void)state;
    for (int round = 0; round < ROUNDS / 4; round++) {
        char text[ROOM], *values = NULL;
        snprintf(text, sizeof text, "%s", pick(&m, lists, COUNT(lists)));
        mutate_text(&m, text, sizeof text);
        hone_status status = hone_python_list(&values, text);
        taken += status == HONE_OK;
        if (status != HONE_OK)
            assert_refused(status, HONE_E_DATA, text);
        free(values);
    }
    assert_mixed(taken, ROUNDS / 4);
}

/* ---- recorded caches */

static const char kernel_tuner[] =
    "{\"device_name\": \"Some GPU\", \"kernel_name\": \"k\", \"problem_size\": [64, 32],\n"
    " \"tune_params_keys\": [\"x\", \"y\"], \"tune_params\": {\"x\": [0, 1], \"y\": [\"a\", \"b\"]}, "
    "\"cache\": {\n"
    "\"0,a\": {\"x\": 0, \"y\": \"a\", \"time\": 2.5, \"compile_time\": 600.0, \"power\": NaN},\n"
    "\"0,b\": {\"x\": 0, \"y\": \"b\", \"time\": \"RuntimeFailedConfig\", \"benchmark_time\": 300},\n"
    "\"1,a\": {\"x\": 1, \"y\": \"a\", \"time\": 1e20},\n"
    "\"1,b\": {\"x\": 1, \"y\": \"b\", \"time\": 1.5, \"framework_time\": 100}}}\n";
static const char t4[] =
    "{\"metadata\": {\"timeunit\": \"milliseconds\"}, \"schema_version\": \"1.0.0\", \"results\": [\n"
    "{\"configuration\": {\"x\": 1, \"w\": true}, \"times\": {\"compilation\": 0.5, \"search_algorithm\": "
    "9,\n"
    "\"runtimes\": [0.25, 0.25]}, \"invalidity\": \"correct\", \"correctness\": 1,\n"
    "\"measurements\": [{\"name\": \"time\", \"value\": 3, \"unit\": \"\"}], \"objectives\": [\"time\"]},\n"
    "{\"configuration\": {\"x\": 2, \"w\": false}, \"invalidity\": \"runtime\", \"correctness\": 0,\n"
    "\"measurements\": [], \"objectives\": [\"time\"]}]}\n";
static const char t1[] =
    "{\"General\": {\"BenchmarkName\": \"k\"}, \"ConfigurationSpace\": {\"TuningParameters\": [\n"
    "{\"Name\": \"x\", \"Type\": \"int\", \"Values\": \"list(range(0, 10))\"},\n"
    "{\"Name\": \"y\", \"Values\": [\"a\", \"b\"]}, {\"Name\": \"w\", \"Values\": \"[2**i for i in "
    "range(4)]\"}],\n"
    "\"Conditions\": [{\"Expression\": \"0 <= x < 3 or w == 1\", \"Parameters\": []}]}}\n";
static const char *const json_words[] = {"null",
                                         "true",
                                         "NaN",
                                         "Infinity",
                                         "-Infinity",
                                         "0",
                                         "-1",
                                         "1e308",
                                         "1e999",
                                         "9223372036854775808",
                                         "\"\"",
                                         "[]",
                                         "{}",
                                         "\"x\"",
                                         "\"time\"",
                                         "\"cache\": {",
                                         "\"results\": [",
                                         "\"tune_params_keys\": []",
                                         "}",
                                         "]",
                                         ",",
                                         "\"\\u0000\"",
                                         "[[[[[[[[[[[[[[[[",
                                         "\"range(0, 10**9)\"",
                                         "\"x // 0 == x\"",
                                         "\"[1] * 9\"",
                                         "\xff",
                                         "\"ConfigurationSpace\": {"};

static char folder[32], cache_path[64], space_path[64];

static int make_folder(void **state) {
    (void)state;
    snprintf(folder, sizeof folder, "/dev/shm/hone_fuzz_XXXXXX");
    if (!mkdtemp(folder)) {
        snprintf(folder, sizeof folder, "/tmp/hone_fuzz_XXXXXX");
        if (!mkdtemp(folder))
            return -1;
    }
    snprintf(cache_path, sizeof cache_path, "%s/cache.json", folder);
    snprintf(space_path, sizeof space_path, "%s/space.json", folder);
    return 0;
}

static int remove_folder(void **state) {
    (void)state;
    unlink(cache_path);
    unlink(space_path);
    return rmdir(folder);
}

static void write_text(const char *path, const char *text) {
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
}

static void check_cache(const hone_cache *cache) {
    int valid = 0;
    assert_in_range(cache->points->count, 1, HONE_POINTS_MAX);
    for (int64_t point = 0; point < cache->points->count; point++) {
        hone_config config;
        assert_int_equal(hone_points_config(&config, cache->points, point), HONE_OK);
        assert_int_equal(hone_points_find(cache->points, &config), point);
        assert_false(cache->values[point] != cache->values[point]); /* NaN orders nothing */
        assert_true(cache->seconds[point] >= 0);
        valid += cache->values[point] < 1e308 * 10;
    }
    assert_true(valid >= 1);
}

static int load(const char *space) {
    hone_cache *cache = NULL;
    hone_status status = hone_cache_load(&cache, cache_path, space);
    if (status != HONE_OK) {
        assert_refused(status, HONE_E_DATA, cache_path);
        assert_null(cache);
        return 0;
    }
    check_cache(cache);
    hone_cache_destroy(cache);
    return 1;
}

static void caches_are_read_or_refused(void **state) {
    mutator m = MUTATOR(5, json_words);
    int taken = 0;
    (void)state;
    for (int round = 0; round < CACHE_ROUNDS; round++) {
        char text[ROOM];
        snprintf(text, sizeof text, "%s", round % 2 ? t4 : kernel_tuner);
        mutate_text(&m, text, sizeof text);
        write_text(cache_path, text);
        taken += load(NULL);
    }
    assert_mixed(taken, CACHE_ROUNDS);
}

static void spaces_are_read_or_refused(void **state) {
    mutator m = MUTATOR(6, json_words);
    int taken = 0;
    (void)state;
    write_text(cache_path, kernel_tuner);
    for (int round = 0; round < CACHE_ROUNDS; round++) {
        char text[ROOM];
        hone_space *space = NULL;
        snprintf(text, sizeof text, "%s", t1);
        mutate_text(&m, text, sizeof text);
        write_text(space_path, text);
        hone_status status = hone_space_load_t1(&space, space_path);
        if (status == HONE_OK) {
            taken++;
            hone_space_destroy(space);
            load(space_path);
        } else {
            assert_refused(status, HONE_E_DATA, text);
        }
    }
    assert_mixed(taken, CACHE_ROUNDS);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(problems_are_read_or_refused),    cmocka_unit_test(configs_are_read_or_refused),
        cmocka_unit_test(expressions_are_read_or_refused), cmocka_unit_test(python_lists_are_read_or_refused),
        cmocka_unit_test(caches_are_read_or_refused),      cmocka_unit_test(spaces_are_read_or_refused),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}

/* Python conditions against what they mean, Python lists, and T1 files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../kernels/expr.h"
#include "../../tuner/search/cache.h"

/* The names that conditions use here: x, y, z. */
static int lookup(const char *name, const void *context) {
    (void)context;
    return name[1] == '\0' && name[0] >= 'x' && name[0] <= 'z' ? name[0] - 'x' : -1;
}

static int64_t evaluate(const char *python, int64_t x, int64_t y, int64_t z) {
    char *text;
    hone_expr *expr;
    hone_value values[] = {{.number = x}, {.number = y}, {.number = z}};
    const hone_value *bound[] = {&values[0], &values[1], &values[2]};
    assert_int_equal(hone_python_translate(&text, python), HONE_OK);
    assert_int_equal(hone_expr_parse(&expr, text, lookup, NULL), HONE_OK);
    int64_t value = hone_expr_eval(expr, bound);
    hone_expr_destroy(expr);
    free(text);
    return value;
}

static void conditions_mean_the_same(void **state) {
    (void)state;
    for (int x = 0; x < 9; x++) {
        for (int y = 0; y < 9; y++) {
            for (int z = 0; z < 9; z++) {
                assert_int_equal(evaluate("2 <= x * y <= 12", x, y, z), 2 <= x * y && x * y <= 12);
                assert_int_equal(evaluate("x < y <= z != 4", x, y, z), x < y && y <= z && z != 4);
                assert_int_equal(evaluate("not x == 1 and y > 2 or z", x, y, z), (x != 1 && y > 2) || z);
                assert_int_equal(evaluate("not (x == 1 and y == 2)", x, y, z), !(x == 1 && y == 2));
                assert_int_equal(evaluate("x + y * z - 2 ** 3 == 1", x, y, z), x + y * z - 8 == 1);
                assert_int_equal(evaluate("x in (1, 3, 5) or y not in [2, z]", x, y, z),
                                 x == 1 || x == 3 || x == 5 || !(y == 2 || y == z));
                assert_int_equal(evaluate("y == 0 or x // y == 2", x, y, z), y == 0 || x / y == 2);
                assert_int_equal(evaluate("y == 0 or x / y == 2", x, y, z), y == 0 || x == 2 * y);
                assert_int_equal(evaluate("z == 0 or y == 0 or 12 % ((x * y) / z) == 0", x, y, z),
                                 z == 0 || y == 0 || (x * y != 0 && x * y % z == 0 && 12 % (x * y / z) == 0));
                assert_int_equal(evaluate("-x < -(y) + +z", x, y, z), -x < -y + z);
                assert_int_equal(evaluate("(x == 2) == (y == 2)", x, y, z), (x == 2) == (y == 2));
            }
        }
    }
    assert_int_equal(evaluate("True and not False", 0, 0, 0), 1);
    assert_int_equal(evaluate("'a' == \"a\" and 'a' != 'b'", 0, 0, 0), 1);
    assert_int_equal(evaluate("x < 1e3", 999, 0, 0), 1);
}

static void no_counterpart(void **state) {
    (void)state;
    static const char *const bad[] = {"",       "x <",     "(x",     "x = 2",   "min(x, y) < 2", "x.y > 1",
                                      "x[0]",   "x < 1.5", "x ** y", "x ** 99", "x if y else z", "x in 3",
                                      "'open",  "''",      "x & y",  "lambda",  "x < y)",        "1 2",
                                      "x << 2", "not",     "x in (1"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char *text = NULL;
        hone_status status = hone_python_translate(&text, bad[i]);
        if (strcmp(bad[i], "lambda") == 0) { /* a name like any other */
            assert_int_equal(status, HONE_OK);
            free(text);
            continue;
        }
        if (status != HONE_E_DATA)
            fail_msg("'%s' is taken", bad[i]);
        assert_null(text);
    }
    /* Deep or growing ones end in an error, not in a crash. */
    char deep[4096];
    memset(deep, '(', sizeof deep - 1);
    deep[sizeof deep - 1] = '\0';
    char *text;
    assert_int_equal(hone_python_translate(&text, deep), HONE_E_DATA);
    for (size_t i = 0; i + 4 < sizeof deep; i += 4)
        memcpy(deep + i, "not ", 4);
    assert_int_equal(hone_python_translate(&text, deep), HONE_E_DATA);
    char *at = deep;
    for (int i = 0; i < 12; i++)
        *at++ = '(';
    *at++ = 'x';
    for (int i = 0; i < 12; i++, at += strlen(") ** 9"))
        strcpy(at, ") ** 9");
    assert_int_equal(hone_python_translate(&text, deep), HONE_E_DATA);
}

static void lists(void **state) {
    (void)state;
    static const struct {
        const char *python, *values;
    } good[] = {
        {"[1, 2,4]", "1 2 4"},
        {"[0]", "0"},
        {"(1, 2,)", "1 2"},
        {"[1, 2] + list(range(8, 25, 8))", "1 2 8 16 24"},
        {"[2**i for i in range(0, 6)]", "1 2 4 8 16 32"},
        {"[16*i+1 for i in [1, 3]] + [7]", "17 49 7"},
        {"range(3, 0, -1)", "3 2 1"},
        {"['a', \"b\"]", "a b"},
        {"[True, False, 0.5, 32*4]", "1 0 0.5 128"},
        {"[-1, 1024//2 + 1]", "-1 513"},
    };
    static const char *const bad[] = {
        "",          "[]",           "[1",        "[1,,2]",          "1, 2",
        "range(0)",  "range(1,2,0)", "[x]",       "[2**99]",         "[1] 2",
        "['a b']",   "['open]",      "[1//0]",    "range(10**9)",    "[i for in range(3)]",
        "[i for i]", "list(3)",      "[9**9**9]", "[j for i in [1]]"};
    char *text;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_int_equal(hone_python_list(&text, good[i].python), HONE_OK);
        assert_string_equal(text, good[i].values);
        free(text);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (hone_python_list(&text, bad[i]) != HONE_E_DATA)
            fail_msg("'%s' is taken", bad[i]);
}

/* The described GEMM space has as many legal configs as its makers say. */
static void a_space_of_others(void **state) {
    (void)state;
    static const char path[] = HONE_SOURCE_DIR "/../shared/data/autotune/gemm_milo.T1.json";
    hone_space *space;
    hone_points *points;
    if (access(path, R_OK) != 0) {
        print_message("skipped: %s is not there\n", path);
        skip();
    }
    assert_int_equal(hone_space_load_t1(&space, path), HONE_OK);
    assert_int_equal(hone_points_create(&points, space), HONE_OK);
    assert_int_equal(points->count, 116928);
    hone_points_destroy(points);
    hone_space_destroy(space);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conditions_mean_the_same),
        cmocka_unit_test(no_counterpart),
        cmocka_unit_test(lists),
        cmocka_unit_test(a_space_of_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Constraint expressions: a table of values, a table of errors, and hostile text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../kernels/expr.h"

/* m=12 n=5 zero=0 most=INT64_MAX least=INT64_MIN isa='avx512' */
static const char *const names[] = {"m", "n", "zero", "most", "least", "isa"};
static const hone_value given[] = {{.number = 12},        {.number = 5},         {.number = 0},
                                   {.number = INT64_MAX}, {.number = INT64_MIN}, {.word = "avx512"}};
enum { NAMES = sizeof names / sizeof names[0] };

static int lookup(const char *name, const void *context) {
    (void)context;
    for (int i = 0; i < NAMES; i++) {
        if (strcmp(name, names[i]) == 0)
            return i;
    }
    return -1;
}

static int64_t eval(const char *text) {
    const hone_value *values[NAMES];
    for (int i = 0; i < NAMES; i++)
        values[i] = &given[i];
    hone_expr *expr;
    assert_int_equal(hone_expr_parse(&expr, text, lookup, NULL), HONE_OK);
    assert_string_equal(hone_expr_text(expr), text);
    int64_t value = hone_expr_eval(expr, values);
    hone_expr_destroy(expr);
    return value;
}

static void gives_values(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int64_t value;
    } rows[] = {
        {"1", 1},
        {" 7 ", 7},
        {"1+2*3", 7},
        {"(1+2)*3", 9},
        {"10-3-2", 5},
        {"100/7/2", 7},
        {"17%5*2", 4},
        {"-m", -12},
        {"- -m", 12},
        {"2*-3", -6},
        {"!m", 0},
        {"!!m", 1},
        {"!zero == 1", 1},
        {"-7/2", -3},
        {"-7%2", -1},
        {"m > n && n > 4", 1},
        {"m < n || n >= 5", 1},
        {"m <= 12 == 1", 1},
        {"1 < 2 == 2 > 1", 1},
        {"1 || 0 && 0", 1},
        {"(1 || 0) && 0", 0},
        {"5 && 7", 1},
        {"0 || 9", 1},
        {"m != 12", 0},
        {"m+n*2 == 22", 1},
        {"isa == 'avx512'", 1},
        {"isa != 'avx512'", 0},
        {"isa == 'avx2'", 0},
        {"isa == 'avx2' || m == 12", 1},
        {"'a' == 'a'", 1},
        {"isa == 12", 0},
        {"isa != 12", 1},
        {"most", INT64_MAX},
        {"9223372036854775807", INT64_MAX},
        {"1&&2||0", 1},
        /* a guard keeps the rest from being evaluated */
        {"zero == 0 || m / zero > 1", 1},
        {"zero != 0 && m / zero > 1", 0},
        {"(zero && 1 / zero) + 3", 3},
        /* no value: the whole is 0, whatever is around it */
        {"m / zero", 0},
        {"m % zero", 0},
        {"!(m / zero)", 0},
        {"m / zero == 0", 0},
        {"m / zero || 1", 0},
        {"most + 1 > 0", 0},
        {"most + 1 < 0", 0},
        {"least - 1 < 0", 0},
        {"most * 2 != 0", 0},
        {"-least == 0 || 1", 0},
        {"least / (0-1) == least", 0},
        {"least % (0-1) == 0", 0},
        {"isa", 0},
        {"isa + 1", 0},
        {"!isa", 0},
        {"-isa", 0},
        {"isa < 'b'", 0},
        {"isa || 1", 0},
        {"isa && 1", 0},
        {"0 || isa", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t value = eval(rows[i].text);
        if (value != rows[i].value)
            fail_msg("'%s' gives %lld, not %lld", rows[i].text, (long long)value, (long long)rows[i].value);
    }
}

static void refuses_bad_text(void **state) {
    (void)state;
    static const struct {
        const char *text, *says;
    } rows[] = {
        {"", "character 1"},
        {"   ", "character 4"},
        {"1 +", "character 4"},
        {"+ 1", "character 1"},
        {"1 2", "operator"},
        {"m n", "operator"},
        {"(1", "')'"},
        {"1)", "operator"},
        {"()", "character 2"},
        {"1 = 1", "operator"},
        {"1 & 1", "operator"},
        {"1 | 1", "operator"},
        {"1 === 1", "expected"},
        {"1 << 2", "expected"},
        {"m ? 1 : 0", "operator"},
        {"unknown == 1", "unknown"},
        {"mm", "unknown"},
        {"'avx512", "not closed"},
        {"isa == ''", "1 to 23"},
        {"isa == 'a_word_that_is_far_too_long'", "1 to 23"},
        {"a_name_that_is_far_too_long_for_us_who_take_only_47", "longer"},
        {"9223372036854775808", "64 bits"},
        {"1.5", "operator"},
        {"\"x\"", "expected"},
        {"m; n", "operator"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        hone_expr *expr = NULL;
        assert_int_equal(hone_expr_parse(&expr, rows[i].text, lookup, NULL), HONE_E_USAGE);
        assert_null(expr);
        if (!strstr(hone_error_detail(), rows[i].says))
            fail_msg("'%s': the detail lacks \"%s\": %s", rows[i].text, rows[i].says, hone_error_detail());
    }
}

static void knows_its_names(void **state) {
    (void)state;
    hone_expr *expr;
    assert_int_equal(hone_expr_parse(&expr, "1 == 1", lookup, NULL), HONE_OK);
    assert_int_equal(hone_expr_last_name(expr), -1);
    hone_expr_destroy(expr);
    assert_int_equal(hone_expr_parse(&expr, "zero < m && 'n' != isa", lookup, NULL), HONE_OK);
    assert_int_equal(hone_expr_last_name(expr), 5);
    assert_true(hone_expr_uses(expr, 0));
    assert_true(hone_expr_uses(expr, 5));
    assert_false(hone_expr_uses(expr, 1)); /* only a word here */
    hone_expr_destroy(expr);
}

/* `unit` repeated, then `tail`. */
static char *repeated(const char *unit, size_t times, const char *tail) {
    size_t length = strlen(unit);
    char *text = malloc(length * times + strlen(tail) + 1);
    assert_non_null(text);
    for (size_t i = 0; i < times; i++)
        memcpy(text + i * length, unit, length);
    strcpy(text + length * times, tail);
    return text;
}

static void survives_hostile_text(void **state) {
    (void)state;
    static const struct {
        const char *unit, *tail;
        size_t times;
        hone_status status;
    } rows[] = {
        {"(", "1", 60000, HONE_E_USAGE},    {"!", "1", 60000, HONE_E_USAGE},  {"-", "1", 60000, HONE_E_USAGE},
        {"1+", "1", 30000, HONE_OK},        {"1&&", "1", 20000, HONE_OK},     {"9", "", 60000, HONE_E_USAGE},
        {"m", "", 60000, HONE_E_USAGE},     {"'", "", 1001, HONE_E_USAGE},    {" ", "1", 60000, HONE_OK},
        {"1||", "1", 100000, HONE_E_USAGE}, {"\xff", "", 1000, HONE_E_USAGE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *text = repeated(rows[i].unit, rows[i].times, rows[i].tail);
        hone_expr *expr = NULL;
        assert_int_equal(hone_expr_parse(&expr, text, lookup, NULL), rows[i].status);
        hone_expr_destroy(expr);
        free(text);
    }
    assert_int_equal(eval("((((((((((((((((((((1))))))))))))))))))))"), 1);

    /* The deepest text that parses, with operands waiting at every level, fits the stack. */
    char *deep = repeated("0||1&&1==1<1+1*(", 63, "1");
    char *closing = repeated(")", 63, "");
    char *text = malloc(strlen(deep) + strlen(closing) + 1);
    assert_non_null(text);
    strcpy(text, deep);
    strcat(text, closing);
    eval(text);
    free(text);
    free(closing);
    free(deep);
}

static void parses_values(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int64_t number;
        int is_word;
    } rows[] = {{"384", 384, 0}, {"-3", -3, 0},  {"0", 0, 0},  {"avx512", 0, 1},
                {"007", 0, 1},   {"-0", 0, 1},   {"+5", 0, 1}, {"99999999999999999999", 0, 1},
                {"1e3", 0, 1},   {"14x32", 0, 1}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        hone_value value;
        char text[24];
        assert_int_equal(hone_value_parse(&value, rows[i].text), HONE_OK);
        assert_int_equal(value.number, rows[i].number);
        assert_int_equal(value.word[0] != 0, rows[i].is_word);
        hone_value_format(text, &value);
        assert_string_equal(text, rows[i].text);
    }
    hone_value a, b;
    assert_int_equal(hone_value_parse(&a, ""), HONE_E_USAGE);
    assert_int_equal(hone_value_parse(&a, "a_word_that_is_far_too_long"), HONE_E_USAGE);
    assert_int_equal(hone_value_parse(&a, "0"), HONE_OK);
    assert_int_equal(hone_value_parse(&b, "zero"), HONE_OK);
    assert_false(hone_value_equal(&a, &b));
    assert_true(hone_value_equal(&a, &a));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_values),    cmocka_unit_test(refuses_bad_text),
        cmocka_unit_test(knows_its_names), cmocka_unit_test(survives_hostile_text),
        cmocka_unit_test(parses_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

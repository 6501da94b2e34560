/* Configs: canonical text, and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../../kernels/config.h"

static void text_is_canonical(void **state) {
    (void)state;
    static const char *const rows[][2] = {
        {"nr=32,isa=avx512,mr=14,kc=384", "isa=avx512,kc=384,mr=14,nr=32"},
        {"a=1", "a=1"},
        {"", ""},
        {"b=2,a=1,c=-3", "a=1,b=2,c=-3"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        hone_config config;
        char text[HONE_CONFIG_TEXT];
        assert_int_equal(hone_config_parse(&config, rows[i][0]), HONE_OK);
        assert_int_equal(hone_config_format(text, sizeof text, &config), HONE_OK);
        assert_string_equal(text, rows[i][1]);
    }
}

static void gets_and_replaces(void **state) {
    (void)state;
    hone_config config = {0};
    int64_t value = 0;
    assert_int_equal(hone_config_set_int(&config, "kc", 384), HONE_OK);
    assert_int_equal(hone_config_set(&config, "isa", "avx2"), HONE_OK);
    assert_int_equal(hone_config_set(&config, "isa", "avx512"), HONE_OK);
    assert_int_equal(config.count, 2);
    assert_string_equal(hone_config_get(&config, "isa"), "avx512");
    assert_null(hone_config_get(&config, "mr"));
    assert_int_equal(hone_config_get_int(&value, &config, "kc"), HONE_OK);
    assert_int_equal(value, 384);
    assert_int_equal(hone_config_set_int(&config, "least", INT64_MIN), HONE_OK);
    assert_int_equal(hone_config_get_int(&value, &config, "least"), HONE_OK);
    assert_true(value == INT64_MIN);
    value = 7;
    assert_int_equal(hone_config_get_int(&value, &config, "isa"), HONE_E_USAGE);
    assert_int_equal(hone_config_get_int(&value, &config, "mr"), HONE_E_USAGE);
    assert_int_equal(value, 7);
}

static void refuses_bad_text(void **state) {
    (void)state;
    static const char *const rows[] = {
        "a",
        "a=",
        "=1",
        "a=1,",
        ",a=1",
        "a=1,,b=2",
        "a=1,a=2",
        "a==1",
        "a b=1",
        "a=1 ",
        "a=\t1",
        "a=\xc3\xa9",
        ",",
        "=",
        "a_key_that_is_longer_than_47_characters_of_a_name=1",
        "a=a_value_that_is_longer_than_23",
        "a=1;b=2=3",
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        hone_config config = {.count = -5};
        if (hone_config_parse(&config, rows[i]) != HONE_E_USAGE)
            fail_msg("'%s' was accepted", rows[i]);
        assert_int_equal(config.count, -5); /* left untouched */
    }
}

static void keeps_its_limits(void **state) {
    (void)state;
    hone_config config = {0};
    char key[16], text[HONE_CONFIG_TEXT];
    for (int i = 0; i < HONE_CONFIG_MAX; i++) {
        snprintf(key, sizeof key, "k%02d", HONE_CONFIG_MAX - i);
        assert_int_equal(hone_config_set(&config, key, "123456789012"), HONE_OK);
    }
    assert_int_equal(hone_config_set(&config, "one_more", "1"), HONE_E_USAGE);
    assert_int_equal(hone_config_set(&config, "k05", "5"), HONE_OK); /* replacing still fits */
    for (int i = 1; i < config.count; i++)
        assert_true(strcmp(config.items[i - 1].key, config.items[i].key) < 0);
    strcpy(text, "untouched");
    assert_int_equal(hone_config_format(text, sizeof text, &config), HONE_E_USAGE);
    assert_string_equal(text, "untouched");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_canonical),
        cmocka_unit_test(gets_and_replaces),
        cmocka_unit_test(refuses_bad_text),
        cmocka_unit_test(keeps_its_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

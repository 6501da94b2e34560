/* Spaces: declaring, checking, and messages that name what is wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../../kernels/space.h"

static int make_space(void **state) {
    hone_space *space;
    if (hone_space_create(&space) || hone_space_param(space, "isa", "avx2 avx512") ||
        hone_space_param(space, "mr", "6 8 14") || hone_space_param(space, "kc", "  128 256   512 ") ||
        hone_space_constant(space, "k", 300) || hone_space_require(space, "isa == 'avx512' || mr <= 6") ||
        hone_space_require(space, "kc == 128 || kc / 2 < k"))
        return -1;
    *state = space;
    return 0;
}

static int drop_space(void **state) {
    hone_space_destroy(*state);
    return 0;
}

static void expect_detail(const char *part) {
    if (!strstr(hone_error_detail(), part))
        fail_msg("the detail lacks \"%s\": %s", part, hone_error_detail());
}

static void checks_configs(void **state) {
    static const struct {
        const char *config;
        hone_status status;
        const char *says[3];
    } rows[] = {
        {"isa=avx512,mr=14,kc=512", HONE_OK, {0}},
        {"isa=avx2,mr=6,kc=128", HONE_OK, {0}},
        {"isa=avx2,mr=14,kc=128", HONE_E_USAGE, {"isa == 'avx512' || mr <= 6", "isa=avx2", "mr=14"}},
        {"isa=avx512,mr=14", HONE_E_USAGE, {"lacks 'kc'", "128 256 512"}},
        {"isa=avx512,mr=14,kc=100", HONE_E_USAGE, {"kc=100", "128 256 512"}},
        {"isa=sse,mr=14,kc=128", HONE_E_USAGE, {"isa=sse", "avx2 avx512"}},
        {"isa=avx512,mr=014,kc=128", HONE_E_USAGE, {"mr=014", "6 8 14"}},
        {"isa=avx512,mr=14,kc=128,nr=2", HONE_E_USAGE, {"'nr'", "isa mr kc"}},
        {"isa=avx512,mr=14,kc=128,k=300", HONE_E_USAGE, {"'k'", "isa mr kc"}},
        {"", HONE_E_USAGE, {"lacks 'isa'"}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        hone_config config;
        assert_int_equal(hone_config_parse(&config, rows[i].config), HONE_OK);
        assert_int_equal(hone_space_check(*state, &config), rows[i].status);
        for (int j = 0; j < 3 && rows[i].says[j]; j++)
            expect_detail(rows[i].says[j]);
    }
}

static void points_and_configs_agree(void **state) {
    const hone_space *space = *state;
    int indices[3], back[3], valid = 0;
    for (indices[0] = 0; indices[0] < 2; indices[0]++) {
        for (indices[1] = 0; indices[1] < 3; indices[1]++) {
            for (indices[2] = 0; indices[2] < 3; indices[2]++) {
                hone_config config;
                assert_int_equal(hone_space_config(&config, space, indices), HONE_OK);
                assert_int_equal(hone_space_indices(back, space, &config), HONE_OK);
                assert_memory_equal(back, indices, sizeof indices);
                int ok = hone_space_check(space, &config) == HONE_OK;
                assert_int_equal(ok, hone_space_valid(space, indices));
                valid += ok;
            }
        }
    }
    assert_int_equal(valid, (1 + 3) * 3);
    hone_config config;
    assert_int_equal(hone_space_config(&config, space, (int[]){0, 3, 0}), HONE_E_USAGE);
    assert_int_equal(hone_space_config(&config, space, (int[]){-1, 0, 0}), HONE_E_USAGE);
}

static void refuses_bad_declarations(void **state) {
    (void)state;
    hone_space *space;
    assert_int_equal(hone_space_create(&space), HONE_OK);
    assert_int_equal(hone_space_param(space, "kc", "128 256"), HONE_OK);
    assert_int_equal(hone_space_constant(space, "k", 7), HONE_OK);
    assert_int_equal(hone_space_param(space, "kc", "1"), HONE_E_USAGE);
    assert_int_equal(hone_space_param(space, "k", "1"), HONE_E_USAGE);
    assert_int_equal(hone_space_constant(space, "kc", 1), HONE_E_USAGE);
    assert_int_equal(hone_space_param(space, "", "1"), HONE_E_USAGE);
    assert_int_equal(hone_space_param(space, "2x", "1"), HONE_E_USAGE);
    assert_int_equal(hone_space_param(space, "a b", "1"), HONE_E_USAGE);
    assert_int_equal(hone_space_param(space, "a_name_that_is_far_too_long_for_us_who_take_only_47", "1"), HONE_E_USAGE);
    assert_int_equal(hone_space_param(space, "none", "  "), HONE_E_USAGE);
    assert_int_equal(hone_space_param(space, "twice", "1 2 1"), HONE_E_USAGE);
    assert_int_equal(hone_space_param(space, "long", "a_value_that_is_far_too_long"), HONE_E_USAGE);
    assert_int_equal(hone_space_require(space, "kc <"), HONE_E_USAGE);
    assert_int_equal(hone_space_require(space, "mc == 1"), HONE_E_USAGE);
    expect_detail("mc == 1");
    assert_int_equal(space->param_count, 1);
    assert_int_equal(space->constraint_count, 0);
    assert_int_equal(hone_space_require(space, "kc % k != 9"), HONE_OK);
    assert_int_equal(hone_space_param(space, "late", "1"), HONE_E_USAGE);
    assert_int_equal(hone_space_constant(space, "late", 1), HONE_E_USAGE);
    hone_space_destroy(space);

    assert_int_equal(hone_space_create(&space), HONE_OK);
    for (int i = 0; i < HONE_SPACE_MAX_PARAMS + 1; i++) {
        char name[16];
        snprintf(name, sizeof name, "p%d", i);
        assert_int_equal(hone_space_param(space, name, "1"),
                         i < HONE_SPACE_MAX_PARAMS ? HONE_OK : HONE_E_USAGE);
    }
    for (int i = 0; i < HONE_SPACE_MAX_CONSTANTS + 1; i++) {
        char name[16];
        snprintf(name, sizeof name, "c%d", i);
        assert_int_equal(hone_space_constant(space, name, i),
                         i < HONE_SPACE_MAX_CONSTANTS ? HONE_OK : HONE_E_USAGE);
    }
    hone_space_destroy(space);
    hone_space_destroy(NULL);
}

/* A parameter with more values than a message holds: the list is cut, not overrun. */
static void long_lists_are_cut(void **state) {
    (void)state;
    char values[8 * 2000] = "";
    size_t used = 0;
    for (int i = 0; i < 2000; i++)
        used += (size_t)snprintf(values + used, sizeof values - used, "%d ", i);
    hone_space *space;
    hone_config config = {0};
    assert_int_equal(hone_space_create(&space), HONE_OK);
    assert_int_equal(hone_space_param(space, "p", values), HONE_OK);
    assert_int_equal(hone_space_check(space, &config), HONE_E_USAGE);
    expect_detail("...");
    hone_space_destroy(space);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(checks_configs, make_space, drop_space),
        cmocka_unit_test_setup_teardown(points_and_configs_agree, make_space, drop_space),
        cmocka_unit_test(refuses_bad_declarations),
        cmocka_unit_test(long_lists_are_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

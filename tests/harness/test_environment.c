/* The environment record, compared with what else can be asked, and binding. */
#include <math.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../harness/environment.h"

static void record_is_complete(void **state) {
    (void)state;
    hone_environment record;
    char host[256] = "";
    hone_environment_read(&record);
    assert_int_equal(gethostname(host, sizeof host - 1), 0);
    host[sizeof record.host - 1] = '\0';
    assert_string_equal(record.host, host);
    assert_true(strncmp(record.os, "Linux ", 6) == 0);
    assert_true(isnan(record.load) || record.load >= 0);
    assert_true(isnan(record.clock_mhz) || record.clock_mhz > 0);
    assert_true(strspn(record.binding, "0123456789-,") == strlen(record.binding));
    static const char *const pages[] = {"", "always", "madvise", "never"};
    int known = 0;
    for (size_t i = 0; i < sizeof pages / sizeof *pages; ++i)
        known += strcmp(record.huge_pages, pages[i]) == 0;
    assert_int_equal(known, 1);
    assert_true(strlen(record.compiler) > 0);
    assert_string_not_equal(record.commit, "unknown");
    assert_non_null(strstr(record.libraries, "hwloc "));
    assert_non_null(strstr(record.libraries, "sqlite "));
    assert_non_null(strstr(record.libraries, "benchmark "));
    assert_int_equal(strlen(record.started_at), 20);
}

static void pinning_leaves_one_cpu(void **state) {
    (void)state;
    cpu_set_t before, after;
    assert_int_equal(sched_getaffinity(0, sizeof before, &before), 0);
    const hone_status status = hone_environment_pin(0);
    if (status == HONE_E_UNAVAILABLE)
        skip(); /* a sandbox that refuses to bind */
    assert_int_equal(status, HONE_OK);
    assert_int_equal(sched_getaffinity(0, sizeof after, &after), 0);
    assert_int_equal(CPU_COUNT(&after), 1);
    hone_environment record;
    hone_environment_read(&record);
    assert_true(CPU_ISSET(atoi(record.binding), &after));
    assert_int_equal(strspn(record.binding, "0123456789"), strlen(record.binding));
    assert_int_equal(sched_setaffinity(0, sizeof before, &before), 0);
}

static void absent_cores_are_refused(void **state) {
    (void)state;
    assert_int_equal(hone_environment_pin(-1), HONE_E_USAGE);
    assert_int_equal(hone_environment_pin(1 << 20), HONE_E_USAGE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(record_is_complete),
        cmocka_unit_test(pinning_leaves_one_cpu),
        cmocka_unit_test(absent_cores_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

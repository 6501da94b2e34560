/* The order of the places that threads are bound to, on machines that hwloc makes up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../kernels/cpu/cpu_pool.h"

typedef struct machine {
    const char *hwloc; /* its description, as of HWLOC_SYNTHETIC */
    int count;
    int places[16]; /* the first of them */
} machine;

static const machine machines[] = {
    {"core:4 pu:1", 4, {0, 1, 2, 3}},
    {"package:1 l3:1 core:4 pu:2", 8, {0, 2, 4, 6, 1, 3, 5, 7}},
    {"package:2 l3:4 core:8 pu:2", 128, {0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30}},
    /* Numbered as some firmware does: packages by turns, second threads last. */
    {"package:2 l3:2 core:2 pu:2(indexes=0,8,2,10,4,12,6,14,1,9,3,11,5,13,7,15)",
     16,
     {0, 2, 4, 6, 1, 3, 5, 7, 8, 10, 12, 14, 9, 11, 13, 15}},
};

/* The places are found once a process. */
static int is_ordered(const machine *m) {
    if (setenv("HWLOC_SYNTHETIC", m->hwloc, 1) || hone_pool_places() != m->count)
        return 0;
    for (int i = 0; i < m->count && i < 16; i++)
        if (hone_pool_place(i) != m->places[i] || hone_pool_place(m->count + i) != m->places[i])
            return 0;
    return 1;
}

static void neighbours_share_caches(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof machines / sizeof *machines; i++) {
        pid_t child = fork();
        if (child == 0)
            _exit(is_ordered(&machines[i]) ? 0 : 1);
        int status = -1;
        assert_true(child > 0);
        assert_int_equal(child, waitpid(child, &status, 0));
        if (status)
            fail_msg("the places of '%s' are in another order", machines[i].hwloc);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(neighbours_share_caches)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

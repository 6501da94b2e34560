/* What asan_vectors.h says of vectors at every offset around a block, beside AddressSanitizer's own function,
 * and that what it does not let pass ends the process. Skipped in builds without that sanitizer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../cmake/asan_vectors.h"

#ifdef HONE_ASAN_VECTORS_CHECKS

static const int sizes[] = {32, 64};

static void clear_vectors_are_not_poisoned(void **state) {
    enum { MOST = 200, AROUND = 80 };
    (void)state;
    for (int bytes = 32; bytes < MOST; bytes++) {
        char *const block = malloc((size_t)bytes);
        assert_non_null(block);
        for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
            for (int at = -sizes[s]; at < bytes + AROUND - sizes[s]; at++) {
                const int inside = at >= 0 && at + sizes[s] <= bytes;
                const int clear = asan_is_clear(block + at, sizes[s]);
                assert_int_equal(inside, !__asan_region_is_poisoned(block + at, (size_t)sizes[s]));
                assert_true(inside || !clear);
                /* whole units of the shadow: the walk that this saves */
                if (inside && at / 8 * 8 + sizes[s] + 8 <= bytes)
                    assert_true(clear);
            }
        free(block);
    }
}

/* Whether a process that checks `size` bytes there lives on. */
static int passes(void (*check)(void *, long), char *at, long size) {
    fflush(NULL);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (!freopen("/dev/null", "w", stderr))
            _exit(2);
        check(at, size);
        _exit(0);
    }
    int status;
    assert_int_equal(child, waitpid(child, &status, 0));
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void what_is_beyond_ends_the_process(void **state) {
    enum { BYTES = 100 };
    static void (*const checks[])(void *, long) = {asan_check_load, asan_check_store};
    char *const block = malloc(BYTES);
    (void)state;
    assert_non_null(block);
    for (size_t c = 0; c < sizeof checks / sizeof *checks; c++)
        for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
            assert_true(passes(checks[c], block, sizes[s]));
            assert_true(passes(checks[c], block + BYTES - sizes[s], sizes[s]));
            assert_false(passes(checks[c], block + BYTES - sizes[s] + 1, sizes[s]));
            assert_false(passes(checks[c], block - 1, sizes[s]));
        }
    assert_true(passes(asan_check_load, block + 1, BYTES - 1)); /* a size that only the sanitizer judges */
    assert_false(passes(asan_check_load, block + 1, BYTES));
    free(block);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(clear_vectors_are_not_poisoned),
                                       cmocka_unit_test(what_is_beyond_ends_the_process)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#else

int main(void) {
    puts("skipped: built without AddressSanitizer, or not for x86-64");
    return 77;
}

#endif

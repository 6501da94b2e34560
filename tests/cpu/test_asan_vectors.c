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
    enum { MOST = 200, REDZONE = 16 }; /* the least around a block: beyond may be another */
    (void)state;
    for (int bytes = 32; bytes < MOST; bytes++) {
        char *const block = malloc((size_t)bytes);
        assert_non_null(block);
        for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
            for (int at = -sizes[s]; at < bytes + REDZONE; at++) {
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

/* What the compiler checks by calls, with the options of generated kernels. */
typedef struct vector32 {
    char bytes[32];
} vector32;
typedef struct vector64 {
    char bytes[64];
} vector64;
static void copy_32(void *to, const void *from) { *(vector32 *)to = *(const vector32 *)from; }
static void copy_64(void *to, const void *from) { *(vector64 *)to = *(const vector64 *)from; }

/* Whether a process that copies a vector lives on. */
static int passes(void (*copy)(void *, const void *), void *to, const void *from) {
    fflush(NULL);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        if (!freopen("/dev/null", "w", stderr))
            _exit(2);
        copy(to, from);
        _exit(0);
    }
    int status;
    assert_int_equal(child, waitpid(child, &status, 0));
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void what_is_beyond_ends_the_process(void **state) {
    enum { BYTES = 100 };
    static void (*const copies[])(void *, const void *) = {copy_32, copy_64};
    char *const block = malloc(BYTES), *const other = malloc(BYTES);
    (void)state;
    assert_non_null(block);
    assert_non_null(other);
    for (int i = 0; i < BYTES; i++)
        block[i] = other[i] = (char)i;
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        char *const last = block + BYTES - sizes[s];
        assert_true(passes(copies[s], other, block));
        assert_true(passes(copies[s], other, last));
        assert_true(passes(copies[s], last, other));
        assert_false(passes(copies[s], other, last + 1));
        assert_false(passes(copies[s], last + 1, other));
        assert_false(passes(copies[s], other, block - 1));
        assert_false(passes(copies[s], block - 1, other));
    }
    free(block);
    free(other);
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

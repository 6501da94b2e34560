/* The loop that the read limit is measured with: where its streams begin, and that every instruction set's
 * reads all of its lines and nothing beyond. */
#include <fenv.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "../../kernels/cpu/cpu_variants.h"

static void streams_begin_an_odd_number_of_units_apart(void **state) {
    static const int64_t lines[] = {0,      1, 5, 1023, 4095, 1 << 20, (1 << 20) + 3, 1 << 24, (1 << 24) + 77,
                                    1 << 28};
    static const int64_t streams[] = {1, 2, 3, 4, 7, 63, 64, 128};
    int far = 0;
    (void)state;
    for (size_t l = 0; l < sizeof lines / sizeof *lines; l++)
        for (size_t s = 0; s < sizeof streams / sizeof *streams; s++) {
            const int64_t all = lines[l], count = streams[s], each = all / count,
                          apart = hone_read_distance(all, count);
            const int is_far = hone_reads_far(all, count);
            const int64_t more = is_far ? 2 * HONE_READ_UNIT : 1; /* than another stream, at most */
            far += is_far;
            assert_int_equal(0, hone_read_begin(all, count, 0));
            assert_int_equal(all, hone_read_begin(all, count, count));
            assert_true(is_far ? each - apart < more : apart == each);
            for (int64_t i = 0; i < count; i++) {
                const int64_t share = hone_read_begin(all, count, i + 1) - hone_read_begin(all, count, i);
                assert_in_range(share, apart, apart + more + (i + 1 == count ? more : 0));
                if (is_far && i + 1 < count) {
                    assert_int_equal(0, share % HONE_READ_UNIT);
                    assert_int_equal(1, share / HONE_READ_UNIT % 2);
                }
            }
        }
    assert_int_equal(1 << 18, hone_read_distance(1 << 20, 4) + HONE_READ_UNIT); /* 64 MiB: not 16 MiB apart */
    assert_true(far > 10);
}

/* A NaN that signals in one line at a time, before a page that cannot be read: is each line read, and no
 * more? */
static void every_loop_reads_its_lines_and_no_more(void **state) {
    enum { MOST = 70, PAGE = 65536, FLOATS = HONE_LINE / 4 };
    char *const pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    (void)state;
    assert_ptr_not_equal(MAP_FAILED, pages);
    assert_int_equal(0, mprotect(pages + PAGE, PAGE, PROT_NONE));
    for (const hone_cpu_isa *isa = hone_cpu_isas; isa->name; isa++)
        for (int lines = 1; hone_cpu_isa_runs(isa) && lines <= MOST; lines++)
            for (int line = 0; line < lines; line++) {
                char *const block = pages + PAGE - lines * HONE_LINE;
                uint32_t *const words = (uint32_t *)(void *)(block + line * HONE_LINE);
                words[line % FLOATS] = 0x7f800001;
                feclearexcept(FE_ALL_EXCEPT);
                isa->code->read(block, lines, line % 2);
                if (!fetestexcept(FE_INVALID))
                    print_error("%s: line %d of %d is not read\n", isa->name, line, lines);
                assert_true(fetestexcept(FE_INVALID));
                words[line % FLOATS] = 0;
                feclearexcept(FE_ALL_EXCEPT);
                isa->code->read(block, lines, line % 2);
                assert_false(fetestexcept(FE_INVALID));
            }
    munmap(pages, 2 * PAGE);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(streams_begin_an_odd_number_of_units_apart),
                                       cmocka_unit_test(every_loop_reads_its_lines_and_no_more)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

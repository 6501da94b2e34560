/* The loop that the read limit is measured with: how far apart its streams begin, and that every instruction
 * set's reads within its lines, of which a sanitizer sees the ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../../kernels/cpu/cpu_variants.h"

enum { UNIT = (16 << 10) / HONE_LINE };

static void streams_begin_an_odd_number_of_units_apart(void **state) {
    static const int64_t lines[] = {
        0, 1, 5, 1023, 1 << 20, (1 << 20) + 3, 1 << 24, (1 << 24) + 77, (int64_t)1 << 28};
    static const int64_t streams[] = {1, 2, 3, 4, 7, 64};
    int far = 0;
    (void)state;
    for (size_t l = 0; l < sizeof lines / sizeof *lines; l++)
        for (size_t s = 0; s < sizeof streams / sizeof *streams; s++) {
            const int64_t apart = hone_read_distance(lines[l], streams[s]), each = lines[l] / streams[s];
            assert_true(apart >= 0 && apart <= each);
            if (apart != each) {
                far++;
                assert_int_equal(0, apart % UNIT);
                assert_int_equal(1, apart / UNIT % 2);
                assert_true(each - apart < 3 * UNIT);
                assert_true(each - apart < each / 256);
            }
        }
    assert_int_equal(1 << 22, 4 * hone_read_distance(1 << 22, 4) + 4 * UNIT); /* 256 MiB: not 64 MiB apart */
    assert_true(far > 10);
}

static void every_loop_reads_within_its_lines(void **state) {
    enum { MOST = 70 };
    (void)state;
    for (const hone_cpu_isa *isa = hone_cpu_isas; isa->name; isa++)
        for (int lines = 1; hone_cpu_isa_runs(isa) && lines <= MOST; lines++)
            for (int fetches = 0; fetches < 2; fetches++) {
                void *block = NULL;
                assert_int_equal(0, posix_memalign(&block, HONE_LINE, (size_t)lines * HONE_LINE));
                for (int i = 0; i < lines * HONE_LINE; i++)
                    ((char *)block)[i] = (char)i;
                isa->code->read(block, lines, fetches);
                free(block);
            }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(streams_begin_an_odd_number_of_units_apart),
                                       cmocka_unit_test(every_loop_reads_within_its_lines)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

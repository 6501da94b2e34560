#include "variant_sweep.h"

static void every_f16_variant_verifies(void **state) {
    (void)state;
    sweep_all(HONE_F16);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_f16_variant_verifies)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test_conversions over the emulated instruction sets. */
#include "test_conversions.c"

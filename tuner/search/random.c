#include "search.h"

/* Steele, Lea, Flood: Fast splittable pseudorandom number generators, OOPSLA 2014. */
uint64_t hone_random_next(hone_random *random) {
    uint64_t z = random->state += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

uint64_t hone_random_below(hone_random *random, uint64_t bound) {
    /* The lowest 2^64 mod bound values are drawn again; the rest divide evenly. */
    uint64_t uneven = -bound % bound, value;
    do
        value = hone_random_next(random);
    while (value < uneven);
    return value % bound;
}

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

double hone_random_unit(hone_random *random) { return (double)(hone_random_next(random) >> 11) * 0x1p-53; }

void hone_random_shuffle(int64_t *items, int64_t count, hone_random *random) {
    for (int64_t i = count - 1; i > 0; i--) {
        int64_t place = (int64_t)hone_random_below(random, (uint64_t)i + 1), item = items[i];
        items[i] = items[place];
        items[place] = item;
    }
}

/* The default config of every kind of shape is a point of its space, on any number of threads and for every
 * instruction set; weights that pass through the second level have their panels fetched. Packed weights are
 * on huge pages where the system has them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "../../kernels/backend.h"
#include "../../kernels/cpu/cpu_device.h"
#include "../../kernels/cpu/cpu_plan.h"
#include "../../kernels/cpu/cpu_variants.h"
#include "../../kernels/huge_pages.h"
#include "hone/hone.h"

static const hone_device *device;

/* `isa`: of which instruction set; NULL: any. 0: it has none for the problem. */
static int find_default(hone_config *config, const hone_problem *problem, int threads, const char *isa) {
    return device->backend->default_config(config, device, problem, threads, isa) == HONE_OK;
}

static void expect_legal(const hone_problem *problem, int threads) {
    hone_space *space;
    hone_config config;
    assert_int_equal(HONE_OK, device->backend->space(&space, device, problem, threads));
    assert_true(find_default(&config, problem, threads, NULL));
    if (hone_space_check(space, &config))
        fail_msg("%lldx%lldx%lld on %d threads: %s", (long long)problem->m, (long long)problem->n,
                 (long long)problem->k, threads, hone_error_detail());
    for (const hone_cpu_isa *isa = hone_cpu_isas; isa->name; isa++)
        if (hone_cpu_isa_runs(isa) && find_default(&config, problem, threads, isa->name) &&
            hone_space_check(space, &config))
            fail_msg("%s, %lldx%lldx%lld on %d threads: %s", isa->name, (long long)problem->m,
                     (long long)problem->n, (long long)problem->k, threads, hone_error_detail());
    hone_space_destroy(space);
}

/* Those whose epilogues are done between products: what is fetched is not theirs. */
static void defaults_of_little_depth_are_legal(void **state) {
    (void)state;
    static const hone_dtype types[] = {HONE_F32, HONE_F16, HONE_BF16, HONE_S8};
    static const int64_t depths[] = {32, 64, 96, 128, 256};
    const int64_t l2 = hone_cpu_cache_sizes()->l2;
    hone_activation silu;
    hone_config config;
    int mixed = 0;
    assert_int_equal(HONE_OK, hone_activation_parse(&silu, "silu"));
    for (int i = 0; i < 4 * 5 * 3 * 4 * 3; i++) {
        const int64_t k = depths[i / 4 % 5], near = l2 / (4 * k), m = (int64_t[]){24, 40, 3136}[i / 20 % 3];
        const int64_t n = (int64_t[]){20, 96, near + 32, 4 * near + 32}[i / 60 % 4];
        const int threads = (int[]){1, 2, 4}[i / 240];
        hone_problem problem;
        hone_problem_init(&problem, types[i % 4], silu, m, n, k);
        problem.c_type = types[i % 4] == HONE_S8 ? i % 3 ? HONE_F32 : HONE_F16 : types[i % 4];
        expect_legal(&problem, threads);
        assert_true(find_default(&config, &problem, threads, NULL));
        mixed += strcmp(hone_config_get(&config, "epi"), "beside") == 0;
    }
    printf("%d do the epilogue between products\n", mixed);
    const hone_variant *v = hone_cpu_variant_find("avx512", "f32", 32);
    assert_int_equal(v && hone_cpu_isa_runs(hone_cpu_isa_find("avx512")), mixed > 0);
}

static void defaults_are_legal(void **state) {
    (void)state;
    static const int64_t extents[] = {1, 9, 49, 2048, 100000}, depths[] = {1, 13, 768, 4096, 300000};
    static const int threads[] = {1, 6, 64};
    for (int dtype = 0; dtype < 4; dtype++)
        for (int m = 0; m < 5; m++)
            for (int n = 0; n < 5; n++)
                for (int k = 0; k < 5; k++) {
                    static const hone_dtype types[] = {HONE_F32, HONE_F16, HONE_BF16, HONE_S8};
                    hone_problem problem;
                    hone_problem_init(&problem, types[dtype], 0, extents[m], extents[n], depths[k]);
                    expect_legal(&problem, threads[(m + n + k) % 3]);
                }
}

/* Two to five rows of weights from memory, N beside and below the widths, clamped and smooth, packed and
 * plain. */
static void defaults_of_few_rows_are_legal(void **state) {
    (void)state;
    static const hone_dtype types[] = {HONE_F32, HONE_F16, HONE_BF16, HONE_S8};
    const int64_t far = hone_cpu_cache_sizes()->l3 / 1024;
    hone_activation silu;
    assert_int_equal(HONE_OK, hone_activation_parse(&silu, "silu"));
    for (int i = 0; i < 4 * 4 * 3 * 2 * 2; i++) {
        hone_problem problem;
        const int64_t n = (int64_t[]){3 * far, 3 * far + 7, 5}[i / 16 % 3];
        hone_problem_init(&problem, types[i % 4], i / 48 % 2 ? silu : 0, 2 + i / 4 % 4, n,
                          n == 5 ? 400 * far : 1024);
        problem.weights_plain = i / 96;
        expect_legal(&problem, 1 + i % 3);
    }
}

/* What the default says of `key` for an f32 problem on one thread. */
static const char *default_value(hone_config *config, int64_t m, int64_t n, int64_t k, const char *key) {
    hone_problem problem;
    hone_problem_init(&problem, HONE_F32, 0, m, n, k);
    assert_true(find_default(config, &problem, 1, NULL));
    return hone_config_get(config, key);
}

/* Where the weights come from memory: AMD's processors without AVX-512 read streams. */
static int has_streams(void) { return hone_cpu_is_amd() && hone_cpu_has("avx2") && !hone_cpu_has("avx512f"); }

static void weights_beyond_the_second_level_are_fetched(void **state) {
    (void)state;
    hone_config config;
    int64_t n = hone_cpu_cache_sizes()->l2 / 4 / 1024 * 2, rows;
    assert_string_equal("next", default_value(&config, 512, n, 1024, "pf"));
    assert_string_equal("m", hone_config_get(&config, "inner"));
    assert_int_equal(HONE_OK, hone_config_get_int(&rows, &config, "mr"));
    /* They share sets of the first level, of which they take two thirds, rounded up. */
    const int64_t ways = hone_cpu_cache_sizes()->l1 / 4096, most = (2 * ways + 2) / 3;
    assert_in_range(rows, 1, most > 1 ? most : 1);
    assert_string_equal("0", default_value(&config, 512, 64, 64, "pf")); /* all of B is near */
    /* One row reads them once, here from memory. */
    const int64_t columns = 64 * n + hone_cpu_cache_sizes()->l3 / 1024;
    const char *amd = has_streams() ? "streams" : "0";
    const char *far = default_value(&config, 1, columns, 1024, "pf");
    assert_string_equal(hone_cpu_is_amd() ? amd : "parts", far);
    if (strcmp(far, "0") != 0) {
        const hone_variant *v = hone_cpu_variant_find(hone_config_get(&config, "isa"), "f32",
                                                      atoi(hone_config_get(&config, "nr")));
        assert_non_null(v);
        assert_true(v->mr >= HONE_MOST_PARTS); /* which it needs for as many parts */
    }
    assert_string_equal("parts", default_value(&config, 1, 64, 64, "pf"));
}

static const hone_variant *variant_of(const hone_config *config) {
    const hone_variant *v =
        hone_cpu_variant_find(hone_config_get(config, "isa"), hone_config_get(config, "wtype"),
                              atoi(hone_config_get(config, "nr")));
    assert_non_null(v);
    return v;
}

static void a_row_of_much_has_room_for_all_parts(void **state) {
    (void)state;
    enum { K = 2048, WIDE = 96 /* columns: no width pads beyond the last level */, LEAST = 8 << 20 };
    if (hone_cpu_cache_sizes()->l3 < LEAST)
        skip(); /* what a tile costs by itself is more than how it reads */
    const int64_t quarter = hone_cpu_cache_sizes()->l3 / 4 / (K * 2) / WIDE * WIDE;
    for (int64_t n = 2 * quarter; n <= 4 * quarter; n += quarter) {
        hone_problem problem;
        hone_config config;
        hone_problem_init(&problem, HONE_F16, 0, 1, n, K);
        assert_true(find_default(&config, &problem, 1, NULL));
        assert_true(variant_of(&config)->mr >= HONE_MOST_PARTS);
        assert_false(hone_cpu_variant_is_dot(variant_of(&config)));
        if (has_streams())
            assert_string_equal(K * 2 * n > hone_cpu_cache_sizes()->l3 * 5 / 8 ? "nearby" : "streams",
                                hone_config_get(&config, "pf"));
    }
    /* A quarter of the last level leaves AVX2 its widest tiles. */
    hone_problem problem;
    hone_config config;
    hone_problem_init(&problem, HONE_F16, 0, 1, quarter, K);
    if (find_default(&config, &problem, 1, "avx2"))
        assert_string_equal("32", hone_config_get(&config, "nr"));
}

static void six_by_sixteen_is_avx2s_tile(void **state) {
    (void)state;
    hone_problem problem;
    hone_config config;
    hone_problem_init(&problem, HONE_F32, 0, 512, 512, 512);
    if (!find_default(&config, &problem, 1, "avx2"))
        skip();
    assert_string_equal("16", hone_config_get(&config, "nr"));
    assert_string_equal("6", hone_config_get(&config, "mr"));
}

/* What a plan fetches ahead with `pf`, of one row whose weights exceed the second level. */
static int64_t fetched(const char *pf) {
    hone_problem problem;
    hone_config config;
    hone_backend_plan *plan;
    hone_problem_init(&problem, HONE_F32, 0, 1, hone_cpu_cache_sizes()->l2 / 1024, 1024);
    assert_true(find_default(&config, &problem, 1, NULL));
    assert_int_equal(HONE_OK, hone_config_set(&config, "pf", pf));
    assert_int_equal(HONE_OK, hone_cpu_plan_create(&plan, NULL, &problem, &config, NULL));
    assert_int_equal(strcmp(pf, "0") != 0 && strcmp(pf, "4096") != 0, plan->config.parts);
    const int64_t ahead = plan->prefetch;
    hone_cpu_plan_destroy(plan);
    return ahead;
}

static void words_of_pf_fetch_so_far_ahead(void **state) {
    (void)state;
    assert_int_equal(0, fetched("0"));
    assert_int_equal(4096, fetched("4096"));
    assert_int_equal(4096, fetched("parts"));
    assert_int_equal(0, fetched("streams"));
    assert_int_equal(1024, fetched("nearby"));
}

/* What the default says of `key` for f16 weights that are widened on the way; NULL: it widens them in
 * advance. */
static const char *default_of_widened(hone_config *config, int64_t m, int64_t n, int64_t k, const char *key) {
    hone_problem problem;
    hone_problem_init(&problem, HONE_F16, 0, m, n, k);
    assert_true(find_default(config, &problem, 1, NULL));
    const char *type = hone_config_get(config, "wtype");
    const hone_variant *v =
        hone_cpu_variant_find(hone_config_get(config, "isa"), type, atoi(hone_config_get(config, "nr")));
    return v && v->group == 1 && strcmp(type, "f16") == 0 ? hone_config_get(config, key) : NULL;
}

/* By where the weights are; those that are widened on the way want more of it. */
static void few_rows_fetch_from_where_weights_are(void **state) {
    (void)state;
    enum { COLUMN = 4096 /* bytes */, F32 = COLUMN / 4, F16 = COLUMN / 2 };
    const hone_cpu_caches *caches = hone_cpu_cache_sizes();
    const int64_t near = caches->l2 / 2 / COLUMN, middle = caches->l3 / 2 / COLUMN,
                  far = 3 * caches->l3 / COLUMN;
    hone_config config;
    const char *widened;
    assert_string_equal("0", default_value(&config, 4, near, F32, "pf"));
    for (int m = 2; m <= HONE_MOST_PARTED + 1; m++) {
        const int parted = has_streams() && m <= HONE_MOST_PARTED;
        assert_string_equal(!parted  ? "16384"
                            : m == 2 ? "streams"
                                     : "nearby",
                            default_value(&config, m, far, F32, "pf"));
        if (parted)
            assert_string_equal(m == 2 ? "16" : "8", hone_config_get(&config, "nr"));
        if ((widened = default_of_widened(&config, m, far, F16, "pf")))
            assert_string_equal(has_streams() && m <= 3 ? "nearby" : "16384", widened);
    }
    if (has_streams()) { /* which plain weights, packed block by block, are not */
        hone_problem problem;
        hone_problem_init(&problem, HONE_F32, 0, 2, far, F32);
        problem.weights_plain = 1;
        assert_true(find_default(&config, &problem, 1, NULL));
        assert_string_equal("16384", hone_config_get(&config, "pf"));
    }
    if (caches->l3 / 2 > caches->l2) {
        assert_string_equal(hone_cpu_is_amd() ? "0" : "4096", default_value(&config, 4, middle, F32, "pf"));
        if ((widened = default_of_widened(&config, 4, middle, F16, "pf")))
            assert_string_equal("16384", widened);
    }
    if ((widened = default_of_widened(&config, 1, far, F16, "pf")))
        assert_string_equal(has_streams() ? "nearby" : "parts", widened);
}

/* Whether the mapping that begins at `at` is advised to have huge pages; -1: it is not found. */
static int is_advised(const char *at) {
    char line[512], begin[32];
    int found = -1;
    FILE *maps = fopen("/proc/self/smaps", "r");
    snprintf(begin, sizeof begin, "%lx-", (unsigned long)(uintptr_t)at);
    for (int here = 0; maps && found < 0 && fgets(line, sizeof line, maps);) {
        here |= strncmp(line, begin, strlen(begin)) == 0;
        if (here && strncmp(line, "VmFlags:", 8) == 0)
            found = strstr(line, " hg") != NULL;
    }
    if (maps)
        fclose(maps);
    return found;
}

static void whole_huge_pages_are_asked_for(void **state) {
    (void)state;
    enum { HUGE = 2 << 20, SIZE = 4 * HUGE };
    char *memory = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_ptr_not_equal(MAP_FAILED, memory);
    char *whole = (char *)(((uintptr_t)memory + HUGE) / HUGE * HUGE); /* after `memory` */
    hone_prefer_huge_pages(whole - 64, 100);                          /* none is whole */
    hone_prefer_huge_pages(whole - 64, HUGE + 64);
    memset(memory, 1, SIZE);
    int advised = is_advised(whole);
    munmap(memory, SIZE);
    if (advised < 0)
        skip(); /* a system without them does not part the mapping */
    assert_int_equal(1, advised);
}

static int find_device(void **state) {
    hone_context *context;
    if (hone_context_create_pinned(&context, 0) || hone_context_device(&device, context, "cpu"))
        return -1;
    *state = context;
    return 0;
}
static int release_device(void **state) {
    hone_context_destroy(*state);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(defaults_are_legal),
                                       cmocka_unit_test(defaults_of_little_depth_are_legal),
                                       cmocka_unit_test(defaults_of_few_rows_are_legal),
                                       cmocka_unit_test(weights_beyond_the_second_level_are_fetched),
                                       cmocka_unit_test(words_of_pf_fetch_so_far_ahead),
                                       cmocka_unit_test(a_row_of_much_has_room_for_all_parts),
                                       cmocka_unit_test(six_by_sixteen_is_avx2s_tile),
                                       cmocka_unit_test(few_rows_fetch_from_where_weights_are),
                                       cmocka_unit_test(whole_huge_pages_are_asked_for)};
    return cmocka_run_group_tests(tests, find_device, release_device);
}

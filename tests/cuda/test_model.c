/* What the cost model and the lower bound say of configs, beside what an NVIDIA H200 measured
 * (results/nvidia-h200): no config is faster than its bound, the cheapest of a list is nearly the fastest,
 * and estimates rank as times do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../kernels/backend.h"
#include "../../kernels/cuda/cuda_model.h"
#include "../../tuner/search/rank.h"

enum { MOST_LISTS = 64, MOST_LINES = 64 };

/* Configs of one problem as bench_cuda printed them. */
typedef struct list {
    hone_problem problem;
    char key[HONE_PROBLEM_TEXT];
    int count;
    double us[MOST_LINES], cost[MOST_LINES], bound[MOST_LINES];
} list;

static hone_context *context;
static const hone_device *device;
static list lists[MOST_LISTS];
static int list_count;

/* "  TIME us RATE Gop/s RATIO  FACTS CONFIG" */
static void read_line(list *l, const char *line) {
    const char *at = strstr(line, "bk=");
    hone_config config;
    char text[HONE_CONFIG_TEXT];
    if (!at || !strstr(line, " us "))
        return;
    snprintf(text, sizeof text, "%.*s", (int)strcspn(at, " \n"), at);
    assert_true(l->count < MOST_LINES);
    assert_int_equal(HONE_OK, hone_config_parse(&config, text));
    l->us[l->count] = atof(line);
    l->cost[l->count] = hone_cuda_cost(device, &l->problem, &config, 1);
    l->bound[l->count++] = hone_cuda_lower_bound(device, &l->problem, &config, 1);
}

static void read_file(const char *name) {
    char path[1024], line[1024];
    snprintf(path, sizeof path, HONE_SOURCE_DIR "/results/nvidia-h200/%s", name);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof line, file)) {
        if (strncmp(line, "gemm/", 5) == 0) {
            assert_true(list_count < MOST_LISTS);
            list *l = &lists[list_count++];
            snprintf(l->key, sizeof l->key, "%.*s", (int)strcspn(line, "\n"), line);
            assert_int_equal(HONE_OK, hone_problem_parse(&l->problem, l->key));
        } else if (list_count > 0) {
            read_line(&lists[list_count - 1], line);
        }
    }
    fclose(file);
}

static int read_all(void **state) {
    static const char *const names[] = {"f32.txt",   "silu.txt",  "few-rows.txt", "few-rows-earlier.txt",
                                        "small.txt", "large.txt", "first.txt"};
    (void)state;
    assert_int_equal(HONE_OK, hone_context_create(&context));
    assert_int_equal(HONE_OK, hone_context_described(&device, context, "cuda:h200"));
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        read_file(names[i]);
    return 0;
}
static int clean(void **state) {
    (void)state;
    hone_context_destroy(context);
    return 0;
}

static void nothing_is_faster_than_its_bound(void **state) {
    int lines = 0;
    (void)state;
    for (int i = 0; i < list_count; i++)
        for (int j = 0; j < lists[i].count; j++, lines++) {
            assert_true(lists[i].bound[j] > 0);
            if (lists[i].us[j] < lists[i].bound[j])
                printf("%s: %g us, bound %g us\n", lists[i].key, lists[i].us[j], lists[i].bound[j]);
            assert_true(lists[i].us[j] >= lists[i].bound[j]);
        }
    assert_true(lines >= 200);
}

/* 57 blocks of k in eight parts are seven of eight and one of one: the last three tiles of 18 * 8 may be
 * short. A multiprocessor with a whole part and a short one multiplies for nine blocks of 512 cycles. */
static void short_parts_of_k_are_within_the_bound(void **state) {
    hone_problem problem;
    hone_config config;
    (void)state;
    assert_int_equal(HONE_OK, hone_problem_parse(&problem, "gemm/f16/relu/384x768x3648"));
    assert_int_equal(HONE_OK, hone_config_parse(
                                  &config, "family=wgmma,bm=128,tm=64,bn=128,tn=128,bk=32,stages=4,wk=1,ku=1,"
                                           "ks=8,raster=1,turns=0,cluster=1,form=brief"));
    const double bound = hone_cuda_lower_bound(device, &problem, &config, 1);
    assert_true(bound > 0 && bound <= 9 * 512 / 1980.0);
}

static void the_cheapest_is_nearly_the_fastest(void **state) {
    double logs = 0;
    (void)state;
    for (int i = 0; i < list_count; i++) {
        const list *l = &lists[i];
        int cheapest = 0, fastest = 0;
        for (int j = 1; j < l->count; j++) {
            cheapest = l->cost[j] < l->cost[cheapest] ? j : cheapest;
            fastest = l->us[j] < l->us[fastest] ? j : fastest;
        }
        const double ratio = l->us[cheapest] / l->us[fastest];
        if (ratio > 1.15)
            printf("%s: the cheapest takes %.3f times as long as the fastest\n", l->key, ratio);
        assert_true(ratio <= 1.15);
        logs += log(ratio);
    }
    assert_true(list_count >= 14);
    assert_true(exp(logs / list_count) <= 1.05);
}

static void estimates_rank_as_times_do(void **state) {
    double sum = 0;
    (void)state;
    for (int i = 0; i < list_count; i++)
        sum += hone_rank_correlation(lists[i].cost, lists[i].us, lists[i].count);
    printf("rank correlation: %.2f in the mean\n", sum / list_count);
    assert_true(sum / list_count > 0.5);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_faster_than_its_bound),
        cmocka_unit_test(short_parts_of_k_are_within_the_bound),
        cmocka_unit_test(the_cheapest_is_nearly_the_fastest),
        cmocka_unit_test(estimates_rank_as_times_do),
    };
    return cmocka_run_group_tests(tests, read_all, clean);
}

/* Random legal configs of a device on random ragged problems, verified: what the tests of backends that
 * compile at run time share. Include after cmocka.h. */
#ifndef HONE_TESTS_SWEEP_H
#define HONE_TESTS_SWEEP_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../harness/verify.h"
#include "../kernels/backend.h"
#include "../tuner/search/search.h"

typedef struct hone_sweep {
    hone_context *context;
    const hone_device *device;
    hone_random drawn;
} hone_sweep;

static inline int sweep_choose(hone_sweep *s, int count) {
    return (int)hone_random_below(&s->drawn, (uint64_t)count);
}

/* Problem `n` of a data type: every activation in turn. */
static inline void sweep_problem(hone_sweep *s, hone_problem *p, hone_dtype dtype, int n) {
    static const int64_t extents[] = {1, 2, 3, 7, 17, 31, 64, 65, 130};
    static const hone_dtype c_types[] = {HONE_S8, HONE_F32, HONE_U8, HONE_F16};
    enum { EXTENTS = sizeof extents / sizeof extents[0], LONG_K = 600 };
    hone_problem_init(p, dtype, n % hone_activation_count(), extents[sweep_choose(s, EXTENTS)],
                      extents[sweep_choose(s, EXTENTS)], n % 4 ? extents[sweep_choose(s, EXTENTS)] : LONG_K);
    p->weights_transposed = sweep_choose(s, 2);
    p->weights_plain = sweep_choose(s, 2);
    p->bias = sweep_choose(s, 4) != 0;
    if (dtype == HONE_S8) {
        p->c_type = c_types[sweep_choose(s, 4)];
        p->a_type = sweep_choose(s, 2) ? HONE_U8 : HONE_S8;
        p->a_scale_per_row = sweep_choose(s, 2);
    }
}

/* A legal config, as text, that has `with` in it; NULL: any. 0: there is none. */
static inline int sweep_config(hone_sweep *s, char *text, const hone_space *space, const char *with) {
    hone_points *points;
    hone_config config;
    int found = 0;
    assert_int_equal(HONE_OK, hone_points_create(&points, space));
    const int64_t first = (int64_t)hone_random_below(&s->drawn, (uint64_t)points->count);
    for (int64_t i = 0; i < points->count && !found; i++) {
        assert_int_equal(HONE_OK, hone_points_config(&config, points, (first + i) % points->count));
        assert_int_equal(HONE_OK, hone_config_format(text, HONE_CONFIG_TEXT, &config));
        found = !with || strstr(text, with);
    }
    hone_points_destroy(points);
    return found;
}

static inline void sweep_report(const hone_problem *problem, const char *config, hone_status status,
                                const hone_numerics *numerics) {
    char key[HONE_PROBLEM_TEXT], reason[256];
    hone_numerics_reason(reason, sizeof reason, numerics);
    hone_problem_format(key, sizeof key, problem);
    printf("%s with %s: %s\n", key, config, status ? hone_error_detail() : reason);
}

/* HONE_SWEEP=full takes ten times as many, quick a third. */
static inline int sweep_count(int usual) {
    const char *mode = getenv("HONE_SWEEP");
    return !mode                        ? usual
           : strcmp(mode, "full") == 0  ? 10 * usual
           : strcmp(mode, "quick") == 0 ? usual / 3
                                        : usual;
}

/* Whether a backend would not run a config, for it cannot be fast: which the space does not know. */
static inline int sweep_refused(hone_status status) {
    return status == HONE_E_UNAVAILABLE && strstr(hone_error_detail(), "so that others are faster");
}

/* Each fifth config is the default, which may not be refused. */
static inline void sweep_verify(hone_sweep *s, hone_dtype dtype, int usual) {
    const int count = sweep_count(usual);
    int wrong = 0, refused = 0;
    for (int n = 0; n < count; n++) {
        hone_problem problem;
        hone_operands *operands;
        hone_space *space;
        hone_numerics numerics = {0};
        char config[HONE_CONFIG_TEXT];
        sweep_problem(s, &problem, dtype, n);
        assert_int_equal(HONE_OK, hone_operands_create(&operands, &problem, (uint64_t)n + 1, n % 3));
        assert_int_equal(HONE_OK, s->device->backend->space(&space, s->device, &problem, 1));
        assert_true(sweep_config(s, config, space, NULL));
        if (n % 5 == 0)
            config[0] = 0;
        hone_status status = hone_verify_config(&numerics, s->context, s->device->name, operands, NULL,
                                                *config ? config : NULL, 1);
        if (*config && sweep_refused(status)) {
            refused++;
        } else if (status || !numerics.correct) {
            wrong++;
            sweep_report(&problem, *config ? config : "default", status, &numerics);
        }
        hone_space_destroy(space);
        hone_operands_destroy(operands);
    }
    assert_int_equal(0, wrong);
    assert_true(4 * refused <= count);
}

#endif

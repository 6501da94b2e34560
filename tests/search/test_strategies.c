/* Every strategy: each point once, repeatable by its seed, and led by what it observes. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../tuner/search/search.h"

typedef struct fixture {
    hone_space *space;
    hone_points *points;
} fixture;

/* `values` values of each of `params` parameters. */
static void make(fixture *f, int params, int values, const char *constraint) {
    char text[256] = "";
    size_t used = 0;
    for (int i = 0; i < values; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%d ", i);
    assert_int_equal(hone_space_create(&f->space), HONE_OK);
    for (int i = 0; i < params; i++) {
        char name[16];
        snprintf(name, sizeof name, "p%d", i);
        assert_int_equal(hone_space_param(f->space, name, text), HONE_OK);
    }
    if (constraint)
        assert_int_equal(hone_space_require(f->space, constraint), HONE_OK);
    assert_int_equal(hone_points_create(&f->points, f->space), HONE_OK);
}

static void drop(fixture *f) {
    hone_points_destroy(f->points);
    hone_space_destroy(f->space);
}

/* A bowl with its bottom at 2,2,...; every 11th point fails. */
static double value_of(const hone_points *points, int64_t point) {
    double sum = 1;
    for (int i = 0; i < points->space->param_count; i++) {
        int index = points->indices[point * points->space->param_count + i];
        sum += (index - 2) * (index - 2);
    }
    return point % 11 == 10 ? INFINITY : sum;
}

/* Runs a strategy to its end; `order` gets the proposals. Returns their number. */
static int64_t run(int64_t *order, const hone_strategy *strategy, const hone_points *points, uint64_t seed) {
    void *state;
    int64_t count = 0, point;
    assert_int_equal(strategy->create(&state, points, &(hone_search_options){.seed = seed}), HONE_OK);
    while ((point = strategy->propose(state)) >= 0) {
        assert_true(point < points->count);
        assert_true(count < points->count);
        order[count++] = point;
        strategy->observe(state, point, value_of(points, point));
    }
    assert_int_equal(strategy->propose(state), -1);
    strategy->destroy(state);
    return count;
}

static void each_point_once(void **state) {
    (void)state;
    static const struct {
        int params, values;
        const char *constraint;
    } spaces[] = {{1, 1, NULL}, {1, 7, NULL}, {3, 4, NULL}, {3, 6, "(p0 + p1 + p2) % 2 == 0"}, {4, 5, NULL}};
    for (size_t s = 0; s < sizeof spaces / sizeof spaces[0]; s++) {
        fixture f;
        make(&f, spaces[s].params, spaces[s].values, spaces[s].constraint);
        int64_t *order = malloc((size_t)f.points->count * sizeof *order);
        unsigned char *seen = malloc((size_t)f.points->count);
        assert_non_null(order);
        assert_non_null(seen);
        for (int i = 0; i < hone_strategy_count(); i++) {
            memset(seen, 0, (size_t)f.points->count);
            assert_int_equal(run(order, hone_strategy_at(i), f.points, 5), f.points->count);
            for (int64_t j = 0; j < f.points->count; j++)
                assert_int_equal(seen[order[j]]++, 0);
        }
        free(seen);
        free(order);
        drop(&f);
    }
}

static void seeds_decide(void **state) {
    (void)state;
    fixture f;
    make(&f, 4, 4, NULL);
    size_t bytes = (size_t)f.points->count * sizeof(int64_t);
    int64_t *a = malloc(bytes), *b = malloc(bytes), *c = malloc(bytes);
    assert_true(a && b && c);
    for (int i = 0; i < hone_strategy_count(); i++) {
        const hone_strategy *strategy = hone_strategy_at(i);
        run(a, strategy, f.points, 1);
        run(b, strategy, f.points, 1);
        run(c, strategy, f.points, 2);
        assert_memory_equal(a, b, bytes);
        int differs = memcmp(a, c, bytes) != 0;
        assert_int_equal(differs, strcmp(strategy->name, "exhaustive") != 0);
    }
    free(a);
    free(b);
    free(c);
    drop(&f);
}

/* What is observed first is not proposed again. */
static void known_points_are_skipped(void **state) {
    (void)state;
    fixture f;
    make(&f, 3, 6, NULL);
    for (int i = 0; i < hone_strategy_count(); i++) {
        const hone_strategy *strategy = hone_strategy_at(i);
        void *self;
        int64_t count = 0, point;
        assert_int_equal(strategy->create(&self, f.points, &(hone_search_options){.seed = 3}), HONE_OK);
        strategy->observe(self, 0, 10);
        strategy->observe(self, 100, INFINITY);
        while ((point = strategy->propose(self)) >= 0) {
            assert_true(point != 0 && point != 100);
            strategy->observe(self, point, NAN);
            count++;
        }
        assert_int_equal(count, f.points->count - 2);
        strategy->destroy(self);
    }
    drop(&f);
}

/* On a bowl every strategy that looks at values needs far fewer evaluations than there are points. */
static void searches_descend(void **state) {
    (void)state;
    fixture f;
    make(&f, 6, 8, NULL); /* 262144 points, one bottom */
    static const char *const names[] = {"local", "auto", "genetic", "annealing", "differential", "model"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const hone_strategy *strategy = hone_strategy_find(names[i]);
        void *self;
        double best = INFINITY;
        int evaluations = 0;
        assert_int_equal(strategy->create(&self, f.points, &(hone_search_options){.seed = 9}), HONE_OK);
        for (; evaluations < 1000 && best > 1; evaluations++) {
            int64_t point = strategy->propose(self);
            double value = value_of(f.points, point);
            strategy->observe(self, point, value);
            best = value < best ? value : best;
        }
        strategy->destroy(self);
        if (best > 3)
            fail_msg("%s found only %g", names[i], best);
    }
    drop(&f);
}

/* Values are told late, never, twice, or are no numbers: nothing is proposed twice all the same. */
static void odd_observations(void **state) {
    (void)state;
    fixture f;
    make(&f, 4, 5, "(p0 + p1 * p2) % 3 != 1");
    unsigned char *seen = calloc((size_t)f.points->count, 1);
    assert_non_null(seen);
    for (int i = 0; i < hone_strategy_count(); i++) {
        const hone_strategy *strategy = hone_strategy_at(i);
        hone_search_options options = {.seed = 8, .evaluations = 30};
        static const double values[] = {NAN, INFINITY, 0, -3, 1e300, 1e-300, 5, 5};
        int64_t point, late = -1, count = 0;
        void *self;
        memset(seen, 0, (size_t)f.points->count);
        assert_int_equal(strategy->create(&self, f.points, &options), HONE_OK);
        for (; (point = strategy->propose(self)) >= 0; count++) {
            assert_int_equal(seen[point]++, 0);
            if (late >= 0)
                strategy->observe(self, late, values[count % 8]);
            if (count % 5 == 0)
                strategy->observe(self, point, values[count % 7]);
            late = count % 3 ? point : -1;
        }
        assert_int_equal(count, f.points->count);
        strategy->destroy(self);
    }
    free(seen);
    drop(&f);
}

/* Spaces in which a config has no neighbour that differs in one parameter. */
static void isolated_points(void **state) {
    (void)state;
    fixture f;
    make(&f, 3, 12, "p0 == p1 && p1 == p2");
    int64_t order[12], neighbours[64];
    assert_int_equal(f.points->count, 12);
    assert_int_equal(hone_points_neighbours(neighbours, f.points, 3), 0);
    for (int i = 0; i < hone_strategy_count(); i++)
        assert_int_equal(run(order, hone_strategy_at(i), f.points, 5), 12);
    drop(&f);
}

/* With every config failing, each is still proposed. */
static void all_fail(void **state) {
    (void)state;
    fixture f;
    make(&f, 4, 4, NULL);
    for (int i = 0; i < hone_strategy_count(); i++) {
        const hone_strategy *strategy = hone_strategy_at(i);
        int64_t count = 0, point;
        void *self;
        assert_int_equal(strategy->create(&self, f.points, &(hone_search_options){.seed = 1}), HONE_OK);
        for (; (point = strategy->propose(self)) >= 0; count++)
            strategy->observe(self, point, INFINITY);
        assert_int_equal(count, f.points->count);
        strategy->destroy(self);
    }
    drop(&f);
}

static void names_are_found(void **state) {
    (void)state;
    assert_string_equal(hone_strategy_at(0)->name, "auto");
    for (int i = 0; i < hone_strategy_count(); i++)
        assert_ptr_equal(hone_strategy_find(hone_strategy_at(i)->name), hone_strategy_at(i));
    assert_null(hone_strategy_find("gradient"));
    assert_null(hone_strategy_find(""));
    assert_null(hone_strategy_at(-1));
    assert_null(hone_strategy_at(hone_strategy_count()));
}

/* Published first outputs of splitmix64 for seed 1234567. */
static void random_is_splitmix64(void **state) {
    (void)state;
    static const uint64_t expected[] = {6457827717110365317u, 3203168211198807973u, 9817491932198370423u,
                                        4593380528125082431u, 16408922859458223821u};
    hone_random random = {1234567};
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++)
        assert_true(hone_random_next(&random) == expected[i]);
    int hits[7] = {0};
    for (int i = 0; i < 7000; i++)
        hits[hone_random_below(&random, 7)]++;
    for (int i = 0; i < 7; i++)
        assert_in_range(hits[i], 800, 1200);
    assert_true(hone_random_below(&random, 1) == 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_point_once),
        cmocka_unit_test(seeds_decide),
        cmocka_unit_test(known_points_are_skipped),
        cmocka_unit_test(searches_descend),
        cmocka_unit_test(odd_observations),
        cmocka_unit_test(isolated_points),
        cmocka_unit_test(all_fail),
        cmocka_unit_test(names_are_found),
        cmocka_unit_test(random_is_splitmix64),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

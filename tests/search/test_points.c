/* Enumeration against brute force, and that illegal branches are not walked. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../../tuner/search/search.h"

/* A space of random parameters, values and constraints; few of its points are legal. */
static hone_space *random_space(hone_random *random) {
    hone_space *space;
    char text[128];
    assert_int_equal(hone_space_create(&space), HONE_OK);
    int params = 1 + (int)hone_random_below(random, 5);
    for (int i = 0; i < params; i++) {
        char name[16];
        size_t used = 0;
        int count = 1 + (int)hone_random_below(random, 5), first = (int)hone_random_below(random, 3);
        text[0] = '\0';
        for (int j = 0; j < count; j++)
            used += (size_t)snprintf(text + used, sizeof text - used, "%d ", first + j);
        snprintf(name, sizeof name, "p%d", i);
        assert_int_equal(hone_space_param(space, name, text), HONE_OK);
    }
    assert_int_equal(hone_space_constant(space, "c", (int64_t)hone_random_below(random, 6)), HONE_OK);
    int constraints = (int)hone_random_below(random, 5);
    for (int i = 0; i < constraints; i++) {
        int a = (int)hone_random_below(random, (uint64_t)params);
        int b = (int)hone_random_below(random, (uint64_t)params);
        int limit = (int)hone_random_below(random, 7);
        switch (hone_random_below(random, 5)) {
        case 0:
            snprintf(text, sizeof text, "p%d + p%d <= %d", a, b, limit + 2);
            break;
        case 1:
            snprintf(text, sizeof text, "p%d * p%d != %d", a, b, limit);
            break;
        case 2:
            snprintf(text, sizeof text, "p%d == %d || c < %d", a, b, limit);
            break;
        case 3:
            snprintf(text, sizeof text, "(p%d - p%d) %% 3 != %d", a, b, limit % 3);
            break;
        default:
            snprintf(text, sizeof text, "c > %d || p%d / p%d == 0", limit, a, b);
        }
        assert_int_equal(hone_space_require(space, text), HONE_OK);
    }
    return space;
}

/* Steps `indices` like an odometer, the last one fastest; 0 after the last. */
static int step(int *indices, const hone_space *space) {
    for (int i = space->param_count - 1; i >= 0; i--) {
        if (++indices[i] < space->params[i].count)
            return 1;
        indices[i] = 0;
    }
    return 0;
}

static void equals_brute_force(void **state) {
    (void)state;
    hone_random random = {20};
    int empty = 0, pruned = 0;
    for (int round = 0; round < 300; round++) {
        hone_space *space = random_space(&random);
        hone_points *points = NULL;
        hone_status status = hone_points_create(&points, space);
        int indices[HONE_SPACE_MAX_PARAMS] = {0};
        int64_t legal = 0, all = 0;
        do {
            all++;
            if (!hone_space_valid(space, indices)) {
                if (points)
                    assert_int_equal(hone_points_find_indices(points, indices), -1);
                continue;
            }
            assert_int_equal(status, HONE_OK);
            assert_true(legal < points->count);
            assert_memory_equal(points->indices + legal * space->param_count, indices,
                                (size_t)space->param_count * sizeof *indices);
            hone_config config;
            assert_int_equal(hone_points_config(&config, points, legal), HONE_OK);
            assert_int_equal(hone_points_find(points, &config), legal);
            legal++;
        } while (step(indices, space));
        if (legal)
            assert_int_equal(points->count, legal);
        else
            assert_int_equal(status, HONE_E_USAGE);
        empty += legal == 0;
        pruned += legal > 0 && legal < all;
        hone_points_destroy(points);
        hone_space_destroy(space);
    }
    assert_true(empty > 0);
    assert_true(pruned > 30);
}

/* 10^6 combinations of which the first constraint leaves one branch in ten at
 * each level: the nodes visited are counted, not timed. */
static void visits_few_nodes(void **state) {
    (void)state;
    hone_space *space;
    hone_points *points;
    assert_int_equal(hone_space_create(&space), HONE_OK);
    for (int i = 0; i < 6; i++) {
        char name[16];
        snprintf(name, sizeof name, "p%d", i);
        assert_int_equal(hone_space_param(space, name, "0 1 2 3 4 5 6 7 8 9"), HONE_OK);
    }
    assert_int_equal(hone_space_constant(space, "c", 3), HONE_OK);
    for (int i = 1; i < 6; i++) {
        char text[32];
        snprintf(text, sizeof text, "p%d == (p%d + c) %% 10", i, i - 1);
        assert_int_equal(hone_space_require(space, text), HONE_OK);
    }
    assert_int_equal(hone_points_create(&points, space), HONE_OK);
    assert_int_equal(points->count, 10);
    assert_int_equal(points->visited, 10 + 5 * 100);
    hone_points_destroy(points);

    /* A constraint over constants alone is known before the first parameter. */
    assert_int_equal(hone_space_require(space, "c == 4"), HONE_OK);
    assert_int_equal(hone_points_create(&points, space), HONE_E_USAGE);
    hone_space_destroy(space);
}

static void shards_are_a_partition(void **state) {
    (void)state;
    hone_space *space;
    assert_int_equal(hone_space_create(&space), HONE_OK);
    assert_int_equal(hone_space_param(space, "a", "1 2 3 4 5"), HONE_OK);
    assert_int_equal(hone_space_param(space, "b", "1 2 3 4 5"), HONE_OK);
    assert_int_equal(hone_space_require(space, "a != b"), HONE_OK);
    hone_points *all;
    assert_int_equal(hone_points_create(&all, space), HONE_OK);
    int owners[20] = {0};
    assert_int_equal(all->count, 20);
    for (int shard = 0; shard < 3; shard++) {
        hone_points *part;
        assert_int_equal(hone_points_create(&part, space), HONE_OK);
        assert_int_equal(hone_points_shard(part, shard, 3), HONE_OK);
        for (int64_t i = 0; i < part->count; i++) {
            hone_config config;
            assert_int_equal(hone_points_config(&config, part, i), HONE_OK);
            assert_int_equal(hone_points_find(part, &config), i);
            int64_t whole = hone_points_find(all, &config);
            assert_int_equal(whole % 3, shard);
            owners[whole]++;
        }
        hone_points_destroy(part);
    }
    for (int i = 0; i < 20; i++)
        assert_int_equal(owners[i], 1);
    assert_int_equal(hone_points_shard(all, 3, 3), HONE_E_USAGE);
    assert_int_equal(hone_points_shard(all, -1, 3), HONE_E_USAGE);
    assert_int_equal(hone_points_shard(all, 0, 0), HONE_E_USAGE);
    assert_int_equal(hone_points_shard(all, 25, 30), HONE_OK); /* none is left */
    assert_int_equal(all->count, 0);
    hone_points_destroy(all);
    hone_space_destroy(space);
}

/* Neighbours are the legal points that differ in one parameter, each once. */
static void neighbours_differ_in_one(void **state) {
    (void)state;
    hone_random random = {4};
    for (int round = 0; round < 60; round++) {
        hone_space *space = random_space(&random);
        hone_points *points = NULL;
        if (hone_points_create(&points, space) == HONE_OK) {
            int64_t neighbours[64];
            int width = space->param_count;
            assert_true(hone_points_most_neighbours(points) <= 64);
            for (int64_t i = 0; i < points->count; i++) {
                int found = hone_points_neighbours(neighbours, points, i), expected = 0;
                for (int64_t j = 0; j < points->count; j++) {
                    int differ = 0;
                    for (int p = 0; p < width; p++)
                        differ += points->indices[i * width + p] != points->indices[j * width + p];
                    expected += differ == 1;
                    if (differ == 1)
                        assert_true(expected <= found);
                }
                assert_int_equal(found, expected);
            }
            hone_points_destroy(points);
        }
        hone_space_destroy(space);
    }
}

static void lists_are_taken_as_they_are(void **state) {
    (void)state;
    static const int rows[] = {1, 0, 0, 2, 1, 0, 2, 2, 0, 2, 0, 0};
    hone_space *space;
    hone_points *points = NULL;
    assert_int_equal(hone_space_create(&space), HONE_OK);
    assert_int_equal(hone_space_param(space, "a", "1 2 3"), HONE_OK);
    assert_int_equal(hone_space_param(space, "b", "1 2 3"), HONE_OK);
    assert_int_equal(hone_points_create_listed(&points, space, rows, 0), HONE_E_USAGE);
    assert_int_equal(hone_points_create_listed(&points, space, rows, 6), HONE_OK);
    assert_int_equal(points->count, 4); /* two are there twice */
    assert_int_equal(hone_points_find_indices(points, (const int[]){1, 0}), 0);
    assert_int_equal(hone_points_find_indices(points, (const int[]){0, 2}), 1);
    assert_int_equal(hone_points_find_indices(points, (const int[]){2, 2}), 2);
    assert_int_equal(hone_points_find_indices(points, (const int[]){0, 0}), 3);
    assert_int_equal(hone_points_find_indices(points, (const int[]){1, 1}), -1);
    hone_points_destroy(points);
    hone_space_destroy(space);
}

/* More combinations than a table of answers holds: the constraint is evaluated each time. */
static void wide_constraints(void **state) {
    (void)state;
    hone_space *space;
    hone_points *points;
    char sum[64] = "p0";
    assert_int_equal(hone_space_create(&space), HONE_OK);
    for (int i = 0; i < 9; i++) {
        char name[16];
        snprintf(name, sizeof name, "p%d", i);
        assert_int_equal(hone_space_param(space, name, "0 1 2 3 4 5"), HONE_OK);
        if (i > 0)
            snprintf(sum + strlen(sum), sizeof sum - strlen(sum), " + %s", name);
    }
    for (int i = 0; i < 8; i++) {
        char text[32];
        snprintf(text, sizeof text, "p%d <= p%d", i, i + 1);
        assert_int_equal(hone_space_require(space, text), HONE_OK);
    }
    strcat(sum, " == 1");
    assert_int_equal(hone_space_require(space, sum), HONE_OK);
    assert_int_equal(hone_points_create(&points, space), HONE_OK);
    assert_int_equal(points->count, 1);
    hone_points_destroy(points);
    hone_space_destroy(space);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_brute_force),          cmocka_unit_test(visits_few_nodes),
        cmocka_unit_test(shards_are_a_partition),      cmocka_unit_test(neighbours_differ_in_one),
        cmocka_unit_test(lists_are_taken_as_they_are), cmocka_unit_test(wide_constraints),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Every tile width of a data type, with its numbers of rows in turn, on every instruction set that this CPU
 * runs, with every activation, on ragged shapes: 1, 3, 7, 17, 63, 65 and 257 in
 * each of M, N and K. Blocking, threads, storage order and quantisation rotate.
 *
 * Each pair of a width and an activation meets every third shape, all of them with
 * HONE_SWEEP=full; HONE_SWEEP=quick rotates the activations too, instead of
 * crossing them. */
#ifndef HONE_TESTS_VARIANT_SWEEP_H
#define HONE_TESTS_VARIANT_SWEEP_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../harness/verify.h"
#include "../../kernels/activation.h"
#include "../../kernels/backend.h"
#include "../../kernels/cpu/cpu_space.h"
#include "../../kernels/cpu/cpu_variants.h"
#include "../../tuner/search/search.h"

typedef struct sweep {
    hone_context *context;
    const hone_device *device;
    hone_random random;
    int every; /* n-th combination of shape, width and activation */
    long runs, wrong;
} sweep;

/* The problem options of the n-th shape: each combination meets many shapes. */
static void sweep_options(hone_problem *p, int n) {
    p->weights_transposed = n & 1;
    p->weights_plain = n >> 1 & 1;
    p->bias = n % 5 != 0;
    if (p->dtype != HONE_S8)
        return;
    static const hone_dtype c_types[] = {HONE_S8, HONE_F32, HONE_U8, HONE_F16};
    p->c_type = c_types[n / 4 % 4];
    p->a_type = n / 3 % 2 ? HONE_U8 : HONE_S8;
    p->a_scale_per_row = n / 2 % 3 == 0;
}

/* The index of a word or number among a parameter's values. */
static int sweep_index(const hone_param *param, const char *text) {
    hone_value value;
    assert_int_equal(HONE_OK, hone_value_parse(&value, text));
    for (int i = 0; i < param->count; i++)
        if (hone_value_equal(&param->values[i], &value))
            return i;
    fail_msg("%s has no value %s", param->name, text);
    return 0;
}

/* Brings a drawn extent into what is legal for the problem: few draws would be. */
static void sweep_extent(int *index, const hone_param *param, const hone_problem *p, const hone_variant *v) {
    int64_t want = param->values[*index].number;
    char text[24];
    if (strcmp(param->name, "kc") == 0)
        want = hone_cpu_depth(p->k, want);
    else if (strcmp(param->name, "mc") == 0)
        want = hone_cpu_rows(p->m, want);
    else if (strcmp(param->name, "nc") == 0)
        want = hone_cpu_columns(p->n, want);
    else if (strcmp(param->name, "mr") == 0)
        want = hone_cpu_tile_rows(p->m, want < v->mr ? want : v->mr);
    else
        return;
    snprintf(text, sizeof text, "%lld", (long long)want);
    *index = sweep_index(param, text);
}

/* A tile width with random numbers of rows and blocking parameters that are legal beside it. */
static void sweep_config(char *text, sweep *s, const hone_space *space, const hone_problem *p,
                         const hone_variant *v) {
    char nr[24];
    snprintf(nr, sizeof nr, "%d", v->nr);
    const char *const tile[][2] = {{"isa", v->isa}, {"wtype", v->kind}, {"nr", nr}};
    int indices[HONE_SPACE_MAX_PARAMS];
    hone_config config;
    do {
        for (int i = 0; i < space->param_count; i++) {
            const hone_param *param = &space->params[i];
            indices[i] = (int)hone_random_below(&s->random, (uint64_t)param->count);
            for (int t = 0; t < 3; t++)
                if (strcmp(param->name, tile[t][0]) == 0)
                    indices[i] = sweep_index(param, tile[t][1]);
            sweep_extent(&indices[i], param, p, v);
        }
    } while (!hone_space_valid(space, indices));
    assert_int_equal(HONE_OK, hone_space_config(&config, space, indices));
    assert_int_equal(HONE_OK, hone_config_format(text, HONE_CONFIG_TEXT, &config));
}

enum { SWEEP_THREADS = 3 };

static void sweep_case(sweep *s, hone_operands *operands, const hone_reference *reference,
                       hone_space *const spaces[SWEEP_THREADS + 1], const hone_variant *v) {
    char config[HONE_CONFIG_TEXT], key[HONE_PROBLEM_TEXT], reason[256];
    /* Mostly one thread: more of them than cores wait for each other. */
    int threads = hone_random_below(&s->random, 8) ? 1 : 2 + (int)hone_random_below(&s->random, 2);
    hone_numerics numerics;
    sweep_config(config, s, spaces[threads], &operands->problem, v);
    hone_status status =
        hone_verify_config(&numerics, s->context, "cpu", operands, reference, config, threads);
    s->runs++;
    if (status == HONE_OK && numerics.correct)
        return;
    s->wrong++;
    hone_numerics_reason(reason, sizeof reason, &numerics);
    hone_problem_format(key, sizeof key, &operands->problem);
    printf("hone verify --config %s --threads %d: %s: %s\n", config, threads, key,
           status ? hone_error_detail() : reason);
}

/* Kinds that compute a data type: its own, and f32 for 16-bit weights. */
static int sweep_computes(const hone_variant *v, hone_dtype dtype) {
    int half = dtype == HONE_F16 || dtype == HONE_BF16;
    return strcmp(v->kind, hone_dtype_name(dtype)) == 0 || (half && strcmp(v->kind, "f32") == 0);
}

static void sweep_shape(sweep *s, hone_dtype dtype, const int64_t shape[3], int n) {
    hone_activation prelu;
    hone_problem problem;
    assert_int_equal(HONE_OK, hone_activation_parse(&prelu, "prelu"));
    hone_problem_init(&problem, dtype, prelu, shape[0], shape[1], shape[2]);
    sweep_options(&problem, n);
    hone_operands *operands; /* made for prelu, so that every activation finds its slopes */
    hone_reference *reference;
    assert_int_equal(HONE_OK, hone_operands_create(&operands, &problem, (uint64_t)n + 1, n % 4));
    assert_int_equal(HONE_OK, hone_reference_create(&reference, operands, 0));

    int activations = hone_activation_count();
    for (int act = 0; act < activations; act++) {
        hone_problem_init(&problem, dtype, act, shape[0], shape[1], shape[2]);
        sweep_options(&problem, n);
        operands->problem = problem;
        assert_int_equal(HONE_OK, hone_reference_activate(reference, &problem));
        hone_space *spaces[SWEEP_THREADS + 1];
        for (int t = 1; t <= SWEEP_THREADS; t++)
            assert_int_equal(HONE_OK, s->device->backend->space(&spaces[t], s->device, &problem, t));
        for (int i = 0; hone_cpu_variants[i]; i++) {
            const hone_variant *v = hone_cpu_variants[i];
            if ((i + n + act) % s->every != 0)
                continue;
            if (sweep_computes(v, dtype) && hone_cpu_isa_runs(hone_cpu_isa_find(v->isa)))
                sweep_case(s, operands, reference, spaces, v);
        }
        for (int t = 1; t <= SWEEP_THREADS; t++)
            hone_space_destroy(spaces[t]);
    }
    hone_reference_destroy(reference);
    hone_operands_destroy(operands);
}

/* Every n-th combination of activation and width, on every m-th shape. */
static void sweep_every(hone_dtype dtype, int every, int step) {
    static const int64_t extents[] = {1, 3, 7, 17, 63, 65, 257};
    sweep s = {.random = {2026}, .every = every};
    assert_int_equal(HONE_OK, hone_context_create(&s.context));
    assert_int_equal(HONE_OK, hone_context_device(&s.device, s.context, "cpu"));
    for (int n = 0; n < 343; n += step) {
        const int64_t shape[3] = {extents[n / 49], extents[n / 7 % 7], extents[n % 7]};
        sweep_shape(&s, dtype, shape, n);
    }
    hone_context_destroy(s.context);
    printf("%ld runs, %ld wrong\n", s.runs, s.wrong);
    assert_int_equal(0, s.wrong);
    assert_true(s.runs > 343);
}

static inline void sweep_all(hone_dtype dtype) {
    const char *mode = getenv("HONE_SWEEP") ? getenv("HONE_SWEEP") : "";
    int quick = strcmp(mode, "quick") == 0, full = strcmp(mode, "full") == 0;
    sweep_every(dtype, quick ? hone_activation_count() : full ? 1 : 3, 1);
}

#endif

/* The suites: consistent, and right where a shape follows from its model. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "../../harness/suites.h"

static const hone_shape *find_shape(const char *suite, const char *name) {
    for (int i = 0; i < hone_shape_count(); ++i) {
        const hone_shape *shape = hone_shape_at(i);
        if (strcmp(shape->suite, suite) == 0 && strcmp(shape->name, name) == 0)
            return shape;
    }
    return NULL;
}

static void assert_shape(const char *suite, const char *name, int64_t m, int64_t n, int64_t k) {
    const hone_shape *shape = find_shape(suite, name);
    if (shape == NULL)
        fail_msg("%s has no %s", suite, name);
    if (shape->m != m || shape->n != n || shape->k != k)
        fail_msg("%s is not %dx%dx%d", name, (int)m, (int)n, (int)k);
}

static void suites_are_found(void **state) {
    (void)state;
    static const char *const expected[] = {
        "quick",    "bert_base", "gpt2",      "llama2_7b_prefill", "llama2_7b_decode",
        "resnet50", "dlrm",      "deepbench", "squares",           "ragged",
        "peers"};
    assert_int_equal(hone_suite_count(), sizeof expected / sizeof *expected);
    for (int i = 0; i < hone_suite_count(); ++i) {
        const hone_suite *suite = hone_suite_at(i);
        assert_string_equal(suite->name, expected[i]);
        assert_ptr_equal(hone_suite_find(expected[i]), suite);
        assert_true(strlen(suite->description) > 0 && strlen(suite->source) > 0);
    }
    assert_null(hone_suite_find("nothing"));
    assert_null(hone_suite_at(-1));
    assert_null(hone_suite_at(hone_suite_count()));
    assert_null(hone_shape_at(-1));
    assert_null(hone_shape_at(hone_shape_count()));
}

/* Every item of a list is one of `known`. */
static void assert_list(const char *list, const char *known) {
    char text[128], item[64];
    assert_true(strlen(list) > 0);
    snprintf(text, sizeof text, "%s", list);
    for (char *word = strtok(text, ","); word != NULL; word = strtok(NULL, ",")) {
        snprintf(item, sizeof item, ",%s,", word);
        if (strstr(known, item) == NULL)
            fail_msg("'%s' is none of %s", word, known);
    }
}

static void defaults_are_names(void **state) {
    (void)state;
    for (int i = 0; i < hone_suite_count(); ++i) {
        assert_list(hone_suite_at(i)->dtypes, ",f32,f16,bf16,s8,");
        assert_list(hone_suite_at(i)->activations, ",identity,relu,gelu_erf,gelu_tanh,silu,");
    }
    assert_string_equal(hone_suite_find("quick")->dtypes, "f32,f16,bf16,s8");
    assert_string_equal(hone_suite_find("quick")->activations, "gelu_tanh");
}

static void shapes_are_legal_and_distinct(void **state) {
    (void)state;
    int suite = -1; /* of the shape before */
    for (int i = 0; i < hone_shape_count(); ++i) {
        const hone_shape *a = hone_shape_at(i);
        assert_in_range(a->m, 1, HONE_MAX_DIM);
        assert_in_range(a->n, 1, HONE_MAX_DIM);
        assert_in_range(a->k, 1, HONE_MAX_DIM);
        assert_true(a->m * a->n <= HONE_MAX_ELEMENTS && a->m * a->k <= HONE_MAX_ELEMENTS &&
                    a->k * a->n <= HONE_MAX_ELEMENTS);
        if (suite < 0 || strcmp(hone_suite_at(suite)->name, a->suite) != 0)
            assert_string_equal(hone_suite_at(++suite)->name, a->suite); /* suite by suite */
        for (int j = 0; j < i; ++j) {
            const hone_shape *b = hone_shape_at(j);
            if (strcmp(a->suite, b->suite) == 0 &&
                (strcmp(a->name, b->name) == 0 || (a->m == b->m && a->n == b->n && a->k == b->k)))
                fail_msg("%s and %s of %s are the same", b->name, a->name, a->suite);
        }
    }
    assert_int_equal(suite, hone_suite_count() - 1); /* none is empty */
}

/* Names that spell their shape, "..._MxNxK", say the truth. */
static void names_match_shapes(void **state) {
    (void)state;
    int checked = 0;
    for (int i = 0; i < hone_shape_count(); ++i) {
        const hone_shape *shape = hone_shape_at(i);
        if (strcmp(shape->suite, "deepbench") != 0 && strcmp(shape->suite, "ragged") != 0)
            continue;
        char text[64];
        snprintf(text, sizeof text, "%lldx%lldx%lld", (long long)shape->m, (long long)shape->n,
                 (long long)shape->k);
        assert_string_equal(strrchr(shape->name, '_') + 1, text);
        ++checked;
    }
    assert_true(checked >= 60);
}

static void quick_has_one_of_each_kind(void **state) {
    (void)state;
    assert_shape("quick", "bert_ffn_up", 128, 3072, 768);
    assert_shape("quick", "bert_ffn_down", 128, 768, 3072);
    int decode = 0;
    for (int i = 0; i < hone_shape_count(); ++i) {
        const hone_shape *shape = hone_shape_at(i);
        if (strcmp(shape->suite, "quick") == 0)
            decode += shape->m == 1;
    }
    assert_int_equal(decode, 1);
}

static void transformers_follow_their_widths(void **state) {
    (void)state;
    const int hidden = 4096, intermediate = 11008;
    assert_shape("llama2_7b_prefill", "llama2_7b_ffn_gate", 128, intermediate, hidden);
    assert_shape("llama2_7b_prefill", "llama2_7b_ffn_down", 128, hidden, intermediate);
    assert_shape("llama2_7b_prefill", "llama2_7b_qkv_fused", 128, 3 * hidden, hidden);
    assert_shape("llama2_7b_decode", "llama2_7b_ffn_down_decode", 1, hidden, intermediate);
    assert_shape("bert_base", "bert_qkv_fused", 128, 3 * 768, 768);
    assert_shape("gpt2", "gpt2_mlp_proj", 1024, 768, 4 * 768);
}

/* ResNet-50 from its rule: stage s works on (56 / 2^s)^2 pixels with 64 2^s
 * channels inside and 256 2^s outside; 1x1s before the stride see the pixels of
 * the stage before. */
static void resnet_follows_its_rule(void **state) {
    (void)state;
    for (int stage = 0; stage < 4; ++stage) {
        const int side = 56 >> stage, before = stage == 0 ? side : 2 * side;
        const int inner = 64 << stage, outer = 4 * inner, input = stage == 0 ? 64 : outer / 2;
        char name[64];
#define NAME(kind) (snprintf(name, sizeof name, "resnet50_c%d_" kind, stage + 2), name)
        assert_shape("resnet50", NAME("1x1_first"), before * before, inner, input);
        assert_shape("resnet50", NAME("3x3"), side * side, inner, 9 * inner);
        assert_shape("resnet50", NAME("1x1_expand"), side * side, outer, inner);
        assert_shape("resnet50", NAME("1x1_reduce"), side * side, inner, outer);
        if (stage > 0)
            assert_shape("resnet50", NAME("1x1_project"), side * side, outer, input);
#undef NAME
    }
    assert_shape("resnet50", "resnet50_conv1", 112 * 112, 64, 3 * 7 * 7);
    assert_shape("resnet50", "resnet50_fc", 1, 1000, 2048);
}

static void dlrm_follows_its_interaction(void **state) {
    (void)state;
    const int vectors = 26 + 1, width = 128;
    assert_shape("dlrm", "dlrm_top0", 2048, 1024, vectors * (vectors - 1) / 2 + width);
    assert_shape("dlrm", "dlrm_bot0", 2048, 512, 13);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(suites_are_found),
        cmocka_unit_test(defaults_are_names),
        cmocka_unit_test(shapes_are_legal_and_distinct),
        cmocka_unit_test(names_match_shapes),
        cmocka_unit_test(quick_has_one_of_each_kind),
        cmocka_unit_test(transformers_follow_their_widths),
        cmocka_unit_test(resnet_follows_its_rule),
        cmocka_unit_test(dlrm_follows_its_interaction),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

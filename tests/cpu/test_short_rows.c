/* Rows of A of less than a group, which tiles read by words of four bytes: nothing before A is read, nor
 * after. */
#define _DEFAULT_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../kernels/cpu/cpu_space.h"
#include "hone/hone.h"

enum { N = 260 /* streams of the widest tiles */, MOST_ROWS = 5, MOST_K = 3 };

typedef struct short_case {
    hone_dtype dtype, a_type;
    int m, k, lda, mr, threads;
} short_case;

/* The default config with tiles of other rows, A in place and rows shared out, or NULL where that is none. */
static hone_plan *plan_of(hone_context *context, const short_case *q) {
    hone_problem problem;
    hone_activation relu;
    hone_plan *plan;
    char config[256], isa[32], kind[16];
    int nr;
    assert_int_equal(HONE_OK, hone_activation_parse(&relu, "relu"));
    hone_problem_init(&problem, q->dtype, relu, q->m, N, q->k);
    problem.a_type = q->a_type;
    problem.c_type = q->dtype == HONE_S8 ? HONE_F32 : q->dtype;
    problem.bias = 0;
    assert_int_equal(HONE_OK, hone_plan_create(&plan, context, "cpu", &problem, NULL, q->threads));
    const char *text = hone_plan_config(plan);
    assert_int_equal(1, sscanf(strstr(text, "isa=") + 4, "%31[^,]", isa));
    assert_int_equal(1, sscanf(strstr(text, "wtype=") + 6, "%15[^,]", kind));
    assert_int_equal(1, sscanf(strstr(text, "nr=") + 3, "%d", &nr));
    hone_plan_destroy(plan);
    const hone_variant *v = hone_cpu_variant_find(isa, kind, nr);
    const int streams = q->threads == 1 && q->mr == q->m && HONE_PARTS(v->mr, q->mr) > 1;
    snprintf(
        config, sizeof config,
        "copy=0,epi=l1,form=%s,gm=%d,gn=1,inner=%s,isa=%s,kc=128,mc=24,mr=%d,nc=512,nr=%d,pf=%s,wtype=%s",
        q->dtype == HONE_S8 ? "fast" : "brief", q->threads, !streams && q->mr % 2 ? "m" : "n", isa, q->mr, nr,
        streams ? "streams" : "0", kind);
    return hone_plan_create(&plan, context, "cpu", &problem, config, q->threads) ? NULL : plan;
}

/* C of A at `a`: f32 of s8, or bf16. */
static void execute(void *c, hone_plan *plan, const short_case *q, const void *a) {
    static unsigned char b[MOST_K * N * 2];
    const float a_scale = 1;
    float b_scale[N];
    for (int i = 0; i < MOST_K * N; i++) {
        const uint16_t values[] = {0x3f80, 0x4000, 0xc040, 0x3f00}; /* 1, 2, -3, 1/2 */
        if (q->dtype == HONE_S8)
            b[i] = (unsigned char)(i * 7 % 31);
        else
            memcpy(b + 2 * i, &values[i % 4], 2);
    }
    for (int j = 0; j < N; j++)
        b_scale[j] = 1;
    void *packed = aligned_alloc(HONE_PACK_ALIGN, hone_plan_packed_size(plan));
    assert_non_null(packed);
    assert_int_equal(HONE_OK, hone_plan_pack(packed, plan, b, N));
    hone_args args = {
        .a = a, .lda = q->lda, .b = packed, .c = c, .ldc = N, .a_scale = &a_scale, .b_scale = b_scale};
    assert_int_equal(HONE_OK, hone_plan_execute(plan, &args));
    free(packed);
}

/* A at the beginning and at the end of a page between two that may not be read. */
static int check(hone_context *context, const short_case *q, unsigned char *page, size_t page_bytes) {
    static unsigned char before[MOST_ROWS * N * 4], after[MOST_ROWS * N * 4];
    hone_plan *plan = plan_of(context, q);
    if (!plan)
        return 0;
    const size_t size = q->dtype == HONE_S8 ? 1 : 2, bytes = (size_t)((q->m - 1) * q->lda + q->k) * size;
    for (size_t i = 0; i < bytes; i++)
        page[i] = (unsigned char)(size == 1 ? i * 41 % 251 : i % 2 ? 0x3f : i * 16 % 128);
    unsigned char *end = page + page_bytes - bytes;
    memmove(end, page, bytes);
    memset(before, 0, sizeof before);
    memset(after, 0, sizeof after);
    execute(before, plan, q, page);
    execute(after, plan, q, end);
    if (memcmp(before, after, sizeof before) != 0)
        fail_msg("%s, %d rows of %d at %d, mr=%d: A at other places gives another C",
                 hone_dtype_name(q->dtype), q->m, q->k, q->lda, q->mr);
    hone_plan_destroy(plan);
    return 1;
}

/* Whether some tiles read A by words. */
static int have_words(void) {
    for (int i = 0; hone_cpu_variants[i]; i++)
        if (hone_cpu_variants[i]->words && hone_cpu_runs(hone_cpu_variants[i]))
            return 1;
    return 0;
}

static void nothing_beside_a_is_read(void **state) {
    (void)state;
    if (!have_words())
        skip();
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    unsigned char *memory = mmap(NULL, 3 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    hone_context *context;
    int checked = 0;
    assert_true(memory != MAP_FAILED);
    assert_int_equal(0, mprotect(memory, page, PROT_NONE));
    assert_int_equal(0, mprotect(memory + 2 * page, page, PROT_NONE));
    assert_int_equal(HONE_OK, hone_context_create(&context));
    for (int n = 0; n < 3 * MOST_K * 2 * MOST_ROWS * MOST_ROWS * 2; n++) {
        const int kind = n % 3, k = 1 + n / 3 % MOST_K;
        const short_case q = {.dtype = kind == 2 ? HONE_BF16 : HONE_S8,
                              .a_type = kind == 2 ? HONE_BF16
                                        : kind    ? HONE_U8
                                                  : HONE_S8,
                              .k = k,
                              .lda = k + n / 9 % 2,
                              .m = 1 + n / 18 % MOST_ROWS,
                              .mr = 1 + n / (18 * MOST_ROWS) % MOST_ROWS,
                              .threads = 1 + n / (18 * MOST_ROWS * MOST_ROWS)};
        checked += check(context, &q, memory + page, page);
    }
    hone_context_destroy(context);
    munmap(memory, 3 * page);
    printf("%d configs\n", checked);
    assert_true(checked > 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(nothing_beside_a_is_read)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

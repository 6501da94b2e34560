/* One layer of a network through libhone: look the problem up, plan, pack, execute.
 *
 *     C[128 x 3072] = gelu_tanh(A[128 x 768] . B[768 x 3072] + bias[3072])
 *
 *     gemm_gelu [DATABASE]
 *
 * With a database (hone tune writes one) the best known config is run, without
 * one the default of this machine. */
#include <hone/hone.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { M = 128, N = 3072, K = 768 };

/* Memory that packing and SIMD like: aligned, a multiple of the alignment long. */
static void *allocate(size_t bytes) {
    return aligned_alloc(HONE_PACK_ALIGN, (bytes + HONE_PACK_ALIGN - 1) / HONE_PACK_ALIGN * HONE_PACK_ALIGN);
}

/* Small, repeatable values in (-1/2, 1/2). */
static void fill(float *x, size_t count, unsigned seed) {
    for (size_t i = 0; i < count; i++) {
        seed = seed * 1664525u + 1013904223u;
        x[i] = (float)(seed >> 8) / (float)(1u << 24) - 0.5f;
    }
}

/* Element (i, j) of the result, in double precision. */
static double expected(const hone_problem *problem, const float *a, const float *b, const float *bias, int i,
                       int j) {
    double sum = bias[j];
    for (int k = 0; k < K; k++)
        sum += (double)a[i * K + k] * b[k * N + j];
    return hone_activation_reference(problem->act, sum, problem->act_params);
}

int main(int argc, char **argv) {
    int failed = 1;
    hone_context *context = NULL;
    hone_db *db = NULL;
    hone_plan *plan = NULL;
    float *a = allocate(sizeof *a * M * K), *b = allocate(sizeof *b * K * N);
    float *c = allocate(sizeof *c * M * N), *bias = allocate(sizeof *bias * N);
    void *packed = NULL;
    if (!a || !b || !c || !bias)
        goto cleanup;
    fill(a, (size_t)M * K, 1);
    fill(b, (size_t)K * N, 2);
    fill(bias, N, 3);

    /* What is to be computed. */
    hone_activation gelu;
    if (hone_activation_parse(&gelu, "gelu_tanh") != HONE_OK)
        goto cleanup;
    hone_problem problem;
    hone_problem_init(&problem, HONE_F32, gelu, M, N, K);

    /* The best config that is known for it here. */
    if (hone_context_create(&context) != HONE_OK)
        goto cleanup;
    if (argc > 1 && hone_db_open(&db, argv[1]) != HONE_OK)
        goto cleanup;
    hone_match match;
    if (hone_db_lookup(&match, db, context, "cpu", &problem, NULL) != HONE_OK)
        goto cleanup;
    printf("match   %s%s\nconfig  %s\n", hone_match_kind_name(match.kind), match.stale ? ", stale" : "",
           match.config);
    if (match.samples > 0)
        printf("known   p50 %.1f us, p95 %.1f us, %.1f GFLOP/s, relative error %.1e\n", match.p50_us,
               match.p95_us, match.gflops, match.err_rel_fro);

    /* Weights are packed once, calls are many. */
    if (hone_plan_create(&plan, context, "cpu", &problem, match.config, 0) != HONE_OK)
        goto cleanup;
    packed = allocate(hone_plan_packed_size(plan));
    if (!packed || hone_plan_pack(packed, plan, b, N) != HONE_OK)
        goto cleanup;
    hone_args args = {.a = a, .lda = K, .b = packed, .c = c, .ldc = N, .bias = bias};
    if (hone_plan_execute(plan, &args) != HONE_OK)
        goto cleanup;

    int i = 77, j = 1234;
    double value = c[i * N + j], reference = expected(&problem, a, b, bias, i, j);
    printf("C[%d,%d] %.6f, expected %.6f\n", i, j, value, reference);
    failed = !(fabs(value - reference) <= 1e-4);

cleanup:
    if (failed)
        fprintf(stderr, "gemm_gelu: %s\n",
                *hone_error_detail() ? hone_error_detail() : "no memory, or a wrong value");
    hone_plan_destroy(plan);
    hone_db_close(db);
    hone_context_destroy(context);
    free(packed);
    free(bias);
    free(c);
    free(b);
    free(a);
    return failed;
}

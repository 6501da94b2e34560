/* The register tile: TILE_ROWS x TILE_VECTORS accumulators that stay in
 * registers over k. Included once for each number of rows with literal sizes:
 * only then do gcc and clang both keep the array in registers. */

#define TILE_(x) TILE_CAT(x, TILE_ROWS)

/* Rows are reached from every third one: with the distance of two rows as a scaled
 * index, five pointers serve 14 rows and the loop needs no other registers. */
enum { TILE_(tile_bases) = (TILE_ROWS + 2) / 3 };

static inline __attribute__((always_inline)) void TILE_(tile_group)(TILE(tile_acc) sum[TILE_ROWS][TILE_VECTORS],
                                                                    const char *const *a, int64_t a_step,
                                                                    int64_t offset, const char *b,
                                                                    int64_t prefetch) {
    __typeof__(TILE(tile_b)(b)) vb[TILE_VECTORS];
    TILE_UNROLL for (int j = 0; j < TILE_VECTORS; j++) {
        vb[j] = TILE(tile_b)(b + j * TILE_B_BYTES);
        __builtin_prefetch(b + j * TILE_B_BYTES + prefetch);
    }
    TILE_UNROLL for (int i = 0; i < TILE_ROWS; i++) {
        __typeof__(TILE(tile_a)(b)) va = TILE(tile_a)(a[i / 3] + (i % 3) * a_step + offset);
        TILE_UNROLL for (int j = 0; j < TILE_VECTORS; j++) sum[i][j] = TILE(tile_mul)(sum[i][j], va, vb[j]);
    }
}

static void TILE_(tile_rows)(const hone_tile_args *args) {
    const char *a[TILE_(tile_bases)], *b = args->b;
    const int64_t a_step = args->a_step, b_step = args->b_step, prefetch = args->prefetch;
    TILE(tile_acc) *out = args->acc;
    TILE(tile_acc) sum[TILE_ROWS][TILE_VECTORS];
    TILE_UNROLL for (int i = 0; i < TILE_(tile_bases); i++) a[i] = (const char *)args->a + 3 * i * a_step;
    TILE_UNROLL for (int i = 0; i < TILE_ROWS; i++)
        TILE_UNROLL for (int j = 0; j < TILE_VECTORS; j++)
            sum[i][j] = args->accumulate ? out[i * TILE_VECTORS + j] : TILE(tile_zero)();

    int64_t groups = args->groups;
    for (; groups >= TILE_STEPS; groups -= TILE_STEPS) {
        TILE_UNROLL for (int g = 0; g < TILE_STEPS; g++, b += b_step)
            TILE_(tile_group)(sum, a, a_step, g * TILE_A_BYTES, b, prefetch);
        TILE_UNROLL for (int i = 0; i < TILE_(tile_bases); i++) {
            a[i] += TILE_STEPS * TILE_A_BYTES;
            TILE_KEEP(a[i]);
        }
    }
    for (; groups > 0; groups--, b += b_step) {
        TILE_(tile_group)(sum, a, a_step, 0, b, prefetch);
        TILE_UNROLL for (int i = 0; i < TILE_(tile_bases); i++) {
            a[i] += TILE_A_BYTES;
            TILE_KEEP(a[i]);
        }
    }

#if TILE_DIRECT
    if (args->c) {
        vf low = vf_set(args->low), high = vf_set(args->high);
        TILE_UNROLL for (int j = 0; j < TILE_VECTORS; j++) {
            vf bias = args->bias ? vf_load(args->bias + j * VEC_LANES) : vf_set(-0.0f);
            float *c = args->c + j * VEC_LANES;
            TILE_UNROLL for (int i = 0; i < TILE_ROWS; i++, c += args->ldc)
                vf_store(c, vf_min(high, vf_max(low, vf_add(sum[i][j], bias))));
        }
        return;
    }
#endif
    TILE_UNROLL for (int i = 0; i < TILE_ROWS; i++)
        TILE_UNROLL for (int j = 0; j < TILE_VECTORS; j++) out[i * TILE_VECTORS + j] = sum[i][j];
}
#undef TILE_
#undef TILE_ROWS

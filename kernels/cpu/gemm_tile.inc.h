/* The register tile: TILE_ROWS x TILE_VECTORS accumulators that stay in
 * registers over k. Included once for each number of rows with literal sizes:
 * only then do gcc and clang both keep the array in registers. */

#define TILE_(x) TILE_CAT(x, TILE_ROWS)

/* Rows are reached from every third one: with the distance of two rows as a scaled
 * index, five pointers serve 14 rows and the loop needs no other registers. */
enum { TILE_(tile_bases) = (TILE_ROWS + 2) / 3 };

static inline __attribute__((always_inline)) void TILE_(tile_enter)(const char **a,
                                                                    const hone_tile_args *args) {
    TILE_UNROLL for (int i = 0; i < TILE_(tile_bases); i++) a[i] =
        (const char *)args->a + 3 * i * args->a_step;
}

static inline __attribute__((always_inline)) void TILE_(tile_advance)(const char **a, int groups) {
    TILE_UNROLL for (int i = 0; i < TILE_(tile_bases); i++) {
        a[i] += groups * TILE_A_BYTES;
        TILE_KEEP(a[i]);
    }
}

static inline __attribute__((always_inline)) void
TILE_(tile_group)(TILE(tile_acc) sum[TILE_ROWS][TILE_VECTORS], const char *const *a, int64_t a_step,
                  int64_t offset, const char *b, int flips, vi flip) {
    __typeof__(TILE(tile_b)(b)) vb[TILE_VECTORS];
    TILE_UNROLL for (int j = 0; j < TILE_VECTORS; j++) vb[j] = TILE(tile_b)(b + j * TILE_B_BYTES);
    TILE_UNROLL for (int i = 0; i < TILE_ROWS; i++) {
        __typeof__(TILE(tile_a)(b)) va = TILE(tile_a)(a[i / 3] + (i % 3) * a_step + offset);
        va = TILE_WORD(va, flips, flip);
        TILE_UNROLL for (int j = 0; j < TILE_VECTORS; j++) sum[i][j] = TILE(tile_mul)(sum[i][j], va, vb[j]);
    }
    (void)flips, (void)flip;
}

#if TILE_WORDS
/* The group that K does not fill: the word that ends with it, shifted, so that nothing beyond it is read. */
static inline __attribute__((always_inline)) void TILE_(tile_rest)(TILE(tile_acc)
                                                                       sum[TILE_ROWS][TILE_VECTORS],
                                                                   const char *const *a, int64_t a_step,
                                                                   const char *b, int rest, vi flip) {
    enum { WORD = HONE_WORD_BYTES, BITS = 8 };
    __typeof__(TILE(tile_b)(b)) vb[TILE_VECTORS];
    TILE_UNROLL for (int j = 0; j < TILE_VECTORS; j++) vb[j] = TILE(tile_b)(b + j * TILE_B_BYTES);
    TILE_UNROLL for (int i = 0; i < TILE_ROWS; i++) {
        vi va = vi_xor(TILE(tile_a)(a[i / 3] + (i % 3) * a_step + rest - WORD), flip);
        va = vi_shift_right(va, (WORD - rest) * BITS);
        TILE_UNROLL for (int j = 0; j < TILE_VECTORS; j++) sum[i][j] = TILE(tile_mul)(sum[i][j], va, vb[j]);
    }
}
#endif

/* The last `groups` groups, one by one, and what K leaves. */
static inline __attribute__((always_inline)) void
TILE_(tile_last)(TILE(tile_acc) sum[TILE_ROWS][TILE_VECTORS], const hone_tile_args *args, const char **a,
                 const char *b, int64_t groups, int flips, vi flip) {
    for (; groups > 0; groups--, b += TILE_B_STEP) {
        TILE_(tile_group)(sum, a, args->a_step, 0, b, flips, flip);
        TILE_(tile_advance)(a, 1);
    }
#if TILE_WORDS
    if (args->a_rest)
        TILE_(tile_rest)(sum, a, args->a_step, b, args->a_rest, flip);
#endif
}

/* `fetches`: whether anything is fetched (to ask in every iteration costs 1% at K = 64); `flips`: whether A
 * is changed. */
static inline __attribute__((always_inline)) void TILE_(tile_loop)(TILE(tile_acc)
                                                                       sum[TILE_ROWS][TILE_VECTORS],
                                                                   const hone_tile_args *args, int fetches,
                                                                   int flips) {
    const char *a[TILE_(tile_bases)], *b = args->b, *fetch = args->fetch;
    const int64_t a_step = args->a_step, lines = args->fetch_lines;
    const vi flip = TILE_FLIP(args);
    TILE_(tile_enter)(a, args);

    int64_t groups = args->groups;
    for (; groups >= HONE_TILE_STEPS; groups -= HONE_TILE_STEPS) {
        /* Into the second level: what is fetched exceeds the first. */
        for (int64_t l = lines; fetches && l > 0; l--, fetch += HONE_LINE)
            __builtin_prefetch(fetch, 0, 2);
        TILE_UNROLL for (int g = 0; g < HONE_TILE_STEPS; g++, b += TILE_B_STEP)
            TILE_(tile_group)(sum, a, a_step, g * TILE_A_BYTES, b, flips, flip);
        TILE_(tile_advance)(a, HONE_TILE_STEPS);
    }
    TILE_(tile_last)(sum, args, a, b, groups, flips, flip);
}

static inline __attribute__((always_inline)) void
TILE_(tile_begin)(TILE(tile_acc) sum[TILE_ROWS][TILE_VECTORS], const hone_tile_args *args) {
    const TILE(tile_acc) *before = args->acc;
    if (args->accumulate) {
        TILE_UNROLL for (int i = 0; i < TILE_ROWS; i++) TILE_UNROLL for (int j = 0; j < TILE_VECTORS; j++)
            sum[i][j] = before[i * TILE_VECTORS + j];
        return;
    }
    TILE_UNROLL for (int j = 0; j < TILE_VECTORS; j++) {
        TILE(tile_acc) first = TILE(tile_zero)();
        if (args->start)
            __builtin_memcpy(&first, (const char *)args->start + (size_t)j * sizeof first, sizeof first);
        TILE_UNROLL for (int i = 0; i < TILE_ROWS; i++) sum[i][j] = first;
    }
}

/* 8-bit C, four vectors at a time where they can be packed together: of one row, or of two. */
static inline __attribute__((always_inline)) void TILE_(tile_store_8)(vf y[TILE_ROWS][TILE_VECTORS],
                                                                      const hone_tile_args *args) {
    enum { SPAN = TILE_FOURS ? 4 / TILE_VECTORS : 1, FOURS = TILE_FOURS ? TILE_ROWS / SPAN * SPAN : 0 };
    unsigned char *const c = args->c;
    const int64_t ldc = args->ldc;
    const int is_signed = args->c_type == HONE_C_S8;
    const int32_t zero = args->c_zero;
#if TILE_FOURS
    TILE_UNROLL for (int i = 0; i < FOURS; i += SPAN)
        vf_store8_four(c + i * ldc, ldc, TILE_VECTORS, &y[0][0] + i * TILE_VECTORS, zero, is_signed);
#endif
    TILE_UNROLL for (int i = FOURS; i < TILE_ROWS; i++) TILE_UNROLL for (int j = 0; j < TILE_VECTORS; j++)
        vi_store8_part(c + i * ldc + j * VEC_LANES, vi_add(vi_quantise(y[i][j]), vi_set(zero)), is_signed,
                       VEC_LANES);
}

#if TILE_CURVES
/* 8-bit C as a curve: of as many rows as four vectors hold, or of one. */
static inline __attribute__((always_inline)) void TILE_(tile_store_curve)(vf y[TILE_ROWS][TILE_VECTORS],
                                                                          const hone_tile_args *args) {
    enum { SPAN = 4 / TILE_VECTORS, SPANS = SPAN > 1 ? TILE_ROWS / SPAN * SPAN : 0 };
    unsigned char *const c = args->c;
    const int64_t ldc = args->ldc;
    const vc curve = vc_load(args->curve);
    TILE_UNROLL for (int i = 0; i < SPANS; i += SPAN)
        vf_store8_curve(c + i * ldc, ldc, TILE_VECTORS, TILE_COLUMNS, &y[0][0] + i * TILE_VECTORS, &curve);
    TILE_UNROLL for (int i = SPANS; i < TILE_ROWS; i++) {
        vf four[4];
        TILE_UNROLL for (int j = 0; j < 4; j++) four[j] =
            j < TILE_VECTORS ? y[i][j % TILE_VECTORS] : vf_set(0);
        vf_store8_curve(c + i * ldc, ldc, 4, TILE_COLUMNS, four, &curve);
    }
}
#endif

static inline __attribute__((always_inline)) void TILE_(tile_store_bf16)(vf y[TILE_ROWS][TILE_VECTORS],
                                                                         const hone_tile_args *args) {
    uint16_t *const c = args->c;
    const int64_t ldc = args->ldc;
#ifdef VEC_FLUSHES_BF16
    if (args->c_normal) {
        TILE_UNROLL for (int i = 0; i < TILE_ROWS; i++) TILE_UNROLL for (int j = 0; j < TILE_VECTORS; j++)
            vf_store_bf16_normal(c + i * ldc + j * VEC_LANES, y[i][j]);
        return;
    }
#endif
    TILE_UNROLL for (int i = 0; i < TILE_ROWS; i++) TILE_UNROLL for (int j = 0; j < TILE_VECTORS; j++)
        vf_store_bf16_part(c + i * ldc + j * VEC_LANES, y[i][j], VEC_LANES);
}

/* C straight from the registers. */
static inline __attribute__((always_inline)) void
TILE_(tile_leave)(TILE(tile_acc) sum[TILE_ROWS][TILE_VECTORS], const hone_tile_args *args) {
    vf y[TILE_ROWS][TILE_VECTORS];
    TILE_UNROLL for (int i = 0; i < TILE_ROWS; i++) TILE_UNROLL for (int j = 0; j < TILE_VECTORS; j++)
        y[i][j] = TILE_REAL(sum[i][j], args, j * VEC_LANES);
#if TILE_CURVES
    if (args->curve) {
        TILE_(tile_store_curve)(y, args);
        return;
    }
#endif
    if (args->slope) {
        TILE_UNROLL for (int j = 0; j < TILE_VECTORS; j++) {
            const vf slope = vf_load(args->slope + j * VEC_LANES);
            TILE_UNROLL for (int i = 0; i < TILE_ROWS; i++) y[i][j] =
                vf_pick(vf_lt(y[i][j], vf_set(0.0f)), vf_slope(slope, y[i][j]), y[i][j]);
        }
    }
    const vf low = vf_set(args->low), high = vf_set(args->high);
    if (args->clamp != HONE_CLAMP_NONE) {
        TILE_UNROLL for (int i = 0; i < TILE_ROWS; i++) TILE_UNROLL for (int j = 0; j < TILE_VECTORS; j++)
            y[i][j] = vf_max(low, y[i][j]);
    }
    if (args->clamp == HONE_CLAMP_BOTH) {
        TILE_UNROLL for (int i = 0; i < TILE_ROWS; i++) TILE_UNROLL for (int j = 0; j < TILE_VECTORS; j++)
            y[i][j] = vf_min(high, y[i][j]);
    }
    void *const c = args->c; /* which what is stored might change, for all that a compiler knows */
    const int64_t ldc = args->ldc;
    switch (args->c_type) {
    case HONE_C_F32:
        TILE_UNROLL for (int i = 0; i < TILE_ROWS; i++) TILE_UNROLL for (int j = 0; j < TILE_VECTORS; j++)
            vf_store((float *)c + i * ldc + j * VEC_LANES, y[i][j]);
        break;
    case HONE_C_F16:
        TILE_UNROLL for (int i = 0; i < TILE_ROWS; i++) TILE_UNROLL for (int j = 0; j < TILE_VECTORS; j++)
            vf_store_f16_part((uint16_t *)c + i * ldc + j * VEC_LANES, y[i][j], VEC_LANES);
        break;
    default:
        if (TILE_S32)
            TILE_(tile_store_8)(y, args);
        else
            TILE_(tile_store_bf16)(y, args);
    }
}

/* Sums that wait, for more of k or for their epilogue. */
static inline __attribute__((always_inline)) void
TILE_(tile_keep)(TILE(tile_acc) sum[TILE_ROWS][TILE_VECTORS], const hone_tile_args *args) {
    TILE(tile_acc) *out = args->acc;
    TILE_UNROLL for (int i = 0; i < TILE_ROWS; i++) TILE_UNROLL for (int j = 0; j < TILE_VECTORS; j++)
        out[i * TILE_VECTORS + j] = sum[i][j];
}

/* Parts of k, or tiles, that are computed side by side: as many as the sums of the width's most rows have
 * room for. */
enum { TILE_(tile_parts_count) = HONE_PARTS(TILE_MOST_ROWS, TILE_ROWS) };

/* Few rows read B once and do little else. With parts of k side by side several sums of an element hide the
 * latency of a multiply, and on some processors streams that lie far apart keep more lines on their way from
 * memory. Leaves to `rest` the groups that are not done. */
static inline __attribute__((always_inline)) void
TILE_(tile_parts)(TILE(tile_acc) sum[TILE_ROWS][TILE_VECTORS], const hone_tile_args *args,
                  hone_tile_args *rest, int prefetches, int flips) {
    enum { PARTS = TILE_(tile_parts_count) };
    TILE(tile_acc) sums[PARTS][TILE_ROWS][TILE_VECTORS];
    const int64_t part = args->groups / PARTS, ahead = args->prefetch, a_step = args->a_step;
    const char *a[TILE_(tile_bases)], *b = args->b;
    const vi flip = TILE_FLIP(args);
    TILE_(tile_enter)(a, args);
    TILE_UNROLL for (int s = 0; s < PARTS; s++) TILE_UNROLL for (int i = 0; i < TILE_ROWS; i++)
        TILE_UNROLL for (int j = 0; j < TILE_VECTORS; j++) sums[s][i][j] = s ? TILE(tile_zero)() : sum[i][j];
    for (int64_t g = 0; g < part; g++, b += TILE_B_STEP) {
        TILE_UNROLL for (int s = 0; s < PARTS; s++) {
            const char *bs = b + s * part * TILE_B_STEP;
            if (prefetches) {
                TILE_UNROLL for (int at = 0; at < TILE_B_STEP; at += HONE_LINE)
                    __builtin_prefetch(bs + at + ahead);
            }
            TILE_(tile_group)(sums[s], a, a_step, s * part * TILE_A_BYTES, bs, flips, flip);
        }
        TILE_(tile_advance)(a, 1);
    }
    TILE_UNROLL for (int i = 0; i < TILE_ROWS; i++) TILE_UNROLL for (int j = 0; j < TILE_VECTORS; j++) {
        sum[i][j] = sums[0][i][j];
        TILE_UNROLL for (int s = 1; s < PARTS; s++) sum[i][j] = TILE_ADD(sum[i][j], sums[s][i][j]);
    }
    *rest = *args;
    rest->fetch_lines = 0;
    rest->groups -= part * PARTS;
    rest->a = (const char *)args->a + part * PARTS * TILE_A_BYTES;
    rest->b = (const char *)args->b + part * PARTS * TILE_B_STEP;
}

/* The products of tiles whose panels lie far apart: streams that go on from one call to the next, where parts
 * of a panel are others in each. */
static inline __attribute__((always_inline)) void TILE_(tile_streams)(TILE(tile_acc)
                                                                          out[][TILE_ROWS][TILE_VECTORS],
                                                                      const hone_tile_args *args,
                                                                      int prefetches, int flips) {
    enum {
        STREAMS = TILE_(tile_parts_count),
        NEEDED = STREAMS * TILE_ROWS * TILE_VECTORS + TILE_ROWS + TILE_VECTORS + TILE_S32 /* a product */,
        AGAIN = NEEDED > VEC_REGISTERS /* A is read again for each stream, rather than spilled */
    };
    TILE(tile_acc) sums[STREAMS][TILE_ROWS][TILE_VECTORS];
    const int64_t ahead = args->prefetch, a_step = args->a_step, far = args->b_next;
    const char *a[TILE_(tile_bases)], *b = args->b;
    const vi flip = TILE_FLIP(args);
    TILE_(tile_enter)(a, args);
    TILE_UNROLL for (int s = 0; s < STREAMS; s++) TILE_UNROLL for (int i = 0; i < TILE_ROWS; i++)
        TILE_UNROLL for (int j = 0; j < TILE_VECTORS; j++) sums[s][i][j] = TILE(tile_zero)();
    for (int64_t g = 0; g < args->groups; g++, b += TILE_B_STEP) {
        TILE_UNROLL for (int s = 0; s < STREAMS; s++) {
            if (prefetches) {
                TILE_UNROLL for (int at = 0; at < TILE_B_STEP; at += HONE_LINE)
                    __builtin_prefetch(b + s * far + at + ahead);
            }
            TILE_(tile_group)(sums[s], a, a_step, 0, b + s * far, flips, flip);
            if (AGAIN)
                TILE_(tile_advance)(a, 0);
        }
        TILE_(tile_advance)(a, 1);
    }
    TILE_UNROLL for (int s = 0; s < STREAMS; s++) {
#if TILE_WORDS
        if (args->a_rest)
            TILE_(tile_rest)(sums[s], a, a_step, b + s * far, args->a_rest, flip);
#endif
        TILE_UNROLL for (int i = 0; i < TILE_ROWS; i++) TILE_UNROLL for (int j = 0; j < TILE_VECTORS; j++)
            out[s][i][j] = sums[s][i][j];
    }
}

/* `products`: of the tile; NULL: it is multiplied here. */
static inline __attribute__((always_inline)) void TILE_(tile_one)(const hone_tile_args *args,
                                                                  TILE(tile_acc) (*products)[TILE_VECTORS]) {
    TILE(tile_acc) sum[TILE_ROWS][TILE_VECTORS];
    TILE_(tile_begin)(sum, args);
    enum { LONG = 64 }; /* groups from which parts are worth their addition */
    hone_tile_args rest;
    if (TILE_(tile_parts_count) > 1 && products) {
        TILE_UNROLL for (int i = 0; i < TILE_ROWS; i++) TILE_UNROLL for (int j = 0; j < TILE_VECTORS; j++)
            sum[i][j] = TILE_ADD(sum[i][j], products[i][j]);
    } else {
        const hone_tile_args *left = args;
        if (TILE_(tile_parts_count) > 1 && args->parts && args->groups >= LONG) {
            TILE_KNOWN(args->prefetch, args->a_flip, TILE_(tile_parts), sum, args, &rest);
            left = &rest;
        }
        TILE_KNOWN(left->fetch_lines, left->a_flip, TILE_(tile_loop), sum, left);
    }
    if (args->c)
        TILE_(tile_leave)(sum, args);
    else
        TILE_(tile_keep)(sum, args);
}

static void TILE_(tile_rows)(hone_tile_args *args) {
    TILE(tile_acc) products[TILE_(tile_parts_count)][TILE_ROWS][TILE_VECTORS];
    const int abreast = TILE_(tile_parts_count) > 1 && args->abreast;
    if (abreast)
        TILE_KNOWN(args->prefetch, args->a_flip, TILE_(tile_streams), products, args);
    for (int s = 0;; s++) {
        TILE_(tile_one)(args, abreast ? products[s] : NULL);
        if (args->further == 0)
            return;
        tile_next(args);
    }
}
#undef TILE_
#undef TILE_ROWS

/* The tile of AMX: up to 32 x 32 sums in four tile registers of 16 rows of 64 bytes.
 *
 *              B  6    7        A step takes 64 bytes of k: a register of A is 16 rows of
 *        A  4     0    1        them, one of B their 16 groups of 16 columns as they lie in
 *           5     2    3        the panel. What is not there (rows from 16, columns from 16)
 *                               is left out.
 *
 * One operand of a tile is used again by the next and should be in the first level; the
 * other passes once. It is loaded with the hint that leaves the first level to the former
 * (TILELOADDT1): where both do not fit, passing lines would drive out all that are used again.
 *
 * Products take a unit of their own, so the epilogue of the tile before is done between
 * them: a few rows a step, few enough for the core to see past them to the next products.
 *
 * Included once for each number of rows. */

#define TILE_(x)  TILE_CAT(x, TILE_ROWS)
#define AMX_UPPER (TILE_ROWS < HONE_AMX_ROWS ? TILE_ROWS : HONE_AMX_ROWS)
#define AMX_LOWER (TILE_ROWS - AMX_UPPER)

/* Applies move(register, memory, step) to all sums; the numbers of registers must be literals. */
#define AMX_SUMS(move, memory, step)                                                                         \
    do {                                                                                                     \
        move(0, memory, step);                                                                               \
        if (TILE_VECTORS > 1)                                                                                \
            move(1, memory + HONE_AMX_BYTES, step);                                                          \
        if (AMX_LOWER > 0)                                                                                   \
            move(2, memory + HONE_AMX_ROWS * (step), step);                                                  \
        if (AMX_LOWER > 0 && TILE_VECTORS > 1)                                                               \
            move(3, memory + HONE_AMX_ROWS * (step) + HONE_AMX_BYTES, step);                                 \
    } while (0)

static inline __attribute__((always_inline)) void TILE_(tile_begin)(const hone_tile_args *args) {
    const char *acc = args->acc, *start = args->start;
    if (args->accumulate) {
        AMX_SUMS(_tile_loadd, acc, 4 * TILE_COLUMNS);
    } else if (start) {
        AMX_SUMS(_tile_loadd, start, 0); /* the same in every row */
    } else {
        _tile_zero(0);
        if (TILE_VECTORS > 1)
            _tile_zero(1);
        if (AMX_LOWER > 0)
            _tile_zero(2);
        if (AMX_LOWER > 0 && TILE_VECTORS > 1)
            _tile_zero(3);
    }
}

/* Loads a register of an operand that passes, or of one that stays. */
#define AMX_LOAD(passes, tile, from, step)                                                                   \
    do {                                                                                                     \
        if (passes)                                                                                          \
            _tile_stream_loadd(tile, from, step);                                                            \
        else                                                                                                 \
            _tile_loadd(tile, from, step);                                                                   \
    } while (0)

static inline __attribute__((always_inline)) void TILE_(tile_step)(const char *a, int64_t a_step,
                                                                   const char *b, int b_passes) {
    AMX_LOAD(b_passes, 6, b, TILE_B_STEP);
    AMX_LOAD(!b_passes, 4, a, a_step);
    TILE(tile_product)(0, 4, 6);
    if (TILE_VECTORS > 1) {
        AMX_LOAD(b_passes, 7, b + HONE_AMX_BYTES, TILE_B_STEP);
        TILE(tile_product)(1, 4, 7);
    }
    if (AMX_LOWER > 0) {
        AMX_LOAD(!b_passes, 5, a + HONE_AMX_ROWS * a_step, a_step);
        TILE(tile_product)(2, 5, 6);
    }
    if (AMX_LOWER > 0 && TILE_VECTORS > 1)
        TILE(tile_product)(3, 5, 7);
}

/* `some` rows of a job from row `next`; the row after them. */
static inline __attribute__((always_inline)) int TILE_(tile_beside)(const hone_epilogue_job *job, int next,
                                                                    int end, int some) {
    int until = end - next < some ? end : next + some;
    if (next < until)
        job->run(&job->args, next, until);
    return until;
}

static inline __attribute__((always_inline)) void TILE_(tile_pass)(const hone_tile_args *args, int b_passes) {
    enum { BYTES = HONE_AMX_GROUPS * TILE_B_STEP, EVEN = 2 /* rows of 8-bit C are packed by two */ };
    static const amx_shapes shapes = AMX_SHAPES(AMX_UPPER, AMX_LOWER);
    const char *a = args->a, *b = args->b;
    const int64_t a_step = args->a_step, prefetch = args->prefetch;
    int64_t steps = args->groups / HONE_AMX_GROUPS;
    /* Rows are left only with epi=beside. */
    hone_epilogue_job *job = args->job;
    const int64_t all_steps = steps + (args->a_tail != NULL);
    const int end = job->rows,
              some = (int)((end - job->next + all_steps - 1) / all_steps + EVEN - 1) / EVEN * EVEN;
    int next = job->next;

    amx_enter(&shapes, TILE_ROWS, args->shape);
    TILE_(tile_begin)(args);
    for (; steps > 0; steps--, a += HONE_AMX_BYTES, b += BYTES) {
        if (prefetch)
            for (int64_t at = 0; at < BYTES; at += HONE_AMX_BYTES)
                __builtin_prefetch(b + at + prefetch);
        TILE_(tile_step)(a, a_step, b, b_passes);
        next = TILE_(tile_beside)(job, next, end, some);
    }
    if (args->a_tail) {
        TILE_(tile_step)(args->a_tail, HONE_AMX_BYTES, b, b_passes);
        next = TILE_(tile_beside)(job, next, end, some);
    }
    job->next = next;
    char *acc = args->acc;
    AMX_SUMS(_tile_stored, acc, 4 * TILE_COLUMNS);
}

static void TILE_(tile_rows)(hone_tile_args *args) {
    if (args->b_passes)
        TILE_(tile_pass)(args, 1);
    else
        TILE_(tile_pass)(args, 0);
}
#undef AMX_SUMS
#undef AMX_LOAD
#undef AMX_UPPER
#undef AMX_LOWER
#undef TILE_
#undef TILE_ROWS

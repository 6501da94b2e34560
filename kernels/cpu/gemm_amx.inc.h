/* The tile of AMX: up to 32 x 32 sums in four tile registers of 16 rows of 64 bytes.
 *
 *              B  6    7        A step takes 64 bytes of k: a register of A is 16 rows of
 *        A  4     0    1        them, one of B their 16 groups of 16 columns as they lie in
 *           5     2    3        the panel. What is not there (rows from 16, columns from 16)
 *                               is left out.
 *
 * Included once for each number of rows. */

#define TILE_(x) TILE_CAT(x, TILE_ROWS)

/* `steps` steps of `groups` groups each, from group `first`. */
static void TILE_(tile_span)(const hone_tile_args *args, int64_t first, int64_t steps, int groups,
                             int accumulate) {
    const int64_t a_step = args->a_step;
    const char *a = (const char *)args->a + first * TILE_A_BYTES;
    const char *b = (const char *)args->b + first * TILE_B_STEP;
    char *upper = args->acc, *lower = upper + HONE_AMX_ROWS * 4 * TILE_COLUMNS;
    amx_shape(TILE_ROWS, groups);
    if (accumulate)
        AMX_SUMS(_tile_loadd, upper, lower);
    for (; steps > 0; steps--, a += HONE_AMX_BYTES, b += HONE_AMX_GROUPS * TILE_B_STEP) {
        if (args->prefetch)
            for (int64_t at = 0; at < groups * TILE_B_STEP; at += HONE_AMX_BYTES)
                __builtin_prefetch(b + at + args->prefetch);
        _tile_loadd(6, b, TILE_B_STEP);
        _tile_loadd(4, a, a_step);
        TILE(tile_product)(0, 4, 6);
        if (TILE_VECTORS > 1) {
            _tile_loadd(7, b + HONE_AMX_BYTES, TILE_B_STEP);
            TILE(tile_product)(1, 4, 7);
        }
        if (TILE_ROWS > HONE_AMX_ROWS) {
            _tile_loadd(5, a + HONE_AMX_ROWS * a_step, a_step);
            TILE(tile_product)(2, 5, 6);
        }
        if (TILE_ROWS > HONE_AMX_ROWS && TILE_VECTORS > 1)
            TILE(tile_product)(3, 5, 7);
    }
    AMX_SUMS(_tile_stored, upper, lower);
}

/* Shapes are loaded in every call: other users of AMX in the thread leave theirs. The
 * last, part-filled step has its own, which empties the registers: its sums go on from
 * memory. Afterwards the thread has no tiles that the system would have to save. */
static void TILE_(tile_rows)(const hone_tile_args *args) {
    int64_t steps = args->groups / HONE_AMX_GROUPS;
    int rest = (int)(args->groups % HONE_AMX_GROUPS), accumulate = args->accumulate;
    if (args->start && !accumulate) {
        for (int i = 0; i < TILE_ROWS; i++)
            __builtin_memcpy((char *)args->acc + (size_t)i * 4 * TILE_COLUMNS, args->start, 4 * TILE_COLUMNS);
        accumulate = 1;
    }
    if (steps)
        TILE_(tile_span)(args, 0, steps, HONE_AMX_GROUPS, accumulate);
    if (rest)
        TILE_(tile_span)(args, steps * HONE_AMX_GROUPS, 1, rest, accumulate || steps);
    _tile_release();
}
#undef TILE_
#undef TILE_ROWS

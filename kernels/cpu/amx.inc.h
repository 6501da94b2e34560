/* What every instruction set with AMX has: tile registers, their shapes and where they are in a tile. */
#ifndef HONE_AMX_INC_H
#define HONE_AMX_INC_H

/* What LDTILECFG reads: bytes a row and rows of every tile register. */
typedef struct amx_shapes {
    uint8_t palette, start_row, unused[14];
    uint16_t bytes[16];
    uint8_t rows[16];
} amx_shapes;

/* Shapes the registers for `rows` rows and steps of `groups` groups of k, and fills
 * them with zeros. Sums are in 0 to 3, A in 4 and 5, B in 6 and 7. */
static inline void amx_shape(int rows, int groups) {
    int upper = rows < HONE_AMX_ROWS ? rows : HONE_AMX_ROWS, lower = rows - upper;
    amx_shapes shapes = {.palette = 1};
    for (int t = 0; t < 8; t++) {
        int tall = t >= 6 ? groups : t == 4 || t < 2 ? upper : lower;
        shapes.rows[t] = (uint8_t)tall;
        shapes.bytes[t] = (uint16_t)(tall == 0 ? 0 : t == 4 || t == 5 ? 4 * groups : HONE_AMX_BYTES);
    }
    /* gcc's tile intrinsics do not say what memory they read: it is to be there. */
    __asm__ volatile("" ::"r"(&shapes) : "memory");
    _tile_loadconfig(&shapes);
}

/* Moves the registers of sums from or to memory. Their numbers must be literals. */
#define AMX_SUMS(move, upper, lower)                                                                         \
    do {                                                                                                     \
        move(0, upper, 4 * TILE_COLUMNS);                                                                    \
        if (TILE_VECTORS > 1)                                                                                \
            move(1, upper + HONE_AMX_BYTES, 4 * TILE_COLUMNS);                                               \
        if (TILE_ROWS > HONE_AMX_ROWS)                                                                       \
            move(2, lower, 4 * TILE_COLUMNS);                                                                \
        if (TILE_ROWS > HONE_AMX_ROWS && TILE_VECTORS > 1)                                                   \
            move(3, lower + HONE_AMX_BYTES, 4 * TILE_COLUMNS);                                               \
    } while (0)

#endif

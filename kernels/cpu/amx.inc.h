/* What every instruction set with AMX has: tile registers, their shapes and where they are in a tile. */
#ifndef HONE_AMX_INC_H
#define HONE_AMX_INC_H

/* What LDTILECFG reads: bytes a row and rows of every tile register. */
typedef struct amx_shapes {
    uint8_t palette, start_row, unused[14];
    uint16_t bytes[16];
    uint8_t rows[16];
} amx_shapes;

/* Sums of `upper` and `lower` rows in 0 to 3, A in 4 and 5, B in 6 and 7. A register without rows has no
 * bytes. */
#define AMX_BYTES(rows) ((rows) ? HONE_AMX_BYTES : 0)
#define AMX_SHAPES(upper, lower)                                                                             \
    {                                                                                                        \
        .palette = 1, .rows = {upper, upper, lower, lower, upper, lower, HONE_AMX_GROUPS, HONE_AMX_GROUPS},  \
        .bytes = {HONE_AMX_BYTES, HONE_AMX_BYTES,   AMX_BYTES(lower), AMX_BYTES(lower),                      \
                  HONE_AMX_BYTES, AMX_BYTES(lower), HONE_AMX_BYTES,   HONE_AMX_BYTES},                       \
    }

/* Shapes the registers and fills them with zeros. It takes as long as ten products, so tiles do it
 * only where the tile before had another number of rows (`shape`). */
static inline void amx_enter(const amx_shapes *shapes, int rows, int *shape) {
    if (*shape == rows)
        return;
    /* gcc's tile intrinsics do not say what memory they read: it is to be there. */
    __asm__ volatile("" ::"r"(shapes) : "memory");
    _tile_loadconfig(shapes);
    *shape = rows;
}

/* Afterwards the thread has no tiles that the system would have to save. */
static void amx_leave(void) { _tile_release(); }
#define TILE_LEAVE amx_leave

#endif

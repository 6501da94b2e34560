/* The arithmetic limit of AMX: four multiplies a round, as in a tile of 32 x 32. */
enum { TILE_PEAK_PRODUCTS = 4 * HONE_AMX_ROWS * VEC_LANES * HONE_AMX_GROUPS * TILE(TILE_GROUP) };

static void TILE_PEAK(int64_t rounds) {
    static _Alignas(64) char operand[4][HONE_AMX_ROWS * HONE_AMX_BYTES];
    static const amx_shapes shapes = AMX_SHAPES(HONE_AMX_ROWS, HONE_AMX_ROWS);
    int shape = 0;
    amx_enter(&shapes, 2 * HONE_AMX_ROWS, &shape);
    for (int64_t r = 0; r < rounds; r++) {
        _tile_loadd(4, operand[0], HONE_AMX_BYTES);
        _tile_loadd(6, operand[1], HONE_AMX_BYTES);
        TILE(tile_product)(0, 4, 6);
        _tile_loadd(7, operand[2], HONE_AMX_BYTES);
        TILE(tile_product)(1, 4, 7);
        _tile_loadd(5, operand[3], HONE_AMX_BYTES);
        TILE(tile_product)(2, 5, 6);
        TILE(tile_product)(3, 5, 7);
    }
    amx_leave();
}

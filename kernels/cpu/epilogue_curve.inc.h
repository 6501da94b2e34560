/* The epilogue of every smooth activation into 8 bits, where an instruction set looks up 64 words at once:
 * the curve (cpu_curve.c) is the activation, the scale of C and its zero point. */
#ifdef VEC_CURVES

/* Four vectors: of one row, in which `columns` are C, or with `across` 2 of two. */
EPILOGUE_INLINE void curve_four(const epilogue_tile *t, epilogue_kind kind, const vc *curve, epilogue_row r,
                                epilogue_row below, int across, int64_t columns) {
    vf four[4];
    _Pragma("GCC unroll 4") for (int i = 0; i < 4; i++) {
        const int64_t column = i % across * VEC_LANES, rest = columns - column;
        const int n = rest < 0 ? 0 : rest < VEC_LANES ? (int)rest : VEC_LANES;
        four[i] = epilogue_value(t, kind, i < across ? r : below, column, n);
    }
    vf_store8_curve(r.c, t->c_step, across, (int)columns, four, curve);
}

EPILOGUE_INLINE void curve_rows(const hone_epilogue_args *e, int64_t row, int64_t end, int sums) {
    enum { TWO = 2 * VEC_LANES };
    const epilogue_kind kind = {.sums = sums, .c_type = EPILOGUE_C_8};
    const epilogue_tile t = epilogue_load(e, kind);
    const vc curve = vc_load(e->curve);
    for (; t.columns == TWO && row + 2 <= end; row += 2)
        curve_four(&t, kind, &curve, epilogue_row_of(&t, kind, row), epilogue_row_of(&t, kind, row + 1), 2,
                   TWO);
    for (; row < end; row++) {
        const epilogue_row r = epilogue_row_of(&t, kind, row);
        curve_four(&t, kind, &curve, r, r, 4, t.columns);
    }
}

static void epilogue_curve(const hone_epilogue_args *e, int row, int end) {
    if (e->row_scale || e->col_sum)
        curve_rows(e, row, end, EPILOGUE_S32_ROWS);
    else
        curve_rows(e, row, end, EPILOGUE_S32);
}
#define EPILOGUE_CURVE epilogue_curve

#else
#define EPILOGUE_CURVE NULL
#endif

/* Operands in the order and the alignment that the kernels read: the same for every problem. */

/* Element `at` as the low bits of a word. */
static inline word get_element(const void *from, long long at, int bytes) {
    return bytes == 4   ? ((const word *)from)[at]
           : bytes == 2 ? (word)((const unsigned short *)from)[at]
                        : (word)((const unsigned char *)from)[at];
}

/* The first or the second part of a float: what tf32 has of it, to the nearest, and the rest. Together they are the
 * float, whatever it is. */
static inline word part_of_word(word value, int part) {
    const word exponent = 0x7f800000u, cut = value & ~0x1fffu, nearest = (value + 0x1000u) & ~0x1fffu;
    if ((value & exponent) == exponent)
        return part ? 0 : value;
    const word high = (nearest & exponent) == exponent ? cut : nearest;
    return part ? (word)bits_of(float_of((int)value) - float_of((int)high)) : high;
}

/* A thread a word of the target; neighbours write neighbours. */
KERNEL(gather, 256) {
    const long long at = (long long)BLOCK_X * 256 + THREAD;
    if (at >= (long long)call.target_rows * call.target_words)
        return;
    const int along = call.target_step == 1; /* words of a row are neighbours */
    const int r = (int)(along ? at / call.target_words : at % call.target_rows);
    const int to = (int)(along ? at % call.target_words : at / call.target_rows);
    const int parts = call.parts > 1, part = parts ? to / 32 % 2 : 0, w = parts ? to / 64 * 32 + to % 32 : to;
    const int group = 4 / call.element_bytes, s = call.hand ? HONE_DEALT(r, call.hand) : r;
    word value = 0;
    for (int g = 0; g < group && s < call.rows; g++) {
        const int k = w * group + g;
        if (k < call.k)
            value |= get_element(call.source, s * call.source_row + k * call.source_step, call.element_bytes)
                     << 8 * call.element_bytes * g;
    }
    ((word *)call.target)[r * call.target_row + to * call.target_step] =
        parts ? part_of_word(value, part) : value ^ call.flip;
}

/* A thread a row of 8-bit elements: their sum. */
KERNEL(sum_rows, 256) {
    const int r = BLOCK_X * 256 + THREAD;
    int sum = 0;
    if (r >= call.rows)
        return;
    for (int k = 0; k < call.k; k++)
        sum += ((const signed char *)call.source)[r * call.source_row + k * call.source_step];
    ((int *)call.target)[r] = sum;
}

/* What one instruction set exports beside its tiles: see hone_isa_code. */

#include "epilogue.inc.h"
#include "epilogue_curve.inc.h"
#include "epilogue_tables.inc.h"

#if defined(VEC_CURVES) && !VF_TABLES
#error "configs offer brief for 8 bits wherever there are curves"
#endif

static inline void widen_f16_row(float *out, const uint16_t *in, int64_t n) {
    for (int64_t i = 0; i < n; i += VEC_LANES) {
        int part = n - i < VEC_LANES ? (int)(n - i) : VEC_LANES;
        vf_store_part(out + i, vf_load_f16_part(in + i, part), part);
    }
}

static inline void widen_bf16_row(float *out, const uint16_t *in, int64_t n) {
    for (int64_t i = 0; i < n; i += VEC_LANES) {
        int part = n - i < VEC_LANES ? (int)(n - i) : VEC_LANES;
        vf_store_part(out + i, vf_load_bf16_part(in + i, part), part);
    }
}

/* `n` elements in steps of a fixed size, which compilers vectorise; the last step overlaps the one before,
 * because what is left after whole steps would be done one by one. */
#define DEFINE_ROW(name, To, From, expression)                                                               \
    static inline void name##_step(To *out, const From *in, int64_t n) {                                     \
        for (int64_t i = 0; i < n; i++)                                                                      \
            out[i] = (To)(expression);                                                                       \
    }                                                                                                        \
    static inline void name##_row(To *out, const From *in, int64_t n) {                                      \
        enum { LONG = 64, SHORT = 8 };                                                                       \
        int64_t i = 0;                                                                                       \
        for (; i + LONG <= n; i += LONG)                                                                     \
            name##_step(out + i, in + i, LONG);                                                              \
        for (; i + SHORT <= n; i += SHORT)                                                                   \
            name##_step(out + i, in + i, SHORT);                                                             \
        if (i < n && n >= SHORT)                                                                             \
            name##_step(out + n - SHORT, in + n - SHORT, SHORT);                                             \
        else                                                                                                 \
            name##_step(out + i, in + i, n - i);                                                             \
    }
DEFINE_ROW(widen_s8, int16_t, int8_t, in[i])
DEFINE_ROW(widen_u8, int16_t, uint8_t, in[i])
DEFINE_ROW(shift_8, uint8_t, uint8_t, in[i] ^ 0x80)
DEFINE_ROW(copy_8, uint8_t, uint8_t, in[i])
DEFINE_ROW(copy_16, uint16_t, uint16_t, in[i])
DEFINE_ROW(copy_32, hone_unaligned_u32, hone_unaligned_u32, in[i])
#undef DEFINE_ROW

/* A hone_copy_fn. What pads a row is short: no call of memset. */
#define DEFINE_COPY(name, To, From)                                                                          \
    static void name(char *out, int64_t out_step, const char *in, int64_t in_step, int64_t rows, int64_t n,  \
                     int64_t padded) {                                                                       \
        for (; rows > 0; rows--, out += out_step, in += in_step) {                                           \
            To *to = (To *)(void *)out;                                                                      \
            name##_row(to, (const From *)(const void *)in, n);                                               \
            for (int64_t i = n; i < padded; i++) {                                                           \
                to[i] = 0;                                                                                   \
                __asm__("" ::: "memory");                                                                    \
            }                                                                                                \
        }                                                                                                    \
    }
DEFINE_COPY(widen_f16, float, uint16_t)
DEFINE_COPY(widen_bf16, float, uint16_t)
DEFINE_COPY(widen_s8, int16_t, int8_t)
DEFINE_COPY(widen_u8, int16_t, uint8_t)
DEFINE_COPY(shift_8, uint8_t, uint8_t)
DEFINE_COPY(copy_8, uint8_t, uint8_t)
DEFINE_COPY(copy_16, uint16_t, uint16_t)
DEFINE_COPY(copy_32, hone_unaligned_u32, hone_unaligned_u32)
#undef DEFINE_COPY

/* Maxima cost nothing beside the loads, whatever the bits are. */
static inline __attribute__((always_inline)) vf read_line(vf most, const char *line) {
    enum { STEP = VEC_LANES * (int)sizeof(float) };
    _Pragma("GCC unroll 16") for (int at = 0; at < HONE_LINE; at += STEP) most =
        vf_max(most, vf_load((const float *)(const void *)(line + at)));
    return most;
}

/* Streams that lie far apart keep more lines on their way than one. */
static inline __attribute__((always_inline)) void read_streams(const char *from, int64_t lines, int fetches) {
    enum { STREAMS = 4, LINE = HONE_LINE, AHEAD = 2048 };
    const int64_t part = hone_read_distance(lines, STREAMS);
    vf most[STREAMS];
    for (int s = 0; s < STREAMS; s++)
        most[s] = vf_set(0.0f);
    for (int64_t line = 0; line < part; line++)
        _Pragma("GCC unroll 4") for (int s = 0; s < STREAMS; s++) {
            const char *at = from + (s * part + line) * LINE;
            if (fetches)
                __builtin_prefetch(at + AHEAD);
            most[s] = read_line(most[s], at);
        }
    for (int64_t line = STREAMS * part; line < lines; line++)
        most[0] = read_line(most[0], from + line * LINE);
    static _Thread_local vf sink[STREAMS];
    for (int s = 0; s < STREAMS; s++)
        sink[s] = most[s];
    __asm__ volatile("" ::"r"(sink) : "memory");
}
static void read_lines(const char *from, int64_t lines, int fetches) {
    if (fetches)
        read_streams(from, lines, 1);
    else
        read_streams(from, lines, 0);
}

extern const hone_isa_code ISA_CODE;
const hone_isa_code ISA_CODE = {
    ISA_NAME,
    {[HONE_FORM_HIGH] = EPILOGUES_HIGH,
     [HONE_FORM_FAST] = EPILOGUES_FAST,
     [HONE_FORM_BRIEF] = EPILOGUES_BRIEF,
     [HONE_FORM_BYTE] = EPILOGUES_BYTE},
    EPILOGUE_CURVE,
    copy_8,
    copy_16,
    copy_32,
    shift_8,
    widen_f16,
    widen_bf16,
    widen_s8,
    widen_u8,
    read_lines,
};

/* What kernels of the emulated driver ask of it. */
#ifndef HONE_CUDA_EMULATOR_H
#define HONE_CUDA_EMULATOR_H

#include <stddef.h>

typedef void hone_emulated_warp(void **lanes);

typedef struct hone_emulator {
    /* of the thread that runs */
    int thread, block_x, block_z, grid_x;
    unsigned char *shared;

    /* Comes back when all threads of the block are here. */
    void (*block_sync)(void);
    /* Comes back when all lanes of the warp, or threads of the warpgroup, are here and `act` has been done to
     * what they gave. */
    void (*together)(void *mine, hone_emulated_warp *act);
    void (*group_together)(void *mine, hone_emulated_warp *act);
    /* Lets others run: they may bring about what the caller waits for. */
    void (*leave_turn)(void);
    /* What TMA does on its own: `act` is done to a copy of `what` after everyone had a turn. `progress`:
     * something has happened that others may wait for. */
    void (*later)(const void *what, size_t bytes, void (*act)(void *what));
    void (*progress)(void);
    /* cp.async: 16 bytes of which `bytes` come from `from`; what is not waited for has not arrived. */
    void (*copy)(void *to, const void *from, int bytes);
    void (*copy_commit)(void);
    void (*copy_wait)(int groups);

    void *(*zeroed)(size_t bytes); /* for as long as the process runs */
    float (*half_value)(unsigned short bits);
    unsigned short (*half_bits)(float x);
    /* Ends the process: the kernel does what no device would. */
    void (*fail)(const char *what);
} hone_emulator;

/* How cuTensorMapEncodeTiled of the emulated driver fills a hone_tensor_map. */
typedef struct hone_emulated_map {
    const unsigned char *at;
    long long columns, rows, pitch; /* elements; bytes */
    int box_columns, box_rows, element;
} hone_emulated_map;

/* A block's threads, run to their end. */
typedef struct hone_emulated_launch {
    void (*kernel)(const void *parameter);
    const void *parameter;
    unsigned grid_x, grid_z, threads, shared_bytes;
} hone_emulated_launch;
void hone_emulate(const hone_emulated_launch *launch);
extern hone_emulator hone_emulator_functions;

#endif

/* Blocks of threads as fibers: each runs until it waits for its warp or its block, then the next one. Blocks
 * run one after another. */
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "emulator.h"
#include "half.h"

enum {
    MAX_THREADS = 1024,
    WARP = 32,
    GROUP = 128,
    STACK = 128 * 1024,
    MAX_COPIES = 4096,
    MAX_LATER = 256,
    LATER_BYTES = 64,
    PAGE = 4096
};

typedef struct copy {
    void *to;
    const void *from;
    int bytes, group;
} copy;

typedef struct fiber {
    ucontext_t context;
    copy *copies; /* from `first` to `count`, in the order of their groups */
    int first, count, group, done;
} fiber;

static fiber fibers[MAX_THREADS];
static unsigned char *stacks;
static ucontext_t scheduler;
static const hone_emulated_launch *now;
static int moved; /* something has come further since the last round */

/* Who has come to a warp's, a warpgroup's or the block's meeting, and how many meetings there have been. */
typedef struct meeting {
    void *lanes[GROUP];
    int arrived, held;
} meeting;
static meeting warps[MAX_THREADS / WARP], warpgroups[MAX_THREADS / GROUP], block;

static struct {
    void (*act)(void *what);
    _Alignas(16) unsigned char what[LATER_BYTES];
} laters[MAX_LATER];
static int later_count;

static void fail(const char *what) {
    fprintf(stderr, "emulated CUDA device: %s (block %d, thread %d)\n", what, hone_emulator_functions.block_x,
            hone_emulator_functions.thread);
    abort();
}

static void leave_turn(void) {
    const int thread = hone_emulator_functions.thread;
    swapcontext(&fibers[thread].context, &scheduler);
    hone_emulator_functions.thread = thread;
}

/* 1: everyone is here, and the caller is the last of `count`. */
static int arrive(meeting *m, int count) {
    moved = 1;
    if (++m->arrived < count)
        return 0;
    return 1;
}

static void dismiss(meeting *m) {
    m->arrived = 0;
    m->held++;
}

static void block_sync(void) {
    const int held = block.held;
    if (arrive(&block, (int)now->threads))
        dismiss(&block);
    while (block.held == held)
        leave_turn();
}

/* Of `size` threads whose numbers follow each other. */
static void meet(meeting *m, int size, void *mine, hone_emulated_warp *act) {
    const int held = m->held;
    m->lanes[hone_emulator_functions.thread % size] = mine;
    if (arrive(m, size)) {
        act(m->lanes);
        dismiss(m);
    }
    while (m->held == held)
        leave_turn();
}
static void together(void *mine, hone_emulated_warp *act) {
    meet(&warps[hone_emulator_functions.thread / WARP], WARP, mine, act);
}
static void group_together(void *mine, hone_emulated_warp *act) {
    meet(&warpgroups[hone_emulator_functions.thread / GROUP], GROUP, mine, act);
}

static void later(const void *what, size_t bytes, void (*act)(void *)) {
    if (later_count == MAX_LATER || bytes > LATER_BYTES)
        fail("TMA has too much to do");
    laters[later_count].act = act;
    memcpy(laters[later_count++].what, what, bytes);
}
static void do_laters(void) {
    for (int i = 0; i < later_count; i++)
        laters[i].act(laters[i].what);
    moved |= later_count > 0;
    later_count = 0;
}
static void progress(void) { moved = 1; }

static void copy_later(void *to, const void *from, int bytes) {
    fiber *f = &fibers[hone_emulator_functions.thread];
    if (f->count == MAX_COPIES) {
        memmove(f->copies, f->copies + f->first, (size_t)(f->count - f->first) * sizeof *f->copies);
        f->count -= f->first;
        f->first = 0;
    }
    if (f->count == MAX_COPIES)
        fail("too many copies are waited for");
    f->copies[f->count++] = (copy){to, from, bytes, f->group};
}

static void copy_commit(void) { fibers[hone_emulator_functions.thread].group++; }

static void copy_wait(int groups) {
    fiber *f = &fibers[hone_emulator_functions.thread];
    while (f->first < f->count && f->copies[f->first].group < f->group - groups) {
        const copy *c = &f->copies[f->first++];
        memset(c->to, 0, 16);
        memcpy(c->to, c->from, (size_t)c->bytes);
    }
}

static void *zeroed(size_t bytes) { return calloc(1, bytes); }
static float half_value(unsigned short bits) { return hone_f16_to_f32(bits); }
static unsigned short half_bits(float x) { return hone_f16_from_f32(x); }

hone_emulator hone_emulator_functions = {.block_sync = block_sync,
                                         .together = together,
                                         .group_together = group_together,
                                         .leave_turn = leave_turn,
                                         .later = later,
                                         .progress = progress,
                                         .copy = copy_later,
                                         .copy_commit = copy_commit,
                                         .copy_wait = copy_wait,
                                         .zeroed = zeroed,
                                         .half_value = half_value,
                                         .half_bits = half_bits,
                                         .fail = fail};

static void run_thread(void) {
    now->kernel(now->parameter);
    fibers[hone_emulator_functions.thread].done = 1;
    moved = 1;
    swapcontext(&fibers[hone_emulator_functions.thread].context, &scheduler);
}

static void start_thread(int thread) {
    fiber *f = &fibers[thread];
    if (!f->copies && !(f->copies = malloc(MAX_COPIES * sizeof *f->copies)))
        fail("no memory");
    f->first = f->count = f->group = f->done = 0;
    getcontext(&f->context);
    f->context.uc_stack.ss_sp = stacks + (size_t)thread * STACK;
    f->context.uc_stack.ss_size = STACK;
    f->context.uc_link = NULL;
    makecontext(&f->context, run_thread, 0);
}

static void run_block(void) {
    const int threads = (int)now->threads;
    memset(warps, 0, sizeof warps);
    memset(warpgroups, 0, sizeof warpgroups);
    memset(&block, 0, sizeof block);
    memset(hone_emulator_functions.shared, 0xff, now->shared_bytes);
    for (int t = 0; t < threads; t++)
        start_thread(t);
    for (int left = threads; left > 0;) {
        moved = 0;
        for (int t = 0; t < threads; t++) {
            if (fibers[t].done)
                continue;
            hone_emulator_functions.thread = t;
            swapcontext(&scheduler, &fibers[t].context);
            left -= fibers[t].done;
        }
        do_laters();
        if (left && !moved)
            fail("threads wait for others that do not come");
    }
}

/* Shared memory ends where a page begins that nothing may touch. */
static unsigned char *map_shared(size_t bytes, unsigned char **base, size_t *mapped) {
    *mapped = (bytes + PAGE - 1) / PAGE * PAGE + PAGE;
    *base = mmap(NULL, *mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (*base == MAP_FAILED || mprotect(*base + *mapped - PAGE, PAGE, PROT_NONE))
        fail("no memory");
    return *base + *mapped - PAGE - (bytes + 15) / 16 * 16;
}

void hone_emulate(const hone_emulated_launch *launch) {
    unsigned char *base;
    size_t mapped;
    now = launch;
    hone_emulator_functions.grid_x = (int)launch->grid_x;
    if (!stacks) {
        stacks = mmap(NULL, (size_t)MAX_THREADS * STACK, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (stacks == MAP_FAILED)
            fail("no memory");
    }
    hone_emulator_functions.shared = map_shared(launch->shared_bytes, &base, &mapped);
    for (unsigned z = 0; z < launch->grid_z; z++)
        for (unsigned x = 0; x < launch->grid_x; x++) {
            hone_emulator_functions.block_x = (int)x;
            hone_emulator_functions.block_z = (int)z;
            run_block();
        }
    munmap(base, mapped);
}

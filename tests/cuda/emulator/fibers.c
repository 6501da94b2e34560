/* Blocks of threads as fibers: each runs until it waits for its warp or its block, then the next one. Blocks
 * run one after another, those of a cluster at once. A fiber is made once and runs one thread after another:
 * swapcontext() would call the kernel at each change, for the signals, and _longjmp() does not (a quarter of
 * the time of test_cuda_kernels). */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "emulator.h"
#include "half.h"

enum {
    MAX_THREADS = 2048,
    WARP = 32,
    GROUP = 128,
    STACK = 128 * 1024,
    MAX_COPIES = 4096,
    MAX_LATER = 256,
    LATER_BYTES = 64,
    MAX_CLUSTER = 8,
    PAGE = 4096
};

typedef struct copy {
    void *to;
    const void *from;
    int bytes, group;
} copy;

typedef struct fiber {
    jmp_buf at; /* where it goes on */
    int made;
    copy *copies; /* from `first` to `count`, in the order of their groups */
    int first, count, group, done;
} fiber;

static fiber fibers[MAX_THREADS];
static unsigned char *stacks;
static jmp_buf scheduler;
static const hone_emulated_launch *now;
static int current; /* fiber: threads of the blocks of a cluster follow each other */
static unsigned char *shared_of[MAX_CLUSTER];
static int moved; /* something has come further since the last round */

/* Who has come to a warp's, a warpgroup's or the block's meeting, and how many meetings there have been. */
typedef struct meeting {
    void *lanes[GROUP];
    int arrived, held;
} meeting;
static meeting warps[MAX_THREADS / WARP], warpgroups[MAX_THREADS / GROUP], blocks[MAX_CLUSTER], whole_cluster;

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

/* libc's own _longjmp(): that of sanitizers, and of fortified code, takes a change of stacks for an error. */
static void (*jump)(jmp_buf, int) __attribute__((noreturn));

static void find_jump(void) {
    void *libc = dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD),
         *symbol = libc ? dlsym(libc, "_longjmp") : NULL;
    if (!symbol)
        fail("libc.so.6 has no _longjmp");
    memcpy(&jump, &symbol, sizeof jump);
}

static void leave_turn(void) {
    if (!_setjmp(fibers[current].at))
        jump(scheduler, 1);
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

/* Comes back when `size` threads are here, and `act`, if any, has been done to what they gave. */
static void meet(meeting *m, int size, void *mine, hone_emulated_warp *act) {
    const int held = m->held;
    if (act)
        m->lanes[current % size] = mine;
    if (arrive(m, size)) {
        if (act)
            act(m->lanes);
        dismiss(m);
    }
    while (m->held == held)
        leave_turn();
}
static void block_sync(void) {
    const int threads = (int)now->threads;
    meet(&blocks[current / threads], threads, NULL, NULL);
}
static void cluster_sync(void) { meet(&whole_cluster, (int)(now->threads * now->cluster), NULL, NULL); }
static void together(void *mine, hone_emulated_warp *act) { meet(&warps[current / WARP], WARP, mine, act); }
static void group_together(void *mine, hone_emulated_warp *act) {
    meet(&warpgroups[current / GROUP], GROUP, mine, act);
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
    fiber *f = &fibers[current];
    if (f->count == MAX_COPIES) {
        memmove(f->copies, f->copies + f->first, (size_t)(f->count - f->first) * sizeof *f->copies);
        f->count -= f->first;
        f->first = 0;
    }
    if (f->count == MAX_COPIES)
        fail("too many copies are waited for");
    f->copies[f->count++] = (copy){to, from, bytes, f->group};
}

static void copy_commit(void) { fibers[current].group++; }

static void copy_wait(int groups) {
    fiber *f = &fibers[current];
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
                                         .cluster_sync = cluster_sync,
                                         .shared_of = shared_of,
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

/* What a fiber does: a thread of a launch, then of the next one. */
static void run_threads(void) {
    for (;;) {
        now->kernel(now->parameter);
        fibers[current].done = 1;
        moved = 1;
        leave_turn();
    }
}

static void start_thread(int thread) {
    fiber *f = &fibers[thread];
    if (!f->copies && !(f->copies = malloc(MAX_COPIES * sizeof *f->copies)))
        fail("no memory");
    f->first = f->count = f->group = f->done = 0;
}

static void make_fiber(int f) {
    ucontext_t context;
    getcontext(&context);
    context.uc_stack.ss_sp = stacks + (size_t)f * STACK;
    context.uc_stack.ss_size = STACK;
    context.uc_link = NULL;
    makecontext(&context, run_threads, 0);
    fibers[f].made = 1;
    setcontext(&context);
    fail("no fiber");
}

/* Until it leaves its turn. */
static void enter(int f) {
    const int threads = (int)now->threads, rank = f / threads;
    hone_emulator_functions.block_x += rank - hone_emulator_functions.rank;
    hone_emulator_functions.rank = rank;
    hone_emulator_functions.thread = f % threads;
    hone_emulator_functions.shared = shared_of[rank];
    current = f;
    if (_setjmp(scheduler))
        return;
    if (fibers[f].made)
        jump(fibers[f].at, 1);
    make_fiber(f);
}

/* The blocks of a cluster. */
static void run_blocks(void) {
    const int threads = (int)(now->threads * now->cluster);
    memset(warps, 0, sizeof warps);
    memset(warpgroups, 0, sizeof warpgroups);
    memset(blocks, 0, sizeof blocks);
    memset(&whole_cluster, 0, sizeof whole_cluster);
    for (unsigned rank = 0; rank < now->cluster; rank++)
        memset(shared_of[rank], 0xff, now->shared_bytes);
    for (int f = 0; f < threads; f++)
        start_thread(f);
    for (int left = threads; left > 0;) {
        moved = 0;
        for (int f = 0; f < threads; f++) {
            if (fibers[f].done)
                continue;
            enter(f);
            left -= fibers[f].done;
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
    unsigned char *base[MAX_CLUSTER];
    size_t mapped = 0;
    now = launch;
    if (launch->cluster > MAX_CLUSTER || launch->cluster * launch->threads > MAX_THREADS)
        fail("more threads in a cluster than are emulated");
    hone_emulator_functions.grid_x = (int)launch->grid_x;
    if (!stacks) {
        stacks = mmap(NULL, (size_t)MAX_THREADS * STACK, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
        if (stacks == MAP_FAILED)
            fail("no memory");
        find_jump();
    }
    for (unsigned rank = 0; rank < launch->cluster; rank++)
        shared_of[rank] = map_shared(launch->shared_bytes, &base[rank], &mapped);
    for (unsigned z = 0; z < launch->grid_z; z++)
        for (unsigned x = 0; x < launch->grid_x; x += launch->cluster) {
            hone_emulator_functions.block_x = (int)x;
            hone_emulator_functions.block_z = (int)z;
            hone_emulator_functions.rank = 0;
            run_blocks();
        }
    for (unsigned rank = 0; rank < launch->cluster; rank++)
        munmap(base[rank], mapped);
}

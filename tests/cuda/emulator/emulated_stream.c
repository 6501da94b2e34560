/* Streams, events, copies and graphs of the emulated driver.
 *
 * HONE_EMULATOR_US=us      what each kernel takes by the device's clock, to which every launch of a kernel or
 * of a graph adds 3 us; else events tell the host's time
 *
 * HONE_EMULATOR_GRAPHS=no  streams cannot be captured */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "device.h"

enum {
    NOT_READY = 600,
    ILLEGAL_ADDRESS = 700,
    NOT_SUPPORTED = 801,
    INVALID_CAPTURE = 901,
    ALIGNMENT = 64,
    LAUNCH_US = 3
};

typedef struct work {
    struct work *next;
    hone_emulated_act *act;
    void *what;
    int kernel;
} work;

typedef struct work_list {
    work *first, *last;
} work_list;

struct CUgraph_st {
    work_list list;
    int owners; /* the graph itself and what was made of it */
};
struct CUgraphExec_st {
    hone_cu_graph graph;
};
struct CUstream_st {
    work_list list;
    hone_cu_graph captured; /* NULL: it is not */
};
struct CUevent_st {
    double us;
    int done; /* what it was last recorded after */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* of the clock */
static double device_us;                                 /* with HONE_EMULATOR_US */

#define EXPORT __attribute__((visibility("default")))

/* Negative: it is the host's time that counts. */
static double kernel_us(void) {
    const char *text = getenv("HONE_EMULATOR_US");
    return text && *text ? atof(text) : -1;
}

static void tick(double us) {
    pthread_mutex_lock(&lock);
    device_us += us;
    pthread_mutex_unlock(&lock);
}

/* ---- work */

static hone_cu_result append(work_list *list, const void *what, size_t bytes, hone_emulated_act *act,
                             int kernel) {
    work *w = calloc(1, sizeof *w);
    if (!w || !(w->what = aligned_alloc(ALIGNMENT, (bytes + ALIGNMENT) / ALIGNMENT * ALIGNMENT))) {
        free(w);
        return HONE_CU_OUT_OF_MEMORY;
    }
    memcpy(w->what, what, bytes);
    w->act = act;
    w->kernel = kernel;
    *(list->last ? &list->last->next : &list->first) = w;
    list->last = w;
    return 0;
}

static void clear(work_list *list) {
    for (work *w = list->first, *next; w; w = next) {
        next = w->next;
        free(w->what);
        free(w);
    }
    *list = (work_list){NULL, NULL};
}

/* `launch_us`: of each kernel. */
static hone_cu_result run(const work_list *list, double launch_us) {
    hone_cu_result error = 0;
    for (const work *w = list->first; w && !error; w = w->next) {
        if (w->kernel)
            tick(launch_us + kernel_us());
        error = w->act(w->what);
    }
    return error;
}

static int is_captured(hone_cu_stream stream) { return stream && stream->captured; }

/* Everything that the stream was given. */
static hone_cu_result finish(hone_cu_stream stream) {
    hone_cu_result error = 0;
    if (stream) {
        error = run(&stream->list, LAUNCH_US);
        clear(&stream->list);
    }
    return error;
}

/* The default stream does it at once. */
static hone_cu_result give(hone_cu_stream stream, const void *what, size_t bytes, hone_emulated_act *act,
                           int kernel) {
    struct CUstream_st now = {{NULL, NULL}, NULL};
    if (stream)
        return append(is_captured(stream) ? &stream->captured->list : &stream->list, what, bytes, act,
                      kernel);
    hone_cu_result error = append(&now.list, what, bytes, act, kernel);
    return error ? error : finish(&now);
}

EXPORT hone_cu_result hone_emulated_enqueue(hone_cu_stream stream, const void *what, size_t bytes,
                                            hone_emulated_act *act) {
    return give(stream, what, bytes, act, 1);
}

EXPORT hone_cu_result cuStreamCreate(hone_cu_stream *stream, unsigned flags) {
    (void)flags;
    *stream = calloc(1, sizeof **stream);
    return *stream ? 0 : HONE_CU_OUT_OF_MEMORY;
}
EXPORT hone_cu_result cuStreamSynchronize(hone_cu_stream stream) {
    if (is_captured(stream))
        return INVALID_CAPTURE;
    hone_cu_result error = finish(stream);
    return !error && hone_emulated_is_lost() ? ILLEGAL_ADDRESS : error;
}

/* ---- graphs */

static void release(hone_cu_graph graph) {
    if (--graph->owners)
        return;
    clear(&graph->list);
    free(graph);
}

EXPORT hone_cu_result cuStreamDestroy_v2(hone_cu_stream stream) {
    if (stream->captured)
        release(stream->captured);
    hone_cu_result error = finish(stream);
    free(stream);
    return error;
}
EXPORT hone_cu_result cuStreamBeginCapture_v2(hone_cu_stream stream, unsigned mode) {
    const char *graphs = getenv("HONE_EMULATOR_GRAPHS");
    if (graphs && strcmp(graphs, "no") == 0)
        return NOT_SUPPORTED;
    if (!stream || stream->captured || mode > HONE_CU_CAPTURE_RELAXED)
        return HONE_CU_INVALID_VALUE;
    hone_cu_graph graph = calloc(1, sizeof *graph);
    if (!graph)
        return HONE_CU_OUT_OF_MEMORY;
    graph->owners = 1;
    stream->captured = graph;
    return 0;
}
EXPORT hone_cu_result cuStreamEndCapture(hone_cu_stream stream, hone_cu_graph *graph) {
    if (!is_captured(stream))
        return INVALID_CAPTURE;
    *graph = stream->captured;
    stream->captured = NULL;
    return 0;
}
EXPORT hone_cu_result cuGraphInstantiateWithFlags(hone_cu_graph_exec *exec, hone_cu_graph graph,
                                                  unsigned long long flags) {
    if (flags)
        return HONE_CU_INVALID_VALUE;
    if (!(*exec = calloc(1, sizeof **exec)))
        return HONE_CU_OUT_OF_MEMORY;
    (*exec)->graph = graph;
    graph->owners++;
    return 0;
}
EXPORT hone_cu_result cuGraphExecDestroy(hone_cu_graph_exec exec) {
    release(exec->graph);
    free(exec);
    return 0;
}
EXPORT hone_cu_result cuGraphDestroy(hone_cu_graph graph) {
    release(graph);
    return 0;
}

static hone_cu_result run_graph(void *exec) {
    tick(LAUNCH_US);
    return run(&(*(hone_cu_graph_exec *)exec)->graph->list, 0);
}
EXPORT hone_cu_result cuGraphLaunch(hone_cu_graph_exec exec, hone_cu_stream stream) {
    return is_captured(stream) ? INVALID_CAPTURE : give(stream, &exec, sizeof exec, run_graph, 0);
}

/* ---- copies: those to the device take what they need from the host's memory at once, those to the host are
 * done when the call comes back, as with memory that is not pinned */

typedef struct copy {
    hone_cu_address to;
    size_t bytes;
} copy;

static hone_cu_result run_write(void *what) {
    const copy *c = what;
    memcpy((void *)(uintptr_t)c->to, c + 1, c->bytes);
    return 0;
}
EXPORT hone_cu_result cuMemcpyHtoDAsync_v2(hone_cu_address to, const void *from, size_t bytes,
                                           hone_cu_stream stream) {
    copy *c = is_captured(stream) ? NULL : malloc(sizeof *c + bytes);
    if (!c)
        return is_captured(stream) ? INVALID_CAPTURE : HONE_CU_OUT_OF_MEMORY;
    *c = (copy){to, bytes};
    memcpy(c + 1, from, bytes);
    hone_cu_result error = give(stream, c, sizeof *c + bytes, run_write, 0);
    free(c);
    return error;
}
EXPORT hone_cu_result cuMemcpyDtoHAsync_v2(void *to, hone_cu_address from, size_t bytes,
                                           hone_cu_stream stream) {
    if (is_captured(stream))
        return INVALID_CAPTURE;
    hone_cu_result error = finish(stream);
    if (!error && hone_emulated_is_lost())
        error = ILLEGAL_ADDRESS;
    if (!error)
        memcpy(to, (const void *)(uintptr_t)from, bytes);
    return error;
}

/* ---- events */

EXPORT hone_cu_result cuEventCreate(hone_cu_event *event, unsigned flags) {
    (void)flags;
    *event = calloc(1, sizeof **event);
    return *event ? 0 : HONE_CU_OUT_OF_MEMORY;
}

static hone_cu_result run_record(void *what) {
    hone_cu_event event = *(hone_cu_event *)what;
    struct timespec time;
    if (clock_gettime(CLOCK_MONOTONIC, &time))
        return HONE_CU_INVALID_VALUE;
    pthread_mutex_lock(&lock);
    event->us = kernel_us() < 0 ? (double)time.tv_sec * 1e6 + (double)time.tv_nsec * 1e-3 : device_us;
    event->done = 1;
    pthread_mutex_unlock(&lock);
    return 0;
}
/* A device records in graphs, too; here nobody means to. */
EXPORT hone_cu_result cuEventRecord(hone_cu_event event, hone_cu_stream stream) {
    event->done = 0;
    return is_captured(stream) ? INVALID_CAPTURE : give(stream, &event, sizeof event, run_record, 0);
}
EXPORT hone_cu_result cuEventElapsedTime(float *milliseconds, hone_cu_event from, hone_cu_event to) {
    *milliseconds = (float)((to->us - from->us) * 1e-3);
    return from->done && to->done ? 0 : NOT_READY;
}
EXPORT hone_cu_result cuEventDestroy_v2(hone_cu_event event) {
    free(event);
    return 0;
}

/* Streams, events and graphs of the emulated driver: everything has been done when it is asked for.
 *
 * HONE_EMULATOR_US=us     what each kernel takes by the device's clock, to which every launch of a kernel or
 * a graph adds 3 us; else events tell the host's time HONE_EMULATOR_GRAPHS=no streams cannot be captured */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "device.h"

enum { NOT_SUPPORTED = 801, INVALID_CAPTURE = 901, ALIGNMENT = 64, LAUNCH_US = 3 };

typedef struct work {
    struct work *next;
    hone_cu_result (*act)(const void *what);
    void *what;
} work;

struct CUgraph_st {
    work *first, **end;
    int owners; /* the graph itself and what was made of it */
};
struct CUgraphExec_st {
    hone_cu_graph graph;
};
struct CUstream_st {
    hone_cu_graph captured; /* NULL: it is not */
};
struct CUevent_st {
    double us;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static double device_us; /* with HONE_EMULATOR_US */

#define EXPORT __attribute__((visibility("default")))

/* Negative: it is the host's time that counts. */
static double kernel_us(void) {
    const char *text = getenv("HONE_EMULATOR_US");
    return text && *text ? atof(text) : -1;
}

static void tick(int launches, int kernels) {
    pthread_mutex_lock(&lock);
    device_us += LAUNCH_US * launches + kernel_us() * kernels;
    pthread_mutex_unlock(&lock);
}

/* ---- work */

static hone_cu_result keep(hone_cu_graph graph, const void *what, size_t bytes,
                           hone_cu_result (*act)(const void *what)) {
    work *w = calloc(1, sizeof *w);
    if (!w || !(w->what = aligned_alloc(ALIGNMENT, (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT))) {
        free(w);
        return HONE_CU_OUT_OF_MEMORY;
    }
    memcpy(w->what, what, bytes);
    w->act = act;
    *graph->end = w;
    graph->end = &w->next;
    return 0;
}

EXPORT hone_cu_result hone_emulated_enqueue(hone_cu_stream stream, const void *what, size_t bytes,
                                            hone_cu_result (*act)(const void *what)) {
    if (hone_emulated_is_captured(stream))
        return keep(stream->captured, what, bytes, act);
    tick(1, 1);
    return act(what);
}

EXPORT int hone_emulated_is_captured(hone_cu_stream stream) { return stream && stream->captured; }

/* ---- graphs */

static void release(hone_cu_graph graph) {
    if (--graph->owners)
        return;
    for (work *w = graph->first, *next; w; w = next) {
        next = w->next;
        free(w->what);
        free(w);
    }
    free(graph);
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
    graph->end = &graph->first;
    graph->owners = 1;
    stream->captured = graph;
    return 0;
}
EXPORT hone_cu_result cuStreamEndCapture(hone_cu_stream stream, hone_cu_graph *graph) {
    if (!hone_emulated_is_captured(stream))
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
EXPORT hone_cu_result cuGraphLaunch(hone_cu_graph_exec exec, hone_cu_stream stream) {
    hone_cu_result error = hone_emulated_is_captured(stream) ? INVALID_CAPTURE : 0;
    tick(1, 0);
    for (const work *w = exec->graph->first; w && !error; w = w->next) {
        tick(0, 1);
        error = w->act(w->what);
    }
    return error;
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

/* ---- streams and events */

EXPORT hone_cu_result cuStreamCreate(hone_cu_stream *stream, unsigned flags) {
    (void)flags;
    *stream = calloc(1, sizeof **stream);
    return *stream ? 0 : HONE_CU_OUT_OF_MEMORY;
}
EXPORT hone_cu_result cuStreamSynchronize(hone_cu_stream stream) {
    return hone_emulated_is_captured(stream) ? INVALID_CAPTURE : 0;
}
EXPORT hone_cu_result cuStreamDestroy_v2(hone_cu_stream stream) {
    if (stream->captured)
        release(stream->captured);
    free(stream);
    return 0;
}
EXPORT hone_cu_result cuEventCreate(hone_cu_event *event, unsigned flags) {
    (void)flags;
    *event = calloc(1, sizeof **event);
    return *event ? 0 : HONE_CU_OUT_OF_MEMORY;
}
EXPORT hone_cu_result cuEventRecord(hone_cu_event event, hone_cu_stream stream) {
    struct timespec time;
    if (hone_emulated_is_captured(stream))
        return INVALID_CAPTURE; /* a device allows it; here nobody means to */
    if (clock_gettime(CLOCK_MONOTONIC, &time))
        return HONE_CU_INVALID_VALUE;
    pthread_mutex_lock(&lock);
    event->us = kernel_us() < 0 ? (double)time.tv_sec * 1e6 + (double)time.tv_nsec * 1e-3 : device_us;
    pthread_mutex_unlock(&lock);
    return 0;
}
EXPORT hone_cu_result cuEventElapsedTime(float *milliseconds, hone_cu_event from, hone_cu_event to) {
    *milliseconds = (float)((to->us - from->us) * 1e-3);
    return 0;
}
EXPORT hone_cu_result cuEventDestroy_v2(hone_cu_event event) {
    free(event);
    return 0;
}

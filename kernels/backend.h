/* The interface of a backend: one folder under kernels/ that exports one const
 * hone_backend, listed in registry.c. Everything above sees devices, problems,
 * spaces, configs and plans; what a kernel is made of stays in the folder.
 *
 * Unless said otherwise callbacks are called from one thread at a time for one
 * object, and from any thread. A callback that may be NULL says so. */
#ifndef HONE_KERNELS_BACKEND_H
#define HONE_KERNELS_BACKEND_H

#include <stdio.h>

#include "config.h"
#include "space.h"
#include "status.h"

typedef struct hone_backend hone_backend;

/* Threads that a plan takes at most. */
enum { HONE_MAX_THREADS = 4096 };

/* One device of a backend. Filled by hone_backend.devices, immutable after. */
typedef struct hone_device {
    const hone_backend *backend;
    char name[32];         /* "cpu", "opencl:1" */
    char model[128];       /* for people: "AMD EPYC 9R14" */
    char fingerprint[256]; /* all that changes performance; the database's key */
    char family[128];      /* devices whose winners are likely to suit this one */
    int threads;           /* hardware threads that this process may use; 1 for GPUs */
    int64_t cache_bytes;   /* last-level cache; 0 when unknown */
    int64_t core_bytes;    /* what one core has of the cache before it; 0 when unknown */
    int index;             /* the backend's own number */
} hone_device;

/* How a device is doing; NaN: it does not tell. */
typedef struct hone_device_state {
    double clock_mhz, power_w, celsius;
    int slowed; /* 1: below its clock to protect itself, from heat or a failing supply; not by its usual limit
                   on power */
} hone_device_state;

typedef struct hone_span {
    const void *from;
    size_t bytes;
} hone_span;

/* Memory that a device has of its own. The matrices of hone_args and both sides of hone_plan_pack may be
 * there, each for itself. HONE_E_NOMEM; HONE_E_UNAVAILABLE: the device failed. */
typedef struct hone_memory {
    hone_status (*allocate)(void **out, const hone_device *device, size_t bytes);
    void (*release)(const hone_device *device, void *at); /* NULL is let be */
    /* To the device, or back to the host; both wait. */
    hone_status (*write)(const hone_device *device, void *to, const void *from, size_t bytes);
    hone_status (*read)(const hone_device *device, void *to, const void *from, size_t bytes);
} hone_memory;

/* Worker threads that a host backend runs on; shared by the plans of a context. */
typedef struct hone_pool hone_pool;

/* A backend's own plan; each backend defines what lies behind it. */
typedef struct hone_backend_plan hone_backend_plan;

/* Calls that a device is given in one submission, so that nothing of the host comes between them. */
typedef struct hone_batch hone_batch;

struct hone_backend {
    const char *name;

    /* Finds the devices: an array from malloc that the caller frees.
     * HONE_E_UNAVAILABLE with a reason (what to install) when there are none. */
    hone_status (*devices)(hone_device **out, int *count);
    /* A device that this machine need not have, by its name, so that spaces are counted and sources printed
     * for it; nothing runs on it. Static; NULL: there is none of that name. May be NULL. */
    const hone_device *(*described)(const char *name);
    /* Their names, NULL-terminated; NULL where `described` is. */
    const char *const *descriptions;

    /* NULL from here to `activate`: the backend lists devices but has no kernels. */

    /* Declares the space for a problem. HONE_E_UNAVAILABLE: not on this device. */
    hone_status (*space)(hone_space **out, const hone_device *device, const hone_problem *problem,
                         int threads);

    /* A config that is legal and reasonable without any measurement; with a `code_path` (one of code_paths;
     * NULL: any) of that path. HONE_E_UNAVAILABLE: that path has none for the problem. */
    hone_status (*default_config)(hone_config *out, const hone_device *device, const hone_problem *problem,
                                  int threads, const char *code_path);

    /* A time in microseconds that no run of the config can beat; it prunes
     * hopeless candidates before they are measured and judges none. May be NULL. */
    double (*lower_bound)(const hone_device *device, const hone_problem *problem, const hone_config *config,
                          int threads);

    /* What a model thinks that a legal config costs, on any scale, less is better. It judges nothing.
     * INFINITY: cannot tell. May be NULL. */
    double (*cost)(const hone_device *device, const hone_problem *problem, const hone_config *config,
                   int threads);

    int compiles; /* 1: a plan of another config takes tenths of a second, for its kernels are compiled */

    /* `config` has passed hone_space_check. `pool` outlives the plan and may be
     * NULL for one thread. */
    hone_status (*plan_create)(hone_backend_plan **out, const hone_device *device,
                               const hone_problem *problem, const hone_config *config, hone_pool *pool);
    void (*plan_destroy)(hone_backend_plan *plan);
    size_t (*packed_size)(const hone_backend_plan *plan);
    /* hone_plan_workspace */
    size_t (*workspace)(const hone_backend_plan *plan);
    hone_status (*pack)(void *packed, const hone_backend_plan *plan, const void *b, int64_t ldb);
    /* Arguments have been checked. Allocates nothing. HONE_E_UNAVAILABLE, HONE_E_NOMEM: a device that is not
     * the host failed. */
    hone_status (*execute)(hone_backend_plan *plan, const hone_args *args);
    /* Microseconds that the device's own clock gave the kernels of the latest call, without moving operands
     * and without waiting; NaN: not known. May be NULL: the call's time is the kernel's. */
    double (*device_us)(const hone_backend_plan *plan);

    /* A batch of `count` calls, one of each plan, `rounds` times over. The matrices of `args` are the
     * device's; they, the plans and their other arguments stay as they are until the batch is destroyed.
     * HONE_E_USAGE: matrices of the host. HONE_E_UNAVAILABLE: the device takes calls one by one only, or
     * failed. NULL: it has no such thing, and neither of the next two. */
    hone_status (*batch_create)(hone_batch **out, hone_backend_plan *const *plans, const hone_args *args,
                                int count, int rounds);
    /* Runs them one after another, and waits; the microseconds that they all took by the device's clock; NaN
     * where it fails. */
    hone_status (*batch_run)(double *us, hone_batch *batch);
    void (*batch_destroy)(hone_batch *batch);

    /* NULL: calls take their matrices from the host's memory. */
    const hone_memory *memory;

    /* Prints the source of the variant that a config selects: one translation
     * unit that compiles by itself, with the command in its first comment. */
    hone_status (*emit)(FILE *out, const hone_device *device, const hone_problem *problem,
                        const hone_config *config);

    /* A separate activation pass, for baselines that cannot fuse:
     * C = act(X + bias), X being M x N of f32 (ldx), in parallel. */
    void (*activate)(const hone_device *device, const hone_problem *problem, const float *x, int64_t ldx,
                     const hone_args *args, hone_pool *pool);

    /* Runs the fastest multiply-add loop for `dtype` on every thread of the
     * pool, `rounds` rounds, and returns the multiply and add operations done.
     * 0 when the device cannot do the type. */
    double (*peak_run)(const hone_device *device, hone_dtype dtype, hone_pool *pool, int64_t rounds);

    /* 0: not known. Takes microseconds to milliseconds, and no part of the device. Any thread. May be NULL.
     */
    int (*state)(hone_device_state *out, const hone_device *device);

    /* Reads spans of memory `passes` times, each thread of the pool its own part
     * of each, and returns the bytes read: the end of a span may be left out. Odd and
     * even turns may read in two ways; the faster is what the device can. May be NULL. */
    double (*read_run)(const hone_device *device, hone_pool *pool, const hone_span *spans, int count,
                       int64_t passes, int64_t turn);

    /* Names of the instruction sets or code paths that this device can run, in
     * rising preference, NULL-terminated. Static. */
    const char *const *(*code_paths)(const hone_device *device);
};

/* All backends, in the order of preference; NULL-terminated. */
extern const hone_backend *const hone_backends[];

/* NULL when there is none of that name. */
const hone_backend *hone_backend_find(const char *name);

/* The device of a context by its name. The context owns it.
 * HONE_E_USAGE: malformed. HONE_E_UNAVAILABLE: none, with the backend's reason. */
hone_status hone_context_device(const hone_device **out, const hone_context *context, const char *name);
/* The same, or a description (hone_backend.described). */
hone_status hone_context_described(const hone_device **out, const hone_context *context, const char *name);
/* All devices of a context. */
int hone_context_devices(const hone_device **out, const hone_context *context);
/* Why a backend has no device; NULL when it has some. */
const char *hone_context_backend_reason(const hone_context *context, const char *backend);

/* As hone_context_create; `pin` binds worker threads and the calling thread
 * to cores, for measuring. */
hone_status hone_context_create_pinned(hone_context **out, int pin);
/* The pool of `threads` threads, created on first use; NULL for one thread.
 * HONE_E_USAGE: threads < 1 or absurd. HONE_E_NOMEM. */
hone_status hone_context_pool(hone_pool **out, hone_context *context, int threads);

/* The device behind a public plan. */
const hone_device *hone_plan_device(const hone_plan *plan);
/* hone_backend.device_us; NaN where the backend has none. */
double hone_plan_device_us(const hone_plan *plan);
/* hone_backend.batch_create for plans of one device, with one set of arguments each that hone_plan_execute
 * would take. */
hone_status hone_plan_batch(hone_batch **out, hone_plan *const *plans, const hone_args *args, int count,
                            int rounds);

#endif

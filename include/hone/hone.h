/*
 * hone.h: the public interface of libhone.
 *
 * Hone keeps, per device and problem, the fastest verified configuration of a
 * fused GEMM + bias + activation kernel, and runs it:
 *
 *     C[M x N] = act(A[M x K] . B[K x N] + bias[N])
 *
 * The order of a caller's work:
 *
 *     hone_context_create      once a process
 *     hone_db_open             once a process           (optional)
 *     hone_db_lookup           the best known config    (optional)
 *     hone_plan_create         once a problem and thread
 *     hone_plan_pack           once a weight matrix
 *     hone_plan_execute        once a call; allocates nothing
 *
 * Rules that hold for every function:
 *   - Matrices are row-major; a leading dimension counts elements between the
 *     starts of two rows and may exceed the row's length.
 *   - Functions that can fail return hone_status; HONE_OK is 0. After any
 *     other status hone_error_detail() says what was wrong, with which value,
 *     and what to do. Results come back through the first parameter, which is
 *     left untouched on failure.
 *   - Nothing prints and nothing exits.
 *   - A pointer must not be NULL unless its function says that it may be.
 *   - Objects are opaque. Whoever creates one destroys it; destroying NULL is
 *     allowed and does nothing.
 *   - Strings returned by pointer belong to the library and live until the
 *     object that returned them is destroyed (names: for ever).
 */
#ifndef HONE_HONE_H
#define HONE_HONE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define HONE_API __attribute__((visibility("default")))
#else
#define HONE_API
#endif
/* Also in libhone-db, which reads databases and has no kernels: it needs SQLite
 * and nothing else. A program links one of the two. */
#define HONE_DB_API HONE_API

/* ------------------------------------------------------------------ status */

/* What a call returns. The command's exit codes are a function of these. */
typedef enum hone_status {
    HONE_OK = 0,
    HONE_E_USAGE,        /* an argument that can never be right */
    HONE_E_UNAVAILABLE,  /* a device, ISA, backend or provider this machine lacks */
    HONE_E_DATA,         /* a file or database: missing, foreign, damaged, full */
    HONE_E_NOMEM,        /* memory or threads could not be had */
    HONE_E_NOMATCH,      /* nothing known about this problem */
    HONE_E_WRONG,        /* a kernel computed a wrong result, or a regression */
    HONE_E_INCONCLUSIVE, /* too noisy, or nothing was measured */
    HONE_E_INTERRUPTED   /* stopped by a signal; what was found is kept */
} hone_status;

/* One sentence about a status. Never NULL. Any thread. */
HONE_DB_API const char *hone_status_text(hone_status status);

/* The detail of the calling thread's latest failure, "" when there was none.
 * Valid until that thread's next failing call. Kept per thread, not on the
 * context, because a context is shared by threads. */
HONE_DB_API const char *hone_error_detail(void);

/* "MAJOR.MINOR.PATCH" of the library that is linked. */
HONE_DB_API const char *hone_version(void);

/* Identity of the kernels in this library: a version and a hash of the kernel
 * sources, compiler and flags. Measurements carry the identity they were taken
 * with; one from another build is reported as stale. */
HONE_DB_API const char *hone_build_id(void);

/* ------------------------------------------------------------------- names */

/* Element types. Values are not stable between versions: store names. */
typedef enum hone_dtype {
    HONE_F32,  /* IEEE binary32 */
    HONE_F16,  /* IEEE binary16; products accumulated in f32 */
    HONE_BF16, /* upper half of binary32; products accumulated in f32 */
    HONE_S8,   /* signed 8-bit integer with a scale; exact 32-bit sums */
    HONE_U8,   /* unsigned 8-bit integer with a scale; only as A or C of s8 problems */
    HONE_DTYPE_COUNT
} hone_dtype;

/* "f32", "f16", "bf16", "s8", "u8"; NULL for a value that is none. */
HONE_DB_API const char *hone_dtype_name(hone_dtype dtype);
/* Also accepts fp32, fp16, int8. HONE_E_USAGE for an unknown name. */
HONE_DB_API hone_status hone_dtype_parse(hone_dtype *out, const char *name);
/* Bytes of one element; 0 for a value that is none. */
HONE_DB_API size_t hone_dtype_size(hone_dtype dtype);

/* An activation is an index into the activation table, 0 .. count-1. */
typedef int hone_activation;
#define HONE_ACT_MAX_PARAMS 2

HONE_DB_API int hone_activation_count(void);
/* Canonical name; NULL when out of range. */
HONE_DB_API const char *hone_activation_name(hone_activation act);
/* Also accepts aliases ("swish"). HONE_E_USAGE for an unknown name. */
HONE_DB_API hone_status hone_activation_parse(hone_activation *out, const char *name);
/* fp64 reference value. `params` holds HONE_ACT_MAX_PARAMS values (NULL: the
 * defaults). NaN gives NaN; an infinity gives the limit. */
HONE_DB_API double hone_activation_reference(hone_activation act, double x, const double *params);

/* ----------------------------------------------------------------- problem */

/* What is to be computed. Start from hone_problem_init, then change fields. */
typedef struct hone_problem {
    int64_t m, n, k;   /* 1 .. HONE_MAX_DIM each */
    hone_dtype dtype;  /* type of A, B and C; f32, f16, bf16 or s8 */
    hone_dtype a_type; /* s8 problems: s8 (default) or u8; else = dtype */
    hone_dtype c_type; /* s8 problems: s8 (default), u8, f16 or f32; else = dtype */
    hone_activation act;
    double act_params[HONE_ACT_MAX_PARAMS];
    int bias;               /* 1: add bias[N] before the activation (default) */
    int weights_transposed; /* 1: B is stored N x K; 0: K x N (default) */
    int weights_plain;      /* 1: B is read as stored in every call; 0: packed once (default) */
    int a_scale_per_row;    /* s8 problems: 1 when A has a scale and zero point per row */
} hone_problem;

/* Largest M, N or K; and the largest M*N, M*K or K*N in elements. */
#define HONE_MAX_DIM      ((int64_t)1 << 24)
#define HONE_MAX_ELEMENTS ((int64_t)1 << 34)

/* Length that holds any canonical problem text, NUL included. */
#define HONE_PROBLEM_TEXT 192

/* Set every field: the shape, f32 or `dtype`'s natural types, `act` with its
 * default parameters, bias on, weights K x N and packed. */
HONE_DB_API void hone_problem_init(hone_problem *problem, hone_dtype dtype, hone_activation act, int64_t m,
                                   int64_t n, int64_t k);

/* HONE_E_USAGE when a field is out of range or two fields contradict. */
HONE_DB_API hone_status hone_problem_check(const hone_problem *problem);

/* The canonical text, e.g. "gemm/f32/gelu_tanh/128x3072x768" with options
 * after it: "/alpha=0.2" an activation parameter that is not the default,
 * "/tb" weights stored N x K, "/plain" weights not packed, "/nobias",
 * "/a=u8", "/out=f32", "/rowscale". HONE_E_USAGE when it does not fit. */
HONE_DB_API hone_status hone_problem_format(char *out, size_t size, const hone_problem *problem);
/* The inverse; accepts aliases and options in any order. */
HONE_DB_API hone_status hone_problem_parse(hone_problem *out, const char *text);

/* ----------------------------------------------------------------- context */

typedef struct hone_context hone_context;

/* Finds the devices. Costs milliseconds, tens of them where an OpenCL driver is
 * installed; one is enough for a process. May be
 * used by several threads at once. HONE_E_NOMEM. */
HONE_API hone_status hone_context_create(hone_context **out);
/* Destroy the plans first. */
HONE_API void hone_context_destroy(hone_context *context);

/* The fingerprint of a device by its name ("cpu", "opencl", "cuda", with an
 * index as in "opencl:1"): everything that changes performance. It is the
 * device's key in the database. HONE_E_USAGE for a malformed name,
 * HONE_E_UNAVAILABLE when there is no such device. */
HONE_API hone_status hone_device_fingerprint(const char **out, const hone_context *context,
                                             const char *device);

/* ---------------------------------------------------------------- database */

typedef struct hone_db hone_db;

/* How a lookup found its answer, best first. */
typedef enum hone_match_kind {
    HONE_MATCH_EXACT,  /* this device, this problem */
    HONE_MATCH_NEAR,   /* this device, the nearest legal shape */
    HONE_MATCH_FAMILY, /* another device of the family */
    HONE_MATCH_DEFAULT /* nothing measured: the backend's default config */
} hone_match_kind;

/* "exact", "near", "family", "default". */
HONE_DB_API const char *hone_match_kind_name(hone_match_kind kind);

/* The answer of a lookup. Numbers that were not measured are NaN (for
 * HONE_MATCH_DEFAULT: all of them), `samples` is 0 and `workspace` -1. */
typedef struct hone_match {
    hone_match_kind kind;
    int stale; /* 1: measured with other kernels than this library's */
    char problem[HONE_PROBLEM_TEXT];
    char matched_problem[HONE_PROBLEM_TEXT]; /* "" for default */
    char device[256];                        /* fingerprint it was measured on */
    char config[256];                        /* canonical config text */
    char build[96];                          /* hone_build_id it was measured with */
    char measured_at[32];                    /* ISO 8601, UTC; "" for default */
    char database[512];                      /* file that answered, cut to fit; "" for default */
    double p50_us, p95_us;                   /* microseconds a call */
    double gflops;                           /* 1e9 operations a second at p50 */
    double err_rel_fro, err_bound_ratio;
    int64_t samples;
    int64_t workspace; /* hone_plan_workspace where it was measured; -1: not known */
} hone_match;

/* Limits on what a lookup may answer. Zero-initialise for none. */
typedef struct hone_lookup_options {
    int threads;           /* threads the config was tuned for; 0: as many as the device has */
    const char *objective; /* "p50" (NULL), "p95" or "throughput" */
    double max_rel_error;  /* largest acceptable err_rel_fro; 0: any */
    const char *isa;       /* only configs with isa=<this>, or family=<this> on a GPU; NULL: any */
    int64_t max_workspace; /* largest acceptable workspace in bytes; 0: any */
    int allow_stale;       /* 1: answer with measurements of other builds too */
} hone_lookup_options;

/* Opens an existing database for reading. NULL: the user's, which is $HONE_DB,
 * else hone/hone.db in the XDG data folder, and under it the system's, which are
 * the files that $HONE_DB_PATH lists with ':' between them, else hone/hone.db in
 * each folder of $XDG_DATA_DIRS that has one. A lookup prefers the better kind of
 * match, then the nearer, then evidence of this build, then the upper file; a
 * wrong result recorded in any of them counts. A file of an older schema is copied
 * to a temporary one and read there: what is stored in it later shows when it is
 * opened again. A handle is not for a child after fork.
 * HONE_E_DATA: missing, not a Hone database, damaged, or written by a newer
 * version; of NULL, when there is none at all. */
HONE_DB_API hone_status hone_db_open(hone_db **out, const char *path);
HONE_DB_API void hone_db_close(hone_db *db);

/* The best config for `problem` on the device named `device`, in the order
 * exact, near, family, default; always says which in out->kind. `db` may be
 * NULL, which gives the default. `options` may be NULL.
 * Any number of threads may look up in one hone_db at once. An answer that was
 * given before (of the first 16,384) is given again without a lock and without
 * asking the file, in less than a microsecond; what is stored meanwhile shows after
 * hone_db_refresh. Where the default config won nearby, a near answer is the default
 * for this problem, with the numbers of the problem that matched. The error of a
 * default is not known: it may exceed max_rel_error.
 * HONE_E_USAGE, HONE_E_UNAVAILABLE (no such device or isa), HONE_E_DATA;
 * HONE_E_NOMATCH: nothing known keeps to max_workspace. */
HONE_API hone_status hone_db_lookup(hone_match *out, hone_db *db, const hone_context *context,
                                    const char *device, const hone_problem *problem,
                                    const hone_lookup_options *options);

/* The same without any device at hand: exact, near, family by a fingerprint, as
 * `hone devices` prints it. `family` (may be NULL) is for a device that the
 * database does not know; threads 0 needs one that it does. Whether a near or
 * family config is legal for the problem is for the caller to see.
 * HONE_E_NOMATCH: nothing is known. HONE_E_USAGE, HONE_E_DATA. */
HONE_DB_API hone_status hone_db_find(hone_match *out, hone_db *db, const char *fingerprint,
                                     const char *family, const hone_problem *problem,
                                     const hone_lookup_options *options);

/* Forgets the answers given so far, so that the next ones see what other
 * processes have stored in the same files; one that has been replaced is to be
 * opened again. Not while another thread uses `db`, which may be NULL. */
HONE_DB_API void hone_db_refresh(hone_db *db);

/* -------------------------------------------------------------------- plan */

typedef struct hone_plan hone_plan;

/* Everything one call needs. Unused pointers are NULL. */
typedef struct hone_args {
    const void *a;      /* M x K of a_type */
    int64_t lda;        /* >= K */
    const void *b;      /* packed: what hone_plan_pack wrote; plain: K x N, or N x K if transposed */
    int64_t ldb;        /* plain: >= N, or >= K if transposed; packed: ignored */
    void *c;            /* M x N of c_type; must not overlap the inputs */
    int64_t ldc;        /* >= N */
    const float *bias;  /* N values; needed if problem.bias */
    const float *alpha; /* N values; needed for prelu: the negative slope of each column */
    /* s8 problems: real = scale * (stored - zero) */
    const float *a_scale;  /* 1 value, or M if a_scale_per_row */
    const int32_t *a_zero; /* as a_scale; each within a_type; NULL: 0 */
    const float *b_scale;  /* N values; B has no zero point */
    float c_scale;         /* 8-bit C: its scale, > 0; a plan may tabulate dozens, in 4 us each */
    int32_t c_zero;        /* 8-bit C: its zero point */
} hone_args;

/* Prepares `problem` on `device` with a config text (as in hone_match, or NULL
 * for the device's default) for `threads` threads (0: as many as the device
 * has). Allocates all memory and threads that executing needs.
 * HONE_E_USAGE: illegal problem, or a config that breaks a constraint of the
 * space, as one made for another number of threads may. HONE_E_UNAVAILABLE: no such device, or it lacks what
 * the config needs. HONE_E_NOMEM. */
HONE_API hone_status hone_plan_create(hone_plan **out, hone_context *context, const char *device,
                                      const hone_problem *problem, const char *config, int threads);
HONE_API void hone_plan_destroy(hone_plan *plan);

/* The canonical text of the config the plan runs. */
HONE_API const char *hone_plan_config(const hone_plan *plan);

/* Bytes of memory that executing the plan uses beside its operands; all of it is
 * allocated when the plan is made. On a GPU, of the device's memory. */
HONE_API size_t hone_plan_workspace(const hone_plan *plan);

/* Bytes that hone_plan_pack may write, a multiple of HONE_PACK_ALIGN; 0 for plain weights. The address given
 * to pack and execute must be aligned to HONE_PACK_ALIGN. */
#define HONE_PACK_ALIGN 64
HONE_API size_t hone_plan_packed_size(const hone_plan *plan);

/* Packs a weight matrix for this plan: b is K x N with leading dimension ldb
 * (N x K if the problem says transposed). HONE_E_USAGE: NULL, misaligned, or a
 * leading dimension too small. On a CUDA device both may be in its memory. The
 * packed form is valid for any plan of the same problem and config in the same
 * process and build. For the CPU, memory that was not written before is asked of
 * the system in huge pages (Linux): weights that no cache holds are read faster
 * from them. */
HONE_API hone_status hone_plan_pack(void *packed, const hone_plan *plan, const void *b, int64_t ldb);

/* Runs the plan and waits for it. The matrices are in the host's memory, for every
 * device; one with memory of its own keeps a copy of the packed weights. A CUDA
 * device also takes A, B and C, each for itself, where they lie in its memory;
 * whatever wrote them there must have been waited for. Its primary context stays
 * current on the calling thread.
 * Writes exactly M x N elements of C. Allocates nothing itself, though an OpenCL
 * driver may. One call at a time for a plan; different plans may run at once.
 * HONE_E_USAGE: a pointer or leading dimension that the problem needs is
 * missing or too small. HONE_E_UNAVAILABLE, HONE_E_NOMEM: a device that is not the
 * host failed; C is then undefined. */
HONE_API hone_status hone_plan_execute(hone_plan *plan, const hone_args *args);

#ifdef __cplusplus
}
#endif

#endif

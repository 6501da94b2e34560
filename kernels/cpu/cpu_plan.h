/* A plan of the CPU backend: made in cpu_plan.c, run in cpu_run.c. */
#ifndef HONE_CPU_PLAN_H
#define HONE_CPU_PLAN_H

#include "../backend.h"
#include "cpu_curve.h"
#include "cpu_space.h"

/* Memory of one thread, reused in every call; apart from its neighbour's, which writes
 * to its own for every tile. */
typedef struct hone_cpu_workspace {
    _Alignas(128) char *a; /* mc rows of kc, copied; NULL where A is read in place */
    char *tail;            /* mc rows of HONE_AMX_BYTES: the last k of A in place; NULL: K is whole steps */
    char *head; /* the first rows of A in place, each after a group of zeros; NULL: K is a group or more */
    char *sums; /* f32 or s32: of the tiles of a call, of two taking turns, or of all of a block */
    int turn;   /* which of the two */
    int shape;  /* hone_tile_args */
    char *b;    /* plain weights: K x nc packed */
    int32_t *column_sums; /* plain s8 weights: nc */
    /* s8 with one scale and zero point for all of A, of nc columns: */
    float *scale;   /* of A and B */
    int32_t *start; /* what sums begin with; NULL: the epilogue takes the zero point off */
    /* Of sums whose C leaves from the registers, in units of C, or through a curve, in its units; nc, NULL:
     * none does. */
    float *out_scale, *out_bias;
    /* Of the call in progress: */
    float unit;            /* times a value: what 8-bit C holds; else 1 */
    float low, high;       /* hone_cpu_config, in units of C */
    int starts;            /* hone_cpu_config */
    int normal;            /* no C from the registers is subnormal */
    float most_scale;      /* of rows; 1 where A has one scale */
    hone_epilogue_job job; /* of the last tile */
} hone_cpu_workspace;

struct hone_backend_plan {
    hone_problem problem;
    hone_cpu_config config;
    hone_pool *pool;
    int parts;          /* gm x gn, each run by one thread */
    int64_t kc, mc, nc; /* multiples of the step, mr and nr; at most the padded extents; of streams all */
    int64_t step;       /* hone_cpu_step */
    int64_t unit;       /* of rows of a thread and of a tile: 1, or mr where tiles prefer one shape */
    int64_t depth;      /* K padded to the step */
    int slices;         /* of K */
    int in_runs;        /* hone_cpu_in_runs */
    int64_t buffered;   /* of which so many wait for their epilogue */
    size_t a_size, b_size, c_size;
    int64_t prefetch;               /* hone_tile_args */
    int per_column;                 /* the activation has a parameter a column */
    float slope[HONE_MOST_COLUMNS]; /* that parameter for every column else, where the activation leaks */
    size_t a_pitch;                 /* bytes of a copied row */
    int fetch_c;                    /* hone_cpu_fetches_c */
    hone_cpu_curves *curves;        /* NULL: the activation is none */
    hone_cpu_workspace *workspaces;
    size_t allocated; /* bytes, for all of them */
    /* Of the call in progress: */
    const hone_args *args;
    const hone_cpu_curve *curve; /* NULL: none fits */
};

hone_status hone_cpu_plan_create(hone_backend_plan **out, const hone_device *device,
                                 const hone_problem *problem, const hone_config *config, hone_pool *pool);
void hone_cpu_plan_destroy(hone_backend_plan *plan);
/* Packed weights are all panels, then the column sums of s8. */
size_t hone_cpu_packed_size(const hone_backend_plan *plan);
size_t hone_cpu_plan_workspace(const hone_backend_plan *plan);
size_t hone_cpu_panels_size(const hone_backend_plan *plan);
hone_status hone_cpu_pack(void *packed, const hone_backend_plan *plan, const void *b, int64_t ldb);
hone_status hone_cpu_execute(hone_backend_plan *plan, const hone_args *args);

#endif

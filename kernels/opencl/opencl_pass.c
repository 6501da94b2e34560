#include "opencl_pass.h"

#include <stdlib.h>
#include <string.h>

#include "activation.h"
#include "embedded.h"
#include "opencl_program.h"
#include "status.h"

/* pass_call of activate.cl. */
typedef struct call {
    cl_long ldx, ldc;
    cl_int m, n, rows, columns;
    cl_float p, q, c_inverse;
    cl_int c_zero;
} call;

struct hone_opencl_pass {
    cl_program program;
    cl_kernel kernel;
    call values;
    size_t global[2], local[2];
};

/* Elements of C that a CPU's work-item does: more than starting it costs, few enough to share them out. */
enum { ITEM_LEAST = 1 << 10, ITEM_MOST = 1 << 14, ITEMS_A_UNIT = 4 };

/* Work-items of another device's group, along a row and down: a group reads whole lines of memory. */
enum { GROUP_X = 32, GROUP_Y = 4 };

int hone_opencl_pass_needed(const hone_problem *problem) {
    return problem->bias || strcmp(hone_activation_name(problem->act), "identity") != 0;
}

static int lanes_of(const hone_opencl_device *d) { return d->is_cpu ? d->lanes : 4; }

typedef struct pass_source {
    const hone_opencl_device *device;
    const hone_problem *problem;
} pass_source;

static void write_pass(FILE *out, const void *what) {
    const pass_source *source = what;
    const hone_problem *problem = source->problem;
    fprintf(out,
            "#define VEC_LANES %d\n#define NATIVE_HALF %d\n#define FUSED %d\n#define C_TYPE %s\n"
            "#define BIAS %d\n#define PER_COLUMN %d\n#define ACT act_%s_%s\n",
            lanes_of(source->device), hone_opencl_native_half(source->device), source->device->fuses,
            hone_opencl_type_name(problem->c_type), problem->bias,
            hone_activation_info(problem->act)->per_column, problem->c_type == HONE_F32 ? "fast" : "brief",
            hone_activation_name(problem->act));
    hone_embedded_write(out, "activate.cl");
}

static hone_status create_kernel(hone_opencl_pass *p, hone_opencl_device *device,
                                 const hone_problem *problem) {
    cl_int error;
    hone_status status =
        hone_opencl_compile(&p->program, device, write_pass, &(pass_source){device, problem});
    if (!status && !(p->kernel = clCreateKernel(p->program, "activate", &error)))
        status = hone_opencl_fail(error, "make a kernel");
    return status;
}

static int64_t limited(int64_t value, int64_t least, int64_t most) {
    return value < least ? least : value > most ? most : value;
}

/* What of C a work-item does: a vector, or on a CPU, which runs the items of a group one after another,
 * stretches of rows. */
static void choose_block(call *values, const hone_opencl_device *d) {
    const int64_t lanes = lanes_of(d), whole_row = hone_opencl_pieces(values->n, lanes) * lanes;
    const int64_t share = (int64_t)values->m * values->n / (ITEMS_A_UNIT * (d->units > 0 ? d->units : 1));
    const int64_t item = limited(share, ITEM_LEAST, ITEM_MOST) / lanes * lanes;
    const int64_t columns = !d->is_cpu ? lanes : item < whole_row ? item : whole_row;
    values->columns = (cl_int)columns;
    values->rows = (cl_int)(d->is_cpu ? limited(item / columns, 1, values->m) : 1);
}

static void choose_range(hone_opencl_pass *p, const hone_opencl_device *d) {
    p->local[0] = d->is_cpu || d->most_group < GROUP_X ? 1 : GROUP_X;
    p->local[1] = d->is_cpu || d->most_group < GROUP_X * GROUP_Y ? 1 : GROUP_Y;
    const int64_t items[2] = {hone_opencl_pieces(p->values.n, p->values.columns),
                              hone_opencl_pieces(p->values.m, p->values.rows)};
    for (int i = 0; i < 2; i++)
        p->global[i] = (size_t)hone_opencl_pieces(items[i], (int64_t)p->local[i]) * p->local[i];
}

hone_status hone_opencl_pass_create(hone_opencl_pass **out, hone_opencl_device *device,
                                    const hone_problem *problem) {
    hone_opencl_pass *p = calloc(1, sizeof *p);
    if (!p)
        return hone_fail(HONE_E_NOMEM, "no memory for an activation pass");
    p->values = (call){.m = (cl_int)problem->m,
                       .n = (cl_int)problem->n,
                       .p = (cl_float)problem->act_params[0],
                       .q = (cl_float)problem->act_params[1]};
    choose_block(&p->values, device);
    choose_range(p, device);
    hone_status status = create_kernel(p, device, problem);
    if (status) {
        hone_opencl_pass_destroy(p);
        return status;
    }
    *out = p;
    return HONE_OK;
}

void hone_opencl_pass_destroy(hone_opencl_pass *p) {
    if (!p)
        return;
    if (p->kernel)
        clReleaseKernel(p->kernel);
    if (p->program)
        clReleaseProgram(p->program);
    free(p);
}

hone_status hone_opencl_pass_enqueue(hone_opencl_pass *p, cl_command_queue queue,
                                     const hone_opencl_pass_operands *o) {
    p->values.ldx = o->ldx;
    p->values.ldc = o->ldc;
    p->values.c_inverse = 1.0f / o->c_scale;
    p->values.c_zero = o->c_zero;
    const struct {
        size_t bytes;
        const void *value;
    } arguments[] = {{sizeof o->x, &o->x},
                     {sizeof o->c, &o->c},
                     {sizeof o->vectors, &o->vectors},
                     {sizeof p->values, &p->values}};
    cl_int error = CL_SUCCESS;
    for (cl_uint i = 0; i < sizeof arguments / sizeof arguments[0] && !error; i++)
        error = clSetKernelArg(p->kernel, i, arguments[i].bytes, arguments[i].value);
    if (!error)
        error = clEnqueueNDRangeKernel(queue, p->kernel, 2, NULL, p->global, p->local, 0, NULL, NULL);
    return error ? hone_opencl_fail(error, "start the activation pass") : HONE_OK;
}

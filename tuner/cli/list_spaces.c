/* hone list spaces: parameters, constraints and the count of legal points. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../kernels/status.h"
#include "../search/search.h"
#include "list.h"

/* A space depends on the problem; unless selected it is this one, in every data type. */
static const char usual_shape[] = "128x3072x768";
static const char usual_dtypes[] = "f32,f16,bf16,s8";
enum { LINE_WIDTH = 100 };

/* What is shown of one space. */
typedef struct space_view {
    char name[64]; /* "cpu/f32" */
    char problem[HONE_PROBLEM_TEXT];
    const hone_space *space;
    const hone_points *points;
} space_view;

/* Legal points with the first parameter's value number `value`: that one selects the code. */
static int64_t count_first(const space_view *view, int value) {
    int64_t count = 0;
    for (int64_t i = 0; i < view->points->count; i++)
        count += view->points->indices[i * view->space->param_count] == value;
    return count;
}

typedef hone_status (*view_function)(const space_view *view, void *context);

static hone_status view_problem(const hone_device *device, const hone_problem *problem, int threads,
                                view_function show, void *context) {
    hone_space *space = NULL;
    hone_points *points = NULL;
    if (!device->backend->space)
        return hone_fail(HONE_E_UNAVAILABLE, "backend '%s' has no kernels yet, so it has no space",
                         device->backend->name);
    hone_status status = device->backend->space(&space, device, problem, threads);
    if (status != HONE_OK)
        return status;
    space_view view = {.space = space};
    snprintf(view.name, sizeof view.name, "%s/%s", device->name, hone_dtype_name(problem->dtype));
    status = hone_problem_format(view.problem, sizeof view.problem, problem);
    if (status == HONE_OK)
        status = hone_points_create(&points, space);
    if (status == HONE_OK) {
        view.points = points;
        status = show(&view, context);
    }
    hone_points_destroy(points);
    hone_space_destroy(space);
    return status;
}

static hone_status view_spaces(const cli_selectors *given, view_function show, void *context) {
    cli_selectors selectors = *given;
    hone_context *devices = NULL;
    hone_problem *problems = NULL;
    const hone_device *device;
    int threads, count = 0;
    hone_status status = HONE_OK;
    if (!selectors.suite && selectors.shapes.count == 0)
        status = cli_list_add(&selectors.shapes, "shape", usual_shape);
    if (status == HONE_OK && !selectors.suite && selectors.dtypes.count == 0)
        status = cli_list_add(&selectors.dtypes, "dtype", usual_dtypes);
    if (status == HONE_OK)
        status = cli_selected_problems(&problems, NULL, &count, &selectors, NULL);
    if (status == HONE_OK)
        status = hone_context_create(&devices);
    if (status == HONE_OK)
        status = cli_described_device(&device, &threads, devices, &selectors);
    for (int i = 0; i < count && status == HONE_OK; i++)
        status = view_problem(device, &problems[i], threads, show, context);
    hone_context_destroy(devices);
    free(problems);
    return status;
}

/* ---- for people */

/* One that is long has a line for each of its alternatives. */
static void print_constraint(const char *text) {
    const char *prefix = "  require ", *bar;
    int is_long = strlen(prefix) + strlen(text) > LINE_WIDTH;
    while (is_long && (bar = strstr(text, "||"))) {
        printf("%s%.*s\n", prefix, (int)(bar - text), text);
        prefix = "       || ";
        text = bar + 2;
    }
    printf("%s%s\n", prefix, text);
}

/* What the constraints know of problem and device: "  where m=128 n=3072 ..." */
static void print_constants(const hone_space *space) {
    if (!space->constant_count)
        return;
    printf("  where");
    for (int i = 0; i < space->constant_count; i++) {
        char value[24];
        hone_value_format(value, &space->constants[i].value);
        printf(" %s=%s", space->constants[i].name, value);
    }
    putchar('\n');
}

static hone_status print_view(const space_view *view, void *context) {
    int *first = context;
    if (!*first)
        putchar('\n');
    *first = 0;
    printf("%s  %s  %lld legal points\n", view->name, view->problem, (long long)view->points->count);
    cli_grid grid = {0};
    cli_grid_row(&grid, 2, "  parameter", "values");
    for (int i = 0; i < view->space->param_count; i++) {
        const hone_param *param = &view->space->params[i];
        char values[1024] = "";
        size_t used = 0;
        for (int j = 0; j < param->count && used < sizeof values; j++) {
            char value[24];
            hone_value_format(value, &param->values[j]);
            used += (size_t)snprintf(values + used, sizeof values - used, "%s%s", j ? " " : "", value);
        }
        cli_grid_add(&grid, "  %s", param->name);
        cli_grid_add(&grid, "%s", values);
    }
    hone_status status = cli_grid_print(&grid, "00");
    const hone_param *selects = &view->space->params[0];
    printf("  legal points by %s:", selects->name);
    for (int i = 0; i < selects->count; i++) {
        char value[24];
        hone_value_format(value, &selects->values[i]);
        printf("%s %s %lld", i ? "," : "", value, (long long)count_first(view, i));
    }
    putchar('\n');
    print_constants(view->space);
    for (int i = 0; i < view->space->constraint_count; i++)
        print_constraint(hone_expr_text(view->space->constraints[i]));
    return status;
}

hone_status list_print_spaces(const cli_selectors *selectors) {
    int first = 1;
    return view_spaces(selectors, print_view, &first);
}

/* ---- JSON */

static json_t *value_json(const hone_value *value) {
    return value->word[0] ? json_string(value->word) : json_integer(value->number);
}

static hone_status append_view(const space_view *view, void *context) {
    const hone_space *space = view->space;
    json_t *parameters = json_array(), *constraints = json_array(), *constants = json_object();
    for (int i = 0; i < space->param_count; i++) {
        json_t *values = json_array();
        for (int j = 0; j < space->params[i].count; j++)
            json_array_append_new(values, value_json(&space->params[i].values[j]));
        json_array_append_new(parameters,
                              json_pack("{s:s, s:o}", "name", space->params[i].name, "values", values));
    }
    json_t *by_first = json_object();
    for (int i = 0; i < space->params[0].count; i++) {
        char value[24];
        hone_value_format(value, &space->params[0].values[i]);
        json_object_set_new(by_first, value, json_integer(count_first(view, i)));
    }
    for (int i = 0; i < space->constant_count; i++)
        json_object_set_new(constants, space->constants[i].name, value_json(&space->constants[i].value));
    for (int i = 0; i < space->constraint_count; i++)
        json_array_append_new(constraints, json_string(hone_expr_text(space->constraints[i])));
    json_array_append_new(context, json_pack("{s:s, s:s, s:o, s:I, s:o, s:o, s:o}", "name", view->name,
                                             "problem", view->problem, "points_by_first", by_first, "points",
                                             (json_int_t)view->points->count, "parameters", parameters,
                                             "constants", constants, "constraints", constraints));
    return HONE_OK;
}

hone_status list_spaces_json(json_t *array, const cli_selectors *selectors) {
    return view_spaces(selectors, append_view, array);
}

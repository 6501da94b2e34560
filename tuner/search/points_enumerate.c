/* Legal points by depth-first search over the parameters in declared order.
 *
 * Each constraint is filed under the last parameter that it uses, and tested
 * when that parameter gets a value: a partial assignment that breaks one is
 * never extended. Constants are always known, so a constraint over constants
 * alone is tested once, before the first parameter.
 *
 * A constraint over few combinations of values is evaluated once for each: its
 * answers stand in a table with a place for every combination of its parameters,
 *
 *     a % b == 0, a of 4 values and b of 3:    base = 3 a    answer = table[base + b]
 *
 * so that trying a value costs one look-up a constraint. */
#include <stdlib.h>
#include <string.h>

#include "../../kernels/status.h"
#include "points_private.h"

enum { MAX_NAMES = HONE_SPACE_MAX_CONSTANTS + HONE_SPACE_MAX_PARAMS, TABLE_MOST = 1 << 22 };
enum { UNKNOWN, BROKEN, KEPT };

typedef struct rule {
    const hone_expr *expr;
    int last; /* parameter; -1: constants alone */
    int count, params[HONE_SPACE_MAX_PARAMS];
    int64_t strides[HONE_SPACE_MAX_PARAMS]; /* of its table, by place in `params` */
    unsigned char *table;                   /* NULL: too many combinations, evaluated each time */
    int64_t base;                           /* of the values chosen before `last` */
} rule;

typedef struct enumeration {
    hone_points *points;
    int64_t capacity;
    const hone_value *values[MAX_NAMES]; /* constants, then the parameters chosen so far */
    int chosen[HONE_SPACE_MAX_PARAMS];
    rule *rules;                          /* by `last` */
    int first[HONE_SPACE_MAX_PARAMS + 2]; /* first rule of parameter p is rules[first[p + 1]] */
} enumeration;

/* ------------------------------------------------------------------- rules */

static hone_status make_rule(rule *out, const hone_space *space, const hone_expr *expr) {
    int last = hone_expr_last_name(expr) - space->constant_count;
    int64_t size = 1;
    *out = (rule){.expr = expr, .last = last < 0 ? -1 : last};
    for (int i = 0; i <= last; i++)
        if (hone_expr_uses(expr, space->constant_count + i))
            out->params[out->count++] = i;
    for (int i = out->count - 1; i >= 0; i--) {
        out->strides[i] = size;
        size *= space->params[out->params[i]].count;
        if (size > TABLE_MOST)
            return HONE_OK;
    }
    out->table = calloc((size_t)size, 1);
    return out->table ? HONE_OK : hone_fail(HONE_E_NOMEM, "no memory for the table of a constraint");
}

static hone_status make_rules(enumeration *e) {
    const hone_space *space = e->points->space;
    int made = 0;
    hone_status status = HONE_OK;
    e->rules = calloc((size_t)space->constraint_count + 1, sizeof *e->rules);
    if (!e->rules)
        return hone_fail(HONE_E_NOMEM, "no memory for %d constraints", space->constraint_count);
    for (int p = -1; p < space->param_count; p++) {
        e->first[p + 1] = made;
        for (int i = 0; i < space->constraint_count && !status; i++) {
            int last = hone_expr_last_name(space->constraints[i]) - space->constant_count;
            if ((last < 0 ? -1 : last) == p)
                status = make_rule(&e->rules[made++], space, space->constraints[i]);
        }
    }
    e->first[space->param_count + 1] = made;
    return status;
}

/* Before the values of `param` are tried: where the earlier ones lead in the tables. */
static void enter(enumeration *e, int param) {
    for (int r = e->first[param + 1]; r < e->first[param + 2]; r++) {
        rule *now = &e->rules[r];
        now->base = 0;
        for (int i = 0; i + 1 < now->count; i++)
            now->base += e->chosen[now->params[i]] * now->strides[i];
    }
}

static int evaluate(const enumeration *e, const rule *now) {
    return hone_expr_eval(now->expr, e->values) != 0;
}

/* Whether the constraints that the value of `param` completes hold. */
static int holds(enumeration *e, int param, int value) {
    for (int r = e->first[param + 1]; r < e->first[param + 2]; r++) {
        const rule *now = &e->rules[r];
        if (!now->table) {
            if (!evaluate(e, now))
                return 0;
            continue;
        }
        unsigned char *answer = &now->table[now->base + value];
        if (*answer == UNKNOWN)
            *answer = evaluate(e, now) ? KEPT : BROKEN;
        if (*answer == BROKEN)
            return 0;
    }
    return 1;
}

/* ------------------------------------------------------------- enumeration */

static hone_status append_point(enumeration *e) {
    hone_points *points = e->points;
    size_t width = (size_t)points->space->param_count;
    if (points->count == HONE_POINTS_MAX)
        return hone_fail(HONE_E_USAGE, "the space has more than %lld legal configs; constrain it more",
                         (long long)HONE_POINTS_MAX);
    if (points->count == e->capacity) {
        int64_t capacity = e->capacity ? 2 * e->capacity : 64;
        int *indices = realloc(points->indices, (size_t)capacity * (width ? width : 1) * sizeof *indices);
        if (!indices)
            return hone_fail(HONE_E_NOMEM, "no memory for %lld points of a space", (long long)capacity);
        points->indices = indices;
        e->capacity = capacity;
    }
    memcpy(points->indices + (size_t)points->count * width, e->chosen, width * sizeof(int));
    points->count++;
    return HONE_OK;
}

static hone_status enumerate(enumeration *e, int param) {
    const hone_space *space = e->points->space;
    if (param == space->param_count)
        return append_point(e);
    const hone_param *declared = &space->params[param];
    hone_status status = HONE_OK;
    enter(e, param);
    for (int i = 0; i < declared->count && !status; i++) {
        e->chosen[param] = i;
        e->values[space->constant_count + param] = &declared->values[i];
        if (holds(e, param, i))
            status = enumerate(e, param + 1);
    }
    e->points->visited += declared->count;
    return status;
}

hone_status hone_points_enumerate(hone_points *points) {
    const hone_space *space = points->space;
    enumeration e = {.points = points};
    for (int i = 0; i < space->constant_count; i++)
        e.values[i] = &space->constants[i].value;
    hone_status status = make_rules(&e);
    int possible = 1;
    for (int r = 0; !status && r < e.first[1]; r++)
        possible = possible && evaluate(&e, &e.rules[r]);
    if (!status && possible)
        status = enumerate(&e, 0);
    for (int r = 0; e.rules && r < space->constraint_count; r++)
        free(e.rules[r].table);
    free(e.rules);
    return status;
}

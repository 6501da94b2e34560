/* A space: named parameters, their values, and constraints, as a backend
 * declares it for one device and problem. The declaration is text, so that it
 * can be listed, stored and checked in one place:
 *
 *     hone_space_param(space, "kc", "128 256 512");
 *     hone_space_constant(space, "k", problem->k);
 *     hone_space_require(space, "kc == 128 || kc / 2 < k");
 *
 * Values are integers or words. A constraint is an expression (expr.h) over
 * parameters and constants that must not be 0. */
#ifndef HONE_KERNELS_SPACE_H
#define HONE_KERNELS_SPACE_H

#include "config.h"
#include "expr.h"

enum { HONE_SPACE_MAX_PARAMS = HONE_CONFIG_MAX, HONE_SPACE_MAX_CONSTANTS = 16 };

typedef struct hone_param {
    char name[HONE_CONFIG_KEY];
    int count;
    hone_value *values; /* in the declared order */
} hone_param;

typedef struct hone_constant {
    char name[HONE_CONFIG_KEY];
    hone_value value;
} hone_constant;

typedef struct hone_space {
    int param_count;
    hone_param params[HONE_SPACE_MAX_PARAMS];
    int constant_count;
    hone_constant constants[HONE_SPACE_MAX_CONSTANTS];
    int constraint_count;
    hone_expr **constraints; /* names bound: the constants first, then the parameters, so that
                                hone_expr_last_name - constant_count is the last parameter used */
} hone_space;

/* An empty space. HONE_E_NOMEM. */
hone_status hone_space_create(hone_space **out);
void hone_space_destroy(hone_space *space);

/* Declares a parameter with its values, separated by spaces. All parameters
 * and constants come before the first constraint.
 * HONE_E_USAGE: a name twice, no value, too many. */
hone_status hone_space_param(hone_space *space, const char *name, const char *values);
/* The same for values that are numbers already. */
hone_status hone_space_numbers(hone_space *space, const char *name, const int64_t *values, int count);
hone_status hone_space_constant(hone_space *space, const char *name, int64_t value);
/* HONE_E_USAGE: a syntax error or an unknown name, said with its place. */
hone_status hone_space_require(hone_space *space, const char *expression);

/* Whether `config` names each parameter once with a declared value and meets
 * every constraint. HONE_E_USAGE with the reason when not. */
hone_status hone_space_check(const hone_space *space, const hone_config *config);

/* A point of the space: an index into each parameter's values.
 * `indices` has param_count entries. */
hone_status hone_space_config(hone_config *out, const hone_space *space, const int *indices);
hone_status hone_space_indices(int *indices, const hone_space *space, const hone_config *config);

/* 1 when all constraints hold at the point. */
int hone_space_valid(const hone_space *space, const int *indices);

#endif

#include "activation.h"

#include <math.h>
#include <string.h>

#include "status.h"

#define NO_PARAMS                                                                                            \
    0, {                                                                                                     \
        { 0 }                                                                                                \
    }
#define ONE_PARAM(name, value, min, max)                                                                     \
    1, {                                                                                                     \
        { name, value, min, max }                                                                            \
    }
#define TWO_PARAMS(name0, value0, min0, max0, name1, value1, min1, max1)                                     \
    2, {                                                                                                     \
        {name0, value0, min0, max0}, { name1, value1, min1, max1 }                                           \
    }

#define HONE_ACT(name, alias, params, per_column, smooth, least, most, lipschitz, formula, hazard,           \
                 reference, high, fast, brief, byte)                                                         \
    static double reference_##name(double x, double p, double q) {                                           \
        (void)p, (void)q;                                                                                    \
        return reference;                                                                                    \
    }                                                                                                        \
    static double lipschitz_##name(double p, double q) {                                                     \
        (void)p, (void)q;                                                                                    \
        return lipschitz;                                                                                    \
    }
#include "activations.def"
#undef HONE_ACT

static const hone_act_info table[] = {
#define HONE_ACT(name, alias, params, per_column, smooth, least, most, lipschitz, formula, hazard,           \
                 reference, high, fast, brief, byte)                                                         \
    {#name, alias,   params, per_column,       smooth,          least,                                       \
     most,  formula, hazard, reference_##name, lipschitz_##name},
#include "activations.def"
#undef HONE_ACT
};

enum { COUNT = sizeof table / sizeof table[0] };

int hone_activation_count(void) { return COUNT; }

const hone_act_info *hone_activation_info(hone_activation act) {
    return act >= 0 && act < COUNT ? &table[act] : NULL;
}

const char *hone_activation_name(hone_activation act) {
    const hone_act_info *info = hone_activation_info(act);
    return info ? info->name : NULL;
}

hone_status hone_activation_parse(hone_activation *out, const char *name) {
    for (int i = 0; i < COUNT; i++) {
        if (strcmp(name, table[i].name) == 0 || (table[i].alias && strcmp(name, table[i].alias) == 0)) {
            *out = i;
            return HONE_OK;
        }
    }
    return hone_fail(HONE_E_USAGE, "activation '%s' is unknown; `hone list activations` prints the names",
                     name);
}

double hone_activation_reference(hone_activation act, double x, const double *params) {
    const hone_act_info *info = hone_activation_info(act);
    if (!info || isnan(x))
        return NAN;
    double p = params ? params[0] : info->params[0].value;
    double q = params ? params[1] : info->params[1].value;
    if (!isinf(x))
        return info->reference(x, p, q);
    /* The limit: what a huge argument gives; beyond 1e300 the function is unbounded there. */
    double y = info->reference(x > 0 ? 1e308 : -1e308, p, q);
    return fabs(y) > 1e300 ? copysign(INFINITY, y) : y;
}

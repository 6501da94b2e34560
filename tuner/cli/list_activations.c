/* hone list activations: the activation table for people and programs. */
#include <math.h>
#include <stdio.h>

#include "../../kernels/activation.h"
#include "list.h"

/* An endpoint of an activation's range, which may be infinite. */
static const char *endpoint(char out[32], double value) {
    if (isinf(value))
        return value < 0 ? "-inf" : "inf";
    snprintf(out, 32, "%.6g", value);
    return out;
}

/* "alpha=0.01" or "min=-3, max=3" */
static void parameters_text(char *out, size_t size, const hone_act_info *info) {
    size_t used = 0;
    *out = '\0';
    if (info->per_column)
        used = (size_t)snprintf(out, size, "a value per column");
    for (int i = 0; i < info->param_count && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s%s=%g", used ? ", " : "", info->params[i].name,
                                 info->params[i].value);
}

/* ---- Markdown */

/* `|` would end the cell. */
static void print_escaped(const char *text) {
    for (; *text; text++) {
        if (*text == '|')
            putchar('\\');
        putchar(*text);
    }
}

static void print_page_row(const hone_act_info *info) {
    char parameters[96], low[32], high[32];
    parameters_text(parameters, sizeof parameters, info);
    printf("| `%s`", info->name);
    if (info->alias)
        printf(", `%s`", info->alias);
    printf(" | %s | ", parameters);
    print_escaped(info->formula);
    printf(" | %s .. %s | ", endpoint(low, info->low), endpoint(high, info->high));
    print_escaped(info->hazard);
    puts(" |");
}

void list_print_activations_page(void) {
    puts(
        "# Activations\n\n"
        "Written by `hone list activations --markdown` from the one table, `kernels/activations.def`; a "
        "test\n"
        "checks that it is up to date. Formulas and defaults are ONNX's. NaN gives NaN; an infinity gives\n"
        "the limit. On the command line parameters follow the name, each after a colon: "
        "`--act clip:min=0:max=6`;\n"
        "that of prelu is an operand. The range is that of the defaults.\n\n"
        "Each is computed in these forms, which differ in what they may err by, and in cost:\n\n"
        "| form | error | for |\n"
        "|---|---|---|\n"
        "| `high` | 2 ulp of f(x), subnormal results included | f32 that is used as a reference |\n"
        "| `fast` | 2^-22 max(\\|x\\|, \\|f(x)\\|) | f32 outputs |\n"
        "| `brief` | 2^-13 \\|f(x)\\|, and 2^-110 | f16 and bf16 outputs: within one step of the rounded "
        "result |\n"
        "| `byte` | 1/32 of a quantum, 1/16 where f has a kink elsewhere than at 0 | 8-bit outputs: with "
        "AVX-512 a table made for the scale of C, or `brief` where none fits; elsewhere the sooner done of "
        "`fast` and `brief`, while \\|x\\| is below 2^16 quanta |\n\n"
        "Piecewise linear ones are the same in the first three. `brief` keeps tails relative, which costs a\n"
        "power of two; `fast` does not: a piecewise polynomial where an instruction looks up 32 "
        "coefficients,\n"
        "elsewhere a quotient of two polynomials (elu, selu, celu: a power). Far below 0 it may be 0 where\n"
        "`brief` and `high` still have a tail.\n\n"
        "| name | parameters | formula | range | known hazard |\n"
        "|---|---|---|---|---|");
    for (int i = 0; i < hone_activation_count(); i++)
        print_page_row(hone_activation_info(i));
}

/* ---- table and JSON */

hone_status list_print_activations(const cli_selectors *selectors) {
    (void)selectors;
    cli_grid grid = {0};
    cli_grid_row(&grid, 6, "activation", "alias", "parameters", "range", "formula", "known hazard");
    for (int i = 0; i < hone_activation_count(); i++) {
        const hone_act_info *info = hone_activation_info(i);
        char parameters[96], low[32], high[32];
        parameters_text(parameters, sizeof parameters, info);
        cli_grid_row(&grid, 3, info->name, info->alias ? info->alias : "", parameters);
        cli_grid_add(&grid, "%s .. %s", endpoint(low, info->low), endpoint(high, info->high));
        cli_grid_row(&grid, 2, info->formula, info->hazard);
    }
    return cli_grid_print(&grid, "000000");
}

static json_t *parameters_json(const hone_act_info *info) {
    json_t *array = json_array();
    for (int i = 0; i < info->param_count; i++) {
        const hone_act_param *param = &info->params[i];
        json_array_append_new(array,
                              json_pack("{s:s, s:o, s:o, s:o}", "name", param->name, "default",
                                        cli_json_number(param->value), "min", cli_json_number(param->min),
                                        "max", cli_json_number(param->max)));
    }
    return array;
}

hone_status list_activations_json(json_t *array, const cli_selectors *selectors) {
    (void)selectors;
    for (int i = 0; i < hone_activation_count(); i++) {
        const hone_act_info *info = hone_activation_info(i);
        json_array_append_new(
            array, json_pack("{s:s, s:s?, s:s, s:o, s:b, s:o, s:o, s:b, s:s}", "name", info->name, "alias",
                             info->alias, "formula", info->formula, "parameters", parameters_json(info),
                             "per_column", info->per_column, "low", cli_json_number(info->low), "high",
                             cli_json_number(info->high), "smooth", info->smooth, "hazard", info->hazard));
    }
    return HONE_OK;
}

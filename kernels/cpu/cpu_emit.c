/* The sources that a generated file includes are embedded in the library;
 * emitting a variant writes that file with its project includes replaced by
 * their text. */
#include "cpu_emit.h"

#include <string.h>

#include "cpu_pack.h"
#include "cpu_space.h"
#include "embedded.h"

/* The tiles of one width, as tile.c.in has them; only the peak loop is left out. */
static void emit_tiles(FILE *out, const hone_variant *v, int lanes, int beside) {
    int dot = hone_cpu_variant_is_dot(v);
    char loop[32];
    snprintf(loop, sizeof loop, "gemm_%s.inc.h", v->loop);
    fprintf(out,
            "#define TILE_KIND %s\n#define TILE_VECTORS %d\n#define TILE_MOST_ROWS %d\n"
            "#define TILE_B_SIZE %d\n",
            v->kind, dot ? v->nr : v->nr / lanes, v->mr, (int)hone_cpu_b_size(v));
    hone_embedded_write(out, "gemm_variant.inc.h");
    for (int rows = 1; rows <= v->mr; rows++) {
        fprintf(out, "#define TILE_ROWS %d\n", rows);
        hone_embedded_write(out, loop);
    }
    fprintf(out, "static hone_tile_fn *const tiles[] = {");
    for (int rows = 1; rows <= v->mr; rows++)
        fprintf(out, "%stile_rows_%d", rows > 1 ? ", " : "", rows);
    fprintf(out, "};\n");
    if (beside) {
        fprintf(out, "#define TILE_ROWS %d\n", v->beside_rows);
        hone_embedded_write(out, "gemm_beside.inc.h");
    }
    fprintf(out,
            "\nextern const hone_variant %s_variant;\n"
            "const hone_variant %s_variant = {\"%s\", \"%s\", \"%s\", \"%s\", %d, %d, %d, TILE(TILE_A), "
            "TILE_WORDS, "
            "tiles, 0, 0, TILE_LEAVE, %d, %s};\n\n",
            v->name, v->name, v->name, v->isa, v->kind, v->loop, v->mr, v->nr, v->group,
            beside ? v->beside_rows : 0, beside ? "besides" : "0");
}

hone_status hone_cpu_emit(FILE *out, const hone_device *device, const hone_problem *problem,
                          const hone_config *config) {
    (void)device;
    hone_cpu_config c = {0};
    char text[HONE_CONFIG_TEXT], key[HONE_PROBLEM_TEXT], vocabulary[64];
    hone_status status;
    if ((status = hone_cpu_config_read(&c, problem, config)) ||
        (status = hone_config_format(text, sizeof text, config)) ||
        (status = hone_problem_format(key, sizeof key, problem)))
        return status;
    const hone_variant *v = c.variant;
    const hone_cpu_isa *isa = hone_cpu_isa_find(v->isa);
    snprintf(vocabulary, sizeof vocabulary, "vec_%s.h", isa->name);

    fprintf(out,
            "/*\n * %s\n * problem %s\n * config  %s\n *\n"
            " * cc -std=c17 -O3 -c THIS_FILE.c  (gcc: -fno-move-loop-invariants, or it may spill)\n *\n"
            " * Defines %s_variant with its tiles of 1 to %d rows%s, and\n"
            " * hone_isa_%s.epilogues[form][activation]; here form %d (%s), activation %d (%s).\n"
            " * Of the form byte hone_isa_%s.curve may serve in its place, with a hone_curve that the\n"
            " * caller makes: kernels/cpu/cpu_curve.c does.\n"
            " * The comments on hone_tile_args and hone_epilogue_args say how they are called;\n"
            " * blocking, copying and threads are the loops of the caller.\n */\n",
            v->name, key, text, v->name, v->mr, c.beside_tile ? ", beside[activation][form]" : "", isa->name,
            c.form, hone_cpu_form_name(c.form), problem->act, hone_activation_name(problem->act), isa->name);
    if (*isa->target)
        fprintf(out,
                "#if defined(__clang__)\n"
                "#pragma clang attribute push(__attribute__((target(\"%s\"))), apply_to = function)\n"
                "#elif defined(__GNUC__)\n#pragma GCC target(\"%s\")\n#endif\n",
                isa->target, isa->target);
    hone_embedded_write(out, vocabulary);
    emit_tiles(out, v, isa->lanes, c.beside_tile != NULL);
    fprintf(out, "#define ISA_NAME \"%s\"\n#define ISA_CODE hone_isa_%s\n", isa->name, isa->name);
    hone_embedded_write(out, "isa.inc.h");
    if (*isa->target)
        fprintf(out, "#if defined(__clang__)\n#pragma clang attribute pop\n#endif\n");
    return ferror(out) ? hone_fail(HONE_E_DATA, "the source could not be written") : HONE_OK;
}

/* Reading results files: Google Benchmark's JSON as `hone bench` writes it. */
#include "gate.h"

#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../kernels/status.h"
#include "../search/json_items.h"
#include "results_json.h"

/* No results file is larger; one that is was not meant. */
enum { FILE_MAX_BYTES = 256 << 20 };

double hone_results_number(const json_t *entry, const char *key) {
    const json_t *value = key ? json_object_get(entry, key) : NULL;
    return json_is_number(value) ? json_number_value(value) : NAN;
}

int hone_results_failed(const json_t *entry) {
    /* `skipped` is what later versions of the library write. */
    return json_is_true(json_object_get(entry, "error_occurred")) ||
           json_is_string(json_object_get(entry, "skipped"));
}

static hone_status add_entry(hone_gate *gate, hone_gate_side_name side, const json_t *entry, int *known) {
    const char *name = json_string_value(json_object_get(entry, "name"));
    const char *type = json_string_value(json_object_get(entry, "run_type"));
    if (!name)
        return hone_fail(HONE_E_DATA, "an entry has no name");
    if (type && strcmp(type, "aggregate") == 0)
        return HONE_OK;
    if (hone_results_failed(entry)) {
        const char *text = json_string_value(json_object_get(entry, "error_message"));
        *known = 1;
        return hone_gate_add_error(gate, side, name, text ? text : "");
    }
    const hone_gate_metric *metric = gate->options.metric;
    if (json_object_get(entry, "p50_us"))
        *known = 1;
    return hone_gate_add(gate, side, name, hone_results_number(entry, metric->name),
                         hone_results_number(entry, metric->low), hone_results_number(entry, metric->high));
}

hone_status hone_results_parse(json_t **out, char *text, size_t size, const char *source) {
    json_error_t error;
    hone_json_replace_bare_words(text, size);
    json_t *root = json_loadb(text, size, 0, &error);
    if (!root)
        return hone_fail(
            HONE_E_DATA,
            "'%s' is not a results file, or it is cut off (line %d: %s); make one with hone bench "
            "--out",
            source, error.line, error.text);
    if (!json_is_array(json_object_get(root, "benchmarks")) ||
        !json_is_object(json_object_get(root, "context"))) {
        json_decref(root);
        return hone_fail(HONE_E_DATA,
                         "'%s' is JSON but not a results file (no context and benchmarks); make one with "
                         "hone bench --out",
                         source);
    }
    *out = root;
    return HONE_OK;
}

hone_status hone_gate_add_text(hone_gate *gate, hone_gate_side_name side, char *text, size_t size,
                               const char *source) {
    json_t *root;
    hone_status status = hone_results_parse(&root, text, size, source);
    if (status != HONE_OK)
        return status;
    const json_t *entries = json_object_get(root, "benchmarks");
    int known = json_array_size(entries) == 0;
    for (size_t i = 0; i < json_array_size(entries); i++) {
        status = add_entry(gate, side, json_array_get(entries, i), &known);
        if (status != HONE_OK) {
            hone_fail_context(status, "'%s', entry %zu", source, i + 1);
            goto cleanup;
        }
    }
    if (!known)
        status = hone_fail(HONE_E_DATA,
                           "'%s' comes from another benchmark: no entry has p50_us; make one with hone bench "
                           "--out",
                           source);
cleanup:
    json_decref(root);
    return status;
}

hone_status hone_gate_read_stream(char **out, size_t *size, FILE *file, const char *source) {
    hone_status status = HONE_OK;
    char *text = NULL;
    size_t used = 0, capacity = 0, got;
    do {
        if (used == capacity) {
            capacity = capacity ? 2 * capacity : 1 << 16;
            char *grown = capacity <= FILE_MAX_BYTES ? realloc(text, capacity) : NULL;
            if (!grown) {
                status = hone_fail(HONE_E_DATA, "'%s' is too large for a results file", source);
                goto cleanup;
            }
            text = grown;
        }
        got = fread(text + used, 1, capacity - used, file);
        used += got;
    } while (got > 0);
    if (ferror(file)) {
        status = hone_fail(HONE_E_DATA, "cannot read '%s': %s", source, strerror(errno));
        goto cleanup;
    }
    *out = text;
    *size = used;
    text = NULL;
cleanup:
    free(text);
    return status;
}

/* The text of a file; the caller frees *out. */
static hone_status read_file(char **out, size_t *size, const char *path) {
    FILE *file = fopen(path, "rb");
    if (!file)
        return hone_fail(HONE_E_DATA, "cannot read '%s': %s", path, strerror(errno));
    hone_status status = hone_gate_read_stream(out, size, file, path);
    fclose(file);
    return status;
}

hone_status hone_results_load(json_t **out, const char *path) {
    char *text = NULL;
    size_t size = 0;
    hone_status status = read_file(&text, &size, path);
    if (status == HONE_OK)
        status = hone_results_parse(out, text, size, path);
    free(text);
    return status;
}

hone_status hone_gate_add_file(hone_gate *gate, hone_gate_side_name side, const char *path) {
    char *text = NULL;
    size_t size = 0;
    hone_status status = read_file(&text, &size, path);
    if (status == HONE_OK)
        status = hone_gate_add_text(gate, side, text, size, path);
    free(text);
    return status;
}

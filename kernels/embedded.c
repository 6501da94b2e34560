#include "embedded.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define HONE_EMBEDDED(file, symbol) extern const char symbol[];
#include "embedded_list.h"
#undef HONE_EMBEDDED

static const struct {
    const char *file, *text;
} sources[] = {
#define HONE_EMBEDDED(file, symbol) {file, symbol},
#include "embedded_list.h"
#undef HONE_EMBEDDED
};

static const char *find_source(const char *name, size_t length) {
    for (size_t i = 0; i < sizeof sources / sizeof sources[0]; i++)
        if (strlen(sources[i].file) == length && strncmp(sources[i].file, name, length) == 0)
            return sources[i].text;
    return NULL;
}

static void write_text(FILE *out, const char *text) {
    static const char include[] = "#include \"";
    while (*text) {
        size_t line = strcspn(text, "\n");
        const char *source = NULL;
        if (strncmp(text, include, sizeof include - 1) == 0) {
            const char *name = text + sizeof include - 1;
            source = find_source(name, strcspn(name, "\"\n"));
        }
        if (source)
            write_text(out, source);
        else
            fprintf(out, "%.*s\n", (int)line, text);
        text += line + (text[line] == '\n');
    }
}

void hone_embedded_write(FILE *out, const char *name) {
    const char *text = find_source(name, strlen(name));
    assert(text);
    write_text(out, text);
}

hone_status hone_source_text(char **out, size_t *length, hone_source_write *write, const void *what) {
    char *text = NULL;
    size_t bytes = 0;
    FILE *stream = open_memstream(&text, &bytes);
    int whole = stream != NULL;
    if (whole) {
        write(stream, what);
        whole = !ferror(stream);
        whole = fclose(stream) == 0 && whole;
    }
    if (!whole) {
        free(text);
        return hone_fail(HONE_E_NOMEM, "no memory for a kernel's source");
    }
    *out = text;
    *length = bytes;
    return HONE_OK;
}

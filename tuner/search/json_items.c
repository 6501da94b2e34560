#include "json_items.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "../../kernels/status.h"

enum {
    BUFFER_BYTES = 1 << 16,
    ITEM_MAX_BYTES = 64 << 20, /* no item is larger; one that is was not meant */
    KEY_BYTES = 512
};
/* What a small file may unpack to; more is not a cache but an accident. */
static const int64_t FILE_MAX_BYTES = (int64_t)16 << 30;

typedef struct reader {
    gzFile file;
    const char *path;
    unsigned char *buffer;
    size_t at, filled;
    int64_t bytes, line;
    char *text; /* of the value last read */
    size_t used, capacity;
    hone_status status; /* why reading ended, when it was not the end of the file */
} reader;

void hone_json_replace_bare_words(char *text, size_t size) {
    static const char *const words[] = {"-Infinity", "Infinity", "-NaN", "NaN"};
    int quoted = 0;
    for (size_t i = 0; i < size; i++) {
        if (quoted && text[i] == '\\') {
            i++;
        } else if (text[i] == '"') {
            quoted = !quoted;
        } else if (!quoted && (text[i] == 'N' || text[i] == 'I' || text[i] == '-')) {
            for (size_t w = 0; w < sizeof words / sizeof words[0]; w++) {
                size_t length = strlen(words[w]);
                if (size - i < length || memcmp(text + i, words[w], length) != 0)
                    continue;
                /* "null" does not fit in the place of "NaN"; an empty string is no number either. */
                memset(text + i, ' ', length);
                text[i] = text[i + 1] = '"';
                i++;
                break;
            }
        }
    }
}

/* -------------------------------------------------------------- characters */

static void refill(reader *r) {
    int got = gzread(r->file, r->buffer, BUFFER_BYTES), code;
    const char *message = gzerror(r->file, &code);
    r->at = r->filled = 0;
    if (got < 0 || (got == 0 && code != Z_OK && code != Z_STREAM_END)) {
        r->status = hone_fail(HONE_E_DATA, "'%s' cannot be read to its end: %s; fetch it again", r->path,
                              code == Z_ERRNO       ? strerror(errno)
                              : code == Z_BUF_ERROR ? "it is cut off"
                                                    : message);
        return;
    }
    r->filled = (size_t)got;
    r->bytes += got;
    if (r->bytes > FILE_MAX_BYTES) {
        r->status = hone_fail(HONE_E_DATA, "'%s' holds more than %lld GiB; no cache does", r->path,
                              (long long)(FILE_MAX_BYTES >> 30));
        r->filled = 0;
    }
}

/* The next character, which stays; -1 at the end. */
static inline int peek(reader *r) {
    if (r->at == r->filled && !r->status)
        refill(r);
    return r->at < r->filled ? r->buffer[r->at] : -1;
}

static inline int take(reader *r) {
    int c = peek(r);
    r->at += c >= 0;
    r->line += c == '\n';
    return c;
}

static int skip_spaces(reader *r) {
    int c;
    while ((c = peek(r)) == ' ' || c == '\n' || c == '\t' || c == '\r')
        take(r);
    return c;
}

static hone_status damaged(reader *r, const char *what) {
    if (r->status)
        return r->status;
    return hone_fail(HONE_E_DATA, "'%s' is not JSON, or is cut off (line %lld: %s)", r->path,
                     (long long)r->line, what);
}

static hone_status expect(reader *r, int wanted, const char *what) {
    if (skip_spaces(r) != wanted)
        return damaged(r, what);
    take(r);
    return HONE_OK;
}

/* ------------------------------------------------------------------ values */

static hone_status keep(reader *r, int c) {
    if (r->used == r->capacity) {
        size_t capacity = r->capacity ? 2 * r->capacity : BUFFER_BYTES;
        char *text = capacity <= ITEM_MAX_BYTES ? realloc(r->text, capacity) : NULL;
        if (!text)
            return hone_fail(HONE_E_DATA, "'%s' has an item of more than %zu MiB near line %lld", r->path,
                             r->capacity >> 20, (long long)r->line);
        r->text = text;
        r->capacity = capacity;
    }
    r->text[r->used++] = (char)c;
    return HONE_OK;
}

static hone_status keep_string(reader *r) {
    int escaped = 0, c;
    hone_status status = keep(r, take(r));
    while (!status) {
        c = take(r);
        if (c < 0)
            return damaged(r, "a string does not end");
        status = keep(r, c);
        if (c == '"' && !escaped)
            break;
        escaped = c == '\\' && !escaped;
    }
    return status;
}

static int ends_scalar(int c) { return c < 0 || strchr(",]} \n\t\r", c) != NULL; }

/* Keeps the text of the next value, found by its brackets alone. */
static hone_status keep_value(reader *r) {
    int depth = 0;
    hone_status status = HONE_OK;
    r->used = 0;
    skip_spaces(r);
    do {
        int c = peek(r);
        if (c < 0)
            return damaged(r, "a value does not end");
        if (c == '"') {
            status = keep_string(r);
        } else if (depth == 0 && c != '{' && c != '[') {
            while (!status && !ends_scalar(peek(r)))
                status = keep(r, take(r));
        } else {
            depth += (c == '{' || c == '[') - (c == '}' || c == ']');
            status = keep(r, take(r));
        }
    } while (!status && depth > 0);
    return status;
}

static hone_status read_value(json_t **out, reader *r) {
    json_error_t error;
    hone_status status = keep_value(r);
    if (status)
        return status;
    hone_json_replace_bare_words(r->text, r->used);
    *out = json_loadb(r->text, r->used, JSON_DECODE_ANY, &error);
    return *out ? HONE_OK : damaged(r, error.text);
}

static hone_status read_key(char key[KEY_BYTES], reader *r) {
    json_t *value = NULL;
    if (skip_spaces(r) != '"')
        return damaged(r, "the name of a member is expected");
    hone_status status = read_value(&value, r);
    if (status)
        return status;
    snprintf(key, KEY_BYTES, "%s", json_string_value(value));
    json_decref(value);
    return expect(r, ':', "':' is expected");
}

/* ------------------------------------------------------------------- items */

typedef hone_status (*visit_fn)(reader *r, const hone_json_visitor *visitor, const char *key);

/* The members of an object or the items of an array, up to its end. */
static hone_status each(reader *r, const hone_json_visitor *visitor, visit_fn visit) {
    int open = take(r), close = open == '{' ? '}' : ']';
    char key[KEY_BYTES] = "";
    hone_status status = HONE_OK;
    if (skip_spaces(r) == close) {
        take(r);
        return HONE_OK;
    }
    while (!status) {
        if (open == '{')
            status = read_key(key, r);
        if (!status)
            status = visit(r, visitor, key);
        if (status)
            break;
        int c = skip_spaces(r);
        if (c != ',' && c != close)
            return damaged(r, "',' or the end of a list is expected");
        take(r);
        if (c == close)
            break;
    }
    return status;
}

static hone_status visit_item(reader *r, const hone_json_visitor *visitor, const char *key) {
    json_t *value = NULL;
    hone_status status = read_value(&value, r);
    if (!status)
        status = visitor->item(visitor->context, key, value);
    json_decref(value);
    return status;
}

static hone_status visit_member(reader *r, const hone_json_visitor *visitor, const char *key) {
    int c = skip_spaces(r);
    if ((c == '{' || c == '[') && visitor->splits(visitor->context, key))
        return each(r, visitor, visit_item);
    json_t *value = NULL;
    hone_status status = read_value(&value, r);
    if (!status)
        status = visitor->member(visitor->context, key, value);
    json_decref(value);
    return status;
}

static hone_status visit_file(reader *r, const hone_json_visitor *visitor) {
    int c = skip_spaces(r);
    if (c < 0)
        return r->status ? r->status : hone_fail(HONE_E_DATA, "'%s' is empty", r->path);
    if (c != '{')
        return damaged(r, "it does not begin with '{'");
    hone_status status = each(r, visitor, visit_member);
    if (!status && skip_spaces(r) >= 0)
        status = damaged(r, "there is more after its end");
    return status ? status : r->status;
}

hone_status hone_json_visit(const char *path, const hone_json_visitor *visitor) {
    reader r = {.path = path, .line = 1};
    errno = 0;
    r.file = gzopen(path, "rb");
    if (!r.file)
        return hone_fail(HONE_E_DATA, "'%s' cannot be read: %s; check its name and permissions", path,
                         errno ? strerror(errno) : "out of memory");
    hone_status status;
    r.buffer = malloc(BUFFER_BYTES);
    if (r.buffer)
        status = visit_file(&r, visitor);
    else
        status = hone_fail(HONE_E_NOMEM, "no memory to read '%s'", path);
    free(r.buffer);
    free(r.text);
    gzclose_r(r.file);
    return status;
}

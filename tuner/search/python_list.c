/* The values of a T1 parameter, a Python list, as text: literals, `range`,
 * concatenation, and comprehensions over one name. */
#include "cache.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../kernels/status.h"

enum { ITEMS_MOST = 65536, DEPTH = 32, WORD = 24 };

typedef struct list {
    char (*items)[WORD];
    int count, capacity;
} list;

typedef struct parser {
    const char *whole, *at;
    char name[48]; /* of a comprehension, and what it stands for */
    int64_t bound;
    int depth;
    hone_status status;
} parser;

static int64_t read_sum(parser *p);
static void read_list(parser *p, list *out);

static void fail(parser *p, const char *what) {
    if (!p->status)
        p->status = hone_fail(HONE_E_DATA, "values '%.120s', character %td: %s", p->whole,
                              p->at - p->whole + 1, what);
}

static void skip_spaces(parser *p) { p->at += strspn(p->at, " \t\r\n"); }

static int take(parser *p, const char *token) {
    size_t length = strlen(token);
    skip_spaces(p);
    if (p->status || strncmp(p->at, token, length) != 0)
        return 0;
    if (isalpha((unsigned char)*token) && (isalnum((unsigned char)p->at[length]) || p->at[length] == '_'))
        return 0;
    p->at += length;
    return 1;
}

static void expect(parser *p, const char *token, const char *what) {
    if (!take(p, token))
        fail(p, what);
}

static void append(parser *p, list *out, const char *text, size_t length) {
    if (p->status)
        return;
    if (length == 0 || length >= WORD || memchr(text, ' ', length)) {
        fail(p, "a value has 1 to 23 characters and no spaces");
        return;
    }
    if (out->count == out->capacity) {
        int capacity = out->capacity ? 2 * out->capacity : 64;
        char(*items)[WORD] = capacity <= ITEMS_MOST ? realloc(out->items, (size_t)capacity * WORD) : NULL;
        if (!items) {
            fail(p, "there are too many values");
            return;
        }
        out->items = items;
        out->capacity = capacity;
    }
    memcpy(out->items[out->count], text, length);
    out->items[out->count++][length] = '\0';
}

static void append_number(parser *p, list *out, int64_t value) {
    char text[WORD];
    snprintf(text, sizeof text, "%" PRId64, value);
    append(p, out, text, strlen(text));
}

/* ------------------------------------------------------------------ integers */

static int64_t read_atom(parser *p) {
    skip_spaces(p);
    if (take(p, "(")) {
        int64_t value = read_sum(p);
        expect(p, ")", "')' is expected");
        return value;
    }
    if (p->name[0] && take(p, p->name))
        return p->bound;
    if (!isdigit((unsigned char)*p->at)) {
        fail(p, "an integer is expected");
        return 0;
    }
    char *end;
    int64_t value = strtoll(p->at, &end, 10);
    p->at = end;
    if (*end == '.' || *end == 'e')
        fail(p, "an integer is expected");
    return value;
}

static int64_t read_power(parser *p) {
    int negative = take(p, "-");
    int64_t base = read_atom(p), value = base;
    if (take(p, "**")) {
        int64_t times = read_atom(p);
        value = 1;
        for (int64_t i = 0; i < times && !p->status; i++)
            if (i > 64 || __builtin_mul_overflow(value, base, &value))
                fail(p, "the power is too large");
    }
    return negative ? -value : value;
}

static int64_t read_term(parser *p) {
    int64_t left = read_power(p);
    while (!p->status) {
        int product = take(p, "*"), quotient = !product && take(p, "//");
        if (!product && !quotient && !take(p, "%"))
            break;
        int64_t right = read_power(p);
        if (product ? __builtin_mul_overflow(left, right, &left) : right <= 0)
            fail(p, "the value is too large, or divided by none");
        else if (!product)
            left = quotient ? left / right : left % right;
    }
    return left;
}

static int64_t read_sum(parser *p) {
    if (p->depth == DEPTH) {
        fail(p, "it is nested too deep");
        return 0;
    }
    p->depth++;
    int64_t left = read_term(p);
    while (!p->status) {
        int plus = take(p, "+");
        if (!plus && !take(p, "-"))
            break;
        int64_t right = read_term(p);
        if (plus ? __builtin_add_overflow(left, right, &left) : __builtin_sub_overflow(left, right, &left))
            fail(p, "the value is too large");
    }
    p->depth--;
    return left;
}

/* --------------------------------------------------------------------- lists */

static void read_range(parser *p, list *out) {
    int64_t bounds[3] = {0, 0, 1};
    int count = 0;
    expect(p, "(", "'(' is expected after range");
    do {
        if (count == 3)
            fail(p, "range takes one to three integers");
        else
            bounds[count++] = read_sum(p);
    } while (!p->status && take(p, ","));
    expect(p, ")", "')' is expected");
    if (count == 1) {
        bounds[1] = bounds[0];
        bounds[0] = 0;
    }
    if (bounds[2] == 0)
        fail(p, "range steps by 0");
    for (int64_t i = bounds[0]; !p->status && (bounds[2] > 0 ? i < bounds[1] : i > bounds[1]);) {
        append_number(p, out, i);
        if (__builtin_add_overflow(i, bounds[2], &i))
            break;
    }
}

/* One item as it stands: a word in quotes, a fraction, a truth, or an integer expression. */
static void read_item(parser *p, list *out) {
    skip_spaces(p);
    if (*p->at == '\'' || *p->at == '"') {
        const char *begin = p->at + 1, *end = strchr(begin, *p->at);
        if (!end) {
            fail(p, "the word does not end");
            return;
        }
        append(p, out, begin, (size_t)(end - begin));
        p->at = end + 1;
        return;
    }
    if (take(p, "True") || take(p, "False")) {
        append(p, out, p->at[-1] == 'e' && p->at[-2] == 'u' ? "1" : "0", 1);
        return;
    }
    size_t digits = strspn(p->at, "-0123456789");
    if (p->at[digits] == '.' || (digits && p->at[digits] == 'e')) {
        char *end, text[WORD];
        snprintf(text, sizeof text, "%.15g", strtod(p->at, &end));
        append(p, out, text, strlen(text));
        p->at = end;
        return;
    }
    append_number(p, out, read_sum(p));
}

/* `[item for name in list]`, with `begin` at the item and p->at behind "for". */
static void read_comprehension(parser *p, list *out, const char *begin) {
    list over = {0};
    char name[sizeof p->name] = "";
    skip_spaces(p);
    size_t length = 0;
    while (isalnum((unsigned char)p->at[length]) || p->at[length] == '_')
        length++;
    if (length == 0 || length >= sizeof name || p->name[0]) {
        fail(p, "one name is expected after 'for'");
        return;
    }
    memcpy(name, p->at, length);
    p->at += length;
    expect(p, "in", "'in' is expected");
    read_list(p, &over);
    const char *end = p->at;
    memcpy(p->name, name, sizeof name);
    for (int i = 0; i < over.count && !p->status; i++) {
        p->bound = strtoll(over.items[i], NULL, 10);
        p->at = begin;
        append_number(p, out, read_sum(p));
        skip_spaces(p);
        if (!p->status && strncmp(p->at, "for", 3) != 0)
            fail(p, "'for' is expected");
    }
    p->name[0] = '\0';
    if (!p->status)
        p->at = end;
    free(over.items);
}

/* Whether a comprehension stands at `at`: a `for` before its bracket closes. */
static const char *find_for(const char *at) {
    int depth = 0;
    for (; *at && !(depth == 0 && (*at == ']' || *at == ',')); at++) {
        depth += (*at == '(' || *at == '[') - (*at == ')' || *at == ']');
        if (depth == 0 && strncmp(at, " for ", 5) == 0)
            return at + 5;
    }
    return NULL;
}

static void read_one_list(parser *p, list *out) {
    if (take(p, "list")) {
        expect(p, "(", "'(' is expected after list");
        read_list(p, out);
        expect(p, ")", "')' is expected");
        return;
    }
    if (take(p, "range")) {
        read_range(p, out);
        return;
    }
    const char *close = take(p, "[") ? "]" : take(p, "(") ? ")" : NULL;
    if (!close) {
        fail(p, "a list is expected");
        return;
    }
    const char *begin = p->at, *loop = find_for(begin);
    if (loop) {
        p->at = loop;
        read_comprehension(p, out, begin);
        expect(p, close, "the list does not end");
        return;
    }
    while (!p->status && !take(p, close)) {
        read_item(p, out);
        if (!take(p, ",")) {
            expect(p, close, "',' or the end of the list is expected");
            break;
        }
    }
}

static void read_list(parser *p, list *out) {
    if (p->depth == DEPTH) {
        fail(p, "it is nested too deep");
        return;
    }
    p->depth++;
    do
        read_one_list(p, out);
    while (!p->status && take(p, "+"));
    p->depth--;
}

hone_status hone_python_list(char **out, const char *text) {
    parser p = {.whole = text, .at = text};
    list values = {0};
    read_list(&p, &values);
    skip_spaces(&p);
    if (!p.status && *p.at)
        fail(&p, "the values end here");
    if (!p.status && values.count == 0)
        fail(&p, "the list is empty");
    char *joined = p.status ? NULL : malloc((size_t)values.count * WORD + 1);
    if (!p.status && !joined)
        p.status = hone_fail(HONE_E_NOMEM, "no memory for %d values", values.count);
    if (joined) {
        char *at = joined;
        for (int i = 0; i < values.count; i++)
            at = stpcpy(stpcpy(at, i ? " " : ""), values.items[i]);
        *out = joined;
    }
    free(values.items);
    return p.status;
}

/* Conditions of T1 files, Python expressions, in Hone's language. Every rule of
 * the grammar returns the text of what it read; all texts are freed at the end.
 *
 *     32 <= x * y <= 1024  =>  ((32 <= (x * y)) && ((x * y) <= 1024))
 *
 * Python's `/` makes fractions, which Hone's integers are not. A quotient becomes
 * an integer one and a guard, that nothing remains; the guard joins the nearest
 * comparison or logical operator around it, so that `y == 0 or x / y > 1` keeps
 * its order of evaluation. */
#include "cache.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../kernels/status.h"

enum { DEPTH = 48, TEXT_MOST = 1 << 14, POWER_MOST = 16, NAME_MOST = HONE_CONFIG_KEY - 1 };

/* What was read: its text, and what must hold for it to be an integer ("" or "... && "). */
typedef struct piece {
    const char *text, *guards;
} piece;

typedef struct parser {
    const char *whole, *at;
    char **owned;
    int count, capacity, depth;
    hone_status status;
} parser;

static const piece NOTHING = {"", ""};

static piece read_or(parser *p);

/* -------------------------------------------------------------------- texts */

static void fail(parser *p, const char *what) {
    if (!p->status)
        p->status = hone_fail(HONE_E_DATA, "condition '%.120s', character %td: %s", p->whole,
                              p->at - p->whole + 1, what);
}

static void own(parser *p, char *text) {
    if (p->count == p->capacity) {
        int capacity = p->capacity ? 2 * p->capacity : 64;
        char **owned = realloc(p->owned, (size_t)capacity * sizeof *owned);
        if (!owned) {
            free(text);
            p->status = hone_fail(HONE_E_NOMEM, "no memory for the condition '%.120s'", p->whole);
            return;
        }
        p->owned = owned;
        p->capacity = capacity;
    }
    p->owned[p->count++] = text;
}

__attribute__((format(printf, 2, 3))) static const char *make(parser *p, const char *format, ...) {
    char *text = NULL;
    va_list arguments;
    va_start(arguments, format);
    int length = vasprintf(&text, format, arguments);
    va_end(arguments);
    if (length < 0) {
        p->status = hone_fail(HONE_E_NOMEM, "no memory for the condition '%.120s'", p->whole);
        return "";
    }
    if (length > TEXT_MOST)
        fail(p, "the condition grows too long");
    own(p, text);
    return p->status ? "" : text;
}

/* The guards join here: what comes out is a truth. */
static piece settle(parser *p, piece from) {
    return *from.guards ? (piece){make(p, "(%s%s)", from.guards, from.text), ""} : from;
}

/* -------------------------------------------------------------------- tokens */

static void skip_spaces(parser *p) { p->at += strspn(p->at, " \t\r\n"); }

/* Takes an operator; `after` are characters that would make it another one. */
static int take(parser *p, const char *token, const char *after) {
    size_t length = strlen(token);
    skip_spaces(p);
    if (p->status || strncmp(p->at, token, length) != 0 || (p->at[length] && strchr(after, p->at[length])))
        return 0;
    p->at += length;
    return 1;
}

static int is_word(char c) { return isalnum((unsigned char)c) || c == '_'; }

static int take_word(parser *p, const char *word) {
    size_t length = strlen(word);
    skip_spaces(p);
    if (p->status || strncmp(p->at, word, length) != 0 || is_word(p->at[length]))
        return 0;
    p->at += length;
    return 1;
}

/* --------------------------------------------------------------------- atoms */

static piece read_number(parser *p) {
    char *end;
    double value = strtod(p->at, &end);
    if (!(fabs(value) < 0x1p53) || value != floor(value)) {
        fail(p, "the number is no integer that Hone's constraints know");
        return NOTHING;
    }
    p->at = end;
    return (piece){make(p, "%lld", (long long)value), ""};
}

static piece read_quoted(parser *p) {
    char quote = *p->at++;
    const char *begin = p->at, *end = strchr(begin, quote);
    if (!end || end == begin || memchr(begin, '\\', (size_t)(end - begin)) ||
        memchr(begin, '\'', (size_t)(end - begin))) {
        fail(p, "the word does not end, is empty, or holds quotes");
        return NOTHING;
    }
    p->at = end + 1;
    return (piece){make(p, "'%.*s'", (int)(end - begin), begin), ""};
}

static piece read_name(parser *p) {
    const char *begin = p->at;
    if (take_word(p, "True"))
        return (piece){"1", ""};
    if (take_word(p, "False"))
        return (piece){"0", ""};
    while (is_word(*p->at))
        p->at++;
    int length = (int)(p->at - begin);
    skip_spaces(p);
    if (length == 0 || length > NAME_MOST || *p->at == '(' || *p->at == '.' || *p->at == '[')
        fail(p, length == 0          ? *begin ? "a number, name, word or '(' is expected"
                                              : "the condition ends where a value is expected"
                : length > NAME_MOST ? "the name is too long"
                                     : "calls, members and indices have no counterpart");
    return (piece){make(p, "%.*s", length, begin), ""};
}

static piece read_atom(parser *p) {
    skip_spaces(p);
    if (take(p, "(", "")) {
        piece inner = read_or(p);
        if (!take(p, ")", ""))
            fail(p, "')' or an operator is expected");
        /* What was joined has its own. */
        return (piece){*inner.text == '(' ? inner.text : make(p, "(%s)", inner.text), inner.guards};
    }
    if (isdigit((unsigned char)*p->at) || *p->at == '.')
        return read_number(p);
    if (*p->at == '\'' || *p->at == '"')
        return read_quoted(p);
    return read_name(p);
}

/* ---------------------------------------------------------------- arithmetic */

static piece read_unary(parser *p);

static piece read_power(parser *p) {
    piece base = read_atom(p);
    if (!take(p, "**", ""))
        return base;
    piece exponent = read_unary(p);
    char *end;
    long times = strtol(exponent.text, &end, 10);
    if (*exponent.text == '\0' || *end || times < 0 || times > POWER_MOST) {
        fail(p, "the exponent is no number from 0 to 16");
        return NOTHING;
    }
    const char *text = "1";
    for (long i = 0; i < times; i++)
        text = i ? make(p, "%s * %s", text, base.text) : base.text;
    return (piece){times > 1 ? make(p, "(%s)", text) : text, base.guards};
}

static piece read_unary(parser *p) {
    piece out;
    if (p->depth == DEPTH) {
        fail(p, "it is nested too deep");
        return NOTHING;
    }
    p->depth++;
    if (take(p, "-", "")) {
        out = read_unary(p);
        out.text = make(p, "(-%s)", out.text);
    } else if (take(p, "+", "")) {
        out = read_unary(p);
    } else {
        out = read_power(p);
    }
    p->depth--;
    return out;
}

static piece read_term(parser *p) {
    piece left = read_unary(p);
    int joined = 0;
    for (;;) {
        const char *op = take(p, "*", "*") ? "*" : take(p, "//", "") ? "//" : NULL;
        if (!op)
            op = take(p, "/", "/") ? "/" : take(p, "%", "") ? "%" : NULL;
        if (!op || p->status)
            break;
        piece right = read_unary(p);
        const char *guards = make(p, "%s%s", left.guards, right.guards);
        if (strcmp(op, "/") == 0)
            guards = make(p, "%s(%s) %% %s == 0 && ", guards, left.text, right.text);
        left.text = make(p, "%s %s %s", left.text, op[1] ? "/" : op, right.text);
        left.guards = guards;
        joined = 1;
    }
    return joined ? (piece){make(p, "(%s)", left.text), left.guards} : left;
}

static piece read_sum(parser *p) {
    piece left = read_term(p);
    int joined = 0;
    for (;;) {
        const char *op = take(p, "+", "") ? "+" : take(p, "-", "") ? "-" : NULL;
        if (!op || p->status)
            break;
        piece right = read_term(p);
        left.text = make(p, "%s %s %s", left.text, op, right.text);
        left.guards = make(p, "%s%s", left.guards, right.guards);
        joined = 1;
    }
    return joined ? (piece){make(p, "(%s)", left.text), left.guards} : left;
}

/* -------------------------------------------------------------------- truths */

/* `left in (a, b)`: left == a || left == b. */
static piece read_members(parser *p, piece left) {
    const char *close = take(p, "(", "") ? ")" : take(p, "[", "") ? "]" : take(p, "{", "") ? "}" : NULL;
    const char *any = "0", *guards = left.guards;
    if (!close) {
        fail(p, "a list is expected after 'in'");
        return NOTHING;
    }
    while (!p->status && !take(p, close, "")) {
        piece item = read_sum(p);
        any = make(p, "%s || %s == %s", any, left.text, item.text);
        guards = make(p, "%s%s", guards, item.guards);
        if (!take(p, ",", "")) {
            if (!take(p, close, ""))
                fail(p, "',' or the end of the list is expected");
            break;
        }
    }
    return (piece){make(p, "(%s)", any), guards};
}

static const char *take_comparison(parser *p) {
    static const char *const operators[] = {"<=", ">=", "==", "!=", "<", ">"};
    for (size_t i = 0; i < sizeof operators / sizeof operators[0]; i++)
        if (take(p, operators[i], ""))
            return operators[i];
    return NULL;
}

static piece read_comparison(parser *p) {
    piece left = read_sum(p), right;
    const char *guards = left.guards, *all = NULL, *op;
    if (take_word(p, "in"))
        return settle(p, read_members(p, left));
    const char *before_not = p->at;
    if (take_word(p, "not")) {
        if (take_word(p, "in")) {
            piece members = read_members(p, left);
            return settle(p, (piece){make(p, "!%s", members.text), members.guards});
        }
        p->at = before_not;
    }
    while (!p->status && (op = take_comparison(p))) {
        right = read_sum(p);
        const char *one = make(p, "%s %s %s", left.text, op, right.text);
        all = all ? make(p, "%s && %s", all, one) : one;
        guards = make(p, "%s%s", guards, right.guards);
        left = right;
    }
    return all ? settle(p, (piece){make(p, "(%s)", all), guards}) : left;
}

static piece read_not(parser *p) {
    piece out;
    if (!take_word(p, "not"))
        return read_comparison(p);
    if (p->depth == DEPTH) {
        fail(p, "it is nested too deep");
        return NOTHING;
    }
    p->depth++;
    out = settle(p, read_not(p));
    p->depth--;
    return (piece){make(p, "!%s", out.text), ""};
}

static piece read_and(parser *p) {
    piece left = read_not(p);
    int joined = 0;
    while (take_word(p, "and")) {
        left = settle(p, left);
        left.text = make(p, "%s && %s", left.text, settle(p, read_not(p)).text);
        joined = 1;
    }
    return joined ? (piece){make(p, "(%s)", left.text), ""} : left;
}

static piece read_or(parser *p) {
    piece left = read_and(p);
    int joined = 0;
    while (take_word(p, "or")) {
        left = settle(p, left);
        left.text = make(p, "%s || %s", left.text, settle(p, read_and(p)).text);
        joined = 1;
    }
    return joined ? (piece){make(p, "(%s)", left.text), ""} : left;
}

hone_status hone_python_translate(char **out, const char *text) {
    parser p = {.whole = text, .at = text};
    piece read = settle(&p, read_or(&p));
    skip_spaces(&p);
    if (!p.status && *p.at)
        fail(&p, "an operator is expected");
    char *copy = p.status ? NULL : strdup(read.text);
    if (!p.status && !copy)
        p.status = hone_fail(HONE_E_NOMEM, "no memory for the condition '%.120s'", text);
    for (int i = 0; i < p.count; i++)
        free(p.owned[i]);
    free(p.owned);
    if (!p.status)
        *out = copy;
    return p.status;
}

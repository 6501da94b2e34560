/* Constraint expressions, compiled to a postfix program by precedence climbing.
 *
 *     kc == 128 || kc / 2 < k
 *     =>  kc  128  ==  OR(end)  kc  2  /  k  <  BOOL  end:
 *
 * OR and AND jump over their right side when the left side decides, so that a
 * guard such as `k == 0 || m / k > 1` works as in C. Anything that has no value
 * (division by zero, overflow, arithmetic on a word) ends the evaluation with 0. */
#include "expr.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "status.h"

enum {
    EXPR_DEPTH = 64, /* nested parentheses and unary operators */
    EXPR_LEVELS = 6, /* precedence levels, and so operands waiting per nesting */
    EXPR_STACK = EXPR_LEVELS * (EXPR_DEPTH + 1) + 1,
    EXPR_MAX_TEXT = 1 << 16,
    EXPR_NAME = 48 /* a name and its NUL */
};

/* An operand: a word, or a number when word is NULL. */
typedef struct operand {
    const char *word;
    int64_t number;
} operand;

/* False when the result has no value. */
typedef bool (*apply_fn)(int64_t *out, int64_t a, int64_t b);

typedef enum step_kind {
    STEP_VALUE,
    STEP_NAME,
    STEP_APPLY, /* pops two, pushes one */
    STEP_EQUAL,
    STEP_UNEQUAL,
    STEP_NOT,
    STEP_NEGATE,
    STEP_BOOL,
    STEP_AND, /* top false: leave 0 and jump to `index`; else pop */
    STEP_OR   /* top true: leave 1 and jump to `index`; else pop */
} step_kind;

typedef struct step {
    step_kind kind;
    int index; /* a name's index, or a jump's target */
    apply_fn apply;
    hone_value value;
} step;

struct hone_expr {
    char *text;
    step *steps;
    int count, capacity;
    int last_name;
};

static bool apply_add(int64_t *out, int64_t a, int64_t b) { return !__builtin_add_overflow(a, b, out); }
static bool apply_subtract(int64_t *out, int64_t a, int64_t b) { return !__builtin_sub_overflow(a, b, out); }
static bool apply_multiply(int64_t *out, int64_t a, int64_t b) { return !__builtin_mul_overflow(a, b, out); }

static bool can_divide(int64_t a, int64_t b) { return b != 0 && !(a == INT64_MIN && b == -1); }

static bool apply_divide(int64_t *out, int64_t a, int64_t b) {
    *out = can_divide(a, b) ? a / b : 0;
    return can_divide(a, b);
}

static bool apply_remainder(int64_t *out, int64_t a, int64_t b) {
    *out = can_divide(a, b) ? a % b : 0;
    return can_divide(a, b);
}

static bool apply_less(int64_t *out, int64_t a, int64_t b) {
    *out = a < b;
    return true;
}

static bool apply_less_equal(int64_t *out, int64_t a, int64_t b) {
    *out = a <= b;
    return true;
}

static bool apply_greater(int64_t *out, int64_t a, int64_t b) {
    *out = a > b;
    return true;
}

static bool apply_greater_equal(int64_t *out, int64_t a, int64_t b) {
    *out = a >= b;
    return true;
}

/* Longer spellings first: the first that matches is taken. */
static const struct binary {
    const char *text;
    int precedence; /* 1 .. EXPR_LEVELS, higher binds tighter */
    step_kind kind;
    apply_fn apply;
} binaries[] = {
    {"||", 1, STEP_OR, NULL},
    {"&&", 2, STEP_AND, NULL},
    {"==", 3, STEP_EQUAL, NULL},
    {"!=", 3, STEP_UNEQUAL, NULL},
    {"<=", 4, STEP_APPLY, apply_less_equal},
    {">=", 4, STEP_APPLY, apply_greater_equal},
    {"<", 4, STEP_APPLY, apply_less},
    {">", 4, STEP_APPLY, apply_greater},
    {"+", 5, STEP_APPLY, apply_add},
    {"-", 5, STEP_APPLY, apply_subtract},
    {"*", EXPR_LEVELS, STEP_APPLY, apply_multiply},
    {"/", EXPR_LEVELS, STEP_APPLY, apply_divide},
    {"%", EXPR_LEVELS, STEP_APPLY, apply_remainder},
};

/* ------------------------------------------------------------------ values */

/* Whether a number, if it is one, would be written in these characters. */
static bool is_canonical(const char *text, size_t length) {
    size_t sign = text[0] == '-', digits = strspn(text + sign, "0123456789");
    return digits > 0 && sign + digits == length && (text[sign] != '0' || length == 1);
}

static bool fits(int64_t *number, const char *text) {
    errno = 0;
    int64_t value = strtoll(text, NULL, 10);
    if (errno)
        return false;
    *number = value;
    return true;
}

hone_status hone_value_parse(hone_value *out, const char *text) {
    hone_value value = {0};
    size_t length = strlen(text);
    if (length == 0 || length >= sizeof value.word)
        return hone_fail(HONE_E_USAGE, "value '%.40s' is not legal; it needs 1 to %zu characters", text,
                         sizeof value.word - 1);
    if (!is_canonical(text, length) || !fits(&value.number, text))
        memcpy(value.word, text, length + 1);
    *out = value;
    return HONE_OK;
}

void hone_value_format(char out[24], const hone_value *value) {
    if (value->word[0])
        memcpy(out, value->word, sizeof value->word);
    else
        snprintf(out, 24, "%" PRId64, value->number);
}

int hone_value_equal(const hone_value *a, const hone_value *b) {
    return a->number == b->number && strcmp(a->word, b->word) == 0;
}

/* ----------------------------------------------------------------- parsing */

typedef struct parser {
    hone_expr *expr;
    const char *at;
    hone_expr_lookup lookup;
    const void *context;
    int depth;
} parser;

static hone_status parse_binary(parser *p, int lowest);

static hone_status syntax_error(const parser *p, const char *what) {
    return hone_fail(HONE_E_USAGE, "expression '%.120s', character %td: %s", p->expr->text,
                     p->at - p->expr->text + 1, what);
}

/* Both loops instead of strspn, which builds a table of its set in every call. */
static void skip_spaces(parser *p) {
    while (*p->at == ' ' || *p->at == '\t' || *p->at == '\n')
        p->at++;
}

size_t hone_name_length(const char *text) {
    size_t length = 0;
    while ((text[length] >= 'a' && text[length] <= 'z') || (text[length] >= 'A' && text[length] <= 'Z') ||
           (text[length] >= '0' && text[length] <= '9') || text[length] == '_')
        length++;
    return length;
}

static hone_status emit(parser *p, step next) {
    hone_expr *expr = p->expr;
    if (expr->count == expr->capacity) {
        int capacity = expr->capacity ? 2 * expr->capacity : 16;
        step *steps = realloc(expr->steps, (size_t)capacity * sizeof *steps);
        if (!steps)
            return hone_fail(HONE_E_NOMEM, "no memory for an expression of %d steps", capacity);
        expr->steps = steps;
        expr->capacity = capacity;
    }
    expr->steps[expr->count++] = next;
    return HONE_OK;
}

static hone_status parse_number(parser *p) {
    char *end;
    errno = 0;
    step next = {.kind = STEP_VALUE, .value.number = strtoll(p->at, &end, 10)};
    if (errno)
        return syntax_error(p, "the number does not fit 64 bits");
    p->at = end;
    return emit(p, next);
}

static hone_status parse_word(parser *p) {
    step next = {.kind = STEP_VALUE};
    size_t length = strcspn(p->at + 1, "'");
    if (p->at[length + 1] != '\'')
        return syntax_error(p, "the quote is not closed");
    if (length == 0 || length >= sizeof next.value.word)
        return syntax_error(p, "a word has 1 to 23 characters");
    memcpy(next.value.word, p->at + 1, length);
    p->at += length + 2;
    return emit(p, next);
}

static hone_status parse_name(parser *p) {
    char name[EXPR_NAME];
    size_t length = hone_name_length(p->at);
    if (length == 0)
        return syntax_error(p, *p->at ? "a number, word, name or '(' is expected here"
                                      : "the expression ends where a value is expected");
    if (length >= sizeof name)
        return syntax_error(p, "the name is longer than 47 characters");
    memcpy(name, p->at, length);
    name[length] = '\0';
    step next = {.kind = STEP_NAME, .index = p->lookup ? p->lookup(name, p->context) : -1};
    if (next.index < 0)
        return syntax_error(p, "the name is unknown");
    if (next.index > p->expr->last_name)
        p->expr->last_name = next.index;
    p->at += length;
    return emit(p, next);
}

static hone_status parse_parenthesis(parser *p) {
    p->at++;
    hone_status status = parse_binary(p, 1);
    if (status)
        return status;
    if (*p->at != ')')
        return syntax_error(p, "')' or an operator is expected here");
    p->at++;
    return HONE_OK;
}

static hone_status parse_unary(parser *p) {
    hone_status status;
    if (p->depth == EXPR_DEPTH)
        return syntax_error(p, "parentheses and unary operators are nested too deep");
    p->depth++;
    skip_spaces(p);
    if (*p->at == '!' || *p->at == '-') {
        step next = {.kind = *p->at == '!' ? STEP_NOT : STEP_NEGATE};
        p->at++;
        status = parse_unary(p);
        if (!status)
            status = emit(p, next);
    } else if (*p->at == '(') {
        status = parse_parenthesis(p);
    } else if (*p->at == '\'') {
        status = parse_word(p);
    } else if (*p->at >= '0' && *p->at <= '9') {
        status = parse_number(p);
    } else {
        status = parse_name(p);
    }
    p->depth--;
    skip_spaces(p);
    return status;
}

static const struct binary *binary_at(const char *at) {
    for (size_t i = 0; i < sizeof binaries / sizeof binaries[0]; i++) {
        const char *text = binaries[i].text;
        if (at[0] == text[0] && (!text[1] || at[1] == text[1]))
            return &binaries[i];
    }
    return NULL;
}

/* The right side of an operator; a jump is patched to point behind it. */
static hone_status parse_right(parser *p, const struct binary *operator) {
    step next = {.kind = operator->kind, .apply = operator->apply };
    bool jumps = operator->kind == STEP_AND || operator->kind == STEP_OR;
    int jump = p->expr->count;
    hone_status status = jumps ? emit(p, next) : HONE_OK;
    if (!status)
        status = parse_binary(p, operator->precedence + 1);
    if (!status)
        status = emit(p, jumps ? (step){.kind = STEP_BOOL} : next);
    if (!status && jumps)
        p->expr->steps[jump].index = p->expr->count;
    return status;
}

static hone_status parse_binary(parser *p, int lowest) {
    hone_status status = parse_unary(p);
    while (!status) {
        const struct binary *operator= binary_at(p->at);
        if (!operator|| operator->precedence<lowest)
            break;
        p->at += strlen(operator->text);
        status = parse_right(p, operator);
    }
    return status;
}

hone_status hone_expr_parse(hone_expr **out, const char *text, hone_expr_lookup lookup, const void *context) {
    if (strlen(text) > EXPR_MAX_TEXT)
        return hone_fail(HONE_E_USAGE, "expression '%.40s...' has %zu characters; at most %d", text,
                         strlen(text), EXPR_MAX_TEXT);
    hone_expr *expr = calloc(1, sizeof *expr);
    if (expr)
        expr->text = strdup(text);
    if (!expr || !expr->text) {
        hone_expr_destroy(expr);
        return hone_fail(HONE_E_NOMEM, "no memory for the expression '%.120s'", text);
    }
    expr->last_name = -1;
    parser p = {.expr = expr, .at = expr->text, .lookup = lookup, .context = context};
    hone_status status = parse_binary(&p, 1);
    if (!status && *p.at)
        status = syntax_error(&p, "an operator is expected here");
    if (status) {
        hone_expr_destroy(expr);
        return status;
    }
    *out = expr;
    return HONE_OK;
}

void hone_expr_destroy(hone_expr *expr) {
    if (!expr)
        return;
    free(expr->text);
    free(expr->steps);
    free(expr);
}

/* -------------------------------------------------------------- evaluation */

static operand operand_of(const hone_value *value) {
    return (operand){.word = value->word[0] ? value->word : NULL, .number = value->number};
}

static bool operands_equal(const operand *a, const operand *b) {
    if (a->word || b->word)
        return a->word && b->word && strcmp(a->word, b->word) == 0;
    return a->number == b->number;
}

/* Steps that replace the top operand. */
static bool run_unary(step_kind kind, operand *top) {
    if (top->word)
        return false;
    if (kind == STEP_NEGATE)
        return !__builtin_sub_overflow((int64_t)0, top->number, &top->number);
    top->number = kind == STEP_NOT ? !top->number : !!top->number;
    return true;
}

/* Steps that replace the two top operands by one; `left` is where it goes. */
static bool run_binary(const step *now, operand *left, const operand *right) {
    if (now->kind == STEP_APPLY)
        return !left->word && !right->word && now->apply(&left->number, left->number, right->number);
    bool equal = operands_equal(left, right);
    *left = (operand){.number = equal == (now->kind == STEP_EQUAL)};
    return true;
}

int64_t hone_expr_eval(const hone_expr *expr, const hone_value *const *values) {
    operand stack[EXPR_STACK];
    int top = -1;
    for (int at = 0; at < expr->count; at++) {
        const step *now = &expr->steps[at];
        bool has_value = true;
        switch (now->kind) {
        case STEP_VALUE:
            stack[++top] = operand_of(&now->value);
            break;
        case STEP_NAME:
            stack[++top] = operand_of(values[now->index]);
            break;
        case STEP_NOT:
        case STEP_NEGATE:
        case STEP_BOOL:
            has_value = run_unary(now->kind, &stack[top]);
            break;
        case STEP_AND:
        case STEP_OR:
            has_value = run_unary(STEP_BOOL, &stack[top]);
            if (stack[top].number == (now->kind == STEP_OR))
                at = now->index - 1;
            else
                top--;
            break;
        case STEP_APPLY:
        case STEP_EQUAL:
        case STEP_UNEQUAL:
            top--;
            has_value = run_binary(now, &stack[top], &stack[top + 1]);
            break;
        }
        if (!has_value)
            return 0;
    }
    return stack[0].word ? 0 : stack[0].number;
}

int hone_expr_last_name(const hone_expr *expr) { return expr->last_name; }

int hone_expr_uses(const hone_expr *expr, int index) {
    for (int i = 0; i < expr->count; i++) {
        if (expr->steps[i].kind == STEP_NAME && expr->steps[i].index == index)
            return 1;
    }
    return 0;
}

const char *hone_expr_text(const hone_expr *expr) { return expr->text; }

/* Constraint expressions: integers, words in quotes ('avx512'), names, and
 * C's operators || && ! == != < <= > >= + - * / % ( ), with C's precedence.
 * Division is the integer division of C. Words can only be compared with ==
 * and !=. What has no value makes the whole expression 0: division by zero,
 * 64-bit overflow, arithmetic or logic on a word. */
#ifndef HONE_KERNELS_EXPR_H
#define HONE_KERNELS_EXPR_H

#include "hone/hone.h"

/* An integer, or a word when `word` is not empty. */
typedef struct hone_value {
    int64_t number;
    char word[24];
} hone_value;

/* "384" is the number, "avx512" the word; "007" and what does not fit 64 bits
 * are words. HONE_E_USAGE: empty or too long. */
hone_status hone_value_parse(hone_value *out, const char *text);
/* The text of a value, at most 24 bytes with the NUL. */
void hone_value_format(char out[24], const hone_value *value);
int hone_value_equal(const hone_value *a, const hone_value *b);

/* How many characters at the start of `text` may stand in a name: letters, digits, '_'. */
size_t hone_name_length(const char *text);

typedef struct hone_expr hone_expr;

/* Resolves a name to an index into the values given to hone_expr_eval; -1 if unknown. */
typedef int (*hone_expr_lookup)(const char *name, const void *context);

/* HONE_E_USAGE with the position: syntax, unknown name, nested more than 64
 * deep, longer than 64 KiB. HONE_E_NOMEM. */
hone_status hone_expr_parse(hone_expr **out, const char *text, hone_expr_lookup lookup, const void *context);
void hone_expr_destroy(hone_expr *expr);

/* The value with names bound to `values[index]`. Allocates nothing; any thread. */
int64_t hone_expr_eval(const hone_expr *expr, const hone_value *const *values);

/* The largest name index that the expression uses, -1 for none: an enumerator
 * can test the constraint as soon as parameters 0 .. that index are chosen. */
int hone_expr_last_name(const hone_expr *expr);
/* 1 when the expression uses the name with that index. */
int hone_expr_uses(const hone_expr *expr, int index);
/* The text it was parsed from. */
const char *hone_expr_text(const hone_expr *expr);

#endif

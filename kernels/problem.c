#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "activation.h"
#include "status.h"

void hone_problem_init(hone_problem *problem, hone_dtype dtype, hone_activation act, int64_t m, int64_t n,
                       int64_t k) {
    *problem = (hone_problem){
        .m = m, .n = n, .k = k, .dtype = dtype, .a_type = dtype, .c_type = dtype, .act = act, .bias = 1};
    const hone_act_info *info = hone_activation_info(act);
    for (int i = 0; info && i < info->param_count; i++)
        problem->act_params[i] = info->params[i].value;
}

static hone_status check_dimension(const char *name, int64_t value) {
    if (value < 1 || value > HONE_MAX_DIM)
        return hone_fail(HONE_E_USAGE, "%s is %lld; it must be 1 to %lld", name, (long long)value,
                         (long long)HONE_MAX_DIM);
    return HONE_OK;
}

static hone_status check_elements(const char *matrix, int64_t rows, int64_t columns) {
    if (rows * columns > HONE_MAX_ELEMENTS)
        return hone_fail(HONE_E_USAGE, "%s of %lld x %lld has more than %lld elements", matrix,
                         (long long)rows, (long long)columns, (long long)HONE_MAX_ELEMENTS);
    return HONE_OK;
}

static hone_status check_shape(const hone_problem *p) {
    hone_status status;
    if ((status = check_dimension("M", p->m)) || (status = check_dimension("N", p->n)) ||
        (status = check_dimension("K", p->k)) || (status = check_elements("A", p->m, p->k)) ||
        (status = check_elements("B", p->k, p->n)) || (status = check_elements("C", p->m, p->n)))
        return status;
    /* 255 * 128 * 65536 is the largest sum that 32 bits hold. */
    if (p->dtype == HONE_S8 && p->k > 65536)
        return hone_fail(HONE_E_USAGE, "K is %lld; s8 problems sum exactly in 32 bits up to 65536",
                         (long long)p->k);
    return HONE_OK;
}

static hone_status check_types(const hone_problem *p) {
    if (p->dtype < 0 || p->dtype >= HONE_U8)
        return hone_fail(HONE_E_USAGE, "the data type must be f32, f16, bf16 or s8");
    if (p->dtype != HONE_S8) {
        if (p->a_type != p->dtype || p->c_type != p->dtype || p->a_scale_per_row)
            return hone_fail(HONE_E_USAGE, "only s8 problems have other types of A or C, or scales per row");
        return HONE_OK;
    }
    if (p->a_type != HONE_S8 && p->a_type != HONE_U8)
        return hone_fail(HONE_E_USAGE, "A of an s8 problem must be s8 or u8");
    if (p->c_type != HONE_S8 && p->c_type != HONE_U8 && p->c_type != HONE_F32 && p->c_type != HONE_F16)
        return hone_fail(HONE_E_USAGE, "C of an s8 problem must be s8, u8, f16 or f32");
    return HONE_OK;
}

static hone_status check_activation(const hone_problem *p) {
    const hone_act_info *info = hone_activation_info(p->act);
    if (!info)
        return hone_fail(HONE_E_USAGE, "activation %d is not in the table", p->act);
    for (int i = 0; i < info->param_count; i++) {
        double value = p->act_params[i];
        if (!(value >= info->params[i].min && value <= info->params[i].max))
            return hone_fail(HONE_E_USAGE, "%s of %s is %g; it must be %g to %g", info->params[i].name,
                             info->name, value, info->params[i].min, info->params[i].max);
    }
    return HONE_OK;
}

hone_status hone_problem_check(const hone_problem *problem) {
    hone_status status;
    if ((status = check_types(problem)) || (status = check_shape(problem)) ||
        (status = check_activation(problem)))
        return status;
    return HONE_OK;
}

/* Shortest text that reads back as the same double. */
static void format_number(char out[32], double value) {
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(out, 32, "%.*g", digits, value);
        if (strtod(out, NULL) == value)
            return;
    }
}

typedef struct text {
    char *out;
    size_t size, used;
} text;

__attribute__((format(printf, 2, 3))) static void append(text *t, const char *format, ...) {
    __builtin_va_list args;
    __builtin_va_start(args, format);
    int n = vsnprintf(t->used < t->size ? t->out + t->used : NULL, t->used < t->size ? t->size - t->used : 0,
                      format, args);
    __builtin_va_end(args);
    t->used += n > 0 ? (size_t)n : 0;
}

hone_status hone_problem_format(char *out, size_t size, const hone_problem *p) {
    hone_status status = hone_problem_check(p);
    if (status)
        return status;
    const hone_act_info *info = hone_activation_info(p->act);
    text t = {out, size, 0};
    append(&t, "gemm/%s/%s/%lldx%lldx%lld", hone_dtype_name(p->dtype), info->name, (long long)p->m,
           (long long)p->n, (long long)p->k);
    for (int i = 0; i < info->param_count && !info->per_column; i++) {
        if (p->act_params[i] != info->params[i].value) {
            char number[32];
            format_number(number, p->act_params[i]);
            append(&t, "/%s=%s", info->params[i].name, number);
        }
    }
    if (p->a_type != p->dtype)
        append(&t, "/a=%s", hone_dtype_name(p->a_type));
    if (p->c_type != p->dtype)
        append(&t, "/out=%s", hone_dtype_name(p->c_type));
    append(&t, "%s%s%s%s", p->weights_transposed ? "/tb" : "", p->weights_plain ? "/plain" : "",
           p->bias ? "" : "/nobias", p->a_scale_per_row ? "/rowscale" : "");
    if (t.used >= size)
        return hone_fail(HONE_E_USAGE, "the problem's text needs %zu bytes", t.used + 1);
    return HONE_OK;
}

static hone_status parse_shape(hone_problem *p, const char *word) {
    int64_t *fields[] = {&p->m, &p->n, &p->k};
    const char *at = word;
    for (int i = 0; i < 3; i++) {
        char *end;
        errno = 0;
        long long value = strtoll(at, &end, 10);
        if (end == at || errno || *end != (i < 2 ? 'x' : 0))
            return hone_fail(HONE_E_USAGE, "'%s' is not a shape MxNxK", word);
        *fields[i] = value;
        at = end + 1;
    }
    return HONE_OK;
}

static hone_status parse_option(hone_problem *p, const char *word) {
    const struct {
        const char *name;
        int *field, value;
    } flags[] = {{"tb", &p->weights_transposed, 1},
                 {"plain", &p->weights_plain, 1},
                 {"nobias", &p->bias, 0},
                 {"rowscale", &p->a_scale_per_row, 1}};
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        if (strcmp(word, flags[i].name) == 0) {
            *flags[i].field = flags[i].value;
            return HONE_OK;
        }
    }
    if (strncmp(word, "a=", 2) == 0)
        return hone_dtype_parse(&p->a_type, word + 2);
    if (strncmp(word, "out=", 4) == 0)
        return hone_dtype_parse(&p->c_type, word + 4);
    const hone_act_info *info = hone_activation_info(p->act);
    for (int i = 0; i < info->param_count && !info->per_column; i++) {
        size_t length = strlen(info->params[i].name);
        if (strncmp(word, info->params[i].name, length) == 0 && word[length] == '=') {
            char *end;
            p->act_params[i] = strtod(word + length + 1, &end);
            if (end == word + length + 1 || *end)
                return hone_fail(HONE_E_USAGE, "'%s' is not a number", word + length + 1);
            return HONE_OK;
        }
    }
    return hone_fail(HONE_E_USAGE, "option '%s' of a problem is unknown", word);
}

hone_status hone_problem_parse(hone_problem *out, const char *text_in) {
    char copy[HONE_PROBLEM_TEXT];
    char *words[16], *save = NULL;
    int count = 0;
    if (strlen(text_in) >= sizeof copy)
        return hone_fail(HONE_E_USAGE, "a problem's text has at most %d characters", HONE_PROBLEM_TEXT - 1);
    strcpy(copy, text_in);
    for (char *word = strtok_r(copy, "/", &save); word; word = strtok_r(NULL, "/", &save)) {
        if (count == (int)(sizeof words / sizeof words[0]))
            return hone_fail(HONE_E_USAGE, "'%s' has more than %d options; give each once", text_in,
                             count - 4);
        words[count++] = word;
    }
    if (count < 4 || strcmp(words[0], "gemm") != 0)
        return hone_fail(HONE_E_USAGE, "'%s' is not a problem like gemm/f32/relu/128x3072x768", text_in);

    hone_dtype dtype;
    hone_activation act;
    hone_problem problem;
    hone_status status;
    if ((status = hone_dtype_parse(&dtype, words[1])) || (status = hone_activation_parse(&act, words[2])))
        return status;
    hone_problem_init(&problem, dtype, act, 0, 0, 0);
    if ((status = parse_shape(&problem, words[3])))
        return status;
    for (int i = 4; i < count; i++)
        if ((status = parse_option(&problem, words[i])))
            return hone_fail_context(status, "in '%s'", text_in);
    if ((status = hone_problem_check(&problem)))
        return hone_fail_context(status, "in '%s'", text_in);
    *out = problem;
    return HONE_OK;
}

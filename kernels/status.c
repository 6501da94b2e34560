#include "status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static _Thread_local char detail[1024];

static const struct {
    int exit_code;
    const char *text;
} statuses[] = {
#define HONE_STATUS(name, exit_code, text) [HONE_##name] = {exit_code, text},
#include "status.def"
#undef HONE_STATUS
};

static int known(hone_status status) {
    return status >= 0 && (size_t)status < sizeof statuses / sizeof statuses[0];
}

const char *hone_status_text(hone_status status) {
    return known(status) ? statuses[status].text : "unknown status";
}

int hone_status_exit_code(hone_status status) { return known(status) ? statuses[status].exit_code : 4; }

const char *hone_error_detail(void) { return detail; }

hone_status hone_fail(hone_status status, const char *format, ...) {
    /* The arguments may point into the old detail. */
    char text[sizeof detail];
    va_list args;
    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    memcpy(detail, text, sizeof detail);
    return status;
}

hone_status hone_fail_context(hone_status status, const char *format, ...) {
    char text[sizeof detail];
    va_list args;
    va_start(args, format);
    int used = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    if (used >= 0 && (size_t)used + 2 < sizeof text) {
        size_t room = sizeof text - (size_t)used - 3;
        snprintf(text + used, sizeof text - (size_t)used, ": %.*s", (int)room, detail);
    }
    memcpy(detail, text, sizeof detail);
    return status;
}

/* Writing a form of the report to a file. */
#include "report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../kernels/status.h"

static hone_status write_stream(const hone_report *report, hone_report_writer writer, FILE *file,
                                const char *path) {
    writer(file, report);
    if (fflush(file) != 0 || ferror(file))
        return hone_fail(HONE_E_DATA, "cannot write '%s': %s; free some space or name another file", path,
                         strerror(errno));
    return HONE_OK;
}

hone_status hone_report_save(const hone_report *report, hone_report_writer writer, const char *path) {
    struct stat info;
    if (strcmp(path, "-") == 0)
        return write_stream(report, writer, stdout, "standard output");
    /* A pipe or a device is written to, never replaced. */
    int replace = stat(path, &info) != 0 || S_ISREG(info.st_mode);
    size_t size = strlen(path) + 32;
    char *temporary = malloc(size);
    if (!temporary)
        return hone_fail(HONE_E_NOMEM, "no memory to write '%s'", path);
    if (replace)
        snprintf(temporary, size, "%s.%ld.part", path, (long)getpid());
    else
        snprintf(temporary, size, "%s", path);
    hone_status status;
    FILE *file = fopen(temporary, "wb");
    if (!file) {
        status = hone_fail(HONE_E_DATA, "cannot write '%s': %s; name another file with --out-dir or --html",
                           path, strerror(errno));
        goto cleanup;
    }
    status = write_stream(report, writer, file, path);
    if (fclose(file) != 0 && status == HONE_OK)
        status = hone_fail(HONE_E_DATA, "cannot write '%s': %s; free some space", path, strerror(errno));
    if (replace && status == HONE_OK && rename(temporary, path) != 0)
        status = hone_fail(HONE_E_DATA, "cannot replace '%s': %s", path, strerror(errno));
    if (replace && status != HONE_OK)
        remove(temporary);
cleanup:
    free(temporary);
    return status;
}

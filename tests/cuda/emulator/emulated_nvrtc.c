/* A libnvrtc that compiles kernels for the emulated driver, as C with the compiler that $CC or this build
 * names, with emulated.h for their vocabulary. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cuda_api.h"
#include "image.h"

enum { OUT_OF_MEMORY = 1, COMPILATION = 6, LOG = 4096 };

struct _nvrtcProgram {
    char *text;
    hone_emulated_image *image;
    char log[LOG];
};

#define EXPORT __attribute__((visibility("default")))

EXPORT hone_cu_result nvrtcVersion(int *major, int *minor) {
    *major = 0; /* no real one's code is mistaken for ours in a cache */
    *minor = 1;
    return 0;
}
EXPORT hone_cu_result nvrtcCreateProgram(hone_nvrtc_program *out, const char *text, const char *name,
                                         int headers, const char *const *header_texts,
                                         const char *const *header_names) {
    (void)name, (void)headers, (void)header_texts, (void)header_names;
    hone_nvrtc_program p = calloc(1, sizeof *p);
    if (!p || !(p->text = strdup(text))) {
        free(p);
        return OUT_OF_MEMORY;
    }
    *out = p;
    return 0;
}
EXPORT hone_cu_result nvrtcDestroyProgram(hone_nvrtc_program *program) {
    free((*program)->text);
    free((*program)->image);
    free(*program);
    *program = NULL;
    return 0;
}

/* An anonymous file, under a path that a child finds too; -1 on failure. */
static int open_file(char path[64], const char *content) {
    const int file = memfd_create("hone", 0);
    if (file < 0 || (content && write(file, content, strlen(content)) != (ssize_t)strlen(content)))
        return -1;
    snprintf(path, 64, "/proc/%d/fd/%d", (int)getpid(), file);
    return file;
}

static int run_compiler(const char *source, const char *target, int log) {
    const char *cc = getenv("CC") && *getenv("CC") ? getenv("CC") : HONE_EMULATOR_CC;
    const pid_t child = fork();
    if (child == 0) {
        dup2(log, STDERR_FILENO);
        unsetenv("LD_LIBRARY_PATH");
        execlp(cc, cc, "-std=gnu17", "-w", "-Og", "-ffp-contract=off", "-fno-math-errno", "-fPIC", "-shared",
               "-I" HONE_EMULATOR_FOLDER, "-DHONE_VOCABULARY=\"emulated.h\"", "-x", "c", source, "-o", target,
               "-lm", (char *)NULL);
        _exit(127);
    }
    int status = -1;
    if (child > 0)
        waitpid(child, &status, 0);
    return status;
}

static hone_emulated_image *read_image(int file) {
    const off_t bytes = lseek(file, 0, SEEK_END);
    hone_emulated_image *image = bytes > 0 ? malloc(sizeof *image + (size_t)bytes) : NULL;
    if (image && pread(file, image + 1, (size_t)bytes, 0) == bytes) {
        memcpy(image->magic, HONE_EMULATED_MAGIC, sizeof image->magic);
        image->bytes = (uint64_t)bytes;
        return image;
    }
    free(image);
    return NULL;
}

EXPORT hone_cu_result nvrtcCompileProgram(hone_nvrtc_program p, int count, const char *const *options) {
    char source[64], unused[64], target[] = "/tmp/hone-emulated-XXXXXX";
    (void)count, (void)options;
    const int from = open_file(source, p->text), log = open_file(unused, NULL), to = mkstemp(target);
    if (from >= 0 && log >= 0 && to >= 0 && run_compiler(source, target, log) == 0) {
        const int built = open(target, O_RDONLY | O_CLOEXEC);
        p->image = built < 0 ? NULL : read_image(built);
        close(built);
    }
    if (log >= 0 && pread(log, p->log, LOG - 1, 0) < 0)
        p->log[0] = 0;
    close(from);
    close(log);
    close(to);
    unlink(target);
    return p->image ? 0 : COMPILATION;
}
EXPORT hone_cu_result nvrtcGetCUBINSize(hone_nvrtc_program p, size_t *bytes) {
    *bytes = p->image ? sizeof *p->image + p->image->bytes : 0;
    return 0;
}
EXPORT hone_cu_result nvrtcGetCUBIN(hone_nvrtc_program p, char *code) {
    memcpy(code, p->image, sizeof *p->image + p->image->bytes);
    return 0;
}
EXPORT hone_cu_result nvrtcGetProgramLogSize(hone_nvrtc_program p, size_t *bytes) {
    *bytes = strlen(p->log) + 1;
    return 0;
}
EXPORT hone_cu_result nvrtcGetProgramLog(hone_nvrtc_program p, char *log) {
    memcpy(log, p->log, strlen(p->log) + 1);
    return 0;
}

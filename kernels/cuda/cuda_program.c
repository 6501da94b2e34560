#include "cuda_program.h"

#include <stdlib.h>
#include <string.h>

#include "activation.h"
#include "cuda_device.h"
#include "program_cache.h"
#include "status.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof(array)[0]))

/* What a type of A is to the kernels. */
static const struct {
    const char *type, *mma;
} type_names[] = {[HONE_F32] = {"TYPE_F32", "MMA_TF32"},
                  [HONE_F16] = {"TYPE_F16", "MMA_F16"},
                  [HONE_BF16] = {"TYPE_BF16", "MMA_BF16"},
                  [HONE_S8] = {"TYPE_S8", "MMA_S8"},
                  [HONE_U8] = {"TYPE_U8", "MMA_U8"}};

void hone_cuda_define_type(FILE *out, hone_dtype type) {
    fprintf(out, "#define A_TYPE %s\n#define MMA_KIND %s\n", type_names[type].type, type_names[type].mma);
}

void hone_cuda_write_gemm(FILE *out, const void *what) {
    const hone_cuda_source *source = what;
    const hone_problem *p = source->problem;
    const hone_cuda_config *c = source->config;
    const struct {
        const char *name;
        int value;
    } numbers[] = {{"BM", c->bm},
                   {"BN", c->bn},
                   {"BK", c->bk},
                   {"TM", c->tm},
                   {"TN", c->tn},
                   {"STAGES", c->stages},
                   {"RASTER", c->raster},
                   {"SPLITS", c->ks},
                   {"WARPS_K", c->wk},
                   {"UNROLL", c->ku},
                   {"TURNS", c->turns},
                   {"CLUSTER", c->cluster},
                   {"HAND", hone_cuda_hand(c)},
                   {"PARTS", p->dtype == HONE_F32 ? 2 : 1},
                   {"WEIGHT_PARTS", hone_cuda_weight_parts(c, p)},
                   {"PER_COLUMN", hone_activation_info(p->act)->per_column},
                   {"BIAS", p->bias},
                   {"ROW_SCALE", p->a_scale_per_row}};
    for (int i = 0; i < COUNT(numbers); i++)
        fprintf(out, "#define %s %d\n", numbers[i].name, numbers[i].value);
    hone_cuda_define_type(out, p->a_type);
    fprintf(out, "#define C_TYPE %s\n#define ACT act_%s_%s\n", type_names[p->c_type].type, c->form,
            hone_activation_name(p->act));
    hone_embedded_write(out, "gemm_program.cu");
    hone_embedded_write(out, c->family->source);
}

void hone_cuda_write_prepare(FILE *out, const void *what) {
    (void)what;
    hone_embedded_write(out, "prepare_program.cu");
}

/* wgmma and setmaxnreg are there only by the architecture's own name, which NVRTC 12 brought. */
static void arch_name(char *out, size_t size, int arch, int nvrtc) {
    snprintf(out, size, "sm_%d%s", arch, arch == 90 && nvrtc >= 12 ? "a" : "");
}

hone_status hone_cuda_emit(FILE *out, const hone_device *device, const hone_problem *problem,
                           const hone_config *config) {
    hone_cuda_config read;
    char text[HONE_CONFIG_TEXT], key[HONE_PROBLEM_TEXT], arch[16];
    hone_status status;
    if ((status = hone_cuda_config_read(&read, config)) ||
        (status = hone_config_format(text, sizeof text, config)) ||
        (status = hone_problem_format(key, sizeof key, problem)))
        return status;
    arch_name(arch, sizeof arch, hone_cuda_properties(device)->arch, 12);
    fprintf(out,
            "/*\n * CUDA C++ for %s\n * problem %s\n * config  %s\n *\n"
            " * nvcc -cubin -arch=%s -fmad=false -x cu THIS_FILE.cu\n *\n"
            " * gemm runs in blocks of %d threads with %lld bytes of shared memory%s; gather packs the "
            "weights.\n */\n",
            device->fingerprint, key, text, arch, read.family->threads(&read),
            (long long)read.family->shared_bytes(&read, hone_cuda_weight_parts(&read, problem)),
            read.ks > 1 ? ", reduce adds up the parts of K" : "");
    hone_cuda_write_gemm(out, &(hone_cuda_source){problem, &read});
    hone_embedded_write(out, "prepare.cu");
    return ferror(out) ? hone_fail(HONE_E_DATA, "the source could not be written") : HONE_OK;
}

/* ---- compiling */

static char *compiler_log(const hone_nvrtc *rtc, hone_nvrtc_program program) {
    size_t size = 0;
    char *log = rtc->log_size(program, &size) || !size ? NULL : calloc(1, size + 1);
    if (log && rtc->log(program, log))
        log[0] = 0;
    return log;
}

/* The largest number that stands in front of some words of the log. */
static int largest(const char *log, const char *words) {
    int most = 0;
    for (const char *at = log; (at = strstr(at, words)); at += strlen(words)) {
        const char *number = at;
        while (number > log && number[-1] >= '0' && number[-1] <= '9')
            number--;
        const int value = atoi(number);
        most = value > most ? value : most;
    }
    return most;
}

/* What the assembler says when warpgroups lose what makes them fast. */
static int is_slowed(const char *log) {
    static const char *const words[] = {"C7510", "C7511", "C7517", "'setmaxnreg' ignored"};
    for (int i = 0; i < COUNT(words); i++)
        if (strstr(log, words[i]))
            return 1;
    return 0;
}

static hone_status take_code(hone_cuda_code *out, const hone_nvrtc *rtc, hone_nvrtc_program program) {
    size_t bytes = 0;
    if (rtc->code_size(program, &bytes) || !bytes)
        return hone_fail(HONE_E_UNAVAILABLE, "NVRTC compiled a program but gives no code");
    char *log = compiler_log(rtc, program);
    void *image = malloc(bytes);
    if (!log || !image || rtc->code(program, image)) {
        free(image);
        free(log);
        return hone_fail(HONE_E_NOMEM, "no memory for a program");
    }
    *out = (hone_cuda_code){.image = image,
                            .bytes = bytes,
                            .registers = largest(log, " registers"),
                            .spilled_bytes = largest(log, " bytes spill stores"),
                            .serialised = is_slowed(log)};
    free(log);
    return HONE_OK;
}

static hone_status compile_text(hone_cuda_code *out, const hone_nvrtc *rtc, const char *arch,
                                const char *text) {
    char option[64];
    snprintf(option, sizeof option, "--gpu-architecture=%s", arch);
    const char *const options[] = {option, "--std=c++17", "--fmad=false", "--ptxas-options=-v"};
    hone_nvrtc_program program;
    if (rtc->create(&program, text, "hone.cu", 0, NULL, NULL))
        return hone_fail(HONE_E_NOMEM, "NVRTC has no memory for a program");
    hone_status status = HONE_OK;
    if (rtc->compile(program, COUNT(options), options)) {
        char *log = compiler_log(rtc, program);
        status = hone_fail(HONE_E_UNAVAILABLE, "NVRTC could not build a program for %s: %.300s", arch,
                           log ? log : "it says nothing");
        free(log);
    } else {
        status = take_code(out, rtc, program);
    }
    rtc->destroy(&program);
    return status;
}

/* ---- a cache's entry: what is known of the code, then the code */

typedef struct entry {
    int registers, spilled_bytes, serialised, unused;
} entry;

/* 0: there is none. */
static int read_entry(hone_cuda_code *out, const char *path) {
    size_t bytes = 0;
    char *content = hone_cache_read(path, &bytes);
    if (!content || bytes <= sizeof(entry)) {
        free(content);
        return 0;
    }
    entry known;
    memcpy(&known, content, sizeof known);
    memmove(content, content + sizeof known, bytes - sizeof known);
    *out = (hone_cuda_code){content, bytes - sizeof known, known.registers, known.spilled_bytes,
                            known.serialised};
    return 1;
}

static void write_entry(const char *path, const hone_cuda_code *code) {
    const entry known = {code->registers, code->spilled_bytes, code->serialised, 0};
    char *content = malloc(sizeof known + code->bytes);
    if (!content)
        return; /* it is compiled again */
    memcpy(content, &known, sizeof known);
    memcpy(content + sizeof known, code->image, code->bytes);
    hone_cache_write(path, content, sizeof known + code->bytes);
    free(content);
}

static hone_status find_or_compile(hone_cuda_code *out, int arch, const char *text, size_t length) {
    char path[4096], name[16], key[64];
    const hone_nvrtc *rtc;
    int major = 0, minor = 0;
    hone_status status = hone_nvrtc_open(&rtc);
    if (status)
        return status;
    rtc->version(&major, &minor);
    arch_name(name, sizeof name, arch, major);
    snprintf(key, sizeof key, "%s nvrtc %d.%d", name, major, minor);
    const int cached = hone_cache_path(path, sizeof path, "cuda", key, text, length);
    if (cached && read_entry(out, path))
        return HONE_OK;
    status = compile_text(out, rtc, name, text);
    if (!status && cached)
        write_entry(path, out);
    return status;
}

hone_status hone_cuda_compile(hone_cuda_code *out, int arch, hone_source_write *write, const void *what) {
    char *text;
    size_t length;
    hone_status status = hone_source_text(&text, &length, write, what);
    if (status)
        return status;
    status = find_or_compile(out, arch, text, length);
    free(text);
    return status;
}

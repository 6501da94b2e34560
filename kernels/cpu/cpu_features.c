#include <cpuinfo.h>
#include <pthread.h>
#include <string.h>

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif
#elif defined(__aarch64__) && defined(__linux__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

#include "cpu_variants.h"

typedef struct feature {
    const char *name;
    bool (*has)(void);
} feature;

/* What cpuinfo as distributions ship it does not know. */
#if defined(__x86_64__) || defined(__i386__)
enum { EAX, EBX, ECX, EDX };

/* A bit of CPUID leaf 7. */
static bool has_leaf7(unsigned subleaf, int reg, int bit) {
    unsigned r[4];
    return __get_cpuid_count(7, subleaf, &r[EAX], &r[EBX], &r[ECX], &r[EDX]) && (r[reg] >> bit & 1);
}
static bool has_avxvnni(void) { return has_leaf7(1, EAX, 4); }
static bool has_avx512fp16(void) { return has_leaf7(0, EDX, 23); }

/* Linux lets a process use tile registers, which enlarge what is saved of each of its
 * threads, after it has asked; asking again changes nothing. */
static bool may_use_tiles(void) {
#if defined(__linux__) && defined(SYS_arch_prctl)
    enum { REQUEST_PERMISSION = 0x1023, TILE_DATA = 18 };
    return syscall(SYS_arch_prctl, REQUEST_PERMISSION, TILE_DATA) == 0;
#else
    return false;
#endif
}
static bool has_amx_tile(void) { return has_leaf7(0, EDX, 24) && may_use_tiles(); }
static bool has_amx_int8(void) { return has_leaf7(0, EDX, 25); }
static bool has_amx_bf16(void) { return has_leaf7(0, EDX, 22); }
#elif defined(__aarch64__)
#if defined(__linux__)
static bool has_fhm(void) { return getauxval(AT_HWCAP) & HWCAP_ASIMDFHM; }
static bool has_i8mm(void) { return getauxval(AT_HWCAP2) & HWCAP2_I8MM; }
#else
static bool has_fhm(void) { return false; }
static bool has_i8mm(void) { return false; }
#endif
#endif

/* The features that an @needs line may name. cpuinfo answers 0 for what the
 * system does not save on a context switch, too. */
static const feature features[] = {
#if defined(__x86_64__) || defined(__i386__)
    {"avx2", cpuinfo_has_x86_avx2},
    {"fma3", cpuinfo_has_x86_fma3},
    {"f16c", cpuinfo_has_x86_f16c},
    {"avx512f", cpuinfo_has_x86_avx512f},
    {"avx512bw", cpuinfo_has_x86_avx512bw},
    {"avx512dq", cpuinfo_has_x86_avx512dq},
    {"avx512vl", cpuinfo_has_x86_avx512vl},
    {"avx512vnni", cpuinfo_has_x86_avx512vnni},
    {"avx512bf16", cpuinfo_has_x86_avx512bf16},
    {"avxvnni", has_avxvnni}, /* beside avx2, which says that the system saves the registers */
    {"avx512fp16", has_avx512fp16},
    {"amx_tile", has_amx_tile},
    {"amx_int8", has_amx_int8}, /* this and the next beside amx_tile */
    {"amx_bf16", has_amx_bf16},
#elif defined(__aarch64__)
    {"neon", cpuinfo_has_arm_neon},
    {"neon_dot", cpuinfo_has_arm_neon_dot},
    {"bf16", cpuinfo_has_arm_bf16},
    {"fhm", has_fhm},
    {"i8mm", has_i8mm},
#endif
    {NULL, NULL}};

int hone_cpu_has(const char *name) {
    if (!cpuinfo_initialize())
        return 0;
    for (const feature *f = features; f->name; f++)
        if (strcmp(f->name, name) == 0)
            return f->has();
    return 0;
}

int hone_cpu_is_amd(void) {
    return cpuinfo_initialize() && cpuinfo_get_core(0)->vendor == cpuinfo_vendor_amd;
}

static int has_all(const char *needs) {
    char copy[256], *save = NULL;
    strncpy(copy, needs, sizeof copy - 1);
    copy[sizeof copy - 1] = 0;
    for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save))
        if (!hone_cpu_has(word))
            return 0;
    return 1;
}

enum { MAX_ISAS = 32 };

static unsigned char runs[MAX_ISAS]; /* by index in hone_cpu_isas */
static pthread_once_t runs_once = PTHREAD_ONCE_INIT;

static void find_runs(void) {
    for (int i = 0; hone_cpu_isas[i].name && i < MAX_ISAS; i++)
        runs[i] = (unsigned char)has_all(hone_cpu_isas[i].needs);
}

int hone_cpu_isa_runs(const hone_cpu_isa *isa) {
    pthread_once(&runs_once, find_runs);
    return runs[isa - hone_cpu_isas];
}

const hone_cpu_isa *hone_cpu_isa_find(const char *name) {
    for (const hone_cpu_isa *isa = hone_cpu_isas; isa->name; isa++)
        if (strcmp(isa->name, name) == 0)
            return isa;
    return NULL;
}

const hone_variant *hone_cpu_variant_find(const char *isa, const char *kind, int nr) {
    for (int i = 0; hone_cpu_variants[i]; i++) {
        const hone_variant *v = hone_cpu_variants[i];
        if (v->nr == nr && strcmp(v->isa, isa) == 0 && strcmp(v->kind, kind) == 0)
            return v;
    }
    return NULL;
}

int hone_cpu_variant_is_dot(const hone_variant *variant) { return strcmp(variant->loop, "dot") == 0; }
int hone_cpu_variant_is_amx(const hone_variant *variant) { return strcmp(variant->loop, "amx") == 0; }

const hone_variant *hone_cpu_variant_edge(const hone_variant *wide, int columns) {
    const hone_variant *best = wide;
    for (int i = 0; hone_cpu_variants[i]; i++) {
        const hone_variant *v = hone_cpu_variants[i];
        if (v->nr >= columns && v->nr < best->nr && v->group == wide->group &&
            strcmp(v->isa, wide->isa) == 0 && strcmp(v->kind, wide->kind) == 0)
            best = v;
    }
    return best;
}

int hone_cpu_form(hone_dtype type) {
    return type == HONE_F32                     ? HONE_FORM_FAST
           : type == HONE_S8 || type == HONE_U8 ? HONE_FORM_BYTE
                                                : HONE_FORM_BRIEF;
}

int hone_cpu_c_type(hone_dtype type) {
    static const int types[HONE_DTYPE_COUNT] = {[HONE_F32] = HONE_C_F32,
                                                [HONE_F16] = HONE_C_F16,
                                                [HONE_BF16] = HONE_C_BF16,
                                                [HONE_S8] = HONE_C_S8,
                                                [HONE_U8] = HONE_C_U8};
    return types[type];
}

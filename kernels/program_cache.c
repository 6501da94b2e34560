#include "program_cache.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hone/hone.h"

/* A file is this, then the content. */
typedef struct header {
    char magic[8];
    uint64_t bytes, checksum;
} header;

static const char magic[8] = "HONEPRG1";
static const uint64_t most_bytes = (uint64_t)1 << 30;

/* FNV-1a, 64 bits. */
static uint64_t hash(uint64_t seed, const void *data, size_t bytes) {
    const unsigned char *p = data;
    uint64_t h = seed;
    for (size_t i = 0; i < bytes; i++)
        h = (h ^ p[i]) * UINT64_C(0x100000001b3);
    return h;
}

static uint64_t hash_all(uint64_t h, const char *key, const char *text, size_t length) {
    const char *build = hone_build_id();
    h = hash(h, build, strlen(build) + 1);
    h = hash(h, key, strlen(key) + 1);
    return hash(h, text, length);
}

static int folder(char *out, size_t size) {
    const char *own = getenv("HONE_CACHE_DIR"), *xdg = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    int n = own                  ? (*own ? snprintf(out, size, "%s", own) : -1)
            : xdg && *xdg == '/' ? snprintf(out, size, "%s/hone", xdg)
            : home && *home      ? snprintf(out, size, "%s/.cache/hone", home)
                                 : -1;
    return n > 0 && (size_t)n < size;
}

int hone_cache_path(char *out, size_t size, const char *backend, const char *key, const char *text,
                    size_t length) {
    char base[2048];
    if (!folder(base, sizeof base))
        return 0;
    /* Two seeds make 128 bits. */
    uint64_t a = hash_all(UINT64_C(0xcbf29ce484222325), key, text, length);
    uint64_t b = hash_all(UINT64_C(0x9ae16a3b2f90404f), key, text, length);
    int n = snprintf(out, size, "%s/%s/%016llx%016llx.bin", base, backend, (unsigned long long)a,
                     (unsigned long long)b);
    return n > 0 && (size_t)n < size;
}

static int read_content(FILE *file, const header *h, void *content) {
    return fread(content, 1, (size_t)h->bytes, file) == h->bytes && fgetc(file) == EOF &&
           hash(UINT64_C(0xcbf29ce484222325), content, (size_t)h->bytes) == h->checksum;
}

void *hone_cache_read(const char *path, size_t *bytes) {
    header h;
    void *content = NULL;
    FILE *file = fopen(path, "rbe");
    if (!file)
        return NULL;
    if (fread(&h, sizeof h, 1, file) == 1 && memcmp(h.magic, magic, sizeof magic) == 0 && h.bytes > 0 &&
        h.bytes <= most_bytes)
        content = malloc((size_t)h.bytes);
    if (content && !read_content(file, &h, content)) {
        free(content);
        content = NULL;
    }
    fclose(file);
    if (content)
        *bytes = (size_t)h.bytes;
    return content;
}

static void make_folders(const char *path) {
    char folder_path[4096];
    snprintf(folder_path, sizeof folder_path, "%s", path);
    for (char *slash = folder_path + 1; (slash = strchr(slash, '/')); slash++) {
        *slash = 0;
        if (mkdir(folder_path, 0700) && errno != EEXIST)
            return;
        *slash = '/';
    }
}

static int write_all(int fd, const void *data, size_t bytes) {
    const char *at = data;
    while (bytes > 0) {
        ssize_t n = write(fd, at, bytes);
        if (n < 0 && errno != EINTR)
            return 0;
        at += n > 0 ? n : 0;
        bytes -= n > 0 ? (size_t)n : 0;
    }
    return 1;
}

void hone_cache_write(const char *path, const void *content, size_t bytes) {
    header h = {.bytes = bytes, .checksum = hash(UINT64_C(0xcbf29ce484222325), content, bytes)};
    char part[4200];
    memcpy(h.magic, magic, sizeof magic);
    make_folders(path);
    snprintf(part, sizeof part, "%s.XXXXXX", path);
    int fd = mkostemp(part, O_CLOEXEC);
    if (fd < 0)
        return;
    int whole = write_all(fd, &h, sizeof h) && write_all(fd, content, bytes);
    if (close(fd) || !whole || rename(part, path))
        unlink(part);
}

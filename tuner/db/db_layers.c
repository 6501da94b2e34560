/* The user's database over those of the system, as one. */
#include "db_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "../../kernels/status.h"

/* The XDG base directory specification's. */
#define USUAL_DATA_DIRS "/usr/local/share:/usr/share"

/* NULL for a variable that is unset or empty. */
static const char *variable(const char *name) {
    const char *value = getenv(name);
    return value && value[0] ? value : NULL;
}

static int is_file(const char *path, struct stat *info) {
    return stat(path, info) == 0 && S_ISREG(info->st_mode);
}

/* Whether the file is one of the layers already. */
static int is_open(const hone_db *layers, const struct stat *info) {
    struct stat other;
    for (const hone_db *layer = layers; layer; layer = layer->below)
        if (stat(layer->path, &other) == 0 && other.st_dev == info->st_dev && other.st_ino == info->st_ino)
            return 1;
    return 0;
}

static hone_status add_below(hone_db **top, const char *path) {
    struct stat info;
    hone_db **bottom = top;
    if (is_file(path, &info) && is_open(*top, &info))
        return HONE_OK;
    while (*bottom)
        bottom = &(*bottom)->below;
    return hone_db_open_one(bottom, path);
}

/* Adds each file that a list of folders or files leads to. In the usual folders a file may be missing. */
static hone_status add_list(hone_db **top, const char *list, const char *name_in_folder) {
    hone_status status = HONE_OK;
    while (*list && status == HONE_OK) {
        char path[HONE_DB_PATH];
        struct stat info;
        size_t length = strcspn(list, ":");
        int written = snprintf(path, sizeof path, "%.*s%s", (int)length, list, name_in_folder);
        if (written < 0 || (size_t)written >= sizeof path)
            return hone_fail(HONE_E_USAGE, "a database's path is longer than %d bytes; use a shorter one",
                             HONE_DB_PATH);
        if (length > 0 && (!name_in_folder[0] || (list[0] == '/' && is_file(path, &info))))
            status = add_below(top, path);
        list += length + (list[length] == ':');
    }
    return status;
}

static hone_status add_user(hone_db **top, int may_miss) {
    char path[HONE_DB_PATH];
    struct stat info;
    hone_status status = hone_db_default_path(path, sizeof path);
    if (status != HONE_OK) /* a service may have no home, and only what the system has */
        return status == HONE_E_USAGE && !variable("HONE_DB") ? HONE_OK : status;
    if ((may_miss || !variable("HONE_DB")) && stat(path, &info) != 0 && (errno == ENOENT || errno == ENOTDIR))
        return HONE_OK;
    return hone_db_open_one(top, path);
}

hone_status hone_db_add_system(hone_db **top) {
    const char *files = variable("HONE_DB_PATH"), *folders = variable("XDG_DATA_DIRS");
    return files ? add_list(top, files, "")
                 : add_list(top, folders ? folders : USUAL_DATA_DIRS, "/hone/hone.db");
}

hone_status hone_db_open_layers(hone_db **out, int may_miss) {
    hone_db *top = NULL;
    hone_status status = add_user(&top, may_miss);
    if (status == HONE_OK)
        status = hone_db_add_system(&top);
    if (status != HONE_OK) {
        hone_db_close(top);
        return status;
    }
    *out = top;
    return HONE_OK;
}

hone_status hone_db_open(hone_db **out, const char *path) {
    hone_db *db = NULL;
    if (path)
        return hone_db_open_one(out, path);
    DB_TRY(hone_db_open_layers(&db, 0));
    if (!db) /* says where the user's would be */
        DB_TRY(hone_db_open_one(&db, NULL));
    *out = db;
    return HONE_OK;
}

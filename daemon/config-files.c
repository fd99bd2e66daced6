/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "config-files.h"

#define FILE_MAX (1024 * 1024)

static const char *const directories[] = { "/etc", "/run", "/usr/local/lib", "/usr/lib" };

typedef struct Dropin {
        char *name, *path;
        size_t directory;
} Dropin;

typedef struct Dropins {
        Dropin *items;
        size_t n, allocated;
} Dropins;

static void dropins_done(Dropins *d) {
        for (size_t i = 0; i < d->n; i++) {
                free(d->items[i].name);
                free(d->items[i].path);
        }
        free(d->items);
}

static int dropins_add(Dropins *d, const char *name, size_t directory) {
        _cleanup_free_ char *copy = strdup(name), *path = NULL;

        if (!copy || asprintf(&path, "%s/stalelib/stalelibd.conf.d/%s", directories[directory], name) < 0)
                return -ENOMEM;
        if (!GROW(d->items, d->allocated, d->n + 1))
                return -ENOMEM;
        d->items[d->n++] = (Dropin){ .name = TAKE_PTR(copy), .path = TAKE_PTR(path), .directory = directory };
        return 0;
}

static int dropins_read(Dropins *d, size_t directory) {
        char path[128];
        DIR *dir;
        int r = 0;

        snprintf(path, sizeof(path), "%s/stalelib/stalelibd.conf.d", directories[directory]);
        dir = opendir(path);
        if (!dir)
                return 0;

        for (struct dirent *e; r == 0 && (e = readdir(dir)); ) {
                size_t n = strlen(e->d_name);

                if (e->d_name[0] != '.' && n > 5 && streq(e->d_name + n - 5, ".conf"))
                        r = dropins_add(d, e->d_name, directory);
        }
        closedir(dir);
        return r;
}

static int dropin_compare(const void *a, const void *b) {
        const Dropin *x = a, *y = b;
        int r = strcmp(x->name, y->name);

        return r != 0 ? r : (x->directory > y->directory) - (x->directory < y->directory);
}

static bool is_masked(const char *path) {
        char target[16];
        ssize_t n = readlink(path, target, sizeof(target));

        return n == 9 && memcmp(target, "/dev/null", 9) == 0;
}

/* The first directory's main file, unless masked. */
static int main_file_add(char ***files) {
        for (size_t i = 0; i < ELEMENTSOF(directories); i++) {
                char path[128];

                snprintf(path, sizeof(path), "%s/stalelib/stalelibd.conf", directories[i]);
                if (is_masked(path))
                        return 0;
                if (access(path, F_OK) == 0)
                        return strv_add(files, path);
        }
        return 0;
}

int config_files_list(const char *path, char ***ret) {
        _cleanup_(strv_freep) char **files = NULL;
        _cleanup_(dropins_done) Dropins d = {};
        int r;

        if (path) {
                r = strv_add(&files, path);
                if (r >= 0)
                        *ret = TAKE_PTR(files);
                return r;
        }

        r = main_file_add(&files);
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(directories); i++)
                r = dropins_read(&d, i);
        if (r < 0)
                return r;

        if (d.n > 0)
                qsort(d.items, d.n, sizeof(*d.items), dropin_compare);
        for (size_t i = 0; i < d.n; i++) {
                if (i > 0 && streq(d.items[i].name, d.items[i - 1].name))
                        continue;
                if (is_masked(d.items[i].path))
                        continue;
                r = strv_add(&files, d.items[i].path);
                if (r < 0)
                        return r;
        }
        *ret = TAKE_PTR(files);
        return 0;
}

int config_file_read(const char *path, char **ret) {
        _cleanup_close_ int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        _cleanup_free_ char *text = NULL;
        size_t n = 0, allocated = 0;

        if (fd < 0)
                return -errno;

        for (;;) {
                ssize_t k;

                if (n > FILE_MAX)
                        return -EFBIG;
                if (!GROW(text, allocated, n + 4096))
                        return -ENOMEM;
                k = read(fd, text + n, allocated - n - 1);
                if (k < 0)
                        return -errno;
                if (k == 0)
                        break;
                n += (size_t) k;
        }
        text[n] = '\0';
        if (strlen(text) != n)
                return -EBADMSG;
        *ret = TAKE_PTR(text);
        return 0;
}

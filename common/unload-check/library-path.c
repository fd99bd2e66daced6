/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <ctype.h>
#include <dirent.h>
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "unload-check/library-path.h"

/* Bytes of one configuration file that are read. */
#define CONF_MAX 65536u

typedef struct Architecture {
        uint16_t machine;
        uint8_t class;
        const char *multiarch;  /* Debian's directory */
        const char *platform;   /* AT_PLATFORM of the oldest machines of the kind, or NULL */
} Architecture;

static const Architecture architectures[] = {
        { EM_X86_64, 64, "lib/x86_64-linux-gnu", "x86_64" },
        { EM_X86_64, 32, "libx32", "x86_64" },
        { EM_386, 32, "lib/i386-linux-gnu", "i686" },
        { EM_AARCH64, 64, "lib/aarch64-linux-gnu", "aarch64" },
        { EM_ARM, 32, "lib/arm-linux-gnueabihf", "v7l" },
        { EM_PPC64, 64, "lib/powerpc64le-linux-gnu", NULL },
        { EM_RISCV, 64, "lib/riscv64-linux-gnu", NULL },
        { EM_S390, 64, "lib/s390x-linux-gnu", NULL },
};

/* Besides those of the architectures, in / and /usr: glibc's, and musl's. */
static const char *const built_in[] = {
        "/lib64", "/usr/lib64", "/lib32", "/usr/lib32", "/lib", "/usr/lib", "/usr/local/lib",
        "/usr/lib/x86_64-linux-musl", "/usr/lib/i386-linux-musl", "/usr/lib/aarch64-linux-musl",
};

void library_path_done(LibraryPath *p) {
        for (size_t i = 0; i < p->n; i++)
                free(p->directories[i]);
        p->n = 0;
}

static int add(LibraryPath *p, const char *directory) {
        for (size_t i = 0; i < p->n; i++)
                if (streq(p->directories[i], directory))
                        return 0;
        if (p->n == LIBRARY_PATH_MAX)
                return 0;
        p->directories[p->n] = strdup(directory);
        if (!p->directories[p->n])
                return -ENOMEM;
        p->n++;
        return 0;
}

/* Lines that are absolute paths: not comments, nor "include", which add_configured() stands for. */
static int add_file(LibraryPath *p, int directory_fd, const char *name) {
        _cleanup_close_ int fd = library_open(directory_fd, name);
        _cleanup_free_ char *text = NULL;
        char *save = NULL;
        ssize_t n;

        if (fd < 0)
                return 0;
        text = malloc(CONF_MAX + 1);
        if (!text)
                return -ENOMEM;
        n = read(fd, text, CONF_MAX);
        text[n > 0 ? n : 0] = '\0';
        for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
                line += strspn(line, " \t");
                line[strcspn(line, " \t\r#")] = '\0';
                if (line[0] == '/' && add(p, line) < 0)
                        return -ENOMEM;
        }
        return 0;
}

static int conf_filter(const struct dirent *entry) {
        size_t n = strlen(entry->d_name);

        return entry->d_name[0] != '.' && n > 5 && streq(entry->d_name + n - 5, ".conf");
}

static int add_configured(LibraryPath *p) {
        _cleanup_close_ int fd = open("/etc/ld.so.conf.d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        struct dirent **entries = NULL;
        int n, r;

        r = add_file(p, AT_FDCWD, "/etc/ld.so.conf");
        n = fd >= 0 ? scandirat(fd, ".", &entries, conf_filter, alphasort) : 0;
        for (int i = 0; i < n; i++) {
                if (r >= 0)
                        r = add_file(p, fd, entries[i]->d_name);
                free(entries[i]);
        }
        free(entries);
        return r;
}

int library_path_read(LibraryPath *ret) {
        LibraryPath p = { .n = 0 };
        int r;

        r = add_configured(&p);
        for (size_t i = 0; r >= 0 && i < 2 * ELEMENTSOF(architectures); i++) {
                _cleanup_free_ char *directory = strdup_format("%s/%s", i % 2 ? "/usr" : "", architectures[i / 2].multiarch);

                r = directory ? add(&p, directory) : -ENOMEM;
        }
        for (size_t i = 0; r >= 0 && i < ELEMENTSOF(built_in); i++)
                r = add(&p, built_in[i]);
        if (r < 0) {
                library_path_done(&p);
                return r;
        }
        *ret = p;
        return 0;
}

int library_open(int directory_fd, const char *path) {
        _cleanup_close_ int found = openat(directory_fd, path, O_PATH | O_CLOEXEC);
        char again[64];
        struct stat st;
        int fd;

        if (found < 0 || fstat(found, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return -ENOENT;
        snprintf(again, sizeof(again), "/proc/self/fd/%d", found);
        fd = open(again, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
        return fd < 0 ? -errno : fd;
}

bool library_runpath_next(const char **runpath, const char **ret, size_t *ret_length) {
        while (**runpath) {
                size_t n = strcspn(*runpath, ":");

                *ret = *runpath;
                *ret_length = n;
                *runpath += n + ((*runpath)[n] == ':');
                if (n > 0)
                        return true;
        }
        return false;
}

static const Architecture *find_architecture(uint16_t machine, uint8_t class) {
        for (size_t i = 0; i < ELEMENTSOF(architectures); i++)
                if (architectures[i].machine == machine && architectures[i].class == class)
                        return architectures + i;
        return NULL;
}

/* The length of "$NAME" or "${NAME}" at the beginning of the text, or 0. */
static size_t token_length(const char *text, size_t length, const char *name) {
        const size_t n = strlen(name);

        if (length >= n + 3 && text[1] == '{' && memcmp(text + 2, name, n) == 0 && text[n + 2] == '}')
                return n + 3;
        if (length > n && memcmp(text + 1, name, n) == 0 && (length == n + 1 || (text[n + 1] != '_' && !isalnum((unsigned char) text[n + 1]))))
                return n + 1;
        return 0;
}

int library_expand(const char *text, size_t length, uint16_t machine, uint8_t class, unsigned candidate, char **ret, bool *ret_origin) {
        const Architecture *architecture = find_architecture(machine, class);
        const char *libs[] = { "lib", class == 64 ? "lib64" : "lib32", architecture ? architecture->multiarch : NULL };
        _cleanup_free_ char *path = NULL;
        bool origin = false, has_lib = false;
        size_t size;
        FILE *f = open_memstream(&path, &size);
        int r = 1;

        if (!f)
                return -ENOMEM;
        for (size_t at = 0, n; r > 0 && at < length; at += n) {
                const char *here = text + at, *value = NULL;

                n = 1;
                if (*here != '$') {
                        putc(*here, f);
                        continue;
                }
                if (at == 0 && (n = token_length(here, length - at, "ORIGIN")) > 0) {
                        value = "."; /* "$ORIGIN/../x" is "./../x" from there */
                        origin = true;
                } else if ((n = token_length(here, length - at, "LIB")) > 0) {
                        value = candidate < ELEMENTSOF(libs) ? libs[candidate] : NULL;
                        has_lib = true;
                } else if ((n = token_length(here, length - at, "PLATFORM")) > 0)
                        value = architecture ? architecture->platform : NULL;
                if (value)
                        fputs(value, f);
                else
                        r = 0;
        }
        if (fclose(f) != 0)
                return -ENOMEM;
        if (r == 0 || (candidate > 0 && !has_lib))
                return 0;
        *ret = TAKE_PTR(path);
        *ret_origin = origin;
        return 1;
}

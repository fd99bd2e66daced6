/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include <elf.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "elf/elf-symbols.h"
#include "unload-check/dependency.h"
#include "unload-check/library-path.h"

typedef struct Search {
        DependencyList *list;
        const LibraryPath *system;
        size_t from;           /* index of the library whose dependency it is */
} Search;

static void dependency_done(Dependency *d) {
        free(d->name);
        free(d->needs);
        elf_file_done(&d->elf);
        elf_symbols_done(&d->symbols);
        d->directory_fd = fd_close(d->directory_fd);
}

void dependency_list_done(DependencyList *l) {
        for (size_t i = 0; i < l->n; i++)
                dependency_done(&l->items[i]);
        free(l->items);
        *l = (DependencyList){};
}

/* libc.so.6 and libc.so.6.1 (alpha), ld-linux.so.2, ld64.so.1; musl: libc.so, libc.musl-x86_64.so.1, ld-musl-… */
static bool is_c_library(const char *name) {
        return strncmp(name, "libc.so", 7) == 0 || strncmp(name, "libc.musl-", 10) == 0 ||
               strncmp(name, "ld-", 3) == 0 || strncmp(name, "ld64.so", 7) == 0;
}

/* Reads an open file into d. like: must match, or NULL. Returns 1; 0: it is of another class or machine; -errno. */
static int load(Dependency *d, int fd, const ElfFile *like) {
        struct stat st;
        ElfFile elf;
        int r;

        if (fstat(fd, &st) < 0)
                return -errno;
        r = elf_file_read(fd, &elf);
        if (r < 0)
                return like && r != -ENOMEM ? 0 : r;
        if (like && (elf.class != like->class || elf.machine != like->machine || elf.big_endian != like->big_endian ||
                     elf.type != ET_DYN)) {
                elf_file_done(&elf);
                return 0;
        }
        d->elf = elf;
        d->device = st.st_dev;
        d->inode = st.st_ino;
        d->found = true;
        r = elf_symbols_read(fd, &d->elf, &d->symbols);
        return r < 0 ? r : 1;
}

/* Opens name in one directory. Returns 1; 0: not found, or not for this program; -errno. */
static int search_directory(const Search *s, Dependency *d, int at, const char *directory, const char *name) {
        _cleanup_close_ int directory_fd = openat(at, directory, O_PATH | O_DIRECTORY | O_CLOEXEC), fd = -EBADF;
        int r;

        if (directory_fd < 0)
                return 0;
        fd = library_open(directory_fd, name);
        if (fd < 0)
                return 0;
        r = load(d, fd, &s->list->items[0].elf);
        if (r > 0)
                d->directory_fd = TAKE_FD(directory_fd);
        return r;
}

/* In the directories that one element of DT_RUNPATH expands to. Those relative to the working directory are skipped. */
static int search_element(const Search *s, Dependency *d, const Dependency *of, const char *element, size_t length) {
        for (unsigned candidate = 0;; candidate++) {
                _cleanup_free_ char *path = NULL;
                bool origin;
                int r;

                r = library_expand(element, length, of->elf.machine, of->elf.class, candidate, &path, &origin);
                if (r <= 0)
                        return r;
                if (origin ? of->directory_fd < 0 : path[0] != '/')
                        continue;
                r = search_directory(s, d, origin ? of->directory_fd : AT_FDCWD, path, d->name);
                if (r != 0)
                        return r;
        }
}

static int search_runpath(const Search *s, Dependency *d, const Dependency *of) {
        const char *runpath = of->elf.runpath ?: "", *element;
        size_t length;
        int r = 0;

        while (r == 0 && library_runpath_next(&runpath, &element, &length))
                r = search_element(s, d, of, element, length);
        return r;
}

/*
 * A name with a slash is a path (glibc elf/dl-load.c). A relative one is relative to the working directory of a program
 * that is not known: it is looked up beside the library, as plain names are.
 */
static int search_path(const Search *s, Dependency *d) {
        const Dependency *root = &s->list->items[0], *from = &s->list->items[s->from];

        for (unsigned candidate = 0;; candidate++) {
                _cleanup_free_ char *path = NULL, *directory = NULL;
                const char *slash;
                bool origin;
                int r;

                r = library_expand(d->name, strlen(d->name), root->elf.machine, root->elf.class, candidate, &path, &origin);
                if (r <= 0)
                        return r;
                slash = strrchr(path, '/');
                directory = strndup(path, (size_t) (slash - path) + 1);
                if (!directory)
                        return -ENOMEM;
                r = search_directory(s, d, path[0] == '/' ? AT_FDCWD : origin ? from->directory_fd : root->directory_fd,
                                     directory, slash + 1);
                if (r != 0)
                        return r;
        }
}

/* In the order of unload_check_file(). The library's own DT_RUNPATH applies to all: it may be a DT_RPATH, which does. */
static int search(const Search *s, Dependency *d) {
        const Dependency *root = &s->list->items[0], *from = &s->list->items[s->from];
        int r = 0;

        if (strchr(d->name, '/'))
                return search_path(s, d);
        if (d->name[0] == '\0')
                return 0;
        if (root->directory_fd >= 0)
                r = search_directory(s, d, root->directory_fd, ".", d->name);
        if (r == 0)
                r = search_runpath(s, d, from);
        if (r == 0 && from != root)
                r = search_runpath(s, d, root);
        for (size_t i = 0; r == 0 && i < s->system->n; i++)
                r = search_directory(s, d, AT_FDCWD, s->system->directories[i], d->name);
        return r;
}

/* The loader compares with the name that was requested, then with sonames. SIZE_MAX: not in the list. */
static size_t find_name(const DependencyList *l, const char *name) {
        for (size_t i = 0; i < l->n; i++)
                if (streq(l->items[i].name, name) || streq_null(l->items[i].elf.soname, name))
                        return i;
        return SIZE_MAX;
}

static size_t find_file(const DependencyList *l, const Dependency *d) {
        for (size_t i = 0; d->found && i < l->n; i++)
                if (l->items[i].found && l->items[i].device == d->device && l->items[i].inode == d->inode)
                        return i;
        return SIZE_MAX;
}

/*
 * *ret: the index of the file that `name` leads to, which is appended if it is new. optional: only if there is such a file.
 * Returns 1; 0: the list is full, or there is no such file; -errno.
 */
static int need(const Search *s, const char *name, bool optional, size_t *ret) {
        _cleanup_(dependency_done) Dependency d = { .directory_fd = -EBADF, .startup = is_c_library(name) };
        DependencyList *l = s->list;
        int r;

        *ret = find_name(l, name);
        if (*ret != SIZE_MAX)
                return 1;
        if (l->n == DEPENDENCIES_MAX) {
                l->cut = true;
                return 0;
        }
        d.name = strdup(name);
        if (!d.name || !GROW(l->items, l->allocated, l->n + 1))
                return -ENOMEM;
        r = search(s, &d);
        if (r < 0 || (optional && !d.found))
                return r;
        *ret = find_file(l, &d);
        if (*ret != SIZE_MAX)
                return 1;
        *ret = l->n;
        l->items[l->n++] = d;
        d = (Dependency){ .directory_fd = -EBADF };
        return 1;
}

/* DT_NEEDED, and the auxiliary libraries that exist. The list may move while it grows. */
static int needs_read(const Search *s) {
        const size_t n_needed = s->list->items[s->from].elf.n_needed, n_auxiliary = s->list->items[s->from].elf.n_auxiliary;
        size_t *needs = calloc(n_needed + n_auxiliary + 1, sizeof(*needs));
        int r = needs ? 0 : -ENOMEM;

        s->list->items[s->from].needs = needs;
        for (size_t i = 0; r >= 0 && i < n_needed + n_auxiliary; i++) {
                const ElfFile *elf = &s->list->items[s->from].elf;
                const bool optional = i >= n_needed;
                size_t index;

                r = need(s, optional ? elf->auxiliary[i - n_needed] : elf->needed[i], optional, &index);
                if (r > 0)
                        needs[s->list->items[s->from].n_needs++] = index;
        }
        return r < 0 ? r : 0;
}

static int root_read(int fd, int directory_fd, DependencyList *l) {
        Dependency *root;
        int r;

        if (!GROW(l->items, l->allocated, 1))
                return -ENOMEM;
        root = &l->items[l->n++];
        *root = (Dependency){ .directory_fd = -EBADF };
        r = load(root, fd, /* like= */ NULL);
        if (r < 0)
                return r;
        root->name = strdup(root->elf.soname ?: "");
        if (!root->name)
                return -ENOMEM;
        if (directory_fd >= 0) {
                root->directory_fd = fcntl(directory_fd, F_DUPFD_CLOEXEC, 3);
                if (root->directory_fd < 0)
                        return -errno;
        }
        return 0;
}

int dependency_list_read(int fd, int directory_fd, DependencyList *ret) {
        _cleanup_(dependency_list_done) DependencyList l = {};
        _cleanup_(library_path_done) LibraryPath system = {};
        int r;

        r = root_read(fd, directory_fd, &l);
        if (r < 0)
                return r;
        r = library_path_read(&system);
        if (r < 0)
                return r;
        for (size_t i = 0; i < l.n; i++) {
                Search s = { .list = &l, .system = &system, .from = i };

                r = needs_read(&s);
                if (r < 0)
                        return r;
        }

        *ret = l;
        l = (DependencyList){};
        return 0;
}
